from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.sweep import handler
from heed.domain.mention import conversation_id
from heed.domain.policy import FIRST_LOOK_MS
from heed.ports import Arrival
from heed.storage.inbox import TableInbox
from heed.telemetry import SystemTime
from tests.functions.conftest import Enter
from tests.functions.invocations import lines_of, make_context
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import World
from tests.heed.storage.stores import a_mention

CONTEXT = make_context("sweep")
MINUTE = {"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {}}
A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))


@pytest.fixture
def world() -> World:
    """Three mentions that triage should have seen long ago."""
    world = World()
    for post, author in ((A, "1"), (B, "2"), (C, "3")):
        text = f"{COMPLAINT} canary"
        world.deliver("x", x_post(post, text, at=world.clock.now(), author=author))
    world.meter.counts.clear()
    world.clock.forward(ms=FIRST_LOOK_MS + 1)
    return world


def test_how_many_things_were_due_is_returned(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    work = handler.build(world.sweeping, world.meter)

    assert work(MINUTE, CONTEXT) == {"due": 3}
    assert work(MINUTE, CONTEXT) == {"due": 0}

    assert {world.stored(one).kicks for one in (MA, MB, MC)} == {1}
    first, second = lines_of(capsys.readouterr().out)
    assert (first["message"], first["due"], first["counts"]) == ("done", 3, {"sweep_kicked": 3})
    assert (second["due"], second["counts"]) == (0, {})


def test_what_cannot_be_brought_back_is_shown_to_a_person_and_stops_nothing_else(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.backend.put({**world.item(MB), "c": {"B": b"canary"}})
    work = handler.build(world.sweeping, world.meter)

    with pytest.raises(BatchProcessingError, match="could not be brought back"):
        work(MINUTE, CONTEXT)

    assert [world.item(one).get("kick") for one in (MA, MB, MC)] == [{"N": "1"}, None, {"N": "1"}]
    printed = capsys.readouterr().out
    assert "canary" not in printed
    warning, done = lines_of(printed)
    assert (warning["level"], warning["message"]) == ("WARNING", "a record failed")
    assert (done["due"], done["counts"]) == (3, {"sweep_kicked": 2, "sweep_failed": 1})


def test_a_failure_of_one_minute_is_forgotten_in_the_next(world: World) -> None:
    whole = world.item(MB)
    world.backend.put({**whole, "c": {"B": b"canary"}})
    work = handler.build(world.sweeping, world.meter)
    with pytest.raises(BatchProcessingError):
        work(MINUTE, CONTEXT)
    world.backend.put(whole)

    assert work(MINUTE, CONTEXT) == {"due": 1}
    assert world.stored(MB).kicks == 1


def test_what_there_is_no_time_for_stays_due(world: World) -> None:
    work = handler.build(world.sweeping, world.meter)

    assert work(MINUTE, make_context("sweep", left_ms=handler.SPARE_MS - 1)) == {"due": 3}

    assert {world.stored(one).kicks for one in (MA, MB, MC)} == {0}
    assert work(MINUTE, make_context("sweep", left_ms=handler.SPARE_MS)) == {"due": 3}
    assert {world.stored(one).kicks for one in (MA, MB, MC)} == {1}


@pytest.fixture
def _fresh_services() -> Iterator[None]:
    handler.services.cache_clear()
    yield
    handler.services.cache_clear()


@pytest.mark.usefixtures("_fresh_services")
def test_the_function_composes_itself_from_its_environment_once(deployed: Enter) -> None:
    backend = deployed("queue_base", "page_topic")
    long_ago = SystemTime().now() - FIRST_LOOK_MS - 1_000
    mention = a_mention(A, event_at=long_ago)
    arrival = Arrival(
        mention=mention,
        brand="acme",
        conversation=conversation_id(mention, "acme"),
        received_at=long_ago,
    )
    TableInbox(backend.dynamo, backend.table).put([arrival], 2)

    assert handler.lambda_handler(MINUTE, CONTEXT) == {"due": 1}
    assert handler.lambda_handler(MINUTE, CONTEXT) == {"due": 0}

    assert handler.services() is handler.services()
    item = backend.item(f"mention#{MA}")
    assert item is not None
    assert item["kick"] == {"N": "1"}
