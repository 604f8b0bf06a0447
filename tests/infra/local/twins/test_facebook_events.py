import json

import pytest

from tests.infra.local.twins.pages import (
    COMMENT,
    POST,
    change,
    comment,
    reply,
    reply_privately,
)
from tests.infra.local.twins.worlds import (
    BRAND,
    VISITOR_ID,
    Scene,
    facebook_scene,
    tell,
)


@pytest.fixture
def scene() -> Scene:
    scene = facebook_scene()
    tell(scene, comment())
    return scene


def test_changes_of_all_kinds_are_learned_and_reactions_are_not(scene: Scene) -> None:
    review = {"open_graph_story_id": "90", "reviewer_id": "9002", "review_text": "good"}
    tell(scene, change("ratings", {"item": "rating", "verb": "add", **review}))
    tell(scene, change("feed", {"item": "reaction", "verb": "add", "post_id": "1111_70"}))
    tell(scene, change("conversations", {"post_id": "1111_71"}))
    tell(scene, comment(message="edited", verb="edited"))

    rating, edited = scene.twin.world.find("90"), scene.twin.world.find(COMMENT)
    assert rating is not None
    assert edited is not None
    assert (rating.author_id, rating.text, edited.text) == ("9002", "good", "edited")
    assert scene.twin.world.find("1111_70") is None
    assert scene.twin.world.find("1111_71") is None


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"entry": [{"changes": [{}, 1]}, 2]}', b"[]"])
def test_bytes_that_tell_nothing_do_no_harm(scene: Scene, body: bytes) -> None:
    assert scene.twin.learn(body) == []


def test_a_delivery_costs_nothing(scene: Scene) -> None:
    scene.twin.deliver(json.dumps(comment()).encode(), "secret")

    assert scene.twin.world.meter.total_micro_usd == 0


def test_our_own_comment_is_told_with_the_page_as_its_author(scene: Scene) -> None:
    reply(scene, "Hello \u00e4")
    post = scene.twin.visible_posts()[0]

    body = scene.twin.echo(post.id)

    assert body is not None
    assert b"\\u00e4" in body
    entry = json.loads(body)["entry"][0]
    value = entry["changes"][0]["value"]
    assert value["from"]["id"] == entry["id"] == BRAND.id
    assert (value["comment_id"], value["post_id"], value["parent_id"]) == (post.id, POST, COMMENT)
    scene.twin.learn(body)
    assert scene.twin.visible_posts() == [post]


def test_our_own_message_is_told_as_an_echo(scene: Scene) -> None:
    reply_privately(scene, {"comment_id": COMMENT})

    body = scene.twin.echo(scene.twin.visible_posts()[0].id)

    assert body is not None
    event = json.loads(body)["entry"][0]["messaging"][0]
    assert event["message"]["is_echo"] is True
    assert (event["sender"]["id"], event["recipient"]["id"]) == (BRAND.id, VISITOR_ID)
