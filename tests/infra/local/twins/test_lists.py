"""What the twins list of others' words, for whoever reads it again."""

from dataclasses import replace
from typing import Any

import pytest

from infra.local.twins.faults import Fault
from infra.local.twins.limits import Limit
from infra.local.twins.world import TwinObject
from infra.local.twins.x_rules import XRules
from tests.infra.local.twins.worlds import (
    BRAND,
    NOON_MS,
    OTHER,
    Scene,
    answer_of,
    facebook_scene,
    mention,
    post_on_x,
    x_scene,
)

MENTIONS = f"https://api.x.com/2/users/{BRAND.id}/mentions?expansions=author_id"
FEED = f"https://graph.facebook.com/v26.0/{BRAND.id}/feed?fields=id,comments.limit(2)%7Bid%7D"
DAY_S = 86_400


def ids(scene: Scene, url: str = MENTIONS) -> list[str]:
    answer: Any = answer_of(scene.call("GET", url, token=BRAND.token))
    return [post["id"] for post in answer.get("data", [])]


def a_post(post_id: str, text: str, **fields: Any) -> TwinObject:
    return replace(mention(post_id), text=text, **fields)


def test_x_lists_what_holds_the_handle_newest_first_and_nothing_else() -> None:
    scene = x_scene()
    for item in (
        a_post("501", f"@{BRAND.handle} hello"),
        a_post("502", f"hello @{BRAND.handle.upper()}"),
        a_post("503", "hello"),
        a_post("504", f"@{BRAND.handle}", private=True),
        a_post("505", f"RT @{BRAND.handle} hello", unlisted=True),
        a_post("506", f"@{BRAND.handle} before its edit", versions=("506", "507")),
        a_post("507", f"@{BRAND.handle} after its edit", versions=("506", "507")),
    ):
        scene.twin.register_object(item)
    post_on_x(scene, f"@{BRAND.handle} ourselves")

    assert ids(scene) == ["507", "502", "501"]
    assert ids(scene, MENTIONS.replace(BRAND.id, "404")) == []


def test_x_charges_each_listed_post_once_a_day() -> None:
    scene = x_scene()
    scene.twin.register_object(a_post("501", f"@{BRAND.handle} hello"))

    for _ in range(3):
        ids(scene)
    assert scene.twin.world.meter.lines == {"own read": 1_000}

    scene.clock.wait(DAY_S)
    ids(scene)
    assert scene.twin.world.meter.lines == {"own read": 2_000}


def test_x_limits_how_often_mentions_are_listed() -> None:
    scene = x_scene(XRules(mention_limits=(Limit("mentions-15m", 1, 900),)))

    statuses = [scene.call("GET", MENTIONS, token=BRAND.token).status for _ in range(2)]

    assert statuses == [200, 429]


def test_a_list_has_faults_of_its_own() -> None:
    scene = x_scene()
    scene.twin.faults.add(Fault("throttle", wait_s=1, on="lookup"))

    assert scene.call("GET", MENTIONS, token=BRAND.token).status == 200
    assert len(scene.twin.faults) == 1


@pytest.fixture
def page() -> Scene:
    scene = facebook_scene()
    for number in range(3):
        post = a_post(f"{BRAND.id}_{number}", "News", author_id=BRAND.id)
        scene.twin.register_object(replace(post, at_ms=NOON_MS - number))
    for number in range(3):
        below = a_post(f"0_{number}", "Why?", parent_id=f"{BRAND.id}_0", thread_id=f"{BRAND.id}_0")
        scene.twin.register_object(below)
    return scene


def test_facebook_lists_posts_page_by_page_with_their_newest_comments(page: Scene) -> None:
    first = answer_of(page.call("GET", f"{FEED}&limit=2", token=BRAND.token))
    after = first["paging"]["cursors"]["after"]
    second = answer_of(page.call("GET", f"{FEED}&limit=2&after={after}", token=BRAND.token))

    assert [post["id"] for post in first["data"]] == [f"{BRAND.id}_0", f"{BRAND.id}_1"]
    assert [post["id"] for post in second["data"]] == [f"{BRAND.id}_2"]
    assert "next" in first["paging"]
    assert "next" not in second["paging"]
    comments = first["data"][0]["comments"]
    assert [one["id"] for one in comments["data"]] == ["0_2", "0_1"]
    assert "next" in comments["paging"]
    assert first["data"][1]["comments"] == {"data": []}


def test_a_feed_without_comments_and_without_posts(page: Scene) -> None:
    plain = answer_of(page.call("GET", FEED.partition("?")[0], token=BRAND.token))
    empty = answer_of(facebook_scene().call("GET", FEED, token=BRAND.token))

    assert all("comments" not in post for post in plain["data"])
    assert empty == {"data": []}


def test_the_feed_of_another_page_needs_its_own_token(page: Scene) -> None:
    assert page.call("GET", FEED, token=OTHER.token).status == 400
    assert page.reasons()[-1] == "not_own"
