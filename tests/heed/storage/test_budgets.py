import threading
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain import budget
from heed.domain.budget import Asked, Limits, Rate, Shortage, Spend
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.domain.similarity import sketch
from heed.ports import Leaving, Recent
from heed.storage.budgets import SHARED_CONTACTS_MAX, TableBudgets
from tests.backends import START_MS
from tests.heed.storage.stores import BRAND, Store, a_mention

RATES = (Rate(900, 100, "public"), Rate(10_800, 300, "public"))
MONTH = "budget#acme#2026-11"
SORRY, READ = sketch("we are sorry for all of this"), sketch("your message was read by us")


def budgets(store: Store) -> TableBudgets:
    """One more process."""
    return TableBudgets(store.backend.dynamo, store.backend.table)


def spend(rates: tuple[Rate, ...] = RATES, limits: Limits | None = None, **changes: Any) -> Spend:
    fields: dict[str, Any] = {
        "brand": BRAND,
        "mention": a_mention(),
        "private": False,
        "price": 10_000,
        "now": START_MS,
        "hour_max": 1_000,
    }
    return budget.spend(Asked(**{**fields, **changes}), rates, limits or Limits())


def leaving(**changes: Any) -> Leaving:
    fields: dict[str, Any] = {
        "platform": "x",
        "account": "2244994945",
        "author": "77",
        "contact_s": START_MS // 1000,
        "words": SORRY,
        "now": START_MS,
    }
    return Leaving(**{**fields, **changes})


def used(store: Store, pk: str = MONTH) -> list[int]:
    """What stands on the item, in the order of the counters of `spend`."""
    item = store.backend.item(pk) or {}
    return [int(item.get(c.name, {"N": "0"})["N"]) for c in spend().counters]


def test_a_block_of_ten_is_one_write(memory: Store) -> None:
    process, meter = budgets(memory), memory.backend.dynamo.meter

    for _ in range(20):
        assert process.take(spend(), leaving()) is None

    assert sum(meter.write_units.values()) == 2
    # One look at what others shared, when the process begins.
    assert sum(meter.read_units.values()) == 0.5
    assert used(memory) == [20, 20, 20]


def test_what_a_process_leaves_of_its_block_is_lost(store: Store) -> None:
    for _ in range(3):
        assert budgets(store).take(spend(), leaving()) is None

    assert used(store) == [30, 30, 30]


def test_the_ceiling_is_reached_and_never_passed(store: Store) -> None:
    one, other = budgets(store), budgets(store)
    found = [process.take(spend(), leaving()) for _ in range(50) for process in (one, other)]

    assert found.count(None) == 80
    # The machine's part of the narrowest window: a quarter of an hour.
    assert set(found) - {None} == {Shortage("rate_budget", spend().counters[0].ends_at)}
    assert used(store) == [80, 80, 80]


def test_a_block_that_nobody_uses_up_counts_all_the_same(store: Store) -> None:
    small = spend(rates=(Rate(900, 100, "public"),))
    taken = [budgets(store).take(small, leaving()) for _ in range(10)]

    assert taken[:8] == [None] * 8
    assert taken[8:] == [Shortage("rate_budget", small.counters[0].ends_at)] * 2


def test_a_smaller_rest_is_given_to_who_comes_last(store: Store) -> None:
    small = replace(spend(rates=()), block=10)
    limited = replace(small, counters=(replace(small.counters[0], ceiling=13),))
    first, last = budgets(store), budgets(store)

    assert first.take(limited, leaving()) is None
    found = [last.take(limited, leaving()) for _ in range(5)]

    assert found == [None, None, None, *[Shortage("hour_cap", small.counters[0].ends_at)] * 2]


def test_people_use_what_the_machine_leaves_them(store: Store) -> None:
    machine, people = budgets(store), budgets(store)
    while machine.take(spend(), leaving()) is None:
        pass

    found = [people.take(spend(from_person=True), leaving()) for _ in range(25)]

    assert found.count(None) == 20
    assert used(store) == [100, 100, 80]


def test_a_new_window_has_room_again(store: Store) -> None:
    process = budgets(store)
    while process.take(spend(), leaving()) is None:
        pass
    calls = len(getattr(store.backend.dynamo, "calls", ()))

    assert process.take(spend(), leaving()) is not None
    # Nobody asks the table again while the window lasts.
    assert len(getattr(store.backend.dynamo, "calls", ())) == calls
    assert process.take(spend(now=START_MS + 15 * MINUTE_MS), leaving()) is None


def test_the_wider_window_closes_when_it_is_used_up(store: Store) -> None:
    process, now = budgets(store), START_MS
    taken = 0
    found: Shortage | None = None
    while found is None or found.opens_at - now <= 15 * MINUTE_MS:
        found = process.take(spend(now=now), leaving())
        taken += found is None
        now = found.opens_at if found and found.opens_at - now <= 15 * MINUTE_MS else now

    assert taken == 240
    assert found.opens_at == spend(now=now).counters[1].ends_at


def test_money_is_counted_and_closes(store: Store) -> None:
    limits = Limits(day_micro_usd=1_000_000, month_micro_usd=2_000_000, people_percent=20)
    process = budgets(store)

    found = [process.take(spend((), limits), leaving()) for _ in range(82)]

    assert found.count(None) == 80
    day_ends = START_MS + DAY_MS - START_MS % DAY_MS
    assert found[-1] == Shortage("money_budget", day_ends)
    tomorrow = [process.take(spend((), limits, now=day_ends), leaving()) for _ in range(82)]
    assert tomorrow.count(None) == 80
    after = [process.take(spend((), limits, now=day_ends + DAY_MS), leaving()) for _ in range(3)]
    # The month is used up before its third day: what opens last is waited for.
    assert after == [Shortage("money_budget", budget.month_end("2026-11"))] * 3


def test_an_allowance_below_one_reply_needs_no_write(memory: Store) -> None:
    poor = spend((), Limits(day_micro_usd=9_999))

    found = budgets(memory).take(poor, leaving())

    assert found is not None
    assert found.clause == "money_budget"
    assert [name for name, _ in memory.backend.dynamo.calls] == ["get_item"]


def test_what_is_not_limited_is_not_counted(memory: Store) -> None:
    free = spend((), from_person=True)

    assert budgets(memory).take(free, leaving()) is None
    assert memory.backend.dynamo.calls == []


def test_many_processes_at_once_never_exceed_a_ceiling(memory: Store) -> None:
    taken: list[Shortage | None] = []

    def work() -> None:
        process = budgets(memory)
        taken.extend(process.take(spend(), leaving()) for _ in range(30))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken.count(None) == 80
    assert used(memory) == [80, 80, 80]


class Busy:
    """A table on which others are always faster: it refuses and shows a little room."""

    def __init__(self, code: str = "ConditionalCheckFailedException") -> None:
        self.code = code
        self.calls = 0

    def get_item(self, **request: Any) -> Any:
        return {}

    def update_item(self, **request: Any) -> Any:
        self.calls += 1
        error: Any = {"Error": {"Code": self.code}, "Item": {}}
        raise ClientError(error, "UpdateItem")


def test_a_race_that_does_not_end_is_left_for_a_second() -> None:
    busy: Any = Busy()
    process = TableBudgets(busy, "table")

    assert process.take(spend(), leaving()) == Shortage("rate_budget", START_MS + 1_000)
    assert process.take(spend(), leaving()) == Shortage("rate_budget", START_MS + 1_000)
    calls = busy.calls
    process.take(spend(now=START_MS + 1_000), leaving())
    assert busy.calls == 2 * calls


def test_what_the_table_refuses_otherwise_is_raised() -> None:
    broken: Any = Busy("ProvisionedThroughputExceededException")

    with pytest.raises(ClientError):
        TableBudgets(broken, "table").take(spend(), leaving())


def test_windows_that_are_over_go_with_a_later_write(store: Store) -> None:
    process = budgets(store)
    for quarter in range(8):
        assert process.take(spend(now=START_MS + quarter * 15 * MINUTE_MS), leaving()) is None

    item = store.backend.item(MONTH)
    assert item is not None
    counters = [name for name in item if "." in name]
    # Of each length the present window and at most the two before it.
    assert len(counters) <= 7
    assert item["exp"] == {"N": str((budget.month_end("2026-11") + 40 * DAY_MS) // 1000)}


# What left lately.


def test_a_process_knows_what_it_did(memory: Store) -> None:
    process = budgets(memory)
    process.take(spend(), leaving())
    process.note(BRAND, leaving(now=START_MS + 1_000))
    process.note(BRAND, leaving(words=READ, now=START_MS + 2_000))
    process.note(BRAND, leaving(words=READ, account="other", now=START_MS + 3_000))

    found = process.recent(BRAND, leaving(contact_s=9))

    assert found == Recent((SORRY, READ), frozenset({START_MS // 1000}))
    assert process.recent("other", leaving()) == Recent()


def test_the_mention_itself_is_no_earlier_contact(memory: Store) -> None:
    process = budgets(memory)
    process.take(spend(), leaving())

    assert process.recent(BRAND, leaving()).contacts == frozenset()
    assert process.recent(BRAND, leaving(author="78", contact_s=9)).contacts == frozenset()
    assert process.recent(BRAND, leaving(author="", contact_s=9)).contacts == frozenset()


def test_another_process_learns_with_its_first_block(store: Store) -> None:
    one, other = budgets(store), budgets(store)
    one.take(spend(), leaving())

    other.take(spend(), leaving(contact_s=5, words=READ, now=START_MS + 1_000))

    found = other.recent(BRAND, leaving(contact_s=5))
    assert (found.texts, found.contacts) == ((SORRY,), frozenset({START_MS // 1000}))
    third = budgets(store)
    third.take(spend(), leaving(contact_s=7))
    found = third.recent(BRAND, leaving(contact_s=7))
    assert (found.texts, found.contacts) == (
        (SORRY, READ),
        frozenset({START_MS // 1000, 5}),
    )


def test_what_others_shared_meanwhile_comes_with_the_next_block(store: Store) -> None:
    one, other = budgets(store), budgets(store)
    one.take(spend(), leaving())
    other.take(spend(), leaving(contact_s=5))

    for _ in range(10):
        one.take(spend(), leaving())

    assert one.recent(BRAND, leaving()).contacts == {5}


def test_who_has_no_author_is_nobodys_contact(store: Store) -> None:
    process = budgets(store)

    process.take(spend(), leaving(author=""))

    item = store.backend.item(MONTH)
    assert item is not None
    assert bytes(getattr(item["au"]["B"], "value", item["au"]["B"])) == b""


def test_what_is_shared_stays_small_and_what_is_known_ends(memory: Store) -> None:
    process = budgets(memory)
    for number in range(5_000):
        process.take(
            spend((), now=START_MS + number * MINUTE_MS // 4, hour_max=10**6),
            leaving(author=str(number), contact_s=number),
        )

    item = memory.backend.item(MONTH)
    assert item is not None
    assert len(item["au"]["B"]) == SHARED_CONTACTS_MAX * 8
    assert process.recent(BRAND, leaving(author="4999")).contacts == {4999}
    assert process.recent(BRAND, leaving(author="1")).contacts == frozenset()


def test_an_item_fits_one_write_unit(memory: Store) -> None:
    process = budgets(memory)
    limits = Limits(day_micro_usd=10**9, month_micro_usd=10**10)
    long = sketch(" ".join(f"word{n}" for n in range(45)))
    for number in range(400):
        now = START_MS + number * 4 * MINUTE_MS
        assert now < START_MS + 2 * DAY_MS + HOUR_MS
        words = long[: -2 * (number % 3) or None]
        process.take(
            spend(limits=limits, now=now), leaving(author=str(number), words=words, now=now)
        )

    memory.backend.dynamo.meter.reset()
    process.take(spend(now=START_MS + 3 * DAY_MS), leaving())
    assert sum(memory.backend.dynamo.meter.write_units.values()) == 1
