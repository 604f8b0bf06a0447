from dataclasses import replace
from typing import Any

import pytest

from heed.domain.case import LEASE_MS
from heed.domain.reply import UNDO_MS, ReplyRef, agent_reply, machine_reply
from heed.errors import (
    ForbiddenError,
    InvalidRequestError,
    NewMentionError,
    NotFoundError,
    StaleEpochError,
    TransitionError,
)
from heed.flows import desk
from heed.flows.desk import Agent
from heed.flows.desk_answers import Answer, Ending, answer, resolve, undo
from heed.flows.desk_claims import Wish, claim
from heed.flows.handover import RACES_MAX
from heed.ports import AgentReply, Claim, Move, StoredMention
from heed.queues import lane_message
from tests.backends import queue_url
from tests.heed.flows.desks import (
    ANA,
    BEN,
    LEAD,
    STRANGER,
    World,
    give_slot,
    make_case,
    make_draft,
    make_mention,
    make_world,
    write,
)

TEXT = "Hi Sam, your bag is on its way."


def open_case(world: World, agent: Agent = ANA, **fields: Any) -> tuple[str, StoredMention]:
    """Make a case and let an agent claim it: its epoch is 2."""
    stored = make_mention(world, **fields)
    case = make_case(world, stored)
    assert claim(Wish(), agent, world.desk)
    return case, stored


def make_answer(stored: StoredMention, **fields: Any) -> Answer:
    given = {"epoch": 2, "mention": stored.mention.id, "text": TEXT, "reply_id": "r1", **fields}
    return Answer(**given)


def ref_of(stored: StoredMention, reply_id: str = "r1") -> ReplyRef:
    return agent_reply(stored.conversation, stored.received_at, reply_id)


def get_written(world: World, stored: StoredMention, reply_id: str = "r1") -> AgentReply:
    written = world.desk.outbox.get_reply(ref_of(stored, reply_id))
    assert written is not None
    return written


def send(world: World, ref: ReplyRef, stored: StoredMention) -> None:
    """Send a machine's reply as far as the record of it."""
    taken = Claim("sending", by="w", lease_until=world.now + 90_000, now=world.now)
    assert world.desk.outbox.claim(ref, stored.sending, taken)


def test_a_reply_is_stored_once_and_rings_its_lane() -> None:
    world = make_world()
    case, stored = open_case(world)

    view = answer(case, make_answer(stored), ANA, world.desk)

    assert (view.id, view.state) == ("r1", "planned")
    written = get_written(world, stored)
    assert (written.mention, written.agent, written.text) == (stored.mention.id, "ana", TEXT)
    assert not written.private
    assert world.bodies("reply-x") == [lane_message(ref_of(stored))]
    assert world.case(case).pending == ()
    assert world.meter.counts["agent_reply"] == 1


def test_the_same_reply_id_again_changes_nothing() -> None:
    world = make_world()
    case, stored = open_case(world)
    first = answer(case, make_answer(stored), ANA, world.desk)
    before = world.backend.dynamo.items(world.backend.table)

    again = answer(case, make_answer(stored), ANA, world.desk)

    assert again == first
    assert world.backend.dynamo.items(world.backend.table) == before
    assert world.meter.counts["agent_reply"] == 1


def test_a_repeat_tells_how_far_the_reply_has_come_and_rings_no_more() -> None:
    world = make_world()
    case, stored = open_case(world)
    answer(case, make_answer(stored), ANA, world.desk)
    written = get_written(world, stored)
    world.desk.outbox.move(written.ref, written.sending, Move("sent", reply_id="77"))

    assert answer(case, make_answer(stored), ANA, world.desk).state == "sent"
    assert len(world.bodies("reply-x")) == 1


def test_a_repeat_under_a_later_epoch_by_the_same_agent_is_known() -> None:
    world = make_world()
    case, stored = open_case(world)
    answer(case, make_answer(stored), ANA, world.desk)
    desk.release(case, 2, ANA, world.desk)
    assert claim(Wish(), ANA, world.desk)

    assert answer(case, make_answer(stored, epoch=4), ANA, world.desk).state == "planned"
    assert answer(case, make_answer(stored), ANA, world.desk).state == "planned"
    assert world.meter.counts["agent_reply"] == 1


@pytest.mark.parametrize(
    ("fields", "agent"),
    [({"text": "Something else."}, ANA), ({"private": True}, ANA), ({}, BEN)],
)
def test_another_reply_under_the_same_id_is_a_conflict(
    fields: dict[str, Any], agent: Agent
) -> None:
    world = make_world()
    case, stored = open_case(world)
    answer(case, make_answer(stored), ANA, world.desk)

    with pytest.raises(TransitionError, match="use a new one"):
        answer(case, make_answer(stored, **fields), agent, world.desk)

    assert get_written(world, stored).text == TEXT


def test_two_requests_with_one_reply_id_at_the_same_moment_are_one_reply() -> None:
    world = make_world()
    case, stored = open_case(world)
    wanted = make_answer(stored)
    world.before("transact_write_items", lambda: answer(case, wanted, ANA, world.desk))

    assert answer(case, wanted, ANA, world.desk).state == "planned"
    assert world.meter.counts["agent_reply"] == 1


def test_a_stale_epoch_is_refused_with_the_present_one() -> None:
    world = make_world()
    case, stored = open_case(world)
    desk.release(case, 2, ANA, world.desk)
    assert claim(Wish(), BEN, world.desk)

    for epoch in (2, 4):
        with pytest.raises(StaleEpochError) as refused:
            answer(case, make_answer(stored, epoch=epoch), ANA, world.desk)
        assert refused.value.epoch == 4
    assert world.desk.outbox.get_reply(ref_of(stored)) is None


def test_a_lease_that_ran_out_stores_nothing() -> None:
    world = make_world()
    case, stored = open_case(world)
    world.backend.clock.forward(ms=LEASE_MS + 1)

    with pytest.raises(StaleEpochError, match="ran out"):
        answer(case, make_answer(stored), ANA, world.desk)


def test_a_case_that_changes_hands_at_the_last_moment_refuses_the_reply() -> None:
    world = make_world()
    case, stored = open_case(world)
    world.before("transact_write_items", lambda: desk.release(case, 2, ANA, world.desk))

    with pytest.raises(StaleEpochError) as refused:
        answer(case, make_answer(stored), ANA, world.desk)

    assert refused.value.epoch == 3
    assert world.desk.outbox.get_reply(ref_of(stored)) is None


def test_a_case_that_vanishes_at_the_last_moment_has_no_epoch() -> None:
    world = make_world()
    case, stored = open_case(world)
    gone = replace(world.conversation(case), case=None)
    world.before(
        "transact_write_items",
        lambda: world.desk.handing.conversations.save(
            replace(gone, version=world.conversation(case).version)
        ),
    )

    with pytest.raises(StaleEpochError) as refused:
        answer(case, make_answer(stored), ANA, world.desk)

    assert refused.value.epoch == 0


def test_the_target_is_a_stored_mention_of_this_case() -> None:
    world = make_world()
    case, _ = open_case(world)
    other = make_mention(world, author="8")

    for mention in (other.mention.id, "x#111#post:nothing"):
        with pytest.raises(InvalidRequestError) as refused:
            answer(case, make_answer(other, mention=mention), ANA, world.desk)
        assert refused.value.clause == "mention"


def test_story_24_the_reply_to_b_in_the_thread_of_a_answers_b() -> None:
    world = make_world()
    first = make_mention(world, "my bag is lost", author="1")
    second = make_mention(world, "same here", author="2", root=first.mention.object_id)
    case_of_a, case_of_b = make_case(world, first), make_case(world, second)
    assert claim(Wish(), ANA, world.desk)
    assert claim(Wish(), ANA, world.desk)

    answer(case_of_b, make_answer(second), ANA, world.desk)
    with pytest.raises(InvalidRequestError):
        answer(case_of_b, make_answer(first), ANA, world.desk)

    assert case_of_a != case_of_b
    assert get_written(world, second).mention == second.mention.id


def test_a_case_of_another_brand_cannot_be_answered() -> None:
    world = make_world()
    case, stored = open_case(world)

    with pytest.raises(NotFoundError):
        answer(case, make_answer(stored), STRANGER, world.desk)


def test_story_51_personal_data_is_refused_in_public_and_may_go_privately() -> None:
    world = make_world()
    case, stored = open_case(world)
    text = "Your order 2231-8842 is found, write to sam@mail.example"

    with pytest.raises(InvalidRequestError) as refused:
        answer(case, make_answer(stored, text=text), ANA, world.desk)
    view = answer(case, make_answer(stored, text=text, private=True), ANA, world.desk)

    assert refused.value.clause == "public_personal_data"
    assert view.state == "planned"
    assert get_written(world, stored).private


def test_a_private_mention_is_answered_privately() -> None:
    world = make_world()
    case, stored = open_case(world, visibility="private")

    with pytest.raises(InvalidRequestError) as refused:
        answer(case, make_answer(stored, private=False), ANA, world.desk)
    answer(case, make_answer(stored, text="Order 123456 it is."), ANA, world.desk)

    assert refused.value.clause == "visibility"
    assert get_written(world, stored).private


def test_what_the_platform_would_refuse_is_refused_before() -> None:
    world = make_world()
    case, stored = open_case(world, summoned=False)

    with pytest.raises(InvalidRequestError) as refused:
        answer(case, make_answer(stored), ANA, world.desk)

    assert refused.value.clause == "not_summoned"
    assert answer(case, make_answer(stored, private=True), ANA, world.desk).state == "planned"


def test_a_disabled_account_refuses_with_its_clause() -> None:
    world = make_world()
    case, stored = open_case(world)
    world.backend.dynamo.update_item(
        TableName=world.backend.table,
        Key={"pk": {"S": "control#acme"}, "sk": {"S": "-"}},
        UpdateExpression="ADD dis :one",
        ExpressionAttributeValues={":one": {"SS": ["x#111"]}},
    )

    with pytest.raises(InvalidRequestError) as refused:
        answer(case, make_answer(stored), ANA, world.desk)

    assert refused.value.clause == "disabled"


def test_a_mention_that_the_agent_does_not_name_refuses_the_reply() -> None:
    world = make_world()
    case, stored = open_case(world)
    later = write(world, "and my other bag!", stored)
    make_case(world, later)

    with pytest.raises(NewMentionError) as refused:
        answer(case, make_answer(stored), ANA, world.desk)
    answer(case, make_answer(stored, seen=(later.mention.id,)), ANA, world.desk)

    assert refused.value.unseen == (later.mention.id,)
    assert world.case(case).pending == ()


def test_what_comes_after_the_reply_was_written_stays_pending() -> None:
    world = make_world()
    case, stored = open_case(world)
    later = write(world, "one more thing", stored)
    world.before("transact_write_items", lambda: make_case(world, later))

    answer(case, make_answer(stored), ANA, world.desk)

    assert world.case(case).pending == (later.mention.id,)


def test_story_37_a_reply_cancels_an_acknowledgement_that_has_not_left() -> None:
    world = make_world()
    first = make_mention(world)
    case = make_case(world, first, ack=True)
    assert claim(Wish(), ANA, world.desk)

    answer(case, make_answer(first), ANA, world.desk)

    after = world.stored(first.mention.id)
    assert (after.sending.state, after.reasons[0]) == ("cancelled", "answered_by_person")
    assert "apology" in after.reasons
    assert world.conversation(case).ack is not None
    assert world.meter.counts["acknowledgement_cancelled"] == 1


def test_story_37_a_draft_and_an_heir_to_the_slot_are_cancelled_too() -> None:
    world = make_world()
    first = make_mention(world)
    case = make_case(world, first, ack=True)
    make_draft(world, first)
    heir = make_mention(world, author="8")
    heirs_case = make_case(world, heir)
    give_slot(world, heir)
    for _ in range(2):
        assert claim(Wish(), ANA, world.desk)

    answer(case, make_answer(first), ANA, world.desk)
    answer(heirs_case, make_answer(heir), ANA, world.desk)

    assert world.stored(first.mention.id).sending.state == "cancelled"
    assert world.stored(first.mention.id).draft_text == ""
    assert world.stored(heir.mention.id).sending.state == "cancelled"


def test_an_acknowledgement_that_is_being_sent_is_left_to_its_sender() -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, ack=True)
    assert claim(Wish(), ANA, world.desk)
    world.before("update_item", lambda: send(world, machine_reply(stored.mention.id), stored))

    answer(case, make_answer(stored), ANA, world.desk)

    assert world.stored(stored.mention.id).sending.state == "sending"


def test_an_acknowledgement_that_keeps_changing_is_left_alone() -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, ack=True)
    assert claim(Wish(), ANA, world.desk)
    words = iter(["edit", "own"] * RACES_MAX)

    def changed() -> None:
        world.backend.dynamo.update_item(
            TableName=world.backend.table,
            Key={"pk": {"S": f"mention#{stored.mention.id}"}, "sk": {"S": "-"}},
            UpdateExpression="SET todo = :todo",
            ExpressionAttributeValues={":todo": {"S": next(words)}},
        )

    world.before("update_item", changed, times=RACES_MAX)

    answer(case, make_answer(stored), ANA, world.desk)

    assert world.stored(stored.mention.id).sending.state == "new"


def test_resolving_ends_the_case_and_stops_what_the_machine_would_still_say() -> None:
    world = make_world()
    first = make_mention(world)
    case = make_case(world, first, ack=True)
    make_draft(world, first)
    assert claim(Wish(), ANA, world.desk)

    view = resolve(case, Ending(2, "no_action", (first.mention.id,)), ANA, world.desk)

    assert (view.state, view.resolution, view.epoch) == ("resolved", "no_action", 3)
    assert view.resolved_at == world.now
    assert world.stored(first.mention.id).sending.state == "cancelled"
    assert world.case(case).pending == ()


def test_resolving_twice_is_harmless() -> None:
    world = make_world()
    case, stored = open_case(world)
    ending = Ending(2, "solved", (stored.mention.id,))

    first = resolve(case, ending, ANA, world.desk)

    assert resolve(case, ending, ANA, world.desk) == first


@pytest.mark.parametrize(
    ("epoch", "resolution", "agent"),
    [(2, "not_solved", ANA), (2, "solved", BEN), (3, "solved", ANA), (1, "solved", ANA)],
)
def test_another_ending_of_a_resolved_case_is_stale(
    epoch: int, resolution: str, agent: Agent
) -> None:
    world = make_world()
    case, stored = open_case(world)
    resolve(case, Ending(2, "solved", (stored.mention.id,)), ANA, world.desk)

    with pytest.raises(StaleEpochError) as refused:
        resolve(case, Ending(epoch, resolution), agent, world.desk)

    assert refused.value.epoch == 3


def test_a_case_is_not_resolved_over_a_mention_that_nobody_has_seen() -> None:
    world = make_world()
    case, stored = open_case(world)
    later = write(world, "still broken", stored)
    world.before("put_item", lambda: make_case(world, later))

    with pytest.raises(NewMentionError) as refused:
        resolve(case, Ending(2, "solved", (stored.mention.id,)), ANA, world.desk)

    assert refused.value.unseen == (later.mention.id,)
    assert world.case(case).state == "claimed"


def test_an_unknown_resolution_is_refused() -> None:
    world = make_world()
    case, stored = open_case(world)

    with pytest.raises(InvalidRequestError, match="handed_over"):
        resolve(case, Ending(2, "gone fishing", (stored.mention.id,)), ANA, world.desk)


# Taking a reply back.


def answered(world: World, **fields: Any) -> tuple[str, StoredMention]:
    case, stored = open_case(world, **fields)
    answer(case, make_answer(stored), ANA, world.desk)
    return case, stored


def test_a_reply_waits_until_it_can_no_longer_be_taken_back() -> None:
    world = make_world()
    case, stored = open_case(world)

    view = answer(case, make_answer(stored), ANA, world.desk)

    assert view.leaves_at == world.now + UNDO_MS
    assert get_written(world, stored).sending.opens_at == view.leaves_at
    url = queue_url(f"{world.backend.prefix}reply-x")
    assert "Messages" not in world.sqs.receive_message(QueueUrl=url)
    world.backend.clock.forward(ms=UNDO_MS + 1_000)
    assert len(world.sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_a_repeat_rings_for_the_same_instant_and_later_at_once() -> None:
    world = make_world()
    case, stored = answered(world)
    world.backend.clock.forward(ms=UNDO_MS)

    answer(case, make_answer(stored), ANA, world.desk)

    url = queue_url(f"{world.backend.prefix}reply-x")
    assert len(world.sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_a_reply_taken_back_does_not_leave_and_its_mention_waits_as_before() -> None:
    world = make_world()
    case, stored = answered(world)
    due_at = world.case(case).due_at
    assert world.case(case).pending == ()

    view = undo(case, "r1", ANA, world.desk)

    assert (view.state, view.reason, view.leaves_at) == ("cancelled", "undone", 0)
    assert get_written(world, stored).sending.state == "cancelled"
    after = world.case(case)
    assert (after.pending, after.due_at, after.epoch) == ((stored.mention.id,), due_at, 2)
    assert world.meter.counts["reply_undone"] == 1
    assert undo(case, "r1", ANA, world.desk) == view
    assert world.meter.counts["reply_undone"] == 1
    assert answer(case, make_answer(stored), ANA, world.desk).state == "cancelled"


def test_taking_back_the_answer_that_ended_a_case_opens_it_again() -> None:
    world = make_world()
    case, stored = answered(world)
    resolve(case, Ending(2, "solved"), ANA, world.desk)
    rung = len(world.bodies("work-acme-normal"))

    undo(case, "r1", ANA, world.desk)

    after = world.case(case)
    assert (after.state, after.pending, after.resolution) == ("open", (stored.mention.id,), "")
    assert len(world.bodies("work-acme-normal")) == rung + 1


def test_a_lead_may_take_back_what_an_agent_wrote_and_no_other_agent() -> None:
    world = make_world()
    case, _ = answered(world)

    with pytest.raises(ForbiddenError):
        undo(case, "r1", BEN, world.desk)
    assert undo(case, "r1", LEAD, world.desk).state == "cancelled"


@pytest.mark.parametrize("state", ["sending", "sent", "doubt", "refused"])
def test_what_has_left_cannot_be_taken_back(state: Any) -> None:
    world = make_world()
    case, stored = answered(world)
    written = get_written(world, stored)
    assert world.desk.outbox.move(written.ref, written.sending, Move(state, look_at=world.now))

    with pytest.raises(TransitionError, match="has left"):
        undo(case, "r1", ANA, world.desk)

    assert world.case(case).pending == ()


def test_what_leaves_at_the_same_moment_is_not_taken_back() -> None:
    world = make_world()
    case, stored = answered(world)
    written = get_written(world, stored)
    taken = Claim("sending", by="w", lease_until=world.now + 90_000, now=world.now)
    world.before(
        "update_item", lambda: world.desk.outbox.claim(written.ref, written.sending, taken)
    )

    with pytest.raises(TransitionError, match="has left"):
        undo(case, "r1", ANA, world.desk)

    assert get_written(world, stored).sending.state == "sending"


def test_an_unknown_reply_cannot_be_taken_back() -> None:
    world = make_world()
    case, _ = answered(world)

    with pytest.raises(NotFoundError):
        undo(case, "r2", ANA, world.desk)


def test_a_second_answer_to_the_same_mention_keeps_it_answered() -> None:
    world = make_world()
    case, stored = answered(world)
    answer(case, make_answer(stored, reply_id="r2"), ANA, world.desk)

    undo(case, "r1", ANA, world.desk)
    assert world.case(case).pending == ()

    undo(case, "r2", ANA, world.desk)
    assert world.case(case).pending == (stored.mention.id,)


def test_a_mention_that_its_author_deleted_does_not_wait_again() -> None:
    world = make_world()
    case, stored = answered(world)
    world.backend.dynamo.update_item(
        TableName=world.backend.table,
        Key={"pk": {"S": f"mention#{stored.mention.id}"}, "sk": {"S": "-"}},
        UpdateExpression="SET gone = :now",
        ExpressionAttributeValues={":now": {"N": str(world.now)}},
    )

    undo(case, "r1", ANA, world.desk)

    assert world.case(case).pending == ()


def test_a_repeat_after_a_crash_still_puts_the_mention_back() -> None:
    world = make_world()
    case, stored = answered(world)
    written = get_written(world, stored)
    assert world.desk.outbox.move(written.ref, written.sending, Move("cancelled", reason="undone"))

    undo(case, "r1", ANA, world.desk)

    assert world.case(case).pending == (stored.mention.id,)
