"""Handing over: each step may be repeated, and says when others were faster."""

from dataclasses import replace
from typing import Any

import pytest

from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId
from heed.flows import handover
from heed.ports import StoredMention
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import World

A, B = "2100000000000000001", "2100000000000000002"
MA, MB = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B))


@pytest.fixture
def world() -> World:
    world = World()
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    world.deliver("x", x_post(B, COMPLAINT, at=world.clock.now(), root=A))
    return world


@pytest.fixture
def stored(world: World) -> StoredMention:
    return world.stored(MA)


class Faster:
    """Conversations that somebody else writes first, so many times."""

    def __init__(self, world: World, times: int) -> None:
        self._real = world.conversations
        self.times = times

    def get(self, conversation: ConversationId) -> Conversation | None:
        return self._real.get(conversation)

    def save(self, conversation: Conversation) -> Conversation | None:
        if not self.times:
            return self._real.save(conversation)
        self.times -= 1
        seen = self._real.get(conversation.id) or replace(conversation, ack=None, case=None)
        self._real.save(replace(seen, person_spoke_at=seen.person_spoke_at + 1))
        return None

    def list_cases(self, brand: str, state: Any, *, limit: int) -> list[Conversation]:
        return self._real.list_cases(brand, state, limit=limit)


def test_a_person_gets_a_case_and_a_bell(world: World, stored: StoredMention) -> None:
    saved = handover.to_person(stored, "not_triaged", world.handing)

    assert saved is not None
    case = world.case(MA)
    assert (case.reason, case.band, case.pending) == ("not_triaged", "normal", (MA,))
    assert world.queue("work-acme-normal") == [{"case": saved.id, "epoch": 1}]


def test_a_repeat_changes_nothing_and_rings_again(world: World, stored: StoredMention) -> None:
    first = handover.to_person(stored, "not_triaged", world.handing, chore="hide")

    again = handover.to_person(stored, "not_triaged", world.handing, chore="hide")

    assert again == first
    assert world.bells() == {"normal": 2}


def test_what_a_person_saw_is_shown_anew(world: World, stored: StoredMention) -> None:
    handover.to_person(stored, "edited", world.handing)
    conversation = world.conversation(MA)
    assert conversation.case is not None
    world.conversations.save(replace(conversation, case=replace(conversation.case, pending=())))

    handover.to_person(stored, "edited", world.handing)

    assert world.case(MA).pending == (MA,)


def test_another_reason_is_told_too(world: World, stored: StoredMention) -> None:
    handover.to_person(stored, "parked_no_lookup", world.handing)
    handover.to_person(
        stored, "deleted_after_reply", world.handing, band="low", chore="delete_ours"
    )

    case = world.case(MA)
    assert case.flags == ("deleted_after_reply",)
    assert case.chores == ("delete_ours",)
    assert case.band == "normal"


def test_races_are_decided_again_on_what_others_wrote(world: World, stored: StoredMention) -> None:
    handing = replace(world.handing, conversations=Faster(world, 4))

    saved = handover.to_person(stored, "not_triaged", handing)

    assert saved is not None
    assert saved.person_spoke_at == 4
    assert saved.case is not None


def test_races_that_do_not_end_are_told(world: World, stored: StoredMention) -> None:
    handing = replace(world.handing, conversations=Faster(world, 99))

    assert handover.to_person(stored, "not_triaged", handing) is None
    assert world.bells() == {}


def test_only_an_open_case_is_rung(world: World, stored: StoredMention) -> None:
    handover.ring(handover.conversation_of(stored, world.handing), world.handing)
    handover.to_person(stored, "not_triaged", world.handing)
    world.claim_case(MA)

    handover.to_person(world.stored(MB), "not_triaged", world.handing)

    assert world.bells() == {"normal": 1}
    assert world.case(MA).pending == (MA, MB)


def test_a_slot_goes_to_who_joined_last_and_they_are_rung(world: World) -> None:
    world.triage()

    assert handover.pass_on_slot(world.stored(MA), world.handing)

    ack = world.conversation(MA).ack
    assert ack is not None
    assert (ack.of, ack.joined) == (MB, None)
    assert world.queue("reply-x")[-1] == {"owner": f"mention#{MB}", "part": "-"}


def test_a_slot_without_an_heir_is_free(world: World) -> None:
    world.triage()
    assert handover.pass_on_slot(world.stored(MB), world.handing)

    assert handover.pass_on_slot(world.stored(MA), world.handing)

    assert world.conversation(MA).ack is None


def test_passing_on_again_rings_again(world: World) -> None:
    world.triage()
    handover.pass_on_slot(world.stored(MA), world.handing)
    rung = len(world.queue("reply-x"))

    assert handover.pass_on_slot(world.stored(MA), world.handing)

    assert len(world.queue("reply-x")) == rung + 1


def test_a_slot_that_others_keep_writing_is_not_passed_on(world: World) -> None:
    world.triage()
    handing = replace(world.handing, conversations=Faster(world, 99))

    assert not handover.pass_on_slot(world.stored(MA), handing)


def test_a_deleted_mention_leaves_its_case_with_a_mark(world: World) -> None:
    world.triage()

    assert handover.withdraw(world.stored(MA), world.handing)
    version = world.conversation(MA).version
    assert handover.withdraw(world.stored(MA), world.handing)

    assert world.conversation(MA).version == version
    assert (world.case(MA).pending, world.case(MA).flags) == ((MB,), ("author_deleted",))


def test_a_deleted_mention_without_a_case_changes_nothing(
    world: World, stored: StoredMention
) -> None:
    assert handover.withdraw(stored, world.handing)
    assert world.conversations.get(stored.conversation) is None


def test_an_answer_from_elsewhere_is_noted_once(world: World) -> None:
    world.triage()
    answered = replace(world.stored(MA), own_post="9", own_at=world.clock.now())

    first = handover.note_answer(answered, world.handing)
    again = handover.note_answer(answered, world.handing)

    assert first == again
    assert world.conversation(MA).person_spoke_at == world.clock.now()
    assert world.case(MA).flags == ("answered_elsewhere",)


def test_a_page_names_the_case(world: World, stored: StoredMention) -> None:
    handover.page(handover.conversation_of(stored, world.handing), stored, "legal", world.handing)

    [page] = world.sns.messages
    assert page["Subject"] == "Heed: urgent case (legal)"
