from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.domain import conversation as conversations
from heed.domain.case import BANDS, PENDING_MAX, Band, CaseState
from heed.domain.clock import DAY_MS, HOUR_MS
from heed.domain.conversation import (
    ACK_COOLDOWN_MS,
    ANSWERED_ELSEWHERE,
    DECIDED_MAX,
    Ack,
    Conversation,
    reserve,
)
from heed.domain.decision import Decision, Outcome
from heed.domain.mention import MentionId
from tests.heed.domain.givens import M1, M2, M3, NOON, case, conversation

SORRY = Decision("acknowledge", "apology", "normal", NOON + HOUR_MS, reasons=("apology", "x"))
JOINED = Decision("hold", "once", "normal", NOON + HOUR_MS, joins=True)
HELD = Decision(
    "hold",
    "legal",
    "urgent",
    NOON + HOUR_MS // 4,
    skill="legal",
    page=True,
    chores=("hide",),
    flags=("reach",),
)
SILENT = Decision("silent", "courtesy")

decisions = st.builds(
    Decision,
    outcome=st.sampled_from(["acknowledge", "hold", "silent"]),
    reason=st.sampled_from(["apology", "neutral", "once", "legal", "courtesy"]),
    band=st.none() | st.sampled_from(BANDS),
    due_at=st.integers(NOON, NOON + DAY_MS),
    joins=st.booleans(),
    opts_out=st.booleans(),
)
mentions = st.integers(1, 60).map(lambda n: MentionId(f"x#1#post:{n}"))


def opened(**changes: Any) -> Conversation:
    return conversation(case=case(**changes))


def test_an_acknowledgement_takes_the_slot_and_opens_a_case() -> None:
    after = reserve(conversation(), M1, SORRY, NOON)

    assert after.ack == Ack(M1, NOON, "apology", "en", reasons=("apology", "x"))
    assert after.case is not None
    assert (after.case.state, after.case.band, after.case.epoch) == ("open", "normal", 1)
    assert (after.case.opened_by, after.case.pending, after.case.rung_at) == (M1, (M1,), NOON)
    assert after.outcome_of(M1) == ("acknowledge", "apology")
    assert after.last_speaker == "machine"


def test_a_hold_opens_a_case_with_all_that_it_asks_for() -> None:
    after = reserve(conversation(), M1, HELD, NOON)

    assert after.ack is None
    assert after.case is not None
    assert (after.case.skill, after.case.page, after.case.chores) == ("legal", True, ("hide",))
    assert (after.case.reason, after.case.flags) == ("legal", ("reach",))


def test_silence_leaves_everything_but_the_outcome() -> None:
    before = opened()

    after = reserve(before, M2, SILENT, NOON)

    assert replace(after, decided=()) == before
    assert after.outcome_of(M2) == ("silent", "courtesy")


def test_opting_out_is_kept_beside_an_open_case() -> None:
    before = opened()

    after = reserve(before, M2, replace(SILENT, opts_out=True), NOON + 5)

    assert (after.opted_out_at, after.case) == (NOON + 5, before.case)


def test_who_comes_second_joins_and_the_last_one_inherits() -> None:
    taken = reserve(conversation(), M1, SORRY, NOON)

    joined = reserve(reserve(taken, M2, JOINED, NOON), M3, JOINED, NOON)
    passed = conversations.pass_on(joined, M1)

    assert joined.ack is not None
    assert (joined.ack.of, joined.ack.joined) == (M1, M3)
    assert passed.ack is not None
    assert (passed.ack.of, passed.ack.joined, passed.ack.at) == (M3, None, NOON)


def test_without_a_slot_there_is_nothing_to_join() -> None:
    assert reserve(conversation(), M2, JOINED, NOON).ack is None


def test_nobody_is_their_own_heir() -> None:
    taken = reserve(conversation(), M1, SORRY, NOON)

    assert reserve(taken, M1, JOINED, NOON).ack == taken.ack


def test_a_slot_without_an_heir_is_free_again() -> None:
    passed = conversations.pass_on(reserve(conversation(), M1, SORRY, NOON), M1)

    assert passed.ack is None
    assert not passed.slot_is_taken(NOON)


def test_an_heir_that_ends_unsent_is_no_heir_any_more() -> None:
    joined = reserve(reserve(conversation(), M1, SORRY, NOON), M2, JOINED, NOON)

    left = conversations.pass_on(joined, M2)

    assert left.ack is not None
    assert (left.ack.of, left.ack.joined) == (M1, None)


def test_the_slot_of_another_mention_is_not_touched() -> None:
    taken = reserve(conversation(), M1, SORRY, NOON)

    assert conversations.pass_on(taken, M2) == taken
    assert conversations.pass_on(conversation(), M2) == conversation()


def test_the_slot_is_taken_for_a_day() -> None:
    taken = reserve(conversation(), M1, SORRY, NOON)

    assert taken.slot_is_taken(NOON)
    # Clocks differ: what came a little earlier by its own is no new day.
    assert taken.slot_is_taken(NOON - HOUR_MS)
    assert taken.slot_is_taken(NOON + ACK_COOLDOWN_MS - 1)
    assert not taken.slot_is_taken(NOON + ACK_COOLDOWN_MS)
    assert not conversation().slot_is_taken(NOON)


def test_another_mention_extends_the_open_case_and_keeps_its_age() -> None:
    before = opened(skill="privacy")

    after = reserve(before, M2, replace(SORRY, due_at=NOON + 2 * HOUR_MS), NOON + 9)

    assert before.case is not None
    assert after.case == replace(before.case, pending=(M1, M2))


def test_a_mention_that_is_decided_again_is_pending_once() -> None:
    once = reserve(opened(), M2, SORRY, NOON)

    again = reserve(once, M2, HELD, NOON)

    assert again.case is not None
    assert again.case.pending == (M1, M2)
    assert again.outcome_of(M2) == ("hold", "legal")
    assert len(again.decided) == 1


def test_an_earlier_deadline_counts_and_a_later_one_does_not() -> None:
    early = reserve(opened(), M2, replace(SORRY, due_at=NOON + 1), NOON)
    late = reserve(opened(), M2, replace(SORRY, due_at=NOON + DAY_MS), NOON)

    assert early.case is not None
    assert early.case.due_at == NOON + 1
    assert late.case is not None
    assert late.case.due_at == NOON + HOUR_MS


def test_a_graver_mention_raises_the_case_tells_why_and_rings() -> None:
    after = reserve(opened(), M2, HELD, NOON + 9)

    assert after.case is not None
    assert (after.case.band, after.case.epoch, after.case.rung_at) == ("urgent", 2, NOON + 9)
    assert (after.case.reason, after.case.flags) == ("apology", ("legal", "reach"))
    assert (after.case.skill, after.case.chores, after.case.page) == ("legal", ("hide",), True)


def test_a_milder_mention_never_lowers_the_case() -> None:
    before = opened(band="urgent", page=True)

    after = reserve(before, M2, replace(SORRY, band="low"), NOON + 9)

    assert after.case is not None
    assert (after.case.band, after.case.epoch, after.case.page) == ("urgent", 1, True)


def test_who_holds_the_case_is_not_disturbed_but_sees_the_mention() -> None:
    after = reserve(opened(state="claimed"), M2, HELD, NOON + 9)

    assert after.case is not None
    assert (after.case.state, after.case.agent, after.case.epoch) == ("claimed", "ana", 1)
    assert (after.case.band, after.case.pending) == ("urgent", (M1, M2))


@pytest.mark.parametrize("state", ["waiting", "snoozed"])
def test_a_customer_who_was_waited_for_opens_the_case(state: CaseState) -> None:
    after = reserve(opened(state=state), M2, SORRY, NOON + 9)

    assert after.case is not None
    assert (after.case.state, after.case.epoch, after.case.rung_at) == ("open", 2, NOON + 9)


def solved(**changes: Any) -> Conversation:
    done = {"state": "resolved", "pending": (), "resolution": "solved", "resolved_at": NOON}
    return opened(**{**done, **changes})


def test_still_broken_reopens_the_same_case_one_band_up_with_its_age() -> None:
    later = NOON + 3 * DAY_MS

    after = reserve(solved(epoch=5), M2, replace(SORRY, due_at=later + HOUR_MS), later)

    assert after.case is not None
    assert (after.case.state, after.case.band, after.case.epoch) == ("open", "urgent", 6)
    assert (after.case.opened_at, after.case.opened_by) == (NOON, M1)
    assert (after.case.due_at, after.case.rung_at) == (later + HOUR_MS, later)
    assert (after.case.resolution, after.case.resolved_at) == ("", 0)
    assert after.case.pending == (M2,)


@pytest.mark.parametrize(
    ("was", "comes", "becomes"),
    [
        ("low", "normal", "urgent"),
        ("normal", "normal", "urgent"),
        ("urgent", "normal", "urgent"),
        ("normal", "low", "low"),
        ("urgent", "low", "low"),
    ],
)
def test_a_reopened_case_rises_for_a_need_and_not_for_a_kind_word(
    was: Band, comes: Band, becomes: Band
) -> None:
    after = reserve(solved(band=was), M2, replace(SORRY, band=comes), NOON)

    assert after.case is not None
    assert after.case.band == becomes


def test_a_page_of_the_solved_matter_is_not_repeated() -> None:
    quiet = reserve(solved(page=True), M2, SORRY, NOON)
    loud = reserve(solved(), M2, HELD, NOON)

    assert quiet.case is not None
    assert not quiet.case.page
    assert loud.case is not None
    assert loud.case.page


def test_a_person_who_answers_elsewhere_marks_the_case_and_speaks_last() -> None:
    acknowledged = reserve(conversation(), M1, SORRY, NOON)

    after = conversations.person_spoke(acknowledged, NOON + 9)

    assert after.case is not None
    assert ANSWERED_ELSEWHERE in after.case.flags
    assert (after.person_spoke_at, after.last_speaker) == (NOON + 9, "person")
    assert conversations.person_spoke(after, NOON + 9) == after
    assert conversations.person_spoke(after, NOON).person_spoke_at == NOON + 9


def test_a_mention_after_that_is_not_answered_by_it() -> None:
    spoken = conversations.person_spoke(opened(), NOON + 9)

    after = reserve(spoken, M2, replace(SORRY, outcome="hold", reason="once"), NOON + 20)

    assert after.case is not None
    assert ANSWERED_ELSEWHERE not in after.case.flags


def test_a_person_who_answers_here_or_without_a_case_only_speaks() -> None:
    assert conversations.person_answered(opened(), NOON + 9).case == case()
    assert conversations.person_answered(opened(), NOON + 9).person_spoke_at == NOON + 9
    assert conversations.person_spoke(solved(), NOON + 9).case == solved().case
    assert conversations.person_spoke(conversation(), NOON + 9).case is None


def test_an_acknowledgement_after_a_person_makes_the_machine_speak_last() -> None:
    spoken = conversations.person_spoke(conversation(), NOON)

    assert conversation().last_speaker == "customer"
    assert reserve(spoken, M1, SORRY, NOON + 1).last_speaker == "machine"
    assert reserve(spoken, M1, SORRY, NOON).last_speaker == "person"


def test_only_a_live_case_needs_somebody() -> None:
    assert opened().live_case == case()
    assert solved().live_case is None
    assert conversation().live_case is None


@settings(max_examples=60)
@given(st.lists(st.tuples(mentions, decisions), max_size=60))
def test_a_conversation_stays_small_and_every_mention_finds_its_last_decision(
    steps: list[tuple[MentionId, Decision]],
) -> None:
    after = conversation()
    last: dict[MentionId, tuple[Outcome, str]] = {}
    for number, (mention, decision) in enumerate(steps):
        after = reserve(after, mention, decision, NOON + number)
        last.pop(mention, None)
        last[mention] = (decision.outcome, decision.reason)

    assert len(after.decided) == min(len(last), DECIDED_MAX)
    newest = dict(list(last.items())[-DECIDED_MAX:])
    assert all(after.outcome_of(mention) == outcome for mention, outcome in newest.items())
    if after.case:
        assert len(after.case.pending) <= PENDING_MAX
        assert len(set(after.case.pending)) == len(after.case.pending)


@settings(max_examples=60)
@given(st.lists(st.tuples(mentions, decisions), max_size=20))
def test_a_live_case_is_never_lowered_delayed_or_forgotten(
    steps: list[tuple[MentionId, Decision]],
) -> None:
    after = opened(band="normal")
    for number, (mention, decision) in enumerate(steps):
        before = after.case
        after = reserve(after, mention, decision, NOON + number)

        assert before is not None
        assert after.case is not None
        assert BANDS.index(after.case.band) <= BANDS.index(before.band)
        assert after.case.due_at <= before.due_at
        assert after.case.epoch >= before.epoch
        assert decision.band is None or mention in after.case.pending
        assert set(before.pending) <= set(after.case.pending)
