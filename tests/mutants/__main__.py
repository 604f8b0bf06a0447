"""Mutation testing: put small faults into the files in which a gap of the tests would hurt most,
and see whether a test fails.

Run it as `make mutants`; it ends non-zero when too few mutants were killed, or when one survived
that `docs/mutants.md` does not explain."""

import argparse
import os
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutants import page
from tests.mutants.mutations import Mutant, Name, mutants_of
from tests.mutants.processes import Verdict
from tests.mutants.trial import BaselineError, Target, judge

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "layers" / "heed" / "python"
TARGETS = Path(__file__).with_name("targets.toml")
PAGE = ROOT / "docs" / "mutants.md"
# Loaded once, before the first fork: each is slow to import, and none imports Heed.
PRELOADED = ("boto3", "botocore.retries.standard", "moto", "pydantic", "requests")
HEADER = ("file", "mutants", "killed", "survived", "timeouts", "share", "seconds")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of one file."""

    file: str
    mutants: list[Mutant]
    verdicts: list[Verdict]
    duration_s: float

    @property
    def survived(self) -> list[Mutant]:
        """Those that no test noticed."""
        pairs = zip(self.mutants, self.verdicts, strict=True)
        return [mutant for mutant, verdict in pairs if verdict == "survived"]


def main(arguments: list[str]) -> int:
    """Try the mutants and report. Returns the exit status."""
    wanted = _parsed(arguments)
    targets = tomllib.loads(TARGETS.read_text())
    unknown = set(wanted.files) - targets["files"].keys()
    if unknown:
        raise SystemExit(f"not in {TARGETS.name}: {', '.join(sorted(unknown))}")
    for name in PRELOADED:
        __import__(name)
    outcomes = []
    _say(_row(HEADER))
    for file in wanted.files or targets["files"]:
        try:
            outcome = _tried(file, targets["files"][file], wanted.every, wanted.jobs)
        except BaselineError as error:
            raise SystemExit(str(error)) from error
        outcomes.append(outcome)
        _say(_row(_figures(outcome)))
    return _reported(outcomes, targets["killed_min"], whole=wanted.every == 1)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("files", nargs="*", help="as in targets.toml; without any, all of them")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    return parser.parse_args(arguments)


def _tried(file: str, tests: list[str], every: int, jobs: int) -> Outcome:
    path = SOURCES / "heed" / file
    mutants = mutants_of(file, path.read_text(), str(path))[::every]
    module = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        paths = tuple(str(ROOT / "tests" / "heed" / test) for test in tests)
        verdicts = judge(Target(path, module, paths, Path(folder)), mutants, jobs)
    return Outcome(file, mutants, verdicts, time.monotonic() - started)


def _figures(outcome: Outcome) -> tuple[str, ...]:
    counted = Counter(outcome.verdicts)
    numbers = (len(outcome.verdicts), *(counted[v] for v in ("killed", "survived", "timeout")))
    share = f"{_share(counted):.1f} %"
    return (outcome.file, *map(str, numbers), share, f"{outcome.duration_s:.0f}")


def _share(counted: Counter[Verdict]) -> float:
    """Percent of the mutants that were noticed: by a failing test, or because none ended."""
    total = counted.total()
    return 100 * (total - counted["survived"]) / total if total else 100.0


def _row(cells: tuple[str, ...]) -> str:
    return f"{cells[0]:28}" + "".join(f"{cell:>10}" for cell in cells[1:])


def _reported(outcomes: list[Outcome], killed_min: float, *, whole: bool) -> int:
    every = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    total = Outcome("all", [], every, sum(outcome.duration_s for outcome in outcomes))
    _say(_row(_figures(total)))
    share = _share(Counter(every))
    survived = [mutant for outcome in outcomes for mutant in outcome.survived]
    listed = page.survivors_of(PAGE.read_text())
    files = {outcome.file for outcome in outcomes}
    tried = {name for name in listed if name[0] in files} if whole else set()
    unlisted, stale = page.check(survived, listed, tried)
    _say_names(f"survived without a reason in {PAGE.name}", unlisted)
    _say_names(f"in {PAGE.name}, but killed, or no mutant any more", stale)
    if share < killed_min:
        _say(f"\n{share:.1f} % killed; at least {killed_min} % are asked for")
    return int(bool(unlisted or stale or share < killed_min))


def _say_names(title: str, names: list[Name]) -> None:
    if names:
        _say(f"\n{title}:")
    for name in names:
        _say(f"{name[0]} {page.entry_of(name)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    # The next fork copies what has not left yet.
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
