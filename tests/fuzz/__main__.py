"""`make fuzz`: mutated deliveries, signatures and rotations of secrets against every adapter."""

import argparse
import os
import sys
import time
from collections import Counter

from heed import adapter as adapters
from tests.fuzz import thousand
from tests.fuzz.gateway import ENVIRONMENT
from tests.fuzz.intake import Intake
from tests.fuzz.mutants import rng_of
from tests.fuzz.runs import TRIES, Part, Tally, run_all

# Of the second, a tenth are challenges and a hundredth are valid under other names.
COUNTS: dict[Part, int] = {"deliveries": 200_000, "signatures": 115_000, "rotations": 2_000}
SEED = 1


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; 1 when a property broke."""
    os.environ.update(ENVIRONMENT)
    asked = _parser().parse_args(arguments)
    parts: list[Part] = [asked.part] if asked.part else list(TRIES)
    platforms: list[str] = [asked.platform] if asked.platform else list(adapters.names())
    if asked.only is not None:
        return _replay(parts[0], platforms[0], asked.seed, asked.only)
    share = asked.count / COUNTS["deliveries"]
    started, failures = time.monotonic(), 0
    for part in parts:
        for platform in platforms:
            began = time.monotonic()
            tally = run_all(part, platform, asked.seed, max(1, round(COUNTS[part] * share)))
            _report(f"{platform} {part}", tally, time.monotonic() - began)
            failures += len(tally.failures)
    if not asked.part:
        failures += thousand.run_all()
    _say(f"seed {asked.seed}: {failures} failures, {time.monotonic() - started:.0f} s in all")
    return int(failures > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--part", choices=TRIES, help="one part only")
    parser.add_argument("--platform", choices=adapters.names(), help="one platform only")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--count", type=int, default=COUNTS["deliveries"],
        help="deliveries per adapter; the other parts in proportion",
    )  # fmt: skip
    parser.add_argument("--only", type=int, metavar="NUMBER", help="replay one try")
    return parser


def _replay(part: Part, platform: str, seed: int, number: int) -> int:
    """Make one try again; a broken property shows its trace."""
    kind, outcome = TRIES[part](Intake(), platform, rng_of(part, platform, seed, number))
    _say(f"{platform} {part} {number}: {kind}: {outcome}")
    return 0


def _report(title: str, tally: Tally, took_s: float) -> None:
    _say(f"{title}: {tally.tries} in {took_s:.1f} s, the slowest took {tally.slowest_s:.2f} s")
    outcomes: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    for (kind, outcome), amount in tally.counts.items():
        outcomes[outcome] += amount
        kinds.setdefault(kind, Counter())[outcome] += amount
    _say("  in all: " + _counted(outcomes))
    for kind in sorted(kinds):
        _say(f"  {kind}: {_counted(kinds[kind])}")
    for failure in tally.failures:
        _say(f"FAILED {failure}")


def _counted(outcomes: Counter[str]) -> str:
    shown = outcomes.most_common(6)
    rest = outcomes.total() - sum(amount for _, amount in shown)
    listed = ", ".join(f"{amount} {outcome}" for outcome, amount in shown)
    return f"{listed}, {rest} other" if rest else listed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
