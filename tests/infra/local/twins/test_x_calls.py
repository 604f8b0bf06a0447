import pytest

from infra.local.twins.x_rules import XRules
from tests.infra.local.twins.worlds import (
    BRAND,
    NOON_MS,
    OTHER,
    VISITOR_ID,
    Scene,
    answer_of,
    mention,
    post_on_x,
    x_scene,
)


@pytest.fixture
def scene() -> Scene:
    scene = x_scene()
    scene.twin.register_object(mention("500", thread_id="499"))
    return scene


def test_a_reply_to_a_mention_is_posted(scene: Scene) -> None:
    response = post_on_x(scene, "Hello", "500")

    post = scene.twin.visible_posts()[0]
    assert response.status == 201
    assert answer_of(response)["data"] == {
        "id": post.id,
        "text": "Hello",
        "edit_history_tweet_ids": [post.id],
    }
    assert (post.text, post.target, post.account, post.at_ms) == ("Hello", "500", BRAND.id, NOON_MS)
    assert (post.deleted, post.private) == (False, False)


def test_a_reply_has_a_higher_id_than_what_it_answers(scene: Scene) -> None:
    target = "9" * 18 + "0"
    scene.twin.register_object(mention(target))

    ids = [answer_of(post_on_x(scene, text, target))["data"]["id"] for text in ("one", "two")]

    assert int(target) < int(ids[0]) < int(ids[1])


def test_only_the_summoned_account_may_reply(scene: Scene) -> None:
    response = post_on_x(scene, "Hello", "500", token=OTHER.token)

    assert response.status == 403
    assert scene.reasons() == ["not_summoned"]


def test_an_enterprise_account_may_reply_without_being_summoned() -> None:
    scene = x_scene(XRules(self_serve=False))
    scene.twin.register_object(mention("500", summons=()))

    assert post_on_x(scene, "Hello", "500").status == 201
    assert scene.twin.world.meter.lines == {"post created": 15_000}


@pytest.mark.parametrize("change", ["unknown", "deleted", "deleted first", "message"])
def test_a_target_that_cannot_be_seen_is_refused(scene: Scene, change: str) -> None:
    if change == "deleted":
        scene.twin.delete_object("500")
    elif change == "deleted first":
        scene.twin.delete_object("600")
        scene.twin.register_object(mention("600"))
    elif change == "message":
        scene.twin.register_object(mention("700", private=True))
    target = {"unknown": "404", "deleted": "500", "deleted first": "600", "message": "700"}

    response = post_on_x(scene, "Hello", target[change])

    assert response.status == 403
    assert "deleted or not visible" in answer_of(response)["detail"]
    assert scene.reasons() == ["target_gone"]


def test_who_blocked_us_cannot_be_answered(scene: Scene) -> None:
    scene.twin.world.blocked.add(VISITOR_ID)

    assert post_on_x(scene, "Hello", "500").status == 403
    assert scene.reasons() == ["blocked"]


def test_the_same_text_to_the_same_person_is_a_duplicate_for_a_day(scene: Scene) -> None:
    scene.twin.register_object(mention("501"))
    scene.twin.register_object(mention("502", author_id="9002"))
    post_on_x(scene, "Hello", "500")

    same_person = post_on_x(scene, "Hello", "501")
    other_person = post_on_x(scene, "Hello", "502")
    other_text = post_on_x(scene, "Hello!", "500")
    scene.clock.wait(86_400)
    next_day = post_on_x(scene, "Hello", "501")

    statuses = [same_person.status, other_person.status, other_text.status, next_day.status]
    assert statuses == [403, 201, 201, 201]
    assert answer_of(same_person) == {
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
    }


def test_a_deleted_post_may_be_posted_again(scene: Scene) -> None:
    first = answer_of(post_on_x(scene, "Hello", "500"))["data"]["id"]

    deleted = scene.call("DELETE", f"/2/tweets/{first}", token=BRAND.token)
    again = post_on_x(scene, "Hello", "500")

    assert (deleted.status, answer_of(deleted)) == (200, {"data": {"deleted": True}})
    assert again.status == 201
    assert [post.deleted for post in scene.twin.accepted_posts()] == [True, False]
    assert len(scene.twin.visible_posts()) == 1


def test_only_own_posts_that_exist_can_be_deleted(scene: Scene) -> None:
    foreign = scene.call("DELETE", "/2/tweets/500", token=BRAND.token)
    unknown = scene.call("DELETE", "/2/tweets/404", token=BRAND.token)

    assert (foreign.status, unknown.status) == (403, 404)
    assert answer_of(unknown)["type"].endswith("resource-not-found")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("x" * 280, 201),
        ("x" * 281, 403),
        ("\u65e5" * 140, 201),
        ("\u65e5" * 141, 403),
        ("@visitor " + "x" * 280, 201),
        ("@someone " + "x" * 272, 403),
        ("$HEED is up", 201),
        ("$HEED and $AIR", 403),
    ],
)
def test_length_and_cashtags_are_limited(scene: Scene, text: str, status: int) -> None:
    assert post_on_x(scene, text, "500").status == status


@pytest.mark.parametrize(
    "payload",
    [
        {"text": ""},
        {"text": "  ", "reply": {"in_reply_to_tweet_id": "500"}},
        {"text": "Hello", "in_reply_to": "500"},
        {"text": "Hello", "reply": {"in_reply_to_tweet_id": "abc"}},
        ["Hello"],
    ],
)
def test_a_call_that_is_not_well_formed_is_refused(scene: Scene, payload: object) -> None:
    response = scene.call("POST", "/2/tweets", payload, token=BRAND.token)

    assert response.status == 400
    assert answer_of(response)["type"].endswith("/invalid-request")


def test_a_quote_is_not_available_to_self_serve(scene: Scene) -> None:
    payload = {"text": "Hello", "quote_tweet_id": "500"}

    assert scene.call("POST", "/2/tweets", payload, token=BRAND.token).status == 403


def test_a_message_needs_somebody_who_has_written_first(scene: Scene) -> None:
    path = f"/2/dm_conversations/with/{VISITOR_ID}/messages"
    before = scene.call("POST", path, {"text": "Hello"}, token=BRAND.token)
    scene.twin.register_object(mention("800", private=True))

    after = scene.call("POST", path, {"text": "Hello"}, token=BRAND.token)
    by_another = scene.call("POST", path, {"text": "Hello"}, token=OTHER.token)

    message = scene.twin.visible_posts()[0]
    assert [before.status, after.status, by_another.status] == [403, 201, 403]
    assert answer_of(after)["data"] == {
        "dm_conversation_id": f"{BRAND.id}-{VISITOR_ID}",
        "dm_event_id": message.id,
    }
    assert (message.target, message.private) == (VISITOR_ID, True)
    assert scene.twin.world.meter.lines == {"direct message created": 15_000}


@pytest.mark.parametrize(("text", "status"), [("", 400), ("x" * 10_001, 403)])
def test_a_message_needs_a_text_that_fits(scene: Scene, text: str, status: int) -> None:
    scene.twin.register_object(mention("800", private=True))
    path = f"/2/dm_conversations/with/{VISITOR_ID}/messages"

    assert scene.call("POST", path, {"text": text}, token=BRAND.token).status == status


@pytest.mark.parametrize(
    ("text", "target", "price"),
    [
        ("Hello", "500", 10_000),
        ("Hello", "", 15_000),
        ("See https://heed.example/help", "500", 200_000),
        ("See heed.com", "500", 200_000),
    ],
)
def test_a_post_costs_what_the_price_list_says(
    scene: Scene, text: str, target: str, price: int
) -> None:
    post_on_x(scene, text, target)

    assert scene.twin.world.meter.total_micro_usd == price


def test_a_refused_post_costs_nothing_and_used_up_credit_is_no_matter_of_waiting() -> None:
    scene = x_scene(XRules(credit_micro_usd=10_000))
    scene.twin.register_object(mention("500"))
    post_on_x(scene, "Hello", "404")
    post_on_x(scene, "Hello", "500")

    response = post_on_x(scene, "Hello again", "500")

    assert response.status == 429
    assert answer_of(response)["type"].endswith("/usage-capped")
    assert scene.twin.world.meter.total_micro_usd == 10_000
