"""Plays the samples: tells the twin, restamps, signs as the platform does, posts to the webhook,
and waits until what happened is what was expected, or patience ends."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import requests

from heed import adapter as adapters
from heed import registry
from heed.adapter import Delivery
from heed.domain.mention import Mention
from heed.errors import NotUnderstoodError
from infra.local.facts import Facts, Happened
from infra.local.samples import Sample, restamped
from infra.local.twins.core import Twin
from infra.local.twins.faults import Fault

TIMEOUT_S = 30
POLL_S = 0.1
# How long to wait for one sample, and for all together, before the next is played.
SAMPLE_S_MAX = 4.0
# Until the first one came through: every function starts with it.
FIRST_S_MAX = 30.0
SOON_S_MAX = 90.0
NOTHING = Happened(stored=0, answered=0, case=None, reason="")
CONNECTION = "main"


@dataclass(frozen=True, slots=True)
class Played:
    """One sample, what it tells of, how the webhook answered and what came of it."""

    sample: Sample
    told: tuple[Mention, ...]
    status: int
    happened: Happened

    @property
    def is_as_expected(self) -> bool:
        """Tell whether everything that was expected happened, and nothing else."""
        expected = self.sample.expected
        wanted = Happened(expected.stored, expected.answered, expected.case, expected.reason)
        return self.happened == wanted

    @property
    def difference(self) -> str:
        """Say how the sample went another way than expected."""
        expected, happened = self.sample.expected, self.happened
        return (
            f"{self.sample.title} (HTTP {self.status}): expected stored {expected.stored},"
            f" answered {expected.answered}, case {expected.case}, {expected.reason}; got stored"
            f" {happened.stored}, answered {happened.answered}, case {happened.case},"
            f" {happened.reason}"
        )


class Player:
    """Plays samples into a running system. `secrets`: signing secrets by platform."""

    def __init__(
        self,
        hooks: str,
        secrets: Mapping[str, str],
        *,
        twins: Mapping[str, Twin],
        facts: Facts,
        patience_s: float,
    ) -> None:
        """Take where to play and for how long to wait in all without result."""
        self._hooks = hooks
        self._secrets = secrets
        self._twins = twins
        self._facts = facts
        self._patience_s = patience_s

    def play(self, samples: list[Sample]) -> Iterator[Played]:
        """Play the samples in order. What is not settled soon (a platform asked to wait, sweep has
        to come by) is looked at again when all were played."""
        soon_s = min(SOON_S_MAX, self._patience_s)
        lost = self._written_only(samples)
        late: list[Played] = []
        sample_s_max = FIRST_S_MAX
        for sample in (one for one in samples if not one.expected.lost):
            twin = self._twins[sample.platform]
            if sample.expected.fault:
                twin.faults.add(Fault(**sample.expected.fault))
            status = self._post(sample, twin)
            played = self._look(Played(sample, told_by(sample), status, NOTHING), 0)
            if soon_s > 0:
                began = time.monotonic()
                played = self._look(played, min(sample_s_max, soon_s))
                soon_s -= time.monotonic() - began
                if played.is_as_expected:
                    sample_s_max = SAMPLE_S_MAX
            if played.is_as_expected:
                yield played
            else:
                late.append(played)
        late += [Played(sample, told_by(sample), 0, NOTHING) for sample in lost]
        deadline = time.monotonic() + self._patience_s
        for played in late:
            yield self._look(played, deadline - time.monotonic())

    def _written_only(self, samples: list[Sample]) -> list[Sample]:
        """Let platforms know what they will not deliver: before anything else, so that the first
        re-reading finds it."""
        lost = [sample for sample in samples if sample.expected.lost]
        for sample in lost:
            self._twins[sample.platform].learn(_restamped(sample))
        return lost

    def _post(self, sample: Sample, twin: Twin) -> int:
        body = _restamped(sample)
        signed = twin.deliver(body, self._secrets[sample.platform])
        headers = {**sample.headers, **signed}
        url = f"{self._hooks}/{sample.platform}/{CONNECTION}"
        try:
            return requests.post(url, data=body, headers=headers, timeout=TIMEOUT_S).status_code
        except requests.RequestException:
            return 0

    def _look(self, played: Played, wait_s: float) -> Played:
        """Look until everything is as expected, or the time is over."""
        deadline = time.monotonic() + wait_s
        while True:
            played = replace(played, happened=self._facts.of_sample(played.told))
            if played.is_as_expected or time.monotonic() >= deadline:
                return played
            time.sleep(POLL_S)


def _restamped(sample: Sample) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    return restamped(sample.body, now_ms=now_ms, age_s=sample.expected.age_s)


def told_by(sample: Sample) -> tuple[Mention, ...]:
    """Read with the adapter which objects a sample tells of."""
    delivery = Delivery(
        platform=sample.platform,
        connection=CONNECTION,
        method="POST",
        query={},
        headers={},
        body=sample.body,
        received_at=0,
        accounts=registry.load().accounts(sample.platform, CONNECTION),
    )
    try:
        return adapters.load(sample.platform).parse(delivery).mentions
    except NotUnderstoodError:
        return ()
