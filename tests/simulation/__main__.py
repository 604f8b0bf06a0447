"""`make simulate`: run seeds on all cores and say what they came to; or one seed, with its trace.

SEEDS=2000 how many; FIRST=0 from which on; VARIANT=send-then-record|lock-with-expiry a naive
sender; SEED=17 that one alone, line by line; JOBS=2 processes. LOAD=10: no faults, but ten times
the normal load, and how long people wait."""

import gc
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping

from tests.simulation.load import Waits, last, measure, middle
from tests.simulation.report import Report, print_report, run_seeds
from tests.simulation.run import Outcome, simulate
from tests.simulation.variants import VARIANTS

SEEDS = 2_000
CHUNK = 20


def main(settings: Mapping[str, str]) -> int:
    """Run what the settings ask for. Returns the exit status."""
    variant = settings.get("VARIANT", "")
    if variant and variant not in VARIANTS:
        print(f"VARIANT is one of {', '.join(VARIANTS)}", file=sys.stderr)  # noqa: T201
        return 2
    if seed := settings.get("SEED"):
        return _show(simulate(int(seed), variant, traced=True))
    if times := settings.get("LOAD"):
        return _show_waits(measure(float(times)))
    first, count = int(settings.get("FIRST") or 0), int(settings.get("SEEDS") or SEEDS)
    jobs = int(settings.get("JOBS") or os.cpu_count() or 1)
    report = Report(variant=variant)
    began = time.monotonic()
    tasks = [
        (seed, min(seed + CHUNK, first + count), variant)
        for seed in range(first, first + count, CHUNK)
    ]
    # What is imported stays: nobody need look there for what a seed leaves behind.
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=gc.freeze) as pool:
        for part in pool.imap_unordered(run_seeds, tasks):
            report.add(part)
            _progress(report.seeds, count)
    report.seconds = time.monotonic() - began
    return print_report(report)


def _show_waits(waits: Waits) -> int:
    for name, values in (
        ("all", waits.all), ("praise", waits.praise), ("complaints", waits.complaints),
    ):  # fmt: skip
        told = f"median {middle(values) / 1000:.2f} s, p99 {last(values) / 1000:.2f} s"
        print(f"{len(values):>8}  {name:<11} {told}")  # noqa: T201
    for line in waits.faults():
        print(f"BROKEN {line}")  # noqa: T201
    return 1 if waits.faults() else 0


def _progress(done: int, count: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {count} seeds", end="", file=sys.stderr, flush=True)  # noqa: T201


def _show(outcome: Outcome) -> int:
    for line in outcome.trace:
        print(line)  # noqa: T201
    print(f"trace {outcome.digest}")  # noqa: T201
    for line in outcome.found.violations:
        print(f"BROKEN {line}")  # noqa: T201
    return 1 if outcome.found.violations else 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
