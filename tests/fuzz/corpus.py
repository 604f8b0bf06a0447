"""What the fuzzing starts from: every sample of events/<platform>, as bytes and as its paths."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.heed.platforms.samples import samples

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Seedling:
    """One sample body. `paths` lead to each of its values, the whole body (an empty path) first."""

    name: str
    body: bytes
    paths: tuple[Path, ...]


@cache
def corpus(platform: str) -> tuple[Seedling, ...]:
    """Read the samples of a platform, in their order."""
    return tuple(
        Seedling(sample.name, sample.body, tuple(_paths(json.loads(sample.body), ())))
        for sample in samples(platform)
    )


def _paths(value: Any, base: Path) -> list[Path]:
    steps: list[Any] = []
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = list(range(len(value)))
    return [base, *(path for step in steps for path in _paths(value[step], (*base, step)))]


def dig(value: Any, path: Path) -> Any:
    """Get what lies at a path that exists."""
    for step in path:
        value = value[step]
    return value
