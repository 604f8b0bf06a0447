"""Mutated deliveries: each follows from platform, seed and number, so any can be replayed."""

from dataclasses import dataclass
from functools import cache
from random import Random

from heed import adapter as adapters
from tests.fuzz.byte_mutations import BYTES
from tests.fuzz.corpus import Seedling, corpus
from tests.fuzz.json_mutations import JSON
from tests.heed.platforms.samples import KEY, PREVIOUS_KEY

STACK_MAX = 3
FORGED_KEY = "a-key-that-nobody-registered"

load = cache(adapters.load)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One delivery. `kind`: the first mutation. `signed_bytes`: what its signature was made for;
    None when it was made with a key that opens nothing."""

    platform: str
    kind: str
    body: bytes
    headers: dict[str, str]
    signed_bytes: bytes | None


def rng_of(*parts: object) -> Random:
    """Make the source of chance of one mutant."""
    return Random(":".join(map(str, parts)))


@cache
def signs_bytes(platform: str) -> bool:
    """Say whether the header depends on the body, or is a secret that is sent along."""
    loaded = load(platform)
    return loaded.sign(b"one", KEY) != loaded.sign(b"another", KEY)


def mutant(platform: str, rng: Random) -> Mutant:
    """Make a mutant; half of them are signed again, so that they reach the parser."""
    seedlings, loaded = corpus(platform), load(platform)
    seedling = rng.choice(seedlings)
    kind, body = _mutated(rng, seedling, seedlings)
    if rng.random() < 0.5:
        key = KEY if rng.random() < 0.75 else PREVIOUS_KEY
        return Mutant(platform, kind, body, loaded.sign(body, key), body)
    if not signs_bytes(platform):
        return Mutant(platform, kind, body, loaded.sign(body, FORGED_KEY), None)
    return Mutant(platform, kind, body, loaded.sign(seedling.body, KEY), seedling.body)


def _mutated(rng: Random, seedling: Seedling, others: tuple[Seedling, ...]) -> tuple[str, bytes]:
    """Mutate once, and now and then the bytes of that again."""
    kinds = [rng.choice((*JSON, *BYTES))]
    if rng.random() < 0.25:
        kinds += rng.choices(tuple(BYTES), k=rng.randint(1, STACK_MAX - 1))
    first = kinds[0]
    if first in JSON:
        body = JSON[first](rng, seedling, others)
    else:
        body = BYTES[first](rng, seedling.body, others)
    for kind in kinds[1:]:
        body = BYTES[kind](rng, body, others)
    return first, body
