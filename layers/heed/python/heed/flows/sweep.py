"""Bring back whatever is due and not finished. The normal way never needs it."""

from dataclasses import dataclass, replace
from typing import Final

from heed.domain import case as cases
from heed.domain.clock import HOUR_MS
from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import (
    CLAIMABLE,
    FINAL,
    RETRY_MS,
    ReplyRef,
    ReplyState,
    Sending,
    machine_reply,
)
from heed.flows import giving_up, handover
from heed.flows.giving_up import FAILURES_MAX
from heed.flows.handover import Handing
from heed.ports import DueItem, DueList, Meter, Outbox, StoredMention, Tries

PER_SHARD_MAX: Final = 50
KICKS_MAX: Final = 5
# How long a sender may keep what triage reserved waiting, before a person gets it.
LANE_MS_MAX: Final = HOUR_MS
# Whoever fails is looked at every minute first, and every eight minutes at last.
_DOUBLINGS_MAX: Final = 3
_IN_FLIGHT: Final = ("sending", "doubt")


@dataclass(frozen=True, slots=True)
class Sweeping:
    """What `sweep` works with."""

    handing: Handing
    due_list: DueList
    outbox: Outbox
    meter: Meter


def sweep(s: Sweeping) -> list[DueItem]:
    """List everything that is due. Each is brought back by itself: one that cannot be must not keep
    the others."""
    return s.due_list.due(s.handing.time.now(), PER_SHARD_MAX)


def bring_back(item: DueItem, s: Sweeping) -> str:
    """Look at one thing that is due. Returns what was done."""
    outcome = "nothing"
    if item.mention is not None:
        outcome = _mention(item, item.mention, s)
    elif item.conversation is not None:
        bring = _reply if item.kind == "reply" else _case
        outcome = bring(item, item.conversation, s)
    s.meter.count(f"sweep_{outcome}")
    return outcome


def failed(item: DueItem, s: Sweeping) -> str:
    """Note that a thing could not be brought back: it waits longer each time, so that it keeps no
    other from its turn, and after five times a person gets it."""
    now = s.handing.time.now()
    tries = s.due_list.note(item, "failed", now)
    if tries is None:
        return "nothing"
    s.due_list.postpone(item, now + _wait_ms(tries))
    outcome = "failed"
    if tries.count >= FAILURES_MAX:
        outcome = giving_up.unreadable(item, tries, s.handing, s.due_list)
    s.meter.count(f"sweep_{outcome}")
    return outcome


def _wait_ms(tries: Tries) -> int:
    return RETRY_MS << min(tries.count - 1, _DOUBLINGS_MAX)


def _mention(item: DueItem, mention: MentionId, s: Sweeping) -> str:
    stored, now = s.handing.mentions.get(mention), s.handing.time.now()
    if stored is None:
        # Only the mark of an own post: triage settles it, or nothing comes of it.
        mark = s.handing.mentions.get_bare(mention)
        if mark is not None and mark.kicks >= KICKS_MAX:
            return giving_up.mark(item, mark, s.handing, s.due_list)
        if not s.handing.mentions.kick(mention, due_at=now + HOUR_MS):
            s.due_list.postpone(item, now + HOUR_MS)
        return "mark"
    if stored.brand not in s.handing.policies:
        # The brand left the file; its people and their queues did too.
        s.due_list.postpone(item, now + HOUR_MS)
        return "no_brand"
    if _waits_for_triage(stored):
        return _to_triage(item, stored, now, s)
    if stored.sending.state in FINAL:
        s.handing.mentions.settle_change(stored)
        return "settled"
    return _to_lane(item, machine_reply(mention), mention, stored.sending, s)


def _waits_for_triage(stored: StoredMention) -> bool:
    state = stored.sending.state
    if state in _IN_FLIGHT:
        # An edit or a deletion waits for the sender; proof of sending need not.
        return stored.todo == "own"
    return state == "new" or stored.todo in ("own", "edit", "del")


def _to_triage(item: DueItem, stored: StoredMention, now: int, s: Sweeping) -> str:
    if stored.kicks < KICKS_MAX:
        s.handing.mentions.kick(stored.mention.id, due_at=now + RETRY_MS)
        return "kicked"
    if _waits_for_lane(stored, now, s):
        ref = machine_reply(stored.mention.id)
        return _to_lane(item, ref, stored.mention.id, stored.sending, s)
    return _given_up(stored, now, s)


def _waits_for_lane(stored: StoredMention, now: int, s: Sweeping) -> bool:
    """Whether triage did its part long ago and only the sender is slow."""
    ack = handover.conversation_of(stored, s.handing).ack
    is_reserved = stored.todo == "new" and ack is not None and ack.of == stored.mention.id
    return is_reserved and now - stored.received_at < LANE_MS_MAX


def _given_up(stored: StoredMention, now: int, s: Sweeping) -> str:
    """Give a person the bare mention: triage failed again and again."""
    if stored.gone_at:
        s.handing.mentions.blank(stored.mention.id, now)
    elif handover.to_person(stored, "not_triaged", s.handing) is None:
        return "contended"
    if stored.sending.state in CLAIMABLE:
        # Nothing may leave for words that nobody has read.
        handover.pass_on_slot(stored, s.handing)
        final: ReplyState = "gone" if stored.gone_at else "queued"
        s.handing.mentions.finish(stored, final, "not_triaged", stored.reasons)
    else:
        s.handing.mentions.settle_change(stored)
    return "bare_case"


def _to_lane(
    item: DueItem, ref: ReplyRef, mention: MentionId, sending: Sending, s: Sweeping
) -> str:
    now = s.handing.time.now()
    if sending.state == "sending" and sending.lease_until > now:
        s.due_list.postpone(item, sending.lease_until)
        return "held"
    # Rung first: a ring that fails is counted as a failure, not as a sender's.
    s.handing.lanes.ring(mention.split("#", 1)[0], ref)
    # Every sender that works leaves another epoch or another time to wait for.
    how = f"{sending.state},{sending.epoch},{sending.opens_at}"
    tries = s.due_list.note(item, how, now)
    if tries is None:
        return "nothing"
    s.due_list.postpone(item, now + _wait_ms(tries))
    if tries.count >= FAILURES_MAX and now - tries.since >= LANE_MS_MAX:
        return giving_up.unsent(ref, mention, sending, s.handing, s.outbox)
    return "rung"


def _reply(item: DueItem, conversation: ConversationId, s: Sweeping) -> str:
    ref = ReplyRef(f"conv#{conversation}", item.part)
    written = s.outbox.get_reply(ref)
    if written is None or written.sending.state in FINAL:
        return "nothing"
    return _to_lane(item, ref, written.mention, written.sending, s)


def _case(item: DueItem, conversation_id: ConversationId, s: Sweeping) -> str:
    conversation = s.handing.conversations.get(conversation_id)
    case, now = conversation.live_case if conversation else None, s.handing.time.now()
    if conversation is None or case is None:
        return "nothing"
    if conversation.brand not in s.handing.policies:
        s.due_list.postpone(item, now + HOUR_MS)
        return "no_brand"
    if case.state == "claimed" and case.lease_until > now:
        s.due_list.postpone(item, case.lease_until)
        return "held"
    lapsed = cases.expired(case, now)
    saved = s.handing.conversations.save(
        replace(conversation, case=lapsed or cases.rung_again(case, now))
    )
    if saved is None:
        return "changed"
    handover.ring(saved, s.handing)
    return "rung"
