"""The agents' desk: who asks, what they may see, and holding a case. Every write by an agent names
the epoch that it saw, and nothing of another brand exists for them.

What else the desk does stands beside it: desk_claims, desk_views, desk_answers, desk_drafts,
desk_controls; what a person may write is in desk_rules."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from heed import adapter as adapters
from heed.adapter import Adapter
from heed.domain import case as cases
from heed.domain.case import Band, Case, CaseState
from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId, MentionId
from heed.domain.voice import Voice
from heed.errors import ForbiddenError, InvalidRequestError, NotFoundError, TransitionError
from heed.flows import handover
from heed.flows.desk_rules import check_words
from heed.flows.handover import RACES_MAX, Handing
from heed.ports import Controls, Meter, Note, Outbox, StoredMention, Timeline

NOTE_CHARS_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class Agent:
    """Who asks. `id` stands in cases and replies; `subject` names the same person in logs, where no
    name may stand. `brands`: whose cases are theirs."""

    id: str
    subject: str
    brands: tuple[str, ...]
    is_lead: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with. `controls` must not be cached: a switch starts from what is.
    `turns` counts claims, so that they go round the bands."""

    handing: Handing
    controls: Controls
    outbox: Outbox
    timeline: Timeline
    voices: Mapping[str, Voice]
    meter: Meter
    load: Callable[[str], Adapter] = field(default=adapters.load)
    turns: Iterator[int] = field(default_factory=itertools.count)


class NoPager:
    """`heed.ports.Pager` of the desk: it pages nobody, for somebody sits there."""

    def page(self, brand: str, conversation: ConversationId, reason: str, mention: str) -> None:
        """Do nothing."""

    def page_account(self, brand: str, account: str, reason: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as agents see it. Instants in epoch milliseconds, 0 = never."""

    id: ConversationId
    brand: str
    platform: str
    account: str
    state: CaseState
    band: Band
    due_at: int
    opened_at: int
    epoch: int
    lease_until: int
    agent: str
    is_mine: bool
    pending: tuple[MentionId, ...]
    reason: str
    skill: str
    flags: tuple[str, ...]
    chores: tuple[str, ...]
    resolution: str
    resolved_at: int


def view_of(conversation: Conversation, case: Case, agent: Agent) -> CaseView:
    """Show a case to an agent."""
    return CaseView(
        id=conversation.id,
        brand=conversation.brand,
        platform=conversation.platform,
        account=conversation.account,
        state=case.state,
        band=case.band,
        due_at=case.due_at,
        opened_at=case.opened_at,
        epoch=case.epoch,
        lease_until=case.lease_until,
        agent=case.agent,
        is_mine=case.state == "claimed" and case.agent == agent.id,
        pending=case.pending,
        reason=case.reason,
        skill=case.skill,
        flags=case.flags,
        chores=case.chores,
        resolution=case.resolution,
        resolved_at=case.resolved_at,
    )


def brands_of(agent: Agent, wanted: str, s: Desk) -> tuple[str, ...]:
    """List the brands that a request is about: the one it names, or all of the agent's.

    Raises: ForbiddenError when none is left, in the same words whether or not a brand exists.
    """
    brands = tuple(brand for brand in agent.brands if brand in s.handing.policies)
    if not brands:
        raise ForbiddenError("you have no brand; ask a lead to run: heed agent add")
    if wanted and wanted not in brands:
        raise ForbiddenError(f"you are not an agent of this brand; yours: {', '.join(brands)}")
    return (wanted,) if wanted else brands


def find_case(case_id: str, agent: Agent, s: Desk) -> tuple[Conversation, Case]:
    """Read a case of the agent's brands. Raises: NotFoundError; ForbiddenError without a brand."""
    brands = brands_of(agent, "", s)
    conversation = s.handing.conversations.get(ConversationId(case_id))
    if conversation is None or conversation.case is None or conversation.brand not in brands:
        raise NotFoundError("there is no such case; list those that are open with GET /v1/cases")
    return conversation, conversation.case


def find_mention(mention: str, agent: Agent, s: Desk) -> StoredMention:
    """Read a mention of the agent's brands. Raises: NotFoundError; ForbiddenError."""
    brands = brands_of(agent, "", s)
    stored = s.handing.mentions.get(MentionId(mention))
    if stored is None or stored.brand not in brands:
        raise NotFoundError("there is no such mention; encode its id for the address (# is %23)")
    return stored


def change_case(
    case_id: str, agent: Agent, s: Desk, step: Callable[[Case], Case]
) -> tuple[Conversation, Case]:
    """Apply a pure step to a case, again on what others wrote meanwhile.

    Raises: NotFoundError; what `step` raises; TransitionError when the races did not end.
    """
    for _ in range(RACES_MAX):
        conversation, case = find_case(case_id, agent, s)
        after = step(case)
        if after == case:
            return conversation, case
        if saved := s.handing.conversations.save(replace(conversation, case=after)):
            return saved, after
    raise TransitionError("others are writing this case at this moment; try again")


def renew(case_id: str, epoch: int, agent: Agent, s: Desk) -> CaseView:
    """Extend the lease of a case that the agent holds. Raises: NotFoundError, StaleEpochError."""
    now = s.handing.time.now()
    found = change_case(case_id, agent, s, lambda case: cases.renew(case, agent.id, epoch, now))
    return view_of(*found, agent)


def release(case_id: str, epoch: int, agent: Agent, s: Desk) -> None:
    """Give a case back and ring for it. A repeat rings once more and changes nothing.

    Raises: NotFoundError, StaleEpochError.
    """
    now = s.handing.time.now()

    def released(case: Case) -> Case:
        if case.state == "open" and case.epoch == epoch + 1:
            return case
        return cases.release(case, agent.id, epoch, now)

    conversation, _ = change_case(case_id, agent, s, released)
    handover.ring(conversation, s.handing)
    s.meter.count("released")


def add_note(case_id: str, epoch: int | None, text: str, *, agent: Agent, s: Desk) -> Note:
    """Write a line for colleagues. Whoever names an epoch must hold the case; without one a
    colleague helps.

    Raises: NotFoundError, StaleEpochError; InvalidRequestError for a text that cannot be kept.
    """
    conversation, case = find_case(case_id, agent, s)
    now = s.handing.time.now()
    if epoch is not None:
        cases.check_holder(case, agent.id, epoch, now)
    check_words(text)
    if len(text) > NOTE_CHARS_MAX:
        raise InvalidRequestError(f"a note has at most {NOTE_CHARS_MAX} characters", "too_long")
    note = Note(
        conversation=conversation.id,
        at=now,
        id=s.handing.time.new_id(),
        kind="note",
        agent=agent.id,
        text=text,
    )
    s.timeline.add_note(note)
    s.meter.count("note")
    return note
