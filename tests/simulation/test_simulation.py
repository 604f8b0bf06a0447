"""The simulation itself: that it is the same each time, that it sees what naive senders do, that it
tries every outside call. Thousands of seeds run beside these tests: `make simulate`."""

import os
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.simulation import labels
from tests.simulation.__main__ import main
from tests.simulation.engine import EndedError, Engine, Worker
from tests.simulation.load import Waits, measure, middle
from tests.simulation.report import NOT_HERE, Report, run_seeds
from tests.simulation.run import QUEUE_OUTAGE_AT, STREAM_OUTAGE_AT, simulate
from tests.simulation.variants import VARIANTS

ROOT = Path(__file__).parents[2]
SAME_SEEDS = 50


def digests(hash_seed: str) -> "subprocess.Popen[str]":
    """Print the hash of each seed's trace, in a process with another order of sets."""
    code = (
        "from tests.simulation.run import simulate\n"
        f"for seed in range({SAME_SEEDS}): print(simulate(seed, traced=True).digest)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_seed_gives_the_same_trace_in_every_process() -> None:
    one, other = digests("1"), digests("2")

    first, second = one.communicate()[0].split(), other.communicate()[0].split()

    assert len(set(first)) == SAME_SEEDS
    assert first == second


@pytest.mark.parametrize("seed", [0, 3, 9])
def test_stand_ins_that_check_every_call_give_the_same_trace(seed: int) -> None:
    trusting, checking = simulate(seed, traced=True), simulate(seed, traced=True, checked=True)

    assert checking.digest == trusting.digest
    assert checking.found.violations == []


@pytest.mark.parametrize("seed", [0, 1, 7, STREAM_OUTAGE_AT, QUEUE_OUTAGE_AT])
def test_the_real_flow_keeps_every_promise(seed: int) -> None:
    outcome = simulate(seed)

    assert outcome.found.violations == []
    assert outcome.found.mentions >= 30
    assert sum(outcome.tally.struck.values()) > 5


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_naive_sender_is_caught_on_seeds_that_the_real_one_passes(variant: str) -> None:
    naive, real = run_seeds((0, 6, variant)), run_seeds((0, 6, ""))

    assert real.broken == []
    assert naive.counts["a reply visible twice"] > 0


def test_what_is_not_in_the_world_is_named_with_its_reason() -> None:
    # That all others are called is for `make simulate` to say, over many seeds.
    assert set(labels.methods()) >= NOT_HERE.keys()
    assert all(reason for reason in NOT_HERE.values())


def test_a_call_without_its_crashes_is_a_gap() -> None:
    report = Report()
    report.tally.visited["reply", "Sender.send", "new post"] = 40

    assert "reply/Sender.send/new post: crash_before only 0 times" in report.gaps()


def test_who_asks_for_an_unknown_variant_hears_of_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main({"VARIANT": "hope"}) == 2
    assert "send-then-record, lock-with-expiry" in capsys.readouterr().err


def test_one_seed_is_shown_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    status = main({"SEED": "3"})

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert any("FAULT" in line for line in lines)
    assert lines[-1].startswith("trace ")


def test_a_naive_seed_exits_with_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    seeds = [seed for seed, _ in run_seeds((0, 8, "send-then-record")).broken]

    status = main({"SEED": str(seeds[0]), "VARIANT": "send-then-record"})

    assert status == 1
    assert "BROKEN" in capsys.readouterr().out


def test_at_ten_times_the_normal_load_people_wait_seconds_and_all_alike() -> None:
    waits = measure(10, minutes=2)

    assert waits.faults() == []
    assert waits.mentions == 463
    assert middle(waits.all) < 5_000


def test_waits_that_are_too_long_unfair_or_missing_are_told() -> None:
    waits = Waits(5, praise=(1_000, 2_000), complaints=(9_000, 99_000))

    told = " ".join(waits.faults())

    assert "1 were not answered" in told
    assert "the median is" in told
    assert "percentile" in told
    assert "praise waits 1500 ms, complaints 54000 ms" in told


def an_engine() -> Engine:
    return Engine(random.Random(0))


def test_workers_take_turns_at_every_pause() -> None:
    engine, told = an_engine(), []

    def work(name: str) -> None:
        told.append(f"{name} begins")
        engine.pause(10)
        told.append(f"{name} ends")

    for name in ("one", "two"):
        engine.spawn("k", partial(work, name), lambda worker: None, timeout_ms=1_000)
    engine.run(engine.now_ms + 100)

    assert told == ["one begins", "two begins", "one ends", "two ends"]


def test_a_hard_timeout_ends_a_worker_in_its_call() -> None:
    engine = an_engine()
    ended: list[Worker] = []

    def work() -> None:
        try:
            engine.pause(5_000)
        except Exception:
            pytest.fail("nothing in the process may notice")

    begins = engine.now_ms
    engine.spawn("k", work, ended.append, timeout_ms=1_000)
    engine.run(begins + 10_000)

    assert [worker.outcome for worker in ended] == ["timeout"]


def test_a_crash_is_no_exception_that_a_flow_could_catch() -> None:
    assert not issubclass(EndedError, Exception)


def test_each_worker_reads_its_own_clock() -> None:
    engine, read = an_engine(), []

    def work() -> None:
        read.append(engine.now() - engine.true_now())

    for skew_ms in (-10_000, 10_000):
        engine.spawn("k", work, lambda worker: None, timeout_ms=1_000, skew_ms=skew_ms)
    engine.run(engine.now_ms + 100)

    assert read == [-10_000, 10_000]
