"""One seeded world: the real flows, domain and adapters over the stand-ins of AWS, with what AWS
does between them: deliveries and their repeats, the stream, the lanes, the timer."""

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any, Final

from botocore.exceptions import ClientError

from heed import brand
from heed.domain.mention import Account
from heed.domain.policy import BrandPolicy
from heed.flows.desk import Desk, NoPager
from heed.flows.handover import Handing
from heed.flows.receive import HookRequest, Receiving, receive
from heed.flows.reply import reply
from heed.flows.sending import Replying
from heed.flows.sweep import Sweeping, bring_back, sweep
from heed.flows.triage import Triaging, triage
from heed.flows.unlimited import Unlimited
from heed.queues import SnsPager, SqsBells, SqsLanes, read_lane_message
from heed.registry import Registry
from heed.storage.accounts import TableAccounts
from heed.storage.budgets import TableBudgets
from heed.storage.codec import stored_mention
from heed.storage.controls import TableControls
from heed.storage.conversations import TableConversations
from heed.storage.due import TableDueList
from heed.storage.inbox import TableInbox
from heed.storage.mentions import TableMentions
from heed.storage.outbox import TableOutbox
from heed.storage.secrets import CachedSecrets
from heed.storage.table import SCHEMA, number
from heed.storage.timeline import TableTimeline
from heed.telemetry import CountingMeter
from tests.backends import INDEXES, NUMBERS
from tests.fakes.dynamo import FakeDynamo
from tests.fakes.secrets import FakeSecretsManager
from tests.fakes.sns import FakeSns
from tests.fakes.sqs import FakeSqs
from tests.fakes.tables import TableSpec
from tests.heed.flows import bodies
from tests.heed.flows.world import TOPIC, read_words
from tests.simulation import platforms
from tests.simulation.engine import Engine, Worker
from tests.simulation.faults import Faults, RetryingClient
from tests.simulation.labels import label_all
from tests.simulation.platforms import KEYS, PARCEL_ACME, PARCEL_BOLT, Platforms

TABLE: Final = "heed"
SECRETS: Final = "heed/sim/"
BRANDS: Final = ("acme", "bolt")
BANDS: Final = ("urgent", "normal", "low")
ACCOUNTS: Final = (
    Account("x", bodies.X_ACCOUNT, "acme", bodies.X_HANDLE),
    Account("telegram", bodies.BOT, "acme", bodies.BOT_HANDLE),
    Account("parcel", PARCEL_ACME, "acme"),
    Account("x", bodies.BOLT_X, "bolt", bodies.BOLT_HANDLE),
    Account("parcel", PARCEL_BOLT, "bolt"),
)
# Hard timeouts of the functions, as infra/aws sets them.
TIMEOUT_MS: Final = {"receive": 10_000, "triage": 60_000, "reply": 60_000, "sweep": 60_000,
                     "desk": 29_000}  # fmt: skip
SKEW_MS_MAX: Final = 10_000
LANE_VISIBILITY_S: Final = 360
RECEIVES_MAX: Final = 5
BATCH_RECORDS: Final = 25
BATCH_MESSAGES: Final = 10
LANE_WORKERS_MAX: Final = 2
RECORD_TRIES_MAX: Final = 5
STREAM_KEPT_MS: Final = 24 * 3_600_000
MINUTE_MS: Final = 60_000
# When a platform delivers again that got no good answer.
DELIVERY_WAITS_MS: Final = (10_000, 30_000, 120_000, 300_000, 600_000, 1_200_000, 2_400_000)
THINNED_TO_MINUTES: Final = 180
_FILE: Final = brand.load()


def policies(drafted: tuple[str, str] | None = None) -> dict[str, BrandPolicy]:
    """Two brands that differ in their names and accounts; all live but one account, if named."""
    acme = _FILE.policies["acme"]
    bolt = replace(acme, brand="bolt", name="Bolt Rail", handles=(bodies.BOLT_HANDLE,))
    return {
        one.brand: replace(
            one,
            modes={
                (a.platform, a.id): "draft" if (a.platform, a.id) == drafted else "live"
                for a in ACCOUNTS
                if a.brand == one.brand
            },
        )
        for one in (acme, bolt)
    }


_VOICES: Final = {
    "acme": _FILE.voices["acme"],
    "bolt": replace(_FILE.voices["acme"], brand_name="Bolt Rail"),
}


class _AtOnce(Executor):
    """Does in turn what receive does in parallel: threads know no virtual time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Iterator[Any]:
        return map(fn, *iterables)


@dataclass(slots=True)
class Delivered:
    """One delivery on its way: what it holds, and whether it was taken."""

    platform: str
    body: bytes
    headers: dict[str, str]
    mentions: tuple[str, ...] = ()
    is_forged: bool = False
    accepted_ms: int = 0


class _NextVersion:
    """Writes as the next version of the code will: a higher schema, and an attribute more. During a
    deployment both versions write, and each must read what the other wrote."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, operation: str) -> Any:
        """Read as ever."""
        return getattr(self._client, operation)

    def update_item(self, **request: Any) -> Any:
        """Set what today's code does not know."""
        update = request["UpdateExpression"]
        if update.startswith("SET "):
            values = {**request["ExpressionAttributeValues"], ":zz": number(1)}
            if ":v" in values:
                values[":v"] = number(SCHEMA + 1)
            request["ExpressionAttributeValues"] = values
            request["UpdateExpression"] = f"SET zz = :zz, {update.removeprefix('SET ')}"
        return self._client.update_item(**request)

    def put_item(self, **request: Any) -> Any:
        """Store what today's code does not know."""
        request["Item"] = {**request["Item"], "v": number(SCHEMA + 1), "zz": number(1)}
        return self._client.put_item(**request)


class _SparingClient:
    """Asks nothing of a shard of the due index in which nothing is due: so it is with most, in so
    small a world, and asking all sixteen would be most of what a run does."""

    def __init__(self, client: Any, world: "World") -> None:
        self._client = client
        self._world = world

    def __getattr__(self, operation: str) -> Any:
        """Do everything else as ever."""
        return getattr(self._client, operation)

    def query(self, **request: Any) -> Any:
        """Query a shard in which something is due."""
        shard = request["ExpressionAttributeValues"][":shard"]["S"]
        return self._client.query(**request) if shard in self._world.due_shards else {"Items": []}


Wrap = Callable[[Replying], Replying]


@dataclass(slots=True)
class Pump:
    """What AWS does to bring events of one source to one function."""

    busy: int = 0
    position: int = 0
    tries: int = 0
    size: int = BATCH_RECORDS
    opens_ms: int = 0
    is_awake: bool = False


@dataclass(slots=True)
class World:
    """Everything there is for one seed. `wrap` puts a naive step in the place of the real one;
    `is_checked` lets the stand-ins check every call, which takes twice as long."""

    engine: Engine
    rng: random.Random
    faults: Faults
    wrap: Wrap | None = None
    meter: CountingMeter = field(default_factory=CountingMeter)
    deliveries: list[Delivered] = field(default_factory=list)
    stream_pump: Pump = field(default_factory=Pump)
    lanes: dict[str, Pump] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    is_mixed: bool = False
    is_checked: bool = False
    has_budgets: bool = True
    due_shards: frozenset[str] = frozenset()
    _sweeps_thinned_until_ms: int = 0
    dynamo: FakeDynamo = field(init=False)
    sqs: FakeSqs = field(init=False)
    secrets: FakeSecretsManager = field(init=False)
    platforms: Platforms = field(init=False)
    policies: dict[str, BrandPolicy] = field(init=False)
    _made: dict[str, Any] = field(default_factory=dict)
    _queue_base: str = ""

    def __post_init__(self) -> None:
        now, hook = self.engine.true_now, self._on_call
        checked = self.is_checked
        self.dynamo = FakeDynamo(now, on_call=hook, checked=checked)
        spec = TableSpec(TABLE, "pk", "sk", indexes=INDEXES, types=dict.fromkeys(NUMBERS, "N"))
        self.dynamo.add_table(spec)
        self.dynamo.index_lag_ms = self.rng.choice((0, 300, 2_000))
        self.sqs = FakeSqs(now, hook, checked=checked)
        self.secrets = FakeSecretsManager(now, hook, checked=checked)
        self.sns = FakeSns(TOPIC, on_call=hook)
        self.platforms = Platforms(self.engine, self.faults, self.rng)
        self.platforms.on_expiry = self._token_expired
        drafted = self.rng.choice(ACCOUNTS) if self.rng.random() < 0.15 else None
        self.policies = policies((drafted.platform, drafted.id) if drafted else None)
        self._make_queues()
        for platform, key in KEYS.items():
            self.store_secret(f"{platform}/main/signing", current=key)
        for (platform, account), token in self.platforms.tokens.items():
            more = {"refresh_token": f"refresh-{account}-0"} if account == PARCEL_ACME else {}
            self.store_secret(f"{platform}/{account}/token", token=token, **more)
        self.engine.at(MINUTE_MS, self._each_minute)

    # What is there.

    sns: FakeSns = field(init=False)

    def _make_queues(self) -> None:
        self.sqs.add_queue("reply-dead")
        for platform in KEYS:
            dead = ("reply-dead", RECEIVES_MAX)
            url = self.sqs.add_queue(f"reply-{platform}", LANE_VISIBILITY_S, dead)
            self._queue_base = url.removesuffix(f"reply-{platform}")
            self.lanes[platform] = Pump()
        for name in BRANDS:
            for band in BANDS:
                self.sqs.add_queue(f"work-{name}-{band}")

    def store_secret(self, name: str, **value: str) -> None:
        """Store a secret, or a new version of it, as a person does."""
        text, name = json.dumps(value), SECRETS + name
        with self.faults.muted():
            try:
                self.secrets.create_secret(Name=name, SecretString=text)
            except ClientError:
                # It is there already: a new version.
                self.secrets.put_secret_value(SecretId=name, SecretString=text)

    def _token_expired(self, platform: str, account: str) -> None:
        """Somebody stores a new token, minutes later."""

        if account == PARCEL_ACME:
            return  # Heed renews it by itself.

        def renew() -> None:
            token = self.platforms.renew_token(platform, account)
            self.store_secret(f"{platform}/{account}/token", token=token)
            self.faults.note_wait(self.engine.now_ms)

        self.engine.at(self.rng.randrange(MINUTE_MS, 6 * MINUTE_MS), renew)

    def reconnect(self) -> None:
        """Somebody connects the account anew whose tokens Heed renews: two lost answers in a row
        lose an account, and people are paged for it."""
        token = self.platforms.renew_token("parcel", PARCEL_ACME)
        refresh_token = self.platforms.parcel.refresh_token(PARCEL_ACME)
        name = f"parcel/{PARCEL_ACME}/token"
        self.store_secret(name, token=token, refresh_token=refresh_token)
        self.faults.note_wait(self.engine.now_ms)

    def services(self, kind: str) -> Any:
        """Give a function its services; a process that ended takes its caches with it."""
        if kind not in self._made:
            self._made[kind] = label_all(self._compose(kind), self.engine)
        return self._made[kind]

    def _compose(self, kind: str) -> Any:
        client: Any = RetryingClient(self.dynamo)
        if self.is_mixed and self.rng.random() < 0.5:
            client = _NextVersion(client)
        if kind == "receive":
            accounts = Registry(("main", account) for account in ACCOUNTS)
            inbox = TableInbox(client, TABLE, pool=_AtOnce())
            return Receiving(
                accounts, self._secrets(), inbox, self.meter, self.engine, platforms.load
            )
        handing, outbox = self._handing(client), TableOutbox(client, TABLE)
        controls = TableControls(client, TABLE, self.engine)
        if kind == "triage":
            timeline = TableTimeline(client, TABLE)
            return Triaging(
                handing=handing, controls=controls, outbox=outbox, timeline=timeline,
                policies=handing.policies, judge=read_words, meter=self.meter,
            )  # fmt: skip
        if kind == "sweep":
            sparing: Any = _SparingClient(client, self)
            due_list = TableDueList(sparing, TABLE)
            return Sweeping(handing, due_list, outbox, self.meter)
        if kind == "desk":
            return Desk(
                handing=replace(handing, pager=NoPager()),
                controls=TableControls(client, TABLE, self.engine, cache_ms=0),
                outbox=outbox, timeline=TableTimeline(client, TABLE), voices=_VOICES,
                meter=self.meter, load=platforms.load,
            )  # fmt: skip
        replying = Replying(
            handing=handing, controls=controls, outbox=outbox,
            accounts=TableAccounts(client, TABLE, self.engine), secrets=self._secrets(),
            budgets=TableBudgets(client, TABLE) if self.has_budgets else Unlimited(),
            sender=self.platforms, policies=handing.policies, voices=_VOICES, meter=self.meter,
            timeout_ms=TIMEOUT_MS["reply"], load=platforms.load,
        )  # fmt: skip
        return self.wrap(replying) if self.wrap else replying

    def _secrets(self) -> CachedSecrets:
        client: Any = RetryingClient(self.secrets)
        return CachedSecrets(client, SECRETS, self.engine, client)

    def _handing(self, client: Any) -> Handing:
        sqs: Any = RetryingClient(self.sqs)
        return Handing(
            mentions=TableMentions(client, TABLE),
            conversations=TableConversations(client, TABLE),
            lanes=SqsLanes(sqs, self._queue_base),
            bells=SqsBells(sqs, self._queue_base),
            pager=SnsPager(RetryingClient(self.sns), TOPIC),
            time=self.engine,
            policies=self.policies,
        )

    # Invocations.

    def invoke(self, kind: str, work: Callable[[Any], Any], then: Callable[[Worker], None]) -> None:
        """Run a function once. A crash or a timeout ends its process."""

        def ended(worker: Worker) -> None:
            if worker.outcome in ("crash", "timeout"):
                self._made.pop(kind, None)
            then(worker)

        self.engine.spawn(
            kind,
            lambda: work(self.services(kind)),
            ended,
            timeout_ms=TIMEOUT_MS[kind],
            skew_ms=self.rng.randint(-SKEW_MS_MAX, SKEW_MS_MAX),
        )

    def _on_call(self, service: str, operation: str, phase: str) -> None:
        self.faults.on_call(service, operation, phase)
        if phase == "after" and service == "dynamodb":
            self._wake_stream(100)
        elif phase == "after" and operation == "send_message":
            for delay_ms in (50, 15_500):
                self._wake_lanes(delay_ms)

    # Deliveries.

    def deliver(self, delivery: Delivered, delay_ms: int) -> None:
        """Send a delivery; a platform comes again when the answer is not good."""
        self.deliveries.append(delivery)
        self.attempt(delivery, delay_ms)

    def attempt(self, delivery: Delivered, delay_ms: int, attempt: int = 0) -> None:
        """Try once to deliver, and again later if need be."""

        def attempted() -> None:
            request = HookRequest(
                delivery.platform, "main", "POST", {}, delivery.headers, delivery.body
            )
            self.invoke("receive", lambda s: receive(request, s).status, answered)

        def answered(worker: Worker) -> None:
            status = worker.result if worker.outcome == "done" else 502
            if status == 200:
                delivery.accepted_ms = delivery.accepted_ms or self.engine.now_ms
            elif status >= 500 and attempt < len(DELIVERY_WAITS_MS):
                self.attempt(delivery, DELIVERY_WAITS_MS[attempt], attempt + 1)

        self.engine.at(delay_ms, attempted)

    # The stream.

    def _wake_stream(self, delay_ms: int) -> None:
        pump = self.stream_pump
        if pump.is_awake or pump.busy:
            return
        if pump.position < len(self.dynamo.stream(TABLE)):
            pump.is_awake = True
            self.engine.at(delay_ms, self._read_stream)

    def _read_stream(self) -> None:
        pump, stream = self.stream_pump, self.dynamo.stream(TABLE)
        pump.is_awake = False
        if pump.busy or self.engine.now_ms < pump.opens_ms:
            return
        records = stream.changes()[pump.position : pump.position + pump.size]
        if not records:
            return
        pump.busy = 1
        mentions = [
            (at, stored_mention(record.new.item))
            for at, record in enumerate(records)
            if record.new is not None and "todo" in record.new.item
        ]
        if not mentions:
            self._stream_done(len(records), failed_at=None)
            return
        if self.faults.are_on and self.rng.random() < 0.02:
            # The same batch to two workers, as happens when a shard changes hands.
            self.invoke("triage", lambda s: _triage_all(mentions, s), lambda worker: None)

        def ended(worker: Worker) -> None:
            failed = worker.result if worker.outcome == "done" else 0
            self._stream_done(len(records), failed_at=failed)

        self.invoke("triage", lambda s: _triage_all(mentions, s), ended)

    def _stream_done(self, size: int, failed_at: int | None) -> None:
        pump = self.stream_pump
        pump.busy = 0
        if failed_at is None:
            pump.position, pump.tries, pump.size = pump.position + size, 0, BATCH_RECORDS
        elif failed_at:
            # All before the first that failed are done with.
            pump.position, pump.tries = pump.position + failed_at, 0
        elif pump.tries < RECORD_TRIES_MAX:
            pump.tries, pump.size = pump.tries + 1, max(1, pump.size // 2)
        else:
            pump.position, pump.tries, pump.size = pump.position + 1, 0, BATCH_RECORDS
        self._wake_stream(100 if not pump.tries else 1_000)

    def stop_stream(self, for_ms: int) -> None:
        """Let the stream's reader rest; what is older than a day is gone afterwards."""
        self.stream_pump.opens_ms = self.engine.now_ms + for_ms

        def resume() -> None:
            stream = self.dynamo.stream(TABLE)
            kept_from = self.engine.now_ms - STREAM_KEPT_MS
            changes = stream.changes()
            while (
                self.stream_pump.position < len(changes)
                and changes[self.stream_pump.position].at_ms < kept_from
            ):
                self.stream_pump.position += 1
            self._wake_stream(100)

        self.engine.at(for_ms, resume)

    # The lanes.

    def _wake_lanes(self, delay_ms: int) -> None:
        for platform in self.lanes:
            if not self.sqs.is_empty(f"reply-{platform}"):
                self._wake_lane(platform, delay_ms)

    def _wake_lane(self, platform: str, delay_ms: int) -> None:
        self.engine.at(delay_ms, lambda: self._read_lane(platform))

    def stop_lanes(self, for_ms: int, *, thinned: bool = True) -> None:
        """Let nobody take messages. Over days the timer is thinned out, to save our time."""
        self._sweeps_thinned_until_ms = self.engine.now_ms + (for_ms if thinned else 0)
        for pump in self.lanes.values():
            pump.opens_ms = self.engine.now_ms + for_ms
        self.engine.at(for_ms, lambda: self._wake_lanes(100))

    def _read_lane(self, platform: str) -> None:
        pump = self.lanes[platform]
        if pump.busy >= LANE_WORKERS_MAX or self.engine.now_ms < pump.opens_ms:
            return
        if self.sqs.is_empty(f"reply-{platform}"):
            return
        url = f"{self._queue_base}reply-{platform}"
        with self.faults.muted():
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=BATCH_MESSAGES)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        if not messages:
            return
        pump.busy += 1
        if self.faults.are_on and self.rng.random() < 0.03:
            self.invoke("reply", lambda s: _reply_all(messages, s), lambda worker: None)

        def ended(worker: Worker) -> None:
            pump.busy -= 1
            done = worker.result if worker.outcome == "done" else []
            with self.faults.muted():
                for handle in done:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
            self._wake_lane(platform, 50)
            if len(done) < len(messages):
                self._wake_lane(platform, LANE_VISIBILITY_S * 1_000 + 100)

        self.invoke("reply", lambda s: _reply_all(messages, s), ended)

    # The timer.

    def _each_minute(self) -> None:
        self.engine.at(MINUTE_MS, self._each_minute)
        now = self.engine.now_ms
        if now < self._sweeps_thinned_until_ms and now // MINUTE_MS % THINNED_TO_MINUTES:
            return
        self.due_shards = self._shards_with_due()
        if not self.due_shards:
            return
        self.invoke("sweep", _sweep_all, lambda worker: None)

    def _shards_with_due(self) -> frozenset[str]:
        now = self.engine.now_ms + SKEW_MS_MAX
        return frozenset(
            item["dh"]["S"]
            for item in self.dynamo.raw_items(TABLE)
            if "dh" in item and int(item["da"]["N"]) <= now
        )


def _triage_all(mentions: list[tuple[int, Any]], s: Triaging) -> int | None:
    """Look at a batch; tell the first that failed, as a partial batch answer does."""
    first: int | None = None
    for at, stored in mentions:
        try:
            triage(stored, s)
        except Exception:
            # The handler's batch processor keeps each to itself.
            first = at if first is None else first
    return first


def _reply_all(messages: list[dict[str, Any]], s: Replying) -> list[str]:
    done = []
    for message in messages:
        # The handler's batch processor keeps each to itself.
        with contextlib.suppress(Exception):
            reply(read_lane_message(message["Body"]), s)
            done.append(message["ReceiptHandle"])
    return done


def _sweep_all(s: Sweeping) -> int:
    items = sweep(s)
    for item in items:
        with contextlib.suppress(Exception):
            bring_back(item, s)
    return len(items)
