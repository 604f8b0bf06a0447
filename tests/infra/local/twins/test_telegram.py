import json
from typing import Any

import pytest

from infra.local.twins.faults import Fault
from infra.local.twins.telegram import telegram_twin
from infra.local.twins.wire import TwinResponse, read_request
from tests.infra.local.twins.worlds import (
    BRAND,
    NOON_MS,
    OTHER,
    VISITOR_ID,
    Clock,
    Scene,
    answer_of,
    telegram_scene,
    tell,
)

GROUP = -100_77


def _update(chat_id: int, number: int, **more: object) -> dict[str, Any]:
    kind = "private" if chat_id > 0 else "supergroup"
    message = {
        "message_id": number,
        "chat": {"id": chat_id, "type": kind},
        "from": {"id": int(VISITOR_ID), "is_bot": False},
        "date": NOON_MS // 1000,
        "text": "hello",
        **more,
    }
    return {"update_id": 1, "message": message}


def _call(scene: Scene, method: str, payload: object, *, token: str = BRAND.token) -> TwinResponse:
    return scene.call("POST", f"https://api.telegram.org/bot{token}/{method}", payload)


def _send(
    scene: Scene,
    chat_id: int = 42,
    text: str = "Hello",
    *,
    token: str = BRAND.token,
    **more: object,
) -> TwinResponse:
    return _call(scene, "sendMessage", {"chat_id": chat_id, "text": text, **more}, token=token)


@pytest.fixture
def scene() -> Scene:
    scene = telegram_scene()
    tell(scene, _update(42, 7), account=BRAND.id)
    tell(scene, _update(GROUP, 30), account=BRAND.id)
    return scene


def test_a_message_is_answered_in_its_chat(scene: Scene) -> None:
    response = _send(scene, reply_parameters={"message_id": 7})

    post = scene.twin.visible_posts()[0]
    result = answer_of(response)["result"]
    assert response.status == 200
    assert (post.id, post.target, post.text, post.private) == ("42:8", "42:7", "Hello", True)
    assert (result["message_id"], result["chat"]) == (8, {"id": 42, "type": "private"})
    assert result["from"] == {
        "id": 1111,
        "is_bot": True,
        "first_name": "Heed Air",
        "username": "heedair",
    }
    assert result["reply_to_message"]["message_id"] == 7


def test_numbers_of_messages_are_counted_per_chat(scene: Scene) -> None:
    _send(scene, 42)
    _send(scene, GROUP)
    scene.clock.wait(1)
    _send(scene, 42)

    assert [post.id for post in scene.twin.visible_posts()] == ["42:8", f"{GROUP}:31", "42:9"]


@pytest.mark.parametrize("token", ["unknown", "expired"])
def test_a_token_that_is_no_good_is_unauthorized(scene: Scene, token: str) -> None:
    scene.twin.world.expire_token(BRAND.id)

    response = _send(scene, token=BRAND.token if token == "expired" else token)

    assert response.status == 401
    assert answer_of(response) == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert scene.reasons() == [f"token_{token}"]


def test_the_log_shows_no_token(scene: Scene) -> None:
    _send(scene)
    scene.call("POST", f"/bot{BRAND.token}")

    assert [call.path for call in scene.twin.calls()] == ["/bot***/sendMessage", "/bot***"]


def test_a_chat_that_the_bot_is_not_in_is_not_found(scene: Scene) -> None:
    unknown = _send(scene, 43)
    of_another_bot = _send(scene, 42, token=OTHER.token)

    assert (unknown.status, of_another_bot.status) == (400, 400)
    assert answer_of(unknown)["description"] == "Bad Request: chat not found"


@pytest.mark.parametrize(
    ("text", "status"), [("x" * 4_096, 200), ("x" * 4_097, 400), ("", 400), (" \n", 400)]
)
def test_a_message_needs_a_text_that_fits(scene: Scene, text: str, status: int) -> None:
    assert _send(scene, text=text).status == status


def test_what_was_deleted_can_be_answered_only_without_reference(scene: Scene) -> None:
    scene.twin.delete_object("42:7")

    refused = _send(scene, reply_parameters={"message_id": 7})
    lenient = {"message_id": 7, "allow_sending_without_reply": True}
    accepted = _send(scene, reply_parameters=lenient)

    assert answer_of(refused)["description"] == "Bad Request: message to be replied not found"
    assert accepted.status == 200
    assert "reply_to_message" not in answer_of(accepted)["result"]
    assert scene.twin.visible_posts()[0].target == ""


@pytest.mark.parametrize(
    ("chat_id", "who"), [(42, "blocked by the user"), (GROUP, "kicked from the group chat")]
)
def test_a_bot_that_is_blocked_or_kicked_is_forbidden(scene: Scene, chat_id: int, who: str) -> None:
    scene.twin.world.blocked.add(str(chat_id))

    response = _send(scene, chat_id)

    assert response.status == 403
    assert answer_of(response)["description"] == f"Forbidden: bot was {who}"


def test_a_group_that_became_a_supergroup_tells_its_new_id(scene: Scene) -> None:
    scene.twin.world.moved_chats[str(GROUP)] = "-100999"

    response = _send(scene, GROUP)
    moved = _send(scene, -100_999)

    assert response.status == 400
    assert answer_of(response)["parameters"] == {"migrate_to_chat_id": -100_999}
    assert moved.status == 200


def test_a_chat_takes_one_message_a_second(scene: Scene) -> None:
    first, second = _send(scene), _send(scene, text="again")
    other_chat = _send(scene, GROUP)
    scene.clock.wait(1)

    assert [first.status, second.status, other_chat.status] == [200, 429, 200]
    assert answer_of(second)["parameters"] == {"retry_after": 1}
    assert answer_of(second)["description"] == "Too Many Requests: retry after 1"
    assert _send(scene, text="again").status == 200


def test_a_group_takes_twenty_messages_a_minute(scene: Scene) -> None:
    statuses = []
    for number in range(21):
        statuses.append(_send(scene, GROUP, f"text {number}").status)
        scene.clock.wait(1)

    throttled = _send(scene, GROUP)

    assert statuses == [200] * 20 + [429]
    assert answer_of(throttled)["parameters"] == {"retry_after": 39}


def test_a_bot_sends_thirty_messages_a_second(scene: Scene) -> None:
    for chat_id in range(100, 131):
        tell(scene, _update(chat_id, 1), account=BRAND.id)

    statuses = [_send(scene, chat_id).status for chat_id in range(100, 131)]

    assert statuses == [200] * 30 + [429]


def test_own_messages_can_be_deleted_for_48_hours(scene: Scene) -> None:
    _send(scene)
    _send(scene, GROUP)

    first = _call(scene, "deleteMessage", {"chat_id": 42, "message_id": 8})
    again = _call(scene, "deleteMessage", {"chat_id": 42, "message_id": 8})
    foreign = _call(scene, "deleteMessage", {"chat_id": 42, "message_id": 7})
    scene.clock.wait(172_801)
    late = _call(scene, "deleteMessage", {"chat_id": GROUP, "message_id": 31})

    assert answer_of(first) == {"ok": True, "result": True}
    assert [again.status, foreign.status, late.status] == [400, 400, 400]
    assert [call.reason for call in scene.twin.calls()[3:]] == ["target_gone", "not_own", "too_old"]
    assert [post.id for post in scene.twin.visible_posts()] == [f"{GROUP}:31"]


def test_a_webhook_is_set_and_taken_away(scene: Scene) -> None:
    webhook = {"url": "https://heed.example:8443/hooks", "secret_token": "a-B_9"}

    was_set = _call(scene, "setWebhook", {**webhook, "allowed_updates": ["message"]})
    known = dict(scene.twin.world.webhooks)
    was_deleted = _call(scene, "setWebhook", {"url": ""})

    assert answer_of(was_set)["description"] == "Webhook was set"
    assert known[BRAND.id] == {**webhook, "allowed_updates": ["message"], "max_connections": 40}
    assert answer_of(was_deleted)["result"] is True
    assert scene.twin.world.webhooks == {}


@pytest.mark.parametrize(
    "webhook",
    [
        {"url": "http://heed.example/hooks"},
        {"url": "https://heed.example:8080/hooks"},
        {"url": "https://heed.example:x/hooks"},
        {"url": "https://heed.example/hooks", "secret_token": "not this!"},
        {"url": "https://heed.example/hooks", "secret_token": "x" * 257},
    ],
)
def test_a_webhook_that_telegram_does_not_take_is_refused(
    scene: Scene, webhook: dict[str, str]
) -> None:
    assert _call(scene, "setWebhook", webhook).status == 400
    assert scene.twin.world.webhooks == {}


def test_there_is_no_way_to_look_up_what_was_sent(scene: Scene) -> None:
    response = _call(scene, "getChatHistory", {"chat_id": 42})

    assert response.status == 404
    assert answer_of(response) == {"ok": False, "error_code": 404, "description": "Not Found"}


def test_a_method_may_be_written_in_any_case_and_its_body_may_be_a_form(scene: Scene) -> None:
    path = f"/bot{BRAND.token}/SENDMESSAGE"

    assert scene.call("POST", path, form="chat_id=42&text=Hello").status == 200


def test_a_body_that_cannot_be_read_is_refused(scene: Scene) -> None:
    request = read_request("POST", f"/bot{BRAND.token}/sendMessage", body=b"[1]")

    assert scene.twin.handle(request).status == 400


def test_faults_have_telegrams_form(scene: Scene) -> None:
    for kind in ("throttle", "token_expired", "blocked", "error_before"):
        scene.twin.faults.add(Fault(kind, wait_s=2.5))

    answers = [answer_of(_send(scene)) for _ in range(4)]

    assert [answer["error_code"] for answer in answers] == [429, 401, 403, 503]
    assert answers[0]["parameters"] == {"retry_after": 3}
    assert not any(answer["ok"] for answer in answers)


@pytest.mark.parametrize(
    "kind", ["edited_message", "channel_post", "edited_channel_post", "business_message"]
)
def test_messages_of_all_kinds_are_learned(scene: Scene, kind: str) -> None:
    message = _update(55, 3)["message"]

    tell(scene, {"update_id": 2, kind: message}, account=BRAND.id)

    assert _send(scene, 55, reply_parameters={"message_id": 3}).status == 200


def test_a_channel_post_has_its_chat_as_author_and_the_answered_message_exists(
    scene: Scene,
) -> None:
    chat = {"id": GROUP, "type": "channel"}
    post = {"message_id": 5, "chat": chat, "caption": "look", "reply_to_message": {"message_id": 4}}
    tell(scene, {"update_id": 2, "channel_post": post}, account=BRAND.id)

    found, answered = scene.twin.world.find(f"{GROUP}:5"), scene.twin.world.find(f"{GROUP}:4")

    assert found is not None
    assert answered is not None
    assert (found.author_id, found.text, found.parent_id) == (str(GROUP), "look", answered.id)


def test_a_chat_served_for_a_business_is_another_than_the_bots_own(scene: Scene) -> None:
    message = _update(42, 88, business_connection_id="kQ8")["message"]
    tell(scene, {"update_id": 2, "business_message": message}, account=BRAND.id)

    served = _send(scene, reply_parameters={"message_id": 88}, business_connection_id="kQ8")
    own = _send(scene, reply_parameters={"message_id": 7})
    mixed = _send(scene, reply_parameters={"message_id": 88})
    unknown = _send(scene, business_connection_id="other")

    assert [answer.status for answer in (served, own, mixed, unknown)] == [200, 200, 400, 400]
    assert [post.target for post in scene.twin.visible_posts()] == ["kQ8:42:88", "42:7"]
    assert answer_of(served)["result"]["chat"] == {"id": 42, "type": "private"}


def test_deletions_in_business_chats_are_learned(scene: Scene) -> None:
    deletion = {"chat": {"id": 42}, "message_ids": [7]}

    tell(scene, {"update_id": 2, "deleted_business_messages": deletion}, account=BRAND.id)

    assert scene.twin.world.find("42:7") is None


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b'{"message": 1}', b'{"my_chat_member": {}}']
)
def test_bytes_that_tell_nothing_do_no_harm(scene: Scene, body: bytes) -> None:
    assert scene.twin.learn(body) == []


def test_the_only_bot_of_a_twin_need_not_be_named() -> None:
    scene = Scene(telegram_twin([BRAND], now_ms=Clock().now_ms), Clock())

    scene.twin.deliver(json.dumps(_update(42, 7)).encode(), "secret")

    assert _send(scene).status == 200
    assert scene.twin.world.meter.total_micro_usd == 0


def test_a_delivery_carries_the_secret_and_there_is_neither_handshake_nor_echo(
    scene: Scene,
) -> None:
    _send(scene)
    twin = scene.twin

    assert twin.sign(b"{}", "s3cret")["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"
    assert twin.handshake_request("/hooks/telegram/main", secret="s", challenge="c") is None
    assert twin.handshake_errors(TwinResponse(500), secret="s", challenge="c") == []
    assert twin.echo(twin.visible_posts()[0].id) is None
