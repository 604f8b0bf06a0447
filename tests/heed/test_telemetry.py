import io
import json
import time
from types import TracebackType
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from heed.telemetry import ALARMED, CountingMeter, SystemTime, report, report_failures

CANARY = "canary-words-of-a-customer"


@pytest.fixture
def lines() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(lines: io.StringIO, request: pytest.FixtureRequest) -> Logger:
    # Powertools keeps one logger per service name for the whole process.
    return Logger(service=request.node.name, stream=lines)


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.setenv("POWERTOOLS_METRICS_FUNCTION_NAME", "receive")
    made = Metrics(namespace="Heed", service="receive")
    made.clear_metrics()
    return made


def test_the_clock_counts_milliseconds_since_1970() -> None:
    before = time.time() * 1000

    now = SystemTime().now()

    assert before - 1 <= now <= time.time() * 1000 + 1


def test_names_of_attempts_are_short_and_never_the_same() -> None:
    names = {SystemTime().new_id() for _ in range(1_000)}

    assert len(names) == 1_000
    assert {len(name) for name in names} == {16}
    assert all(name.isascii() and name.isalnum() for name in names)


def test_a_meter_adds_up() -> None:
    meter = CountingMeter()

    meter.count("stored")
    meter.count("stored", 2)
    meter.count("refused", 0)

    assert meter.counts == {"stored": 3, "refused": 0}


def test_a_report_is_one_line_with_all_counts_and_metrics_for_a_few(
    logger: Logger, lines: io.StringIO, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    meter = CountingMeter()
    meter.count("stored", 3)
    meter.count("handshake", 2)

    report(logger, metrics, meter, platform="x", delivery_id="d1")

    [line] = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert (line["level"], line["message"]) == ("INFO", "done")
    assert (line["platform"], line["delivery_id"]) == ("x", "d1")
    assert line["counts"] == {"stored": 3, "handshake": 2}
    [emitted] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert emitted["stored"] == [3.0]
    assert "handshake" not in emitted
    assert not meter.counts


def test_a_report_without_anything_that_costs_emits_no_metric(
    logger: Logger, lines: io.StringIO, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    meter = CountingMeter()
    meter.count("handshake")

    report(logger, metrics, meter)

    assert json.loads(lines.getvalue())["counts"] == {"handshake": 1}
    assert capsys.readouterr().out == ""


def test_every_alarmed_outcome_becomes_a_metric(
    logger: Logger, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    meter = CountingMeter()
    for outcome in ALARMED:
        meter.count(outcome)

    report(logger, metrics, meter)

    emitted = json.loads(capsys.readouterr().out)
    assert emitted.keys() >= ALARMED
    # Each costs by the month: see the page on speed, section 2.
    assert len(ALARMED) <= 10


def raised() -> tuple[type[BaseException], BaseException, TracebackType | None]:
    try:
        raise LookupError(CANARY)
    except LookupError as error:
        return LookupError, error, error.__traceback__


def test_a_failed_record_is_named_by_error_and_place_never_by_its_message(
    logger: Logger, lines: io.StringIO
) -> None:
    report_failures(logger, [raised(), (None, None, None)])

    named, unnamed = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert (named["level"], named["message"]) == ("WARNING", "a record failed")
    assert named["error"] == "LookupError"
    assert named["place"].startswith("test_telemetry.py:")
    assert (unnamed["error"], unnamed["place"]) == ("", "")
    assert CANARY not in lines.getvalue()


def test_no_failure_is_no_line(logger: Logger, lines: io.StringIO) -> None:
    failures: list[Any] = []

    report_failures(logger, failures)

    assert lines.getvalue() == ""
