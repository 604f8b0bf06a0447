"""Many tries: counted by kind and outcome, spread over the processors, each failure replayable."""

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import Random
from typing import Literal

from heed.flows.receive import DEADLINE_S
from tests.fuzz.deliveries import try_delivery
from tests.fuzz.intake import Intake
from tests.fuzz.mutants import rng_of
from tests.fuzz.proofs import try_proof
from tests.fuzz.rotations import try_rotation

Part = Literal["deliveries", "signatures", "rotations"]
# One try by its name in the run: kind and outcome, or an exception.
Try = Callable[[Intake, str, Random], tuple[str, str]]

TRIES: dict[Part, Try] = {
    "deliveries": try_delivery,
    "signatures": try_proof,
    "rotations": try_rotation,
}
CHUNK = 1_000
FAILURES_MAX = 20


@dataclass(frozen=True, slots=True)
class Span:
    """Some consecutive tries of one part on one platform."""

    part: Part
    platform: str
    seed: int
    start: int
    stop: int


@dataclass(slots=True)
class Tally:
    """What came of tries. `counts`: by (kind, outcome). `slowest_s`: seconds of processor time."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    @property
    def tries(self) -> int:
        """How many ended without a failure."""
        return self.counts.total()

    def add(self, other: "Tally") -> None:
        """Take in what another process counted."""
        self.counts += other.counts
        self.failures += other.failures
        self.slowest_s = max(self.slowest_s, other.slowest_s)


def run(span: Span) -> Tally:
    """Make the tries of a span in this process."""
    tally, intake = Tally(), Intake()
    for number in range(span.start, span.stop):
        started = time.process_time()
        try:
            rng = rng_of(span.part, span.platform, span.seed, number)
            tally.counts[TRIES[span.part](intake, span.platform, rng)] += 1
            took_s = time.process_time() - started
            # The platform hangs up soon after. Half of the time, at least, is that of the checks.
            assert took_s < 2 * DEADLINE_S, f"took {took_s:.1f} s of processor time"
            tally.slowest_s = max(tally.slowest_s, took_s)
        except Exception as error:  # Whatever it is, it is the finding.
            tally.failures.append(_finding(span, number, error))
            intake = Intake()
            if len(tally.failures) >= FAILURES_MAX:
                break
    return tally


def _finding(span: Span, number: int, error: Exception) -> str:
    says = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    place = f"PART={span.part} PLATFORM={span.platform} SEED={span.seed} ONLY={number}"
    return f"{says}\n    make fuzz {place}"


def run_all(part: Part, platform: str, seed: int, count: int) -> Tally:
    """Make so many tries, on every processor that there is, until one piece of them failed."""
    starts = range(0, count, CHUNK)
    pieces = [Span(part, platform, seed, at, min(at + CHUNK, count)) for at in starts]
    tally = Tally()
    processes = min(len(os.sched_getaffinity(0)), len(pieces))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in pool.map(run, pieces):
            tally.add(done)
            if tally.failures:
                pool.shutdown(cancel_futures=True)
                break
    return tally
