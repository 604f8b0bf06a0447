"""The pulse of a brand: `heed pulse` reads the counters; `--recount` counts the table anew."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import boto3

from heed import brand
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from heed.domain.tally import Cell, Counts, FirstAnswer, Pulse, pulse, recount
from heed.storage.counters import TableCounters, everything
from heed.telemetry import SystemTime
from infra.cli import aws, place
from infra.cli.errors import CommandError

# As long as the key of a deleted mention is kept: an older hour can no longer be recounted whole.
HOURS_MAX: Final = 30 * 24
ALL: Final = "all"
_HEAD: Final = (
    f"{'':<12} {'received':>8} {'eligible':>8} {'machine':>8} {'people':>8} {'held':>6}"
    f" {'waiting':>8} {'unsent':>7}   first answer, half / 90 % within: machine, people"
)
_UNITS: Final = ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min"), (SECOND_MS, "s"))

Cells = Mapping[Cell, Counts]
_NOTHING: Final[Counts] = Counts()


def show(arguments: argparse.Namespace) -> int:
    """Print what came in over the last hours and what became of it.

    With `--recount` also whether a recount of the whole table finds the same; 1 when it does not.
    """
    if not 1 <= arguments.hours <= HOURS_MAX:
        raise CommandError(f"--hours is between 1 and {HOURS_MAX}")
    brands = _brands(arguments.brand)
    last_hour = SystemTime().now() // HOUR_MS
    hours = range(last_hour - arguments.hours + 1, last_hour + 1)
    table = place.lookup("TABLE")

    def is_wanted(cell: Cell) -> bool:
        is_platform = arguments.platform in (None, cell.platform)
        return cell.brand in brands and cell.hour in hours and is_platform

    def read() -> tuple[Cells, Cells | None]:
        client: Any = boto3.client("dynamodb", **aws.connection())
        counters = TableCounters(client, table)
        counted: dict[Cell, Counts] = {}
        for one in brands:
            counted |= counters.read(one, hours.start, hours.stop - 1)
        anew = recount(everything(_items(client, table))) if arguments.recount else None
        return _only(counted, is_wanted), anew and _only(anew, is_wanted)

    counted, anew = aws.asked(read)
    rows = {one: _rows(counted, one) for one in brands}
    wrong = [] if anew is None else differences(counted, anew)
    if arguments.json:
        print(json.dumps(_as_json(rows, arguments.hours, wrong, is_recounted=anew is not None)))
    else:
        print("\n".join(_lines(rows, arguments.hours)))
        if anew is not None:
            print(_verdict(anew, wrong))
    for line in wrong:
        print(f"heed pulse: {line}", file=sys.stderr)
    return 1 if wrong else 0


def differences(counted: Cells, anew: Cells) -> list[str]:
    """Say, cell by cell, what the counters hold and what a recount finds instead."""
    return [
        f"{cell.brand} {cell.platform}, hour {cell.hour}: {name} is {was}, recounted {found}"
        for cell in sorted(counted.keys() | anew.keys())
        for name in sorted(counted.get(cell, _NOTHING).keys() | anew.get(cell, _NOTHING).keys())
        if (was := counted.get(cell, _NOTHING)[name]) != (found := anew.get(cell, _NOTHING)[name])
    ]


def _brands(wanted: str | None) -> list[str]:
    known = brand.load().file.brands
    if wanted is None:
        return list(known)
    if wanted not in known:
        raise CommandError(f"no brand is called {wanted!r}; there is {', '.join(known)}")
    return [wanted]


def _items(client: Any, table: str) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _only(cells: Cells, is_wanted: Callable[[Cell], bool]) -> dict[Cell, Counts]:
    return {cell: counts for cell, counts in cells.items() if counts and is_wanted(cell)}


def _rows(cells: Cells, one: str) -> dict[str, Pulse]:
    """Sum up a brand's hours: a row for each platform, and one for all of them."""
    ours = {cell: counts for cell, counts in cells.items() if cell.brand == one}
    rows = {
        platform: pulse(counts for cell, counts in ours.items() if cell.platform == platform)
        for platform in sorted({cell.platform for cell in ours})
    }
    return {**rows, ALL: pulse(ours.values())}


def _lines(rows: Mapping[str, Mapping[str, Pulse]], hours: int) -> Iterator[str]:
    for one, pulses in rows.items():
        whole = pulses[ALL]
        yield f"{one}, the last {hours} hours (by hour of receipt, UTC)"
        yield _HEAD
        yield from (_row(name, read) for name, read in pulses.items())
        for title, words in (
            ("not eligible", whole.not_eligible),
            ("silent", whole.silent),
            ("by", whole.sources),
            ("changes", {"deleted": whole.deleted, "edited": whole.edited, "own": whole.own}),
        ):
            yield f"{title + ':':<14}{_words(words)}"
        yield ""


def _row(name: str, read: Pulse) -> str:
    machine, people = read.first_answer["machine"], read.first_answer["people"]
    return (
        f"{name:<12} {read.received:>8} {read.eligible:>8} {_percent(read.machine, read):>8}"
        f" {_percent(read.people, read):>8} {read.held:>6} {read.waiting:>8}"
        f" {read.refused + read.parked:>7}   {_within(machine)}, {_within(people)}"
    )


def _percent(part: int, read: Pulse) -> str:
    return f"{round(100 * part / read.eligible)} %" if read.eligible else "-"


def _within(first: FirstAnswer) -> str:
    return f"{_took(first.p50_ms)} / {_took(first.p90_ms)}"


def _took(ms: int | None) -> str:
    """Show a time in its largest unit, to two digits: more would promise more than is known."""
    if ms is None:
        return "-"
    size, unit = next(((s, u) for s, u in _UNITS if ms >= s), _UNITS[-1])
    return f"{float(f'{ms / size:.2g}'):g} {unit}"


def _words(words: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {word}" for word, n in words.items() if n) or "none"


def _verdict(anew: Cells, wrong: Iterable[str]) -> str:
    received = pulse(anew.values()).received
    said = "not the same" if wrong else "the same"
    return f"recount: {received} received, {said}"


def _as_json(
    rows: Mapping[str, Mapping[str, Pulse]], hours: int, wrong: list[str], *, is_recounted: bool
) -> dict[str, Any]:
    """Build one object: brand -> platform (or all) -> what `Pulse` holds; times in milliseconds."""
    brands = {
        one: {name: dataclasses.asdict(read) for name, read in pulses.items()}
        for one, pulses in rows.items()
    }
    told: dict[str, Any] = {"hours": hours, "brands": brands}
    return {**told, "recount_differences": wrong} if is_recounted else told
