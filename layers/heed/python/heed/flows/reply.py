"""Bring one reply as far as it can go now: the machine's acknowledgement under the rules that bind
it, or a person's words. How a send is claimed, made and recorded stands in `sending`."""

from typing import Final

from heed.domain.conversation import ANSWERED_ELSEWHERE, Conversation
from heed.domain.mention import MentionId
from heed.domain.reply import CLAIMABLE, FINAL, RETRY_MS, ReplyRef, ReplyState
from heed.flows import handover, ruling
from heed.flows.sending import Job, Replying, end, note_reply, postpone, send, settle
from heed.ports import HeldDraft, Move

PAUSE_LOOK_MS: Final = RETRY_MS
# Who inherits a slot was handed to people already.
_MACHINES_CLAIMABLE: Final[tuple[ReplyState, ...]] = (*CLAIMABLE, "queued")
# Changes of a mention that triage must look at before a text may leave.
_UNSETTLED: Final = ("own", "edit", "del")


def reply(ref: ReplyRef, s: Replying) -> str:
    """Bring one reply as far as it can go now. Returns where it stands, in one word.

    The message that rang may be deleted whatever comes back: an unfinished reply stands in the due
    index, and sweep rings again.
    """
    outcome = _agents(ref, s) if ref.is_agents else _machines(ref, s)
    s.meter.count(f"reply_{outcome}")
    return outcome


def _machines(ref: ReplyRef, s: Replying) -> str:
    stored = s.handing.mentions.get(MentionId(ref.owner.removeprefix("mention#")))
    if stored is None:
        return "unknown"
    adapter = s.load(stored.mention.platform)
    job = Job(ref, stored.sending, stored, adapter, since=stored.received_at)
    waiting = settle(job, s, _MACHINES_CLAIMABLE)
    if waiting is not None:
        return waiting
    return "unsettled" if stored.todo in _UNSETTLED else _acknowledged(job, s)


def _acknowledged(job: Job, s: Replying) -> str:
    conversation = handover.conversation_of(job.stored, s.handing)
    ack = conversation.ack
    if ack is None or ack.of != job.stored.mention.id:
        return _unreserved(job, conversation, s)
    job, verdict = ruling.rule(job, conversation, ack, s)
    if verdict.ruling == "refuse":
        return _withheld(job, conversation, verdict.clause, s)
    if verdict.clause == "draft":
        return _drafted(job, s)
    if verdict.ruling == "hold":
        return postpone(job, verdict.clause, verdict.wait_ms or PAUSE_LOOK_MS, s)
    return send(job, s)


def _unreserved(job: Job, conversation: Conversation, s: Replying) -> str:
    """End what was to be sent and lost its slot: to an heir, or to a later day."""
    past = conversation.outcome_of(job.stored.mention.id)
    was_reserved = past is not None and past[0] == "acknowledge"
    if job.sending.state == "planned" or (job.sending.state == "new" and was_reserved):
        # Whoever passed it on may have stopped before the heir heard of it.
        handover.pass_on_slot(job.stored, s.handing)
        final: ReplyState = "queued" if conversation.case else "silent"
        s.handing.mentions.finish(job.stored, final, "slot_passed_on", job.stored.reasons)
    return "not_reserved"


_FINAL_BY_CLAUSE: Final[dict[str, ReplyState]] = {
    ANSWERED_ELSEWHERE: "cancelled",
    ruling.PERSON_HAS_IT: "cancelled",
    "gone": "gone",
}


def _withheld(job: Job, conversation: Conversation, clause: str, s: Replying) -> str:
    """End what a rule forbids for good: the case, if any, stays with people."""
    if not handover.pass_on_slot(job.stored, s.handing):
        return "contended"
    # What an heir was before, it still is.
    if job.sending.state not in FINAL:
        reasons = conversation.ack.reasons if conversation.ack else ()
        final = _FINAL_BY_CLAUSE.get(clause) or ("queued" if conversation.case else "silent")
        s.handing.mentions.finish(job.stored, final, clause, reasons)
    return "withheld"


def _drafted(job: Job, s: Replying) -> str:
    draft = HeldDraft(
        brand=job.stored.brand,
        text=job.text,
        received_at=job.stored.received_at,
        outcome=job.outcome,
        reasons=job.reasons,
    )
    return "draft" if s.outbox.hold_draft(job.ref, job.sending, draft) else "lost"


def _agents(ref: ReplyRef, s: Replying) -> str:
    written = s.outbox.get_reply(ref)
    if written is None:
        return "unknown"
    stored = s.handing.mentions.get(written.mention)
    if stored is None:
        # Deleted so long ago that even its key is forgotten.
        if written.sending.state in CLAIMABLE:
            s.outbox.move(ref, written.sending, Move("refused", reason="gone"))
        return "unknown"
    job = Job(
        ref,
        written.sending,
        stored,
        s.load(stored.mention.platform),
        text=written.text,
        private=written.private,
        since=written.at,
    )
    if (waiting := settle(job, s)) is not None:
        if job.sending.state == "sent":
            # Whoever recorded it may have stopped before the conversation knew.
            note_reply(job, job.sending.first_try_at, s)
        return waiting
    return _persons_word(job, s)


def _persons_word(job: Job, s: Replying) -> str:
    if job.stored.gone_at:
        return end(job, "refused", "gone", s)
    verdict = ruling.rule_person(job, s)
    if verdict.ruling == "refuse":
        return end(job, "refused", verdict.clause, s)
    if verdict.ruling == "hold":
        return postpone(job, verdict.clause, verdict.wait_ms or PAUSE_LOOK_MS, s)
    return send(job, s)
