"""Answering and resolving a case. A person's reply goes the way of every reply: stored once under
the case's epoch, then sent by the lane; saying it again changes nothing."""

import math
from dataclasses import dataclass
from typing import Final

from heed.domain import case as cases
from heed.domain.case import Case
from heed.domain.conversation import Conversation
from heed.domain.mention import MentionId
from heed.domain.reply import CLAIMABLE, UNDO_MS, ReplyState, Sending, agent_reply
from heed.errors import (
    ForbiddenError,
    InvalidRequestError,
    NewMentionError,
    NotFoundError,
    StaleEpochError,
    TransitionError,
)
from heed.flows import desk, desk_rules, desk_views, handover
from heed.flows.desk import Agent, CaseView, Desk
from heed.flows.handover import RACES_MAX
from heed.ports import AgentReply, Move, StoredMention

UNDONE: Final = "undone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent wants to say. `mention`: what it answers; `seen`: what else was read before;
    `reply_id`: the agent's own name for it. `private` None: as the mention itself."""

    epoch: int
    mention: str
    text: str
    reply_id: str
    private: bool | None = None
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyView:
    """Where a person's reply stands. `reason`: why it waits or did not leave; `leaves_at`: not
    before then, and until it has left it can be taken back; 0 when it does not wait."""

    id: str
    state: ReplyState
    reason: str
    leaves_at: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How an agent wants to end a case. `seen`: the pending mentions as the agent saw them."""

    epoch: int
    resolution: str
    seen: tuple[str, ...] = ()


# What has not left: whoever inherits a slot was handed to people before.
_UNSENT: Final = (*CLAIMABLE, "queued")


def answer(case_id: str, wanted: Answer, agent: Agent, s: Desk) -> ReplyView:
    """Take a reply and hand it to its lane.

    Raises: NotFoundError; StaleEpochError; NewMentionError when the customer wrote what the agent
    did not name; TransitionError for another reply under the same id; InvalidRequestError, by its
    clause, for what may not be said.
    """
    conversation, case = desk.find_case(case_id, agent, s)
    stored = s.handing.mentions.get(MentionId(wanted.mention))
    if stored is None or stored.conversation != conversation.id:
        raise InvalidRequestError("answer a mention of this case; GET it to list them", "mention")
    reply = _composed(wanted, stored, agent, s)
    known = s.outbox.get_reply(reply.ref)
    if known is None:
        _check(wanted, stored, case, agent, s)
        known = _stored(reply, wanted.epoch, s)
    _check_same(known, reply)
    _settle(wanted, known, agent, s)
    return _view(known)


def _view(reply: AgentReply) -> ReplyView:
    entry = desk_views.reply_entry(reply)
    return ReplyView(entry.id, entry.state, entry.reason, entry.leaves_at)


def _composed(wanted: Answer, stored: StoredMention, agent: Agent, s: Desk) -> AgentReply:
    is_private, now = stored.mention.visibility == "private", s.handing.time.now()
    return AgentReply(
        ref=agent_reply(stored.conversation, stored.received_at, wanted.reply_id),
        conversation=stored.conversation,
        mention=stored.mention.id,
        agent=agent.id,
        text=wanted.text,
        at=now,
        private=is_private if wanted.private is None else wanted.private,
        sending=Sending("planned", opens_at=now + UNDO_MS),
    )


def _check(wanted: Answer, stored: StoredMention, case: Case, agent: Agent, s: Desk) -> None:
    cases.check_holder(case, agent.id, wanted.epoch, s.handing.time.now())
    mention = stored.mention
    adapter, brand = s.load(mention.platform), s.handing.policies[stored.brand]
    private = bool(wanted.private) or mention.visibility == "private"
    if wanted.private is False and private:
        raise InvalidRequestError("the customer wrote privately; answer privately", "visibility")
    verdict = desk_rules.judge(
        stored, s.controls.get(stored.brand), brand, adapter, private=private
    )
    if verdict.ruling != "allow":
        says = verdict.says or "the rules do not allow this reply now"
        raise InvalidRequestError(f"{says}; answer another mention or another way", verdict.clause)
    handle = mention.author.handle
    voice = s.voices[stored.brand]
    desk_rules.check_reply(wanted.text, adapter, voice, public=not private, handle=handle)
    named = {wanted.mention, *wanted.seen}
    if unseen := tuple(one for one in case.pending if one not in named):
        raise NewMentionError("the customer wrote again; read it and name it in seen", unseen)


def _stored(reply: AgentReply, epoch: int, s: Desk) -> AgentReply:
    try:
        if s.timeline.add_reply(reply, epoch) == "added":
            s.meter.count("agent_reply")
            return reply
    except StaleEpochError as error:
        now = s.handing.conversations.get(reply.conversation)
        current = now.case.epoch if now and now.case else 0
        raise StaleEpochError("the case changed hands or state meanwhile", current) from error
    return s.outbox.get_reply(reply.ref) or reply


def _check_same(known: AgentReply, reply: AgentReply) -> None:
    told = (known.mention, known.agent, known.text, known.private)
    if told != (reply.mention, reply.agent, reply.text, reply.private):
        raise TransitionError("this reply_id already stands for another reply; use a new one")


def _settle(wanted: Answer, known: AgentReply, agent: Agent, s: Desk) -> None:
    """Do what follows from a stored reply; each step may be repeated, and is by every repeat."""
    named = tuple(MentionId(one) for one in (wanted.mention, *wanted.seen))

    def seen(case: Case) -> Case:
        is_held = case.state == "claimed" and case.agent == agent.id and case.epoch == wanted.epoch
        return cases.see(case, named) if is_held else case

    conversation, _ = desk.change_case(known.conversation, agent, s, seen)
    if known.sending.state in CLAIMABLE:
        cancel_acknowledgement(conversation, s)
        waits_ms = max(known.sending.opens_at - s.handing.time.now(), 0)
        # A second more: whoever comes too early, by another clock, leaves it to sweep.
        delay_s = min(math.ceil(waits_ms / 1000), UNDO_MS // 1000) + 1 if waits_ms else 0
        s.handing.lanes.ring(conversation.platform, known.ref, delay_s)


def undo(case_id: str, reply_id: str, agent: Agent, s: Desk) -> ReplyView:
    """Take a reply back that has not left. The mention that it answered waits for a person again,
    by the same time as before; a resolved case is open again. A repeat changes nothing.

    Raises: NotFoundError; ForbiddenError for another agent's reply, except to a lead;
    TransitionError when it has left.
    """
    conversation, _ = desk.find_case(case_id, agent, s)
    entries = s.timeline.entries(conversation.id)
    replies = [entry for entry in entries if isinstance(entry, AgentReply)]
    # The newest: the same name may stand below several mentions.
    found = next((one for one in reversed(replies) if _view(one).id == reply_id), None)
    if found is None:
        raise NotFoundError("there is no such reply in this case; GET it to list them")
    if found.agent != agent.id and not agent.is_lead:
        raise ForbiddenError("only who wrote a reply, or a lead, may take it back")
    if found.sending.state != "cancelled":
        is_ours = found.sending.state in CLAIMABLE
        if not is_ours or not s.outbox.move(
            found.ref, found.sending, Move("cancelled", reason=UNDONE)
        ):
            raise TransitionError("this reply has left; GET the case to see where it stands")
        s.meter.count("reply_undone")
    if not any(_answers_too(one, found) for one in replies):
        _unanswer(found, agent, s)
    return ReplyView(reply_id, "cancelled", UNDONE, 0)


def _answers_too(one: AgentReply, found: AgentReply) -> bool:
    is_standing = one.sending.state not in ("cancelled", "refused")
    return one.ref != found.ref and one.mention == found.mention and is_standing


def _unanswer(reply: AgentReply, agent: Agent, s: Desk) -> None:
    stored, now = s.handing.mentions.get(reply.mention), s.handing.time.now()
    if stored is None or stored.gone_at:
        return

    def unseen(case: Case) -> Case:
        return case if reply.mention in case.pending else cases.unsee(case, reply.mention, now)

    conversation, _ = desk.change_case(reply.conversation, agent, s, unseen)
    handover.ring(conversation, s.handing)


def resolve(case_id: str, ending: Ending, agent: Agent, s: Desk) -> CaseView:
    """End a case. A repeat changes nothing.

    Raises: NotFoundError, StaleEpochError, NewMentionError, InvalidRequestError.
    """
    now = s.handing.time.now()

    def resolved(case: Case) -> Case:
        done = (case.state, case.agent, case.epoch, case.resolution)
        if done == ("resolved", agent.id, ending.epoch + 1, ending.resolution):
            return case
        return cases.resolve(
            case,
            agent.id,
            ending.epoch,
            resolution=ending.resolution,
            seen=ending.seen,
            now=now,
        )

    conversation, case = desk.change_case(case_id, agent, s, resolved)
    cancel_acknowledgement(conversation, s)
    s.meter.count("resolved")
    return desk.view_of(conversation, case, agent)


def cancel_acknowledgement(conversation: Conversation, s: Desk) -> None:
    """Stop a machine text that has not left: a person has answered (story 37).

    The slot stays taken: nobody inherits it, or the machine would speak after the person.
    """
    if conversation.ack is None:
        return
    for _ in range(RACES_MAX):
        stored = s.handing.mentions.get(conversation.ack.of)
        if stored is None or stored.gone_at or stored.sending.state not in _UNSENT:
            return
        reasons = stored.reasons or conversation.ack.reasons
        if s.handing.mentions.finish(stored, "cancelled", "answered_by_person", reasons):
            s.meter.count("acknowledgement_cancelled")
            return
