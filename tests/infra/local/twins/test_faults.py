import pytest

from infra.local.twins.faults import Fault, FaultKind, FaultQueue
from infra.local.twins.wire import TwinRequest, TwinResponse
from infra.local.twins.x import x_twin
from tests.infra.local.twins.worlds import BRAND, Clock, Scene, mention, x_scene


def _reply(scene: Scene, text: str = "Hello", target: str = "500") -> TwinResponse:
    payload = {"text": text, "reply": {"in_reply_to_tweet_id": target}}
    return scene.call("POST", "/2/tweets", payload, token=BRAND.token)


@pytest.fixture
def scene() -> Scene:
    scene = x_scene()
    scene.twin.register_object(mention("500"))
    return scene


def test_a_lost_answer_leaves_the_post_visible(scene: Scene) -> None:
    scene.twin.faults.add(Fault("lose_answer"))

    response = _reply(scene)

    assert response.lost
    assert [post.target for post in scene.twin.visible_posts()] == ["500"]
    assert scene.twin.calls()[0].fault == "lose_answer"
    assert scene.twin.calls()[0].post_id == scene.twin.visible_posts()[0].id


def test_a_lost_request_leaves_nothing(scene: Scene) -> None:
    scene.twin.faults.add(Fault("lose_request"))

    response = _reply(scene)

    assert response.lost
    assert scene.twin.accepted_posts() == []


def test_an_error_after_posting_is_a_502_without_json(scene: Scene) -> None:
    scene.twin.faults.add(Fault("error_after"))

    response = _reply(scene)

    assert response.status == 502
    assert response.headers["content-type"] == "text/html"
    assert len(scene.twin.visible_posts()) == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [("error_before", 503), ("throttle", 429), ("token_expired", 401), ("blocked", 403)],
)
def test_what_strikes_before_posts_nothing(scene: Scene, kind: FaultKind, status: int) -> None:
    scene.twin.faults.add(Fault(kind, wait_s=30))

    response = _reply(scene)

    assert response.status == status
    assert scene.twin.accepted_posts() == []
    assert (scene.twin.calls()[0].account, scene.twin.calls()[0].target) == (BRAND.id, "500")


def test_a_slow_answer_is_a_normal_one_with_a_delay(scene: Scene) -> None:
    scene.twin.faults.add(Fault("slow", wait_s=12.5))

    response = _reply(scene)

    assert (response.status, response.delay_s, response.lost) == (201, 12.5, False)


def test_a_fault_touches_one_call_and_faults_strike_in_their_order(scene: Scene) -> None:
    scene.twin.faults.add(Fault("error_before"), Fault("lose_answer"))

    first, second, third = (_reply(scene, text) for text in ("one", "two", "three"))

    assert (first.status, second.lost, third.status) == (503, True, 201)
    assert len(scene.twin.faults) == 0


def test_a_fault_that_needs_an_accepted_call_waits_through_refusals(scene: Scene) -> None:
    scene.twin.faults.add(Fault("lose_answer"))

    refused = _reply(scene, target="404")
    accepted = _reply(scene)

    assert (refused.status, refused.lost) == (403, False)
    assert accepted.lost


def test_faults_of_other_actions_leave_a_post_alone(scene: Scene) -> None:
    scene.twin.faults.add(Fault("error_before", on="lookup"))

    posted = _reply(scene)
    looked_up = scene.call("GET", f"/2/users/{BRAND.id}/tweets", token=BRAND.token)

    assert (posted.status, looked_up.status) == (201, 503)


def test_faults_can_be_given_from_outside_and_forgotten() -> None:
    faults = FaultQueue([Fault("error_before")])
    twin = x_twin([BRAND], now_ms=Clock().now_ms, faults=faults)

    faults.clear()

    assert twin.faults is faults
    assert twin.handle(TwinRequest("POST", "/2/tweets")).status == 401


def test_two_twins_with_the_same_calls_answer_byte_for_byte_the_same() -> None:
    def play() -> list[TwinResponse]:
        scene = x_scene()
        scene.twin.register_object(mention("500"))
        scene.twin.faults.add(Fault("error_after"))
        return [_reply(scene, text) for text in ("one", "two", "two")]

    assert play() == play()


def test_the_log_names_no_text_and_no_token(scene: Scene) -> None:
    _reply(scene, "a text of ours")

    line = repr(scene.twin.calls())

    assert "a text of ours" not in line
    assert BRAND.token not in line
    assert BRAND.token not in repr(BRAND)


def test_there_is_no_echo_of_what_was_never_posted() -> None:
    twin = x_twin([BRAND], now_ms=Clock().now_ms)

    assert twin.echo("404") is None
