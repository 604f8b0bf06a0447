"""Counts read and write units per table and per index, so that tests can assert budgets."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Answer

LEVELS = ("NONE", "TOTAL", "INDEXES")


def _counter() -> defaultdict[str, float]:
    return defaultdict(float)


@dataclass(slots=True)
class Meter:
    """Units used so far; the keys are "table" and "table/index"."""

    write_units: defaultdict[str, float] = field(default_factory=_counter)
    read_units: defaultdict[str, float] = field(default_factory=_counter)

    def reset(self) -> None:
        """Start again at zero."""
        self.write_units.clear()
        self.read_units.clear()

    def totals(self) -> dict[str, float]:
        """Return reads and writes together, as AWS reports them."""
        names = {*self.write_units, *self.read_units}
        return {one: self.write_units[one] + self.read_units[one] for one in sorted(names)}


def consumed_since(before: dict[str, float], meter: Meter, level: str) -> list[Answer]:
    """Build ConsumedCapacity, one entry per table, from what was used since `before`."""
    if level not in LEVELS:
        raise RefusalError(
            f"1 validation error detected: Value '{level}' at 'returnConsumedCapacity' failed to "
            f"satisfy constraint: Member must satisfy enum value set: [{', '.join(LEVELS)}]"
        )
    used = {one: units - before.get(one, 0.0) for one, units in meter.totals().items()}
    tables: dict[str, dict[str, float]] = {}
    for name, units in used.items():
        table, _, index = name.partition("/")
        if units:
            tables.setdefault(table, {})[index] = units
    return [_entry(table, parts, level) for table, parts in tables.items()]


def _entry(table: str, parts: dict[str, float], level: str) -> Answer:
    entry: Answer = {"TableName": table, "CapacityUnits": sum(parts.values())}
    if level == "INDEXES":
        indexes = {name: {"CapacityUnits": units} for name, units in parts.items() if name}
        entry["Table"] = {"CapacityUnits": parts.get("", 0.0)}
        if indexes:
            entry["GlobalSecondaryIndexes"] = indexes
    return entry
