"""Mutations that keep JSON well formed, or break it in the ways that only JSON has."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from heed.adapter import CHANGES_MAX
from tests.fuzz.corpus import Path, Seedling, dig

Mutate = Callable[[Random, Seedling, tuple[Seedling, ...]], bytes]

CARD = "4111111111111111"
GIANT = "9" * 5_000
TEXTS = (
    *("", " ", "0", "-1", "null", "true", "1e3", "\x00", "a\x00b", "\ud800", "\udfff\ud800"),
    *("\ufeff", "\u202e", "\u200d" * 40, "👩‍👩‍👧", "é", "\uff14", "\u0665", "#", "%23", "a|b"),
    *("../x", "a/b?c=d", "1\r\nHost: x", "x" * 200, "x" * 201, "9" * 200, "9" * 41, "/start"),
    *("Thu Apr 06 15:24:15 +0000 2017", "2026-11-20T09:00:00Z", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-11-20", "page", "comment", "add"),
    *("message_create", "post.create", "private", "channel", CARD, "4111 1111 1111 1111"),
    *("4111\u00a01111\u00a01111\u00a01111", "\uff14\uff11\uff11\uff11" + "\uff11" * 12, "&amp;lt;"),
)  # fmt: skip
SIMPLE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 1e300, 2**31, 2**53 + 1, 2**63, 2**64, 10**15),
    *(10**200, 10**201, 253_402_300_799_999, [], {}, [[]], [{}], [None], {"": None}, {"id": {}}),
)
# Written in place of a value; what stands there then is no JSON, or JSON that Python would accept.
RAW = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", GIANT, "1.", "01", "+1", "'a'", '"\t"',
       '"\\x"', '"\\ud83d"', "undefined", "1,", "/**/1", "1e-400", "-0")  # fmt: skip
_MARK = "heed-fuzz-raw"
DEPTHS = (8, 28, 32, 40, 400, 20_000)
HUGE = (300, 10_000, 10_001, 40_000, 400_000)


def write(value: Any) -> bytes:
    """Write JSON; a text outside ASCII is escaped, as Meta does."""
    return json.dumps(value, separators=(",", ":")).encode()


def _put(seedling: Seedling, path: Path, new: Any) -> bytes:
    return write(_replaced(seedling, path, new))


def _replaced(seedling: Seedling, path: Path, new: Any) -> Any:
    body = json.loads(seedling.body)
    if not path:
        return new
    dig(body, path[:-1])[path[-1]] = new
    return body


def _raw(seedling: Seedling, path: Path, text: str) -> bytes:
    return _put(seedling, path, _MARK).replace(f'"{_MARK}"'.encode(), text.encode(), 1)


def _retype(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    return _put(seedling, rng.choice(seedling.paths), rng.choice(SIMPLE))


def _text(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    body = _replaced(seedling, rng.choice(seedling.paths), rng.choice(TEXTS))
    if rng.random() < 0.5:
        return write(body)
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _null(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    return _put(seedling, rng.choice(seedling.paths), None)


def _drop(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    body, path = json.loads(seedling.body), rng.choice(seedling.paths)
    if path:
        del dig(body, path[:-1])[path[-1]]
    return write(body)


def _rename(rng: Random, seedling: Seedling, others: tuple[Seedling, ...]) -> bytes:
    body, path = json.loads(seedling.body), rng.choice(seedling.paths)
    names = [step for step in rng.choice(rng.choice(others).paths) if isinstance(step, str)]
    if path and isinstance(path[-1], str):
        parent = dig(body, path[:-1])
        parent[rng.choice([*names, "", path[-1].upper(), f"{path[-1]}_"])] = parent.pop(path[-1])
    return write(body)


def _add(rng: Random, seedling: Seedling, others: tuple[Seedling, ...]) -> bytes:
    body, other = json.loads(seedling.body), rng.choice(others)
    source, target = rng.choice(other.paths), dig(body, rng.choice(seedling.paths))
    new = dig(json.loads(other.body), source)
    if isinstance(target, dict):
        target[str(source[-1]) if source else "heed"] = new
    elif isinstance(target, list):
        target.insert(rng.randint(0, len(target)), new)
    return write(body)


def _graft(rng: Random, seedling: Seedling, others: tuple[Seedling, ...]) -> bytes:
    other = rng.choice(others)
    new = dig(json.loads(other.body), rng.choice(other.paths))
    return _put(seedling, rng.choice(seedling.paths), new)


def _wrap(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    path = rng.choice(seedling.paths)
    old = dig(json.loads(seedling.body), path)
    return _put(seedling, path, rng.choice(([old], {"id": old}, [old, old], str(old))))


def _nest(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    depth, open_close = rng.choice(DEPTHS), rng.choice((("[", "]"), ('{"a":', "}")))
    end = open_close[1] * depth if rng.random() < 0.8 else ""
    return _raw(seedling, rng.choice(seedling.paths), open_close[0] * depth + "1" + end)


def _raw_value(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    return _raw(seedling, rng.choice(seedling.paths), rng.choice(RAW))


def _twice(rng: Random, seedling: Seedling, others: tuple[Seedling, ...]) -> bytes:
    """Write one key twice, with two values."""
    path = rng.choice([one for one in seedling.paths if one and isinstance(one[-1], str)])
    other = rng.choice(others)
    new = rng.choice((None, dig(json.loads(other.body), rng.choice(other.paths))))
    key, old = json.dumps(path[-1]), write(dig(json.loads(seedling.body), path)).decode()
    pair = [write(new).decode(), old]
    rng.shuffle(pair)
    # The value goes where the mark stands; the second key follows it.
    return _raw(seedling, path, f"{pair[0]},{key}:{pair[1]}")


def _huge(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    path = rng.choice(seedling.paths)
    [length] = rng.choices(HUGE, (70, 14, 14, 1.9, 0.1))
    piece = rng.choice(("x", "é", "👋", "4111 ", "\ud800", '"', "&lt;"))
    return _put(seedling, path, piece * (length // len(piece)))


def _many(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    """Repeat the entries of a list, now and then beyond what one delivery may hold."""
    body = json.loads(seedling.body)
    lists = [found for path in seedling.paths if isinstance(found := dig(body, path), list)]
    many = (CHANGES_MAX - 1, CHANGES_MAX + 1)
    times = rng.choice(many) if rng.random() < 0.01 else rng.randint(1, 12)
    if lists:
        chosen = rng.choice(lists)
        chosen.extend(chosen[:1] * times if times > CHANGES_MAX // 2 else chosen * times)
    return write(body)


def _swap(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    one, other = rng.choice(seedling.paths), rng.choice(seedling.paths)
    body = json.loads(seedling.body)
    if not one or not other or one[: len(other)] == other or other[: len(one)] == one:
        return write(body)
    values = dig(body, one), dig(body, other)
    dig(body, one[:-1])[one[-1]], dig(body, other[:-1])[other[-1]] = values[1], values[0]
    return write(body)


def _reformat(rng: Random, seedling: Seedling, _: tuple[Seedling, ...]) -> bytes:
    """Change bytes and not the meaning: an old signature is worth nothing all the same."""
    body = json.loads(seedling.body)
    indent = rng.choice((None, 1))
    text = json.dumps(body, ensure_ascii=rng.random() < 0.5, indent=indent, sort_keys=True)
    return (text + rng.choice(("", "\n", " "))).encode()


JSON: dict[str, Mutate] = {
    "retype": _retype,
    "text": _text,
    "null": _null,
    "drop": _drop,
    "rename": _rename,
    "add": _add,
    "graft": _graft,
    "wrap": _wrap,
    "nest": _nest,
    "raw_value": _raw_value,
    "twice": _twice,
    "huge": _huge,
    "many": _many,
    "swap": _swap,
    "reformat": _reformat,
}
