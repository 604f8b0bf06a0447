from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, Calendar, add_staffed, is_staffed
from tests.heed.domain.givens import CALENDAR, HOURS, LONDON, instant

ALWAYS = Calendar(zone=LONDON, hours=((0, 1440),) * 7)
NEVER = Calendar(zone=LONDON, hours=(None,) * 7)
NEW_YORK = ZoneInfo("America/New_York")
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")

spans = st.none() | st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(
    lambda pair: (min(pair), max(pair)) if pair[0] != pair[1] else (pair[0], pair[1] + 1)
)
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    hours=st.tuples(*[spans] * 7),
    holidays=st.frozensets(
        st.dates(min_value=datetime(2026, 3, 1, tzinfo=UTC).date(), max_value=datetime(
            2026, 4, 15, tzinfo=UTC
        ).date()).map(lambda day: day.isoformat()),
        max_size=5,
    ),
)  # fmt: skip
# Around both changes of the clock in spring; in autumn the hour that comes twice is tested by hand.
instants = st.integers(instant("2026-03-01T00:00:00"), instant("2026-04-10T00:00:00"))
minutes = st.integers(0, 3000)


def test_within_a_shift_staffed_time_is_plain_time() -> None:
    noon = instant("2026-11-24T12:00:00")

    assert add_staffed(CALENDAR, noon, 60) == noon + HOUR_MS


def test_before_opening_the_clock_starts_at_opening() -> None:
    early = instant("2026-11-24T03:00:00")

    assert add_staffed(CALENDAR, early, 15) == instant("2026-11-24T08:15:00")


def test_a_target_runs_over_into_the_next_shift() -> None:
    evening = instant("2026-11-24T19:45:00")

    assert add_staffed(CALENDAR, evening, 60) == instant("2026-11-25T08:45:00")


def test_a_target_that_ends_at_closing_ends_at_closing() -> None:
    assert add_staffed(CALENDAR, instant("2026-11-24T19:00:00"), 60) == instant(
        "2026-11-24T20:00:00"
    )


def test_at_closing_time_nobody_is_there_any_more() -> None:
    closing = instant("2026-11-24T20:00:00")

    assert not is_staffed(CALENDAR, closing)
    assert add_staffed(CALENDAR, closing, 15) == instant("2026-11-25T08:15:00")


def test_a_holiday_is_skipped() -> None:
    christmas_night = instant("2026-12-25T03:00:00")

    assert not is_staffed(CALENDAR, instant("2026-12-25T12:00:00"))
    assert add_staffed(CALENDAR, christmas_night, 60) == instant("2026-12-26T10:00:00")


@pytest.mark.parametrize(
    ("day", "opens"),
    [
        # London: the clock jumps from 01:00 to 02:00 on 29 March, and back on 25 October 2026.
        ("2026-03-28", "09:00"),
        ("2026-03-29", "08:00"),
        ("2026-10-24", "08:00"),
        ("2026-10-25", "09:00"),
    ],
)
def test_on_the_day_of_a_clock_change_nine_stays_nine(day: str, opens: str) -> None:
    assert next(CALENDAR.shifts(instant(f"{day}T00:00:00"))) == (
        instant(f"{day}T{opens}:00"),
        instant(f"{day}T{opens}:00") + 8 * HOUR_MS,
    )


def test_a_shift_over_a_clock_change_is_as_long_as_it_really_is() -> None:
    nights = Calendar(zone=LONDON, hours=((0, 480),) * 7)

    spring, *_ = nights.shifts(instant("2026-03-29T00:30:00"))
    autumn, *_ = nights.shifts(instant("2026-10-25T00:30:00"))

    assert spring[1] - spring[0] == 7 * HOUR_MS
    assert autumn[1] - autumn[0] == 9 * HOUR_MS


def test_a_shift_inside_the_skipped_hour_has_no_length_and_costs_nothing() -> None:
    # New York skips 02:00 to 03:00 on 8 March 2026, a Sunday.
    small_hours = Calendar(zone=NEW_YORK, hours=((150, 180),) * 7)

    shifts = small_hours.shifts(instant("2026-03-07T00:00:00"))
    days = [datetime.fromtimestamp(opens / 1000, NEW_YORK).day for opens, _ in
            (next(shifts) for _ in range(3))]  # fmt: skip

    assert days == [7, 9, 10]
    assert add_staffed(small_hours, instant("2026-03-08T06:59:00"), 30) == instant(
        "2026-03-09T07:00:00"
    )


def test_without_any_shift_plain_time_counts() -> None:
    now = instant("2026-11-24T12:00:00")

    assert add_staffed(NEVER, now, 90) == now + 90 * MINUTE_MS
    assert not is_staffed(NEVER, now)


def test_where_shifts_end_plain_time_counts_on_from_the_last_one() -> None:
    # One hour a week for the 400 days that are searched: 57 hours at most.
    weekly = Calendar(zone=LONDON, hours=((540, 600), *(None,) * 6))
    now = instant("2026-11-24T12:00:00")

    long, longer = (add_staffed(weekly, now, hours * 60) for hours in (50, 100))

    assert now < long < longer


def test_the_longest_target_fits_a_week_of_six_hours() -> None:
    saturdays = Calendar(zone=LONDON, hours=(*(None,) * 5, (600, 960), None))

    due = add_staffed(saturdays, instant("2026-11-24T12:00:00"), 20_160)

    assert is_staffed(saturdays, due - 1)


@settings(max_examples=60)
@given(calendars, instants, minutes)
def test_a_deadline_is_never_earlier_than_plain_time(c: Calendar, start: int, wait: int) -> None:
    assert add_staffed(c, start, wait) >= start + wait * MINUTE_MS


@settings(max_examples=60)
@given(calendars, instants, minutes, minutes)
def test_a_longer_target_never_ends_earlier(c: Calendar, start: int, one: int, more: int) -> None:
    assert add_staffed(c, start, one) <= add_staffed(c, start, one + more)


@settings(max_examples=60)
@given(calendars, instants, st.integers(0, 5 * DAY_MS), minutes)
def test_who_came_later_is_never_due_earlier(c: Calendar, start: int, lag: int, wait: int) -> None:
    assert add_staffed(c, start, wait) <= add_staffed(c, start + lag, wait)


@settings(max_examples=60)
@given(calendars, instants, st.integers(1, 600), st.integers(1, 600))
def test_waiting_twice_is_waiting_for_the_sum(c: Calendar, start: int, one: int, two: int) -> None:
    at_once = add_staffed(c, start, one + two)

    assert add_staffed(c, add_staffed(c, start, one), two) == at_once


@settings(max_examples=60)
@given(calendars, instants, st.integers(1, 600))
def test_a_deadline_falls_into_staffed_time(c: Calendar, start: int, wait: int) -> None:
    # One staffed minute a week is too little for an hour within the days that are searched.
    staffed_ms = sum(closes - max(opens, start) for opens, closes in c.shifts(start))
    if staffed_ms >= wait * MINUTE_MS:
        assert is_staffed(c, add_staffed(c, start, wait) - 1)


@settings(max_examples=60)
@given(calendars, instants)
def test_shifts_come_in_order_without_overlap_and_never_on_holidays(c: Calendar, at: int) -> None:
    shifts = [shift for shift, _ in zip(c.shifts(at), range(40), strict=False)]

    assert all(opens < closes and closes > at for opens, closes in shifts)
    assert all(before[1] <= after[0] for before, after in pairwise(shifts))
    for opens, _ in shifts:
        day = datetime.fromtimestamp(opens / 1000, c.zone).date()
        assert day.isoformat() not in c.holidays
        assert c.hours[day.weekday()] is not None


@settings(max_examples=60)
@given(st.sampled_from(ZONES), instants)
def test_somebody_is_there_exactly_in_opening_hours(zone: str, at: int) -> None:
    calendar = Calendar(zone=ZoneInfo(zone), hours=HOURS)
    local = datetime.fromtimestamp(at / 1000, calendar.zone)
    opens, closes = HOURS[local.weekday()]

    assert is_staffed(calendar, at) == (opens <= local.hour * 60 + local.minute < closes)


def test_a_fixed_offset_is_a_zone_too() -> None:
    calendar = Calendar(zone=timezone(timedelta(hours=-3)), hours=HOURS)

    assert is_staffed(calendar, instant("2026-11-24T11:00:00"))
    assert not is_staffed(calendar, instant("2026-11-24T10:59:59"))


def test_who_is_always_there_counts_plain_time() -> None:
    now = instant("2026-10-24T22:00:00")

    assert add_staffed(ALWAYS, now, 600) == now + 600 * MINUTE_MS
