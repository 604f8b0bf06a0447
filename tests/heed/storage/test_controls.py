import pytest

from heed.domain.account import AccountId
from heed.domain.policy import CONTROL_CACHE_MS, Control
from heed.ports import Revocation
from heed.storage.accounts import TableAccounts
from heed.storage.controls import TableControls
from tests.backends import START_MS
from tests.heed.storage.stores import BRAND, Store

EVERYTHING = Control(
    paused=True, sombre=True, mode="watch", modes={"x#2244994945": "live", "telegram#7": "draft"}
)


def a_second_instance(store: Store) -> TableControls:
    return TableControls(store.backend.dynamo, store.backend.table, store.clock)


def test_without_a_word_from_people_nothing_is_switched(store: Store) -> None:
    assert store.controls.get(BRAND) == Control()


def test_switches_come_back_as_they_were_set(store: Store) -> None:
    store.controls.put(BRAND, EVERYTHING)

    assert store.controls.get(BRAND) == EVERYTHING
    assert a_second_instance(store).get(BRAND) == EVERYTHING
    assert store.controls.get("other") == Control()


@pytest.mark.parametrize(
    "after", [Control(), Control(paused=True), Control(sombre=True), Control(mode="live")]
)
def test_what_is_switched_off_is_off(store: Store, after: Control) -> None:
    store.controls.put(BRAND, EVERYTHING)
    store.controls.put(BRAND, after)

    assert a_second_instance(store).get(BRAND) == after


def test_switches_leave_disabled_accounts_disabled(store: Store) -> None:
    store.put(Revocation("x", "2244994945", BRAND, START_MS))
    store.controls.put(BRAND, EVERYTHING)
    store.controls.put(BRAND, Control())

    assert store.controls.get(BRAND).disabled == {"x#2244994945"}


def test_an_account_is_disabled_until_a_person_enables_it(store: Store) -> None:
    accounts = TableAccounts(store.backend.dynamo, store.backend.table, store.clock)
    accounts.note_told(AccountId("x", "2244994945"), "disabled")
    store.controls.disable(BRAND, "x#2244994945")
    store.controls.disable(BRAND, "x#2244994945")
    store.controls.disable(BRAND, "telegram#7")
    assert store.controls.get(BRAND).disabled == {"x#2244994945", "telegram#7"}

    store.controls.enable(BRAND, "x#2244994945")

    assert store.controls.get(BRAND).disabled == {"telegram#7"}
    # So that people are told anew if the platform refuses again.
    fresh = TableAccounts(store.backend.dynamo, store.backend.table, store.clock)
    assert fresh.get(AccountId("x", "2244994945")).told == ""
    store.controls.enable(BRAND, "telegram#7")
    store.controls.enable(BRAND, "telegram#7")
    assert a_second_instance(store).get(BRAND) == Control()


def test_a_pause_is_heard_everywhere_after_fifteen_seconds(memory: Store) -> None:
    other = a_second_instance(memory)
    other.get(BRAND)
    memory.controls.put(BRAND, Control(paused=True))
    assert memory.controls.get(BRAND).paused

    memory.clock.forward(ms=CONTROL_CACHE_MS - 1)
    assert not other.get(BRAND).paused

    memory.clock.forward(ms=1)
    assert other.get(BRAND).paused


def test_the_switches_are_read_once_per_fifteen_seconds_and_brand(memory: Store) -> None:
    calls = memory.backend.dynamo.calls
    for _ in range(3):
        memory.controls.get(BRAND)
        memory.controls.get("other")
        memory.clock.forward(s=14 / 3)

    assert [name for name, _ in calls] == ["get_item", "get_item"]


def test_without_a_cache_every_look_is_a_read(memory: Store) -> None:
    controls = TableControls(memory.backend.dynamo, memory.backend.table, memory.clock, cache_ms=0)
    controls.get(BRAND)
    memory.controls.put(BRAND, Control(paused=True))

    assert controls.get(BRAND).paused


def test_an_author_who_opts_out_stays_out_of_that_brand_only(store: Store) -> None:
    assert not store.controls.opted_out(BRAND, "x", "77")

    store.controls.opt_out(BRAND, "x", "77", START_MS)
    store.controls.opt_out(BRAND, "x", "77", START_MS + 5)

    assert store.controls.opted_out(BRAND, "x", "77")
    assert not store.controls.opted_out("other", "x", "77")
    assert not store.controls.opted_out(BRAND, "facebook", "77")
    item = store.backend.item(f"author#{BRAND}#x#77")
    assert item is not None
    assert item["oo"] == {"N": str(START_MS)}


@pytest.mark.parametrize("odd", ["a#b", "é€😀", "x" * 3_000, "\ud800", "", "a|b%23"])
def test_an_author_with_an_odd_id_can_opt_out(store: Store, odd: str) -> None:
    store.controls.opt_out(BRAND, "x", odd, START_MS)

    assert store.controls.opted_out(BRAND, "x", odd)
    assert not store.controls.opted_out(BRAND, "x", odd + "1")
