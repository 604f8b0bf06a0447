"""Bring one reply as far as it can go now: the machine's acknowledgement under the rules that bind
it, or a person's words. How a send is claimed, made and recorded stands in `attempts`."""

from dataclasses import replace
from typing import Final

from heed.domain.conversation import ANSWERED_ELSEWHERE, Ack, Conversation
from heed.domain.mention import MentionId
from heed.domain.policy import Verdict
from heed.domain.reply import CLAIMABLE, FINAL, RETRY_MS, ReplyRef, ReplyState
from heed.domain.voice import TextKind, compose
from heed.flows import handover, ruling
from heed.flows.accounts import DISABLED, tell
from heed.flows.attempts import UNSETTLED, look, send, settle
from heed.flows.sending import Job, Replying, end, note_reply, postpone
from heed.ports import HeldDraft, Move

PAUSE_LOOK_MS: Final = RETRY_MS
# Who inherits a slot was handed to people already.
_MACHINES_CLAIMABLE: Final[tuple[ReplyState, ...]] = (*CLAIMABLE, "queued")
# A machine is not heard in time, or not at all: a person must be.
_TO_PEOPLE: Final = ("stale", DISABLED)
_NOT_RESERVED: Final = Verdict("refuse", "not_reserved")


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
    settled = settle(job, s, _MACHINES_CLAIMABLE)
    if isinstance(settled, str):
        return settled
    return "unsettled" if stored.todo in UNSETTLED else _acknowledged(settled, s)


def _acknowledged(job: Job, s: Replying) -> str:
    conversation = handover.conversation_of(job.stored, s.handing)
    ack = conversation.ack
    is_reserved = ack is not None and ack.of == job.stored.mention.id
    verdict = ruling.rule(job, conversation, s) if is_reserved else _NOT_RESERVED
    if job.is_in_doubt and verdict.ruling != "allow":
        # No second text may leave under the key; the first may stand.
        looked = look(job, s, waits=verdict.ruling == "hold")
        return looked if isinstance(looked, str) else "planned"
    if ack is None or not is_reserved:
        return _unreserved(job, conversation, s)
    if verdict.ruling == "refuse" or verdict.clause == DISABLED:
        return _withheld(job, conversation, verdict.clause, s)
    return _ruled(_composed(job, ack, s), verdict, s)


def _ruled(job: Job, verdict: Verdict, s: Replying) -> str:
    if verdict.clause == "draft":
        return _drafted(job, s)
    if verdict.ruling == "hold":
        return postpone(job, verdict.clause, PAUSE_LOOK_MS, s)
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


def _composed(job: Job, ack: Ack, s: Replying) -> Job:
    kind: TextKind = "apology" if ack.kind == "apology" else "neutral"
    mention = job.stored.mention
    composed = compose(
        s.voices[job.stored.brand],
        kind,
        mention_id=mention.id,
        language=ack.language,
        platform=mention.platform,
        display_name=mention.author.name,
    )
    return replace(job, text=composed.text, outcome="acknowledge", reasons=ack.reasons)


_FINAL_BY_CLAUSE: Final[dict[str, ReplyState]] = {
    ANSWERED_ELSEWHERE: "cancelled",
    ruling.PERSON_HAS_IT: "cancelled",
    "gone": "gone",
}


def _withheld(job: Job, conversation: Conversation, clause: str, s: Replying) -> str:
    """End what a rule forbids for good: the case, if any, stays with people."""
    if clause == DISABLED:
        tell(job, DISABLED, s)
    # Who inherited the slot was handed to people before.
    if clause in _TO_PEOPLE and job.sending.state not in FINAL:
        opened = handover.to_person(job.stored, clause, s.handing)
        if opened is None:
            return "contended"
        conversation = opened
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
    settled = settle(job, s)
    if isinstance(settled, Job):
        return _persons_word(settled, s)
    if job.sending.state == "sent":
        # Whoever recorded it may have stopped before the conversation knew.
        note_reply(job, job.sending.first_try_at, s)
    return settled


def _persons_word(job: Job, s: Replying) -> str:
    if job.stored.gone_at:
        return end(job, "refused", "gone", s)
    if job.account.name not in s.controls.get(job.stored.brand).disabled:
        return send(job, s)
    tell(job, DISABLED, s)
    looked = look(job, s) if job.is_in_doubt else job
    # Planned once more, it ends like all others.
    return looked if isinstance(looked, str) else end(looked, "refused", DISABLED, s)
