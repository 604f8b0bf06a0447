"""How long people wait, at a multiple of the normal load and without faults: from the event on the
platform to the accepted reply, praise and complaints apart.

The normal load is a million mentions a month, spread evenly; every mention comes from somebody
else, so that each is answered. Times of calls are those of `faults.CALL_MS` and of the twins."""

import random
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from typing import Final

from tests.heed.flows import bodies
from tests.simulation.engine import START_MS, Engine
from tests.simulation.faults import Faults
from tests.simulation.people import Visitors, Written
from tests.simulation.platforms import PARCEL_ACME, Visible
from tests.simulation.world import MINUTE_MS, World

NORMAL_PER_MINUTE: Final = 1_000_000 / (30 * 24 * 60)
MEDIAN_MS_MAX: Final = 5_000
P99_MS_MAX: Final = 60_000
UNFAIR_MAX: Final = 0.10
PRAISE, COMPLAINT = "wonderful crew today", "nobody answers, terrible service"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long people waited, in milliseconds."""

    mentions: int
    praise: tuple[int, ...]
    complaints: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Every wait."""
        return self.praise + self.complaints

    def faults(self) -> list[str]:
        """Say what is slower than it may be, or unfair."""
        median, p99 = middle(self.all), last(self.all)
        praise, complaints = middle(self.praise), middle(self.complaints)
        checks = (
            (len(self.all) < self.mentions, f"{self.mentions - len(self.all)} were not answered"),
            (median > MEDIAN_MS_MAX, f"the median is {median:.0f} ms"),
            (p99 > P99_MS_MAX, f"the 99th percentile is {p99:.0f} ms"),
            (
                abs(praise - complaints) > UNFAIR_MAX * max(praise, complaints),
                f"praise waits {praise:.0f} ms, complaints {complaints:.0f} ms",
            ),
        )
        return [says for is_broken, says in checks if is_broken]


def middle(waits: tuple[int, ...]) -> float:
    """Give the median."""
    return quantiles(waits, n=2)[0]


def last(waits: tuple[int, ...]) -> float:
    """Give the 99th percentile."""
    return quantiles(waits, n=100)[98]


def measure(times: float, minutes: int = 10, seed: int = 0) -> Waits:
    """Let so many times the normal load come in for some minutes, and let it come to rest."""
    rng = random.Random(f"load {seed}")
    engine = Engine(random.Random(rng.random()))
    faults = Faults(engine, random.Random(rng.random()), intensity=0)
    world = World(engine, random.Random(rng.random()), faults)
    # What platforms allow is another matter: here it is about how quick we are.
    world.has_budgets = False
    crowd = Crowd(world, random.Random(rng.random()))
    count = round(times * NORMAL_PER_MINUTE * minutes)
    for number in range(count):
        engine.at(rng.randrange(minutes * MINUTE_MS), partial(crowd.write, number))
    engine.run(START_MS + (minutes + 5) * MINUTE_MS)
    return crowd.waits(count)


class Crowd:
    """People who all write at once, each of them once."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._visitors = Visitors(world, rng)
        self._wrote: dict[tuple[str, str], tuple[str, int]] = {}
        self._waits: dict[str, list[int]] = {PRAISE: [], COMPLAINT: []}
        world.platforms.on_post = self._answered

    def write(self, number: int) -> None:
        """Write one mention on one of three platforms."""
        platform = ("x", "telegram", "parcel")[number % 3]
        text, at = (PRAISE, COMPLAINT)[number // 3 % 2], self._world.engine.now_ms
        author = str(1_600_000_000 + number)
        if platform == "x":
            object_id = str(2_100_000_000_000_000_000 + number)
            one = Written("x", bodies.X_ACCOUNT, object_id, author, "", at)
            body = bodies.x_post(object_id, f"@{bodies.X_HANDLE} {text}", at=at, author=author)
        elif platform == "telegram":
            object_id = author
            one = Written("telegram", bodies.BOT, f"{author}:{number}", author, "", at)
            body = bodies.telegram_message(number, text, at=at, author=int(author))
        else:
            object_id = f"c{number}"
            one = Written("parcel", PARCEL_ACME, object_id, author, "", at)
            body = self._visitors.parcel_body(one, "new", text)
        self._wrote[platform, object_id] = text, at
        self._visitors.deliver_once(one, body)

    def _answered(self, post: Visible) -> None:
        target = post.target.split(":")[0]
        text, at = self._wrote[post.platform, target]
        self._waits[text].append(post.at_ms - at)

    def waits(self, mentions: int) -> Waits:
        """Say how long each waited."""
        return Waits(mentions, tuple(self._waits[PRAISE]), tuple(self._waits[COMPLAINT]))
