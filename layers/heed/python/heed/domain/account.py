"""How an account stands with its platform: what keeps its replies back, and until when.

A breaker per account. It is open while nothing may be sent; when its time is over, one reply
probes, and only what comes of that closes it or opens it again for longer."""

from dataclasses import dataclass
from typing import Final, Literal

from heed.domain.clock import MINUTE_MS, SECOND_MS

Cause = Literal["", "throttled", "down", "token"]

FAILURES_MAX: Final = 3
OPEN_MS_FIRST: Final = MINUTE_MS
OPEN_MS_MAX: Final = 15 * MINUTE_MS
# Failures further apart are no row of failures.
ROW_MS_MAX: Final = 10 * MINUTE_MS
# How often a token that the platform refuses is tried again, so that a new one is soon found.
TOKEN_PROBE_MS: Final = 45 * SECOND_MS
# A token this close to its end is renewed before it is used; one that was renewed so recently and
# is refused all the same is not renewed again.
EXPIRY_MARGIN_MS: Final = 5 * MINUTE_MS
RENEWED_MS: Final = 10 * MINUTE_MS
# While another worker probes or renews.
BUSY_MS: Final = 15 * SECOND_MS


@dataclass(frozen=True, slots=True)
class AccountId:
    """An account on its platform."""

    platform: str
    id: str

    @property
    def name(self) -> str:
        """How controls call it."""
        return f"{self.platform}#{self.id}"


@dataclass(frozen=True, slots=True)
class AccountState:
    """How an account stands. Instants in epoch milliseconds, 0 = never.

    `cause`: why it was opened last; `failures`: calls in a row without a clear answer; `openings`:
    how often in a row it was opened for them; `told`: what people were told about it.
    """

    cause: Cause = ""
    open_until: int = 0
    failures: int = 0
    openings: int = 0
    renewed_at: int = 0
    told: str = ""

    @property
    def is_well(self) -> bool:
        """Whether a success has nothing to set right. A wait that the platform asked for ends by
        itself."""
        return not (self.needs_probe or self.failures or self.told)

    @property
    def needs_probe(self) -> bool:
        """Whether one reply goes first when the breaker's time is over."""
        return self.cause in ("down", "token")


def is_row(failures: int, openings: int) -> bool:
    """Say whether failures in a row open the breaker. A probe that fails opens it again at once."""
    return openings > 0 or failures >= FAILURES_MAX


def open_ms(openings: int) -> int:
    """Tell how long the breaker stays open the first, second, ... time in a row."""
    return int(min(OPEN_MS_FIRST * 2 ** max(openings - 1, 0), OPEN_MS_MAX))
