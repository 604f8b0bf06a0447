"""The sample deliveries under events/, and how their time fields are moved to the present.

The files stay exactly as they are; only the bytes that are played carry new times."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

NOT_SAMPLES = ("expected.json",)
HEADERS_SUFFIX = ".headers.json"
_CLASSIC = "%a %b %d %H:%M:%S +0000 %Y"

# Time fields by their form. Source: the platforms' pages as each adapter names them.
_TEXT_TIME = re.compile(rb'("created_at"\s*:\s*")([^"]+)(")')
_MILLIS = re.compile(rb'("(?:created_timestamp|timestamp_ms)"\s*:\s*"?)(\d{13})("?)')
_NUMBER = re.compile(
    rb'("(?:created_time|time|date|edit_date|edited_time)"\s*:\s*)(\d{10}|\d{13})(?!\d)()'
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What becomes of a sample: how many mentions are stored and answered, which band its case
    has, and the reason. `age_s`: how old it is when it comes. `fault`: what the twin does to the
    first answer. `lost`: it is never delivered."""

    stored: int
    answered: int
    case: str | None
    reason: str
    age_s: int = 0
    fault: Mapping[str, Any] = field(default_factory=dict)
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of events/<platform>/ with its headers and what is expected of it."""

    platform: str
    name: str
    body: bytes
    headers: Mapping[str, str]
    expected: Expected

    @property
    def title(self) -> str:
        """Say which file it is."""
        return f"{self.platform}/{self.name}"


class SamplesError(Exception):
    """The folder of samples is not complete; the text names the file."""


def read_samples(folder: Path) -> list[Sample]:
    """Read every sample of every platform, in the order in which they are played.

    Raises: SamplesError when a sample has no headers or no expectation.
    """
    samples: list[Sample] = []
    for listing in sorted(folder.glob("*/expected.json")):
        expected = json.loads(listing.read_text(encoding="utf-8"))
        for path in sorted(listing.parent.glob("*.json")):
            if path.name in NOT_SAMPLES or path.name.endswith(HEADERS_SUFFIX):
                continue
            if path.name not in expected:
                raise SamplesError(f"{listing} says nothing of {path.name}")
            headers = path.with_name(path.name.removesuffix(".json") + HEADERS_SUFFIX)
            if not headers.exists():
                raise SamplesError(f"{headers} is missing")
            samples.append(
                Sample(
                    platform=listing.parent.name,
                    name=path.name,
                    body=path.read_bytes(),
                    headers=json.loads(headers.read_text(encoding="utf-8")),
                    expected=Expected(**expected[path.name]),
                )
            )
    return samples


def restamped(body: bytes, *, now_ms: int, age_s: int) -> bytes:
    """Move every time field so that the latest one lies `age_s` before now.

    The distances between the fields stay; every other byte stays as it is.
    """
    instants = [instant for pattern in _READERS for instant in _instants(pattern, body)]
    if not instants:
        return body
    shift_ms = now_ms - age_s * 1000 - max(instants)
    for pattern in _READERS:
        body = pattern.sub(partial(_moved, pattern, shift_ms), body)
    return body


def _moved(pattern: "re.Pattern[bytes]", shift_ms: int, found: "re.Match[bytes]") -> bytes:
    read, write = _READERS[pattern]
    return bytes(found[1] + write(read(found[2]) + shift_ms, found[2]) + found[3])


def _instants(pattern: "re.Pattern[bytes]", body: bytes) -> list[int]:
    read, _ = _READERS[pattern]
    return [read(found[2]) for found in pattern.finditer(body)]


def _read_text(value: bytes) -> int:
    text = value.decode()
    if text[:1].isdigit():
        moment = datetime.fromisoformat(text)
    else:
        moment = datetime.strptime(text, _CLASSIC).replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _write_text(instant: int, like: bytes) -> bytes:
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    if like[:1].isdigit():
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z".encode()
    return moment.strftime(_CLASSIC).encode()


def _read_millis(value: bytes) -> int:
    return int(value)


def _write_millis(instant: int, like: bytes) -> bytes:
    del like
    return str(instant).encode()


_SECONDS_DIGITS = 10


def _read_number(value: bytes) -> int:
    return int(value) * (1000 if len(value) == _SECONDS_DIGITS else 1)


def _write_number(instant: int, like: bytes) -> bytes:
    return str(instant // 1000 if len(like) == _SECONDS_DIGITS else instant).encode()


_READERS = {
    _TEXT_TIME: (_read_text, _write_text),
    _MILLIS: (_read_millis, _write_millis),
    _NUMBER: (_read_number, _write_number),
}
