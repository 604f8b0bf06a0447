"""From state to state, step by step: what is claimed and written, seen at the store."""

from dataclasses import replace
from typing import Any

import pytest

from heed.domain.clock import HOUR_MS, MINUTE_MS
from heed.domain.reply import ReplyRef, ReplyState, Sending
from heed.flows import sending as states
from heed.flows.sending import LOOK_MS_MAX, Job, Replying
from heed.ports import Move
from tests.heed.flows.jobs import MA, PERSONS, NotingOutbox, a_job, decided_world
from tests.heed.flows.world import World


@pytest.fixture
def world() -> World:
    return decided_world()


@pytest.fixture
def outbox() -> NotingOutbox:
    return NotingOutbox()


@pytest.fixture
def s(world: World, outbox: NotingOutbox) -> Replying:
    stand_in: Any = outbox
    return replace(world.replying, outbox=stand_in)


def test_a_bare_job_says_nothing_and_was_never_asked_for(world: World) -> None:
    job = a_job(world)

    assert (job.text, job.outcome, job.reasons, job.since, job.private) == ("", "", (), 0, False)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("planned", False), ("sending", True), ("doubt", True), ("sent", False)],
)
def test_what_may_have_been_posted_is_in_doubt(
    world: World, state: ReplyState, *, expected: bool
) -> None:
    assert a_job(world, state).is_in_doubt == expected


def test_a_look_is_claimed_without_a_text_and_without_a_decision(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    job = a_job(world, text="Sorry", outcome="acknowledge", reasons=("apology",))

    assert states.claimed(job, "doubt", s)
    assert states.claimed(job, "sending", s)

    look, send = outbox.claims
    assert (look.state, look.fingerprint, look.outcome, look.reasons) == ("doubt", "", "", ())
    assert (send.outcome, send.reasons) == ("acknowledge", ("apology",))
    assert send.fingerprint


def test_what_waits_says_why_and_is_looked_at_within_a_quarter_of_an_hour(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    states.put_off(a_job(world), "paused", MINUTE_MS, s)
    states.put_off(a_job(world), "paused", HOUR_MS, s)

    now = world.clock.now()
    assert outbox.moves == [
        Move("planned", look_at=now + MINUTE_MS, reason="paused"),
        Move("planned", look_at=now + 900_000, reason="paused"),
    ]
    assert LOOK_MS_MAX == 900_000


def test_what_is_in_doubt_stays_so_while_it_waits(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    assert states.postpone(a_job(world, "doubt"), "paused", MINUTE_MS, s) == "doubt"

    now = world.clock.now()
    assert outbox.moves == [Move("doubt", look_at=now + MINUTE_MS, doubt_at=now)]


def test_a_machines_words_wait_however_long_ago_they_were_asked_for(
    world: World, s: Replying
) -> None:
    assert states.postpone(a_job(world, since=0), "paused", MINUTE_MS, s) == "postponed"


def test_a_persons_words_wait_for_an_hour_and_no_longer(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    just = a_job(world, ref=PERSONS, since=world.clock.now() - HOUR_MS)

    assert states.postpone(just, "paused", MINUTE_MS, s) == "postponed"
    assert states.postpone(replace(just, since=just.since - 1), "paused", 0, s) == "refused"
    assert [move.state for move in outbox.moves] == ["planned", "refused"]


def test_a_doubt_is_written_with_its_instant(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    assert states.doubted(a_job(world, "sending"), MINUTE_MS, s, looks=1) == "doubt"

    now = world.clock.now()
    assert outbox.moves == [Move("doubt", look_at=now + MINUTE_MS, looks=1, doubt_at=now)]


TRIED = Sending("doubt", epoch=3, tries=1, looks=1, opens_at=1, doubt_at=5, key="k")


def test_another_try_begins_anew_under_the_same_epoch(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    planned = states.again(a_job(world, sending=TRIED), "not_found", 7, s)

    look_at = world.clock.now() + 7
    assert outbox.moves == [Move("planned", look_at=look_at, tries=2, looks=0)]
    assert isinstance(planned, Job)
    assert planned.sending == Sending("planned", epoch=3, tries=2, opens_at=look_at, key="k")
    assert planned.stored.sending == planned.sending


def test_another_try_of_a_persons_words_leaves_the_mentions_own_state(
    world: World, s: Replying
) -> None:
    job = a_job(world, sending=TRIED, ref=PERSONS)

    planned = states.again(job, "not_found", 0, s)

    assert isinstance(planned, Job)
    assert planned.stored == job.stored


def test_a_third_try_is_the_last(world: World, s: Replying, outbox: NotingOutbox) -> None:
    job = a_job(world, sending=replace(TRIED, tries=2))

    assert states.again(job, "not_found", 0, s) == "refused"
    assert outbox.moves == [Move("refused", reason="not_found")]


def test_another_try_that_somebody_else_took_is_lost(world: World, s: Replying) -> None:
    stand_in: Any = NotingOutbox(is_lost=True)

    job = a_job(world, sending=TRIED)
    assert states.again(job, "not_found", 0, replace(s, outbox=stand_in)) == "lost"


@pytest.mark.parametrize(
    ("ref", "state", "gone_at", "has_case"),
    [
        (None, "refused", 0, True),
        (None, "refused", 5, False),
        (None, "parked", 5, True),
        (PERSONS, "refused", 5, True),
    ],
)
def test_an_end_goes_to_a_person_unless_the_author_took_it_back(
    world: World, s: Replying, ref: ReplyRef | None, state: Any, *, gone_at: int, has_case: bool
) -> None:
    job = a_job(world)
    job = replace(job, ref=ref or job.ref, stored=replace(job.stored, gone_at=gone_at))
    assert world.conversations.save(replace(world.conversation(MA), case=None))

    assert states.end(job, state, "rejected", s) == state

    case = world.conversation(MA).case
    assert (case is not None) == has_case
    if case:
        assert case.reason == f"{state}_rejected"


@pytest.mark.parametrize(
    ("ref", "state", "is_free"),
    [(None, "refused", True), (None, "parked", False), (PERSONS, "refused", False)],
)
def test_only_what_certainly_was_not_posted_by_the_machine_frees_the_slot(
    world: World, s: Replying, ref: ReplyRef | None, state: Any, *, is_free: bool
) -> None:
    job = a_job(world)

    states.end(replace(job, ref=ref or job.ref), state, "rejected", s)

    assert (world.conversation(MA).ack is None) == is_free
