from dataclasses import replace

import pytest

from heed.domain.case import LEASE_MS
from heed.domain.clock import MINUTE_MS
from heed.domain.mention import ConversationId, MentionId
from heed.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StaleEpochError,
    TransitionError,
)
from heed.flows import desk
from heed.flows.desk import NOTE_CHARS_MAX, Agent, NoPager
from heed.flows.desk_claims import Wish, claim
from heed.flows.handover import RACES_MAX
from heed.ports import Note
from tests.heed.flows.desks import (
    ANA,
    BEN,
    BOTH,
    NOBODY,
    STRANGER,
    World,
    give_slot,
    make_case,
    make_mention,
    make_world,
)


def make_claimed(world: World, agent: Agent = ANA) -> str:
    case = make_case(world, make_mention(world))
    found = claim(Wish(), agent, world.desk)
    assert found is not None
    return case


def test_a_lease_is_renewed_under_the_same_epoch() -> None:
    world = make_world()
    case = make_claimed(world)
    world.backend.clock.forward(ms=10 * MINUTE_MS)

    view = desk.renew(case, 2, ANA, world.desk)

    assert (view.epoch, view.lease_until) == (2, world.now + LEASE_MS)
    assert world.case(case).lease_until == world.now + LEASE_MS


@pytest.mark.parametrize(("agent", "epoch"), [(ANA, 1), (ANA, 3), (BEN, 2)])
def test_a_stale_claimant_changes_nothing(agent: Agent, epoch: int) -> None:
    world = make_world()
    case = make_claimed(world)
    before = world.conversation(case)

    for write in (desk.renew, desk.release):
        with pytest.raises(StaleEpochError) as refused:
            write(case, epoch, agent, world.desk)
        assert refused.value.epoch == 2
    with pytest.raises(StaleEpochError):
        desk.add_note(case, epoch, "late", agent=agent, s=world.desk)

    assert world.conversation(case) == before


def test_a_lease_that_ran_out_cannot_be_renewed() -> None:
    world = make_world()
    case = make_claimed(world)
    world.backend.clock.forward(ms=LEASE_MS)

    with pytest.raises(StaleEpochError, match="ran out"):
        desk.renew(case, 2, ANA, world.desk)


def test_a_released_case_is_open_again_and_rings() -> None:
    world = make_world()
    case = make_claimed(world)

    desk.release(case, 2, ANA, world.desk)

    after = world.case(case)
    assert (after.state, after.agent, after.epoch) == ("open", "", 3)
    assert world.bodies("work-acme-normal") == [f'{{"case": "{case}", "epoch": 3}}']
    assert claim(Wish(), BEN, world.desk) is not None


def test_releasing_twice_is_harmless() -> None:
    world = make_world()
    case = make_claimed(world)

    desk.release(case, 2, ANA, world.desk)
    desk.release(case, 2, ANA, world.desk)

    assert world.case(case).epoch == 3


def test_a_write_that_lost_a_race_is_made_on_what_the_other_wrote() -> None:
    world = make_world()
    first = make_mention(world)
    case = make_case(world, first)
    claim(Wish(), ANA, world.desk)
    second = make_mention(world, root=first.mention.object_id)
    world.before("put_item", lambda: make_case(world, second))

    view = desk.renew(case, 2, ANA, world.desk)

    assert view.pending == (first.mention.id, second.mention.id)


def test_a_race_without_end_is_a_conflict() -> None:
    world = make_world()
    case = make_claimed(world)
    world.before("put_item", lambda: world.touch(case), times=RACES_MAX)

    with pytest.raises(TransitionError, match="try again"):
        desk.release(case, 2, ANA, world.desk)


def test_a_note_is_kept_under_its_writer() -> None:
    world = make_world()
    case = make_claimed(world)

    mine = desk.add_note(case, 2, "called the airport", agent=ANA, s=world.desk)
    theirs = desk.add_note(case, None, "bag is in Leeds", agent=BEN, s=world.desk)

    entries = world.desk.timeline.entries(ConversationId(case))
    assert entries == [mine, theirs]
    assert all(isinstance(entry, Note) and entry.kind == "note" for entry in entries)
    assert [entry.agent for entry in entries] == ["ana", "ben"]


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", "empty"),
        (" \n\u200b", "empty"),
        ("a\x00b", "control_characters"),
        ("x" * (NOTE_CHARS_MAX + 1), "too_long"),
    ],
)
def test_a_note_that_cannot_be_kept_is_refused(text: str, clause: str) -> None:
    world = make_world()
    case = make_claimed(world)

    with pytest.raises(InvalidRequestError) as refused:
        desk.add_note(case, None, text, agent=ANA, s=world.desk)

    assert refused.value.clause == clause


def test_a_case_of_another_brand_does_not_exist() -> None:
    world = make_world()
    case = make_claimed(world)

    with pytest.raises(NotFoundError) as foreign:
        desk.find_case(case, STRANGER, world.desk)
    with pytest.raises(NotFoundError) as unknown:
        desk.find_case("0" * 32, STRANGER, world.desk)

    assert str(foreign.value) == str(unknown.value)
    assert desk.find_case(case, BOTH, world.desk)[0].id == case


def test_a_conversation_without_a_case_is_no_case() -> None:
    world = make_world()
    stored = make_mention(world)
    give_slot(world, stored)

    with pytest.raises(NotFoundError):
        desk.find_case(stored.conversation, ANA, world.desk)


def test_a_mention_of_another_brand_does_not_exist() -> None:
    world = make_world()
    stored = make_mention(world)

    for mention, agent in ((stored.mention.id, STRANGER), (MentionId("x#111#post:0"), ANA)):
        with pytest.raises(NotFoundError):
            desk.find_mention(mention, agent, world.desk)


def test_an_agent_without_a_brand_is_told_what_to_do() -> None:
    world = make_world()
    elsewhere = replace(ANA, brands=("closed",))

    for agent in (NOBODY, elsewhere):
        with pytest.raises(ForbiddenError, match="heed agent add"):
            desk.brands_of(agent, "", world.desk)


def test_an_unknown_brand_and_a_foreign_one_are_refused_alike() -> None:
    world = make_world()
    told = []

    for brand in ("zenith", "nowhere"):
        with pytest.raises(ForbiddenError) as refused:
            desk.brands_of(ANA, brand, world.desk)
        told.append(str(refused.value))

    assert told[0] == told[1]
    assert desk.brands_of(BOTH, "", world.desk) == ("acme", "zenith")
    assert desk.brands_of(BOTH, "zenith", world.desk) == ("zenith",)


def test_the_desk_pages_nobody() -> None:
    world = make_world()

    NoPager().page("acme", ConversationId("c"), "safety", "m")

    assert world.sqs.calls == []
