from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain import case as cases
from heed.domain.case import (
    BANDS,
    LEASE_MS,
    PENDING_MAX,
    RESOLUTIONS,
    RING_AGAIN_MS,
    RING_AGAIN_MS_MAX,
    Band,
    Case,
    CaseState,
)
from heed.errors import InvalidRequestError, NewMentionError, StaleEpochError, TransitionError
from tests.heed.domain.givens import M1, M2, NOON, case

STATES: tuple[CaseState, ...] = get_args(CaseState)
bands = st.sampled_from(BANDS)


def resolved(held: Case, agent: str = "ana", epoch: int = 1, **changes: object) -> Case:
    resolution = str(changes.get("resolution", "solved"))
    return cases.resolve(held, agent, epoch, resolution=resolution, seen=(M1,), now=NOON)


# Each writes as somebody who holds the case; they share what they refuse.
WRITES: dict[str, Callable[[Case, str, int], Case]] = {
    "renew": lambda held, agent, epoch: cases.renew(held, agent, epoch, NOON),
    "release": lambda held, agent, epoch: cases.release(held, agent, epoch, NOON),
    "resolve": resolved,
}
writes = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


def test_a_case_has_its_limits() -> None:
    assert (LEASE_MS, PENDING_MAX) == (900_000, 50)
    assert (RING_AGAIN_MS, RING_AGAIN_MS_MAX) == (600_000, 7_200_000)


def test_a_new_case_is_nobodys_and_has_said_nothing_yet() -> None:
    new = Case("open", "low", due_at=2, epoch=1, opened_at=1, opened_by=M1, reason="once")

    assert (new.agent, new.attempt, new.lease_until) == ("", "", 0)
    assert (new.rung_at, new.rings) == (0, 0)
    assert (new.pending, new.flags, new.chores, new.skill, new.page) == ((), (), (), "", False)
    assert (new.resolution, new.resolved_at) == ("", 0)
    assert new.is_live


@pytest.mark.parametrize(
    ("rings", "minutes"), [(0, 10), (1, 20), (2, 40), (3, 80), (4, 120), (5, 120), (400, 120)]
)
def test_a_bell_rings_less_and_less_and_never_less_than_every_two_hours(
    rings: int, minutes: int
) -> None:
    waiting = case(rung_at=NOON, rings=rings)

    assert waiting.rings_again_at == NOON + minutes * 60_000


def test_ringing_again_is_counted_under_the_same_epoch_until_the_case_is_free_again() -> None:
    rung = cases.rung_again(case("claimed", rings=1), NOON + 5)

    assert rung == case("claimed", rings=2, rung_at=NOON + 5)
    assert cases.release(rung, "ana", 1, NOON + 6).rings == 0


def test_an_open_case_is_claimed_under_a_new_epoch_with_a_lease() -> None:
    held = cases.claim(case(epoch=4), "ana", attempt="try-1", now=NOON)

    assert (held.state, held.agent, held.attempt) == ("claimed", "ana", "try-1")
    assert (held.epoch, held.lease_until) == (5, NOON + LEASE_MS)


@pytest.mark.parametrize("state", [state for state in STATES if state != "open"])
def test_only_an_open_case_can_be_claimed(state: CaseState) -> None:
    with pytest.raises(TransitionError, match=state):
        cases.claim(case(state), "ben", attempt="b", now=NOON)


def test_renewing_moves_the_lease_and_nothing_else() -> None:
    held = case("claimed")

    renewed = cases.renew(held, "ana", 1, NOON + 1)

    assert renewed == replace(held, lease_until=NOON + 1 + LEASE_MS)


def test_a_released_case_is_open_for_anyone_and_rings() -> None:
    free = cases.release(case("claimed"), "ana", 1, NOON + 5)

    assert (free.state, free.agent, free.attempt, free.lease_until) == ("open", "", "", 0)
    assert (free.epoch, free.rung_at) == (2, NOON + 5)


def test_a_resolved_case_is_done() -> None:
    done = cases.resolve(
        case("claimed", pending=(M1, M2)),
        "ana",
        1,
        resolution="not_solved",
        seen=(M2, M1, "x#1#post:9"),
        now=NOON + 7,
    )

    assert (done.state, done.resolution, done.resolved_at) == ("resolved", "not_solved", NOON + 7)
    assert (done.epoch, done.pending, done.lease_until, done.agent) == (2, (), 0, "ana")
    assert not done.is_live


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_every_resolution_ends_a_case(resolution: str) -> None:
    assert resolved(case("claimed"), resolution=resolution).resolution == resolution


def test_an_unknown_resolution_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequestError, match="solved, not_solved, handed_over, no_action"):
        resolved(case("claimed"), resolution="closed")


def test_a_mention_that_the_agent_has_not_seen_stops_the_resolution() -> None:
    with pytest.raises(NewMentionError) as refused:
        cases.resolve(
            case("claimed", pending=(M1, M2)), "ana", 1, resolution="solved", seen=(M1,), now=NOON
        )

    assert refused.value.unseen == (M2,)


@writes
@pytest.mark.parametrize("state", [state for state in STATES if state != "claimed"])
def test_nobody_writes_to_a_case_that_is_not_claimed(
    write: Callable[[Case, str, int], Case], state: CaseState
) -> None:
    with pytest.raises(StaleEpochError, match="claim it first"):
        write(case(state, agent="ana"), "ana", 1)


@writes
def test_a_stale_epoch_is_refused_with_the_current_one(
    write: Callable[[Case, str, int], Case],
) -> None:
    for stale in (1, 3):
        with pytest.raises(StaleEpochError, match="changed hands") as refused:
            write(case("claimed", epoch=2), "ana", stale)

        assert refused.value.epoch == 2


@writes
def test_somebody_else_is_refused(write: Callable[[Case, str, int], Case]) -> None:
    with pytest.raises(StaleEpochError, match="do not hold"):
        write(case("claimed"), "ben", 1)


@writes
def test_a_lease_that_ran_out_is_refused(write: Callable[[Case, str, int], Case]) -> None:
    with pytest.raises(StaleEpochError, match="ran out"):
        write(case("claimed", lease_until=NOON), "ana", 1)

    assert write(case("claimed", lease_until=NOON + 1), "ana", 1) is not None


def test_a_case_whose_lease_ran_out_is_given_back() -> None:
    back = cases.expired(case("claimed", lease_until=NOON), NOON)

    assert back is not None
    assert (back.state, back.agent, back.epoch, back.rung_at) == ("open", "", 2, NOON)


@pytest.mark.parametrize("state", STATES)
def test_a_case_that_is_held_or_free_does_not_expire(state: CaseState) -> None:
    assert cases.expired(case(state, lease_until=NOON + 1), NOON) is None


def test_what_an_agent_has_seen_is_not_pending_any_more() -> None:
    assert cases.see(case(pending=(M1, M2)), (M1,)).pending == (M2,)


@given(bands, bands)
def test_the_higher_of_two_bands_is_the_more_urgent_one(one: Band, other: Band) -> None:
    higher = cases.higher(one, other)

    assert higher == cases.higher(other, one)
    assert BANDS.index(higher) == min(BANDS.index(one), BANDS.index(other))


def test_one_band_up_ends_at_urgent() -> None:
    assert BANDS == ("urgent", "normal", "low")
    assert [cases.one_up(band) for band in BANDS] == ["urgent", "urgent", "normal"]


STEPS: dict[str, Callable[[Case, int], Case]] = {
    "claim": lambda now_held, now: cases.claim(now_held, "ana", attempt="a", now=now),
    "renew": lambda now_held, now: cases.renew(now_held, "ana", now_held.epoch, now),
    "release": lambda now_held, now: cases.release(now_held, "ana", now_held.epoch, now),
    "expire": lambda now_held, now: cases.expired(now_held, now) or now_held,
    "resolve": lambda now_held, _: resolved(now_held, "ana", now_held.epoch),
    "reopen": lambda now_held, now: now_held if now_held.is_live else cases.reopened(now_held, now),
}


@given(st.lists(st.sampled_from(sorted(STEPS))))
def test_every_change_of_holder_or_state_raises_the_epoch(steps: list[str]) -> None:
    held = case()

    for number, step in enumerate(steps):
        before = held
        try:
            held = STEPS[step](before, NOON + number * LEASE_MS // 3)
        except (TransitionError, StaleEpochError):
            held = before

        moved = (held.state, held.agent) != (before.state, before.agent)
        assert held.epoch == before.epoch + moved


def test_an_answer_taken_back_leaves_the_mention_unanswered() -> None:
    held = case("claimed", pending=(M2,))

    assert cases.unsee(held, M1, NOON) == replace(held, pending=(M2, M1))
    assert cases.unsee(held, M2, NOON) == held


def test_an_answer_taken_back_after_the_case_was_resolved_opens_it_again() -> None:
    done = replace(resolved(case("claimed")), due_at=NOON + 1)

    again = cases.unsee(done, M1, NOON + 5)

    assert (again.state, again.pending, again.epoch) == ("open", (M1,), done.epoch + 1)
    assert (again.resolution, again.resolved_at, again.rung_at) == ("", 0, NOON + 5)
    assert again.due_at == NOON + 1
