"""Decide what came in. Repeatable at any point: what was decided is found again where it binds,
and only the hand-over is repeated. Never raises for what one mention holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from heed.domain import conversation as conversations
from heed.domain.clock import SECOND_MS
from heed.domain.conversation import ANSWERED_ELSEWHERE, Conversation
from heed.domain.decision import (
    HOLDS,
    Context,
    Decision,
    Outcome,
    Sentiment,
    Verdict,
    decide,
)
from heed.domain.policy import BrandPolicy
from heed.domain.reply import CLAIMABLE, machine_reply
from heed.flows import handover, own_posts
from heed.flows.handover import RACES_MAX, Handing
from heed.ports import Controls, Meter, Outbox, StoredMention, Timeline

# A record that is older may be a repeat of one that was dealt with: look before anything is bound.
REREAD_MS: Final = 10 * SECOND_MS
# A mention in one of these states is in the hands of a sender, who must finish first.
_IN_FLIGHT: Final = ("sending", "doubt")


@dataclass(frozen=True, slots=True)
class Triaging:
    """What `triage` works with. `judge` reads a text and its language, if told."""

    handing: Handing
    controls: Controls
    outbox: Outbox
    timeline: Timeline
    policies: Mapping[str, BrandPolicy]
    judge: Callable[[str, str | None], Verdict]
    meter: Meter


def triage(stored: StoredMention, s: Triaging) -> str:
    """Look at one change of a stored mention, as the stream showed it. Returns what was done."""
    if not stored.todo or stored.brand not in s.policies:
        return "nothing"
    if stored.gone_at:
        return _deleted(stored, s)
    is_new = stored.sending.state == "new"
    # A mention that comes after its answer finds the mark that the answer left.
    if stored.todo == "own" or (is_new and stored.own_post):
        return _own_post(stored, s)
    if is_new:
        return _decided(stored, s)
    return _edited(stored, s) if stored.todo == "edit" else "nothing"


def _decided(stored: StoredMention, s: Triaging) -> str:
    for _ in range(RACES_MAX):
        conversation = handover.conversation_of(stored, s.handing)
        if past := conversation.outcome_of(stored.mention.id):
            return _decided_before(stored, conversation, past, s)
        decision = _decision(stored, conversation, s)
        if decision.band is None and not decision.opts_out:
            return _finished(stored, "silent", decision, s)
        now = s.handing.time.now()
        if now - stored.received_at > REREAD_MS and _reread(stored, s) is None:
            return "settled"
        _note_opt_out(stored, decision, now, s)
        after = conversations.reserve(conversation, stored.mention.id, decision, now)
        if saved := s.handing.conversations.save(after):
            return _handed_over(stored, saved, decision, s, rings=_calls(conversation, saved))
    # Others wrote this conversation faster, again and again: sweep brings the mention back.
    s.meter.count("contended")
    return "contended"


def _decision(stored: StoredMention, conversation: Conversation, s: Triaging) -> Decision:
    mention, policy = stored.mention, s.policies[stored.brand]
    context = Context(
        verdict=s.judge(mention.text, mention.language),
        control=s.controls.get(stored.brand),
        source=stored.source,
        root_mood=_root_mood(stored, s),
        case=conversation.case,
        last_speaker=conversation.last_speaker,
        person_spoke_at=conversation.person_spoke_at,
        answered_natively=bool(stored.own_post),
        slot_taken=conversation.slot_is_taken(stored.received_at),
        opted_out=bool(conversation.opted_out_at),
    )
    decision = decide(mention, context, policy, stored.received_at)
    author = mention.author.id
    # Only who is about to be answered is looked up: the others need no read.
    if decision.outcome == "acknowledge" and author is not None:
        opted_out = s.controls.opted_out(stored.brand, mention.platform, author)
        context = replace(context, opted_out=opted_out)
        decision = decide(mention, context, policy, stored.received_at)
    if stored.own_post:
        decision = replace(decision, flags=(*decision.flags, ANSWERED_ELSEWHERE))
    return decision


def _root_mood(stored: StoredMention, s: Triaging) -> Sentiment | None:
    """Read the mood of the thread's first post, when somebody else wrote it and we have it."""
    if stored.mention.root is None:
        return None
    root = s.handing.mentions.get(stored.mention.root)
    if root is None or root.mention.author.id == stored.mention.author.id:
        return None
    return s.judge(root.mention.text, root.mention.language).sentiment


def _reread(stored: StoredMention, s: Triaging) -> StoredMention | None:
    """Read the mention as it is now; None when it is decided, or another change has come."""
    fresh = s.handing.mentions.get(stored.mention.id)
    if fresh is None or fresh.sending.state != "new" or fresh.todo != stored.todo:
        return None
    return fresh


def _note_opt_out(stored: StoredMention, decision: Decision, now: int, s: Triaging) -> None:
    """Remember for the whole brand who wants no machine; the conversation learns it by itself."""
    author = stored.mention.author.id
    if decision.opts_out and author is not None:
        s.controls.opt_out(stored.brand, stored.mention.platform, author, now)


def _calls(before: Conversation, after: Conversation) -> bool:
    """Whether a case was opened, opened again or raised: another line in it rings no bell."""
    known = before.case.epoch if before.case else 0
    return after.case is not None and after.case.epoch != known


def _handed_over(
    stored: StoredMention,
    conversation: Conversation,
    decision: Decision,
    s: Triaging,
    *,
    rings: bool,
) -> str:
    if rings:
        handover.ring(conversation, s.handing)
    if decision.page:
        handover.page(conversation, stored, decision.reason, s.handing)
    if decision.outcome != "acknowledge":
        return _finished(stored, "queued" if decision.band else "silent", decision, s)
    if stored.todo == "edit":
        # The sender waits until a change was looked at; the first text needs no word for that.
        s.handing.mentions.settle_change(stored)
    # The mention stays as it is: the claim of the sender ends its being new.
    s.handing.lanes.ring(stored.mention.platform, machine_reply(stored.mention.id))
    s.meter.count("acknowledge")
    return "acknowledge"


def _decided_before(
    stored: StoredMention, conversation: Conversation, past: tuple[Outcome, str], s: Triaging
) -> str:
    """Repeat the hand-over only. An edit may have made of the text what nobody may answer."""
    fresh = _reread(stored, s)
    if fresh is None:
        return "settled"
    if fresh.todo == "edit":
        decision = _decision(fresh, conversation, s)
        if _forbids(decision):
            return _stopped(fresh, decision, s)
    outcome, reason = past
    case = conversation.live_case
    waits = case is not None and fresh.mention.id in case.pending
    decision = Decision(
        outcome,
        reason,
        band="normal" if waits or outcome == "hold" else None,
        page=case is not None and waits and case.page,
        reasons=(reason,),
    )
    return _handed_over(fresh, conversation, decision, s, rings=waits)


def _finished(
    stored: StoredMention, final: Literal["silent", "queued"], decision: Decision, s: Triaging
) -> str:
    chores = tuple(f"chore:{chore}" for chore in decision.chores)
    if not s.handing.mentions.finish(stored, final, decision.reason, (*decision.reasons, *chores)):
        return "changed"
    s.meter.count(final)
    return final


def _forbids(decision: Decision) -> bool:
    """Whether no machine text may leave, whatever was decided on the words as they were."""
    return decision.reason in HOLDS or decision.opts_out


def _stopped(stored: StoredMention, decision: Decision, s: Triaging) -> str:
    """Take back what an edit forbids: no text leaves, and the right person hears of it."""
    if not _held_for_people(stored, decision, s):
        return "contended"
    s.meter.count("edited_handled")
    if stored.sending.state in (*CLAIMABLE, "silent"):
        return _finished(stored, "queued" if decision.band else "silent", decision, s)
    s.handing.mentions.settle_change(stored)
    return "edited"


def _held_for_people(stored: StoredMention, decision: Decision, s: Triaging) -> bool:
    _note_opt_out(stored, decision, s.handing.time.now(), s)
    bound = handover.bind(stored, decision, s.handing)
    if bound is None:
        return False
    if decision.page:
        handover.page(bound, stored, decision.reason, s.handing)
    return stored.sending.state not in CLAIMABLE or handover.pass_on_slot(stored, s.handing)


def _edited(stored: StoredMention, s: Triaging) -> str:
    """Look at an edit: it never brings a second text, but it may need a person now."""
    if stored.sending.state in _IN_FLIGHT:
        return "in_flight"
    conversation = handover.conversation_of(stored, s.handing)
    decision = _decision(stored, conversation, s)
    if _forbids(decision):
        return _stopped(stored, decision, s)
    if _needs_person(stored, conversation, decision):
        decision = replace(decision, outcome="hold", reason="edited", joins=False)
        if handover.bind(stored, decision, s.handing) is None:
            return "contended"
        if stored.sending.state == "silent":
            return _finished(stored, "queued", decision, s)
    s.handing.mentions.settle_change(stored)
    s.meter.count("edited_handled")
    return "edited"


def _needs_person(stored: StoredMention, conversation: Conversation, decision: Decision) -> bool:
    """Whether the new words are for a person who has not got them yet."""
    case = conversation.live_case
    waits = case is not None and stored.mention.id in case.pending
    # What an earlier look at this edit bound, and then died, is handed over again.
    is_bound = conversation.outcome_of(stored.mention.id) == ("hold", "edited")
    return decision.band in ("urgent", "normal") and (is_bound or not waits)


def _deleted(stored: StoredMention, s: Triaging) -> str:
    state = stored.sending.state
    if state in _IN_FLIGHT:
        # `todo` stays: whatever the sender writes next brings this record back.
        return "in_flight"
    # What is parked may be visible: nobody else may get the slot, and somebody must look.
    if state in ("sent", "parked"):
        told = handover.to_person(
            stored, "deleted_after_reply", s.handing, band="low", chore="delete_ours"
        )
        if told is None:
            return "contended"
    elif state != "gone" and not (
        handover.withdraw(stored, s.handing) and handover.pass_on_slot(stored, s.handing)
    ):
        return "contended"
    # Before the write that ends it: nobody would come back for a text that was left behind.
    s.handing.mentions.blank(stored.mention.id, s.handing.time.now())
    if state in ("sent", "parked", "gone"):
        s.handing.mentions.settle_change(stored)
    elif not s.handing.mentions.finish(stored, "gone", "deleted", ()):
        return "changed"
    s.meter.count("deleted_handled")
    return "deleted"


def _own_post(stored: StoredMention, s: Triaging) -> str:
    if stored.edited and not _edit_is_heard(stored, s):
        return "contended"
    outcome = own_posts.settle(stored, s.handing, s.outbox, s.timeline)
    if outcome == own_posts.UNDECIDED:
        return _decided(stored, s)
    s.meter.count(f"own_post_{outcome}")
    return outcome


def _edit_is_heard(stored: StoredMention, s: Triaging) -> bool:
    """Look at the edit whose `todo` our own post may have taken the place of."""
    conversation = handover.conversation_of(stored, s.handing)
    past = conversation.outcome_of(stored.mention.id)
    if past is None:
        # The newest words are what will be decided on.
        return True
    decision = _decision(stored, conversation, s)
    is_news = _forbids(decision) and past != (decision.outcome, decision.reason)
    return not is_news or _held_for_people(stored, decision, s)
