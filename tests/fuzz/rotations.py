"""Secrets that are changed while deliveries come in, seen by processes with caches of any age.

The rule that is checked: the new secret is stored first and the platform is switched to it no
sooner than REFRESH_MS_MIN later (a process that has just read asks again only then), and both are
valid for at least CACHE_MS. Then no valid delivery is refused, and none with the old secret is
accepted from the end of the overlap on, whatever a process has in its cache."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from heed.domain.clock import MINUTE_MS
from heed.flows.receive import HookRequest, Receiving, receive
from heed.storage.secrets import CACHE_MS, REFRESH_MS_MIN, CachedSecrets
from tests.backends import Clock
from tests.fakes.secrets import FakeSecretsManager
from tests.fuzz.corpus import corpus
from tests.fuzz.intake import MAIN, Intake
from tests.fuzz.mutants import load

PROCESSES = 3
ROTATIONS_MAX = 3
DELIVERIES = 24
OVERLAP_MS_MAX = 60 * MINUTE_MS
AFTERWARDS_MS = 2 * CACHE_MS


@dataclass(frozen=True, slots=True)
class Rotation:
    """One change of the secret number `old` to the next one. `at`, `ends_at`: epoch ms."""

    old: int
    at: int
    ends_at: int

    def key(self, rng: Random, now: int) -> tuple[str, bool]:
        """Choose a key to sign with now, and say whether it must be accepted."""
        choices = [(self.old, now < self.ends_at), (self.old - 1, False), (-1, False)]
        if now >= self.at + REFRESH_MS_MIN:
            choices += [(self.old + 1, True)] * 2
        number, is_valid = rng.choice(choices)
        return _key(number), is_valid


class Site:
    """A platform's connection and the processes that serve it."""

    def __init__(self, intake: Intake, platform: str) -> None:
        self.clock = Clock()
        self._intake, self._platform = intake, platform
        self._secrets = FakeSecretsManager(self.clock.now)
        self._name = f"{platform}/{MAIN}/signing"
        self._secrets.create_secret(Name=self._name, SecretString=json.dumps({"current": _key(0)}))
        self._processes: list[Receiving] = [
            replace(
                intake.receiving,
                secrets=CachedSecrets(self._secrets, "", self.clock),
                time=self.clock,
            )
            for _ in range(PROCESSES)
        ]

    def rotate(self, old: int, overlap_ms: int) -> Rotation:
        """Store the next secret beside the old one."""
        rotation = Rotation(old, self.clock.now(), self.clock.now() + overlap_ms)
        until = datetime.fromtimestamp(rotation.ends_at / 1000, UTC).isoformat()
        value = {"current": _key(old + 1), "previous": _key(old), "previous_until": until}
        self._secrets.put_secret_value(SecretId=self._name, SecretString=json.dumps(value))
        return rotation

    def deliver(self, rng: Random, key: str) -> int:
        """Deliver to any of the processes. Returns the status."""
        body = rng.choice(corpus(self._platform)).body
        headers = load(self._platform).sign(body, key)
        request = HookRequest(self._platform, MAIN, "POST", {}, headers, body)
        process = rng.choice(self._processes)
        return int(self._intake.watch(lambda: receive(request, process)).answer.status)


def _key(number: int) -> str:
    return f"signing-secret-{number}"


def try_rotation(intake: Intake, platform: str, rng: Random) -> tuple[str, str]:
    """Change the secret some times and deliver at random instants in between."""
    site = Site(intake, platform)
    times = rng.randint(1, ROTATIONS_MAX)
    for old in range(times):
        _warm_up(site, rng, old)
        rotation = site.rotate(old, rng.randint(CACHE_MS, OVERLAP_MS_MAX))
        for now in _instants(rng, rotation):
            site.clock.ms = now
            key, is_valid = rotation.key(rng, now)
            status = site.deliver(rng, key)
            assert status == (200 if is_valid else 401), f"{key} was answered {status}"
    return f"{times} rotations", "held"


def _warm_up(site: Site, rng: Random, current: int) -> None:
    """Fill some caches, so that they are of different age when the secret changes."""
    for _ in range(rng.randint(0, PROCESSES * 2)):
        site.clock.forward(ms=rng.randint(0, CACHE_MS))
        assert site.deliver(rng, _key(current)) == 200


def _instants(rng: Random, rotation: Rotation) -> list[int]:
    edges = (
        *(rotation.at, rotation.at + 1, rotation.at + REFRESH_MS_MIN, rotation.at + CACHE_MS),
        *(rotation.ends_at - 1, rotation.ends_at, rotation.ends_at + 1),
    )
    until = rotation.ends_at + AFTERWARDS_MS
    chosen = [rng.randint(rotation.at, until) for _ in range(DELIVERIES)]
    return sorted([*chosen, *rng.sample(edges, k=4)])
