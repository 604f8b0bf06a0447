"""A desk over the real storage and the stand-ins of AWS, and short ways to fill it: a mention as
`receive` stores it, a case as triage opens it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from heed.domain import conversation as conversations
from heed.domain.case import Band
from heed.domain.clock import HOUR_MS, Calendar
from heed.domain.conversation import Ack, Conversation
from heed.domain.decision import Decision
from heed.domain.mention import (
    Author,
    ConversationId,
    Mention,
    MentionId,
    Visibility,
    conversation_id,
)
from heed.domain.policy import BrandPolicy
from heed.domain.reply import machine_reply
from heed.domain.voice import Contact, Replies, Voice
from heed.flows import handover
from heed.flows.desk import Agent, Desk, NoPager
from heed.flows.handover import Handing
from heed.ports import Arrival, HeldDraft, StoredMention
from heed.queues import SqsBells, SqsLanes
from heed.storage.controls import TableControls
from heed.storage.conversations import TableConversations
from heed.storage.inbox import TableInbox
from heed.storage.mentions import TableMentions
from heed.storage.outbox import TableOutbox
from heed.storage.timeline import TableTimeline
from heed.telemetry import CountingMeter
from tests.backends import Backend, memory_backend
from tests.fakes.sqs import FakeSqs

ANA = Agent(id="ana", subject="sub-ana", brands=("acme",))
BEN = Agent(id="ben", subject="sub-ben", brands=("acme",))
LEAD = Agent(id="lea", subject="sub-lea", brands=("acme",), is_lead=True)
STRANGER = Agent(id="zoe", subject="sub-zoe", brands=("zenith",), is_lead=True)
BOTH = Agent(id="bo", subject="sub-bo", brands=("acme", "zenith"))
NOBODY = Agent(id="nob", subject="sub-nob", brands=())

ACCOUNTS = {"acme": ("x", "111"), "zenith": ("x", "222")}
BANDS: tuple[Band, ...] = ("urgent", "normal", "low")
ALWAYS = Calendar(zone=UTC, hours=((0, 24 * 60),) * 7)
TEXTS = {
    kind: tuple(f"{{hello}}, sorry, {kind} {n} from {{brand}}, {{contact}}." for n in range(3))
    for kind in ("neutral", "apology")
}
VOICE = Voice(
    brand_name="Acme Air",
    replies={"en": Replies("(automatic reply)", TEXTS)},
    contacts=(
        Contact("email", "write to Help@acme.example"),
        Contact("phone", "call +44 800 123 4567"),
    ),
)


def make_policy(brand: str) -> BrandPolicy:
    return BrandPolicy(
        brand=brand,
        name=brand,
        languages=("en",),
        calendar=ALWAYS,
        target_minutes={"urgent": 15, "normal": 60, "low": 480},
        modes={ACCOUNTS[brand]: "draft", ("facebook", f"page-{brand}"): "live"},
    )


@dataclass(slots=True)
class World:
    """A desk and what stands behind it."""

    backend: Backend
    desk: Desk
    meter: CountingMeter
    inbox: TableInbox
    mention_count: int = 1000
    planned: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    is_acting: bool = False

    def before(self, operation: str, act: Callable[[], object], times: int = 1) -> None:
        """Let something happen just before the next calls of one operation of the table."""
        self.planned += [(operation, act)] * times

    def on_call(self, service: str, operation: str, phase: str) -> None:
        if service == "dynamodb" and phase == "before" and not self.is_acting:
            due = next((plan for plan in self.planned if plan[0] == operation), None)
            if due is not None:
                self.planned.remove(due)
                self.is_acting = True
                due[1]()
                self.is_acting = False

    @property
    def now(self) -> int:
        return self.backend.clock.now()

    @property
    def mentions(self) -> Any:
        return self.desk.handing.mentions

    @property
    def sqs(self) -> FakeSqs:
        assert isinstance(self.backend.sqs, FakeSqs)
        return self.backend.sqs

    def bodies(self, queue: str) -> list[str]:
        return self.sqs.bodies(self.backend.prefix + queue)

    def conversation(self, case: str) -> Conversation:
        found = self.desk.handing.conversations.get(ConversationId(case))
        assert found is not None
        return found

    def case(self, case: str) -> Any:
        return self.conversation(case).case

    def touch(self, case: str) -> None:
        """Write the conversation as somebody else would."""
        conversation = self.conversation(case)
        later = replace(conversation, person_spoke_at=conversation.person_spoke_at + 1)
        assert self.desk.handing.conversations.save(later)

    def stored(self, mention: str) -> StoredMention:
        found = self.desk.handing.mentions.get(MentionId(mention))
        assert found is not None
        return found


def make_world() -> World:
    worlds: list[World] = []

    def on_call(service: str, operation: str, phase: str) -> None:
        for world in worlds:
            world.on_call(service, operation, phase)

    backend = memory_backend(on_call)
    queues = [f"work-{brand}-{band}" for brand in ACCOUNTS for band in BANDS]
    base = backend.add_queues(*queues, "reply-x", "reply-facebook")
    client, table, clock = backend.dynamo, backend.table, backend.clock
    meter = CountingMeter()
    handing = Handing(
        mentions=TableMentions(client, table),
        conversations=TableConversations(client, table),
        lanes=SqsLanes(backend.sqs, base),
        bells=SqsBells(backend.sqs, base),
        pager=NoPager(),
        time=clock,
        policies={brand: make_policy(brand) for brand in ACCOUNTS},
    )
    desk = Desk(
        handing=handing,
        controls=TableControls(client, table, clock, cache_ms=0),
        outbox=TableOutbox(client, table),
        timeline=TableTimeline(client, table),
        voices=dict.fromkeys(ACCOUNTS, VOICE),
        meter=meter,
    )
    worlds.append(World(backend, desk, meter, TableInbox(client, table)))
    return worlds[0]


def make_mention(
    world: World,
    text: str = "where is my bag?",
    *,
    author: str = "7",
    name: str | None = "Sam Field",
    visibility: Visibility = "public",
    summoned: bool = True,
    platform: str = "x",
    brand: str = "acme",
    root: str | None = None,
    language: str | None = None,
) -> StoredMention:
    """Store a mention the way receive does. Mentions of one author under one root are one
    conversation."""
    world.mention_count += 1
    account = ACCOUNTS[brand][1] if platform == "x" else f"page-{brand}"
    mention = Mention(
        platform=platform,
        account=account,
        kind="message" if visibility == "private" else "post",
        object_id=str(world.mention_count),
        visibility=visibility,
        author=Author(id=author, handle=f"user{author}", name=name),
        text=text,
        event_at=world.now,
        root_id=root,
        naming="tag",
        summoned=summoned,
        language=language,
    )
    conversation = conversation_id(mention, brand)
    world.inbox.put([Arrival(mention, brand, conversation, world.now)], 1)
    world.backend.clock.forward(s=1)
    return world.stored(mention.id)


def make_case(
    world: World,
    *mentions: StoredMention,
    band: Band = "normal",
    rings: bool = True,
    reason: str = "once",
    skill: str = "",
    ack: bool = False,
) -> str:
    """Open a case for mentions the way triage does. `ack`: the first one is to be acknowledged."""
    for position, stored in enumerate(mentions):
        conversation = handover.conversation_of(stored, world.desk.handing)
        acknowledges = ack and position == 0
        decision = Decision(
            "acknowledge" if acknowledges else "hold",
            "apology" if acknowledges else reason,
            band=band,
            due_at=world.now + HOUR_MS,
            skill=skill,
            reasons=("apology", "negative complaint"),
        )
        after = conversations.reserve(conversation, stored.mention.id, decision, world.now)
        saved = world.desk.handing.conversations.save(after)
        assert saved is not None
        if not acknowledges:
            assert world.mentions.finish(stored, "queued", reason, ())
        if rings:
            handover.ring(saved, world.desk.handing)
    return mentions[0].conversation


def make_draft(world: World, stored: StoredMention, text: str = "Hi, we are on it.") -> None:
    """Hold an acknowledgement for a person's word, the way reply does."""
    draft = HeldDraft(stored.brand, text, stored.received_at, "acknowledge", ("apology",))
    ref = machine_reply(stored.mention.id)
    assert world.desk.outbox.hold_draft(ref, stored.sending, draft)


def give_slot(world: World, stored: StoredMention, joined: MentionId | None = None) -> None:
    """Let a mention hold its conversation's acknowledgement slot."""
    conversation = handover.conversation_of(stored, world.desk.handing)
    ack = Ack(
        of=stored.mention.id,
        at=world.now,
        kind="apology",
        language="en",
        joined=joined,
        reasons=("apology",),
    )
    assert world.desk.handing.conversations.save(replace(conversation, ack=ack))


def write(world: World, text: str, into: StoredMention) -> StoredMention:
    """Let the same customer write again in the same thread."""
    mention = into.mention
    return make_mention(
        world, text, author=mention.author.id or "", root=mention.root_id or mention.object_id
    )
