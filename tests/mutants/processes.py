"""Work in copies of this process: what a fault does to one of them reaches nobody else."""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Literal

Verdict = Literal["killed", "survived", "timeout"]
Work = Callable[[], int]

# A mutant may loop for ever. The time of its own processor counts, because the machine may be
# busy; the second limit is for one that waits.
CPU_S_MIN = 5
CPU_TIMES = 20
WALL_TIMES = 10
MEMORY_BYTES_MAX = 4 << 30
SURVIVED, KILLED = 0, 1


def fork(work: Work, wall_s: int = 0, cpu_s: int = 0) -> int:
    """Do a piece of work in a copy of this process; its result is the exit status.

    Units: seconds of the clock and of the processor, 0 = without end.
    """
    process = os.fork()
    if process:
        return process
    status = KILLED
    try:
        if cpu_s:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        signal.alarm(wall_s)
        status = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        # Nothing that the parent opened or promised to clean up is the copy's to end.
        os._exit(status)


def wait(process: int) -> Verdict:
    """Wait for one copy to end."""
    return _verdict(os.waitpid(process, 0)[1])


def _verdict(status: int) -> Verdict:
    if os.WIFSIGNALED(status):
        out_of_time = os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGALRM}
        return "timeout" if out_of_time else "killed"
    return "survived" if os.WEXITSTATUS(status) == SURVIVED else "killed"


def run_all(works: Iterable[tuple[Work, int]], jobs: int) -> list[Verdict]:
    """Do every work, each under its limit in seconds, some at a time."""
    running: dict[int, int] = {}
    verdicts: dict[int, Verdict] = {}
    for number, (work, limit_s) in enumerate(works):
        if len(running) >= jobs:
            _reap(running, verdicts)
        running[fork(work, limit_s * WALL_TIMES, limit_s)] = number
    while running:
        _reap(running, verdicts)
    return [verdicts[number] for number in sorted(verdicts)]


def _reap(running: dict[int, int], verdicts: dict[int, Verdict]) -> None:
    process, status = os.wait()
    verdicts[running.pop(process)] = _verdict(status)


def limit_of(duration_s: float) -> int:
    """Allow a mutant a multiple of what its tests take without a fault, in seconds."""
    return CPU_S_MIN + int(CPU_TIMES * duration_s)
