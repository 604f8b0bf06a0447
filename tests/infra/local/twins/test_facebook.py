import json
from urllib.parse import urlencode

import pytest

from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.faults import Fault
from infra.local.twins.wire import TwinResponse, read_request
from tests.infra.local.twins.pages import (
    COMMENT,
    comment,
    error_of,
    reply,
)
from tests.infra.local.twins.worlds import (
    BRAND,
    OTHER,
    Scene,
    facebook_scene,
    tell,
)


@pytest.fixture
def scene() -> Scene:
    scene = facebook_scene()
    tell(scene, comment())
    return scene


@pytest.mark.parametrize("prefix", ["", "/v25.0", "/v26.0", "/v9.0"])
@pytest.mark.parametrize("way", ["query", "form", "json", "bearer"])
def test_any_version_and_any_place_of_the_token_will_do(
    scene: Scene, prefix: str, way: str
) -> None:
    path = f"{prefix}/{COMMENT}/comments"
    token = {"access_token": BRAND.token}
    calls = {
        "query": lambda: scene.call("POST", f"{path}?{urlencode(token)}", {"message": "Hello"}),
        "form": lambda: scene.call("POST", path, form=urlencode({"message": "Hello", **token})),
        "json": lambda: scene.call("POST", path, {"message": "Hello", **token}),
        "bearer": lambda: scene.call("POST", path, {"message": "Hello"}, token=BRAND.token),
    }

    assert calls[way]().status == 200


def test_tokens_that_are_no_good_are_code_190(scene: Scene) -> None:
    missing = reply(scene, token="")
    unknown = reply(scene, token="unknown")
    scene.twin.world.expire_token(BRAND.id)
    expired = reply(scene)

    assert [error_of(answer) for answer in (missing, unknown, expired)] == [
        (400, 190, 0),
        (400, 190, 0),
        (400, 190, 463),
    ]


def test_messages_are_sent_by_the_page_of_the_token(scene: Scene) -> None:
    payload = {"recipient": {"comment_id": COMMENT}, "message": {"text": "Hello"}}
    response = scene.call("POST", f"/{OTHER.id}/messages", payload, token=BRAND.token)

    assert error_of(response) == (400, 10, 0)


def test_a_page_that_calls_too_often_is_throttled_with_status_400() -> None:
    scene = facebook_scene(FacebookRules(engaged_users=0))
    tell(scene, comment())

    response = reply(scene)

    usage = json.loads(response.headers["x-business-use-case-usage"])
    assert error_of(response) == (400, 32, 0)
    assert usage[BRAND.id][0]["estimated_time_to_regain_access"] == 24 * 60


def test_an_app_that_calls_too_often_is_throttled_for_the_hour() -> None:
    scene = facebook_scene(FacebookRules(daily_users=1))
    tell(scene, comment())
    for number in range(200):
        last = reply(scene, f"text {number}")

    throttled = reply(scene, "one more")
    scene.clock.wait(3_600)

    assert json.loads(last.headers["x-app-usage"])["call_count"] == 100
    assert error_of(throttled) == (400, 4, 0)
    assert json.loads(throttled.headers["x-app-usage"])["call_count"] == 100
    assert reply(scene, "later").status == 200


@pytest.mark.parametrize(("code", "expected"), [(0, 32), (4, 4), (17, 17), (613, 613)])
def test_a_scripted_throttle_has_the_code_it_was_given(
    scene: Scene, code: int, expected: int
) -> None:
    scene.twin.faults.add(Fault("throttle", wait_s=61, code=code))

    response = reply(scene)

    assert error_of(response) == (400, expected, 0)
    if expected != 4:
        usage = json.loads(response.headers["x-business-use-case-usage"])
        assert usage[BRAND.id][0]["estimated_time_to_regain_access"] == 2


def test_other_faults_have_facebooks_codes(scene: Scene) -> None:
    for kind in ("token_expired", "blocked", "error_before"):
        scene.twin.faults.add(Fault(kind))

    answers = [error_of(reply(scene)) for _ in range(3)]

    assert answers == [(400, 190, 463), (400, 368, 0), (503, 2, 0)]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", f"/{COMMENT}"), ("PUT", f"/{COMMENT}/comments"), ("POST", "/")]
)
def test_other_calls_are_bad_parameters(scene: Scene, method: str, path: str) -> None:
    assert error_of(scene.call(method, path, token=BRAND.token)) == (400, 100, 0)


def test_a_body_that_is_neither_form_nor_object_is_refused(scene: Scene) -> None:
    path = f"/{COMMENT}/comments?access_token={BRAND.token}"
    form = {"content-type": "application/x-www-form-urlencoded"}

    array = scene.twin.handle(read_request("POST", path, body=b"[]"))
    no_text = scene.twin.handle(read_request("POST", path, headers=form, body=b"message=\xff"))

    assert (error_of(array), error_of(no_text)) == ((400, 100, 0), (400, 100, 0))


def test_the_signature_is_the_published_one(scene: Scene) -> None:
    """Vector: GitHub "Validating webhook deliveries", which uses the same scheme and header."""
    headers = scene.twin.sign(b"Hello, World!", "It's a Secret to Everybody")

    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"


def test_the_handshake_wants_its_challenge_back_as_plain_text(scene: Scene) -> None:
    twin = scene.twin
    request = twin.handshake_request("/hooks/facebook/main", secret="verify", challenge="1158201")
    plain = {"Content-Type": "text/plain; charset=utf-8"}

    answers = [
        TwinResponse(200, plain, b"1158201"),
        TwinResponse(403, plain, b"1158201"),
        TwinResponse(200, plain, b'"1158201"'),
        TwinResponse(200, {"content-type": "application/json"}, b"1158201"),
        TwinResponse(200, {}, b"1"),
    ]
    errors = [
        twin.handshake_errors(answer, secret="verify", challenge="1158201") for answer in answers
    ]

    assert request is not None
    assert request.query == {
        "hub.mode": "subscribe",
        "hub.verify_token": "verify",
        "hub.challenge": "1158201",
    }
    assert [len(found) for found in errors] == [0, 1, 1, 1, 2]
