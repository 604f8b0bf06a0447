"""The protocol of one send: claimed, sent once, recorded; and what is done about every doubt."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from heed import adapter as adapters
from heed.adapter import Lookup, OwnReply
from heed.domain.account import AccountId
from heed.domain.reply import LEASE_MARGIN_MS, RETRY_MS, ReplyRef, Sending
from heed.errors import DoubtfulError, NotSentError, ReplyRejectedError
from heed.flows.reply import reply
from heed.flows.sending import Job, end
from heed.ports import Claim, Move
from infra.local.twins.faults import Fault, FaultKind
from infra.local.twins.x_rules import XRules
from tests.heed.flows.bodies import BOT, COMPLAINT, X_ACCOUNT, telegram_message, x_message, x_post
from tests.heed.flows.world import TIMEOUT_MS, CrashError, World

A, B = "2100000000000000001", "2100000000000000002"
MA, MB = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B))
DM = f"x#{X_ACCOUNT}#message:{A}"
TELEGRAM = f"telegram#{BOT}#message:511820044:7"
LEASE_S = (TIMEOUT_MS + LEASE_MARGIN_MS) // 1000


@pytest.fixture
def world() -> World:
    return World()


def decided(world: World, post: str = A, **more: Any) -> ReplyRef:
    world.deliver("x", x_post(post, COMPLAINT, at=world.clock.now(), **more))
    assert world.triage() == ["acknowledge"]
    return world.ref(f"x#{X_ACCOUNT}#post:{post}")


def bring(world: World, ref: ReplyRef | None = None) -> str:
    return reply(ref or world.ref(MA), world.replying)


def fails(world: World, kind: FaultKind, **more: Any) -> None:
    world.twin("x").faults.add(Fault(kind, **more))


def sending(world: World, mention: str = MA) -> Sending:
    return world.stored(mention).sending


# Once.


def test_a_claim_says_who_holds_it_until_when_and_what_is_said(world: World) -> None:
    decided(world)
    fails(world, "lose_answer")
    bring(world)

    held = sending(world)
    assert (held.state, held.epoch) == ("doubt", 1)
    assert held.first_try_at == world.clock.now()
    assert held.key == held.by
    assert held.lease_until == world.clock.now() + LEASE_S * 1000
    assert held.fingerprint


def test_nobody_sends_while_another_holds_it(world: World) -> None:
    ref = decided(world)
    now = world.clock.now()
    world.outbox.claim(ref, sending(world), Claim("sending", "other", now + 90_000, now))

    assert bring(world) == "in_hand"
    assert world.sender.calls == []


def test_who_loses_the_claim_sends_nothing(world: World) -> None:
    ref = decided(world)
    seen = world.stored(MA)
    now = world.clock.now()
    world.outbox.claim(ref, seen.sending, Claim("sending", "other", now + 90_000, now))

    class Behind:
        """Reads what was there before the other's claim."""

        def __getattr__(self, name: str) -> Any:
            return (lambda mention: seen) if name == "get" else getattr(world.mentions, name)

    handing: Any = replace(world.handing, mentions=Behind())
    assert reply(ref, replace(world.replying, handing=handing)) == "lost"
    assert world.sender.calls == []


def test_the_worst_moments_to_die_cost_no_second_text(world: World) -> None:
    decided(world)
    for phase in range(4):
        world.hook.arm(2 * phase + 1)
        with pytest.raises(CrashError):
            bring(world)
        world.clock.forward(s=LEASE_S)

    world.hook.disarm()
    world.run(20)

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


# Doubt.


@pytest.mark.parametrize("kind", ["lose_answer", "error_after", "slow"])
def test_a_text_that_was_posted_is_found_and_not_sent_again(kind: FaultKind, world: World) -> None:
    decided(world)
    fails(world, kind, wait_s=30)

    assert bring(world) == "doubt"
    assert bring(world) == "too_early"
    world.clock.forward(s=60)
    assert bring(world) == "sent"

    [post] = world.twin("x").visible_posts()
    assert sending(world).reply_id == post.id


@pytest.mark.parametrize("kind", ["lose_request", "error_before"])
def test_two_looks_that_find_nothing_let_it_be_sent_again(kind: FaultKind, world: World) -> None:
    decided(world)
    fails(world, kind)

    assert bring(world) == "doubt"
    world.clock.forward(s=60)
    assert bring(world) == "doubt"
    assert sending(world).looks == 1
    assert bring(world) == "too_early"
    world.clock.forward(s=60)
    assert bring(world) == "sent"

    assert len(world.posts()) == 1
    assert sending(world).tries == 1


def test_a_look_up_that_lags_behind_is_asked_twice() -> None:
    world = World(x_rules=XRules(lookup_lag_s=90))
    decided(world)
    fails(world, "lose_answer")

    assert bring(world) == "doubt"
    world.clock.forward(s=60)
    assert bring(world) == "doubt"
    world.clock.forward(s=60)
    assert bring(world) == "sent"

    assert len(world.posts()) == 1


def test_a_worker_that_died_is_looked_for_when_its_lease_ran_out(world: World) -> None:
    decided(world)
    world.hook.crash_on = "platform send after"
    with pytest.raises(CrashError):
        bring(world)
    assert bring(world) == "in_hand"

    world.clock.forward(s=LEASE_S)
    assert bring(world) == "sent"
    assert len(world.posts()) == 1


def test_a_third_try_that_is_not_found_is_refused_and_goes_to_a_person(world: World) -> None:
    decided(world)
    for _ in range(3):
        fails(world, "lose_request")

    world.run(15)

    assert world.state(MA) == "refused"
    assert world.posts() == []
    assert "refused_not_found" in world.case(MA).flags
    assert len([call for call in world.sender.calls if call.method == "POST"]) == 3


def test_without_a_look_up_a_doubt_is_parked_for_a_person(world: World) -> None:
    body = telegram_message(7, "My flight was terrible", at=world.clock.now())
    world.deliver("telegram", body)
    world.twin("telegram").faults.add(Fault("lose_answer"))

    world.run(2)

    assert world.state(TELEGRAM) == "parked"
    assert len(world.posts("telegram")) == 1
    assert "parked_no_lookup" in world.case(TELEGRAM).flags


def test_a_look_that_fails_is_repeated_for_an_hour(world: World) -> None:
    decided(world)
    fails(world, "lose_answer")
    for _ in range(200):
        fails(world, "error_before", on="lookup")

    world.run(30)
    assert world.state(MA) == "doubt"

    world.run(40)
    assert world.state(MA) == "parked"
    assert "parked_look_refused" in world.case(MA).flags
    assert len(world.posts()) == 1


def test_a_look_without_a_token_waits(world: World) -> None:
    decided(world)
    fails(world, "lose_answer")
    bring(world)
    world.store_secret(f"x/{X_ACCOUNT}/token", token="")
    world.clock.forward(s=301)

    assert bring(world) == "doubt"

    world.store_secret(f"x/{X_ACCOUNT}/token", token="token-x")
    world.run(8)
    assert world.state(MA) == "sent"


def test_two_who_look_at_once_change_nothing_for_each_other(world: World) -> None:
    decided(world)
    fails(world, "lose_answer")
    bring(world)
    world.clock.forward(s=60)
    seen = world.stored(MA)
    assert bring(world) == "sent"

    class Behind:
        def __getattr__(self, name: str) -> Any:
            return (lambda mention: seen) if name == "get" else getattr(world.mentions, name)

    handing: Any = replace(world.handing, mentions=Behind())
    assert reply(world.ref(MA), replace(world.replying, handing=handing)) == "lost"
    assert world.state(MA) == "sent"


def with_adapter(world: World, **functions: Any) -> Any:
    """Reply with an adapter for X that has some functions of its own."""
    changed: Any = SimpleNamespace(**{**vars(adapters.load("x")), **functions})
    return replace(world.replying, load=lambda name: changed)


def _refuses(*_: Any) -> Any:
    raise ReplyRejectedError("no id that a call may carry", "bad_request")


def test_a_look_up_that_cannot_be_built_counts_as_none(world: World) -> None:
    ref = decided(world)
    fails(world, "lose_answer")
    replying = with_adapter(world, find_own_reply=_refuses)

    assert reply(ref, replying) == "doubt"
    world.clock.forward(s=10)
    assert reply(ref, replying) == "parked"
    assert "parked_no_lookup" in world.case(MA).flags


def test_a_reply_that_cannot_be_built_is_refused(world: World) -> None:
    ref = decided(world)

    assert reply(ref, with_adapter(world, build_reply=_refuses)) == "refused"
    assert "refused_bad_request" in world.case(MA).flags
    assert world.sender.calls == []


def test_somebody_elses_words_below_the_mention_are_not_ours(world: World) -> None:
    ref = decided(world)
    fails(world, "lose_answer")
    bring(world)
    world.clock.forward(s=60)

    def look(mention: Any) -> Lookup:
        real = adapters.load("x").find_own_reply(mention)
        assert real is not None
        return replace(real, read=lambda answer: (OwnReply("9", "Something else"),))

    assert reply(ref, with_adapter(world, find_own_reply=look)) == "doubt"
    assert sending(world).looks == 1


def test_a_link_that_the_platform_shortened_and_a_handle_in_front_do_not_hide_it(
    world: World,
) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "Hi Marta, see acme.example/bags and https://acme.example/x?y=1 ok")
    fails(world, "lose_answer")
    assert bring(world, ref) == "doubt"
    world.clock.forward(s=60)

    def look(mention: Any) -> Lookup:
        real = adapters.load("x").find_own_reply(mention)
        assert real is not None
        text = "@marta_reads Hi Marta, see https://t.co/a1 and https://t.co/b2 ok"
        return replace(real, read=lambda answer: (OwnReply("9", text),))

    assert reply(ref, with_adapter(world, find_own_reply=look)) == "sent"
    assert world.agents_reply(ref).sending.reply_id == "9"


# Not sent.


def test_a_throttled_text_waits_as_long_as_the_platform_says(world: World) -> None:
    decided(world)
    fails(world, "throttle", wait_s=600)

    assert bring(world) == "throttled"
    assert bring(world) == "too_early"
    world.run(9)
    assert (world.state(MA), world.posts()) == ("planned", [])
    world.run(3)

    assert world.state(MA) == "sent"
    assert sending(world).tries == 0


def test_a_platform_that_cannot_be_reached_is_tried_three_times(world: World) -> None:
    decided(world)
    world.sender.failures = [NotSentError("no way there")] * 3

    assert bring(world) == "planned"
    assert sending(world).opens_at == world.clock.now() + RETRY_MS
    world.run(10)

    assert world.state(MA) == "refused"
    assert len(world.sender.calls) == 3
    assert "refused_not_sent" in world.case(MA).flags


def test_a_platform_that_comes_back_gets_it(world: World) -> None:
    decided(world)
    world.sender.failures = [NotSentError("no way there")] * 2

    world.run(10)

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_what_the_platform_refuses_goes_to_people(world: World) -> None:
    decided(world)
    fails(world, "blocked")

    assert bring(world) == "refused"
    assert bring(world) == "settled"

    case = world.case(MA)
    assert "refused_not_summoned" in case.flags
    assert case.pending == (MA,)
    assert world.conversation(MA).ack is None


def test_a_token_that_expired_is_in_time_whenever_a_person_stores_a_new_one(world: World) -> None:
    decided(world)
    world.twin("x").world.expire_token(X_ACCOUNT)

    assert bring(world) == "token"
    assert (sending(world).state, sending(world).tries) == ("planned", 0)
    world.run(50)
    assert world.state(MA) == "planned"
    world.twin("x").world.grant_token(X_ACCOUNT, "token-new")
    world.store_secret(f"x/{X_ACCOUNT}/token", token="token-new")
    world.run(2)

    assert world.state(MA) == "sent"
    assert world.accounts.get(AccountId("x", X_ACCOUNT)).is_well
    assert [one["reason"] for one in world.told()] == ["token"]


def test_a_token_that_nobody_renews_ends_with_people(world: World) -> None:
    decided(world)
    world.twin("x").world.expire_token(X_ACCOUNT)

    world.run(130)

    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "stale")
    assert MA in world.case(MA).pending
    assert [one["reason"] for one in world.told()] == ["token"]


def test_an_account_without_a_token_waits_for_one(world: World) -> None:
    world.store_secret(f"x/{X_ACCOUNT}/token", token="")
    decided(world)

    assert bring(world) == "postponed"
    world.store_secret(f"x/{X_ACCOUNT}/token", token="token-x")
    world.run(20)

    assert world.state(MA) == "sent"


def test_a_refusal_as_a_repeat_after_an_earlier_try_is_looked_into(world: World) -> None:
    ref = decided(world)
    world.sender.failures = [NotSentError("no way there")]
    bring(world)
    world.clock.forward(s=120)
    world.sender.failures = [ReplyRejectedError("the same again", "duplicate")]

    assert reply(ref, world.replying) == "doubt"

    world.run(10)
    assert world.state(MA) == "sent"


def test_a_refusal_as_a_repeat_at_first_is_a_refusal(world: World) -> None:
    decided(world)
    world.sender.failures = [ReplyRejectedError("the same again", "duplicate")]

    assert bring(world) == "refused"
    assert "refused_duplicate" in world.case(MA).flags


def test_a_deleted_mention_whose_text_is_refused_needs_nobody(world: World) -> None:
    ref = decided(world)
    now = world.clock.now()
    held = world.outbox.claim(ref, sending(world), Claim("sending", "w", now + 1, now))
    assert held is not None
    bells = world.bells()
    stored = replace(world.stored(MA), gone_at=now)
    job = Job(ref, held, stored, adapters.load("x"))

    assert end(job, "refused", "gone", world.replying) == "refused"
    assert world.bells() == bells


def test_an_end_that_meets_a_busy_conversation_comes_again(world: World) -> None:
    ref = decided(world)
    fails(world, "blocked")

    class Busy:
        def __getattr__(self, name: str) -> Any:
            real = getattr(world.conversations, name)
            return (lambda conversation: None) if name == "save" else real

    handing: Any = replace(world.handing, conversations=Busy())
    assert reply(ref, replace(world.replying, handing=handing)) == "contended"
    assert world.state(MA) == "sending"

    world.run(10)
    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


# People's words by the same protocol.


def written(world: World, text: str = "We found your bag, Marta.", **more: Any) -> ReplyRef:
    decided(world)
    world.run()
    world.claim_case(MA)
    return world.write_reply(MA, text, **more)


@pytest.mark.parametrize(
    ("kind", "looks"), [("lose_answer", 1), ("lose_request", 3), ("throttle", 1)]
)
def test_a_persons_words_survive_the_same_faults(kind: FaultKind, looks: int, world: World) -> None:
    ref = written(world)
    fails(world, kind, wait_s=60)

    world.run(looks * 3)

    assert world.agents_reply(ref).sending.state == "sent"
    assert world.posts().count("We found your bag, Marta.") == 1


def test_a_persons_words_that_never_leave_come_back_to_people(world: World) -> None:
    ref = written(world)
    world.sender.failures = [NotSentError("no way there")] * 3

    world.run(10)

    after = world.agents_reply(ref)
    assert (after.sending.state, after.reason) == ("refused", "not_sent")
    assert MA in world.case(MA).pending


def test_private_words_below_a_public_mention_are_never_looked_for_in_public(
    world: World,
) -> None:
    world.deliver("x", x_message(B, "hello there", at=world.clock.now()))
    world.run()
    ref = written(world, private=True)
    fails(world, "lose_answer")

    world.run(4)

    assert world.agents_reply(ref).sending.state == "parked"
    assert world.posts().count("We found your bag, Marta.") == 1


def test_a_persons_words_without_a_token_come_back_within_the_hour(world: World) -> None:
    ref = written(world)
    world.store_secret(f"x/{X_ACCOUNT}/token", token="")
    world.clock.forward(s=301)

    assert bring(world, ref) == "postponed"
    world.run(90)

    assert world.agents_reply(ref).sending.state == "refused"
    assert "refused_no_token" in world.case(MA).flags


@pytest.mark.parametrize("crash_at", range(14))
def test_a_persons_words_are_visible_once_wherever_it_breaks_off(crash_at: int) -> None:
    world = World()
    ref = written(world)
    world.hook.arm(crash_at)

    world.run(20)

    assert world.agents_reply(ref).sending.state == "sent"
    assert world.posts().count("We found your bag, Marta.") == 1
    assert world.conversation(MA).person_spoke_at
    assert len(world.crashes) == 1


def test_a_message_in_doubt_is_parked_until_its_echo_comes(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was terrible", at=world.clock.now()))
    world.sender.failures = [DoubtfulError("no answer")]

    world.run(2)

    assert world.state(DM) == "parked"
    world.outbox.move(world.ref(DM), sending(world, DM), Move("sent", reply_id="9"))
    assert world.state(DM) == "sent"
