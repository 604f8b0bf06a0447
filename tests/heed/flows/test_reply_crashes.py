"""The newer ways of a reply, broken off at every outside call: keys, breaker, tokens, permissions.

Whatever dies, in the end each reply stands where it should, nothing is visible twice, a renewed
token is stored or a person knows, and people hear at least once what they must hear."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from heed.domain.account import AccountId
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.test_reply_accounts import forbid
from tests.heed.flows.toys import TokenServer, keyed
from tests.heed.flows.world import World

POSTS = [f"210000000000000000{n}" for n in range(1, 5)]
IDS = [f"x#{X_ACCOUNT}#post:{post}" for post in POSTS]
ACCOUNT = AccountId("x", X_ACCOUNT)


def complain(world: World, *which: int) -> None:
    for n in which:
        at = world.clock.now()
        world.deliver("x", x_post(POSTS[n], COMPLAINT, at=at, author=str(900 + n)))
    world.triage()


@dataclass(frozen=True)
class Way:
    """What happens, and how each reply must end. `told`: what people hear of the account."""

    name: str
    happens: Callable[[World], object]
    ends: tuple[str, ...]
    told: tuple[str, ...] = ()
    may_tell: tuple[str, ...] = ()


def loses_an_answer_under_a_key(world: World) -> None:
    keyed(world)
    complain(world, 0)
    world.twin("x").faults.add(Fault("lose_answer"))


def loses_a_request_under_a_key(world: World) -> None:
    keyed(world).repeats_answer = True
    complain(world, 0)
    world.twin("x").faults.add(Fault("lose_request"))


def opens_the_breaker(world: World) -> None:
    complain(world, 0, 1, 2, 3)
    world.twin("x").faults.add(*[Fault("error_before")] * 3)


def is_throttled(world: World) -> None:
    complain(world, 0, 1)
    world.twin("x").faults.add(Fault("throttle", wait_s=120))


def renews(world: World) -> None:
    TokenServer(world)
    complain(world, 0, 1)
    world.twin("x").world.expire_token(X_ACCOUNT)


def takes_the_permission_back(world: World) -> None:
    complain(world, 0, 1)
    forbid(world)


WAYS = [
    Way("an answer lost under a key", loses_an_answer_under_a_key, ("sent",)),
    Way("a request lost under a key", loses_a_request_under_a_key, ("sent",)),
    Way("the breaker opens", opens_the_breaker, ("sent",)),
    Way("throttled", is_throttled, ("sent",)),
    # A token that was renewed and died with its worker is lost: then a person must.
    Way("a token renewed", renews, ("sent", "planned"), may_tell=("token",)),
    Way(
        "a permission taken back",
        takes_the_permission_back,
        ("refused", "queued"),
        told=("disabled",),
    ),
]


def assert_whole(world: World, way: Way) -> None:
    assert len(world.targets()) == len(set(world.targets()))
    for mention in IDS:
        if world.find(mention) is not None:
            assert world.state(mention) in way.ends
            if world.state(mention) != "sent":
                assert mention in world.case(mention).pending
    told = {page["reason"] for page in world.told()}
    assert set(way.told) <= told <= {*way.told, *way.may_tell}
    if "planned" in {world.state(one) for one in IDS if world.find(one)}:
        # Nobody waits without a person who knows why, and one who stores a token is in time.
        assert told == {"token"}
        world.twin("x").world.grant_token(X_ACCOUNT, "token-by-hand")
        world.store_secret(f"x/{X_ACCOUNT}/token", token="token-by-hand")
        world.run(6)
        assert {world.state(one) for one in IDS if world.find(one)} == {"sent"}


def calls_of(way: Way) -> int:
    world = World()
    way.happens(world)
    before = len(world.hook.calls)
    world.run_out(20)
    return len(world.hook.calls) - before


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_it_ends_well_when_nothing_breaks(way: Way) -> None:
    world = World()
    way.happens(world)

    world.run_out(20)

    assert_whole(world, way)


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_it_ends_as_well_wherever_it_breaks_off(way: Way) -> None:
    for crash_at in range(calls_of(way)):
        world = World()
        way.happens(world)
        world.hook.arm(crash_at)

        world.run_out(30)

        assert len(world.crashes) == 1
        try:
            assert_whole(world, way)
        except AssertionError as error:
            raise AssertionError(f"after a crash at call {crash_at}: {world.crashes}") from error
