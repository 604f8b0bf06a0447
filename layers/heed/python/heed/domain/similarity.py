"""How alike two texts are, by their runs of three words: enough to vary what a machine says.

Platforms take the same words again and again for spam. Names and greetings hardly count."""

import hashlib
import re
from collections.abc import Sequence

# One less than the fewest variants of a text: there is always another, unless they are alike.
RECENT_TEXTS_MAX = 2
ALIKE_MIN = 0.8
_RUN_WORDS = 3
_HASH_BYTES = 2
_WORD = re.compile(r"\w+")


def sketch(text: str) -> bytes:
    """Shorten a text to the sorted hashes of its runs of words, two bytes each."""
    words = _WORD.findall(text.casefold())
    runs = {tuple(words[at : at + _RUN_WORDS]) for at in range(max(1, len(words) - 2))}
    return b"".join(sorted({_hash(" ".join(run)) for run in runs}))


def likeness(one: bytes, other: bytes) -> float:
    """Say which part of the runs two sketches share, 0 to 1."""
    left, right = _runs(one), _runs(other)
    return len(left & right) / len(left | right)


def first_unlike(texts: Sequence[str], recent: Sequence[bytes]) -> int | None:
    """Find the first text that is not like any of the recent ones; None when all are."""
    for at, text in enumerate(texts):
        own = sketch(text)
        if all(likeness(own, other) < ALIKE_MIN for other in recent):
            return at
    return None


def _runs(sketched: bytes) -> set[bytes]:
    return {sketched[at : at + _HASH_BYTES] for at in range(0, len(sketched), _HASH_BYTES)}


def _hash(run: str) -> bytes:
    encoded = run.encode("utf-8", "replace")
    return hashlib.blake2b(encoded, digest_size=_HASH_BYTES).digest()
