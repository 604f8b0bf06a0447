from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.reply import agent_reply
from heed.errors import StaleEpochError, TransitionError
from heed.ports import Move
from heed.storage.timeline import CONFLICTS_MAX, ENTRIES_MAX, TableTimeline
from tests.backends import START_MS, memory_backend
from tests.fakes.refusals import client_error
from tests.heed.storage.stores import (
    CONVERSATION,
    Store,
    a_case,
    a_claim,
    a_conversation,
    a_note,
    an_agent_reply,
)


@pytest.fixture
def cased(store: Store) -> Store:
    assert store.conversations.save(a_conversation(case=a_case(epoch=4)))
    return store


def test_a_reply_is_stored_and_due_at_once(cased: Store) -> None:
    reply = an_agent_reply()

    assert cased.timeline.add_reply(reply, 4) == "added"

    assert cased.outbox.get_reply(reply.ref) == reply
    assert f"{CONVERSATION}/{reply.ref.part}" in cased.due_at(reply.at)


def test_the_same_reply_id_again_is_known_and_changes_nothing(cased: Store) -> None:
    reply = an_agent_reply()
    cased.timeline.add_reply(reply, 4)
    held = cased.outbox.claim(reply.ref, reply.sending, a_claim())
    assert held is not None
    cased.outbox.move(reply.ref, held, Move("sent", reply_id="9001"))

    assert cased.timeline.add_reply(replace(reply, text="other"), 4) == "known"

    written = cased.outbox.get_reply(reply.ref)
    assert written is not None
    assert (written.text, written.sending.state) == (reply.text, "sent")


@pytest.mark.parametrize("epoch", [3, 5])
def test_a_stale_epoch_stores_nothing(cased: Store, epoch: int) -> None:
    reply = an_agent_reply()

    with pytest.raises(StaleEpochError):
        cased.timeline.add_reply(reply, epoch)

    assert cased.outbox.get_reply(reply.ref) is None


def test_without_a_case_there_is_no_epoch_to_write_under(store: Store) -> None:
    with pytest.raises(StaleEpochError):
        store.timeline.add_reply(an_agent_reply(), 1)


def test_a_repeat_is_harmless_after_the_case_changed_hands(cased: Store) -> None:
    reply = an_agent_reply()
    cased.timeline.add_reply(reply, 4)
    conversation = cased.conversations.get(CONVERSATION)
    assert conversation is not None
    cased.conversations.save(replace(conversation, case=a_case(epoch=5)))

    assert cased.timeline.add_reply(reply, 4) == "known"


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    return client_error(
        "transact_write_items", "TransactionCanceledException", "no", CancellationReasons=reasons
    )


def conflicts(times: int, *codes: str) -> Store:
    left = [times]

    def busy(service: str, operation: str, phase: Any) -> None:
        if operation == "transact_write_items" and phase == "before" and left[0]:
            left[0] -= 1
            raise cancelled(*codes)

    store = Store(memory_backend(busy))
    store.conversations.save(a_conversation(case=a_case(epoch=4)))
    return store


def test_a_reply_waits_for_others_who_write_the_case_at_that_moment() -> None:
    store = conflicts(CONFLICTS_MAX - 1, "TransactionConflict", "None")

    assert store.timeline.add_reply(an_agent_reply(), 4) == "added"


def test_a_case_that_others_write_again_and_again_is_a_refusal() -> None:
    store = conflicts(CONFLICTS_MAX, "TransactionConflict", "None")

    with pytest.raises(TransitionError):
        store.timeline.add_reply(an_agent_reply(), 4)


def test_another_reason_to_cancel_travels_up() -> None:
    store = conflicts(1, "None", "ThrottlingError")

    with pytest.raises(ClientError, match="TransactionCanceled"):
        store.timeline.add_reply(an_agent_reply(), 4)


STEPS: dict[str, Callable[[TableTimeline], object]] = {
    "reply": lambda timeline: timeline.add_reply(an_agent_reply(), 1),
    "note": lambda timeline: timeline.add_note(a_note()),
}


@pytest.mark.parametrize("step", STEPS)
def test_other_errors_travel_up(step: str) -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        raise client_error(operation, "ThrottlingException", "slow down")

    timeline = Store(memory_backend(throttled)).timeline

    with pytest.raises(ClientError, match="ThrottlingException"):
        STEPS[step](timeline)


def test_a_note_is_stored_once(store: Store) -> None:
    store.timeline.add_note(a_note())
    store.timeline.add_note(a_note(text="other words"))

    assert store.timeline.entries(CONVERSATION) == [a_note()]


def test_entries_come_in_the_order_in_which_they_were_written(cased: Store) -> None:
    reply = an_agent_reply(at=START_MS + 50_000)
    before = a_note("n1", at=START_MS + 40_000)
    after = a_note("e1", kind="event", at=START_MS + 60_000)
    cased.timeline.add_note(after)
    cased.timeline.add_note(before)
    cased.timeline.add_reply(reply, 4)

    assert cased.timeline.entries(CONVERSATION) == [before, reply, after]


@pytest.mark.parametrize("odd", ["x#reply#y", "a|b", "é%", "#", "case"])
def test_an_id_may_hold_the_word_of_another_kind(cased: Store, odd: str) -> None:
    note = a_note(odd, at=START_MS)
    reply = an_agent_reply(odd, ref=agent_reply(CONVERSATION, START_MS, odd))
    cased.timeline.add_note(note)
    cased.timeline.add_reply(reply, 4)

    assert cased.timeline.entries(CONVERSATION) == [note, reply]


def test_a_conversation_without_entries_has_none(cased: Store) -> None:
    assert cased.timeline.entries(CONVERSATION) == []


def test_of_a_long_timeline_the_newest_are_shown(memory: Store) -> None:
    for at in range(ENTRIES_MAX + 5):
        memory.timeline.add_note(a_note(str(at), at=START_MS + at))

    entries = memory.timeline.entries(CONVERSATION)

    assert [entry.at - START_MS for entry in entries] == list(range(5, ENTRIES_MAX + 5))
