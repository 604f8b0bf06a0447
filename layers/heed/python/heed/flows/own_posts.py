"""Settling our own posts: they prove what we sent, or they are a colleague's answer from the
platform itself. They never become mentions and are never dropped blindly."""

from typing import Final

from heed.domain import conversation as conversations
from heed.domain.conversation import ANSWERED_ELSEWHERE, Conversation
from heed.domain.reply import FINAL, ReplyRef, Sending, machine_reply
from heed.flows import handover
from heed.flows.handover import Handing
from heed.ports import AgentReply, Move, Outbox, StoredMention, Timeline

UNDECIDED: Final = "undecided"


def settle(post: StoredMention, handing: Handing, outbox: Outbox, timeline: Timeline) -> str:
    """Settle what one of our own posts answers. `post`: the mention that it is noted on, or a mark.

    Returns what was done, in one word; UNDECIDED when the answered mention is not decided yet.
    """
    if post.is_mark and not post.conversation:
        # What it answers never came here, or not yet: then it will find the mark.
        handing.mentions.settle_change(post)
        return "mark"
    answered = _answered_by(post, handing)
    if _proves_machines(post, answered, outbox) or _proves_persons(post, handing, outbox, timeline):
        handing.mentions.settle_change(post)
        return "proof"
    spoken = handover.note_answer(post, handing)
    if spoken is None:
        return "contended"
    if answered is not None and _is_reserved(answered, spoken):
        reasons = answered.reasons
        if not handing.mentions.finish(answered, "cancelled", ANSWERED_ELSEWHERE, reasons):
            return "changed"
    elif post.sending.state == "new":
        return UNDECIDED
    handing.mentions.settle_change(post)
    return ANSWERED_ELSEWHERE


def _answered_by(post: StoredMention, handing: Handing) -> StoredMention | None:
    """Find what a post of ours may answer: the mention that it is noted on, or, of a private
    conversation, the one that holds the acknowledgement slot."""
    if not post.is_mark:
        return post
    ack = handover.conversation_of(post, handing).ack
    return handing.mentions.get(ack.of) if ack else None


def _is_reserved(answered: StoredMention, conversation: Conversation) -> bool:
    """Whether an acknowledgement is still to leave."""
    if answered.sending.state == "planned":
        return True
    past = conversation.outcome_of(answered.mention.id)
    return answered.sending.state == "new" and past is not None and past[0] == "acknowledge"


def _proves_machines(post: StoredMention, answered: StoredMention | None, outbox: Outbox) -> bool:
    """Match a post with the acknowledgement; one in doubt is thereby proved."""
    if answered is None or not _is_ours(answered.sending, post):
        return False
    _prove(machine_reply(answered.mention.id), answered.sending, post, outbox)
    return True


def _proves_persons(
    post: StoredMention, handing: Handing, outbox: Outbox, timeline: Timeline
) -> bool:
    """Match a post with what people wrote here; what is in doubt is thereby proved."""
    for entry in timeline.entries(post.conversation):
        if not isinstance(entry, AgentReply) or not _is_ours(entry.sending, post):
            continue
        if post.is_mark or entry.mention == post.mention.id:
            _prove(entry.ref, entry.sending, post, outbox)
            handover.change(post, handing, lambda c: conversations.person_answered(c, post.own_at))
            return True
    return False


def _is_ours(sending: Sending, post: StoredMention) -> bool:
    if sending.reply_id and sending.reply_id == post.own_post:
        return True
    return bool(sending.first_try_at) and sending.fingerprint == post.own_fingerprint


def _prove(ref: ReplyRef, sending: Sending, post: StoredMention, outbox: Outbox) -> None:
    if sending.state not in FINAL or sending.state in ("parked", "refused"):
        outbox.move(ref, sending, Move("sent", reply_id=post.own_post))
