from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.policy import FIRST_LOOK_MS
from heed.ports import DueItem, Tries
from heed.storage.table import SHARDS, shard
from tests.backends import START_MS, memory_backend
from tests.fakes.refusals import client_error
from tests.heed.storage.stores import (
    CONVERSATION,
    Store,
    a_case,
    a_conversation,
    a_mention,
    an_agent_reply,
    an_arrival,
)

FIRST_LOOK_AT = START_MS + FIRST_LOOK_MS


def test_what_is_due_is_found_in_all_sixteen_shards(store: Store) -> None:
    mentions = [a_mention(str(n)) for n in range(80)]
    assert {shard(f"mention#{one.id}") for one in mentions} == {str(n) for n in range(SHARDS)}
    store.inbox.put([an_arrival(one) for one in mentions], 30.0)

    assert store.due_list.due(FIRST_LOOK_AT - 1, 50) == []
    found = store.due_list.due(FIRST_LOOK_AT, 50)

    assert {item.mention for item in found} == {one.id for one in mentions}
    assert {item.kind for item in found} == {"mention"}


def test_of_each_shard_the_oldest_come_first(memory: Store) -> None:
    for at in range(200):
        memory.put(an_arrival(a_mention(str(at)), received_at=START_MS + at))

    found = memory.due_list.due(FIRST_LOOK_AT + 1_000, 2)

    per_shard: dict[str, list[int]] = {}
    for item in found:
        object_id = str(item.mention).rsplit(":", 1)[1]
        per_shard.setdefault(shard(f"mention#{item.mention}"), []).append(int(object_id))
    assert len(per_shard) == SHARDS
    assert all(ids == sorted(ids) and len(ids) == 2 for ids in per_shard.values())


def test_cases_and_replies_are_due_beside_mentions(store: Store) -> None:
    store.put(an_arrival())
    store.conversations.save(a_conversation(case=a_case(rung_at=1)))
    reply = an_agent_reply()
    store.timeline.add_reply(reply, 1)

    found = store.due_list.due(START_MS * 2, 50)

    expected = [
        DueItem("mention", mention=a_mention().id),
        DueItem("case", conversation=CONVERSATION),
        DueItem("reply", conversation=CONVERSATION, part=reply.ref.part),
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("kind", ["mention", "case", "reply"])
def test_what_is_postponed_is_due_later(store: Store, kind: str) -> None:
    store.put(an_arrival())
    store.conversations.save(a_conversation(case=a_case(rung_at=1)))
    store.timeline.add_reply(an_agent_reply(), 1)
    later = START_MS + 3 * 3_600_000
    [item] = [one for one in store.due_list.due(later, 50) if one.kind == kind]

    store.due_list.postpone(item, later + 1)

    assert item not in store.due_list.due(later, 50)
    assert item in store.due_list.due(later + 1, 50)


def test_what_is_finished_is_not_postponed_back_into_the_index(store: Store) -> None:
    store.put(an_arrival())
    [item] = store.due_list.due(FIRST_LOOK_AT, 50)
    store.mentions.finish(store.get(a_mention()), "silent", "courtesy", ())

    store.due_list.postpone(item, FIRST_LOOK_AT + 1)

    assert store.due_list.due(START_MS * 2, 50) == []
    assert "da" not in store.raw(a_mention())


def test_what_is_gone_is_not_postponed_into_being(store: Store) -> None:
    store.due_list.postpone(DueItem("mention", mention=a_mention().id), START_MS)

    assert store.find(a_mention()) is None


def test_other_errors_travel_up() -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        raise client_error(operation, "ThrottlingException", "slow down")

    due_list = Store(memory_backend(throttled)).due_list

    with pytest.raises(ClientError, match="ThrottlingException"):
        due_list.postpone(DueItem("mention", mention=a_mention().id), START_MS)


def test_looks_in_vain_are_counted_until_the_thing_stands_another_way(store: Store) -> None:
    store.put(an_arrival())
    item = DueItem("mention", mention=a_mention().id)

    counts = [store.due_list.note(item, mark, START_MS + at) for at, mark in enumerate("aabb")]

    assert counts == [
        Tries(1, START_MS, "acme"),
        Tries(2, START_MS, "acme"),
        Tries(1, START_MS + 2, "acme"),
        Tries(2, START_MS + 2, "acme"),
    ]
    assert store.due_list.note(DueItem("mention", mention=a_mention("9").id), "a", 1) is None


@pytest.mark.parametrize(
    ("state", "end"), [("new", "queued"), ("doubt", "parked"), ("sent", "sent")]
)
def test_what_nobody_can_work_with_is_taken_off_the_index(
    state: str, end: str, store: Store
) -> None:
    store.put(an_arrival())
    store.backend.put({**store.raw(a_mention()), "st": {"S": state}})

    store.due_list.end(DueItem("mention", mention=a_mention().id), "not_readable")

    assert store.get(a_mention()).sending.state == end
    assert store.due_at(START_MS * 2) == []
    bare = store.mentions.get_bare(a_mention().id)
    assert bare is not None
    assert (bare.brand, bare.received_at, bare.mention.text) == ("acme", START_MS, "")
    assert store.mentions.get_bare(a_mention("9").id) is None
