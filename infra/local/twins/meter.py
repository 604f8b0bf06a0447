"""What a platform charges, in micro-dollars, added up line by line."""

DAY_MS = 86_400_000


class Meter:
    """The bill of one twin."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.lines: dict[str, int] = {}
        self._charged_today: set[tuple[str, str]] = set()
        self._day = -1

    @property
    def total_micro_usd(self) -> int:
        """Return the whole bill."""
        return sum(self.lines.values())

    def charge(self, line: str, micro_usd: int) -> None:
        """Add an amount to a line; nothing is written for what is free."""
        if micro_usd:
            self.lines[line] = self.lines.get(line, 0) + micro_usd

    def charge_once_a_day(self, line: str, resource: str, *, micro_usd: int, now_ms: int) -> None:
        """Add an amount unless the same resource was charged on this day (UTC)."""
        day = now_ms // DAY_MS
        if day != self._day:
            self._day = day
            self._charged_today.clear()
        if (line, resource) not in self._charged_today:
            self._charged_today.add((line, resource))
            self.charge(line, micro_usd)
