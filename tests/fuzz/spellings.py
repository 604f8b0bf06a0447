"""Mutations of a text that proves something: a signature, a secret or a token."""

import base64
from collections.abc import Callable
from random import Random

EditText = Callable[[Random, str], str]

SPACES = (
    " ",
    "\t",
    "\r\n",
    "\n",
    "\0",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "  ",
    ",",
    ", ",
    ";",
    '"',
    "'",
)
PREFIXES = ("", "sha1=", "SHA256=", "Sha256=", "sha256:", "sha-256=", "sha256 =", "sha256==", "v0=",
            "sha256=sha256=", "hmac-sha256=", "sha512=", " sha256=", "\uff53ha256=")  # fmt: skip
# Digits and letters that look alike, or mean the same number, in other scripts.
_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789abcdefABCDEF+/=_"}
_ARABIC = {ord(c): 0x0660 + int(c) for c in "0123456789"}
_CYRILLIC = str.maketrans("aceopxAB", "асеорхАВ")


def _at(rng: Random, value: str) -> int:
    return rng.randrange(len(value))


def _flip(rng: Random, value: str) -> str:
    at = _at(rng, value)
    return f"{value[:at]}{chr(ord(value[at]) ^ (1 << rng.randrange(7)))}{value[at + 1 :]}"


def _other_letter(rng: Random, value: str) -> str:
    at = _at(rng, value)
    letter = rng.choice("0123456789abcdefABCDEFxyz+/=-_ \ud800é")
    return value[:at] + letter + value[at + 1 :]


def _cut(rng: Random, value: str) -> str:
    at = _at(rng, value)
    return rng.choice((value[:at], value[at + 1 :], value[:at] + value[at + 1 :]))


def _grow(rng: Random, value: str) -> str:
    at, more = _at(rng, value), rng.choice(("0", "00", "=", "A", value[-1], value, "a" * 9_000))
    return rng.choice((value + more, more + value, value[:at] + more + value[at:]))


def _swap(rng: Random, value: str) -> str:
    letters, one, other = list(value), _at(rng, value), _at(rng, value)
    letters[one], letters[other] = letters[other], letters[one]
    return "".join(letters)


def _space(rng: Random, value: str) -> str:
    at, space = rng.choice((0, len(value), _at(rng, value))), rng.choice(SPACES)
    return value[:at] + space + value[at:]


def _case(rng: Random, value: str) -> str:
    head, sign, tail = value.rpartition("sha256=")
    at = _at(rng, tail)
    one = tail[:at] + tail[at].swapcase() + tail[at + 1 :]
    return rng.choice((head + sign + tail.upper(), head + sign + one, value.upper(), value.title()))


def _prefix(rng: Random, value: str) -> str:
    return rng.choice(PREFIXES) + value.rpartition("sha256=")[2]


def _script(rng: Random, value: str) -> str:
    at = _at(rng, value)
    table = rng.choice((_FULL_WIDTH, _ARABIC, _CYRILLIC))
    return rng.choice((value.translate(table), value[:at] + value[at:].translate(table)))


def _encoding(rng: Random, value: str) -> str:
    head, sign, tail = value.rpartition("sha256=")
    raw = _raw(tail)
    spelled = (
        raw.hex(),
        raw.hex(" "),
        raw.hex(":"),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.b64encode(raw).decode() + "=",
        base64.b32encode(raw).decode(),
        base64.b85encode(raw).decode(),
        base64.b64encode(tail.encode("utf-8", "replace")).decode(),
        "".join(f"%{byte:02x}" for byte in raw),
        f"0x{raw.hex()}",
        raw.decode("latin-1"),
        _unused_bits(rng, tail),
    )
    return head + sign + rng.choice(spelled)


def _raw(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda given: base64.b64decode(given, validate=True)):
        try:
            return decode(text)
        except ValueError:
            continue
    return text.encode("utf-8", "replace")


def _unused_bits(rng: Random, text: str) -> str:
    """Change the bits of base64's last letter that stand for nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = text.rstrip("=")
    at = letters.find(bare[-1:])
    return bare[:-1] + letters[at ^ rng.randint(1, 3)] + text[len(bare) :]


def _double(rng: Random, value: str) -> str:
    other = rng.choice((value, "", "sha256=", _flip(rng, value)))
    pair = [value, other]
    rng.shuffle(pair)
    return rng.choice((",", ", ", ";", " ", "\n")).join(pair)


def _nothing(rng: Random, value: str) -> str:
    return rng.choice(("", "sha256=", "null", "None", "undefined", "0" * len(value), "*", "true"))


TEXTS: dict[str, EditText] = {
    "bit": _flip,
    "letter": _other_letter,
    "cut": _cut,
    "grow": _grow,
    "swap": _swap,
    "space": _space,
    "case": _case,
    "prefix": _prefix,
    "script": _script,
    "encoding": _encoding,
    "double": _double,
    "nothing": _nothing,
}
