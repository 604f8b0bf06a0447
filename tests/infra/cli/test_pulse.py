"""The pulse command, over a table of the embedded AWS."""

import json
from collections import Counter
from pathlib import Path

import pytest

from heed.domain.clock import HOUR_MS
from heed.domain.tally import Cell
from heed.ports import Span
from heed.storage.counters import TableCounters, tallied
from heed.telemetry import SystemTime
from infra.cli.main import main
from tests.backends import Backend, open_backend
from tests.heed.storage.stores import Store, a_mention, an_arrival

Output = pytest.CaptureFixture[str]


@pytest.fixture
def backend(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Backend:
    """An empty table, told to the command by .heed/env."""
    opened = open_backend("ministack", request)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".heed").mkdir()
    values = {"TABLE": opened.table, "AWS_ENDPOINT_URL": opened.endpoint}
    lines = "".join(f"export {key}='{value}'\n" for key, value in values.items())
    (tmp_path / ".heed" / "env").write_text(lines, encoding="utf-8")
    return opened


@pytest.fixture
def counters(backend: Backend) -> TableCounters:
    return TableCounters(backend.dynamo, backend.table)


def this_hour() -> int:
    return SystemTime().now() // HOUR_MS


def fill(counters: TableCounters, *, hours_ago: int = 0, platform: str = "x") -> None:
    counts = Counter(
        {
            "received": 10, "eligible": 8, "answered": 5, "machine": 4, "people": 2, "held": 3,
            "waiting": 3, "refused": 1, "parked": 1, "not:spam": 2, "silent:spam": 2, "deleted": 1,
            "from:webhook": 9, "from:reread": 1, "machine:4": 4, "machine:ms": 16_000,
            "people:24": 2, "people:ms": 8_000_000,
        }
    )  # fmt: skip
    cell = Cell("acme", this_hour() - hours_ago, platform)
    counters.add(cell, counts, Span("shard", "0", "1"))


def row(printed: str, name: str) -> list[str]:
    [line] = [line for line in printed.splitlines() if line.startswith(f"{name} ")]
    return line.split()


def test_an_empty_table_has_a_quiet_pulse(backend: Backend, capsys: Output) -> None:
    assert backend.item("x") is None

    assert main(["pulse"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("acme, the last 24 hours")
    assert row(printed, "all")[1:5] == ["0", "0", "-", "-"]
    assert "not eligible: none" in printed


def test_platforms_stand_apart_and_together(counters: TableCounters, capsys: Output) -> None:
    fill(counters)
    fill(counters, hours_ago=23, platform="telegram")
    fill(counters, hours_ago=24)

    assert main(["pulse"]) == 0

    printed = capsys.readouterr().out
    assert row(printed, "x")[1:] == [
        *("10", "8", "50", "%", "25", "%", "3", "3", "2"),
        *("3.4", "s", "/", "3.4", "s,", "57", "min", "/", "57", "min"),
    ]
    assert row(printed, "all")[1:3] == ["20", "16"]
    assert "not eligible: 4 spam" in printed
    assert "by:           18 webhook, 2 reread" in printed
    assert "changes:      2 deleted" in printed


def test_hours_and_platforms_can_be_chosen(counters: TableCounters, capsys: Output) -> None:
    for hours_ago in range(3):
        fill(counters, hours_ago=hours_ago)
        fill(counters, hours_ago=hours_ago, platform="telegram")

    assert main(["pulse", "--brand", "acme", "--platform", "x", "--hours", "2", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["hours"], told["brands"].keys()) == (2, {"acme"})
    assert told["brands"]["acme"].keys() == {"x", "all"}
    assert told["brands"]["acme"]["all"]["received"] == 20
    assert told["brands"]["acme"]["x"]["first_answer"]["machine"]["mean_ms"] == 4_000
    assert "recount_differences" not in told


def count_all(counters: TableCounters, store: Store, now: int) -> None:
    arrival = an_arrival(a_mention(), received_at=now)
    store.put(arrival)
    seen = tallied(store.raw(arrival.mention))
    assert seen is not None
    counts = Counter(["received", "eligible", "waiting", "from:webhook"])
    counters.add(seen.cell, counts, Span("shard", "0", "1"))


def test_a_recount_finds_the_same(
    counters: TableCounters, backend: Backend, capsys: Output
) -> None:
    count_all(counters, Store(backend), SystemTime().now())

    assert main(["pulse", "--recount"]) == 0
    assert "recount: 1 received, the same" in capsys.readouterr().out

    assert main(["pulse", "--recount", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recount_differences"] == []


def test_a_recount_that_finds_something_else_is_told_and_fails(
    counters: TableCounters, backend: Backend, capsys: Output
) -> None:
    now = SystemTime().now()
    count_all(counters, Store(backend), now)
    cell = Cell("acme", now // HOUR_MS, "x")
    counters.add(cell, Counter(received=1), Span("shard", "2", "2"))

    assert main(["pulse", "--recount"]) == 1

    told = capsys.readouterr()
    assert "recount: 1 received, not the same" in told.out
    expected = f"heed pulse: acme x, hour {cell.hour}: received is 2, recounted 1\n"
    assert told.err == expected


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--hours", "0"], "--hours is between 1 and 720"),
        (["--hours", "721"], "--hours is between 1 and 720"),
        (["--brand", "nobody"], "no brand is called 'nobody'; there is acme"),
    ],
)
def test_a_wrong_wish_is_one_line(
    argv: list[str], says: str, backend: Backend, capsys: Output
) -> None:
    assert backend.table

    assert main(["pulse", *argv]) == 2
    assert says in capsys.readouterr().err


def test_a_missing_place_is_one_line_that_says_what_to_do(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("TABLE", "no-such-table")
    assert main(["pulse"]) == 2
    assert capsys.readouterr().err.count("\n") == 1

    Path(".heed/env").write_text(f"export AWS_ENDPOINT_URL='{backend.endpoint}'\n")
    monkeypatch.delenv("TABLE")
    assert main(["pulse"]) == 2
    assert "TABLE is not set: start `make run`, or export TABLE" in capsys.readouterr().err

    monkeypatch.setenv("TABLE", backend.table)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert main(["pulse"]) == 2
    assert "AWS cannot be asked" in capsys.readouterr().err
