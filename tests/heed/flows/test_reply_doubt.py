"""Doubt where the platform knows keys: the same again inside the window, and only then."""

from dataclasses import replace
from typing import Any

import pytest

from heed.adapter import Lookup, OwnReply, Response
from heed.domain.account import AccountId
from heed.domain.mention import Mention
from heed.domain.reply import KEY_MARGIN_MS, SKEW_MS, UNDO_MS, ReplyRef
from heed.errors import DoubtfulError, NotSentError, RateLimitedError, ReplyRejectedError
from heed.flows.reply import reply
from heed.ports import Claim
from infra.local.twins.faults import Fault, FaultKind
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_deletion, x_event, x_post
from tests.heed.flows.test_reply_sending import LEASE_S
from tests.heed.flows.toys import WINDOW_S, KeyedSender, X, keyed
from tests.heed.flows.world import CrashError, World

A = "2100000000000000001"
MA = f"x#{X_ACCOUNT}#post:{A}"
LAST_MS = WINDOW_S * 1000 - KEY_MARGIN_MS


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def platform(world: World) -> KeyedSender:
    return keyed(world)


def decided(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    assert world.triage() == ["acknowledge"]


def bring(world: World, ref: ReplyRef | None = None) -> str:
    return reply(ref or world.ref(MA), world.replying)


def fails(world: World, kind: FaultKind, **more: Any) -> None:
    world.twin("x").faults.add(Fault(kind, **more))


def in_doubt(world: World, kind: FaultKind = "lose_answer") -> None:
    decided(world)
    fails(world, kind)
    assert bring(world) == "doubt"
    world.clock.forward(ms=SKEW_MS)


@pytest.mark.parametrize("kind", ["lose_answer", "lose_request", "error_after", "error_before"])
@pytest.mark.parametrize("repeats_answer", [True, False])
def test_the_same_key_again_settles_it_either_way(
    world: World, platform: KeyedSender, kind: FaultKind, repeats_answer: bool
) -> None:
    platform.repeats_answer = repeats_answer
    in_doubt(world, kind)

    assert bring(world) == "sent"

    assert len(world.posts()) == 1
    first, second = platform.keys
    assert first == second
    assert world.stored(MA).sending.epoch == 2


def test_a_worker_that_died_is_followed_under_the_same_key(
    world: World, platform: KeyedSender
) -> None:
    decided(world)
    world.hook.crash_on = "platform send after"
    with pytest.raises(CrashError):
        bring(world)
    world.clock.forward(s=LEASE_S)

    assert bring(world) == "sent"
    assert len(world.posts()) == 1
    assert len(set(platform.keys)) == 1


def test_just_inside_the_window_the_key_counts_and_just_outside_a_person_is_asked(
    world: World, platform: KeyedSender
) -> None:
    in_doubt(world)
    tried_at = world.stored(MA).sending.first_try_at
    world.clock.forward(ms=tried_at + LAST_MS - 1 - world.clock.now())
    platform.failures = [DoubtfulError("no answer")]
    assert bring(world) == "doubt"
    world.clock.forward(ms=SKEW_MS)

    assert bring(world) == "parked"

    assert "parked_key_window_passed" in world.case(MA).flags
    assert len(world.posts()) == 1


def test_a_claim_so_slow_that_the_window_passed_sends_nothing(
    world: World, platform: KeyedSender
) -> None:
    in_doubt(world)
    tried_at = world.stored(MA).sending.first_try_at
    world.clock.forward(ms=tried_at + LAST_MS - 1 - world.clock.now())
    sent = len(platform.keys)

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return self.claim if name == "claim" else getattr(world.outbox, name)

        def claim(self, ref: ReplyRef, seen: Any, claim: Claim) -> Any:
            held = world.outbox.claim(ref, seen, claim)
            world.clock.forward(ms=1)
            return held

    outbox: Any = Slow()
    assert reply(world.ref(MA), replace(world.replying, outbox=outbox)) == "doubt"
    assert len(platform.keys) == sent


@pytest.mark.parametrize(
    "error", [NotSentError("no way"), RateLimitedError("wait", 60), DoubtfulError("no answer")]
)
def test_what_goes_wrong_with_the_repeat_leaves_it_in_doubt(
    world: World, platform: KeyedSender, error: Any
) -> None:
    in_doubt(world)
    platform.failures = [error]

    assert bring(world) == "doubt"
    assert world.stored(MA).sending.tries == 0

    world.run(5)
    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_a_refusal_of_the_repeat_says_nothing_of_the_first(
    world: World, platform: KeyedSender
) -> None:
    in_doubt(world)
    platform.failures = [ReplyRejectedError("the author is gone", "gone")]

    assert bring(world) == "parked"

    assert "parked_no_lookup" in world.case(MA).flags


def test_a_refusal_of_the_repeat_is_followed_by_a_look_where_there_is_one(world: World) -> None:
    platform = keyed(world, find_own_reply=X.find_own_reply)
    in_doubt(world, "lose_request")
    refusal = ReplyRejectedError("the author is gone", "gone")
    platform.failures = [refusal, None, None, refusal]

    assert bring(world) == "doubt"
    assert world.stored(MA).sending.looks == 1
    world.run(3)

    assert world.state(MA) == "refused"
    assert "refused_gone" in world.case(MA).flags
    assert world.posts() == []


def test_a_second_look_after_a_refused_repeat_may_plan_it_again(world: World) -> None:
    platform = keyed(world, find_own_reply=X.find_own_reply)
    in_doubt(world, "lose_request")
    platform.failures = [ReplyRejectedError("not now", "blocked")]
    bring(world)
    world.run(3)

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


@pytest.mark.parametrize("happens", ["deleted", "edited"])
def test_the_key_is_not_used_for_words_that_may_not_leave_any_more(
    world: World, platform: KeyedSender, happens: str
) -> None:
    in_doubt(world)
    sent = len(platform.keys)
    world.clock.forward(s=1)
    at = world.clock.now()
    body = (
        x_deletion(A)
        if happens == "deleted"
        else x_post(A, "I will kill myself", at=at, versions=(A, A + "5"))
    )
    world.deliver("x", body)

    assert bring(world) == "parked"
    assert len(platform.keys) == sent


def test_a_pause_keeps_the_key_for_later(world: World, platform: KeyedSender) -> None:
    in_doubt(world)
    world.switch(paused=True)
    sent = len(platform.keys)
    assert bring(world) == "doubt"
    assert len(platform.keys) == sent

    world.switch(paused=False)
    world.run(2)
    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_a_doubt_that_outlasts_the_rules_goes_to_a_person(
    world: World, platform: KeyedSender
) -> None:
    in_doubt(world)
    world.switch(mode="watch")

    assert bring(world) == "parked"
    assert "parked_no_lookup" in world.case(MA).flags


def test_a_doubt_that_a_rule_stops_is_looked_for_and_then_withheld(world: World) -> None:
    keyed(world, find_own_reply=X.find_own_reply)
    in_doubt(world, "lose_request")
    world.switch(mode="watch")

    assert bring(world) == "doubt"
    world.clock.forward(s=60)
    assert bring(world) == "withheld"

    assert (world.state(MA), world.posts()) == ("queued", [])


def test_who_loses_the_claim_for_the_end_changes_nothing(
    world: World, platform: KeyedSender
) -> None:
    in_doubt(world)
    seen = world.stored(MA)
    world.clock.forward(s=WINDOW_S)
    assert bring(world) == "parked"

    class Behind:
        def __getattr__(self, name: str) -> Any:
            return (lambda mention: seen) if name == "get" else getattr(world.mentions, name)

    handing: Any = replace(world.handing, mentions=Behind())
    assert reply(world.ref(MA), replace(world.replying, handing=handing)) == "lost"


def test_a_look_that_another_took_over_sends_nothing(world: World) -> None:
    in_doubt(world, "lose_request")
    world.clock.forward(s=60)
    assert bring(world) == "doubt"
    world.clock.forward(s=60)

    class Taken:
        """Somebody else looks at the same time, and is faster."""

        def __getattr__(self, name: str) -> Any:
            return self.move if name == "move" else getattr(world.outbox, name)

        def move(self, *_: Any) -> bool:
            return False

    outbox: Any = Taken()
    assert reply(world.ref(MA), replace(world.replying, outbox=outbox)) == "lost"
    assert world.posts() == []


def test_who_loses_the_claim_for_a_look_lets_another_probe(world: World) -> None:
    in_doubt(world)

    class Lost:
        def __getattr__(self, name: str) -> Any:
            return (lambda *_: None) if name == "claim" else getattr(world.outbox, name)

    outbox: Any = Lost()
    assert reply(world.ref(MA), replace(world.replying, outbox=outbox)) == "lost"
    assert bring(world) == "sent"


def test_a_mention_whose_slot_went_on_while_it_was_in_doubt_is_looked_for(
    world: World, platform: KeyedSender
) -> None:
    in_doubt(world)
    world.conversations.save(replace(world.conversation(MA), ack=None))

    assert bring(world) == "parked"


def test_a_key_waits_for_its_account_in_doubt(world: World, platform: KeyedSender) -> None:
    in_doubt(world)
    account = AccountId("x", X_ACCOUNT)
    world.accounts.open(account, "throttled", world.clock.now() + 60_000)

    assert bring(world) == "doubt"
    world.run(2)

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_a_look_that_tells_nothing_is_repeated(world: World) -> None:
    def read(answer: Response) -> tuple[OwnReply, ...]:
        raise DoubtfulError("there are more own posts than one page shows")

    def look(mention: Mention) -> Lookup:
        found: Lookup = X.find_own_reply(mention)
        return replace(found, read=read)

    keyed(world, KEY_WINDOW_S=0, find_own_reply=look)
    in_doubt(world)

    assert bring(world) == "doubt"

    assert world.stored(MA).sending.looks == 0
    assert world.accounts.get(AccountId("x", X_ACCOUNT)).is_well


# People's words.


def test_a_persons_words_in_doubt_for_a_disabled_account_end_with_a_person(
    world: World, platform: KeyedSender
) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    platform.failures = [DoubtfulError("no answer")]
    assert bring(world, ref) == "doubt"
    world.deliver("x", x_event("oauth.revoke", {"user_id": X_ACCOUNT}))
    world.clock.forward(ms=UNDO_MS)

    assert bring(world, ref) == "parked"

    assert world.agents_reply(ref).reason == "no_lookup"


# The bound: after faults stop, lease + two sweeps + the look-up's lag.


@pytest.mark.parametrize("crash_on", ["platform send before", "platform send after"])
@pytest.mark.parametrize("offset_s", range(0, 60, 7))
def test_what_a_dead_worker_left_ends_within_its_lease_two_sweeps_and_the_lag(
    crash_on: str, offset_s: int
) -> None:
    world = World()
    decided(world)
    world.hook.crash_on = crash_on
    with pytest.raises(CrashError):
        bring(world)
    died_at = world.clock.now()
    world.clock.forward(s=offset_s)

    while world.state(MA) != "sent":
        world.run(1)

    assert world.clock.now() - died_at <= (LEASE_S + 2 * 60 + 60) * 1000
    assert len(world.posts()) == 1


@pytest.mark.parametrize("kind", ["lose_answer", "lose_request", "error_before"])
@pytest.mark.parametrize("offset_s", range(0, 60, 7))
def test_a_doubt_ends_within_two_sweeps_and_the_lag(kind: FaultKind, offset_s: int) -> None:
    world = World()
    decided(world)
    world.clock.forward(s=offset_s)
    fails(world, kind)
    began_at = world.clock.now()
    assert bring(world) == "doubt"

    while world.state(MA) != "sent":
        world.run(1)

    assert world.clock.now() - began_at <= (10 + 2 * 60 + 60) * 1000
    assert len(world.posts()) == 1
