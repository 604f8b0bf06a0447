"""Claiming: a bell or the index proposes a case, the conditional write decides. Two agents never
hold one case."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from heed.domain import case as cases
from heed.domain.case import BANDS, Band, Case
from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId
from heed.flows import desk
from heed.flows.desk import Agent, CaseView, Desk
from heed.flows.handover import RACES_MAX

# Which band a claim looks at first, turn by turn: four, two and one in seven, so that a stream of
# urgent cases does not starve the others.
WHEEL: Final[tuple[Band, ...]] = (
    "urgent", "normal", "urgent", "low", "urgent", "normal", "urgent",
)  # fmt: skip
# Each receive of an empty queue waits a second.
RECEIVES_MAX: Final = 3
CANDIDATES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """Which case an agent wants; what is empty does not matter."""

    brand: str = ""
    language: str = ""
    skill: str = ""
    platform: str = ""
    band: Band | None = None

    @property
    def needs_index(self) -> bool:
        """Whether bells cannot tell: they know a brand and a band, nothing else."""
        return bool(self.language or self.skill or self.platform)


@dataclass(frozen=True, slots=True)
class _Taker:
    """An agent on the way to one case: the attempt tells an own write from another's."""

    agent: Agent
    attempt: str
    now: int


_Fate = tuple[Literal["taken", "stale", "busy"], Conversation | None]


def claim(wish: Wish, agent: Agent, s: Desk) -> CaseView | None:
    """Give the agent the next case that fits. None: there is no work.

    Raises: ForbiddenError when the agent has no brand, or not the one that is named.
    """
    brands = desk.brands_of(agent, wish.brand, s)
    taker = _Taker(agent, s.handing.time.new_id(), s.handing.time.now())
    found = None if wish.needs_index else _by_bell(wish, brands, taker, s)
    # An empty receive is not "no work": a bell may be hidden, lost, or not rung yet.
    found = found or _by_index(wish, brands, taker, s)
    s.meter.count("claimed" if found else "nothing_to_claim")
    if found is None or found.case is None:
        return None
    return desk.view_of(found, found.case, agent)


def _by_bell(wish: Wish, brands: tuple[str, ...], taker: _Taker, s: Desk) -> Conversation | None:
    queues = _queues(wish, brands, next(s.turns))
    for _ in range(RECEIVES_MAX):
        if not queues:
            return None
        bell = s.handing.bells.next(*queues[0])
        if bell is None:
            queues = queues[1:]
            continue
        fate, conversation = _take(bell.conversation, bell.epoch, taker, s)
        if fate != "busy":
            s.handing.bells.silence(bell)
        if conversation is not None:
            return conversation
    return None


def _queues(wish: Wish, brands: tuple[str, ...], turn: int) -> list[tuple[str, Band]]:
    """Order the queues for one turn: its band first, then the urgent one; brands take turns too."""
    first = WHEEL[turn % len(WHEEL)]
    bands = (wish.band,) if wish.band else dict.fromkeys((first, *BANDS))
    start = turn % len(brands)
    return [(brand, band) for band in bands for brand in (*brands[start:], *brands[:start])]


def _by_index(wish: Wish, brands: tuple[str, ...], taker: _Taker, s: Desk) -> Conversation | None:
    proposed = [
        (conversation, case)
        for brand in brands
        for conversation in s.handing.conversations.list_cases(brand, "open", limit=CANDIDATES_MAX)
        if (case := conversation.case) is not None
    ]
    proposed.sort(key=lambda pair: (BANDS.index(pair[1].band), pair[1].due_at))
    for conversation, case in proposed:
        if _fits(wish, conversation, case, s):
            _, taken = _take(conversation.id, case.epoch, taker, s)
            if taken is not None:
                return taken
    return None


def _fits(wish: Wish, conversation: Conversation, case: Case, s: Desk) -> bool:
    told = (
        (wish.band, case.band),
        (wish.platform, conversation.platform),
        (wish.skill, case.skill),
    )
    if any(wanted and wanted != actual for wanted, actual in told):
        return False
    # Last, because it may have to read a mention.
    wanted = _main_language(wish.language)
    return not wanted or wanted == _language(conversation, case, s)


def _language(conversation: Conversation, case: Case, s: Desk) -> str:
    """Tell the customer's language: as triage found it, as the platform says, else the brand's."""
    if case.reason == "no_language" and case.skill:
        return case.skill
    if conversation.ack is not None:
        return conversation.ack.language
    stored = s.handing.mentions.get(case.opened_by)
    told = stored.mention.language if stored else None
    return _main_language(told or s.handing.policies[conversation.brand].languages[0])


def _main_language(tag: str) -> str:
    """Reduce a tag such as pt-BR to its language."""
    return tag.partition("-")[0].lower()


def _take(conversation_id: ConversationId, epoch: int, taker: _Taker, s: Desk) -> _Fate:
    """Try to take a case as it was proposed. stale: whoever proposed it is out of date."""
    for _ in range(RACES_MAX):
        conversation = s.handing.conversations.get(conversation_id)
        case = conversation.case if conversation else None
        if conversation is None or case is None:
            return "stale", None
        if case.state == "claimed" and case.attempt == taker.attempt:
            # The answer to our own write was lost, and the client wrote again.
            return "taken", conversation
        if case.state != "open" or case.epoch != epoch:
            return "stale", None
        held = cases.claim(case, taker.agent.id, attempt=taker.attempt, now=taker.now)
        if saved := s.handing.conversations.save(replace(conversation, case=held)):
            return "taken", saved
    return "busy", None
