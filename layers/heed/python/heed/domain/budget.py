"""Budgets: how much may be sent within windows of time, by platform limits and by money.

Windows are fixed, in UTC, and each divides a day; money is counted in micro-USD. Pure: `storage`
keeps what was used, here is what counts, how much room is left, and until when there is none."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from heed.domain.clock import DAY_MS, HOUR_MS, SECOND_MS
from heed.domain.mention import Mention, Visibility

BLOCK_MAX = 10
# A block is at most this part of what a window allows: several processes share it.
BLOCK_SHARE = 8
PEOPLE_PERCENT = 20
MICRO = 1_000_000
_DAY_S, _HOUR_S = DAY_MS // SECOND_MS, HOUR_MS // SECOND_MS


@dataclass(frozen=True, slots=True)
class Rate:
    """A platform's limit: at most `ceiling` replies of an account within `window_s` seconds.

    `place`: where the limit counts for each place (a chat) by itself, what names the place.
    """

    window_s: int
    ceiling: int
    visibility: Visibility
    place: Callable[[Mention], str] | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What one reply costs on a platform, in micro-USD."""

    post: int = 0
    summoned: int = 0
    link: int = 0
    message: int = 0

    def of(self, *, private: bool, summoned: bool, has_link: bool) -> int:
        """Give the price of one reply."""
        if private:
            return self.message
        if has_link:
            return self.link
        return self.summoned if summoned else self.post


@dataclass(frozen=True, slots=True)
class Limits:
    """What a brand allows on a platform, in micro-USD; None = no limit. `people_percent`: the part
    of every budget, and of the platform's limits, that a machine leaves to people."""

    day_micro_usd: int | None = None
    month_micro_usd: int | None = None
    people_percent: int = PEOPLE_PERCENT


@dataclass(frozen=True, slots=True)
class Counter:
    """One window of one budget: `cost` of one reply, `ceiling` for who sends, when it ends.

    `name` tells apart whose window it is and which; `clause` is the rule that names it.
    """

    name: str
    clause: str
    cost: int
    ceiling: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A budget that is used up: the clause, and from when on there is more."""

    clause: str
    opens_at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One reply that is to be counted. `resumes`: see `policy.Control`; `hour_max` of the brand's
    machine texts. `price` in micro-USD."""

    brand: str
    mention: Mention
    private: bool
    price: int
    now: int
    hour_max: int
    resumes: int = 0
    from_person: bool = False


@dataclass(frozen=True, slots=True)
class Spend:
    """What is taken from a brand's budgets for one reply, in blocks of up to `block` replies."""

    brand: str
    month: str
    counters: tuple[Counter, ...]
    block: int
    now: int


def spend(asked: Asked, rates: tuple[Rate, ...], limits: Limits) -> Spend:
    """Say which windows one reply counts in, and how much may be used there."""
    counters = (
        *_rate_counters(asked, rates, limits),
        *_money_counters(asked, limits),
        *_hour_counters(asked),
    )
    shares = (counter.ceiling // (counter.cost * BLOCK_SHARE) for counter in counters)
    block = 1 if asked.from_person else min(BLOCK_MAX, max(1, min(shares, default=1)))
    return Spend(asked.brand, month_of(asked.now), counters, block, asked.now)


def month_of(now: int) -> str:
    """Name the month of an instant, in UTC, like 2026-11."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m")


def month_end(month: str) -> int:
    """Give the instant at which a month ends."""
    # 31 days after its first day every month has passed, and the next has not.
    after = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC) + timedelta(days=31)
    return int(after.replace(day=1).timestamp() * 1000)


def has_ended(name: str, now: int) -> bool:
    """Tell whether the window of a counter of this name is over. A month, on its item, is not."""
    *_, window_s, index = name.split(".")
    return bool(index) and (int(index) + 1) * int(window_s) * SECOND_MS <= now


def room(counters: tuple[Counter, ...], used: Mapping[str, int]) -> int:
    """Say for how many replies all counters have room."""
    return min((_room(counter, used) for counter in counters), default=BLOCK_MAX)


def shortage_of(counters: tuple[Counter, ...], used: Mapping[str, int]) -> Shortage:
    """Name the counter without room that opens last: before then nothing can leave."""
    full = [counter for counter in counters if _room(counter, used) < 1]
    last = max(full or counters, key=lambda counter: counter.ends_at)
    return Shortage(last.clause, last.ends_at)


def _room(counter: Counter, used: Mapping[str, int]) -> int:
    return max(0, counter.ceiling - used.get(counter.name, 0)) // counter.cost


def _rate_counters(asked: Asked, rates: tuple[Rate, ...], limits: Limits) -> Iterator[Counter]:
    visibility = "private" if asked.private else "public"
    account = f"{asked.mention.platform}#{asked.mention.account}#{visibility}"
    for rate in rates:
        if rate.visibility == visibility:
            of = f"{account}#{rate.place(asked.mention)}" if rate.place else account
            name, ends_at = _window(of, rate.window_s, asked.now)
            ceiling = _allowed(rate.ceiling, asked, limits)
            yield Counter(name, "rate_budget", 1, ceiling, ends_at)


def _money_counters(asked: Asked, limits: Limits) -> Iterator[Counter]:
    platform, price = asked.mention.platform, asked.price
    if price and limits.day_micro_usd is not None:
        name, ends_at = _window(platform, _DAY_S, asked.now)
        ceiling = _allowed(limits.day_micro_usd, asked, limits)
        yield Counter(name, "money_budget", price, ceiling, ends_at)
    if price and limits.month_micro_usd is not None:
        name, ends_at = f"{_tag(platform)}.month.", month_end(month_of(asked.now))
        ceiling = _allowed(limits.month_micro_usd, asked, limits)
        yield Counter(name, "money_budget", price, ceiling, ends_at)


def _hour_counters(asked: Asked) -> Iterator[Counter]:
    if not asked.from_person:
        # Whoever resumes after a stop begins to count anew: else it would stop again at once.
        name, ends_at = _window(f"hour#{asked.resumes}", _HOUR_S, asked.now)
        yield Counter(name, "hour_cap", 1, asked.hour_max, ends_at)


def _allowed(ceiling: int, asked: Asked, limits: Limits) -> int:
    return ceiling if asked.from_person else ceiling * (100 - limits.people_percent) // 100


def _window(of: str, window_s: int, now: int) -> tuple[str, int]:
    """Name the window of something in which an instant lies, and tell when it ends."""
    index = now // (window_s * SECOND_MS)
    return f"{_tag(of)}.{window_s}.{index}", (index + 1) * window_s * SECOND_MS


def _tag(of: str) -> str:
    """Shorten what a counter is about: its name is paid for with every write."""
    return hashlib.blake2b(of.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
