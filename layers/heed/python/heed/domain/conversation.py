"""A conversation: one customer's matter with one brand. It serialises everything that must not
race: the acknowledgement slot, opt-out, and the case. Pure: the store keeps whole conversations
under a version, and a write that lost the race is decided again."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from heed.domain import case as cases
from heed.domain.case import Band, Case
from heed.domain.clock import DAY_MS
from heed.domain.decision import Decision, Outcome
from heed.domain.mention import ConversationId, MentionId

ACK_COOLDOWN_MS = DAY_MS
DECIDED_MAX = 32
ANSWERED_ELSEWHERE = "answered_elsewhere"
# Reasons that tell people nothing about the matter; all others are flags of a case that is there.
_ORDINARY = ("neutral", "apology", "once")

_Word = TypeVar("_Word", bound=str)
Speaker = Literal["customer", "machine", "person"]


@dataclass(frozen=True, slots=True)
class Ack:
    """The acknowledgement slot: which mention is answered, with which kind of text, since when.
    `joined`: the last mention that would have had it, and inherits it if it ends unsent. `reasons`
    are the decision's, kept here until the sending writes them to the mention."""

    of: MentionId
    at: int
    kind: str
    language: str
    joined: MentionId | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is known of a conversation. `version` counts writes; 0 = not stored yet.

    `decided`: the newest decisions as (short hash of the mention, outcome, reason): a mention that
    comes again finds its own and takes it. `person_spoke_at`: a human or native answer.
    """

    id: ConversationId
    brand: str
    platform: str
    account: str
    version: int = 0
    ack: Ack | None = None
    case: Case | None = None
    opted_out_at: int = 0
    person_spoke_at: int = 0
    decided: tuple[tuple[str, Outcome, str], ...] = ()

    @property
    def last_speaker(self) -> Speaker:
        """Who spoke last on our side, or the customer when nobody did."""
        if self.person_spoke_at and self.person_spoke_at >= (self.ack.at if self.ack else 0):
            return "person"
        return "machine" if self.ack else "customer"

    @property
    def live_case(self) -> Case | None:
        """The case that still needs somebody."""
        return self.case if self.case and self.case.is_live else None

    def outcome_of(self, mention: MentionId) -> tuple[Outcome, str] | None:
        """Tell what was decided for a mention before, with its reason."""
        mark = mark_of(mention)
        return next(((o, reason) for m, o, reason in self.decided if m == mark), None)

    def slot_is_taken(self, at: int) -> bool:
        """Whether somebody was acknowledged here so recently that nobody else may be."""
        return self.ack is not None and at - self.ack.at < ACK_COOLDOWN_MS


def reserve(
    conversation: Conversation, mention: MentionId, decision: Decision, now: int
) -> Conversation:
    """Write a decision where it binds: slot, opt-out, case and the mention's outcome at once."""
    after = conversation
    if decision.outcome == "acknowledge":
        ack = Ack(
            of=mention,
            at=now,
            kind=decision.reason,
            language=decision.language,
            reasons=decision.reasons,
        )
        after = replace(after, ack=ack)
    elif decision.joins and after.ack is not None and after.ack.of != mention:
        after = replace(after, ack=replace(after.ack, joined=mention))
    if decision.opts_out:
        after = replace(after, opted_out_at=now)
    if decision.band is not None:
        opened = _opened(mention, decision, decision.band, now)
        after = replace(after, case=_merged(after.case, opened) if after.case else opened)
    mark = mark_of(mention)
    others = tuple(entry for entry in after.decided if entry[0] != mark)
    entry = (mark, decision.outcome, decision.reason)
    return replace(after, decided=(*others, entry)[-DECIDED_MAX:])


def _opened(mention: MentionId, decision: Decision, band: Band, now: int) -> Case:
    return Case(
        state="open",
        band=band,
        due_at=decision.due_at,
        epoch=1,
        opened_at=now,
        opened_by=mention,
        reason=decision.reason,
        pending=(mention,),
        skill=decision.skill,
        flags=decision.flags,
        chores=decision.chores,
        page=decision.page,
        rung_at=now,
    )


def _merged(case: Case, new: Case) -> Case:
    """Add what a new mention brings to the case that the conversation has."""
    band = cases.higher(case.band, new.band)
    if not case.is_live and new.band != "low":
        # "Still not solved" is one band up; a kind word about something else is not.
        band = cases.one_up(band)
    elif not case.is_live:
        band = new.band
    # What a colleague answered elsewhere was said before this mention.
    known = tuple(flag for flag in case.flags if flag != ANSWERED_ELSEWHERE)
    why = () if new.reason in (case.reason, *_ORDINARY) else (new.reason,)
    merged = replace(
        case,
        band=band,
        due_at=min(case.due_at, new.due_at) if case.is_live else new.due_at,
        pending=_union(case.pending, new.pending)[-cases.PENDING_MAX :],
        skill=new.skill or case.skill,
        flags=_union(known, (*why, *new.flags)),
        chores=_union(case.chores, new.chores),
        page=(case.is_live and case.page) or new.page,
    )
    # Writing again after "solved" is the same case with its age. Who was waited for has answered,
    # and a new band rings; a holder sees the pending mention and is not disturbed.
    if not case.is_live:
        return replace(cases.reopened(merged, new.rung_at), resolution="", resolved_at=0)
    if case.state in ("waiting", "snoozed") or (band != case.band and case.state == "open"):
        return cases.reopened(merged, new.rung_at)
    return merged


def _union(one: tuple[_Word, ...], other: tuple[_Word, ...]) -> tuple[_Word, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def pass_on(conversation: Conversation, unsent: MentionId) -> Conversation:
    """Free the slot of a mention that ended unsent; who joined last inherits it."""
    ack = conversation.ack
    if ack is not None and ack.joined == unsent:
        return replace(conversation, ack=replace(ack, joined=None))
    if ack is None or ack.of != unsent:
        return conversation
    heir = replace(ack, of=ack.joined, joined=None) if ack.joined else None
    return replace(conversation, ack=heir)


def person_spoke(conversation: Conversation, at: int) -> Conversation:
    """Note a human or native answer: it stops the human clock of a live case."""
    after = replace(conversation, person_spoke_at=max(at, conversation.person_spoke_at))
    if case := after.live_case:
        flags = _union(case.flags, (ANSWERED_ELSEWHERE,))
        after = replace(after, case=replace(case, flags=flags))
    return after


def person_answered(conversation: Conversation, at: int) -> Conversation:
    """Note that a person's reply, written here, is visible."""
    return replace(conversation, person_spoke_at=max(at, conversation.person_spoke_at))


def mark_of(mention: MentionId) -> str:
    """Shorten a mention's id to what `decided` holds of it."""
    return hashlib.blake2b(mention.encode(), digest_size=5).hexdigest()
