"""A small world for the flows: the real store over the stand-ins, real adapters, twins for
platforms, a clock that stands still, and a hook that can stop everything at any outside call."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from heed import adapter as adapters
from heed import brand
from heed.adapter import Answer, Call, Response
from heed.domain import case as cases
from heed.domain.case import Band, Case
from heed.domain.conversation import Conversation
from heed.domain.decision import Verdict
from heed.domain.mention import Account, MentionId
from heed.domain.policy import BrandPolicy, Control
from heed.domain.reply import ReplyRef, Sending, agent_reply, machine_reply
from heed.errors import DoubtfulError, OutboundError
from heed.flows.handover import Handing
from heed.flows.receive import HookRequest, Receiving, receive
from heed.flows.reply import reply
from heed.flows.sending import Replying
from heed.flows.sweep import Sweeping, bring_back, sweep
from heed.flows.triage import Triaging, triage
from heed.ports import AgentReply, StoredMention
from heed.queues import SnsPager, SqsBells, SqsLanes, read_lane_message
from heed.registry import Registry
from heed.storage.accounts import TableAccounts
from heed.storage.codec import stored_mention
from heed.storage.controls import TableControls
from heed.storage.conversations import TableConversations
from heed.storage.due import TableDueList
from heed.storage.inbox import TableInbox
from heed.storage.mentions import TableMentions
from heed.storage.outbox import TableOutbox
from heed.storage.secrets import CachedSecrets
from heed.storage.timeline import TableTimeline
from heed.telemetry import CountingMeter
from infra.local.twins.core import Twin
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.telegram import telegram_twin
from infra.local.twins.wire import read_request
from infra.local.twins.world import TwinAccount
from infra.local.twins.x import x_twin
from infra.local.twins.x_rules import XRules
from tests.backends import memory_backend, queue_url
from tests.fakes.sns import FakeSns
from tests.heed.flows.bodies import (
    BOLT_HANDLE,
    BOLT_X,
    BOT,
    BOT_HANDLE,
    PAGE,
    X_ACCOUNT,
    X_HANDLE,
)

TIMEOUT_MS = 60_000
ANSWER_S_MAX = 10
LANE_VISIBILITY_S = 360
RECEIVES_MAX = 5
TOPIC = "arn:aws:sns:us-east-1:123456789012:heed-test"
SECRET_PREFIX = "heed/test/"
KEYS = {"x": "x-consumer-secret", "facebook": "app-secret", "telegram": "telegram_secret"}
ACCOUNTS = (
    Account("x", X_ACCOUNT, "acme", X_HANDLE),
    Account("facebook", PAGE, "acme"),
    Account("telegram", BOT, "acme", BOT_HANDLE),
    Account("x", BOLT_X, "bolt", BOLT_HANDLE),
)
BANDS: tuple[Band, ...] = ("urgent", "normal", "low")
_BRANDS = brand.load()


MARKS = {"kill": "self_harm", "burned": "safety", "solicitor": "legal", "STOP": "opt_out"}


def read_words(text: str, language: str | None = None) -> Verdict:
    """A judge of few words, so that these tests do not hang on how well moods are read."""
    marks = frozenset(mark for word, mark in MARKS.items() if word in text)
    if not text.strip():
        marks |= {"no_text"}
    if "terrible" in text:
        return Verdict("negative", "complaint", need=0.6, complaint=1.0, marks=marks)
    if "?" in text:
        return Verdict("neutral", "question", need=0.4, marks=marks)
    if "wonderful" in text:
        return Verdict("positive", "praise", praise=0.8, marks=marks)
    return Verdict(marks=marks | ({"courtesy"} if "thanks" in text else set()))


class CrashError(BaseException):
    """The process ends here: nothing in it may notice."""


@dataclass
class Hook:
    """Every outside call in order, before and after its effect; the one to end at, if any."""

    calls: list[tuple[str, str, str]] = field(default_factory=list)
    crash_at: int | None = None
    crash_on: str = ""
    is_muted: bool = False

    def __call__(self, service: str, operation: str, phase: str) -> None:
        if self.is_muted:
            return
        self.calls.append((service, operation, phase))
        name = f"{service} {operation} {phase}"
        counted = self.crash_at is not None and len(self.calls) > self.crash_at
        if counted or name == self.crash_on:
            self.disarm()
            raise CrashError(name)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Neither count nor crash at the calls made inside."""
        self.is_muted = True
        yield
        self.is_muted = False

    def arm(self, after: int) -> None:
        """Crash at the call after so many more."""
        self.crash_at = len(self.calls) + after

    def disarm(self) -> None:
        self.crash_at, self.crash_on = None, ""


class TwinSender:
    """`heed.ports.Sender` that calls twins as functions. `failures` are raised first, in order."""

    def __init__(self, twins: dict[str, Twin], hook: Hook) -> None:
        self.failures: list[OutboundError] = []
        self.calls: list[Call] = []
        self._twins = twins
        self._hook = hook

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
        assert call.host in hosts
        self._hook("platform", "send", "before")
        self.calls.append(call)
        if self.failures:
            raise self.failures.pop(0)
        headers = {**call.headers}
        path = call.path
        if call.auth == "bearer":
            headers["Authorization"] = f"Bearer {token}"
        else:
            path = path.replace("{token}", token)
        request = read_request(call.method, path, headers=headers, body=call.body)
        answer = self._twins[call.host].handle(request)
        self._hook("platform", "send", "after")
        if answer.lost or answer.delay_s > ANSWER_S_MAX:
            raise DoubtfulError("the platform's answer did not come")
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, names, answer.body)


def _policies(mode: Literal["watch", "draft", "live"]) -> dict[str, BrandPolicy]:
    acme = _BRANDS.policies["acme"]
    bolt = replace(acme, brand="bolt", name="Bolt Rail", handles=(BOLT_HANDLE,))
    return {
        one.brand: replace(
            one, modes={(a.platform, a.id): mode for a in ACCOUNTS if a.brand == one.brand}
        )
        for one in (acme, bolt)
    }


class World:
    """All of Heed but its desk. `mode` is that of every account; `x_rules` are the twin's."""

    def __init__(
        self,
        *,
        mode: Literal["watch", "draft", "live"] = "live",
        x_rules: XRules | None = None,
        judge: Callable[[str, str | None], Verdict] = read_words,
    ) -> None:
        self.hook = Hook()
        self.backend = memory_backend(self.hook)
        self.clock = self.backend.clock
        self.dynamo, self.table = self.backend.dynamo, self.backend.table
        self.sqs, self.secrets_client = self.backend.sqs, self.backend.secrets
        self.sns = FakeSns(TOPIC, on_call=self.hook)
        self.twins = self._make_twins(x_rules)
        self.sender = TwinSender(self.twins, self.hook)
        self.meter = CountingMeter()
        self.said: Counter[str] = Counter()
        # AWS shows a record again whose worker died; the emulator of the local run does not.
        self.repeats_records = True
        # Streams and queues may show anything twice.
        self.doubles = False
        self.backlog: list[StoredMention] = []
        self.crashes: list[str] = []
        self._make_secrets()
        self._compose(_policies(mode), self._make_queues(), judge)
        self.sqs.calls.clear()

    def _make_twins(self, rules: XRules | None) -> dict[str, Twin]:
        x = [TwinAccount(X_ACCOUNT, "token-x", X_HANDLE, "Acme Air")]
        x.append(TwinAccount(BOLT_X, "token-bolt", BOLT_HANDLE, "Bolt Rail"))
        bot = TwinAccount(BOT, f"{BOT}:token-telegram", BOT_HANDLE, "Acme Air")
        page = TwinAccount(PAGE, "token-facebook", "", "Acme Air")
        now_ms = self.clock.now
        return {
            "api.x.com": x_twin(x, now_ms=now_ms, rules=rules),
            "graph.facebook.com": facebook_twin([page], now_ms=now_ms),
            "api.telegram.org": telegram_twin([bot], now_ms=now_ms),
        }

    def _make_secrets(self) -> None:
        tokens = {X_ACCOUNT: "token-x", BOLT_X: "token-bolt", PAGE: "token-facebook"}
        tokens[BOT] = f"{BOT}:token-telegram"
        for platform, key in KEYS.items():
            self.store_secret(
                f"{platform}/main/signing", current=key, verify_token=f"verify-{platform}"
            )
        for account in ACCOUNTS:
            self.store_secret(f"{account.platform}/{account.id}/token", token=tokens[account.id])

    def store_secret(self, name: str, **value: str) -> None:
        text, name = json.dumps(value), SECRET_PREFIX + name
        try:
            self.secrets_client.create_secret(Name=name, SecretString=text)
        except Exception:  # It is there already: a new version.
            self.secrets_client.put_secret_value(SecretId=name, SecretString=text)

    def _make_queues(self) -> str:
        prefix = self.backend.prefix
        self.sqs.add_queue(f"{prefix}reply-dead")
        for platform in KEYS:
            base = self.sqs.add_queue(
                f"{prefix}reply-{platform}",
                LANE_VISIBILITY_S,
                (f"{prefix}reply-dead", RECEIVES_MAX),
            )
        for name in ("acme", "bolt"):
            for band in BANDS:
                self.sqs.add_queue(f"{prefix}work-{name}-{band}")
        return str(base.removesuffix(f"reply-{platform}"))

    def _compose(
        self,
        policies: dict[str, BrandPolicy],
        queue_base: str,
        judge: Callable[[str, str | None], Verdict],
    ) -> None:
        client, table, clock = self.dynamo, self.table, self.clock
        self.inbox = TableInbox(client, table)
        self.mentions = TableMentions(client, table)
        self.conversations = TableConversations(client, table)
        self.outbox = TableOutbox(client, table)
        self.timeline = TableTimeline(client, table)
        self.controls = TableControls(client, table, clock)
        self.accounts = TableAccounts(client, table, clock)
        secrets = CachedSecrets(self.secrets_client, SECRET_PREFIX, clock, self.secrets_client)
        voice = _BRANDS.voices["acme"]
        self.handing = Handing(
            mentions=self.mentions,
            conversations=self.conversations,
            lanes=SqsLanes(self.sqs, queue_base),
            bells=SqsBells(self.sqs, queue_base),
            pager=SnsPager(self.sns, TOPIC),
            time=clock,
            policies=policies,
        )
        accounts = Registry(("main", account) for account in ACCOUNTS)
        self.receiving = Receiving(accounts, secrets, self.inbox, self.meter, clock)
        self.triaging = Triaging(
            handing=self.handing,
            controls=self.controls,
            outbox=self.outbox,
            timeline=self.timeline,
            policies=policies,
            judge=judge,
            meter=self.meter,
        )
        self.replying = Replying(
            handing=self.handing,
            controls=self.controls,
            outbox=self.outbox,
            accounts=self.accounts,
            secrets=secrets,
            sender=self.sender,
            policies=policies,
            voices={"acme": voice, "bolt": replace(voice, brand_name="Bolt Rail")},
            meter=self.meter,
            timeout_ms=TIMEOUT_MS,
        )
        self.sweeping = Sweeping(self.handing, TableDueList(client, table), self.outbox, self.meter)

    # What comes in.

    def deliver(
        self,
        platform: str,
        body: bytes,
        *,
        headers: dict[str, str] | None = None,
        connection: str = "main",
    ) -> Answer:
        """Send a delivery as the platform does, signed unless `headers` are given."""
        twin = self.twin(platform)
        twin.learn(body, account=BOT if platform == "telegram" else "")
        if headers is None:
            headers = adapters.load(platform).sign(body, KEYS[platform])
        return receive(HookRequest(platform, connection, "POST", {}, headers, body), self.receiving)

    def twin(self, platform: str) -> Twin:
        return next(twin for twin in self.twins.values() if twin.name == platform)

    # What happens by itself.

    def records(self) -> list[StoredMention]:
        """Take what the stream shows to triage since the last time."""
        new = list(self.dynamo.stream(self.table).drain())
        return _for_triage(new) * (2 if self.doubles else 1)

    def replay(self) -> None:
        """Show triage everything that the stream ever held, as it was then."""
        self.records()
        self.backlog = _for_triage(self.dynamo.stream(self.table).read())

    def triage(self) -> list[str]:
        """Let triage look at everything that the stream shows, also at what this brings about."""
        done = []
        while self.backlog or (new := self.records()):
            self.backlog += [] if self.backlog else new
            record = self.backlog[0] if self.repeats_records else self.backlog.pop(0)
            done.append(self._note("triage", triage(record, self.triaging)))
            del self.backlog[: int(self.repeats_records)]
        return done

    def reply(self) -> list[str]:
        """Let reply work through its lanes."""
        return [self._note("reply", one) for one in self._rung()]

    def _rung(self) -> Iterator[str]:
        for platform in KEYS:
            while messages := self._received(platform):
                for message in messages:
                    ref = read_lane_message(message["Body"])
                    yield reply(ref, self.replying)
                    if self.doubles:
                        reply(ref, self.replying)
                    handle = message["ReceiptHandle"]
                    self.sqs.delete_message(QueueUrl=self.lane(platform), ReceiptHandle=handle)

    def _received(self, platform: str) -> list[dict[str, Any]]:
        # Dying over a message is dying over the first call for it.
        with self.hook.muted():
            answer = self.sqs.receive_message(QueueUrl=self.lane(platform), MaxNumberOfMessages=10)
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def sweep(self) -> list[str]:
        """Let sweep look once."""
        # Dying over the list of what is due is no more than a minute without a sweep.
        with self.hook.muted():
            items = sweep(self.sweeping)
        return [self._note("sweep", bring_back(item, self.sweeping)) for item in items]

    def run(self, minutes: int = 0) -> None:
        """Let everything happen that happens by itself, now and in the minutes that follow. A
        crash costs the rest of its minute."""
        self._survive(self._until_quiet)
        for _ in range(minutes):
            self.clock.forward(s=60)
            self._survive(self._minute)

    def run_out(self, minutes_max: int = 60) -> None:
        """Let everything happen until nothing is left to be done but by people."""
        self.run()
        while self._is_busy() and minutes_max:
            self.run(1)
            minutes_max -= 1

    def _is_busy(self) -> bool:
        items = self.items()
        rung = {(bell["case"], bell["epoch"]) for name in ("acme", "bolt") for band in BANDS
                for bell in self.queue(f"work-{name}-{band}")}  # fmt: skip
        lanes = any(self.queue(f"reply-{platform}") for platform in KEYS)
        return (
            bool(self.backlog)
            or lanes
            or any(
                "dh" in item
                if item["pk"]["S"].startswith("mention#") or item["sk"]["S"].startswith("at#")
                else item.get("cs") == {"S": "open"}
                and (item["pk"]["S"].removeprefix("conv#"), int(item["ce"]["N"])) not in rung
                for item in items
            )
        )

    def _survive(self, work: Callable[[], None]) -> None:
        try:
            work()
        except CrashError as crash:
            self.crashes.append(str(crash))

    def _minute(self) -> None:
        self.sweep()
        self._until_quiet()

    def _until_quiet(self) -> None:
        while self.triage() or self.reply():
            pass

    def _note(self, flow: str, outcome: str) -> str:
        self.said[f"{flow} {outcome}"] += 1
        return outcome

    # What people do.

    def claim_case(self, mention: str, agent: str = "ana") -> Conversation:
        conversation = self.conversation(mention)
        assert conversation.case is not None
        case = cases.claim(conversation.case, agent, attempt="t", now=self.clock.now())
        saved = self.conversations.save(replace(conversation, case=case))
        assert saved is not None
        return saved

    def write_reply(
        self, mention: str, text: str, *, private: bool = False, reply_id: str = "r1"
    ) -> ReplyRef:
        """Store a person's reply under the epoch of the claimed case, and ring its lane."""
        stored, conversation = self.stored(mention), self.conversation(mention)
        assert conversation.case is not None
        ref = agent_reply(conversation.id, stored.received_at, reply_id)
        written = AgentReply(
            ref=ref,
            conversation=conversation.id,
            mention=stored.mention.id,
            agent="ana",
            text=text,
            at=self.clock.now(),
            private=private,
            sending=Sending("planned"),
        )
        self.timeline.add_reply(written, conversation.case.epoch)
        self.handing.lanes.ring(stored.mention.platform, ref)
        return ref

    def switch(self, **switches: Any) -> None:
        """Set the switches of acme, and wait until every cache knows."""
        self.controls.put("acme", Control(**switches))
        self.clock.forward(s=15)

    # What there is.

    def lane(self, platform: str) -> str:
        return queue_url(f"{self.backend.prefix}reply-{platform}")

    def queue(self, name: str) -> list[dict[str, Any]]:
        """Read what lies in a queue, e.g. work-acme-normal, without taking it."""
        return [json.loads(body) for body in self.sqs.bodies(self.backend.prefix + name)]

    def bells(self, brand_id: str = "acme") -> Counter[str]:
        return Counter({b: n for b in BANDS if (n := len(self.queue(f"work-{brand_id}-{b}")))})

    def told(self) -> list[dict[str, str]]:
        """The pages about accounts."""
        pages = [json.loads(message["Message"]) for message in self.sns.messages]
        return [page for page in pages if "account" in page]

    def find(self, mention: str) -> StoredMention | None:
        return self.mentions.get(MentionId(mention))

    def stored(self, mention: str) -> StoredMention:
        stored = self.find(mention)
        assert stored is not None
        return stored

    def state(self, mention: str) -> str:
        return self.stored(mention).sending.state

    def conversation(self, mention: str) -> Conversation:
        conversation = self.conversations.get(self.stored(mention).conversation)
        assert conversation is not None
        return conversation

    def case(self, mention: str) -> Case:
        case = self.conversation(mention).case
        assert case is not None
        return case

    def ref(self, mention: str) -> ReplyRef:
        return machine_reply(MentionId(mention))

    def agents_reply(self, ref: ReplyRef) -> AgentReply:
        written = self.outbox.get_reply(ref)
        assert written is not None
        return written

    def posts(self, platform: str = "x") -> list[str]:
        """The texts that a visitor sees of us."""
        return [post.text for post in self.twin(platform).visible_posts()]

    def targets(self, platform: str = "x") -> list[str]:
        return [post.target for post in self.twin(platform).visible_posts()]

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamo.items(self.table)
        return found

    def item(self, mention: str) -> dict[str, Any]:
        item = self.backend.item(f"mention#{mention}")
        assert item is not None
        return item

    def cases(self) -> list[dict[str, Any]]:
        return [item for item in self.items() if "cs" in item]

    def due(self) -> list[str]:
        """The keys of everything that is not finished."""
        return [item["pk"]["S"] for item in self.items() if "dh" in item]

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count the outside calls made inside, by service and operation."""
        counts: Counter[str] = Counter()
        before = len(self.hook.calls)
        yield counts
        counts.update(
            f"{service} {operation}"
            for service, operation, phase in self.hook.calls[before:]
            if phase == "before"
        )


def _for_triage(records: list[dict[str, Any]]) -> list[StoredMention]:
    images = (record["dynamodb"].get("NewImage", {}) for record in records)
    plain = ({name: _plain(value) for name, value in image.items()} for image in images)
    return [stored_mention(image) for image in plain if "todo" in image]


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if "B" in value else value
