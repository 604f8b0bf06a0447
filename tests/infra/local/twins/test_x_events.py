import json

import pytest

from infra.local.twins.world import TwinObject
from tests.infra.local.twins.worlds import BRAND, OTHER, VISITOR_ID, Scene, tell, x_scene

VISITOR = {"id_str": VISITOR_ID, "screen_name": "visitor"}


@pytest.fixture
def scene() -> Scene:
    return x_scene()


def _summons(scene: Scene, post_id: str = "500") -> set[str]:
    post = scene.twin.world.find(post_id)
    assert post is not None
    return set(post.summons)


def _account_activity(**post: object) -> dict[str, object]:
    event = {"id_str": "500", "user": VISITOR, "text": "hello", **post}
    return {"for_user_id": BRAND.id, "tweet_create_events": [event]}


def _activity(event_type: str, **payload: object) -> dict[str, object]:
    post = {"id": "500", "author_id": VISITOR_ID, "text": "hello", **payload}
    data = {"event_type": event_type, "filter": {"user_id": BRAND.id}, "payload": post}
    return {"data": data}


@pytest.mark.parametrize(
    ("post", "summoned"),
    [
        ({"text": "hello @HeedAir"}, {BRAND.id}),
        ({"text": "hello @heedair2"}, set()),
        ({"text": "hello @heedair and @heedrail"}, {BRAND.id, OTHER.id}),
        ({"text": "hello"}, set()),
        ({"entities": {"user_mentions": [{"id_str": BRAND.id, "indices": [6, 14]}]}}, {BRAND.id}),
        (
            {"truncated": True, "extended_tweet": {"full_text": "at length @heedair"}},
            {BRAND.id},
        ),
        ({"text": "RT @heedair: hi", "retweeted_status": {"id_str": "1"}}, set()),
        ({"quoted_status": {"id_str": "7", "user": {"id_str": BRAND.id}}}, {BRAND.id}),
    ],
)
def test_account_activity_tells_whom_a_post_summons(
    scene: Scene, post: dict[str, object], summoned: set[str]
) -> None:
    tell(scene, _account_activity(**post))

    assert _summons(scene) == summoned


@pytest.mark.parametrize(
    ("text", "shown_from", "summoned"),
    [
        ("@heedair thanks", None, set()),
        ("@heedair @heedair again", None, set()),
        ("@heedair thanks @heedair", None, {BRAND.id}),
        ("@heedair thanks", 9, set()),
        ("@heedair thanks", 0, {BRAND.id}),
    ],
)
def test_the_handle_that_a_reply_carries_is_no_mention(
    scene: Scene, text: str, shown_from: int | None, summoned: set[str]
) -> None:
    shown = {} if shown_from is None else {"display_text_range": [shown_from, len(text)]}

    tell(scene, _account_activity(text=text, in_reply_to_status_id_str="400", **shown))

    assert _summons(scene) == summoned


def test_all_handles_that_an_answer_to_somebody_else_starts_with_count_as_carried(
    scene: Scene,
) -> None:
    reply = {"in_reply_to_tweet_id": "400", "text": "@third @heedair look"}

    tell(scene, _activity("post.create", **reply))
    tell(scene, _activity("post.create", id="501", display_text_range=[7, 20], **reply))
    tell(scene, _activity("post.create", id="502", text="@third @heedair look"))

    assert [_summons(scene, post_id) for post_id in ("500", "501", "502")] == [
        set(),
        {BRAND.id},
        {BRAND.id},
    ]


@pytest.mark.parametrize(
    ("event_type", "summoned"),
    [
        ("post.mention.create", {BRAND.id}),
        ("post.quote.create", {BRAND.id}),
        ("post.reply.create", set()),
        ("post.repost.create", set()),
    ],
)
def test_the_type_of_an_activity_tells_whom_it_summons(
    scene: Scene, event_type: str, summoned: set[str]
) -> None:
    tell(scene, _activity(event_type))

    assert _summons(scene) == summoned


def test_a_mention_counts_whichever_of_its_two_events_comes_last(scene: Scene) -> None:
    tell(scene, _activity("post.mention.create"))
    tell(scene, _activity("post.reply.create"))

    assert _summons(scene) == {BRAND.id}


def test_a_quoted_post_is_looked_up_among_what_is_known_and_included(scene: Scene) -> None:
    scene.twin.register_object(TwinObject("77", author_id=OTHER.id))
    body = _activity("post.create", referenced_tweets=[{"type": "quoted", "id": "77"}])
    tell(scene, body)
    included = _activity(
        "post.create", id="501", referenced_tweets=[{"type": "quoted", "id": "78"}]
    )
    data = included["data"]
    assert isinstance(data, dict)
    data["includes"] = {"tweets": [{"id": "78", "author_id": BRAND.id}, {"id": "501"}]}
    tell(scene, included)

    assert _summons(scene) == {OTHER.id}
    assert _summons(scene, "501") == {BRAND.id}


def test_an_edited_post_exists_under_all_its_ids(scene: Scene) -> None:
    tell(scene, _activity("post.mention.create", edit_history_tweet_ids=["499", "500"]))

    assert _summons(scene, "499") == {BRAND.id}


def test_a_filtered_stream_post_is_learned_with_its_author(scene: Scene) -> None:
    post = {"id": "500", "author_id": VISITOR_ID, "text": "@heedair hi", "conversation_id": "400"}
    users = [{"id": VISITOR_ID, "username": "visitor"}]
    body = {"data": post, "includes": {"users": users}, "matching_rules": [{"tag": "brand"}]}

    tell(scene, body)

    found = scene.twin.world.find("500")
    assert found is not None
    assert (found.author_handle, found.thread_id) == ("visitor", "400")
    assert found.summons == {BRAND.id}


@pytest.mark.parametrize(
    "body",
    [
        {"for_user_id": BRAND.id, "tweet_delete_events": [{"status": {"id": "500"}}]},
        {"data": {"event_type": "post.delete", "payload": {"id": "500"}}},
    ],
)
def test_a_deletion_removes_a_post(scene: Scene, body: dict[str, object]) -> None:
    tell(scene, _account_activity(text="@heedair"))

    tell(scene, body)

    assert scene.twin.world.find("500") is None


def test_a_direct_message_of_either_product_opens_a_conversation(scene: Scene) -> None:
    created = {"sender_id": VISITOR_ID, "target": {"recipient_id": BRAND.id}}
    events = [{"type": "message_create", "id": "1", "message_create": created}]

    tell(
        scene, {"data": {"event_type": "dm.received", "payload": {"direct_message_events": events}}}
    )

    assert scene.twin.world.has_written_to(VISITOR_ID, BRAND.id)
    assert not scene.twin.world.has_written_to(VISITOR_ID, OTHER.id)


def test_a_known_time_is_kept_in_both_forms(scene: Scene) -> None:
    tell(scene, _account_activity(created_at="Fri Dec 13 04:48:09 +0000 2019"))
    tell(scene, _activity("post.create", id="501", created_at="2026-07-24T21:23:23.001Z"))

    first, second = scene.twin.world.find("500"), scene.twin.world.find("501")
    assert first is not None
    assert second is not None
    assert (first.at_ms, second.at_ms) == (1_576_212_489_000, 1_784_928_203_001)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{",
        b'{"for_user_id": 1, "tweet_create_events": [1, {}]}',
        b'{"data": {"event_type": "like.create"}}',
        b'{"data": {"event_type": "post.create", "payload": []}}',
        b'{"matching_rules": []}',
        b"[" * 100_000,
        b'{"for_user_id": "1", "tweet_create_events": [{"id_str": "\\ud800", "text": "\\ud800"}]}',
    ],
)
def test_bytes_that_tell_nothing_do_no_harm(scene: Scene, body: bytes) -> None:
    scene.twin.learn(body)

    assert scene.twin.world.find("500") is None


def test_our_own_post_is_told_as_account_activity(scene: Scene) -> None:
    tell(scene, _account_activity(text="@heedair"))
    payload = {"text": "Hello", "reply": {"in_reply_to_tweet_id": "500"}}
    scene.call("POST", "/2/tweets", payload, token=BRAND.token)
    post = scene.twin.visible_posts()[0]

    body = scene.twin.echo(post.id)

    assert body is not None
    echo = json.loads(body)
    event = echo["tweet_create_events"][0]
    assert echo["for_user_id"] == event["user"]["id_str"] == BRAND.id
    assert (event["id_str"], event["text"]) == (post.id, "Hello")
    assert event["in_reply_to_status_id_str"] == "500"
    assert event["in_reply_to_user_id_str"] == VISITOR_ID
    assert event["created_at"] == "Sun Nov 22 12:00:00 +0000 2026"
    scene.twin.learn(body)
    assert scene.twin.visible_posts() == [post]


def test_our_own_message_is_told_as_account_activity(scene: Scene) -> None:
    created = {"sender_id": VISITOR_ID, "target": {"recipient_id": BRAND.id}}
    message = {"type": "message_create", "id": "1", "message_create": created}
    tell(scene, {"for_user_id": BRAND.id, "direct_message_events": [message]})
    path = f"/2/dm_conversations/with/{VISITOR_ID}/messages"
    scene.call("POST", path, {"text": "Hello"}, token=BRAND.token)

    body = scene.twin.echo(scene.twin.visible_posts()[0].id)

    assert body is not None
    event = json.loads(body)["direct_message_events"][0]["message_create"]
    assert (event["sender_id"], event["target"]["recipient_id"]) == (BRAND.id, VISITOR_ID)
    assert event["message_data"] == {"text": "Hello"}
