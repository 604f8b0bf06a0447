import json
from collections.abc import Iterator

import pytest

from functions.reply import handler
from functions.triage import handler as triage
from heed.domain.mention import conversation_id
from heed.domain.policy import Control
from heed.domain.reply import machine_reply
from heed.errors import SettingsError
from heed.ports import Arrival
from heed.queues import lane_message
from heed.storage.controls import TableControls
from heed.storage.inbox import TableInbox
from heed.telemetry import SystemTime
from infra.local.twins.server import TwinServer, wall_clock_ms
from infra.local.twins.world import TwinAccount
from infra.local.twins.x import x_twin
from tests.functions.conftest import Enter
from tests.functions.invocations import (
    failed_ids,
    lane_event,
    lines_of,
    make_context,
    stream_event,
    stream_record,
)
from tests.heed.flows.bodies import COMPLAINT, MARTA, X_ACCOUNT, X_HANDLE, x_post
from tests.heed.flows.world import World
from tests.heed.storage.stores import a_mention

CONTEXT = make_context("reply")
A, B = "2100000000000000001", "2100000000000000002"
MA, MB = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B))
POISON = ("canary", "[]", '{"owner": 5, "part": "canary"}')


@pytest.fixture
def world() -> World:
    return World()


def planned(world: World) -> list[str]:
    """Let two visitors complain until each waits for an acknowledgement."""
    for post, author in ((A, "1"), (B, "2")):
        text = f"{COMPLAINT} canary"
        world.deliver("x", x_post(post, text, at=world.clock.now(), author=author))
    world.triage()
    return [json.dumps(one) for one in world.queue("reply-x")]


@pytest.mark.parametrize("poison", POISON, ids=["no JSON", "a list", "a number"])
def test_a_poison_message_is_given_back_alone_and_the_others_are_done(
    world: World, poison: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = planned(world)
    world.meter.counts.clear()
    capsys.readouterr()
    work = handler.build(world.replying, world.meter)

    answer = work(lane_event(first, poison, second), CONTEXT)

    assert failed_ids(answer) == ["m1"]
    assert [world.state(one) for one in (MA, MB)] == ["sent", "sent"]
    printed = capsys.readouterr().out
    assert "canary" not in printed
    assert not any(text in printed for text in world.posts())
    warning, done = (line for line in lines_of(printed) if "_aws" not in line)
    assert warning["level"] == "WARNING"
    assert (done["records"], done["counts"]) == (3, {"reply_sent": 2})
    assert [one["reply_sent"] for one in lines_of(printed) if "_aws" in one] == [[2.0]]


def test_a_batch_of_poison_alone_is_reported_like_any_other(world: World) -> None:
    work = handler.build(world.replying, world.meter)

    assert failed_ids(work(lane_event(*POISON), CONTEXT)) == ["m0", "m1", "m2"]
    # What failed in one batch is not told again in the next.
    assert failed_ids(work(lane_event(*planned(world)), CONTEXT)) == []


def test_without_time_for_another_send_the_message_is_given_back_unsent(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = planned(world)
    work = handler.build(world.replying, world.meter)
    capsys.readouterr()

    late = work(lane_event(*messages), make_context("reply", left_ms=handler.SEND_MS_MAX - 1))

    assert failed_ids(late) == ["m0", "m1"]
    assert world.sender.calls == []
    errors = [line.get("error") for line in lines_of(capsys.readouterr().out)]
    assert errors[:2] == ["NotSentError", "NotSentError"]
    in_time = work(lane_event(*messages), make_context("reply", left_ms=handler.SEND_MS_MAX))
    assert failed_ids(in_time) == []
    assert world.state(MA) == "sent"


@pytest.fixture
def _fresh_services() -> Iterator[None]:
    for one in (handler, triage):
        one.services.cache_clear()
    yield
    for one in (handler, triage):
        one.services.cache_clear()


@pytest.mark.usefixtures("_fresh_services")
def test_the_function_composes_itself_and_answers_through_the_loopback_twin(
    deployed: Enter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = deployed("queue_base", "page_topic")
    now = SystemTime().now()
    author = a_mention().author
    mention = a_mention(A, text=COMPLAINT, event_at=now, author=author)
    arrival = Arrival(
        mention=mention,
        brand="acme",
        conversation=conversation_id(mention, "acme"),
        received_at=now,
    )
    TableInbox(backend.dynamo, backend.table).put([arrival], 2)
    controls = TableControls(backend.dynamo, backend.table, SystemTime())
    controls.put("acme", Control(mode="live"))
    item = backend.item(f"mention#{MA}")
    assert item is not None
    assert failed_ids(triage.lambda_handler(stream_event([stream_record(item)]), CONTEXT)) == []
    backend.secrets.create_secret(
        Name=f"{backend.prefix}x/{X_ACCOUNT}/token", SecretString=json.dumps({"token": "token-x"})
    )
    twin = x_twin([TwinAccount(X_ACCOUNT, "token-x", X_HANDLE, "Acme Air")], now_ms=wall_clock_ms)
    twin.learn(x_post(A, COMPLAINT, at=now, author=MARTA), account="")
    capsys.readouterr()

    with TwinServer([twin]) as server:
        hosts = json.dumps({"api.x.com": server.address("x")})
        deployed("queue_base", "page_topic", "secret_prefix", platform_hosts=hosts, timeout_s="60")
        event = lane_event(lane_message(machine_reply(mention.id)))
        for _ in range(2):
            assert failed_ids(handler.lambda_handler(event, CONTEXT)) == []

    assert handler.services() is handler.services()
    [post] = twin.visible_posts()
    assert post.target == A
    sent = backend.item(f"mention#{MA}")
    assert sent is not None
    assert sent["st"] == {"S": "sent"}
    printed = capsys.readouterr().out
    assert "token-x" not in printed
    assert post.text not in printed
    lines = [line for line in lines_of(printed) if "_aws" not in line]
    assert [line["counts"] for line in lines] == [{"reply_sent": 1}, {"reply_settled": 1}]


@pytest.mark.usefixtures("_fresh_services")
def test_a_stand_in_outside_this_machine_ends_the_start(deployed: Enter) -> None:
    hosts = json.dumps({"api.x.com": "http://192.0.2.1"})
    names = ("queue_base", "page_topic", "secret_prefix")
    deployed(*names, platform_hosts=hosts, timeout_s="60")

    with pytest.raises(SettingsError, match="loopback"):
        handler.lambda_handler(lane_event(), CONTEXT)
