"""What one reply learns about its account: the breaker, the token, a permission taken back."""

from dataclasses import replace
from typing import Any

import pytest

from heed.adapter import Call, Response
from heed.domain.account import BUSY_MS, OPEN_MS_FIRST, RENEWED_MS, AccountId, AccountState
from heed.errors import DoubtfulError, NotSentError, OutboundError, RateLimitedError
from heed.flows.reply import reply
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import BOLT_X, COMPLAINT, X_ACCOUNT, x_message, x_post
from tests.heed.flows.toys import TokenServer
from tests.heed.flows.world import World

POSTS = [f"210000000000000000{n}" for n in range(1, 8)]
IDS = [f"x#{X_ACCOUNT}#post:{post}" for post in POSTS]
MA, MB, MC, MD = IDS[:4]
ACCOUNT = AccountId("x", X_ACCOUNT)
DOWN = NotSentError("no way there")
HOUR_S = 3600


@pytest.fixture
def world() -> World:
    return World()


def decided(world: World, *which: int, text: str = COMPLAINT) -> None:
    """Let visitors write, each a thread of their own, until their acknowledgements are to leave."""
    for n in which or (0,):
        at = world.clock.now()
        world.deliver("x", x_post(POSTS[n], text, at=at, author=str(900 + n)))
    world.triage()


def bring(world: World, mention: str = MA) -> str:
    return reply(world.ref(mention), world.replying)


def state(world: World) -> AccountState:
    return world.accounts.get(ACCOUNT)


def down(world: World, *mentions: str, error: OutboundError = DOWN) -> None:
    """Let calls fail, one for each mention."""
    for mention in mentions:
        world.sender.failures = [error]
        bring(world, mention)


# The breaker.


def test_failures_in_a_row_keep_all_replies_of_the_account_back(world: World) -> None:
    decided(world, 0, 1, 2, 3)
    down(world, MA, MB, MC)

    assert state(world).open_until == world.clock.now() + OPEN_MS_FIRST
    calls = len(world.sender.calls)
    assert bring(world, MD) == "postponed"
    assert len(world.sender.calls) == calls
    assert world.stored(MD).sending.opens_at == state(world).open_until
    assert world.stored(MD).sending.tries == 0


def test_a_success_in_between_ends_the_row(world: World) -> None:
    decided(world, 0, 1, 2, 3)
    down(world, MA, MB)
    assert bring(world, MC) == "sent"
    down(world, MD)

    assert state(world).failures == 1


def test_one_reply_probes_and_its_success_lets_the_others_go(world: World) -> None:
    decided(world, 0, 1, 2, 3)
    down(world, MA, MB, MC)
    world.clock.forward(ms=OPEN_MS_FIRST)

    assert bring(world, MD) == "sent"
    assert state(world) == AccountState()
    world.run(5)

    assert [world.state(one) for one in (MA, MB, MC)] == ["sent"] * 3


def test_a_probe_that_fails_opens_it_for_longer(world: World) -> None:
    decided(world, 0, 1, 2, 3)
    down(world, MA, MB, MC)
    world.clock.forward(ms=OPEN_MS_FIRST)
    down(world, MD, error=DoubtfulError("no answer"))

    assert state(world).open_until == world.clock.now() + 2 * OPEN_MS_FIRST


def test_while_one_probes_the_others_wait(world: World) -> None:
    decided(world, 0, 1, 2, 3)
    down(world, MA, MB, MC)
    world.clock.forward(ms=OPEN_MS_FIRST)
    assert world.accounts.take(ACCOUNT, "another", world.clock.now() + 90_000)

    assert bring(world, MD) == "postponed"
    assert world.stored(MD).sending.opens_at == world.clock.now() + BUSY_MS


def test_a_probe_that_loses_its_claim_lets_another_go_first(world: World) -> None:
    decided(world, 0, 1, 2, 3)
    down(world, MA, MB, MC)
    world.clock.forward(ms=OPEN_MS_FIRST)

    class Lost:
        def __getattr__(self, name: str) -> Any:
            return (lambda *_: None) if name == "claim" else getattr(world.outbox, name)

    outbox: Any = Lost()
    assert reply(world.ref(MD), replace(world.replying, outbox=outbox)) == "lost"
    assert bring(world, MD) == "sent"


def test_a_platform_that_is_down_for_hours_costs_few_calls_and_nothing_is_lost(
    world: World,
) -> None:
    decided(world, *range(7))
    for _ in range(10_000):
        world.twin("x").faults.add(Fault("error_before"), Fault("error_before", on="lookup"))

    world.run(360)

    assert len(world.sender.calls) < 80
    for mention in IDS:
        assert world.state(mention) in ("queued", "parked", "refused")
        assert mention in world.case(mention).pending
    assert world.posts() == []


def test_an_acknowledgement_that_grows_too_old_meanwhile_is_never_silence(world: World) -> None:
    decided(world, text="@acmeair the crew was wonderful")
    world.accounts.open(ACCOUNT, "throttled", world.clock.now() + 3 * HOUR_S * 1000)
    world.conversations.save(replace(world.conversation(MA), case=None))

    world.run(150)

    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "stale")
    assert (world.case(MA).reason, world.case(MA).pending) == ("stale", (MA,))
    assert world.bells()
    assert world.posts() == []


def test_an_old_acknowledgement_whose_case_cannot_be_written_comes_again(world: World) -> None:
    decided(world)
    world.clock.forward(s=3 * HOUR_S)

    class Busy:
        def __getattr__(self, name: str) -> Any:
            real = getattr(world.conversations, name)
            return (lambda conversation: None) if name == "save" else real

    handing: Any = replace(world.handing, conversations=Busy())
    assert reply(world.ref(MA), replace(world.replying, handing=handing)) == "contended"
    assert bring(world) == "withheld"


def test_a_throttled_account_waits_as_a_whole_and_no_longer_than_asked(world: World) -> None:
    decided(world, 0, 1)
    world.twin("x").faults.add(Fault("throttle", wait_s=300))

    assert bring(world) == "throttled"
    assert bring(world, MB) == "postponed"
    world.clock.forward(s=301)
    assert (bring(world), bring(world, MB)) == ("sent", "sent")

    assert state(world).is_well


def test_another_account_of_the_platform_goes_on(world: World) -> None:
    decided(world)
    world.accounts.open(ACCOUNT, "throttled", world.clock.now() + HOUR_S * 1000)
    at = world.clock.now()
    body = x_post(POSTS[1], "@boltrail terrible", at=at, account=BOLT_X)
    world.deliver("x", body)
    world.run()

    assert world.state(f"x#{BOLT_X}#post:{POSTS[1]}") == "sent"
    assert world.state(MA) == "planned"


def test_a_look_waits_too(world: World) -> None:
    decided(world)
    world.twin("x").faults.add(Fault("lose_answer"))
    assert bring(world) == "doubt"
    world.accounts.open(ACCOUNT, "throttled", world.clock.now() + 300_000)
    world.clock.forward(s=60)
    calls = len(world.sender.calls)

    assert bring(world) == "doubt"
    assert len(world.sender.calls) == calls
    world.run(6)

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_a_look_that_is_throttled_waits_as_long_as_asked(world: World) -> None:
    decided(world)
    world.twin("x").faults.add(Fault("lose_answer"), Fault("throttle", wait_s=300, on="lookup"))
    assert bring(world) == "doubt"
    world.clock.forward(s=60)

    assert bring(world) == "doubt"

    assert state(world).cause == "throttled"
    assert world.stored(MA).sending.looks == 0


def test_a_persons_words_come_back_when_the_account_stays_closed(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag.")
    world.accounts.open(ACCOUNT, "throttled", world.clock.now() + 3 * HOUR_S * 1000)

    world.run(90)

    written = world.agents_reply(ref)
    assert (written.sending.state, written.reason) == ("refused", "throttled")
    assert MA in world.case(MA).pending


# Tokens.


@pytest.fixture
def server(world: World) -> TokenServer:
    return TokenServer(world)


def expire(world: World) -> None:
    world.twin("x").world.expire_token(X_ACCOUNT)


def ends_in(world: World, server: TokenServer, ms: int) -> None:
    """Let the stored token say that it ends so soon."""
    fields = {**server.secret(), "expires_at": world.clock.now() + ms}
    world.replying.secrets.store_token("x", X_ACCOUNT, fields)


def test_a_token_that_expired_is_renewed_stored_and_used(world: World, server: TokenServer) -> None:
    decided(world)
    expire(world)

    assert bring(world) == "token"
    assert (server.secret()["token"], server.secret()["refresh_token"]) == ("token-2", "r2")
    world.clock.forward(ms=BUSY_MS)
    assert bring(world) == "sent"

    assert len(server.refreshes) == 1
    assert world.told() == []
    assert world.stored(MA).sending.tries == 0


def test_a_token_is_renewed_before_it_ends(world: World, server: TokenServer) -> None:
    decided(world)
    ends_in(world, server, 60_000)

    assert bring(world) == "sent"
    assert server.secret()["token"] == "token-2"


def test_who_comes_second_uses_what_the_first_has_stored(world: World, server: TokenServer) -> None:
    decided(world, 0, 1)
    bring(world, MB)
    expire(world)
    other = {**server.secret(), "token": "token-9"}
    world.twin("x").world.grant_token(X_ACCOUNT, "token-9")
    world.replying.secrets.token_fields("x", X_ACCOUNT)
    world.store_secret(f"x/{X_ACCOUNT}/token", **other)

    assert bring(world) == "token"
    world.clock.forward(ms=BUSY_MS)
    assert bring(world) == "sent"
    assert server.refreshes == []


def test_while_another_renews_nobody_else_does(world: World, server: TokenServer) -> None:
    decided(world, 0, 1)
    expire(world)
    assert world.accounts.take(ACCOUNT, "another", world.clock.now() + 90_000)

    assert bring(world) == "token"
    assert world.stored(MA).sending.opens_at == world.clock.now() + BUSY_MS
    assert server.refreshes == []


@pytest.mark.parametrize(("ms", "outcome"), [(1_000, "sent"), (-1, "postponed")])
def test_while_another_renews_the_old_token_serves_until_it_ends(
    world: World, server: TokenServer, ms: int, outcome: str
) -> None:
    decided(world)
    ends_in(world, server, ms)
    assert world.accounts.take(ACCOUNT, "another", world.clock.now() + 90_000)

    assert bring(world) == outcome


def test_a_renewal_that_gets_no_answer_is_tried_again_with_the_same_token(
    world: World, server: TokenServer
) -> None:
    decided(world)
    expire(world)
    server.faults = ["lost_before"]

    assert bring(world) == "token"
    assert server.secret()["refresh_token"] == "r1"
    world.run(3)

    assert world.state(MA) == "sent"
    assert len(server.refreshes) == 2


def test_an_answer_lost_after_the_renewal_ends_with_a_person_who_is_in_time(
    world: World, server: TokenServer
) -> None:
    decided(world)
    expire(world)
    server.faults = ["lost_after"]
    world.run(10)

    assert world.state(MA) == "planned"
    assert state(world).cause == "token"
    assert [one["reason"] for one in world.told()] == ["token"]
    # The one more try, and no other after the refusal.
    assert len(server.refreshes) == 2

    world.twin("x").world.grant_token(X_ACCOUNT, "token-by-hand")
    world.store_secret(f"x/{X_ACCOUNT}/token", token="token-by-hand")
    world.run(2)
    assert world.state(MA) == "sent"
    assert state(world).is_well


def test_a_token_refused_right_after_its_renewal_is_not_renewed_again(
    world: World, server: TokenServer
) -> None:
    decided(world)
    expire(world)
    bring(world)
    expire(world)
    world.clock.forward(ms=BUSY_MS)

    assert bring(world) == "token"
    assert world.told() == []
    world.clock.forward(s=61)
    assert bring(world) == "token"

    assert state(world).cause == "token"
    assert len(server.refreshes) == 1
    assert len(world.told()) == 1


def test_a_refused_renewal_before_the_end_leaves_the_old_token_in_use(
    world: World, server: TokenServer
) -> None:
    decided(world, 0, 1)
    ends_in(world, server, 60_000)
    server.faults = ["refused"]

    assert (bring(world), bring(world, MB)) == ("sent", "sent")

    assert len(server.refreshes) == 1
    assert world.told() == []
    assert state(world).renewed_at > world.clock.now() - RENEWED_MS


def test_a_token_that_ends_and_cannot_be_renewed_is_used_as_it_is(world: World) -> None:
    at = str(world.clock.now() + 60_000)
    fields = {"token": "token-x", "expires_at": int(at)}
    world.replying.secrets.store_token("x", X_ACCOUNT, fields)
    decided(world)

    assert bring(world) == "sent"


def test_an_odd_end_of_a_token_is_none(world: World) -> None:
    world.store_secret(f"x/{X_ACCOUNT}/token", token="token-x", expires_at="tomorrow")
    decided(world)

    assert bring(world) == "sent"


def test_a_secret_that_was_emptied_while_its_token_is_refused_waits(
    world: World, server: TokenServer
) -> None:
    decided(world)
    expire(world)
    world.replying.secrets.token_fields("x", X_ACCOUNT)
    world.store_secret(f"x/{X_ACCOUNT}/token", token="")

    assert bring(world) == "token"
    world.clock.forward(s=60)
    assert bring(world) == "postponed"
    assert [one["reason"] for one in world.told()] == ["no_token"]


def test_a_token_that_expired_in_doubt_is_renewed_for_the_look(
    world: World, server: TokenServer
) -> None:
    decided(world)
    world.twin("x").faults.add(Fault("lose_answer"))
    assert bring(world) == "doubt"
    expire(world)

    world.run(3)

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1
    assert len(server.refreshes) == 1


def test_no_token_stands_in_an_item_or_on_a_page(world: World, server: TokenServer) -> None:
    decided(world)
    expire(world)
    server.faults = ["lost_after"]
    world.run(10)

    shown = f"{world.items()} {world.sns.messages} {world.meter.counts}"
    for secret in ("token-x", "token-2", "r1", "r2"):
        assert f"'{secret}'" not in shown
        assert f'"{secret}"' not in shown


# A permission that was taken back.


def forbid(world: World) -> None:
    """Let X say that the app may not speak for the account."""
    body = b'{"type": "https://api.x.com/2/problems/client-forbidden"}'

    class Forbidding:
        def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
            if call.method == "GET":
                return world.sender.send(call, token, hosts)
            world.hook("platform", "send", "before")
            world.sender.calls.append(call)
            world.hook("platform", "send", "after")
            return Response(403, {}, body)

    world.replying = replace(world.replying, sender=Forbidding())


def test_a_refused_permission_disables_the_account_and_tells_people_once(world: World) -> None:
    decided(world, 0, 1, 2)
    forbid(world)

    assert [bring(world, one) for one in (MA, MB, MC)] == ["refused", "withheld", "withheld"]

    assert len(world.sender.calls) == 1
    assert world.controls.get("acme").disabled == {ACCOUNT.name}
    assert world.told() == [{"brand": "acme", "account": ACCOUNT.name, "reason": "disabled"}]
    assert "refused_permission" in world.case(MA).flags
    assert "disabled" in world.case(MB).flags


def test_what_comes_to_a_disabled_account_is_stored_and_goes_to_people(world: World) -> None:
    decided(world)
    forbid(world)
    bring(world)
    decided(world, 1, text="@acmeair the crew was wonderful")
    world.run(2)

    assert world.state(MB) == "queued"
    assert world.case(MB).pending == (MB,)


@pytest.mark.parametrize("error", [RateLimitedError("wait", 10), DOWN])
def test_good_sends_write_and_read_nothing_more(world: World, error: OutboundError) -> None:
    decided(world, 0, 1, 2)
    bring(world)
    with world.counted() as calls:
        assert bring(world, MB) == "sent"
    assert calls["dynamodb update_item"] == 2
    assert calls["dynamodb get_item"] == 3

    world.sender.failures = [error]
    bring(world, MC)
    world.run(3)
    assert world.state(MC) == "sent"
    assert state(world).is_well


def test_private_words_are_no_other_way(world: World) -> None:
    world.deliver("x", x_message(POSTS[0], "my flight was terrible", at=world.clock.now()))
    world.triage()
    forbid(world)

    assert bring(world, f"x#{X_ACCOUNT}#message:{POSTS[0]}") == "refused"
    assert world.controls.get("acme").disabled == {ACCOUNT.name}
