import random
from dataclasses import replace

import pytest

from heed.errors import NotUnderstoodError
from heed.ports import Kept, Quarantined
from heed.storage.quarantine import TableQuarantine
from tests.backends import START_MS
from tests.heed.storage.stores import Store

LARGE = random.Random(3).randbytes(450_000).hex()


def quarantined(change: str = '{"a": 1}', *, platform: str = "x", after_ms: int = 0) -> Quarantined:
    return Quarantined(platform, "main", change, "a field is missing", START_MS + after_ms)


def kept_in(store: Store) -> TableQuarantine:
    return TableQuarantine(store.backend.dynamo, store.backend.table)


def keys(store: Store, *, platform: str = "", since: int = 0, limit: int = 100) -> list[str]:
    return kept_in(store).keys(platform=platform, since=since, limit=limit)


def changes(store: Store, found: list[str]) -> list[str]:
    return [read(store, key).entry.change for key in found]


def read(store: Store, key: str) -> Kept:
    kept = kept_in(store).read(key)
    assert kept is not None
    return kept


@pytest.mark.parametrize("change", ['{"a": 1}', LARGE], ids=["small", "in slices"])
def test_a_change_comes_back_as_it_was_stored(store: Store, change: str) -> None:
    store.put(quarantined(change))

    [key] = keys(store)
    assert read(store, key) == Kept(key, quarantined(change))


def test_changes_are_listed_by_age_and_platform(store: Store) -> None:
    for number in range(12):
        platform = "x" if number % 2 else "facebook"
        store.put(quarantined(str(number), platform=platform, after_ms=1000 - number))

    assert changes(store, keys(store)) == [str(number) for number in reversed(range(12))]
    assert changes(store, keys(store, platform="x", limit=2)) == ["11", "9"]
    assert changes(store, keys(store, since=START_MS + 999)) == ["1", "0"]
    assert keys(store, platform="telegram") == []


def test_more_than_one_page_is_listed(memory: Store) -> None:
    for number in range(40):
        memory.put(quarantined(f"{number}{LARGE[:690_000]}"))

    assert len(keys(memory)) == 40


def test_what_a_replay_came_to_is_noted_once(store: Store) -> None:
    store.put(quarantined())
    [key] = keys(store)
    kept_in(store).note(read(store, key), "unreadable")
    before = store.backend.items(key)

    kept_in(store).note(read(store, key), "unreadable")

    assert read(store, key).outcome == "unreadable"
    assert store.backend.items(key) == before
    kept_in(store).note(read(store, key), "masked")
    assert read(store, key).outcome == "masked"


@pytest.mark.parametrize("change", ["{}", LARGE], ids=["small", "in slices"])
def test_a_removed_change_is_gone_with_all_its_slices(store: Store, change: str) -> None:
    store.put(quarantined(change))
    [key] = keys(store)
    kept = read(store, key)

    for _ in range(2):
        kept_in(store).remove(kept)
        kept_in(store).note(kept, "unreadable")
        assert kept_in(store).read(key) is None

    assert keys(store) == []
    assert store.backend.items(key) == []


def test_a_missing_slice_is_told(store: Store) -> None:
    store.put(quarantined(LARGE))
    [key] = keys(store)
    last = store.backend.items(key)[-1]
    place = {name: last[name] for name in ("pk", "sk")}
    store.backend.dynamo.delete_item(TableName=store.backend.table, Key=place)

    with pytest.raises(NotUnderstoodError, match="slice"):
        kept_in(store).read(key)

    assert store.put(quarantined(LARGE))
    assert read(store, key).entry.change == LARGE


def test_a_removal_that_broke_off_is_finished_by_the_next_look(memory: Store) -> None:
    memory.put(quarantined(LARGE))
    [key] = keys(memory)
    kept_in(memory).note(read(memory, key), "taken_in")
    last = memory.backend.items(key)[-1]
    place = {name: last[name] for name in ("pk", "sk")}
    memory.backend.dynamo.delete_item(TableName=memory.backend.table, Key=place)

    assert kept_in(memory).read(key) is None
    assert memory.backend.items(key) == []


def test_a_tail_without_its_first_slice_is_nothing(memory: Store) -> None:
    memory.put(quarantined(LARGE))
    [key] = keys(memory)
    head = memory.backend.items(key)[0]
    place = {name: head[name] for name in ("pk", "sk")}
    memory.backend.dynamo.delete_item(TableName=memory.backend.table, Key=place)

    assert kept_in(memory).read(key) is None


def test_an_error_of_the_table_is_raised(memory: Store) -> None:
    kept = Kept("quarantine#none", quarantined())
    lost = TableQuarantine(memory.backend.dynamo, "nowhere")

    with pytest.raises(Exception, match="resource not found"):
        lost.note(replace(kept, outcome=""), "unreadable")
