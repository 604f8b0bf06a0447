"""Logs, metrics, time: what every function needs to say what it did. Never logs a text, a name, a
body, a header or a token."""

import time
import traceback
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

Failure = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

# Metrics with a price: what an alarm or a chart needs. Everything else is one log line's counters.
ALARMED = frozenset(
    {"stored", "duplicate", "refused", "quarantined", "reply_sent", "reply_parked", "queued"}
    | {"reread_only", "reread_overdue"}
)


class SystemTime:
    """`heed.ports.Time` of the real world."""

    def now(self) -> int:
        """Epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def new_id(self) -> str:
        """Make a name for an attempt."""
        return uuid.uuid4().hex[:16]


class CountingMeter:
    """`heed.ports.Meter` that keeps the counts of one invocation."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, outcome: str, amount: int = 1) -> None:
        """Count an outcome."""
        self.counts[outcome] += amount


def report(logger: Logger, metrics: Metrics, meter: CountingMeter, **fields: object) -> None:
    """Write the one line of an invocation and its metrics, and forget the counts."""
    for outcome in sorted(ALARMED & meter.counts.keys()):
        metrics.add_metric(outcome, MetricUnit.Count, meter.counts[outcome])
    # Powertools warns about an empty set, and most invocations have nothing that costs.
    if metrics.metric_set:
        metrics.flush_metrics()
    logger.info("done", extra={**fields, "counts": dict(meter.counts)})
    meter.counts.clear()


def report_failures(logger: Logger, failures: Sequence[Failure]) -> None:
    """Write one line for each record of a batch that failed: which error and where it was raised.

    Never its message, which may quote what somebody wrote.
    """
    for kind, _, trace in failures:
        frames = traceback.extract_tb(trace)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        name = kind.__name__ if kind else ""
        logger.warning("a record failed", extra={"error": name, "place": place})
