"""The stream of a world as Lambda's readers see it: cut into shards, which number their records as
they like and may be split, read batch by batch from a checkpoint, again after whatever went
wrong."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from heed.domain.tally import Cell, Counts, recount
from heed.flows.tally import Tallying, tally
from heed.storage.counters import TableCounters, everything, told
from heed.telemetry import CountingMeter
from tests.heed.flows.world import CrashError, World

HOURS = (0, 9_999_999)
BRANDS = ("acme", "bolt")


@dataclass
class Shard:
    """Records in order. `parent`: must be read to its end before this one."""

    name: str
    next_number: int
    parent: "Shard | None" = None
    records: list[dict[str, Any]] = field(default_factory=list)
    checkpoint: int = 0

    @property
    def is_open(self) -> bool:
        return self.parent is None or self.parent.checkpoint == len(self.parent.records)

    def append(self, record: dict[str, Any]) -> None:
        self.next_number += 3
        number = {"SequenceNumber": str(self.next_number)}
        self.records.append({**record["dynamodb"], **number})


class Readers:
    """All readers of a world's stream. A record's shard follows from its partition key."""

    def __init__(self, world: World, shards: int = 1) -> None:
        self.world = world
        self.leaves = [Shard(f"shard-{n}", 10 ** (20 + n)) for n in range(shards)]
        self.shards = list(self.leaves)
        self._read = 0
        self.meter = CountingMeter()
        self.counters = TableCounters(world.dynamo, world.table)
        self.tallying = Tallying(self.counters, self.meter)

    def fetch(self) -> None:
        """Take what is new in the table's stream into the shards, through the function's filter."""
        stream = self.world.dynamo.stream(self.world.table)
        for record in stream.read(self._read):
            keys = record["dynamodb"]["Keys"]
            image = record["dynamodb"].get("NewImage", {})
            is_mention = keys["pk"]["S"].startswith("mention#") and record["eventName"] != "REMOVE"
            if is_mention or ("mi" in image and image["st"] == {"S": "sent"}):
                self.leaves[zlib.crc32(keys["pk"]["S"].encode()) % len(self.leaves)].append(record)
        self._read = len(stream)

    def split(self) -> None:
        """Close every shard and go on in two children of each, numbered anew."""
        self.fetch()
        parents, many = self.leaves, len(self.leaves)
        # A key of the parent at n goes to the child at n or at n + many: never to another's child.
        self.leaves = [
            Shard(f"{parents[n % many].name}.{n}", parents[n % many].next_number, parents[n % many])
            for n in range(2 * many)
        ]
        self.shards += self.leaves

    def show(self, shard: Shard, start: int, stop: int) -> None:
        """Invoke the function once, whatever the checkpoint says."""
        seen = [one for one in map(told, shard.records[start:stop]) if one is not None]
        tally(shard.name, seen, self.tallying)

    def run(self, batch: int = 1000, crashes: list[str] | None = None) -> None:
        """Read on until nothing is left, also of what counting itself brings about. Where a worker
        died is added to `crashes`; its batch comes again."""
        while list(self._pass(batch, [] if crashes is None else crashes)):
            self.fetch()

    def _pass(self, batch: int, crashes: list[str]) -> Iterator[Shard]:
        self.fetch()
        for shard in self.shards:
            while shard.is_open and shard.checkpoint < len(shard.records):
                stop = min(shard.checkpoint + batch, len(shard.records))
                try:
                    self.show(shard, shard.checkpoint, stop)
                except CrashError as crash:
                    crashes.append(str(crash))
                    continue
                shard.checkpoint = stop
                yield shard

    def counted(self) -> dict[Cell, Counts]:
        """Read the counters."""
        found: dict[Cell, Counts] = {}
        with self.world.hook.muted():
            for brand in BRANDS:
                found |= self.counters.read(brand, *HOURS)
        return {cell: counts for cell, counts in found.items() if counts}

    def recounted(self) -> dict[Cell, Counts]:
        """Count the table anew."""
        return recount(everything(self.world.items()))
