from collections.abc import Iterator
from typing import Any

import pytest

from functions.tally import handler
from heed.errors import SettingsError
from heed.flows.tally import Tallying
from heed.storage.counters import TableCounters
from heed.telemetry import CountingMeter
from tests.functions.conftest import Enter
from tests.functions.invocations import lines_of, make_context, stream_event, stream_record
from tests.heed.flows.bodies import COMPLAINT, x_post
from tests.heed.flows.world import World
from tests.heed.storage.stores import Store, a_mention, an_arrival

CONTEXT = make_context("tally")
SHARD = "shardId-00000001795170000000-0123abcd"
EMPTY: dict[str, Any] = {"state": {}, "batchItemFailures": []}
POSTS = ("2100000000000000001", "2100000000000000002", "2100000000000000003")


@pytest.fixture
def world() -> World:
    world = World()
    for post in POSTS:
        body = x_post(post, f"{COMPLAINT} canary", at=world.clock.now(), author=post)
        world.deliver("x", body)
    return world


def window(records: list[dict[str, Any]], shard: str = SHARD) -> dict[str, Any]:
    """A window's event: like every batch, and with a few names more."""
    return {
        **stream_event(records),
        "window": {"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:15:00Z"},
        "state": {},
        "shardId": shard,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


def work_of(world: World, *, one_shard: bool = False) -> handler.Work:
    counts = CountingMeter()
    counters = TableCounters(world.dynamo, world.table)
    return handler.build(Tallying(counters, counts), counts, one_shard=one_shard)


def received(world: World) -> int:
    cells = TableCounters(world.dynamo, world.table).read("acme", 0, 9_999_999)
    return sum(counts["received"] for counts in cells.values())


def test_a_batch_is_counted_once_however_often_it_comes(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    work = work_of(world)
    records = world.dynamo.stream(world.table).read()

    assert work(window(records), CONTEXT) == EMPTY
    assert work(window(records), CONTEXT) == EMPTY

    assert received(world) == 3
    printed = capsys.readouterr().out
    first, second = lines_of(printed)
    assert (first["records"], first["counts"]) == (3, {"tally_counted": 3})
    assert second["counts"] == {"tally_known": 3}
    assert "canary" not in printed


def test_the_end_of_a_window_brings_no_records(world: World) -> None:
    last = {**window([]), "isFinalInvokeForWindow": True}

    assert work_of(world)(last, CONTEXT) == EMPTY
    assert received(world) == 0


def test_what_expires_stays_counted(world: World) -> None:
    [record, *_] = world.dynamo.stream(world.table).read()
    work = work_of(world)
    work(window([record]), CONTEXT)
    images = record["dynamodb"]
    expired = {
        "Keys": images["Keys"],
        "OldImage": images["NewImage"],
        "SequenceNumber": str(int(images["SequenceNumber"]) + 1),
    }

    assert work(window([{**record, "eventName": "REMOVE", "dynamodb": expired}]), CONTEXT) == EMPTY
    assert received(world) == 1


def test_a_record_that_nobody_can_read_is_told_and_the_others_are_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    records = world.dynamo.stream(world.table).read()
    records[1]["dynamodb"]["NewImage"]["ra"] = {"N": "canary"}

    assert work_of(world)(window(records), CONTEXT) == EMPTY

    assert received(world) == 2
    printed = capsys.readouterr().out
    warning, done = lines_of(printed)
    assert (warning["level"], warning["message"]) == ("WARNING", "a record failed")
    assert done["records"] == 3
    assert "canary" not in printed


def test_without_the_name_of_its_shard_nothing_is_counted(world: World) -> None:
    records = world.dynamo.stream(world.table).read()

    with pytest.raises(SettingsError, match="tumbling window"):
        work_of(world)(stream_event(records), CONTEXT)

    assert received(world) == 0


@pytest.fixture
def _fresh_services() -> Iterator[None]:
    handler.services.cache_clear()
    yield
    handler.services.cache_clear()


@pytest.mark.usefixtures("_fresh_services")
def test_the_function_composes_itself_from_its_environment_once(deployed: Enter) -> None:
    backend = deployed(one_shard="1")
    store = Store(backend)
    store.put(an_arrival())
    event = stream_event([stream_record(store.raw(a_mention()))])

    for _ in range(2):
        assert handler.lambda_handler(event, CONTEXT) == EMPTY

    assert handler.services() is handler.services()
    [counts] = TableCounters(backend.dynamo, backend.table).read("acme", 0, 9_999_999).values()
    assert counts["received"] == 1
