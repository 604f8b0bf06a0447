"""One attempt, step by step: what it decides and what it writes, seen at the store."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from heed.adapter import Call, Lookup, OwnReply, Response
from heed.domain.clock import HOUR_MS, MINUTE_MS
from heed.domain.reply import RETRY_MS, ReplyRef, Sending
from heed.errors import (
    DoubtfulError,
    NotSentError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
)
from heed.flows.attempts import DOUBT_MS_MAX, look, send, settle
from heed.flows.sending import Job, Replying
from heed.ports import Claim, Move
from tests.heed.flows.jobs import NotingOutbox, a_job, decided_world
from tests.heed.flows.toys import WINDOW_S, X
from tests.heed.flows.world import World

CALL = Call("GET", "api.x.com", "/2/users/1/tweets")
LAG_S = 7


@pytest.fixture
def world() -> World:
    return decided_world()


@pytest.fixture
def outbox() -> NotingOutbox:
    return NotingOutbox()


class LateOutbox(NotingOutbox):
    """Has counted a look meanwhile."""

    def claim(self, ref: ReplyRef, seen: Sending, claim: Claim) -> Sending | None:
        held = super().claim(ref, seen, claim)
        return replace(held, looks=1) if held else None


class Platform:
    """Answers every call with nothing in particular, or not at all."""

    def __init__(self) -> None:
        self.failure: OutboundError | None = None
        self.calls: list[Call] = []

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
        del token, hosts
        self.calls.append(call)
        if self.failure:
            raise self.failure
        return Response(200, {}, b"{}")


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def s(world: World, outbox: NotingOutbox, platform: Platform) -> Replying:
    stand_in: Any = outbox
    return replace(world.replying, outbox=stand_in, sender=platform)


def adapter(*found: OwnReply, window_s: int = 0, **functions: Any) -> Any:
    """X, on which a look finds what is given."""
    lookup = Lookup(CALL, lambda _: found, LAG_S)
    given = {"KEY_WINDOW_S": window_s, "find_own_reply": lambda _: lookup, **functions}
    return SimpleNamespace(**{**vars(X), **given})


def a_doubt(world: World, *, window_s: int = 0, of: Any = None, **fields: Any) -> Job:
    now = world.clock.now()
    sending = Sending("doubt", epoch=1, key="k", first_try_at=now, doubt_at=now)
    return a_job(
        world,
        sending=replace(sending, **fields),
        adapter=of or adapter(window_s=window_s, find_own_reply=lambda _: None),
    )


@pytest.mark.parametrize(
    ("changes", "may_repeat"),
    [
        ({}, True),
        ({"todo": "again"}, True),
        ({"gone_at": 5}, False),
        ({"own_post": "9"}, False),
        ({"todo": "own"}, False),
        ({"todo": "edit"}, False),
        ({"todo": "del"}, False),
    ],
)
def test_the_key_is_used_only_while_nothing_changed_below_the_mention(
    world: World, s: Replying, changes: dict[str, Any], *, may_repeat: bool
) -> None:
    job = a_doubt(world, window_s=WINDOW_S)
    job = replace(job, stored=replace(job.stored, **changes))

    assert (settle(job, s) == job) == may_repeat


def test_a_key_that_is_forgotten_is_not_waited_for(world: World, s: Replying) -> None:
    fresh = a_doubt(world, window_s=WINDOW_S)
    old = a_doubt(world, window_s=WINDOW_S, first_try_at=world.clock.now() - 2 * WINDOW_S * 1000)

    assert look(fresh, s, waits=True) == "doubt"
    assert look(old, s, waits=True) == "parked"


def test_a_look_that_finds_nothing_is_repeated_after_the_lag(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    now = world.clock.now()

    assert look(a_doubt(world, of=adapter()), s) == "doubt"
    planned = look(a_doubt(world, of=adapter(), looks=1), s)

    assert outbox.moves == [
        Move("doubt", look_at=now + LAG_S * 1000, looks=1, doubt_at=now),
        Move("planned", look_at=now, tries=1, looks=0),
    ]
    assert isinstance(planned, Job)


@pytest.mark.parametrize(
    ("failure", "wait_ms"),
    [(RateLimitedError("wait", 600), 10 * MINUTE_MS), (DoubtfulError("no answer"), RETRY_MS)],
)
def test_a_look_that_fails_waits_as_long_as_the_platform_wants(
    world: World, s: Replying, outbox: NotingOutbox, *, failure: OutboundError, wait_ms: int
) -> None:
    platform = Platform()
    platform.failure = failure
    now = world.clock.now()

    assert look(a_doubt(world, of=adapter()), replace(s, sender=platform)) == "doubt"
    assert outbox.moves == [Move("doubt", look_at=now + wait_ms, doubt_at=now)]


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [(None, "doubt"), (DOUBT_MS_MAX, "doubt"), (DOUBT_MS_MAX + 1, "parked")],
)
def test_looks_that_fail_are_repeated_for_an_hour(
    world: World, s: Replying, platform: Platform, age_ms: int | None, expected: str
) -> None:
    platform.failure = DoubtfulError("no answer")
    # An item of an earlier version does not tell since when.
    doubt_at = 0 if age_ms is None else world.clock.now() - age_ms

    assert look(a_doubt(world, of=adapter(), doubt_at=doubt_at), s) == expected
    assert DOUBT_MS_MAX == HOUR_MS


def test_private_words_below_a_private_mention_are_looked_for(
    world: World, s: Replying, platform: Platform
) -> None:
    job = replace(a_doubt(world, of=adapter()), private=True)
    private = replace(job.stored.mention, visibility="private")

    assert look(job, s) == "parked"
    assert look(replace(job, stored=replace(job.stored, mention=private)), s) == "doubt"
    assert platform.calls == [CALL]


def test_a_second_try_that_fails_waits_twice_as_long_and_a_third_is_the_last(
    world: World, s: Replying, outbox: NotingOutbox, platform: Platform
) -> None:
    platform.failure = NotSentError("no connection")
    second = a_job(world, text="Sorry", sending=Sending("planned", tries=1))

    assert send(second, s) == "planned"
    assert send(replace(second, sending=Sending("planned", tries=2)), s) == "refused"

    look_at = world.clock.now() + 2 * RETRY_MS
    assert outbox.moves[0] == Move("planned", look_at=look_at, tries=2, looks=0)


def probing(world: World, s: Replying, job: Job) -> None:
    """Let the account's breaker have been open: the next call is a probe."""
    s.accounts.open(job.account, "down", world.clock.now() + 1)
    world.clock.forward(ms=2)


def test_a_look_that_loses_its_claim_gives_the_probe_back(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    job = a_doubt(world, of=adapter())
    probing(world, s, job)
    outbox.is_lost = True

    assert look(job, s) == "lost"
    assert s.accounts.take(job.account, "another", world.clock.now() + 1)


def test_a_claim_too_slow_for_the_key_gives_the_probe_back_and_is_looked_at_now(
    world: World, s: Replying, outbox: NotingOutbox, platform: Platform
) -> None:
    job = a_doubt(world, window_s=WINDOW_S, first_try_at=1)
    probing(world, s, job)

    assert send(job, s) == "doubt"
    now = world.clock.now()
    assert outbox.moves == [Move("doubt", look_at=now, doubt_at=now)]
    assert platform.calls == []
    assert s.accounts.take(job.account, "another", now + 1)


def rejects(cause: str) -> Any:
    def read_receipt(response: Response, now: int) -> Any:
        raise ReplyRejectedError("no", cause)

    return read_receipt


def test_a_known_key_says_that_the_reply_stands_but_not_under_which_id(
    world: World, s: Replying, outbox: NotingOutbox
) -> None:
    of = adapter(window_s=WINDOW_S, read_receipt=rejects("duplicate"))

    assert send(replace(a_doubt(world, of=of), text="Sorry"), s) == "sent"
    assert outbox.moves == [Move("sent", reply_id="")]


def test_a_refused_repeat_whose_second_look_finds_nothing_is_planned(
    world: World, s: Replying
) -> None:
    of = adapter(window_s=WINDOW_S, read_receipt=rejects("blocked"))
    job = a_doubt(world, of=of)
    outbox: Any = LateOutbox()

    assert send(replace(job, text="Sorry"), replace(s, outbox=outbox)) == "planned"
