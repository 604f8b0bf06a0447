"""Handing over: binding a decision, opening a case for people, ringing its bell, passing a slot on.
Shared by the flows that end a machine's part; every step may be repeated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from heed.domain import conversation as conversations
from heed.domain.case import Band
from heed.domain.clock import add_staffed
from heed.domain.conversation import Conversation
from heed.domain.decision import Decision
from heed.domain.policy import BrandPolicy
from heed.domain.reply import machine_reply
from heed.ports import Bell, Bells, Conversations, Lanes, Mentions, Pager, StoredMention, Time

RACES_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Handing:
    """What handing over works with."""

    mentions: Mentions
    conversations: Conversations
    lanes: Lanes
    bells: Bells
    pager: Pager
    time: Time
    policies: Mapping[str, BrandPolicy]


def conversation_of(stored: StoredMention, s: Handing) -> Conversation:
    """Read the conversation of a mention, or begin it."""
    return s.conversations.get(stored.conversation) or Conversation(
        id=stored.conversation,
        brand=stored.brand,
        platform=stored.mention.platform,
        account=stored.mention.account,
    )


def ring(conversation: Conversation, s: Handing) -> None:
    """Ring the bell of an open case."""
    case = conversation.live_case
    if case and case.state == "open":
        s.bells.ring(conversation.brand, case.band, Bell(conversation.id, case.epoch))


def page(conversation: Conversation, stored: StoredMention, reason: str, s: Handing) -> None:
    """Reach people at once for a case that asks for it."""
    s.pager.page(conversation.brand, conversation.id, reason, stored.mention.id)


def change(
    stored: StoredMention, s: Handing, step: Callable[[Conversation], Conversation]
) -> Conversation | None:
    """Apply a pure step to a conversation, again on what others wrote meanwhile. None when the
    races did not end: the caller leaves its own record unfinished and comes again."""
    for _ in range(RACES_MAX):
        before = conversation_of(stored, s)
        after = step(before)
        if after == before:
            return before
        if saved := s.conversations.save(after):
            return saved
    return None


def bind(stored: StoredMention, decision: Decision, s: Handing) -> Conversation | None:
    """Write a decision into the conversation and ring; a repeat finds it there and only rings."""
    now = s.time.now()

    def reserved(conversation: Conversation) -> Conversation:
        if _is_bound(conversation, stored, decision):
            return conversation
        return conversations.reserve(conversation, stored.mention.id, decision, now)

    saved = change(stored, s, reserved)
    if saved and decision.band:
        ring(saved, s)
    return saved


def _is_bound(conversation: Conversation, stored: StoredMention, decision: Decision) -> bool:
    mention = stored.mention.id
    if conversation.outcome_of(mention) != (decision.outcome, decision.reason):
        return False
    case = conversation.live_case
    # What a person has seen under a claim needs them anew.
    return decision.band is None or (case is not None and mention in case.pending)


def to_person(
    stored: StoredMention, reason: str, s: Handing, *, band: Band = "normal", chore: str = ""
) -> Conversation | None:
    """Put a mention in front of a person: open or extend the case, ring its bell."""
    policy = s.policies[stored.brand]
    since = stored.received_at or s.time.now()
    decision = Decision(
        "hold",
        reason,
        band=band,
        due_at=add_staffed(policy.calendar, since, policy.target_minutes[band]),
        chores=(chore,) if chore else (),
    )
    return bind(stored, decision, s)


def pass_on_slot(stored: StoredMention, s: Handing) -> bool:
    """Free the acknowledgement slot of a mention that ends unsent; its heir gets a try."""
    saved = change(stored, s, lambda c: conversations.pass_on(c, stored.mention.id))
    if saved is None:
        return False
    if saved.ack and saved.ack.of != stored.mention.id:
        s.lanes.ring(saved.platform, machine_reply(saved.ack.of))
    return True


def withdraw(stored: StoredMention, s: Handing) -> bool:
    """Take a deleted mention off its case's pending list and say so on the case."""

    def without(conversation: Conversation) -> Conversation:
        case = conversation.live_case
        if case is None or stored.mention.id not in case.pending:
            return conversation
        pending = tuple(m for m in case.pending if m != stored.mention.id)
        flags = tuple(dict.fromkeys((*case.flags, "author_deleted")))
        return replace(conversation, case=replace(case, pending=pending, flags=flags))

    return change(stored, s, without) is not None


def note_answer(stored: StoredMention, s: Handing) -> Conversation | None:
    """Note that a colleague answered on the platform itself."""
    at = stored.own_at
    return change(stored, s, lambda c: conversations.person_spoke(c, at))
