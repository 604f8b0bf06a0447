from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.case import RING_AGAIN_MS
from heed.domain.mention import ConversationId
from heed.storage.conversations import TableConversations
from tests.backends import START_MS, memory_backend
from tests.fakes.refusals import client_error
from tests.heed.storage.spies import Spy
from tests.heed.storage.stores import (
    BRAND,
    CONVERSATION,
    Store,
    a_case,
    a_conversation,
    an_ack,
)


def test_what_was_never_saved_is_not_found(store: Store) -> None:
    assert store.conversations.get(CONVERSATION) is None


def test_a_conversation_is_read_strongly(memory: Store) -> None:
    spy = Spy(memory.backend.dynamo)

    TableConversations(spy, memory.backend.table).get(CONVERSATION)

    [(operation, request)] = spy.requests
    assert (operation, request["ConsistentRead"]) == ("get_item", True)


def test_a_saved_conversation_comes_back_with_its_version(store: Store) -> None:
    first = store.conversations.save(a_conversation(ack=an_ack()))

    assert first is not None
    assert first.version == 1
    assert store.conversations.get(CONVERSATION) == first
    second = store.conversations.save(replace(first, case=a_case(), opted_out_at=5))
    assert second is not None
    assert second.version == 2
    assert store.conversations.get(CONVERSATION) == second


def test_of_two_who_begin_a_conversation_one_wins(store: Store) -> None:
    assert store.conversations.save(a_conversation(ack=an_ack()))
    assert store.conversations.save(a_conversation(case=a_case())) is None

    found = store.conversations.get(CONVERSATION)
    assert found is not None
    assert (found.ack, found.case) == (an_ack(), None)


def test_of_two_who_saw_the_same_version_one_wins(store: Store) -> None:
    seen = store.conversations.save(a_conversation())
    assert seen is not None

    assert store.conversations.save(replace(seen, person_spoke_at=1))
    assert store.conversations.save(replace(seen, person_spoke_at=2)) is None
    found = store.conversations.get(CONVERSATION)
    assert found is not None
    assert (found.version, found.person_spoke_at) == (2, 1)


def test_a_version_that_was_never_written_is_no_version(store: Store) -> None:
    assert store.conversations.save(a_conversation(version=3)) is None
    assert store.conversations.get(CONVERSATION) is None


def test_what_a_conversation_no_longer_has_is_gone(store: Store) -> None:
    full = store.conversations.save(a_conversation(ack=an_ack(), case=a_case(page=True)))
    assert full is not None

    bare = store.conversations.save(replace(full, ack=None, case=None))

    assert bare is not None
    assert store.conversations.get(CONVERSATION) == bare
    assert store.due_at(START_MS * 2) == []


def save_case(store: Store, name: str, **fields: Any) -> None:
    conversation = a_conversation(id=ConversationId(name * 32), case=a_case(**fields))
    assert store.conversations.save(conversation)


def test_cases_come_the_most_urgent_first_and_then_the_oldest(store: Store) -> None:
    save_case(store, "a", band="low", due_at=START_MS)
    save_case(store, "b", band="normal", due_at=START_MS + 20)
    save_case(store, "c", band="normal", due_at=START_MS + 10)
    save_case(store, "d", band="urgent", due_at=START_MS + 9_000)
    save_case(store, "e", band="urgent", state="claimed", agent="ana", lease_until=START_MS)
    save_case(store, "f", band="urgent", state="resolved")

    found = store.conversations.list_cases(BRAND, "open", limit=10)

    assert [one.id[0] for one in found] == ["d", "c", "b", "a"]
    assert [one.id[0] for one in store.conversations.list_cases(BRAND, "open", limit=2)] == [
        "d",
        "c",
    ]
    assert [one.id[0] for one in store.conversations.list_cases(BRAND, "claimed", limit=9)] == ["e"]
    assert store.conversations.list_cases(BRAND, "resolved", limit=9) == []
    assert store.conversations.list_cases("other", "open", limit=9) == []


def test_a_case_that_moved_on_behind_the_index_is_left_out(memory: Store) -> None:
    save_case(memory, "a")
    save_case(memory, "b")
    save_case(memory, "c")
    memory.clock.forward(s=61)
    memory.backend.dynamo.index_lag_ms = 60_000
    moved = memory.conversations.get(ConversationId("a" * 32))
    closed = memory.conversations.get(ConversationId("b" * 32))
    assert moved is not None
    assert closed is not None
    memory.conversations.save(replace(moved, case=a_case(state="claimed", agent="ana")))
    memory.conversations.save(replace(closed, case=None))

    found = memory.conversations.list_cases(BRAND, "open", limit=10)

    assert [one.id[0] for one in found] == ["c"]


def test_a_case_whose_conversation_vanished_is_left_out(memory: Store) -> None:
    save_case(memory, "a")
    memory.clock.forward(s=61)
    memory.backend.dynamo.index_lag_ms = 60_000
    key = {"pk": {"S": f"conv#{'a' * 32}"}, "sk": {"S": "case"}}
    memory.backend.dynamo.delete_item(TableName=memory.backend.table, Key=key)

    assert memory.conversations.list_cases(BRAND, "open", limit=10) == []


@pytest.mark.parametrize("state", ["open", "waiting", "snoozed"])
def test_a_live_case_is_due_when_its_bell_may_have_been_lost(store: Store, state: Any) -> None:
    save_case(store, "a", state=state, rung_at=START_MS)

    assert store.due_at(START_MS + RING_AGAIN_MS - 1) == []
    assert store.due_at(START_MS + RING_AGAIN_MS) == [f"{'a' * 32}/case"]


def test_a_claimed_case_is_due_when_its_lease_ends(store: Store) -> None:
    save_case(store, "a", state="claimed", agent="ana", lease_until=START_MS + 900_000)

    assert store.due_at(START_MS + 899_999) == []
    assert store.due_at(START_MS + 900_000) == [f"{'a' * 32}/case"]


def test_a_transaction_that_has_the_item_in_hand_was_faster() -> None:
    def in_transaction(service: str, operation: str, phase: Any) -> None:
        raise client_error(operation, "TransactionConflictException", "under way")

    store = Store(memory_backend(in_transaction))

    assert store.conversations.save(a_conversation()) is None


def test_other_errors_travel_up() -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        raise client_error(operation, "ThrottlingException", "slow down")

    store = Store(memory_backend(throttled))

    with pytest.raises(ClientError, match="ThrottlingException"):
        store.conversations.save(a_conversation())
