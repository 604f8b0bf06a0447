"""What many seeds came to, as one page: the zeros, the faults by kind and call site, the list of
outside calls with their crashes."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.simulation import labels
from tests.simulation.checks import ZEROS
from tests.simulation.faults import KINDS, Site, Tally
from tests.simulation.platforms import SEND_FAULTS
from tests.simulation.run import Outcome, simulate

EXAMPLES_MAX: Final = 10
# From so many seeds on, each kind and each call site must have been struck a hundred times.
SEEDS_FOR_HUNDREDS: Final = 20_000
STRIKES_MIN: Final = 100
# In a short run, a call that is made less often than this may be missed by chance.
VISITS_MIN: Final = 40
# Methods that make no outside call in these worlds: why, or which test breaks them off instead.
_POLL, _TALLY = "test_poll_crashes.py", "test_tally.py"
_REPLAY = "test_replay.py"
NOT_HERE: Final = {
    **dict.fromkeys(("Cursors.look", "Cursors.release", "Cursors.save", "Cursors.take"), _POLL),
    **dict.fromkeys(("Ledger.close", "Ledger.lines", "Ledger.note"), _POLL),
    **dict.fromkeys(("Counters.add", "Counters.note_answer"), _TALLY),
    **dict.fromkeys(("Quarantine.keys", "Quarantine.note"), _REPLAY),
    **dict.fromkeys(("Quarantine.read", "Quarantine.remove"), _REPLAY),
    "Budgets.note": "notes in memory; the next block's write carries it",
    "Budgets.recent": "reads what the process knows",
    "Controls.stop": "more texts than an hour allows: test_volume.py",
    "DueList.end": "an item that nobody can read: test_giving_up.py",
}


@dataclass(slots=True)
class Report:
    """Counts over many seeds."""

    variant: str = ""
    seeds: int = 0
    mentions: int = 0
    seconds: float = 0
    settled_ms: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    broken: list[tuple[int, str]] = field(default_factory=list)

    def add_outcome(self, outcome: Outcome) -> None:
        """Add one seed."""
        found = outcome.found
        self.seeds += 1
        self.mentions += found.mentions
        self.settled_ms = max(self.settled_ms, found.settled_ms)
        self.counts.update(found.counts)
        self.parked.update(found.parked)
        self.tally.add(outcome.tally)
        self.broken += [(outcome.seed, line) for line in found.violations]

    def add(self, other: "Report") -> None:
        """Add what another process counted."""
        self.seeds += other.seeds
        self.mentions += other.mentions
        self.settled_ms = max(self.settled_ms, other.settled_ms)
        self.counts.update(other.counts)
        self.parked.update(other.parked)
        self.tally.add(other.tally)
        self.broken += other.broken

    @property
    def by_site(self) -> dict[Site, Counter[str]]:
        """Faults of each call site, by kind."""
        found: dict[Site, Counter[str]] = {site: Counter() for site in self.tally.visited}
        for (kind, site), times in self.tally.struck.items():
            found[site][kind] += times
        return found

    def gaps(self) -> list[str]:
        """Say what was not tried: a call that never ended in a crash, a method never called."""
        is_long = self.seeds >= SEEDS_FOR_HUNDREDS
        least, visits_min = (STRIKES_MIN, 0) if is_long else (1, VISITS_MIN)
        lines = [
            f"{'/'.join(site)}: {kind} only {kinds[kind]} times"
            for site, kinds in sorted(self.by_site.items())
            for kind in ("crash_before", "crash_after")
            if kinds[kind] < least and self.tally.visited[site] >= visits_min
        ]
        called = {port for _, port, _ in self.tally.visited}
        missing = set(labels.methods()) - called - NOT_HERE.keys()
        return lines + [f"{method} is never called" for method in sorted(missing)]


def run_seeds(task: tuple[int, int, str]) -> Report:
    """Run the seeds from the first to before the end, with a variant or none."""
    first, end, variant = task
    report = Report(variant=variant)
    for seed in range(first, end):
        report.add_outcome(simulate(seed, variant))
    return report


def print_report(report: Report) -> int:
    """Print the page. Returns the exit status: 0 only when nothing broke and nothing was left out.

    A naive variant must break something; it exits non-zero because it does."""
    _print(f"{report.seeds} seeds in {report.seconds:.0f} s"
           + (f", variant {report.variant}" if report.variant else ""))  # fmt: skip
    _print(f"{report.mentions:>10}  mentions accepted")
    _print(f"{sum(report.tally.struck.values()):>10}  faults")
    _print(f"{sum(report.tally.visited.values()):>10}  outside calls")
    for name in ("replies visible", "claims", "stale writes refused"):
        _print(f"{report.counts[name]:>10}  {name}")
    _print("")
    for name in ZEROS:
        _print(f"{report.counts[name]:>10}  {name}")
    _print(f"{report.settled_ms / 1000:>10.1f}  seconds to a final state after the last fault, "
           "at most")  # fmt: skip
    _print("")
    _print("where mentions and agents' replies ended:")
    for name, times in sorted(report.counts.items()):
        if name.startswith(("mention ", "agents' reply ")):
            _print(f"{times:>10}  {name}")
    for reason, times in sorted(report.parked.items()):
        _print(f"{times:>10}  parked: {reason}")
    gaps = _print_sites(report)
    for seed, line in report.broken[:EXAMPLES_MAX]:
        variant = f" VARIANT={report.variant}" if report.variant else ""
        _print(f"BROKEN {line}\n       replay: make simulate SEED={seed}{variant}")
    return 1 if report.broken or (gaps and not report.variant) else 0


def _print_sites(report: Report) -> list[str]:
    kinds = tuple(dict.fromkeys((*KINDS, *SEND_FAULTS)))
    _print("")
    _print("faults by kind:")
    totals: Counter[str] = Counter()
    for (kind, _), times in report.tally.struck.items():
        totals[kind] += times
    for kind in kinds:
        _print(f"{totals[kind]:>10}  {kind}")
    _print("")
    _print(f"{'calls':>10} {'faults':>8} {'before':>7} {'after':>7}  outside call")
    for site, struck in sorted(report.by_site.items()):
        _print(
            f"{report.tally.visited[site]:>10} {sum(struck.values()):>8}"
            f" {struck['crash_before']:>7} {struck['crash_after']:>7}  {' '.join(site)}"
        )
    gaps = report.gaps()
    tried = len(report.by_site) - len({line.split(":")[0] for line in gaps if ": crash" in line})
    share = 100 * tried / max(1, len(report.by_site))
    _print(f"crash before and crash after: {share:.0f} % of {len(report.by_site)} outside calls")
    for line in gaps:
        _print(f"NOT TRIED {line}")
    return gaps


def _print(line: str) -> None:
    print(line)  # noqa: T201
