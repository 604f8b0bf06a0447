import json

import pytest

from infra.local.twins.control import control
from infra.local.twins.faults import Fault
from infra.local.twins.wire import TwinResponse, read_request
from tests.infra.local.twins.worlds import BRAND, Scene, answer_of, mention, x_scene


def _ask(scene: Scene, method: str, name: str, payload: object = None) -> TwinResponse:
    body = b"" if payload is None else json.dumps(payload).encode()
    return control(scene.twin, read_request(method, f"/_twin/{name}", body=body))


def _reply(scene: Scene, target: str = "500", token: str = BRAND.token) -> TwinResponse:
    payload = {"text": "Hello", "reply": {"in_reply_to_tweet_id": target}}
    return scene.call("POST", "/2/tweets", payload, token=token)


@pytest.fixture
def scene() -> Scene:
    return x_scene()


def test_posts_are_listed_with_deleted_ones_marked(scene: Scene) -> None:
    scene.twin.register_object(mention("500"))
    _reply(scene)
    scene.twin.delete_object(scene.twin.visible_posts()[0].id)

    posts = answer_of(_ask(scene, "GET", "posts"))["posts"]

    assert [(post["target"], post["account"], post["deleted"]) for post in posts] == [
        ("500", BRAND.id, True)
    ]
    assert posts[0].keys() == {"id", "text", "target", "account", "at_ms", "deleted", "private"}


def test_the_log_tells_calls_refusals_and_what_was_spent(scene: Scene) -> None:
    scene.twin.register_object(mention("500"))
    _reply(scene)
    _reply(scene, "404")

    log = answer_of(_ask(scene, "GET", "log"))

    assert [(call["status"], call["reason"]) for call in log["calls"]] == [
        (201, "accepted"),
        (403, "target_gone"),
    ]
    assert log["spent_micro_usd"] == 10_000
    assert log["spent"] == {"post created": 10_000}


def test_faults_are_queued(scene: Scene) -> None:
    faults = [
        {"kind": "throttle", "wait_s": 30, "code": 17},
        {"kind": "slow", "wait_s": 0.5, "on": "lookup"},
    ]

    answer = _ask(scene, "POST", "faults", {"faults": faults})

    assert answer_of(answer) == {"waiting": 2}
    assert scene.twin.faults.take("post", accepted=False) == Fault("throttle", 30, "post", 17)
    assert scene.twin.faults.take("lookup", accepted=True) == Fault("slow", 0.5, "lookup")


def test_faults_that_wait_are_taken_away(scene: Scene) -> None:
    scene.twin.faults.add(Fault("slow"), Fault("throttle"))

    answer = _ask(scene, "DELETE", "faults")

    assert answer.status == 200
    assert not scene.twin.faults


def test_what_exists_is_registered(scene: Scene) -> None:
    objects = [{"id": "500", "author_id": "9001", "summons": [BRAND.id], "at_ms": 1}]
    accounts = [{"id": BRAND.id, "token": "token-new", "handle": "heedair"}]
    payload = {"objects": objects, "accounts": accounts, "deleted": ["600"], "blocked": ["9002"]}

    answer = _ask(scene, "POST", "objects", payload)

    assert answer_of(answer) == {"objects": 1, "accounts": 1, "deleted": 1, "blocked": 1}
    assert _reply(scene, token="token-new").status == 201
    assert scene.twin.world.blocked == {"9002"}
    assert scene.twin.world.known("600") is not None


def test_a_token_can_be_made_to_expire(scene: Scene) -> None:
    account = {"id": BRAND.id, "token": BRAND.token, "handle": "heedair", "expired": True}

    _ask(scene, "POST", "objects", {"accounts": [account]})

    assert _reply(scene).status == 401


def test_a_webhook_body_is_learned(scene: Scene) -> None:
    event = {"id_str": "500", "user": {"id_str": "9001"}, "text": "@heedair help"}
    body = {"for_user_id": BRAND.id, "tweet_create_events": [event]}

    answer = _ask(scene, "POST", "learn", body)

    assert answer_of(answer) == {"learned": [{"kind": "post", "object_id": "500"}]}
    assert _reply(scene).status == 201


@pytest.mark.parametrize(
    ("name", "payload", "where"),
    [
        ("faults", None, "body"),
        ("faults", [], "body"),
        ("faults", {"fault": []}, "body.fault"),
        ("faults", {"faults": {}}, "faults"),
        ("faults", {"faults": ["slow"]}, "faults[0]"),
        ("faults", {"faults": [{"kind": "slow"}, {"kind": "sleepy"}]}, "faults[1].kind"),
        ("faults", {"faults": [{"kind": "slow", "on": "reply"}]}, "faults[0].on"),
        ("faults", {"faults": [{"kind": "slow", "wait_s": "1"}]}, "faults[0].wait_s"),
        ("faults", {"faults": [{"kind": "slow", "wait_s": True}]}, "faults[0].wait_s"),
        ("faults", {"faults": [{"kind": "slow", "wait_s": -1}]}, "faults[0].wait_s"),
        ("faults", {"faults": [{"kind": "slow", "wait_s": float("nan")}]}, "faults[0].wait_s"),
        ("faults", {"faults": [{"kind": "throttle", "code": "4"}]}, "faults[0].code"),
        ("faults", {"faults": [{"kind": "slow", "wait": 1}]}, "faults[0].wait"),
        ("objects", {"posts": []}, "body.posts"),
        ("objects", {"objects": [{}]}, "objects[0].id"),
        ("objects", {"objects": [{"id": 500}]}, "objects[0].id"),
        ("objects", {"objects": [{"id": "500", "private": 1}]}, "objects[0]"),
        ("objects", {"objects": [{"id": "500", "at_ms": "1"}]}, "objects[0].at_ms"),
        ("objects", {"objects": [{"id": "500", "summons": [1]}]}, "objects[0].summons"),
        ("objects", {"accounts": [{"id": "1"}]}, "accounts[0]"),
        ("objects", {"accounts": [{"id": "1", "token": "t", "expired": "no"}]}, "accounts[0]"),
        ("objects", {"blocked": ["9001", 1]}, "blocked"),
    ],
)
def test_bad_input_is_refused_with_the_place_and_changes_nothing(
    scene: Scene, name: str, payload: object, where: str
) -> None:
    answer = _ask(scene, "POST", name, payload)

    assert answer.status == 400
    assert answer_of(answer)["error"].startswith(where)
    assert len(scene.twin.faults) == 0
    assert scene.twin.world.objects() == []


def test_unknown_names_and_wrong_methods_are_told_what_there_is(scene: Scene) -> None:
    unknown = _ask(scene, "GET", "post")
    wrong = _ask(scene, "GET", "faults")

    assert (unknown.status, wrong.status) == (404, 405)
    assert "posts" in answer_of(unknown)["error"]
    assert wrong.headers["allow"] == "POST, DELETE"
