from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.policy import FIRST_LOOK_MS, VERSION
from heed.domain.reply import Sending, agent_reply, fingerprint, machine_reply
from heed.ports import Move
from heed.storage.outbox import TableOutbox
from tests.backends import START_MS, memory_backend
from tests.fakes.refusals import client_error
from tests.heed.storage.spies import Spy
from tests.heed.storage.stores import (
    CONVERSATION,
    Store,
    a_case,
    a_change,
    a_claim,
    a_conversation,
    a_draft,
    a_mention,
    an_agent_reply,
    an_arrival,
    an_own_post,
)

MENTION = a_mention()
REF = machine_reply(MENTION.id)
LATER = START_MS + 3_600_000
FIRST = a_claim(by="attempt-1", now=START_MS + 1_000)
SECOND = a_claim(by="attempt-2", now=START_MS + 2_000, lease_until=START_MS + 99_000)
LOOK = a_claim(state="doubt", by="attempt-3", fingerprint="", outcome="", reasons=())


@pytest.fixture
def arrived(store: Store) -> Store:
    store.put(an_arrival(MENTION))
    return store


def seen_in(store: Store) -> Sending:
    return store.get(MENTION).sending


def test_a_claim_takes_a_new_mention_in_hand(arrived: Store) -> None:
    held = arrived.outbox.claim(REF, seen_in(arrived), FIRST)

    assert held == Sending(
        state="sending",
        epoch=1,
        by="attempt-1",
        lease_until=START_MS + 61_000,
        key="attempt-1",
        first_try_at=START_MS + 1_000,
        fingerprint=fingerprint("Sorry"),
    )
    stored = arrived.get(MENTION)
    assert stored.sending == held
    assert (stored.outcome, stored.todo) == ("acknowledge", "")
    assert stored.reasons == ("apology", "negative complaint")
    assert arrived.raw(MENTION)["pv"] == {"S": VERSION}


def test_a_claim_is_looked_at_before_its_lease_has_long_ended(arrived: Store) -> None:
    arrived.outbox.claim(REF, seen_in(arrived), FIRST)

    assert arrived.due_at(FIRST.lease_until) == [MENTION.id]


def test_a_claim_leaves_an_earlier_look_where_it_is(memory: Store) -> None:
    memory.put(an_arrival(MENTION))

    memory.claim(MENTION, lease_until=LATER)

    assert memory.raw(MENTION)["da"] == {"N": str(START_MS + FIRST_LOOK_MS)}


def test_what_somebody_of_ours_answered_is_not_claimed_for_a_send(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    seen = memory.get(MENTION).sending
    memory.put(an_own_post(MENTION))

    assert memory.outbox.claim(REF, seen, FIRST) is None


def test_a_claim_without_a_decision_keeps_the_one_that_stands(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    held = memory.claim(MENTION)
    memory.move(MENTION, held, Move("planned", look_at=LATER))

    memory.claim(MENTION, outcome="", reasons=())

    stored = memory.get(MENTION)
    assert stored.outcome == "acknowledge"
    assert stored.reasons == ("apology", "negative complaint")


def test_a_persons_reply_is_read_strongly(memory: Store) -> None:
    spy = Spy(memory.backend.dynamo)

    TableOutbox(spy, memory.backend.table).get_reply(REF)

    [(operation, request)] = spy.requests
    assert (operation, request["ConsistentRead"]) == ("get_item", True)


def test_of_two_claims_of_one_epoch_one_wins(arrived: Store) -> None:
    seen = seen_in(arrived)

    assert arrived.outbox.claim(REF, seen, FIRST) is not None
    assert arrived.outbox.claim(REF, seen, SECOND) is None
    assert seen_in(arrived).by == "attempt-1"


def test_a_claim_under_a_stale_epoch_of_the_same_state_is_lost(arrived: Store) -> None:
    arrived.move(MENTION, arrived.claim(MENTION), Move("planned", LATER))
    seen = seen_in(arrived)
    held = arrived.outbox.claim(REF, seen, SECOND)
    assert held is not None
    arrived.outbox.move(REF, held, Move("planned", LATER))

    assert arrived.outbox.claim(REF, seen, a_claim(by="late")) is None


def test_a_claim_repeated_after_a_lost_answer_is_ours(arrived: Store) -> None:
    seen = seen_in(arrived)

    held = arrived.outbox.claim(REF, seen, FIRST)

    assert held is not None
    assert arrived.outbox.claim(REF, seen, FIRST) == held
    assert seen_in(arrived).epoch == 1


def test_what_the_author_deleted_is_not_claimed_for_a_send(arrived: Store) -> None:
    seen = seen_in(arrived)
    arrived.put(a_change(MENTION, "deleted", after_ms=5_000))

    assert arrived.outbox.claim(REF, seen, FIRST) is None
    assert seen_in(arrived).state == "new"


def test_what_is_not_there_is_not_claimed(store: Store) -> None:
    assert store.outbox.claim(REF, Sending("new"), FIRST) is None
    assert store.find(MENTION) is None


def test_a_second_try_keeps_the_key_and_the_instant_of_the_first(arrived: Store) -> None:
    first = arrived.claim(MENTION)
    arrived.move(MENTION, first, Move("planned", look_at=LATER, tries=1))

    second = arrived.outbox.claim(REF, seen_in(arrived), SECOND)

    assert second is not None
    assert (second.epoch, second.by) == (2, "attempt-2")
    assert (second.key, second.first_try_at) == (first.key, first.first_try_at)


def test_a_look_takes_a_stranded_send_also_when_it_was_answered_or_deleted(arrived: Store) -> None:
    sent = arrived.claim(MENTION)
    arrived.put(an_own_post(MENTION))
    arrived.put(a_change(MENTION, "deleted", after_ms=5_000))

    held = arrived.outbox.claim(REF, sent, LOOK)

    assert held is not None
    assert (held.state, held.epoch, held.by) == ("doubt", 2, "attempt-3")
    assert (held.fingerprint, held.key) == (sent.fingerprint, sent.key)


def test_a_change_noted_while_a_reply_is_in_hand_stays_noted(arrived: Store) -> None:
    sent = arrived.claim(MENTION)
    arrived.put(a_change(MENTION, "deleted", after_ms=5_000))

    held = arrived.outbox.claim(REF, sent, LOOK)
    assert held is not None
    arrived.outbox.move(REF, held, Move("sent", reply_id="9001"))

    assert arrived.get(MENTION).todo == "del"


def test_an_heir_is_claimed_out_of_a_final_state_and_is_due_again(arrived: Store) -> None:
    arrived.mentions.finish(arrived.get(MENTION), "queued", "once", ())
    assert arrived.due_at(LATER) == []

    assert arrived.outbox.claim(REF, seen_in(arrived), FIRST) is not None
    assert arrived.due_at(FIRST.lease_until) == [MENTION.id]


def test_a_receipt_ends_a_reply(arrived: Store) -> None:
    held = arrived.claim(MENTION)

    assert arrived.move(MENTION, held, Move("sent", reply_id="9001"))

    stored = arrived.get(MENTION)
    assert (stored.sending.state, stored.sending.reply_id) == ("sent", "9001")
    assert arrived.due_at(LATER) == []
    assert not arrived.move(MENTION, held, Move("sent", reply_id="9001"))


def test_a_receipt_is_a_fact_and_is_accepted_late(arrived: Store) -> None:
    held = arrived.claim(MENTION)
    looking = arrived.outbox.claim(REF, held, LOOK)
    assert looking is not None
    arrived.outbox.move(REF, looking, Move("parked", reason="not_found"))

    assert arrived.move(MENTION, held, Move("sent", reply_id="9001"))

    stored = arrived.get(MENTION)
    assert (stored.sending.state, stored.sending.reply_id) == ("sent", "9001")
    assert "not_found" not in stored.reasons


def test_a_receipt_for_what_is_not_there_is_not_recorded(store: Store) -> None:
    assert not store.outbox.move(REF, Sending("sending", 1), Move("sent", reply_id="1"))
    assert store.backend.item(REF.owner) is None


@pytest.mark.parametrize("state", ["planned", "doubt", "refused", "parked", "cancelled"])
def test_a_stale_epoch_records_nothing_but_a_receipt(arrived: Store, state: Any) -> None:
    held = arrived.claim(MENTION)
    looking = arrived.outbox.claim(REF, held, LOOK)
    assert looking is not None

    assert not arrived.move(MENTION, held, Move(state, look_at=LATER))
    assert not arrived.move(MENTION, replace(looking, epoch=1), Move(state, look_at=LATER))
    assert seen_in(arrived) == looking


@pytest.mark.parametrize("state", ["refused", "parked", "cancelled"])
def test_an_end_without_a_send_keeps_its_reason_beside_the_decision(
    arrived: Store, state: Any
) -> None:
    held = arrived.claim(MENTION)

    assert arrived.move(MENTION, held, Move(state, reason="blocked"))

    stored = arrived.get(MENTION)
    assert stored.sending.state == state
    assert stored.reasons == ("apology", "negative complaint", "blocked")
    assert arrived.due_at(LATER) == []


def test_a_postponed_reply_opens_at_its_next_look(arrived: Store) -> None:
    held = arrived.claim(MENTION)

    assert arrived.move(MENTION, held, Move("planned", look_at=LATER, reason="throttled", tries=2))

    stored = arrived.get(MENTION)
    assert (stored.sending.state, stored.sending.opens_at) == ("planned", LATER)
    assert (stored.sending.tries, stored.sending.looks) == (2, 0)
    assert stored.reasons[-1] == "throttled"
    assert arrived.due_at(LATER - 1) == []
    assert arrived.due_at(LATER) == [MENTION.id]


def test_what_is_in_hand_ends_although_it_was_deleted_meanwhile(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    held = memory.claim(MENTION)
    memory.put(a_change(MENTION, "deleted", after_ms=5_000))

    assert memory.move(MENTION, held, Move("parked", reason="no_lookup"))


def test_what_ended_hangs_in_no_index(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    memory.outbox.hold_draft(REF, memory.get(MENTION).sending, a_draft(received_at=7))
    assert memory.raw(MENTION)["dk"] == {"S": "acme#draft"}
    assert memory.raw(MENTION)["ds"] == {"S": "0000000000007"}
    assert {"dh", "da", "nb"}.isdisjoint(memory.raw(MENTION))

    memory.move(MENTION, memory.get(MENTION).sending, Move("refused", reason="stale"))

    assert {"dk", "ds", "dt", "dh", "da", "nb"}.isdisjoint(memory.raw(MENTION))


def test_what_was_sent_is_due_no_more(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    held = memory.claim(MENTION)

    memory.move(MENTION, held, Move("sent", reply_id="r1"))

    assert {"dh", "da", "nb"}.isdisjoint(memory.raw(MENTION))


def test_a_draft_that_is_planned_again_is_due_again(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    memory.outbox.hold_draft(REF, memory.get(MENTION).sending, a_draft())

    memory.move(MENTION, memory.get(MENTION).sending, Move("planned", look_at=LATER))

    assert memory.due_at(LATER) == [MENTION.id]


def test_a_doubt_is_as_old_as_its_first_instant_until_it_is_settled(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    held = memory.claim(MENTION)

    memory.move(MENTION, held, Move("doubt", look_at=LATER, doubt_at=START_MS + 1))
    memory.move(MENTION, held, Move("doubt", look_at=LATER, doubt_at=START_MS + 2))
    assert memory.get(MENTION).sending.doubt_at == START_MS + 1
    looked = memory.outbox.claim(REF, memory.get(MENTION).sending, LOOK)
    assert looked is not None
    assert looked.doubt_at == START_MS + 1
    memory.move(MENTION, looked, Move("doubt", look_at=LATER))
    assert memory.get(MENTION).sending.doubt_at == START_MS + 1

    memory.move(MENTION, memory.get(MENTION).sending, Move("planned", look_at=LATER))

    assert memory.get(MENTION).sending.doubt_at == 0


def test_a_doubt_counts_its_looks(arrived: Store) -> None:
    held = arrived.claim(MENTION)

    assert arrived.move(MENTION, held, Move("doubt", look_at=LATER, looks=1))
    assert (seen_in(arrived).looks, seen_in(arrived).state) == (1, "doubt")


def test_a_reason_to_wait_is_forgotten_when_the_reply_is_sent(arrived: Store) -> None:
    arrived.move(MENTION, arrived.claim(MENTION), Move("planned", LATER, reason="throttled"))
    held = arrived.outbox.claim(REF, seen_in(arrived), SECOND)
    assert held is not None

    arrived.outbox.move(REF, held, Move("sent", reply_id="9001"))

    sent = arrived.get(MENTION)
    assert (sent.reasons, sent.sending.opens_at) == (("apology", "negative complaint"), 0)


def test_postponing_a_new_mention_takes_it_off_the_stream(arrived: Store) -> None:
    assert arrived.move(MENTION, seen_in(arrived), Move("planned", LATER, reason="paused"))

    stored = arrived.get(MENTION)
    assert (stored.sending.state, stored.todo, stored.reasons) == ("planned", "", ("paused",))


def test_a_new_mention_that_was_deleted_meanwhile_is_not_postponed(arrived: Store) -> None:
    seen = seen_in(arrived)
    arrived.put(a_change(MENTION, "deleted", after_ms=5_000))

    assert not arrived.move(MENTION, seen, Move("planned", LATER, reason="paused"))
    assert arrived.get(MENTION).todo == "del"


def test_a_draft_is_shown_and_nobody_looks_for_it(arrived: Store) -> None:
    assert arrived.outbox.hold_draft(REF, seen_in(arrived), a_draft())

    stored = arrived.get(MENTION)
    assert (stored.sending.state, stored.draft_text) == ("planned", "Sorry to hear that, Marta.")
    assert (stored.outcome, stored.reasons, stored.todo) == ("acknowledge", ("apology",), "")
    assert arrived.due_at(LATER) == []


def test_a_draft_may_be_held_again_until_it_is_approved(arrived: Store) -> None:
    arrived.outbox.hold_draft(REF, seen_in(arrived), a_draft())
    seen = seen_in(arrived)
    assert arrived.outbox.hold_draft(REF, seen, a_draft(text="Better."))
    assert arrived.get(MENTION).draft_text == "Better."

    arrived.mentions.approve(MENTION.id, "ana", drop=False, now=LATER)

    assert not arrived.outbox.hold_draft(REF, seen, a_draft())
    assert arrived.due_at(LATER) == [MENTION.id]


def test_holding_a_postponed_reply_forgets_why_and_until_when_it_waited(arrived: Store) -> None:
    arrived.move(MENTION, arrived.claim(MENTION), Move("planned", LATER, reason="throttled"))

    assert arrived.outbox.hold_draft(REF, seen_in(arrived), a_draft())

    stored = arrived.get(MENTION)
    assert (stored.sending.opens_at, stored.reasons) == (0, ("apology",))


@pytest.mark.parametrize("change", ["deleted", "own", "claimed"])
def test_a_draft_is_not_held_over_what_happened_meanwhile(arrived: Store, change: str) -> None:
    seen = seen_in(arrived)
    if change == "claimed":
        arrived.claim(MENTION)
    elif change == "own":
        arrived.put(an_own_post(MENTION))
    else:
        arrived.put(a_change(MENTION, "deleted", after_ms=5_000))

    assert not arrived.outbox.hold_draft(REF, seen, a_draft())
    assert arrived.mentions.drafts("acme", 10) == []


def test_an_approved_draft_is_claimed_sent_and_no_draft_any_more(arrived: Store) -> None:
    arrived.outbox.hold_draft(REF, seen_in(arrived), a_draft())
    arrived.mentions.approve(MENTION.id, "ana", drop=False, now=START_MS)

    held = arrived.claim(MENTION)
    arrived.move(MENTION, held, Move("sent", reply_id="9001"))

    stored = arrived.get(MENTION)
    assert (stored.sending.state, stored.approved_by, stored.draft_text) == ("sent", "ana", "")
    assert arrived.due_at(LATER) == []


def test_a_reply_by_a_person_goes_the_same_way(store: Store) -> None:
    store.conversations.save(a_conversation(case=a_case()))
    reply = an_agent_reply()
    store.timeline.add_reply(reply, 1)
    assert store.outbox.get_reply(reply.ref) == reply

    held = store.outbox.claim(reply.ref, reply.sending, a_claim(outcome="", reasons=()))
    assert held is not None
    assert (held.state, held.epoch) == ("sending", 1)
    assert store.outbox.move(reply.ref, held, Move("sent", reply_id="9001"))

    written = store.outbox.get_reply(reply.ref)
    assert written is not None
    assert (written.sending.state, written.sending.reply_id) == ("sent", "9001")
    assert written.text == reply.text
    assert not [due for due in store.due_at(LATER) if "#reply#" in due]


def test_a_reply_that_nobody_wrote_is_not_found(store: Store) -> None:
    assert store.outbox.get_reply(agent_reply(CONVERSATION, START_MS, "none")) is None


STEPS: dict[str, Callable[[TableOutbox], object]] = {
    "claim": lambda outbox: outbox.claim(REF, Sending("new"), FIRST),
    "move": lambda outbox: outbox.move(REF, Sending("sending", 1), Move("sent")),
}


@pytest.mark.parametrize("step", STEPS)
def test_other_errors_travel_up(step: str) -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        raise client_error(operation, "ThrottlingException", "slow down")

    outbox = Store(memory_backend(throttled)).outbox

    with pytest.raises(ClientError, match="ThrottlingException"):
        STEPS[step](outbox)


def test_since_when_it_is_in_doubt_is_kept_until_that_is_settled(arrived: Store) -> None:
    held = arrived.claim(MENTION)
    assert arrived.move(MENTION, held, Move("doubt", LATER, doubt_at=START_MS + 5))
    look = arrived.outbox.claim(REF, seen_in(arrived), LOOK)
    assert look is not None
    assert look.doubt_at == START_MS + 5
    assert arrived.move(MENTION, look, Move("doubt", LATER, doubt_at=START_MS + 9))
    again = arrived.claim(MENTION, by="attempt-4")
    assert again.doubt_at == START_MS + 5

    assert arrived.move(MENTION, again, Move("planned", LATER))
    assert seen_in(arrived).doubt_at == 0


def test_a_look_at_what_a_dead_worker_left_begins_the_doubt(arrived: Store) -> None:
    arrived.claim(MENTION)

    look = arrived.outbox.claim(REF, seen_in(arrived), LOOK)

    assert look is not None
    assert look.doubt_at == LOOK.now
