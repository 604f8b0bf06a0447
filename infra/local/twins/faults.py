"""What can go wrong on the way to a platform and back, scripted call by call."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Action = Literal["post", "lookup", "list", "delete", "setup", "other"]
"""What a call wants from the platform: to find an answer of ours, or to list what others wrote."""

FaultKind = Literal[
    "lose_answer",
    "lose_request",
    "error_after",
    "error_before",
    "throttle",
    "slow",
    "token_expired",
    "blocked",
]

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
ACTIONS: tuple[Action, ...] = get_args(Action)

KINDS_AFTER: frozenset[FaultKind] = frozenset({"lose_answer", "error_after", "slow"})
"""These need an accepted call; the others strike before the platform does anything."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong with the next call of its action, and with that call alone.

    - lose_answer: accepted, then the connection closes without an answer
    - lose_request: the connection closes before anything was accepted
    - error_after: accepted, then 502
    - error_before: 503, nothing accepted
    - throttle: the platform's "too many calls", asking for a wait of `wait_s`
    - slow: accepted, answered after `wait_s`
    - token_expired: the platform's answer to a token that is no longer good
    - blocked: the platform has blocked the account (X and Facebook) or the reader has (Telegram)

    `code` chooses among the platform's own error codes where it has several (Facebook: 4, 17, 32).
    """

    kind: FaultKind
    wait_s: float = 0.0
    on: Action = "post"
    code: int = 0


class FaultQueue:
    """Faults in the order in which they strike; each action sees only its own."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        """Start with the faults that are known from the beginning."""
        self._waiting = list(faults)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, *faults: Fault) -> None:
        """Put faults behind those that wait."""
        self._waiting.extend(faults)

    def clear(self) -> None:
        """Forget all faults that have not struck."""
        self._waiting.clear()

    def take(self, action: Action, *, accepted: bool) -> Fault | None:
        """Remove and return the fault that strikes now, if any.

        Asked twice per call: before the platform acts with `accepted=False`, and again once it has
        accepted. The first fault of the action decides; one that needs an accepted call waits for
        it through any number of refusals.
        """
        for index, fault in enumerate(self._waiting):
            if fault.on == action:
                strikes = (fault.kind in KINDS_AFTER) == accepted
                return self._waiting.pop(index) if strikes else None
        return None
