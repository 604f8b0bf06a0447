from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.clock import HOUR_MS
from heed.domain.mention import MentionId
from heed.domain.tally import Cell, Tallied
from heed.ports import Change, Move, PersonsAnswer, Span
from heed.storage.counters import TableCounters, everything, persons_answer, tallied, told
from tests.backends import START_MS, Backend
from tests.heed.storage.stores import (
    Store,
    a_case,
    a_change,
    a_conversation,
    a_mention,
    an_agent_reply,
    an_arrival,
    an_own_post,
)

HOUR = START_MS // HOUR_MS
CELL = Cell("acme", HOUR, "x")
SHARD = "shardId-00000001795170000000-0123abcd"


@pytest.fixture
def counters(backend: Backend) -> TableCounters:
    return TableCounters(backend.dynamo, backend.table)


def span(first: int, last: int, shard: str = SHARD) -> Span:
    return Span(shard, f"{first:040d}", f"{last:040d}")


def counted(counters: TableCounters) -> dict[str, int]:
    return dict(counters.read("acme", HOUR, HOUR)[CELL])


def test_what_is_added_is_read(counters: TableCounters) -> None:
    counts = Counter({"received": 3, "silent:not_addressed": 1, "machine:ms": 9_000})

    assert counters.add(CELL, counts, span(1, 9)) == ""
    assert counters.add(CELL, Counter({"received": 2, "waiting": -1}), span(10, 10)) == ""

    assert counted(counters) == {
        "received": 5, "silent:not_addressed": 1, "machine:ms": 9_000, "waiting": -1,
    }  # fmt: skip


def test_what_was_counted_is_refused_and_told(counters: TableCounters) -> None:
    counters.add(CELL, Counter(received=1), span(5, 9))

    for first, last in ((5, 9), (9, 9), (1, 4), (9, 12)):
        assert counters.add(CELL, Counter(received=1), span(first, last)) == span(5, 9).last
    assert counted(counters) == {"received": 1}
    assert counters.add(CELL, Counter(received=1), span(10, 12)) == ""
    assert counted(counters) == {"received": 2}


def test_positions_are_compared_as_numbers(counters: TableCounters) -> None:
    counters.add(CELL, Counter(received=1), span(99, 99))

    assert counters.add(CELL, Counter(received=1), span(100, 10**39)) == ""


def test_every_shard_and_every_cell_has_a_mark_of_its_own(counters: TableCounters) -> None:
    other = Cell("acme", HOUR, "telegram")
    counters.add(CELL, Counter(received=1), span(5, 9))

    assert counters.add(CELL, Counter(received=1), span(1, 2, "another")) == ""
    assert counters.add(other, Counter(received=1), span(5, 9)) == ""

    assert counted(counters) == {"received": 2}


def test_a_mark_moves_also_where_everything_came_to_nothing(counters: TableCounters) -> None:
    assert counters.add(CELL, Counter(), span(1, 2)) == ""

    assert counters.add(CELL, Counter(received=1), span(1, 1)) == span(1, 2).last


def test_hours_are_read_in_between_and_included(counters: TableCounters) -> None:
    for hour in range(HOUR, HOUR + 4):
        for platform in ("facebook", "x"):
            counters.add(Cell("acme", hour, platform), Counter(received=1), span(1, 1))
    counters.add(Cell("bolt", HOUR + 1, "x"), Counter(received=7), span(1, 1))

    cells = counters.read("acme", HOUR + 1, HOUR + 2)

    assert sorted(cells) == [
        Cell("acme", hour, platform)
        for hour in (HOUR + 1, HOUR + 2)
        for platform in ("facebook", "x")
    ]
    assert counters.read("nobody", 0, HOUR) == {}


def test_more_than_one_page_is_read(counters: TableCounters, backend: Backend) -> None:
    filler = {"pk": {"S": "tally#acme"}, "x" * 250: {"N": "1"}}
    for hour in range(HOUR, HOUR + 4):
        names = {f"{at}{'n' * 300}": {"N": "1"} for at in range(1000)}
        backend.put({**filler, **names, "sk": {"S": f"{hour:07d}#x"}})

    assert len(counters.read("acme", HOUR, HOUR + 4)) == 4


def test_another_refusal_travels_up(backend: Backend) -> None:
    nowhere = TableCounters(backend.dynamo, "no-such-table")

    for call in (
        lambda: nowhere.add(CELL, Counter(received=1), span(1, 1)),
        lambda: nowhere.note_answer(a_mention().id, 1),
    ):
        with pytest.raises(ClientError, match="ResourceNotFound"):
            call()


def test_the_first_answer_of_a_person_is_noted_once(counters: TableCounters, store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))

    for at in (START_MS + 9, START_MS + 5, START_MS + 7):
        counters.note_answer(mention.id, at)

    assert store.raw(mention)["pa"] == {"N": str(START_MS + 5)}
    assert store.raw(mention)["todo"] == {"S": "new"}


def test_an_answer_to_what_is_unknown_is_noted_nowhere(
    counters: TableCounters, backend: Backend
) -> None:
    counters.note_answer(MentionId("x#1#post:unknown"), START_MS)

    assert backend.item("mention#x#1#post:unknown") is None


# Reading items.


def read(store: Store) -> Tallied:
    found = tallied(store.raw(a_mention()))
    assert found is not None
    return found


def test_a_mention_is_read_without_its_content(memory: Store) -> None:
    memory.put(an_arrival(a_mention(), source="reread"))
    raw = {**memory.raw(a_mention()), "c": {"B": b"no content at all"}}

    assert tallied(raw) == Tallied(
        brand="acme", platform="x", at=START_MS, is_received=True, state="new", source="reread"
    )


def test_a_sent_reply_tells_when_it_was_first_tried(memory: Store) -> None:
    memory.put(an_arrival(a_mention()))
    held = memory.claim(a_mention())
    memory.move(a_mention(), held, Move("sent", reply_id="9"))

    found = read(memory)

    assert (found.state, found.machine_at, found.people_at) == ("sent", START_MS + 1_000, 0)


def test_an_edit_and_a_deletion_are_seen(memory: Store) -> None:
    memory.put(an_arrival(a_mention()))
    memory.put(a_change(a_mention(), "edited", after_ms=5))
    memory.put(a_change(a_mention(), "deleted", after_ms=9))

    found = read(memory)

    assert (found.is_edited, found.is_deleted, found.at) == (True, True, START_MS)


def test_a_deletion_that_came_first_counts_at_its_own_instant(memory: Store) -> None:
    gone = a_change(a_mention(), "deleted", after_ms=9)
    memory.put(gone)

    found = read(memory)

    assert (found.at, found.is_received, found.is_deleted) == (gone.mention.event_at, False, True)


def test_the_mark_of_an_own_post_counts_at_its_own_instant(memory: Store) -> None:
    memory.put(an_own_post(a_mention()))

    found = read(memory)

    assert (found.at, found.is_received, found.has_own_post) == (START_MS + 5_000, False, True)
    assert found.state == ""


@pytest.mark.parametrize(
    ("more", "people_at"),
    [
        ({}, START_MS + 5_000),
        ({"rid": {"S": "8"}}, START_MS + 5_000),
        ({"rid": {"S": "9001"}}, 0),
        ({"ft": {"N": "1"}, "fp": {"S": "the same"}, "ofp": {"S": "the same"}}, 0),
        ({"ft": {"N": "1"}, "fp": {"S": "another"}}, START_MS + 5_000),
        ({"pa": {"N": str(START_MS + 4)}}, START_MS + 4),
        ({"pa": {"N": str(START_MS + 6_000)}}, START_MS + 5_000),
    ],
)
def test_an_own_post_is_a_persons_answer_unless_the_machine_wrote_it(
    memory: Store, more: dict[str, Any], people_at: int
) -> None:
    memory.put(an_arrival(a_mention()))
    memory.put(an_own_post(a_mention()))

    found = tallied({**memory.raw(a_mention()), **more})

    assert found is not None
    assert found.people_at == people_at


@pytest.mark.parametrize(
    "item",
    [
        {"pk": {"S": "tally#acme"}, "br": {"S": "acme"}, "ra": {"N": "1"}},
        {"pk": {"S": "mention#x#1#post:1"}, "ra": {"N": "1"}},
        {"pk": {"S": "mention#x#1#post:1"}, "br": {"S": "acme"}},
        {},
    ],
)
def test_what_tells_no_brand_or_no_time_is_not_counted(item: dict[str, Any]) -> None:
    assert tallied(item) is None


def test_a_reply_counts_once_it_is_visible() -> None:
    sent = {"mi": {"S": "x#1#post:1"}, "st": {"S": "sent"}, "at": {"N": "5"}}

    assert persons_answer(sent) == PersonsAnswer(MentionId("x#1#post:1"), 5)
    assert persons_answer({**sent, "ft": {"N": "7"}}) == PersonsAnswer(MentionId("x#1#post:1"), 7)
    assert persons_answer({**sent, "st": {"S": "planned"}}) is None
    assert persons_answer({"st": {"S": "sent"}}) is None


def test_a_record_is_read_as_a_change_an_answer_or_an_end() -> None:
    mention = {"pk": {"S": "mention#x#1#post:1"}, "br": {"S": "acme"}, "ra": {"N": "7"}}
    place = {"SequenceNumber": "12"}
    seen = tallied(mention)

    assert told({**place, "NewImage": mention}) == Change("12".zfill(40), None, seen)
    assert told({**place, "OldImage": mention, "NewImage": mention}) == Change(
        "12".zfill(40), seen, seen
    )
    assert told({**place, "OldImage": mention}) is None
    reply = {"mi": {"S": "x#1#post:1"}, "st": {"S": "sent"}, "ft": {"N": "7"}}
    assert told({**place, "NewImage": reply}) == PersonsAnswer(MentionId("x#1#post:1"), 7)


def test_a_recount_takes_answers_from_the_replies_themselves(memory: Store) -> None:
    memory.put(an_arrival(a_mention()))
    memory.conversations.save(a_conversation(case=a_case()))
    for name, at in (("r1", START_MS + 90_000), ("r2", START_MS + 80_000)):
        memory.timeline.add_reply(an_agent_reply(name, at=at), 1)
        ref = an_agent_reply(name).ref
        item = memory.backend.item(ref.owner, ref.part)
        assert item is not None
        memory.backend.put({**item, "st": {"S": "sent"}})
    raw = memory.raw(a_mention())
    memory.backend.put({**raw, "pa": {"N": "1"}})

    [found] = everything(memory.backend.dynamo.items(memory.backend.table))

    assert found.people_at == START_MS + 80_000
