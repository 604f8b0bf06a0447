import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.triage import handler
from heed.domain.mention import conversation_id
from heed.ports import Arrival
from heed.storage.inbox import TableInbox
from heed.telemetry import SystemTime
from tests.functions.conftest import Enter
from tests.functions.invocations import (
    failed_ids,
    lines_of,
    make_context,
    stream_event,
    stream_record,
)
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import World
from tests.heed.storage.stores import a_mention

CONTEXT = make_context("triage")
A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))


@pytest.fixture
def world() -> World:
    return World()


def looked_at(world: World, records: list[dict[str, Any]]) -> list[str]:
    work = handler.build(world.triaging, world.meter)
    return failed_ids(work(stream_event(records), CONTEXT))


def told(world: World) -> list[dict[str, Any]]:
    """What the stream shows of triage's business, as Lambda's filter lets it through."""
    drained = world.dynamo.stream(world.table).drain()
    return [one for one in drained if "todo" in one["dynamodb"].get("NewImage", {})]


def say(world: World, post: str, text: str = COMPLAINT, **fields: Any) -> None:
    world.deliver("x", x_post(post, text, at=world.clock.now(), **fields))


def test_a_record_is_read_with_its_bytes_and_decided(world: World) -> None:
    say(world, A, "@acmeair où est ma valise? This is terrible service.")
    records = told(world)
    assert isinstance(records[0]["dynamodb"]["NewImage"]["c"]["B"], str)

    assert looked_at(world, records) == []

    assert world.queue("reply-x") == [{"owner": f"mention#{MA}", "part": "-"}]
    assert world.bells() == {"normal": 1}


def test_an_image_without_a_state_is_the_mark_of_our_own_post(world: World) -> None:
    say(world, B, "Ana here.", author=X_ACCOUNT, event="post.create", answers=A)
    records = told(world)
    assert "st" not in records[0]["dynamodb"]["NewImage"]

    assert looked_at(world, records) == []
    assert world.queue("reply-x") == []


def test_one_bad_record_is_given_back_alone_and_the_others_are_done(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for post, author in ((A, "1"), (B, "2"), (C, "3")):
        say(world, post, f"{COMPLAINT} canary", author=author)
    records = told(world)
    records[1]["dynamodb"]["NewImage"]["c"] = {"B": "Y2FuYXJ5"}
    capsys.readouterr()

    failed = looked_at(world, records)

    assert failed == [records[1]["dynamodb"]["SequenceNumber"]]
    assert [one["owner"] for one in world.queue("reply-x")] == [f"mention#{MA}", f"mention#{MC}"]
    printed = capsys.readouterr().out
    warning, done = (line for line in lines_of(printed) if "_aws" not in line)
    assert (warning["level"], warning["message"]) == ("WARNING", "a record failed")
    assert (done["level"], done["records"]) == ("INFO", 3)
    assert done["counts"] == {"acknowledge": 2, "stored": 3}
    assert "canary" not in printed


@pytest.mark.parametrize(
    "dynamodb", [{}, {"NewImage": {}}, {"NewImage": {"pk": {"S": "mention#x"}}}]
)
def test_a_batch_of_poison_alone_is_reported_like_any_other(
    world: World, dynamodb: dict[str, Any]
) -> None:
    say(world, A)
    good = told(world)
    work = handler.build(world.triaging, world.meter)
    poison = {**good[0], "dynamodb": {**dynamodb, "SequenceNumber": "7"}}

    assert failed_ids(work(stream_event([poison]), CONTEXT)) == ["7"]
    # What failed in one batch is not told again in the next.
    assert failed_ids(work(stream_event(good), CONTEXT)) == []


def test_the_same_batch_again_changes_nothing(world: World) -> None:
    say(world, A, "@acmeair thank you, you were wonderful!")
    records = told(world)

    looked_at(world, records)
    before = world.items()

    assert looked_at(world, records) == []
    assert world.items() == before


@pytest.fixture
def _fresh_services() -> Iterator[None]:
    handler.services.cache_clear()
    yield
    handler.services.cache_clear()


@pytest.mark.usefixtures("_fresh_services")
def test_the_function_composes_itself_from_its_environment_once(
    deployed: Enter, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = deployed("queue_base", "page_topic")
    now = SystemTime().now()
    mention = a_mention(A, text="@acmeair I am going to kill myself", event_at=now)
    arrival = Arrival(
        mention=mention,
        brand="acme",
        conversation=conversation_id(mention, "acme"),
        received_at=now,
    )
    TableInbox(backend.dynamo, backend.table).put([arrival], 2)
    item = backend.item(f"mention#{MA}")
    assert item is not None
    event = stream_event([stream_record(item)])

    for _ in range(2):
        assert failed_ids(handler.lambda_handler(event, CONTEXT)) == []

    assert handler.services() is handler.services()
    decided = backend.item(f"mention#{MA}")
    assert decided is not None
    assert decided["st"] == {"S": "queued"}
    url = backend.add_queues("work-acme-urgent") + "work-acme-urgent"
    [bell] = backend.sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(bell["Body"])["case"] == arrival.conversation
    lines = [line for line in lines_of(capsys.readouterr().out) if "_aws" not in line]
    assert [line["counts"] for line in lines] == [{"queued": 1}, {}]
