"""Rate limits as platforms count them: fixed windows that open with their first call."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in a window; the name keeps windows of one subject apart."""

    name: str
    calls: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands against the window that binds it most."""

    limit: Limit
    used: int
    resets_at_ms: int
    exceeded: bool

    @property
    def remaining(self) -> int:
        """Say how many calls are left in the window."""
        return self.limit.calls - self.used

    def wait_s(self, now_ms: int) -> int:
        """Return the whole seconds until the window opens again, at least one."""
        return max(1, -(-(self.resets_at_ms - now_ms) // 1000))


class Windows:
    """The open windows of every subject (an account, an app, a chat)."""

    def __init__(self) -> None:
        """Start with no window open."""
        self._open: dict[str, tuple[int, int]] = {}

    def take(self, asked: Sequence[tuple[str, Limit]], now_ms: int) -> Standing | None:
        """Count one call in all windows, or in none of them when one is full.

        `asked` pairs each limit with its subject. The answer is the full window that opens last,
        else the one with the fewest calls left; None when nothing limits the call.
        """
        standings = {
            f"{subject}/{limit.name}": self._standing(subject, limit, now_ms)
            for subject, limit in asked
        }
        full = [standing for standing in standings.values() if standing.exceeded]
        if full:
            return max(full, key=lambda standing: standing.resets_at_ms)
        counted: list[Standing] = []
        for key, old in standings.items():
            new = Standing(old.limit, old.used + 1, old.resets_at_ms, exceeded=False)
            self._open[key] = (new.resets_at_ms, new.used)
            counted.append(new)
        return min(counted, key=lambda standing: standing.remaining, default=None)

    def _standing(self, subject: str, limit: Limit, now_ms: int) -> Standing:
        resets_at_ms, used = self._open.get(f"{subject}/{limit.name}", (0, 0))
        if resets_at_ms <= now_ms:
            return Standing(limit, 0, now_ms + limit.window_s * 1000, exceeded=limit.calls <= 0)
        return Standing(limit, used, resets_at_ms, exceeded=used >= limit.calls)
