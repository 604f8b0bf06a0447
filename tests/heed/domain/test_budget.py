from typing import Any

import pytest

from heed.domain import budget
from heed.domain.budget import Asked, Counter, Limits, Prices, Rate, Shortage
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.domain.mention import Mention
from tests.heed.domain.givens import NOON, instant, mention

QUARTER_S, THREE_HOURS_S = 900, 10_800
RATES = (
    Rate(QUARTER_S, 100, "public"),
    Rate(THREE_HOURS_S, 300, "public"),
    Rate(QUARTER_S, 15, "private"),
)


def spend(
    *, rates: tuple[Rate, ...] = RATES, limits: Limits | None = None, **changes: Any
) -> budget.Spend:
    fields: dict[str, Any] = {
        "brand": "acme",
        "mention": mention(),
        "private": False,
        "price": 10_000,
        "now": NOON,
        "hour_max": 1_000,
    }
    return budget.spend(Asked(**{**fields, **changes}), rates, limits or Limits())


def ceilings(found: budget.Spend) -> list[tuple[str, int, int]]:
    return [(c.clause, c.ceiling, c.ends_at - NOON) for c in found.counters]


def test_a_machine_leaves_a_fifth_of_every_window_to_people() -> None:
    found = spend()

    assert ceilings(found) == [
        ("rate_budget", 80, 15 * MINUTE_MS),
        ("rate_budget", 240, 3 * HOUR_MS),
        ("hour_cap", 1_000, HOUR_MS),
    ]
    assert (found.block, found.month) == (10, "2026-11")


def test_people_use_all_of_it_and_no_hour_counts_them() -> None:
    found = spend(from_person=True)

    assert [ceiling for _, ceiling, _ in ceilings(found)] == [100, 300]
    assert found.block == 1


def test_people_and_the_machine_count_in_the_same_windows() -> None:
    machine, people = spend(), spend(from_person=True)

    assert [c.name for c in machine.counters[:2]] == [c.name for c in people.counters]


def test_private_words_have_windows_of_their_own_in_small_blocks() -> None:
    found = spend(private=True)

    assert ceilings(found)[0] == ("rate_budget", 12, 15 * MINUTE_MS)
    assert found.block == 1


def test_each_account_place_and_window_counts_by_itself() -> None:
    def place(one: Mention) -> str:
        return one.object_id

    rates = (Rate(60, 20, "public", place),)
    names = {
        spend(rates=rates, **changes).counters[0].name
        for changes in (
            {},
            {"mention": mention(account="2")},
            {"mention": mention(object_id="101")},
            {"mention": mention(platform="facebook")},
            {"now": NOON + MINUTE_MS},
        )
    }

    assert len(names) == 5


def test_money_is_counted_by_day_and_month() -> None:
    limits = Limits(day_micro_usd=50_000_000, month_micro_usd=1_000_000_000, people_percent=50)

    found = spend(rates=(), limits=limits)

    assert ceilings(found) == [
        ("money_budget", 25_000_000, instant("2026-11-25T00:00:00") - NOON),
        ("money_budget", 500_000_000, instant("2026-12-01T00:00:00") - NOON),
        ("hour_cap", 1_000, HOUR_MS),
    ]
    assert {c.cost for c in found.counters[:2]} == {10_000}


def test_what_costs_nothing_and_is_not_limited_counts_nowhere_but_in_the_hour() -> None:
    limits = Limits(day_micro_usd=1, month_micro_usd=1)

    assert [c.clause for c in spend(rates=(), limits=limits, price=0).counters] == ["hour_cap"]
    assert spend(rates=(), from_person=True).counters == ()


def test_a_resumption_begins_a_new_count_for_the_hour() -> None:
    assert spend(rates=()).counters[0].name != spend(rates=(), resumes=1).counters[0].name


@pytest.mark.parametrize(
    ("month", "end"),
    [
        ("2026-11", "2026-12-01T00:00:00"),
        ("2026-12", "2027-01-01T00:00:00"),
        ("2027-02", "2027-03-01T00:00:00"),
        ("2028-02", "2028-03-01T00:00:00"),
        ("2027-01", "2027-02-01T00:00:00"),
    ],
)
def test_a_month_ends_with_its_last_day(month: str, end: str) -> None:
    assert budget.month_end(month) == instant(end)
    assert budget.month_of(instant(end) - 1) == month


def test_a_window_is_over_when_it_ends_and_a_month_stays_on_its_item() -> None:
    [minute, *_, month, _] = spend(limits=Limits(month_micro_usd=10**9)).counters

    assert not budget.has_ended(minute.name, minute.ends_at - 1)
    assert budget.has_ended(minute.name, minute.ends_at)
    assert not budget.has_ended(month.name, NOON + 99 * DAY_MS)


def counter(name: str, ceiling: int, ends_at: int, *, cost: int = 1) -> Counter:
    return Counter(name, f"clause_{name}", cost, ceiling, ends_at)


def test_the_narrowest_counter_says_how_much_room_there_is() -> None:
    counters = (counter("a", 10, 1), counter("b", 70, 2, cost=10), counter("c", 100, 3))

    assert budget.room(counters, {}) == 7
    assert budget.room(counters, {"b": 41}) == 2
    assert budget.room(counters, {"a": 12}) == 0
    assert budget.room((), {}) == budget.BLOCK_MAX


def test_what_opens_last_is_what_is_waited_for() -> None:
    counters = (counter("a", 10, 1), counter("b", 10, 3), counter("c", 10, 2))

    assert budget.shortage_of(counters, {"a": 10, "c": 10}) == Shortage("clause_c", 2)
    assert budget.shortage_of(counters, {"a": 10, "b": 10, "c": 10}) == Shortage("clause_b", 3)


PRICES = Prices(post=15_000, summoned=10_000, link=200_000, message=15_001)


@pytest.mark.parametrize(
    ("private", "summoned", "has_link", "price"),
    [
        (False, True, False, 10_000),
        (False, False, False, 15_000),
        (False, True, True, 200_000),
        (False, False, True, 200_000),
        (True, True, True, 15_001),
        (True, False, False, 15_001),
    ],
)
def test_the_price_of_a_reply(private: bool, summoned: bool, has_link: bool, price: int) -> None:
    assert PRICES.of(private=private, summoned=summoned, has_link=has_link) == price
