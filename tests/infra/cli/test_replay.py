"""`heed replay`, against the emulator and the stand-ins of queues and streams."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.flows.replay import Ringing
from heed.ports import Quarantined
from heed.storage.inbox import TableInbox
from heed.telemetry import SystemTime
from infra.cli.dead_letters import DeadLetters, Letter
from infra.cli.main import main
from infra.cli.progress import LINE_EVERY, Progress
from infra.cli.replay import _since, run_queue
from tests.backends import Backend, open_backend
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_event, x_post
from tests.heed.flows.world import World

Output = pytest.CaptureFixture[str]
A, B = "2100000000000000001", "2100000000000000002"
MA = f"x#{X_ACCOUNT}#post:{A}"
NOW = 1_795_170_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Impatient(Terminal):
    """A terminal at which somebody presses Ctrl-C after the second change."""

    def write(self, text: str) -> int:
        if ": 2 of" in text:
            raise KeyboardInterrupt
        return super().write(text)


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Backend:
    """A table and queues in the emulator, told to the command by .heed/env."""
    backend = open_backend("ministack", request)
    for name in ("TABLE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".heed").mkdir()
    values = {"TABLE": backend.table, "AWS_ENDPOINT_URL": backend.endpoint,
              "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
              "AWS_SECRET_ACCESS_KEY": "test"}  # fmt: skip
    lines = "".join(f"export {key}='{value}'\n" for key, value in values.items())
    (tmp_path / ".heed" / "env").write_text(lines, encoding="utf-8")
    return backend


def keep(backend: Backend, *changes: bytes) -> None:
    now, inbox = SystemTime().now(), TableInbox(backend.dynamo, backend.table)
    for change in changes:
        inbox.put([Quarantined("x", "main", change.decode(), "unknown", now)], 5)


def test_quarantine_is_run_again_and_the_second_time_finds_only_what_stayed(
    stage: Backend, capsys: Output
) -> None:
    post = x_post(A, COMPLAINT, at=SystemTime().now())
    keep(stage, post, x_event("space.started", {"id": "1"}), b"not json")

    assert main(["replay", "quarantine", "--dry-run"]) == 1
    assert capsys.readouterr().out == "would be: ignored 1, readable 1, unreadable 1\n"
    assert main(["replay", "quarantine"]) == 1
    shown = capsys.readouterr()
    assert shown.out == "ignored 1, stored 1, unreadable 1\n"
    assert shown.err == "quarantine: 0 of 3\n"
    assert stage.item(f"mention#{MA}") is not None
    assert main(["replay", "quarantine", "--platform", "x", "--since", "1h"]) == 1
    assert capsys.readouterr().out == "unreadable 1\n"
    assert main(["replay", "quarantine", "--platform", "facebook"]) == 0
    assert capsys.readouterr().out == "nothing was there\n"


def test_a_broken_off_run_says_what_is_done(
    stage: Backend, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(stage, b"one", b"two")
    monkeypatch.setattr(sys, "stderr", Impatient())

    assert main(["replay", "quarantine"]) == 130
    assert capsys.readouterr().out == "unreadable 2\n"


def test_dead_letters_ring_again(stage: Backend, capsys: Output) -> None:
    dead = [f"table-{kind}-dead" for kind in ("reply", "work", "triage", "sweep")]
    stage.add_queues(*dead, "table-reply-x")
    post = x_post(A, COMPLAINT, at=SystemTime().now())
    keep(stage, post)
    main(["replay", "quarantine"])
    url = stage.sqs.get_queue_url(QueueName=f"{stage.table}-reply-dead")["QueueUrl"]
    for body in (json.dumps({"owner": f"mention#{MA}", "part": "-"}), "poison"):
        stage.sqs.send_message(QueueUrl=url, MessageBody=body)
    capsys.readouterr()

    assert main(["replay", "dead", "--queue", "reply", "--dry-run"]) == 1
    assert capsys.readouterr().out == "would be: named 1, unreadable 1\n"
    assert main(["replay", "dead"]) == 1
    assert capsys.readouterr().out == "rung 1, unreadable 1\n"
    lane = url.replace("reply-dead", "reply-x")
    [message] = stage.sqs.receive_message(QueueUrl=lane)["Messages"]
    assert json.loads(message["Body"]) == {"owner": f"mention#{MA}", "part": "-"}
    assert main(["replay", "dead"]) == 1
    assert capsys.readouterr().out == "unreadable 1\n"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["quarantine", "--platform", "nowhere"], "use one of facebook"),
        (["quarantine", "--since", "soon"], "write 90m, 12h or 3d"),
        (["quarantine"], "start `make run`, or give --stage"),
        (["dead"], "start `make run`, or give --stage"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    argv: list[str], says: str, capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TABLE", raising=False)
    monkeypatch.chdir(tmp_path)

    assert main(["replay", *argv]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("what", ["quarantine", "dead"])
def test_a_stage_that_is_not_there_is_named(
    what: str, stage: Backend, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stage.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert main(["replay", what, "--stage", "nowhere"]) == 2
    assert "AWS refused" in capsys.readouterr().err


def test_an_age_is_read() -> None:
    assert _since("90m", NOW) == NOW - 90 * MINUTE_MS
    assert _since("12h", NOW) == NOW - 12 * HOUR_MS
    assert _since("3d", NOW) == NOW - 3 * DAY_MS
    assert _since("", NOW) == _since("400d", NOW) == NOW - 30 * DAY_MS


# One queue, over the stand-ins.


class Streams:
    """DynamoDB Streams with one shard of three records, a page each."""

    def __init__(self, *pks: str, error: str = "") -> None:
        self._pks = pks
        self._error = error

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        if self._error:
            raise ClientError({"Error": {"Code": self._error}}, "GetShardIterator")
        return {"ShardIterator": str(int(request["SequenceNumber"]) - 1)}

    def get_records(self, **request: Any) -> dict[str, Any]:
        at = int(request["ShardIterator"])
        records = [
            {"dynamodb": {"SequenceNumber": str(at + 1), "Keys": {"pk": {"S": pk}}}}
            for pk in self._pks[at : at + 1]
        ]
        return {"Records": records, "NextShardIterator": str(at + 1)}


def batch(first: int = 1, last: int = 3) -> str:
    info = {"shardId": "s", "streamArn": "a", "startSequenceNumber": str(first),
            "endSequenceNumber": str(last)}  # fmt: skip
    return json.dumps({"DDBStreamBatchInfo": info})


@pytest.fixture
def world() -> World:
    world = World()
    for kind in ("work", "triage", "sweep"):
        world.sqs.add_queue(f"{world.backend.prefix}{kind}-dead")
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    return world


@pytest.fixture
def work(world: World) -> Callable[..., dict[str, int]]:
    """Send messages to a dead-letter queue and work through it."""

    def run(
        kind: str, *bodies: str, streams: Any = None, is_dry: bool = False, limit: int = 99
    ) -> dict[str, int]:
        letters = DeadLetters(world.sqs, streams or Streams(), world.backend.prefix)
        for body in bodies:
            world.sqs.send_message(QueueUrl=letters.address(kind), MessageBody=body)
        s = Ringing(world.handing, world.outbox)
        return dict(run_queue(kind, letters, s, limit=limit, is_dry=is_dry))

    return run


def test_a_discarded_batch_names_its_mentions(
    world: World, work: Callable[..., dict[str, int]]
) -> None:
    world.records()
    streams = Streams(f"mention#{MA}", "conv#1", f"mention#{MA}", f"mention#x#1#post:{B}")

    assert work("triage", batch(), streams=streams) == {"rung": 1}
    assert world.queue("triage-dead") == []
    assert world.triage() == ["acknowledge"]


def test_a_batch_at_the_end_of_its_shard_is_read_to_the_end(
    world: World, work: Callable[..., dict[str, int]]
) -> None:
    world.records()

    assert work("triage", batch(), streams=Streams(f"mention#{MA}")) == {"rung": 1}


@pytest.mark.parametrize("error", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_what_the_stream_forgot_is_left_to_sweep(
    error: str, work: Callable[..., dict[str, int]]
) -> None:
    assert work("triage", batch(), streams=Streams(error=error)) == {"gone": 1}


def test_a_stream_that_refuses_keeps_the_message(
    world: World, work: Callable[..., dict[str, int]]
) -> None:
    with pytest.raises(ClientError):
        work("triage", batch(), streams=Streams(error="AccessDeniedException"))

    assert len(world.queue("triage-dead")) == 1


def test_a_bell_rings_its_case(world: World, work: Callable[..., dict[str, int]]) -> None:
    world.run()
    bell = json.dumps({"case": world.conversation(MA).id, "epoch": 1})

    assert work("work", bell, bell, is_dry=True) == {"named": 2}
    assert work("work") == {"rung": 2}
    assert world.bells() == {"normal": 3}


def test_what_sweep_failed_at_is_due_anyway(work: Callable[..., dict[str, int]]) -> None:
    assert work("sweep", '{"requestContext": {}}', is_dry=True) == {"gone": 1}
    assert work("sweep") == {"gone": 1}
    assert work("sweep") == {}


@pytest.mark.parametrize("kind", ["reply", "work", "triage"])
@pytest.mark.parametrize("body", ["poison", "[]", "{}", '{"owner": 5}'])
def test_a_message_that_names_nothing_stays_for_a_person(
    kind: str, body: str, world: World, work: Callable[..., dict[str, int]]
) -> None:
    for _ in range(2):
        bodies = (body,) if _ == 0 else ()
        assert work(kind, *bodies) == {"unreadable": 1}

    assert world.sqs.bodies(f"{world.backend.prefix}{kind}-dead") == [body]


def test_a_limit_is_kept(world: World, work: Callable[..., dict[str, int]]) -> None:
    bodies = [json.dumps({"owner": f"mention#x#1#post:{n}", "part": "-"}) for n in range(25)]

    assert work("reply", *bodies, limit=15) == {"gone": 15}
    assert len(world.queue("reply-dead")) == 10


def test_a_letter_is_seen_once_even_when_the_queue_shows_it_twice() -> None:
    message = {"MessageId": "1", "Body": "b", "ReceiptHandle": "r"}
    pages = iter([[message], [message], [message]])
    sqs: Any = SimpleNamespace(receive_message=lambda **_: {"Messages": next(pages, [])})

    letters = list(DeadLetters(sqs, None, "t-").letters("q", 9))

    assert letters == [Letter("q", "b", "r", "1")]


# Progress.


def test_a_terminal_gets_a_bar() -> None:
    stream = Terminal()
    with Progress("work", 2, stream) as progress:
        progress.step()
        progress.step()

    assert stream.getvalue().split("\r")[-1] == f"[{'#' * 30}] work: 2 of 2\n"
    assert f"[{'#' * 15}{'.' * 15}] work: 1 of 2" in stream.getvalue()


def test_elsewhere_a_line_comes_now_and_then_and_more_than_expected_is_no_fault() -> None:
    stream = io.StringIO()
    with Progress("work", 1, stream) as progress:
        for _ in range(2 * LINE_EVERY):
            progress.step()

    assert stream.getvalue() == "work: 0 of 1\nwork: 100 of 100\nwork: 200 of 200\n"
