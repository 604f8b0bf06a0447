from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.clock import DAY_MS
from heed.domain.mention import ConversationId
from heed.domain.policy import FIRST_LOOK_MS, VERSION
from heed.domain.reply import machine_reply
from heed.ports import Move
from heed.storage.codec import stored_mention
from heed.storage.table import TOMBSTONE_DAYS
from tests.backends import START_MS, memory_backend
from tests.fakes.refusals import client_error
from tests.heed.storage.stores import (
    BRAND,
    Store,
    a_change,
    a_claim,
    a_draft,
    a_mention,
    an_arrival,
    an_own_post,
)

MENTION = a_mention()
REF = machine_reply(MENTION.id)
LATER = START_MS + 30 * DAY_MS


@pytest.fixture
def stored_store(store: Store) -> Store:
    store.put(an_arrival(MENTION))
    return store


def hold(store: Store) -> None:
    assert store.outbox.hold_draft(REF, store.get(MENTION).sending, a_draft())


def test_what_was_never_stored_is_not_found(store: Store) -> None:
    assert store.find(MENTION) is None


@pytest.mark.parametrize(
    ("state", "outcome"), [("silent", "silent"), ("queued", "hold"), ("refused", "refused")]
)
def test_finish_ends_a_mention_and_takes_it_off_the_due_index(
    stored_store: Store, state: Any, outcome: str
) -> None:
    seen = stored_store.get(MENTION)

    assert stored_store.mentions.finish(seen, state, "legal", ("negative other", "legal"))

    ended = stored_store.get(MENTION)
    assert (ended.sending.state, ended.outcome, ended.todo) == (state, outcome, "")
    assert ended.reasons == ("legal", "negative other")
    assert stored_store.raw(MENTION)["pv"] == {"S": VERSION}
    assert stored_store.due_at(LATER) == []
    assert not stored_store.mentions.finish(seen, state, "legal", ())


def test_finish_does_not_end_what_changed_since_it_was_read(stored_store: Store) -> None:
    seen = stored_store.get(MENTION)
    stored_store.put(a_change(MENTION, "edited", after_ms=1_000, text="new words"))

    assert not stored_store.mentions.finish(seen, "silent", "courtesy", ())
    assert stored_store.get(MENTION).sending.state == "new"
    assert stored_store.mentions.finish(stored_store.get(MENTION), "silent", "courtesy", ())


def test_finish_does_not_end_what_was_claimed_meanwhile(stored_store: Store) -> None:
    seen = stored_store.get(MENTION)
    stored_store.claim(MENTION)

    assert not stored_store.mentions.finish(seen, "silent", "courtesy", ())


def test_finish_ends_a_planned_reply_that_the_stream_no_longer_carries(store: Store) -> None:
    store.put(an_arrival(MENTION))
    store.move(MENTION, store.claim(MENTION), Move("planned", LATER, reason="throttled"))
    seen = store.get(MENTION)
    assert (seen.sending.state, seen.todo) == ("planned", "")
    assert seen.reasons == ("apology", "negative complaint", "throttled")

    assert store.mentions.finish(seen, "queued", "opt_out", ("apology",))

    assert store.get(MENTION).reasons == ("opt_out", "apology")
    assert store.get(MENTION).sending.opens_at == 0
    assert store.due_at(LATER + DAY_MS) == []


def test_finish_of_a_planned_reply_loses_against_a_change_that_came_in(store: Store) -> None:
    store.put(an_arrival(MENTION))
    store.move(MENTION, store.claim(MENTION), Move("planned", LATER))
    seen = store.get(MENTION)
    store.put(an_own_post(MENTION))

    assert not store.mentions.finish(seen, "queued", "opt_out", ())


def test_a_mention_that_a_colleague_answered_does_not_expire_when_it_ends(store: Store) -> None:
    store.put(an_arrival(MENTION))
    store.put(an_own_post(MENTION))
    assert "exp" in store.raw(MENTION)

    assert store.mentions.finish(store.get(MENTION), "silent", "answered_elsewhere", ())

    assert "exp" not in store.raw(MENTION)


def test_finish_of_a_deleted_mention_lets_it_expire(store: Store) -> None:
    store.put(an_arrival(MENTION))
    store.put(a_change(MENTION, "deleted", after_ms=5_000))

    assert store.mentions.finish(store.get(MENTION), "gone", "deleted", ())

    ended = store.get(MENTION)
    assert (ended.sending.state, ended.todo) == ("gone", "")
    assert "exp" in store.raw(MENTION)


def test_settling_a_change_of_a_finished_mention_ends_it_again(stored_store: Store) -> None:
    stored_store.mentions.finish(stored_store.get(MENTION), "queued", "legal", ())
    stored_store.put(an_own_post(MENTION))
    assert stored_store.due_at(LATER) == [MENTION.id]

    assert stored_store.mentions.settle_change(stored_store.get(MENTION))

    settled = stored_store.get(MENTION)
    assert (settled.todo, settled.sending.state) == ("", "queued")
    assert stored_store.due_at(LATER) == []
    assert "exp" not in stored_store.raw(MENTION)


def test_settling_a_change_leaves_an_unfinished_mention_due(stored_store: Store) -> None:
    hold(stored_store)
    stored_store.put(a_change(MENTION, "edited", after_ms=1_000))

    assert stored_store.mentions.settle_change(stored_store.get(MENTION))
    assert stored_store.due_at(LATER) == [MENTION.id]


def test_settling_fails_when_more_came(stored_store: Store) -> None:
    stored_store.mentions.finish(stored_store.get(MENTION), "queued", "legal", ())
    stored_store.put(an_own_post(MENTION))
    seen = stored_store.get(MENTION)
    stored_store.put(a_change(MENTION, "deleted", after_ms=5_000))

    assert not stored_store.mentions.settle_change(seen)
    assert stored_store.get(MENTION).todo == "del"


def test_settling_takes_a_finished_mention_without_any_change_off_the_index(store: Store) -> None:
    """A final write and an index entry that a slower worker left: sweep clears it."""
    store.put(an_arrival(MENTION))
    store.mentions.finish(store.get(MENTION), "queued", "legal", ())
    store.backend.put({**store.raw(MENTION), "dh": {"S": "3"}, "da": {"N": str(START_MS)}})
    assert store.due_at(LATER) == [MENTION.id]

    assert store.mentions.settle_change(store.get(MENTION))
    assert store.due_at(LATER) == []


def test_the_mark_of_an_own_post_is_settled_and_still_expires(store: Store) -> None:
    store.put(an_own_post(MENTION))
    mark = stored_mention(store.raw(MENTION))
    assert mark.is_mark

    assert store.mentions.settle_change(mark)

    assert store.due_at(LATER) == []
    assert "todo" not in store.raw(MENTION)
    assert "exp" in store.raw(MENTION)


def test_a_mark_that_a_mention_joined_meanwhile_is_not_settled(store: Store) -> None:
    store.put(an_own_post(MENTION))
    mark = stored_mention(store.raw(MENTION))
    store.put(an_arrival(MENTION))

    assert not store.mentions.settle_change(mark)
    assert store.due_at(LATER) == [MENTION.id]


def test_blanking_removes_every_word_and_keeps_the_key(stored_store: Store) -> None:
    hold(stored_store)
    stored_store.put(a_change(MENTION, "deleted", after_ms=5_000))

    stored_store.mentions.blank(MENTION.id, START_MS + DAY_MS)

    blank = stored_store.get(MENTION)
    assert (blank.mention.text, blank.mention.author.name, blank.draft_text) == ("", None, "")
    assert blank.mention.id == MENTION.id
    expires = (START_MS + (1 + TOMBSTONE_DAYS) * DAY_MS) // 1000
    assert stored_store.raw(MENTION)["exp"] == {"N": str(expires)}
    assert not stored_store.put(an_arrival(MENTION))


def test_what_nobody_deleted_is_not_blanked(stored_store: Store) -> None:
    stored_store.mentions.blank(MENTION.id, START_MS)

    assert stored_store.get(MENTION).mention == MENTION


def test_a_hashed_id_survives_blanking(store: Store) -> None:
    mention = a_mention("long" * 80)
    store.put(an_arrival(mention))
    store.put(a_change(mention, "deleted", after_ms=5_000))

    store.mentions.blank(mention.id, START_MS)

    assert store.get(mention).mention.id == mention.id


def test_an_approved_draft_is_due_at_once_and_waits_for_nobody(stored_store: Store) -> None:
    hold(stored_store)
    assert [one.mention.id for one in stored_store.mentions.drafts(BRAND, 10)] == [MENTION.id]
    assert stored_store.due_at(LATER) == []

    now = START_MS + 7_000
    assert stored_store.mentions.approve(MENTION.id, "ana", drop=False, now=now)

    approved = stored_store.get(MENTION)
    assert (approved.approved_by, approved.sending.state) == ("ana", "planned")
    assert stored_store.mentions.drafts(BRAND, 10) == []
    assert stored_store.due_at(now) == [MENTION.id]
    assert not stored_store.mentions.approve(MENTION.id, "ben", drop=False, now=now)
    assert not stored_store.mentions.approve(MENTION.id, "ben", drop=True, now=now)


def test_a_dropped_draft_is_cancelled_for_good(stored_store: Store) -> None:
    hold(stored_store)
    seen = stored_store.get(MENTION).sending

    assert stored_store.mentions.approve(MENTION.id, "ana", drop=True, now=LATER)

    dropped = stored_store.get(MENTION)
    assert (dropped.sending.state, dropped.approved_by, dropped.draft_text) == (
        "cancelled",
        "ana",
        "",
    )
    assert stored_store.mentions.drafts(BRAND, 10) == []
    assert stored_store.due_at(LATER + DAY_MS) == []
    assert stored_store.outbox.claim(REF, seen, a_claim()) is None


def test_what_is_no_draft_cannot_be_approved(stored_store: Store) -> None:
    assert not stored_store.mentions.approve(MENTION.id, "ana", drop=False, now=LATER)
    assert not stored_store.mentions.approve(a_mention("none").id, "ana", drop=True, now=LATER)


def test_drafts_come_oldest_first_and_only_of_the_brand(store: Store) -> None:
    for at, object_id in ((3, "c"), (1, "a"), (2, "b")):
        mention = a_mention(object_id)
        store.put(an_arrival(mention, received_at=START_MS + at))
        draft = a_draft(received_at=START_MS + at)
        store.outbox.hold_draft(machine_reply(mention.id), store.get(mention).sending, draft)
    other = a_mention("z")
    store.put(an_arrival(other, brand="other"))
    ref = machine_reply(other.id)
    store.outbox.hold_draft(ref, store.get(other).sending, a_draft(brand="other"))

    assert [one.mention.object_id for one in store.mentions.drafts(BRAND, 10)] == ["a", "b", "c"]
    assert [one.mention.object_id for one in store.mentions.drafts(BRAND, 2)] == ["a", "b"]


def test_a_draft_that_the_index_still_proposes_after_its_end_is_left_out(memory: Store) -> None:
    memory.put(an_arrival(MENTION))
    hold(memory)
    memory.backend.dynamo.index_lag_ms = 60_000
    memory.clock.forward(s=61)
    assert len(memory.mentions.drafts(BRAND, 10)) == 1
    memory.mentions.approve(MENTION.id, "ana", drop=False, now=memory.clock.now())

    assert memory.mentions.drafts(BRAND, 10) == []


def test_a_kick_makes_the_stream_carry_an_undecided_mention_again(stored_store: Store) -> None:
    due_at = START_MS + 2 * FIRST_LOOK_MS

    assert stored_store.mentions.kick(MENTION.id, due_at=due_at)
    assert stored_store.mentions.kick(MENTION.id, due_at=due_at)

    kicked = stored_store.get(MENTION)
    assert (kicked.kicks, kicked.todo) == (2, "new")
    assert stored_store.due_at(due_at - 1) == []
    assert stored_store.due_at(due_at) == [MENTION.id]


def test_a_kick_brings_an_unsettled_change_of_a_finished_mention_back(stored_store: Store) -> None:
    stored_store.mentions.finish(stored_store.get(MENTION), "queued", "legal", ())
    assert not stored_store.mentions.kick(MENTION.id, due_at=LATER)
    stored_store.put(an_own_post(MENTION))

    assert stored_store.mentions.kick(MENTION.id, due_at=LATER)
    assert stored_store.get(MENTION).todo == "own"
    assert stored_store.get(MENTION).sending.state == "queued"


def test_a_kick_leaves_what_is_decided_or_absent_alone(stored_store: Store) -> None:
    stored_store.claim(MENTION)

    assert not stored_store.mentions.kick(MENTION.id, due_at=LATER)
    assert not stored_store.mentions.kick(a_mention("none").id, due_at=LATER)
    assert stored_store.find(a_mention("none")) is None


def test_mentions_of_a_conversation_are_the_newest_oldest_first(store: Store) -> None:
    conversation = ConversationId("ab" * 16)
    for at in range(5):
        arrival = an_arrival(
            a_mention(str(at)), conversation=conversation, received_at=START_MS + at
        )
        store.put(arrival)
    store.put(an_arrival(a_mention("elsewhere")))

    found = store.mentions.of_conversation(conversation, 3)

    assert [one.mention.object_id for one in found] == ["2", "3", "4"]


def test_a_mention_that_vanished_behind_the_index_is_left_out(memory: Store) -> None:
    arrival = an_arrival(MENTION)
    memory.put(arrival)
    memory.clock.forward(s=1)
    memory.backend.dynamo.index_lag_ms = 500
    key = {"pk": {"S": f"mention#{MENTION.id}"}, "sk": {"S": "-"}}
    memory.backend.dynamo.delete_item(TableName=memory.backend.table, Key=key)

    assert memory.mentions.of_conversation(arrival.conversation, 10) == []


def test_other_errors_travel_up() -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        if operation == "update_item":
            raise client_error(operation, "ThrottlingException", "slow down")

    store = Store(memory_backend(throttled))

    with pytest.raises(ClientError, match="ThrottlingException"):
        store.mentions.kick(MENTION.id, due_at=LATER)
