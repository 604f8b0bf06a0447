"""Count what happens to mentions, exactly once each, beside the way of an answer.

Lambda shows the records of a shard in order, one batch after the other, and may show any of them
again: whole batches, halves of them, two workers at a time. A cell therefore remembers, for each
shard, up to which record it has counted, and the same conditional write adds and moves that mark.
A record is counted if it lies behind the mark; whatever died in between, the next look goes on from
there. The records of one mention are in one shard, or, once it was split, in its children, which
Lambda shows only after their parent is through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heed.domain.tally import Cell, Counts, delta, without_zeros
from heed.ports import Change, Counters, Meter, PersonsAnswer, Span


@dataclass(frozen=True, slots=True)
class Tallying:
    """What `tally` works with."""

    counters: Counters
    meter: Meter


# The place of a record and what it adds to one cell.
_Step = tuple[str, Counts]


def tally(shard: str, seen: Iterable[Change | PersonsAnswer], s: Tallying) -> None:
    """Count one batch of a shard. Raises what the store raises: the batch may then come again."""
    steps: dict[Cell, list[_Step]] = {}
    for record in seen:
        if isinstance(record, PersonsAnswer):
            # Written on the mention, whose own record then tells it: a mention is counted as
            # answered once, however many replies it got.
            s.counters.note_answer(record.mention, record.at)
            s.meter.count("tally_answer")
        else:
            for cell, counts in delta(record.old, record.new).items():
                steps.setdefault(cell, []).append((record.position, counts))
    for cell in sorted(steps):
        _add(cell, shard, sorted(steps[cell], key=lambda step: step[0]), s)


def _add(cell: Cell, shard: str, steps: Sequence[_Step], s: Tallying) -> None:
    """Add what the cell has not counted yet. Ends: each refusal takes away at least one step."""
    while steps:
        span = Span(shard, steps[0][0], steps[-1][0])
        # Also where all comes to nothing: the mark must not stay behind what was counted.
        past = s.counters.add(cell, _sum(steps), span)
        if not past:
            s.meter.count("tally_counted", len(steps))
            return
        left = [step for step in steps if step[0] > past]
        s.meter.count("tally_known", len(steps) - len(left))
        steps = left


def _sum(steps: Iterable[_Step]) -> Counts:
    total = Counts()
    for _, counts in steps:
        # Not `+=`, which would drop what is below nothing.
        total.update(counts)
    return without_zeros(total)
