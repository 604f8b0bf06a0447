"""What is counted, by brand, platform and hour, and what people read from it. Pure.

What a mention counts as follows from the mention as it is stored, and from nothing else. So the sum
over all changes of it, each counted once, is what a recount of the table finds."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isqrt
from typing import Final, Literal

from heed.domain.clock import HOUR_MS, SECOND_MS
from heed.domain.conversation import ANSWERED_ELSEWHERE
from heed.domain.reply import FINAL

Who = Literal["machine", "people"]
Counts = Counter[str]

# Silent for one of these reasons: nobody asked the brand for an answer, or nobody may give one. All
# other mentions are eligible, also those that Heed should have answered and did not (stale, ...).
NOT_ELIGIBLE: Final = frozenset(
    {
        "watch", "repost", "automated_author", "carried", "not_addressed", "spam", "courtesy",
        "no_text", "opt_out", "backfill", "praise_under_complaint",
    }
)  # fmt: skip
# Upper ends of the buckets: two to an octave, from a second to about twelve days. What is longer
# falls into one more.
BUCKETS_MS: Final = tuple(round(SECOND_MS * 2 ** (step / 2)) for step in range(41))
# An instant is told as the middle of its bucket, by ratio: at most so far off. What took less than
# a second is told as one.
ERROR_MAX: Final = 2**0.25 - 1
SHARES: Final = (50, 90, 99)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where something is counted. `hour`: whole hours since the epoch, UTC, of the receipt."""

    brand: str
    hour: int
    platform: str


@dataclass(frozen=True, slots=True)
class Tallied:
    """What counts of a stored mention, of the tombstone of one that never came, or of the mark that
    one of our own posts left.

    Instants in epoch milliseconds, 0 = never. `at`: the receipt; of what never came, the instant of
    the event itself. `state` is empty for a mark. `machine_at`: when the machine first tried to
    post. `people_at`: the first answer of a person, from here or from the platform itself.
    """

    brand: str
    platform: str
    at: int
    is_received: bool
    state: str
    reason: str = ""
    source: str = "webhook"
    machine_at: int = 0
    people_at: int = 0
    is_deleted: bool = False
    is_edited: bool = False
    has_own_post: bool = False

    @property
    def cell(self) -> Cell:
        """Where it is counted."""
        return Cell(self.brand, self.at // HOUR_MS, self.platform)


def count(seen: Tallied) -> Counts:
    """Tell what one mention counts as, each name once; times in milliseconds and by bucket."""
    marks = {"deleted": seen.is_deleted, "edited": seen.is_edited, "own": seen.has_own_post}
    counts = Counter({name: 1 for name, holds in marks.items() if holds})
    if seen.is_received:
        counts.update(_fate(seen))
        counts.update(_times(seen))
    return counts


def _fate(seen: Tallied) -> list[str]:
    machine = seen.state == "sent"
    people = bool(seen.people_at) or seen.reason == ANSWERED_ELSEWHERE
    excuse = "" if machine or people else _excuse(seen)
    names = {
        "received": True,
        f"from:{seen.source}": True,
        "eligible": not excuse,
        f"not:{excuse}": bool(excuse),
        "answered": machine or people,
        "machine": machine,
        "people": people,
        "held": seen.state == "queued",
        f"silent:{seen.reason}": seen.state == "silent",
        seen.state: seen.state in ("refused", "parked"),
        "waiting": not (machine or people or excuse or seen.state in ("silent", "gone")),
    }
    return [name for name, holds in names.items() if holds]


def _excuse(seen: Tallied) -> str:
    """Name why no answer is expected, or nothing."""
    if seen.is_deleted and seen.state in FINAL:
        return "deleted"
    return seen.reason if seen.state == "silent" and seen.reason in NOT_ELIGIBLE else ""


def _times(seen: Tallied) -> Counts:
    counts: Counts = Counter()
    machine_at = seen.machine_at if seen.state == "sent" else 0
    for who, at in (("machine", machine_at), ("people", seen.people_at)):
        if at:
            # Clocks differ by seconds: nobody was answered before they wrote.
            took_ms = max(at - seen.at, 0)
            counts[f"{who}:ms"] = took_ms
            counts[f"{who}:{bisect_left(BUCKETS_MS, took_ms)}"] = 1
    return counts


def delta(old: Tallied | None, new: Tallied | None) -> dict[Cell, Counts]:
    """Tell what one change of a mention adds to, and takes from, which cells; empty when nothing of
    it counts."""
    changes: dict[Cell, Counts] = {}
    for seen, sign in ((old, -1), (new, 1)):
        if seen is not None:
            counts = changes.setdefault(seen.cell, Counter())
            for name, amount in count(seen).items():
                counts[name] += sign * amount
    bare = {cell: without_zeros(counts) for cell, counts in changes.items()}
    return {cell: counts for cell, counts in bare.items() if counts}


def recount(mentions: Iterable[Tallied]) -> dict[Cell, Counts]:
    """Count everything anew: what the counters must hold once all changes were counted."""
    cells: dict[Cell, Counts] = {}
    for seen in mentions:
        cells.setdefault(seen.cell, Counter()).update(count(seen))
    bare = {cell: without_zeros(counts) for cell, counts in cells.items()}
    return {cell: counts for cell, counts in bare.items() if counts}


def without_zeros(counts: Mapping[str, int]) -> Counts:
    """Drop what came to nothing; what is below nothing stays and is seen."""
    return Counter({name: amount for name, amount in counts.items() if amount})


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """How long people waited for their first answer, from the receipt, in milliseconds. Shares are
    at most ERROR_MAX off; None when nobody was answered."""

    count: int
    mean_ms: int | None
    p50_ms: int | None
    p90_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """What came in and what became of it. `machine` and `people` overlap: a mention may have been
    answered by both; `answered` counts it once. `waiting`: eligible, answered by nobody yet."""

    received: int
    eligible: int
    answered: int
    machine: int
    people: int
    held: int
    waiting: int
    refused: int
    parked: int
    deleted: int
    edited: int
    own: int
    not_eligible: Mapping[str, int] = field(default_factory=dict)
    silent: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    first_answer: Mapping[Who, FirstAnswer] = field(default_factory=dict)


_NUMBERS: Final = (
    "received", "eligible", "answered", "machine", "people", "held", "waiting", "refused", "parked",
    "deleted", "edited", "own",
)  # fmt: skip


def pulse(cells: Iterable[Counts]) -> Pulse:
    """Put cells together as people read them."""
    total: Counts = Counter()
    for counts in cells:
        total.update(counts)
    return Pulse(
        **{name: total[name] for name in _NUMBERS},
        not_eligible=_below(total, "not:"),
        silent=_below(total, "silent:"),
        sources=_below(total, "from:"),
        first_answer={"machine": _first(total, "machine"), "people": _first(total, "people")},
    )


def _below(total: Counts, prefix: str) -> dict[str, int]:
    found = {name.removeprefix(prefix): n for name, n in total.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _first(total: Counts, who: Who) -> FirstAnswer:
    buckets = [total[f"{who}:{at}"] for at in range(len(BUCKETS_MS) + 1)]
    known = sum(buckets)
    if not known:
        return FirstAnswer(0, None, None, None, None)
    p50, p90, p99 = (_share(buckets, known, share) for share in SHARES)
    return FirstAnswer(known, total[f"{who}:ms"] // known, p50, p90, p99)


def _share(buckets: list[int], known: int, share: int) -> int:
    """Find the time within which so many of a hundred were answered (nearest rank)."""
    rank, passed, at = -(-known * share // 100), 0, -1
    while passed < rank:
        at += 1
        passed += buckets[at]
    if at in (0, len(BUCKETS_MS)):
        return BUCKETS_MS[min(at, len(BUCKETS_MS) - 1)]
    return isqrt(BUCKETS_MS[at - 1] * BUCKETS_MS[at])
