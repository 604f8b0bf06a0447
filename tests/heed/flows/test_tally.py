"""Counting exactly once, whatever the stream does: the counters are always compared with a recount
of the table, which knows nothing of the stream."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from heed.domain.clock import HOUR_MS, MINUTE_MS
from heed.domain.tally import Cell, Counts, pulse
from heed.flows.tally import tally
from heed.ports import Arrival, Span
from heed.storage.counters import TableCounters, told
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import (
    COMPLAINT,
    MARTA,
    OMAR,
    X_ACCOUNT,
    telegram_message,
    x_deletion,
    x_message,
    x_post,
)
from tests.heed.flows.counting import Readers, Shard
from tests.heed.flows.world import CrashError, World
from tests.heed.storage.stores import a_mention, an_arrival

A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))
HARM = "@acmeair I am going to kill myself"


def say(world: World, post: str = A, text: str = COMPLAINT, **fields: Any) -> None:
    world.deliver("x", x_post(post, text, at=world.clock.now(), **fields))


def person_answers(world: World, mention: str, reply_id: str = "r1") -> None:
    world.claim_case(mention)
    world.write_reply(mention, "Hello, this is Ana. I am on it.", reply_id=reply_id)
    world.run()


def own(world: World, answers: str, post: str = "2199000000000000001") -> None:
    body = x_post(
        post,
        "Ana here, from the phone.",
        at=world.clock.now(),
        author=X_ACCOUNT,
        event="post.create",
        answers=answers,
        root=answers,
    )
    world.deliver("x", body)


def day(world: World) -> None:
    """A bit of everything, over some hours."""
    say(world)
    world.run()
    carried = x_post(
        B, "@friend @acmeair lol see you at 8", at=world.clock.now(), event="post.create",
        answers="9", author=OMAR,
    )  # fmt: skip
    world.deliver("x", carried)
    say(world, C, HARM, author="77")
    world.deliver("telegram", telegram_message(7, "where is my bag?", at=world.clock.now()))
    world.run()
    world.clock.forward(ms=HOUR_MS)
    person_answers(world, MC)
    person_answers(world, MA)
    say(world, "2100000000000000004", COMPLAINT, author="78")
    world.run()
    world.deliver("x", x_deletion("2100000000000000004", author="78"))
    world.deliver("x", x_deletion("2100000000000000005", author="79"))
    say(world, "2100000000000000006", "@acmeair my seat was burned, terrible", author="80")
    own(world, "2100000000000000006")
    own(world, "2100000000000000007", post="2199000000000000002")
    world.run()
    world.clock.forward(ms=HOUR_MS)
    say(world, "2100000000000000007", "@acmeair a question?", author="81")
    world.run(2)


@pytest.fixture
def world() -> World:
    return World()


def total(readers: Readers) -> Counts:
    found: Counts = Counter()
    for counts in readers.counted().values():
        found.update(counts)
    return found


def assert_exact(readers: Readers) -> None:
    assert readers.counted() == readers.recounted()


def test_a_day_is_counted_as_it_was(world: World) -> None:
    readers = Readers(world)

    day(world)
    readers.run()

    assert_exact(readers)
    read = pulse(readers.counted().values())
    assert (read.received, read.machine, read.people) == (7, 3, 4)
    assert read.not_eligible == {"carried": 1}
    assert (read.deleted, read.own) == (2, 2)
    platforms = {cell.platform for cell in readers.counted()}
    assert platforms == {"x", "telegram"}
    assert len({cell.hour for cell in readers.counted()}) == 3


def test_a_mention_that_was_answered_twice_by_people_counts_once(world: World) -> None:
    readers = Readers(world)
    say(world, text=HARM)
    world.run()
    world.clock.forward(ms=10 * MINUTE_MS)
    person_answers(world, MA)
    world.clock.forward(ms=10 * MINUTE_MS)
    world.write_reply(MA, "One thing more.", reply_id="r2")
    world.run()

    readers.run()

    assert_exact(readers)
    read = pulse(readers.counted().values())
    assert (read.people, read.held, read.waiting) == (1, 1, 0)
    assert read.first_answer["people"].mean_ms == 10 * MINUTE_MS


def test_the_machine_and_people_have_clocks_of_their_own(world: World) -> None:
    readers = Readers(world)
    say(world)
    world.clock.forward(s=3)
    world.run()
    world.clock.forward(ms=HOUR_MS)
    person_answers(world, MA)

    readers.run()

    read = pulse(readers.counted().values())
    assert (read.answered, read.machine, read.people) == (1, 1, 1)
    assert read.first_answer["machine"].mean_ms == 3_000
    assert read.first_answer["people"].mean_ms == HOUR_MS + 3_000


def test_an_answer_from_the_phone_app_is_a_persons(world: World) -> None:
    readers = Readers(world)
    say(world, text=HARM)
    world.run()
    world.clock.forward(ms=5 * MINUTE_MS)
    own(world, A)
    world.run()

    readers.run()

    assert_exact(readers)
    assert pulse(readers.counted().values()).first_answer["people"].mean_ms == 5 * MINUTE_MS


def test_the_echo_of_the_machines_own_words_is_no_answer_of_a_person(world: World) -> None:
    readers = Readers(world)
    say(world)
    world.twin("x").faults.add(Fault("lose_answer"))
    world.triage()
    world.reply()
    [post] = world.twin("x").visible_posts()
    echo = x_post(post.id, post.text, at=world.clock.now(), author=X_ACCOUNT, event="post.create",
                  answers=A, root=A)  # fmt: skip
    world.deliver("x", echo)
    readers.run()

    assert pulse(readers.counted().values()).people == 0
    world.run(3)
    readers.run()
    assert_exact(readers)
    read = pulse(readers.counted().values())
    assert (read.machine, read.people, read.own) == (1, 0, 1)


@pytest.mark.parametrize("source", ["webhook", "reread", "backfill"])
def test_the_source_of_a_mention_is_kept(world: World, source: str) -> None:
    readers = Readers(world)
    arrival: Arrival = an_arrival(a_mention(A), source=source)
    world.inbox.put([arrival], 5)
    world.run()

    readers.run()

    assert_exact(readers)
    assert pulse(readers.counted().values()).sources == {source: 1}


def test_refused_and_silent_are_counted_with_their_reasons(world: World) -> None:
    readers = Readers(world)
    say(world)
    world.triage()
    world.twin("x").faults.add(Fault("blocked"))
    world.run()
    at = world.clock.now() - 3 * HOUR_MS
    world.deliver("x", x_post(B, "@acmeair thanks", at=at, author=X_ACCOUNT[::-1]))
    world.run(3)

    readers.run()

    assert_exact(readers)
    read = pulse(readers.counted().values())
    assert (read.refused, read.waiting, read.eligible) == (1, 2, 2)


def test_what_changes_nothing_that_counts_is_not_written(world: World) -> None:
    say(world)
    readers = Readers(world)
    readers.run()
    world.mentions.kick(world.stored(MA).mention.id, due_at=world.clock.now())

    with world.counted() as calls:
        readers.run()

    assert calls == {}


# Whatever the stream does.


def test_the_same_batch_again_changes_nothing(world: World) -> None:
    day(world)
    readers = Readers(world)
    readers.run()
    before = readers.counted()
    [shard] = readers.shards

    for start, stop in ((0, len(shard.records)), (3, 9), (len(shard.records) - 1, None)):
        readers.show(shard, start, stop or len(shard.records))

    assert readers.counted() == before == readers.recounted()
    assert readers.meter.counts["tally_known"] > 0


@pytest.mark.parametrize("batch", [1, 2, 5, 1000])
def test_any_size_of_batch_counts_the_same(world: World, batch: int) -> None:
    day(world)
    readers = Readers(world, shards=2)

    readers.run(batch)

    assert_exact(readers)


@pytest.mark.parametrize("batch", [4, 1000])
def test_a_crash_at_any_call_costs_nothing_and_counts_nothing_twice(batch: int) -> None:
    after = 0
    while True:
        world = World()
        day(world)
        readers = Readers(world)
        crashed: list[str] = []
        world.hook.arm(after)
        readers.run(batch, crashed)
        world.hook.disarm()
        assert_exact(readers)
        if not crashed:
            break
        after += 1
    assert after > 2 * 4


@pytest.mark.parametrize("after", range(1, 14))
def test_halves_of_a_batch_that_died_in_the_middle_add_up(world: World, after: int) -> None:
    """Lambda shows a batch that died in two halves, and a half that died in quarters."""
    day(world)
    readers = Readers(world)
    readers.fetch()
    [shard] = readers.shards
    end, middle = len(shard.records), len(shard.records) // 2
    for stop in (end, middle):
        world.hook.arm(after)
        with contextlib.suppress(CrashError):
            readers.show(shard, 0, stop)
        world.hook.disarm()

    for start, stop in ((0, middle // 2), (middle // 2, middle), (middle, end)):
        readers.show(shard, start, stop)
        shard.checkpoint = stop
    readers.run()

    assert_exact(readers)


class Interrupting:
    """A client that lets something else happen at one of its calls: before it, or after."""

    def __init__(self, client: Any, at: int, happens: Callable[[], None]) -> None:
        self._client = client
        self._left = at
        self._happens = happens

    def update_item(self, **request: Any) -> Any:
        self._let_happen()
        answer = self._client.update_item(**request)
        self._let_happen()
        return answer

    def _let_happen(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._happens()


@pytest.mark.parametrize("ahead", [0, 6])
def test_two_workers_with_one_batch_count_it_once(ahead: int) -> None:
    """The second runs at every point of the first: with the same records, or with more of them."""
    at, happened = 0, True
    while happened:
        at, happened = at + 1, False
        world = World()
        day(world)
        readers = Readers(world)
        readers.fetch()
        [shard] = readers.shards
        end = len(shard.records)

        def second(readers: Readers = readers, shard: Shard = shard, end: int = end) -> None:
            nonlocal happened
            happened = True
            readers.show(shard, 0, end)

        client: Any = Interrupting(world.dynamo, at, second)
        first = Readers(world)
        slow = first.tallying.__class__(TableCounters(client, world.table), first.meter)
        records = [one for one in map(told, shard.records[: end - ahead]) if one is not None]
        tally(shard.name, records, slow)
        shard.checkpoint = end - ahead
        readers.run()
        assert_exact(readers)
    assert at > 10


def test_a_worker_that_wakes_up_late_changes_nothing(world: World) -> None:
    day(world)
    readers = Readers(world)
    readers.run(3)
    before = readers.counted()
    [shard] = readers.shards

    for start in range(len(shard.records)):
        readers.show(shard, start, start + 3)

    assert readers.counted() == before


def test_shards_number_their_records_apart(world: World) -> None:
    """A later record of one shard may well have a lower number than an earlier one of another: one
    mark for all of them would lose it."""
    readers = Readers(world, shards=2)
    numbers = {shard.name: shard.next_number for shard in readers.shards}
    assert len(set(numbers.values())) == 2
    for post in range(8):
        say(world, str(2100000000000000000 + post), author=str(post))
        readers.run()
    cells = readers.counted()

    assert cells == readers.recounted()
    assert sum(counts["received"] for counts in cells.values()) == 8
    assert all(shard.records for shard in readers.shards)


def test_a_mention_goes_on_in_the_child_of_its_shard(world: World) -> None:
    readers = Readers(world)
    say(world)
    say(world, B, author=OMAR)
    readers.run()
    world.triage()
    readers.split()
    world.run()
    # The parent's last records are shown once more, after its children began.
    readers.run()
    parent = readers.shards[0]
    readers.show(parent, 0, len(parent.records))

    assert_exact(readers)
    assert total(readers)["machine"] == 2


class _Lossy:
    """Counters as one would write them first: add, without a mark."""

    def __init__(self, counters: TableCounters) -> None:
        self._counters = counters
        self._number = 0

    def add(self, cell: Cell, counts: Counts, span: Span) -> str:
        self._number += 1
        return self._counters.add(cell, counts, Span(f"{span.shard}{self._number}", "0", "1"))

    def note_answer(self, mention: Any, at: int) -> None:
        self._counters.note_answer(mention, at)


def test_adding_without_a_mark_is_caught(world: World) -> None:
    day(world)
    readers = Readers(world)
    readers.fetch()
    [shard] = readers.shards
    naive = readers.tallying.__class__(_Lossy(readers.counters), readers.meter)
    records = [one for one in map(told, shard.records) if one is not None]

    for _ in range(2):
        tally(shard.name, records, naive)

    assert readers.counted() != readers.recounted()


@pytest.mark.parametrize("seed", range(40))
def test_any_course_of_events_ends_in_a_recount(seed: int) -> None:
    """Redelivery from anywhere, batches of any size, crashes at any call, splits, and life goes on
    between all of it."""
    chance = random.Random(seed)
    world = World()
    readers = Readers(world, shards=chance.choice((1, 2, 3)))
    for step in range(25):
        _live(world, chance, step)
        readers.fetch()
        if chance.random() < 0.08:
            readers.split()
        _read(world, readers, chance)
    readers.run(chance.choice((1, 7, 1000)))

    assert_exact(readers)


def _live(world: World, chance: random.Random, step: int) -> None:
    post = str(2100000000000000000 + chance.randrange(12))
    text = chance.choice((COMPLAINT, HARM, "@acmeair thanks", "@acmeair wonderful"))
    happens = chance.randrange(8)
    if happens <= 2:
        say(world, post, text, author=str(int(post) % 5))
    elif happens == 3:
        say(world, post, text, author=str(int(post) % 5), versions=(post, post + str(step)))
    elif happens == 4:
        world.deliver("x", x_deletion(post, author=MARTA))
    elif happens == 5:
        own(world, post, post=str(2199000000000000000 + step))
    elif happens == 6:
        world.deliver("x", x_message(post, text, at=world.clock.now()))
    _answer_somebody(world, chance, step)
    world.clock.forward(s=chance.choice((1, 60, 4000)))
    if chance.random() < 0.8:
        world.run(chance.choice((0, 1)))


def _answer_somebody(world: World, chance: random.Random, step: int) -> None:
    open_cases = [item for item in world.cases() if item["cs"] == {"S": "open"}]
    if open_cases and chance.random() < 0.5:
        mention = chance.choice(open_cases)["ob"]["S"]
        stored = world.find(mention)
        if stored is not None:
            world.claim_case(mention)
            world.write_reply(mention, f"Hello, this is Ana, {step}.", reply_id=f"r{step}")


def _read(world: World, readers: Readers, chance: random.Random) -> None:
    for shard in readers.shards:
        if not shard.is_open:
            continue
        start = chance.randint(max(0, shard.checkpoint - 5), shard.checkpoint)
        stop = min(len(shard.records), start + chance.choice((1, 3, 10, 100)))
        world.hook.disarm()
        if chance.random() < 0.3:
            world.hook.arm(chance.randrange(8))
        try:
            readers.show(shard, start, stop)
        except CrashError:
            continue
        finally:
            world.hook.disarm()
        shard.checkpoint = max(shard.checkpoint, stop)


def test_a_large_batch_costs_a_twentieth_of_a_write_per_mention(world: World) -> None:
    for post in range(330):
        say(world, str(2100000000000000000 + post), author=str(post))
    world.run()
    readers = Readers(world)

    with world.counted() as calls:
        readers.run()

    assert_exact(readers)
    # Not all are acknowledged at once: the platform limits how many posts leave in a window.
    assert len(readers.shards[0].records) > 700
    assert calls == {"dynamodb update_item": 1}
