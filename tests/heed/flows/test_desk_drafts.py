from dataclasses import replace

import pytest

from heed.domain.reply import machine_reply
from heed.errors import ForbiddenError, NotFoundError, TransitionError
from heed.flows.desk_drafts import approve, drop, list_drafts
from heed.flows.handover import RACES_MAX
from heed.ports import Move
from heed.queues import lane_message
from heed.storage.due import TableDueList
from tests.heed.flows.desks import (
    ANA,
    BEN,
    BOTH,
    STRANGER,
    World,
    give_slot,
    make_case,
    make_draft,
    make_mention,
    make_world,
    write,
)


def make_waiting(world: World, author: str = "7", brand: str = "acme") -> str:
    stored = make_mention(world, author=author, brand=brand)
    make_case(world, stored, rings=False, ack=True)
    make_draft(world, stored)
    return stored.mention.id


def test_drafts_are_listed_with_what_they_answer_the_oldest_first() -> None:
    world = make_world()
    first, second = make_waiting(world), make_waiting(world, "8")
    third = make_waiting(world, brand="zenith")

    found = list_drafts("", 10, BOTH, world.desk)

    assert [draft.id for draft in found] == [first, second, third]
    assert (found[0].text, found[0].draft) == ("where is my bag?", "Hi, we are on it.")
    assert (found[0].author, found[0].reasons) == ("Sam Field", ("apology",))
    assert [draft.id for draft in list_drafts("", 1, BOTH, world.desk)] == [first]
    assert [draft.id for draft in list_drafts("zenith", 9, BOTH, world.desk)] == [third]
    with pytest.raises(ForbiddenError):
        list_drafts("zenith", 10, ANA, world.desk)


def test_an_author_without_a_name_is_shown_by_handle() -> None:
    world = make_world()
    stored = make_mention(world, name=None)
    make_draft(world, stored)

    assert list_drafts("", 10, ANA, world.desk)[0].author == "user7"


def test_an_approved_draft_rings_its_lane_and_is_no_draft_any_more() -> None:
    world = make_world()
    mention = make_waiting(world)

    approve(mention, ANA, world.desk)

    assert world.bodies("reply-x") == [
        lane_message(machine_reply(world.stored(mention).mention.id))
    ]
    assert world.stored(mention).approved_by == "ana"
    assert list_drafts("", 10, ANA, world.desk) == ()


def test_an_approved_draft_is_due_so_that_a_lost_bell_does_not_lose_it() -> None:
    world = make_world()
    mention = make_waiting(world)

    approve(mention, ANA, world.desk)

    due = TableDueList(world.backend.dynamo, world.backend.table).due(world.now, 10)
    assert mention in [item.mention for item in due]


def test_approving_twice_is_harmless() -> None:
    world = make_world()
    mention = make_waiting(world)

    approve(mention, ANA, world.desk)
    approve(mention, BEN, world.desk)

    assert world.stored(mention).approved_by == "ana"
    assert world.meter.counts["draft_approved"] == 1


def test_approving_again_after_it_was_sent_rings_nothing() -> None:
    world = make_world()
    mention = make_waiting(world)
    approve(mention, ANA, world.desk)
    stored = world.stored(mention)
    world.desk.outbox.move(
        machine_reply(stored.mention.id), stored.sending, Move("sent", reply_id="9")
    )

    approve(mention, ANA, world.desk)

    assert len(world.bodies("reply-x")) == 1


def test_what_is_no_draft_cannot_be_approved_or_dropped() -> None:
    world = make_world()
    stored = make_mention(world)

    for decide in (approve, drop):
        with pytest.raises(TransitionError, match="no draft"):
            decide(stored.mention.id, ANA, world.desk)


def test_a_dropped_draft_cannot_be_approved_nor_the_other_way_round() -> None:
    world = make_world()
    dropped, approved = make_waiting(world), make_waiting(world, "8")
    drop(dropped, ANA, world.desk)
    approve(approved, ANA, world.desk)

    with pytest.raises(TransitionError):
        approve(dropped, ANA, world.desk)
    with pytest.raises(TransitionError):
        drop(approved, ANA, world.desk)


def test_a_draft_of_another_brand_does_not_exist() -> None:
    world = make_world()
    mention = make_waiting(world)

    for decide in (approve, drop):
        with pytest.raises(NotFoundError):
            decide(mention, STRANGER, world.desk)
    assert not world.stored(mention).approved_by


def test_a_dropped_draft_passes_its_slot_on() -> None:
    world = make_world()
    first = make_mention(world)
    case = make_case(world, first, rings=False, ack=True)
    make_draft(world, first)
    second = write(world, "hello?", first)
    make_case(world, second, rings=False)
    give_slot(world, first, joined=second.mention.id)

    drop(first.mention.id, ANA, world.desk)

    assert world.stored(first.mention.id).sending.state == "cancelled"
    ack = world.conversation(case).ack
    assert ack is not None
    assert ack.of == second.mention.id
    assert world.bodies("reply-x") == [lane_message(machine_reply(second.mention.id))]
    assert world.bodies("work-acme-normal") == []


def test_dropping_twice_goes_on_where_the_first_one_stopped() -> None:
    world = make_world()
    mention = make_waiting(world)

    drop(mention, ANA, world.desk)
    drop(mention, ANA, world.desk)

    assert world.meter.counts["draft_dropped"] == 1


def test_a_dropped_draft_that_no_person_has_becomes_a_case() -> None:
    world = make_world()
    stored = make_mention(world)
    make_draft(world, stored)

    drop(stored.mention.id, ANA, world.desk)

    case = world.case(stored.conversation)
    assert (case.state, case.reason) == ("open", "draft_dropped")
    assert case.pending == (stored.mention.id,)
    assert len(world.bodies("work-acme-normal")) == 1


@pytest.mark.parametrize(("resolved_before_s", "state"), [(0, "resolved"), (60, "open")])
def test_a_case_that_ended_before_the_mention_came_does_not_count(
    resolved_before_s: int, state: str
) -> None:
    world = make_world()
    stored = make_mention(world)
    make_draft(world, stored)
    case = make_case(world, write(world, "first matter", stored), rings=False)
    conversation = world.conversation(case)
    resolved_at = stored.received_at - resolved_before_s * 1000
    done = replace(world.case(case), state="resolved", pending=(), resolved_at=resolved_at)
    world.desk.handing.conversations.save(replace(conversation, case=done))

    drop(stored.mention.id, ANA, world.desk)

    assert world.case(case).state == state


def test_a_drop_that_others_keep_disturbing_says_try_again() -> None:
    world = make_world()
    mention = make_waiting(world)
    case = world.stored(mention).conversation
    world.before("put_item", lambda: world.touch(case), times=RACES_MAX)
    with pytest.raises(TransitionError, match="try again"):
        drop(mention, ANA, world.desk)

    drop(mention, ANA, world.desk)
    assert world.conversation(case).ack is None
