import pytest

from heed.domain.account import (
    FAILURES_MAX,
    OPEN_MS_MAX,
    AccountId,
    AccountState,
    Cause,
    is_row,
    open_ms,
)
from heed.domain.clock import MINUTE_MS


def test_an_account_is_called_as_in_the_controls() -> None:
    assert AccountId("x", "2244994945").name == "x#2244994945"


@pytest.mark.parametrize(
    ("openings", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 15), (60, 15)]
)
def test_each_time_in_a_row_it_stays_open_twice_as_long(openings: int, minutes: int) -> None:
    assert open_ms(openings) == minutes * MINUTE_MS
    assert open_ms(openings) <= OPEN_MS_MAX


@pytest.mark.parametrize(
    ("failures", "openings", "expected"),
    [(0, 0, False), (FAILURES_MAX - 1, 0, False), (FAILURES_MAX, 0, True), (1, 1, True)],
)
def test_the_third_failure_in_a_row_opens_it_and_every_failed_probe(
    failures: int, openings: int, expected: bool
) -> None:
    assert is_row(failures, openings) is expected


@pytest.mark.parametrize(
    ("state", "is_well"),
    [
        (AccountState(), True),
        (AccountState(cause="throttled", open_until=5), True),
        (AccountState(renewed_at=5), True),
        (AccountState(cause="down", open_until=5, openings=1), False),
        (AccountState(cause="token", open_until=5), False),
        (AccountState(failures=1), False),
        (AccountState(told="token"), False),
    ],
)
def test_what_ends_by_itself_needs_nothing_set_right(state: AccountState, is_well: bool) -> None:
    assert state.is_well is is_well


@pytest.mark.parametrize(
    ("cause", "expected"), [("", False), ("throttled", False), ("down", True), ("token", True)]
)
def test_only_a_wait_that_the_platform_asked_for_ends_without_a_probe(
    cause: Cause, expected: bool
) -> None:
    assert AccountState(cause=cause).needs_probe is expected
