"""Poll dies before and after each of its outside calls: nothing is skipped or counted twice."""

import pytest

from heed.domain.clock import MINUTE_MS
from tests.heed.flows.bodies import (
    COMPLAINT,
    OMAR,
    PAGE,
    QUESTION,
    RUTH,
    X_ACCOUNT,
    comment,
    page_changes,
    x_post,
)
from tests.heed.flows.world import REREAD_MINUTES, CrashError, World

POSTS = {"2100000000000000001": "webhook", "2100000000000000002": "reread"}
POSTS["2100000000000000003"] = "reread"
COMMENTS = {"1": "webhook", "2": "reread"}
EXPECTED = {f"x#{X_ACCOUNT}#post:{post}": source for post, source in POSTS.items()}
EXPECTED |= {f"facebook#{PAGE}#comment:500_{one}": source for one, source in COMMENTS.items()}
RUNS_MAX = 5


def a_world() -> World:
    """Posts in two hours and comments, some of whose webhooks were lost; poll comes next."""
    world = World()
    world.poll()
    world.clock.forward(s=REREAD_MINUTES * 60 * 3)
    people = (OMAR, RUTH, "1700000004")
    for (post, source), author, ago in zip(POSTS.items(), people, (5, 20, 6), strict=True):
        at = world.clock.now() - ago * MINUTE_MS
        write(world, "x", x_post(post, COMPLAINT, at=at, author=author), source)
    for number, source in COMMENTS.items():
        at = world.clock.now() - 5 * MINUTE_MS
        body = page_changes(comment(number, QUESTION, at=at, author=f"18{number}"), at=at)
        write(world, "facebook", body, source)
    world.hook.calls.clear()
    return world


def write(world: World, platform: str, body: bytes, source: str) -> None:
    if source == "webhook":
        world.deliver(platform, body)
    else:
        world.twin(platform).learn(body)


def calls_of_a_pass() -> list[tuple[str, str, str]]:
    world = a_world()
    world.poll()
    return list(world.hook.calls)


CALLS = calls_of_a_pass()


def assert_whole(world: World) -> None:
    assert {one: world.stored(one).source for one in EXPECTED} == EXPECTED
    for platform, by_webhook, only in (("x", 1, 2), ("facebook", 1, 1)):
        lines = world.polling.storing.ledger.lines("acme", platform, 0)
        assert sum(line.by_webhook for line in lines) == by_webhook
        assert sum(line.only_reread for line in lines) == only
        assert not any(line.is_open for line in lines)
        assert all(bool(line.closed_at) == bool(line.only_reread) for line in lines)


def test_a_pass_makes_these_calls_and_needs_no_crash_to_be_whole() -> None:
    world = a_world()

    world.poll()

    assert_whole(world)
    assert {f"{service} {operation}" for service, operation, _ in CALLS} == {
        *("dynamodb update_item", "dynamodb get_item", "platform send"),
        "secretsmanager get_secret_value",
    }


@pytest.mark.parametrize(
    "at", range(len(CALLS)), ids=[f"{n}-{' '.join(call)}" for n, call in enumerate(CALLS)]
)
def test_whatever_a_pass_dies_at_the_next_ones_make_it_whole(at: int) -> None:
    world = a_world()
    moved_before = {key: item["rt"] for key, item in cursors(world).items()}
    world.hook.arm(at)

    with pytest.raises(CrashError):
        world.poll()

    for key, item in cursors(world).items():
        # The cursor has moved only where everything before it is stored.
        if item["rt"] != moved_before[key]:
            platform = key.split("#")[1]
            assert all(world.find(one) for one in EXPECTED if one.startswith(platform))
    for _ in range(RUNS_MAX):
        world.clock.forward(s=REREAD_MINUTES * 60 / 2)
        world.poll()
    assert_whole(world)
    world.run_out()
    answered = {post.target for post in world.twin("x").visible_posts()}
    assert answered == set(POSTS)
    assert len(world.posts()) == len(POSTS)


def cursors(world: World) -> dict[str, dict[str, object]]:
    return {item["pk"]["S"]: item for item in world.items() if item["pk"]["S"].startswith("poll#")}
