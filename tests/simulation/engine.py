"""Virtual time and workers that take turns: every outside call is a point at which another worker
may go on, the process may end, or its hard timeout may strike. One seed, one order of events."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import greenlet

START_MS = 1_795_170_000_000


class EndedError(BaseException):
    """The process ends here: nothing in it may notice. `why`: crash or timeout."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True, eq=False)
class Worker:
    """One invocation of one function. `port` is the contract whose call it is in."""

    kind: str
    number: int
    deadline_ms: int
    skew_ms: int
    thread: Any = None
    port: str = ""
    outcome: str = ""
    result: Any = None
    calls: int = 0
    then: "Then | None" = None


Then = Callable[[Worker], None]


@dataclass(slots=True)
class Trace:
    """What happened, line by line, when somebody wants to read it."""

    lines: list[str] | None = None

    def add(self, now_ms: int, worker: Worker | None, text: str) -> None:
        """Write one line, if anybody reads."""
        if self.lines is not None:
            who = f"{worker.kind}-{worker.number}" if worker else "-"
            self.lines.append(f"{(now_ms - START_MS) / 1000:12.3f} {who:<14} {text}")


@dataclass(slots=True)
class Engine:
    """The clock, the agenda, and who is at work. It is `heed.ports.Time` too: each worker reads its
    own clock, up to ten seconds wrong."""

    rng: random.Random
    now_ms: int = START_MS
    worker: Worker | None = None
    trace: Trace = field(default_factory=Trace)
    _agenda: list[tuple[int, int, Worker | None, Callable[[], None] | None]] = field(
        default_factory=list
    )
    _entries: int = 0
    _workers: int = 0
    _ids: int = 0

    def now(self) -> int:
        """Tell the time as the present worker's clock shows it."""
        return self.now_ms + (self.worker.skew_ms if self.worker else 0)

    def true_now(self) -> int:
        """Tell the time as AWS and the platforms have it."""
        return self.now_ms

    def new_id(self) -> str:
        """Name an attempt."""
        self._ids += 1
        return f"id-{self._ids:06d}"

    def at(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Let something happen later."""
        self._put(self.now_ms + delay_ms, None, act)

    def spawn(
        self,
        kind: str,
        work: Callable[[], Any],
        then: Then,
        *,
        timeout_ms: int,
        skew_ms: int = 0,
        delay_ms: int = 0,
    ) -> None:
        """Start an invocation. `then` hears how it ended: done, failed (it raised), crash or
        timeout."""
        self._workers += 1
        begins = self.now_ms + delay_ms
        worker = Worker(kind, self._workers, begins + timeout_ms, skew_ms, then=then)

        def run() -> None:
            try:
                worker.result = work()
                worker.outcome = "done"
            except EndedError as end:
                worker.outcome = end.why
            except Exception as error:
                # As Lambda does: whatever it was, it failed.
                worker.outcome, worker.result = "failed", error
            if self.trace.lines is not None:
                told = f"ends: {worker.outcome} {_short(worker.result)}"
                self.trace.add(self.now_ms, worker, told)

        worker.thread = greenlet(run)
        self._put(begins, worker, None)

    def pause(self, ms: int) -> None:
        """Let others go on for a while; the hard timeout may strike meanwhile."""
        worker = self.worker
        if worker is None:
            return
        wakes = self.now_ms + ms
        late = wakes > worker.deadline_ms
        self._put(worker.deadline_ms if late else wakes, worker, None)
        worker.thread.parent.switch()
        if late:
            raise EndedError("timeout")

    def run(self, until_ms: int) -> None:
        """Work through the agenda up to an instant."""
        agenda = self._agenda
        while agenda and agenda[0][0] <= until_ms:
            self.now_ms, _, worker, act = heapq.heappop(agenda)
            if worker is None:
                if act is not None:
                    act()
                continue
            self._go_on(worker)
        self.now_ms = max(self.now_ms, until_ms)

    def _go_on(self, worker: Worker) -> None:
        self.worker = worker
        worker.thread.switch()
        self.worker = None
        if worker.thread.dead and worker.then is not None:
            worker.then(worker)

    def _put(self, at_ms: int, worker: Worker | None, act: Callable[[], None] | None) -> None:
        self._entries += 1
        heapq.heappush(self._agenda, (at_ms, self._entries, worker, act))

    @property
    def is_idle(self) -> bool:
        """Whether nothing stands on the agenda."""
        return not self._agenda


def _short(value: Any) -> str:
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"[:120]
    return str(value)[:120] if isinstance(value, str | int) else ""
