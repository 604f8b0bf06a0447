import json

import pytest

from infra.local.twins.limits import Limit
from infra.local.twins.wire import TwinResponse, json_response
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


@pytest.mark.parametrize("token", ["", "unknown"])
def test_without_a_known_token_nothing_is_posted(scene: Scene, token: str) -> None:
    response = post_on_x(scene, "Hello", "500", token=token)

    assert response.status == 401
    assert answer_of(response)["title"] == "Unauthorized"
    assert scene.reasons() == ["token_unknown"]


def test_an_expired_token_is_refused_until_a_new_one_is_granted(scene: Scene) -> None:
    scene.twin.world.expire_token(BRAND.id)
    expired = post_on_x(scene, "Hello", "500")
    scene.twin.world.grant_token(BRAND.id, "token-new")

    old = post_on_x(scene, "Hello", "500")
    new = post_on_x(scene, "Hello", "500", token="token-new")

    assert [expired.status, old.status, new.status] == [401, 401, 201]
    assert scene.reasons() == ["token_expired", "token_unknown", "accepted"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/2/tweets"), ("POST", "/3/tweets")])
def test_other_calls_are_not_found(scene: Scene, method: str, path: str) -> None:
    assert scene.call(method, path, token=BRAND.token).status == 404


def test_every_answer_tells_what_is_left_of_the_window(scene: Scene) -> None:
    accepted = post_on_x(scene, "Hello", "500")
    refused = post_on_x(scene, "Hello", "404")

    reset_s = str(NOON_MS // 1000 + 900)
    assert accepted.headers["x-rate-limit-limit"] == "100"
    assert accepted.headers["x-rate-limit-remaining"] == "99"
    assert accepted.headers["x-rate-limit-reset"] == reset_s
    assert refused.headers["x-rate-limit-remaining"] == "98"


def test_the_hundred_and_first_post_in_a_quarter_of_an_hour_is_throttled(scene: Scene) -> None:
    for number in range(100):
        assert post_on_x(scene, f"text {number}", "500").status == 201

    throttled = post_on_x(scene, "one more", "500")
    of_another = post_on_x(scene, "one more", token=OTHER.token)
    scene.clock.wait(900)
    later = post_on_x(scene, "one more", "500")

    assert throttled.status == 429
    assert throttled.headers["x-rate-limit-remaining"] == "0"
    assert throttled.headers["x-rate-limit-reset"] == str(NOON_MS // 1000 + 900)
    assert answer_of(throttled)["type"].endswith("/rate-limit-exceeded")
    assert (of_another.status, later.status) == (201, 201)


def test_the_three_hour_window_binds_beside_the_short_one(scene: Scene) -> None:
    for quarter in range(3):
        for number in range(100):
            post_on_x(scene, f"text {quarter} {number}", "500")
        scene.clock.wait(900)

    throttled = post_on_x(scene, "one more", "500")

    assert throttled.status == 429
    assert throttled.headers["x-rate-limit-reset"] == str(NOON_MS // 1000 + 10_800)


def test_the_app_has_a_window_over_all_its_accounts() -> None:
    scene = x_scene(XRules(post_app_limits=(Limit("day", 1, 86_400),)))
    post_on_x(scene, "Hello")

    assert post_on_x(scene, "Hello", token=OTHER.token).status == 429


def test_the_sixteenth_message_in_a_quarter_of_an_hour_is_throttled(scene: Scene) -> None:
    scene.twin.register_object(mention("800", private=True))
    path = f"/2/dm_conversations/with/{VISITOR_ID}/messages"

    statuses = [
        scene.call("POST", path, {"text": f"text {number}"}, token=BRAND.token).status
        for number in range(16)
    ]

    assert statuses == [201] * 15 + [429]


def test_deliveries_are_charged_once_a_day_and_signed() -> None:
    scene = x_scene()
    event = {"id_str": "500", "user": {"id_str": VISITOR_ID}, "text": "@heedair help"}
    deletion = {"status": {"id": "501", "user_id": VISITOR_ID}}
    body = json.dumps({"for_user_id": BRAND.id, "tweet_create_events": [event]}).encode()
    gone = json.dumps({"for_user_id": BRAND.id, "tweet_delete_events": [deletion]}).encode()

    headers = [scene.twin.deliver(body, "secret") for _ in range(3)]
    scene.twin.deliver(gone, "secret")

    assert scene.twin.world.meter.lines == {"delivered post": 5_000}
    assert headers[0] == scene.twin.sign(body, "secret")
    assert post_on_x(scene, "Hello", "500").status == 201


def test_received_messages_are_charged_and_own_ones_are_free() -> None:
    scene = x_scene()
    for sender, recipient, number in ((VISITOR_ID, BRAND.id, "1"), (BRAND.id, VISITOR_ID, "2")):
        created = {"sender_id": sender, "target": {"recipient_id": recipient}}
        message = {"type": "message_create", "id": number, "message_create": created}
        body = {"for_user_id": BRAND.id, "direct_message_events": [message]}
        scene.twin.deliver(json.dumps(body).encode(), "secret")

    assert scene.twin.world.meter.lines == {"delivered message": 10_000}


def test_the_signature_is_the_published_one() -> None:
    """Vector: zammad/zammad, spec/requests/integration/twitter_webhook_spec.rb."""
    headers = x_scene().twin.sign(b"some_random", "DDD")

    signature = "sha256=VE19eUk6krbdSqWPdvH71xtFhApBAU81uPW3UT65vOs="
    assert headers["x-twitter-webhooks-signature"] == signature


def test_the_handshake_asks_with_a_token_and_checks_the_answer() -> None:
    twin = x_scene().twin
    request = twin.handshake_request("/hooks/x/main", secret="DDD", challenge="some_random")
    good = {"response_token": "sha256=VE19eUk6krbdSqWPdvH71xtFhApBAU81uPW3UT65vOs="}

    answers = [
        json_response(200, good),
        json_response(401, good),
        json_response(200, {**good, "more": 1}),
        json_response(200, {"response_token": "sha256=\u00e4"}),
        TwinResponse(200, {}, b"some_random"),
    ]
    errors = [
        twin.handshake_errors(answer, secret="DDD", challenge="some_random") for answer in answers
    ]

    assert request is not None
    assert (request.method, request.path) == ("GET", "/hooks/x/main")
    assert request.query == {"crc_token": "some_random"}
    assert [len(found) for found in errors] == [0, 1, 1, 1, 1]
