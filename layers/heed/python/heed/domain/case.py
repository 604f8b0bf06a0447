"""A case: what a person has to do for one conversation. Pure transitions; every change of holder
or state raises the epoch, and every write by an agent names the epoch that it saw."""

from dataclasses import dataclass, replace
from typing import Literal

from heed.domain.clock import HOUR_MS, MINUTE_MS
from heed.domain.mention import MentionId
from heed.errors import InvalidRequestError, NewMentionError, StaleEpochError, TransitionError

CaseState = Literal["open", "claimed", "waiting", "snoozed", "resolved"]
Band = Literal["urgent", "normal", "low"]
Resolution = Literal["solved", "not_solved", "handed_over", "no_action"]

BANDS: tuple[Band, ...] = ("urgent", "normal", "low")
RESOLUTIONS: tuple[Resolution, ...] = ("solved", "not_solved", "handed_over", "no_action")
LEASE_MS = 15 * MINUTE_MS
PENDING_MAX = 50
# How long a bell may stay unheard before sweep rings again: twice as long each time, so that a case
# nobody takes overnight does not fill its queue, and never so long that a lost bell costs a day.
RING_AGAIN_MS = 10 * MINUTE_MS
RING_AGAIN_MS_MAX = 2 * HOUR_MS
_DOUBLINGS_MAX = 4


@dataclass(frozen=True, slots=True)
class Case:
    """The case of a conversation. Instants in epoch milliseconds.

    `pending`: mentions that no person has seen under a claim. `due_at`: by when a person answers
    first. `rung_at`: when its bell was last put on a queue; `rings`: how often it was rung again
    since the case was opened for anyone.
    """

    state: CaseState
    band: Band
    due_at: int
    epoch: int
    opened_at: int
    opened_by: MentionId
    reason: str
    pending: tuple[MentionId, ...] = ()
    lease_until: int = 0
    agent: str = ""
    attempt: str = ""
    skill: str = ""
    flags: tuple[str, ...] = ()
    chores: tuple[str, ...] = ()
    page: bool = False
    resolution: str = ""
    resolved_at: int = 0
    rung_at: int = 0
    rings: int = 0

    @property
    def is_live(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state != "resolved"

    @property
    def rings_again_at(self) -> int:
        """When its bell must have been lost, or nobody was there to hear it."""
        wait_ms = RING_AGAIN_MS << min(self.rings, _DOUBLINGS_MAX)
        return self.rung_at + min(wait_ms, RING_AGAIN_MS_MAX)


def higher(one: Band, other: Band) -> Band:
    """Return the more urgent of two bands."""
    return min(one, other, key=BANDS.index)


def one_up(band: Band) -> Band:
    """Return the next more urgent band."""
    return BANDS[max(0, BANDS.index(band) - 1)]


def claim(case: Case, agent: str, *, attempt: str, now: int) -> Case:
    """Give an open case to an agent. Raises: TransitionError when it is not open."""
    if case.state != "open":
        raise TransitionError(f"the case is {case.state}, not open")
    return replace(
        case,
        state="claimed",
        agent=agent,
        attempt=attempt,
        epoch=case.epoch + 1,
        lease_until=now + LEASE_MS,
    )


def check_holder(case: Case, agent: str, epoch: int, now: int) -> None:
    """Refuse a write by anyone but the present holder.

    Raises: StaleEpochError with the current epoch, when the agent, the epoch or the lease is not
    the one that counts.
    """
    if case.epoch != epoch:
        raise StaleEpochError("the case changed hands or state since you claimed it", case.epoch)
    if case.state != "claimed" or case.agent != agent:
        raise StaleEpochError("you do not hold this case; claim it first", case.epoch)
    if case.lease_until <= now:
        raise StaleEpochError("your lease ran out; claim the case again", case.epoch)


def renew(case: Case, agent: str, epoch: int, now: int) -> Case:
    """Extend the lease. Raises: StaleEpochError."""
    check_holder(case, agent, epoch, now)
    return replace(case, lease_until=now + LEASE_MS)


def release(case: Case, agent: str, epoch: int, now: int) -> Case:
    """Give a claimed case back. Raises: StaleEpochError."""
    check_holder(case, agent, epoch, now)
    return reopened(case, now)


def expired(case: Case, now: int) -> Case | None:
    """Give the case back when its lease ran out; None while it is held or free."""
    if case.state != "claimed" or case.lease_until > now:
        return None
    return reopened(case, now)


def reopened(case: Case, now: int) -> Case:
    """Open the same case for anyone, and ring now."""
    free = replace(case, state="open", agent="", attempt="", lease_until=0)
    return replace(free, epoch=case.epoch + 1, rung_at=now, rings=0)


def rung_again(case: Case, now: int) -> Case:
    """Note that the bell of the same epoch is put on its queue once more."""
    return replace(case, rung_at=now, rings=case.rings + 1)


def see(case: Case, seen: tuple[MentionId, ...]) -> Case:
    """Take mentions that the agent has seen off the pending list."""
    return replace(case, pending=tuple(m for m in case.pending if m not in seen))


def unsee(case: Case, mention: MentionId, now: int) -> Case:
    """Put a mention back whose answer was taken back: nobody has answered it. Who resolved the case
    with that answer finds it open again."""
    if not case.is_live:
        case = replace(reopened(case, now), resolution="", resolved_at=0)
    return replace(case, pending=(*(m for m in case.pending if m != mention), mention))


def resolve(  # noqa: PLR0913 - all that an agent says at the end, and when.
    case: Case,
    agent: str,
    epoch: int,
    *,
    resolution: str,
    seen: tuple[str, ...],
    now: int,
) -> Case:
    """End a case. `seen`: the pending mentions as the agent saw them.

    Raises: StaleEpochError; NewMentionError naming what the agent has not seen;
    InvalidRequestError for an unknown resolution.
    """
    check_holder(case, agent, epoch, now)
    if resolution not in RESOLUTIONS:
        raise InvalidRequestError(f"resolution must be one of {', '.join(RESOLUTIONS)}")
    if unseen := tuple(m for m in case.pending if m not in seen):
        raise NewMentionError("the customer wrote again; read it before you resolve", unseen)
    return replace(
        case,
        state="resolved",
        epoch=case.epoch + 1,
        pending=(),
        lease_until=0,
        resolution=resolution,
        resolved_at=now,
    )
