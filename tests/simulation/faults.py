"""What goes wrong, when, and where: drawn from the seed, counted by kind and call site.

A call site is the function, the contract and its method, and the service's operation. Sites that a
run seldom visits are struck more often, so that each is struck at all."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.engine import EndedError, Engine, Worker

Site = tuple[str, str, str]
FaultKind = Literal[
    "crash_before", "crash_after", "lost_answer", "no_answer", "throttled", "slow", "very_slow"
]
KINDS: Final[tuple[FaultKind, ...]] = (
    "crash_before", "crash_after", "lost_answer", "no_answer", "throttled", "slow", "very_slow",
)  # fmt: skip
_AFTER: Final = ("crash_after", "lost_answer", "no_answer")
# The chance of a fault at the first two visits of a site in a run, and at every later one.
FIRST_CHANCE: Final = 0.10
LATER_CHANCE: Final = 0.012
# Calls to which few worlds come: where they come at all, every other one is broken off.
RARE_CHANCE: Final = 0.5
RARE: Final = frozenset(
    {
        ("desk", "Mentions.approve"),
        ("desk", "Mentions.drafts"),
        ("desk", "Mentions.finish"),
        ("reply", "AccountStates.note_told"),
        ("reply", "Controls.disable"),
        ("reply", "Lanes.ring"),
        ("reply", "Outbox.hold_draft"),
        ("reply", "Tokens.store_token"),
        ("sweep", "Mentions.blank"),
        ("sweep", "Mentions.finish"),
        ("sweep", "Mentions.get_bare"),
        ("sweep", "Mentions.settle_change"),
        ("sweep", "Outbox.move"),
        ("triage", "Outbox.move"),
    }
)
_CRASHES: Final[tuple[FaultKind, ...]] = ("crash_before", "crash_after")
# How long calls take. Source of the orders of magnitude: what the services publish.
CALL_MS: Final = {"dynamodb": (3, 12), "sqs": (5, 25), "sns": (5, 25), "secretsmanager": (10, 40)}


class LostAnswerError(Exception):
    """The call was carried out and its answer did not come: the client tries again by itself."""


@dataclass(slots=True)
class Tally:
    """How often something was struck, by kind and site, and how often a site was visited."""

    struck: Counter[tuple[str, Site]] = field(default_factory=Counter)
    visited: Counter[Site] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add another run's counts."""
        self.struck.update(other.struck)
        self.visited.update(other.visited)


class Faults:
    """Decides at every outside call, and carries it out."""

    def __init__(self, engine: Engine, rng: random.Random, *, intensity: float) -> None:
        self.tally = Tally()
        self.ends_ms = 0
        # Until then triage ends at its first call, whoever tries.
        self.triage_down = (0, 0)
        self.last_ms = 0
        self._engine = engine
        self._rng = rng
        self.intensity = intensity
        self._pending: dict[int, FaultKind] = {}
        self._muted = 0
        # Sites of which every visit counts, because a run comes there once at most.
        self._chances: dict[Site, int] = {}

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Look without being seen: no time passes and nothing goes wrong."""
        self._muted += 1
        try:
            yield
        finally:
            self._muted -= 1

    @property
    def are_on(self) -> bool:
        """Whether things may go wrong now."""
        return self._engine.now_ms < self.ends_ms

    def on_call(self, service: str, operation: str, phase: str) -> None:
        """The hook of the stand-ins: before a call takes effect, and after it."""
        worker = self._engine.worker
        if worker is None or self._muted:
            return
        if phase == "before":
            self._before(worker, service, operation)
        elif self._pending:
            self._after(worker)

    def strikes(self, site: Site) -> FaultKind | None:
        """Draw whether and how a call fails."""
        self.tally.visited[site] += 1
        if not self.are_on:
            return None
        visits = self._chances[site] = self._chances.get(site, 0) + 1
        chance = (FIRST_CHANCE if visits <= 2 else LATER_CHANCE) * self.intensity
        rng, kinds = self._rng, KINDS
        if site[:2] in RARE and visits <= 2:
            chance, kinds = RARE_CHANCE, _CRASHES
        if rng.random() >= chance:
            return None
        kind = kinds[int(rng.random() * len(kinds))]
        self.note(kind, site)
        return kind

    def note(self, kind: str, site: Site) -> None:
        """Count a fault and remember when it was."""
        self.tally.struck[kind, site] += 1
        self.last_ms = max(self.last_ms, self._engine.now_ms)

    def note_wait(self, until_ms: int) -> None:
        """Note that somebody else lets us wait until then."""
        self.last_ms = max(self.last_ms, until_ms)

    def _before(self, worker: Worker, service: str, operation: str) -> None:
        site = (worker.kind, worker.port, operation)
        if (
            worker.kind == "triage"
            and self.triage_down[0] < self._engine.now_ms < (self.triage_down[1])
        ):
            self.note("crash_before", site)
            raise EndedError("crash")
        kind = self.strikes(site)
        low, high = CALL_MS[service]
        wait_ms = low + int(self._rng.random() * (high - low))
        if kind is None:
            self._engine.pause(wait_ms)
            return
        self._engine.trace.add(self._engine.now_ms, worker, f"FAULT {kind} at {'/'.join(site)}")
        if kind == "slow":
            wait_ms = 1_000 + int(self._rng.random() * 8_000)
        elif kind == "very_slow":
            wait_ms = 10_000 + int(self._rng.random() * 80_000)
        self._engine.pause(wait_ms)
        self._strike_before(worker, kind, operation)

    def _strike_before(self, worker: Worker, kind: FaultKind, operation: str) -> None:
        if kind == "crash_before":
            raise EndedError("crash")
        if kind == "throttled":
            raise _throttled(operation)
        if kind in _AFTER:
            self._pending[worker.number] = kind

    def _after(self, worker: Worker) -> None:
        kind = self._pending.pop(worker.number, None)
        if kind == "crash_after":
            raise EndedError("crash")
        if kind == "lost_answer":
            raise LostAnswerError
        if kind == "no_answer":
            raise ReadTimeoutError(endpoint_url="table")


def _throttled(operation: str) -> ClientError:
    told = {"Code": "ProvisionedThroughputExceededException", "Message": "too many"}
    response: Any = {"Error": told, "ResponseMetadata": {"RetryAttempts": 3}}
    return ClientError(response, operation)


class RetryingClient:
    """A client as boto3's is: it repeats a call by itself when the answer did not come."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, operation: str) -> Any:
        """Offer the operation of the client, with one repeat."""
        call = getattr(self._client, operation)

        def repeated(**request: Any) -> Any:
            try:
                return call(**request)
            except LostAnswerError:
                return _again(call, request)

        setattr(self, operation, repeated)
        return repeated


def _again(call: Any, request: dict[str, Any]) -> Any:
    try:
        return call(**request)
    except LostAnswerError:
        raise ReadTimeoutError(endpoint_url="table") from None
    except ClientError as error:
        response: Any = error.response
        response.setdefault("ResponseMetadata", {})["RetryAttempts"] = 1
        raise
