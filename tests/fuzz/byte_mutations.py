"""Mutations that know nothing of JSON: what a broken line, a proxy or an attacker does to bytes."""

import re
from collections.abc import Callable
from random import Random

from tests.fuzz.corpus import Seedling

Mutate = Callable[[Random, bytes, tuple[Seedling, ...]], bytes]

TOKENS = (
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\u", b"\\ud800", b"\\u0000", b"null"),
    *(b"true", b"NaN", b"-Infinity", b"1e400", b"-0", b"1E5", b"0x1f", b"00", b"\x00", b"\x7f"),
    *(b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xae", b"//", b"/**/"),
    *(b"#", b"%23", b"|", b"'", b" ", b"\r\n", b"\xef\xbb\xbf", b"\xc2\xa0", b"9" * 40, b"[]"),
)  # fmt: skip
SPAN_MAX = 64
_NUMBER = re.compile(rb"(?<![\w\".])-?[0-9]+(?![\w\".])")
_QUOTED_NUMBER = re.compile(rb'"(-?[0-9]+)"')


def _flip(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    changed = bytearray(body or b"\0")
    for _flips in range(rng.choice((1, 1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    changed = bytearray(body or b"\0")
    changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _span(rng: Random, body: bytes) -> tuple[int, int]:
    start = rng.randrange(len(body) + 1)
    return start, min(start + rng.randint(1, SPAN_MAX), len(body))


def _delete(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    start, end = _span(rng, body)
    return body[:start] + body[end:]


def _insert(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    start, _end = _span(rng, body)
    new = rng.choice(TOKENS) if rng.random() < 0.8 else rng.randbytes(rng.randint(1, 16))
    return body[:start] + new + body[start:]


def _overwrite(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    start, _end = _span(rng, body)
    new = rng.choice(TOKENS)
    return body[:start] + new + body[start + len(new) :]


def _duplicate(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    start, end = _span(rng, body)
    return body[:end] + body[start:end] * rng.choice((1, 1, 2, 20)) + body[end:]


def _move(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    start, end = _span(rng, body)
    rest, at = body[:start] + body[end:], rng.randrange(len(body) + 1)
    return rest[:at] + body[start:end] + rest[at:]


def _splice(rng: Random, body: bytes, others: tuple[Seedling, ...]) -> bytes:
    other = rng.choice(others).body
    return body[: rng.randrange(len(body) + 1)] + other[rng.randrange(len(other) + 1) :]


def _concatenate(rng: Random, body: bytes, others: tuple[Seedling, ...]) -> bytes:
    return body + rng.choice((b"", b"\n", b",", b"\0")) + rng.choice(others).body


def _truncate(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _recode(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    text = body.decode("utf-8", "replace")
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "utf-8-sig"))
    return text.encode(encoding, "replace")


def _numbers_quoted(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    return _some(rng, _NUMBER, rb'"\g<0>"', body)


def _numbers_bare(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    return _some(rng, _QUOTED_NUMBER, rb"\1", body)


def _digits(rng: Random, body: bytes, _: tuple[Seedling, ...]) -> bytes:
    new = rng.choice((b"-1", b"0", b"1.5", b"1e3", b"9" * 30, b"18446744073709551616", b"null"))
    return _some(rng, _NUMBER if rng.random() < 0.5 else _QUOTED_NUMBER, new, body)


def _some(rng: Random, pattern: re.Pattern[bytes], new: bytes, body: bytes) -> bytes:
    share = rng.choice((0.1, 0.5, 1.0))
    return pattern.sub(lambda m: m.expand(new) if rng.random() < share else m[0], body)


BYTES: dict[str, Mutate] = {
    "flip": _flip,
    "set": _set,
    "delete": _delete,
    "insert": _insert,
    "overwrite": _overwrite,
    "duplicate": _duplicate,
    "move": _move,
    "splice": _splice,
    "concatenate": _concatenate,
    "truncate": _truncate,
    "recode": _recode,
    "numbers_quoted": _numbers_quoted,
    "numbers_bare": _numbers_bare,
    "digits": _digits,
}
