import random
from collections import Counter
from dataclasses import replace

import pytest

from heed.domain import case as cases
from heed.domain.case import BANDS, LEASE_MS, Band
from heed.domain.mention import ConversationId, MentionId
from heed.errors import ForbiddenError
from heed.flows import handover
from heed.flows.desk import Agent, CaseView
from heed.flows.desk_claims import CANDIDATES_MAX, RECEIVES_MAX, WHEEL, Wish, claim
from heed.flows.handover import RACES_MAX
from heed.ports import Bell
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

ANY = Wish()


def claim_surely(world: World, agent: Agent = ANA, wish: Wish = ANY) -> CaseView:
    found = claim(wish, agent, world.desk)
    assert found is not None
    return found


def receives(world: World) -> int:
    return sum(operation == "receive_message" for operation, _ in world.sqs.calls)


def give_back(world: World, case: str) -> None:
    """Do what sweep does with a lease that ran out."""
    conversation = world.conversation(case)
    assert conversation.case is not None
    lapsed = cases.expired(conversation.case, world.now)
    assert lapsed is not None
    saved = world.desk.handing.conversations.save(replace(conversation, case=lapsed))
    assert saved is not None
    handover.ring(saved, world.desk.handing)


def test_a_claim_takes_the_case_that_a_bell_names_and_silences_it() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))

    found = claim_surely(world)

    assert (found.id, found.state, found.agent, found.epoch) == (case, "claimed", "ana", 2)
    assert found.is_mine
    assert found.lease_until == world.now + LEASE_MS
    assert found.pending == world.case(case).pending
    assert world.bodies("work-acme-normal") == []
    assert world.meter.counts["claimed"] == 1


def test_a_claim_costs_one_write_and_one_delete() -> None:
    world = make_world()
    make_case(world, make_mention(world))
    world.backend.dynamo.calls.clear()

    claim_surely(world)

    calls = Counter(operation for operation, _ in world.backend.dynamo.calls)
    assert calls == {"get_item": 1, "put_item": 1}
    assert receives(world) <= RECEIVES_MAX
    assert sum(operation == "delete_message" for operation, _ in world.sqs.calls) == 1


def test_no_work_is_none_and_takes_three_receives_at_most() -> None:
    world = make_world()

    assert claim(ANY, BOTH, world.desk) is None
    assert receives(world) == RECEIVES_MAX
    assert world.meter.counts["nothing_to_claim"] == 1


def test_a_claim_looks_at_three_bells_and_a_hundred_candidates_at_most() -> None:
    assert (RECEIVES_MAX, CANDIDATES_MAX) == (3, 100)


def test_of_seven_turns_four_are_urgent_two_normal_and_one_low() -> None:
    assert Counter(WHEEL) == {"urgent": 4, "normal": 2, "low": 1}


def test_two_agents_never_get_the_same_case() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    got: list[CaseView | None] = []
    world.before("put_item", lambda: got.append(claim(ANY, BEN, world.desk)))

    lost = claim(ANY, ANA, world.desk)

    assert [view.agent for view in got if view] == ["ben"]
    assert lost is None
    assert world.case(case).agent == "ben"
    assert world.bodies("work-acme-normal") == []


def test_two_agents_who_meet_at_the_index_get_two_cases() -> None:
    world = make_world()
    for author in ("1", "2"):
        make_case(world, make_mention(world, author=author), rings=False)
    got: list[CaseView | None] = []
    world.before("put_item", lambda: got.append(claim(ANY, BEN, world.desk)))

    mine = claim_surely(world)

    assert got[0] is not None
    assert got[0].id != mine.id


def test_a_new_mention_in_between_does_not_cost_the_agent_the_case() -> None:
    world = make_world()
    first = make_mention(world)
    case = make_case(world, first)
    second = make_mention(world, root=first.mention.object_id)
    world.before("put_item", lambda: make_case(world, second))

    found = claim_surely(world)

    assert found.id == case
    assert found.pending == (first.mention.id, second.mention.id)


def test_a_lost_answer_to_the_own_write_is_success() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    attempt = f"attempt-{world.backend.clock.ids + 1:08d}"

    def written_before() -> None:
        conversation = world.conversation(case)
        assert conversation.case is not None
        held = cases.claim(conversation.case, "ana", attempt=attempt, now=world.now)
        world.desk.handing.conversations.save(replace(conversation, case=held))

    world.before("put_item", written_before)

    assert claim_surely(world).id == case


def test_a_case_that_was_resolved_before_the_answer_came_is_nobodys_any_more() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    attempt = f"attempt-{world.backend.clock.ids + 1:08d}"

    def written_and_resolved() -> None:
        conversation = world.conversation(case)
        assert conversation.case is not None
        held = cases.claim(conversation.case, "ana", attempt=attempt, now=world.now)
        done = cases.resolve(
            held, "ana", held.epoch, resolution="solved", seen=held.pending, now=world.now
        )
        world.desk.handing.conversations.save(replace(conversation, case=done))

    world.before("put_item", written_and_resolved)

    assert claim(ANY, ANA, world.desk) is None


def test_a_stale_bell_is_silenced_by_whoever_meets_it() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    world.desk.handing.bells.ring("acme", "normal", Bell(ConversationId(case), 1))
    nowhere = ConversationId("0" * 32)
    world.desk.handing.bells.ring("acme", "urgent", Bell(nowhere, 1))
    claim_surely(world)

    assert claim(ANY, BEN, world.desk) is None
    assert world.bodies("work-acme-normal") == []
    assert world.bodies("work-acme-urgent") == []


def test_a_bell_of_an_earlier_epoch_is_stale() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    conversation = world.conversation(case)
    assert conversation.case is not None
    later = replace(conversation.case, epoch=5)
    world.desk.handing.conversations.save(replace(conversation, case=later))

    found = claim_surely(world)

    assert found.epoch == 6
    assert world.bodies("work-acme-normal") == []


def test_a_stale_bell_does_not_bring_its_case_forward() -> None:
    world = make_world()
    lowered = make_case(world, make_mention(world, author="1"), band="urgent")
    conversation = world.conversation(lowered)
    assert conversation.case is not None
    later = replace(conversation.case, epoch=5, band="low")
    world.desk.handing.conversations.save(replace(conversation, case=later))
    waiting = make_case(world, make_mention(world, author="2"))

    assert [claim_surely(world).id for _ in range(2)] == [waiting, lowered]


def test_a_bell_for_a_case_in_somebodys_hand_is_stale_whatever_its_epoch() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    epoch = claim_surely(world).epoch
    world.desk.handing.bells.ring("acme", "normal", Bell(ConversationId(case), epoch))

    assert claim(ANY, BEN, world.desk) is None
    assert world.case(case).agent == "ana"
    assert world.bodies("work-acme-normal") == []


def test_a_case_that_others_keep_writing_is_left_with_its_bell() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    # Every try at the bell, then every try at the index.
    world.before("put_item", lambda: world.touch(case), times=2 * RACES_MAX)

    assert claim(ANY, ANA, world.desk) is None
    assert len(world.bodies("work-acme-normal")) == 1


def test_the_index_is_asked_before_there_is_no_work() -> None:
    world = make_world()
    late = make_case(world, make_mention(world, author="1"), band="low", rings=False)
    soon = make_case(world, make_mention(world, author="2"), band="urgent", rings=False)

    assert [claim_surely(world).id for _ in range(2)] == [soon, late]


def test_the_index_orders_the_cases_of_several_brands_as_one() -> None:
    world = make_world()
    soon = make_case(world, make_mention(world, author="1", brand="zenith"), rings=False)
    late = make_case(world, make_mention(world, author="2"), rings=False)
    urgent = make_case(
        world, make_mention(world, author="3", brand="zenith"), band="urgent", rings=False
    )

    assert [claim_surely(world, BOTH).id for _ in range(3)] == [urgent, soon, late]


def test_a_conversation_without_a_case_is_nothing_to_claim() -> None:
    world = make_world()
    stored = make_mention(world)
    give_slot(world, stored)
    world.desk.handing.bells.ring("acme", "normal", Bell(stored.conversation, 1))

    assert claim(ANY, ANA, world.desk) is None


def test_a_lease_that_ran_out_gives_the_case_back() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    claim_surely(world)
    world.backend.clock.forward(ms=LEASE_MS + 1)

    assert claim(ANY, BEN, world.desk) is None
    give_back(world, case)
    found = claim_surely(world, BEN)

    assert (found.id, found.agent, found.epoch) == (case, "ben", 4)


def test_nothing_starves_while_urgent_cases_never_end() -> None:
    world = make_world()
    waiting: list[Band] = ["low", "normal"]
    waiting += ["urgent"] * 12
    for number, band in enumerate(waiting):
        make_case(world, make_mention(world, author=str(number)), band=band)

    bands = [claim_surely(world).band for _ in range(len(WHEEL))]

    assert bands[0] == "urgent"
    assert {"normal", "low"} <= set(bands)


def test_brands_take_turns() -> None:
    world = make_world()
    for brand in ("acme", "zenith"):
        for author in ("1", "2"):
            make_case(world, make_mention(world, author=author, brand=brand), band="urgent")

    claimed = [claim_surely(world, BOTH).brand for _ in range(4)]

    assert sorted(claimed) == ["acme", "acme", "zenith", "zenith"]
    assert claimed != sorted(claimed)


def test_at_every_turn_each_brand_is_asked() -> None:
    world = make_world()
    wish = Wish(band="urgent")
    for turn in range(2):
        for brand in ("zenith", "acme"):
            case = make_case(
                world, make_mention(world, author=f"{turn}", brand=brand), band="urgent"
            )

            assert claim_surely(world, BOTH, wish).id == case
            assert world.bodies(f"work-{brand}-urgent") == []


def test_an_agent_gets_cases_of_the_own_brands_only() -> None:
    world = make_world()
    make_case(world, make_mention(world))

    assert claim(ANY, STRANGER, world.desk) is None
    assert claim(Wish(platform="x"), STRANGER, world.desk) is None


@pytest.mark.parametrize("agent", [ANA, NOBODY])
def test_a_brand_that_is_not_the_agents_is_forbidden(agent: Agent) -> None:
    world = make_world()

    with pytest.raises(ForbiddenError):
        claim(Wish(brand="zenith"), agent, world.desk)


def test_a_claim_may_name_a_brand_and_a_band() -> None:
    world = make_world()
    make_case(world, make_mention(world, author="1"), band="urgent")
    low = make_case(world, make_mention(world, author="2"), band="low")
    make_case(world, make_mention(world, author="3", brand="zenith"), band="low")

    found = claim_surely(world, BOTH, Wish(brand="acme", band="low"))

    assert found.id == low
    assert receives(world) == 1


def test_a_band_without_a_bell_is_found_in_the_index() -> None:
    world = make_world()
    make_case(world, make_mention(world, author="1"), band="urgent", rings=False)
    low = make_case(world, make_mention(world, author="2"), band="low", rings=False)

    assert claim_surely(world, wish=Wish(band="low")).id == low


def test_a_filter_takes_the_best_candidate_and_leaves_a_stale_bell() -> None:
    world = make_world()
    make_case(world, make_mention(world, author="1"), band="urgent", skill="legal")
    face = make_case(world, make_mention(world, author="2", platform="facebook"), skill="privacy")

    assert claim(Wish(platform="facebook", skill="legal"), ANA, world.desk) is None
    assert claim_surely(world, wish=Wish(platform="facebook")).id == face
    assert claim_surely(world, wish=Wish(skill="legal")).skill == "legal"
    assert receives(world) == 0
    assert claim(ANY, BEN, world.desk) is None
    assert world.bodies("work-acme-urgent") == []


def test_a_candidate_that_was_taken_meanwhile_leaves_the_next_one() -> None:
    world = make_world()
    for author in ("1", "2"):
        make_case(world, make_mention(world, author=author))
    world.before("put_item", lambda: claim(Wish(platform="x"), BEN, world.desk))

    assert claim_surely(world, wish=Wish(platform="x")).agent == "ana"


@pytest.mark.parametrize(
    ("wanted", "language", "reason", "skill", "acknowledged"),
    [
        ("pl", None, "no_language", "pl", False),
        ("pt", "pt-BR", "legal", "legal", False),
        ("pt", "pt-BR", "no_language", "", False),
        ("pt-PT", "pt-BR", "legal", "legal", False),
        ("en", None, "legal", "", False),
        ("en", "de", "once", "", True),
    ],
)
def test_a_language_is_found_where_it_is_known(
    *, wanted: str, language: str | None, reason: str, skill: str, acknowledged: bool
) -> None:
    world = make_world()
    stored = make_mention(world, language=language)
    case = make_case(world, stored, reason=reason, skill=skill, ack=acknowledged)

    assert claim(Wish(language="xx"), ANA, world.desk) is None
    assert claim_surely(world, wish=Wish(language=wanted)).id == case


def test_a_case_whose_first_mention_is_forgotten_speaks_the_brands_language() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    conversation = world.conversation(case)
    assert conversation.case is not None
    orphan = replace(conversation.case, opened_by=MentionId("x#111#post:0"))
    world.desk.handing.conversations.save(replace(conversation, case=orphan))

    assert claim_surely(world, wish=Wish(language="en")).id == case


@pytest.mark.parametrize("seed", range(40))
def test_agents_who_meet_at_every_write_never_share_a_case(seed: int) -> None:
    chance = random.Random(seed)
    world = make_world()
    waiting = {
        make_case(
            world,
            make_mention(world, author=str(number)),
            band=chance.choice(BANDS),
            rings=chance.random() < 0.7,
        )
        for number in range(12)
    }
    agents = [replace(ANA, id=f"agent-{number}") for number in range(6)]
    got: dict[str, str] = {}

    def work(agent: Agent) -> None:
        wish = chance.choice([ANY, Wish(platform="x"), Wish(band="normal")])
        if found := claim(wish, agent, world.desk):
            assert found.id not in got
            got[found.id] = agent.id

    world.before("put_item", lambda: work(chance.choice(agents)), times=10)
    for _ in range(20):
        work(chance.choice(agents))

    assert set(got) == waiting
    assert {case: world.case(case).agent for case in waiting} == got
