"""Staffed time: calendars with opening hours and the arithmetic on them.

Instants are epoch milliseconds UTC; nobody here asks what time it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

# The longest target is two weeks of staffed time: with six hours a week that is a year.
SEARCH_DAYS_MAX = 400


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people are there. `hours`: per weekday from Monday (opens, closes) in minutes after
    midnight local time, or None. `holidays`: ISO dates on which nobody is there."""

    zone: tzinfo
    hours: tuple[tuple[int, int] | None, ...]
    holidays: frozenset[str] = frozenset()

    def shifts(self, start: int) -> Iterator[tuple[int, int]]:
        """Yield (opens, closes) instants of every shift that ends after `start`, in order."""
        day = datetime.fromtimestamp(start / 1000, self.zone).date() - timedelta(days=1)
        for _ in range(SEARCH_DAYS_MAX):
            span = self.hours[day.weekday()] if day.isoformat() not in self.holidays else None
            if span is not None:
                opens, closes = (self._instant(day, minutes) for minutes in span)
                # A shift inside the hour that a clock change skips has no length at all.
                if closes > max(opens, start):
                    yield opens, closes
            day += timedelta(days=1)

    def _instant(self, day: date, minutes: int) -> int:
        # Wall time first, zone last: on the day of a clock change 08:00 stays 08:00.
        wall = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        wall += timedelta(minutes=minutes)
        return int(wall.astimezone(UTC).timestamp() * 1000)


def add_staffed(calendar: Calendar, start: int, minutes: int) -> int:
    """Return the instant at which `minutes` of staffed time after `start` have passed.

    Where the calendar has no shift left, plain time counts on from its last one: a deadline must
    exist in any case, and a longer target must never end earlier than a shorter one.
    """
    at, left = start, minutes * MINUTE_MS
    for opens, closes in calendar.shifts(start):
        begin = max(opens, start)
        if begin + left <= closes:
            return begin + left
        left -= closes - begin
        at = closes
    return at + left


def is_staffed(calendar: Calendar, at: int) -> bool:
    """Tell whether somebody is there at this instant."""
    return any(opens <= at for opens, _ in islice(calendar.shifts(at), 1))
