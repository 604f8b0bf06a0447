from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.poll import handler
from tests.functions.conftest import Enter
from tests.functions.invocations import lines_of, make_context
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import World

CONTEXT = make_context("poll", left_ms=180_000)
TIMER = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
A = "2100000000000000001"
MA = f"x#{X_ACCOUNT}#post:{A}"


@pytest.fixture
def world() -> World:
    """A post whose webhook never came, on a platform that was read again before."""
    world = World()
    world.poll()
    world.clock.forward(s=900)
    world.twin("x").learn(x_post(A, f"{COMPLAINT} canary", at=world.clock.now() - 300_000))
    world.meter.counts.clear()
    return world


def test_how_many_mentions_the_webhooks_missed_is_returned_and_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    work = handler.build(world.polling, world.meter)

    assert work(TIMER, CONTEXT) == {"accounts": 3, "gaps": 1}
    assert work(TIMER, CONTEXT) == {"accounts": 3, "gaps": 0}

    assert world.stored(MA).source == "reread"
    printed = capsys.readouterr().out
    assert "canary" not in printed
    warning, metrics, done, later = lines_of(printed)
    assert (warning["level"], warning["message"]) == ("WARNING", "webhooks missed mentions")
    assert (warning["platform"], warning["brand"], warning["count"]) == ("x", "acme", 1)
    assert metrics["reread_only"] == [1.0]
    assert (done["counts"]["poll_done"], done["counts"]["reread_created"]) == (3, 1)
    assert later["counts"] == {"poll_waits": 3}


def test_an_account_that_cannot_be_read_is_shown_to_a_person_and_stops_no_other(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    item = world.backend.item(f"poll#x#{X_ACCOUNT}")
    assert item is not None
    world.backend.put({**item, "pg": {"L": [{"N": "1"}]}})
    work = handler.build(world.polling, world.meter)

    with pytest.raises(BatchProcessingError, match="could not be read"):
        work(TIMER, CONTEXT)

    warning, done = lines_of(capsys.readouterr().out)
    assert (warning["level"], warning["message"]) == ("WARNING", "a record failed")
    assert done["counts"] == {"poll_done": 2}


def test_what_there_is_no_time_for_is_left_to_the_next_run(world: World) -> None:
    work = handler.build(world.polling, world.meter)
    short = make_context("poll", left_ms=handler.PAGE_MS_MAX - 1)

    assert work(TIMER, short) == {"accounts": 3, "gaps": 0}

    assert world.find(MA) is None
    assert work(TIMER, CONTEXT)["gaps"] == 1


@pytest.fixture
def _fresh_services() -> Iterator[None]:
    handler.services.cache_clear()
    yield
    handler.services.cache_clear()


@pytest.mark.usefixtures("_fresh_services")
def test_the_function_composes_itself_from_its_environment_once(deployed: Enter) -> None:
    backend = deployed("secret_prefix", platform_hosts="{}", timeout_s="180")

    # No account has a token: each is tried, and says so.
    assert handler.lambda_handler(TIMER, CONTEXT) == {"accounts": 2, "gaps": 0}

    assert handler.services() is handler.services()
    item = backend.item(f"poll#x#{X_ACCOUNT}")
    assert item is not None
    assert item["rz"] == {"S": "no_token"}
