"""One seed: make a world, let things go wrong for 25 minutes, let it come to rest,
look."""

import gc
import hashlib
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from heed.domain.clock import DAY_MS, HOUR_MS
from tests.simulation.checks import Found, check
from tests.simulation.engine import START_MS, Engine, Trace
from tests.simulation.faults import Faults, Tally
from tests.simulation.people import AGENTS, Desk, Visitors
from tests.simulation.variants import VARIANTS
from tests.simulation.world import MINUTE_MS, TABLE, World

CHAOS_MS: Final = 25 * MINUTE_MS
WRITING_MS: Final = 18 * MINUTE_MS
REST_MS_MAX: Final = 3 * 60 * MINUTE_MS
MENTIONS_MIN, MENTIONS_MAX = 30, 32
# lease + two sweeps + the lag of a look-up + the lag of an index + one call under its deadline.
SETTLED_MS_MAX: Final = 90_000 + 2 * MINUTE_MS + 60_000 + 2_000 + 20_000
MIXED_EVERY: Final = 4
TRIAGE_DOWN_EVERY, LANES_DOWN_EVERY = 9, 25
OUTAGES_EVERY: Final = 400
STREAM_OUTAGE_AT, QUEUE_OUTAGE_AT = 101, 303
INTENSITIES: Final = (0.3, 0.6, 1.0, 1.0, 1.6)


@dataclass(slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    found: Found
    tally: Tally
    trace: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Hash the trace: equal for equal runs."""
        return hashlib.blake2b("\n".join(self.trace).encode(), digest_size=16).hexdigest()


def simulate(
    seed: int, variant: str = "", *, traced: bool = False, checked: bool = False
) -> Outcome:
    """Run one seed. `checked` lets the stand-ins check and copy whatever passes through them; the
    trace is the same."""
    gc.disable()
    rng = random.Random(f"heed {seed}")
    engine = Engine(random.Random(rng.random()), trace=Trace([] if traced else None))
    faults = Faults(engine, random.Random(rng.random()), intensity=rng.choice(INTENSITIES))
    faults.ends_ms = START_MS + CHAOS_MS
    world = World(
        engine, random.Random(rng.random()), faults, VARIANTS.get(variant), is_checked=checked
    )
    visitors = Visitors(world, random.Random(rng.random()))
    visitors.begin(rng.randint(MENTIONS_MIN, MENTIONS_MAX), WRITING_MS)
    desk = Desk(world, random.Random(rng.random()), START_MS + CHAOS_MS)
    desk.begin()
    world.is_mixed = seed % MIXED_EVERY == 0
    _plan_outage(world, seed)
    engine.run(START_MS + CHAOS_MS)
    world.reconnect()
    calm_ms = rest(world, desk)
    found = check(world, visitors, desk, calm_ms)
    if found.settled_ms > SETTLED_MS_MAX and not variant:
        found.wrong("settled late", f"{found.settled_ms} ms after the last fault")
    gc.enable()
    return Outcome(seed, found, faults.tally, engine.trace.lines or [])


def _plan_outage(world: World, seed: int) -> None:
    """In a few seeds the stream is down for longer than it keeps its records, or the lanes for
    longer than a queue keeps its messages. In more of them triage fails for so long that people get
    the bare mentions, or the lanes stand still for more than an hour."""
    if seed % TRIAGE_DOWN_EVERY == 0:
        world.faults.triage_down = (START_MS + 6 * MINUTE_MS, START_MS + 20 * MINUTE_MS)
    if seed % LANES_DOWN_EVERY == 0:
        world.engine.at(10 * MINUTE_MS, partial(world.stop_lanes, 80 * MINUTE_MS, thinned=False))
        # What sweep does about it shall be broken off, too.
        world.faults.ends_ms = START_MS + 92 * MINUTE_MS
        world.faults.note_wait(world.faults.ends_ms)
    stop, for_ms = {
        STREAM_OUTAGE_AT: (world.stop_stream, 26 * HOUR_MS),
        QUEUE_OUTAGE_AT: (world.stop_lanes, 15 * DAY_MS),
    }.get(seed % OUTAGES_EVERY, (None, 0))
    if stop is not None:
        world.engine.at(20 * MINUTE_MS, partial(stop, for_ms))
        world.faults.note_wait(START_MS + 20 * MINUTE_MS + for_ms)


def rest(world: World, desk: Desk) -> int:
    """Let everything happen that still happens by itself. Returns since when nothing went wrong."""
    engine = world.engine
    engine.run(world.faults.last_ms)
    # What a breaker still waits for is the platform's time, not ours.
    waits = (int(item["ou"]["N"]) for item in world.dynamo.raw_items(TABLE) if "ou" in item)
    world.faults.last_ms = max(world.faults.last_ms, *waits, 0)
    ends = engine.now_ms + REST_MS_MAX
    while engine.now_ms < ends:
        engine.run(engine.now_ms + MINUTE_MS)
        if len(desk.at_home) == len(AGENTS) and not _is_busy(world):
            break
    engine.run(engine.now_ms + MINUTE_MS)
    return max(world.faults.last_ms, START_MS)


def _is_busy(world: World) -> bool:
    if world.stream_pump.position < len(world.dynamo.stream(TABLE)):
        return True
    return any("dh" in item and item["sk"]["S"] != "case" for item in world.dynamo.raw_items(TABLE))
