import pytest

from infra.local.twins.world import TwinObject
from infra.local.twins.x_rules import XRules
from tests.infra.local.twins.worlds import (
    BRAND,
    NOON_MS,
    VISITOR_ID,
    Scene,
    answer_of,
    mention,
    x_scene,
)

FIELDS = "author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets"


def _reply(scene: Scene, text: str, target: str = "500") -> str:
    payload = {"text": text, "reply": {"in_reply_to_tweet_id": target}}
    answer = answer_of(scene.call("POST", "/2/tweets", payload, token=BRAND.token))
    return str(answer["data"]["id"])


def _look_up(scene: Scene, query: str = "", *, user_id: str = BRAND.id) -> dict[str, object]:
    url = f"https://api.x.com/2/users/{user_id}/tweets?{query}"
    response = scene.call("GET", url, token=BRAND.token)
    assert response.status == 200
    answer: dict[str, object] = answer_of(response)
    return answer


@pytest.fixture
def scene() -> Scene:
    scene = x_scene()
    scene.twin.register_object(mention("500", thread_id="499"))
    return scene


def test_own_posts_are_listed_newest_first_with_what_they_answer(scene: Scene) -> None:
    first = _reply(scene, "first")
    scene.clock.wait(60)
    second = _reply(scene, "second")

    answer = _look_up(scene, f"tweet.fields={FIELDS}")

    assert answer["meta"] == {"result_count": 2, "newest_id": second, "oldest_id": first}
    data = answer["data"]
    assert isinstance(data, list)
    assert data[1] == {
        "id": first,
        "text": "first",
        "edit_history_tweet_ids": [first],
        "author_id": BRAND.id,
        "conversation_id": "499",
        "created_at": "2026-11-22T12:00:00.000Z",
        "in_reply_to_user_id": VISITOR_ID,
        "referenced_tweets": [{"type": "replied_to", "id": "500"}],
    }


def test_fields_come_only_when_they_are_asked_for(scene: Scene) -> None:
    post_id = _reply(scene, "first")

    bare = _look_up(scene)
    asked = _look_up(scene, "post.fields=in_reply_to_tweet_id")

    plain = {"id": post_id, "text": "first", "edit_history_tweet_ids": [post_id]}
    assert bare["data"] == [plain]
    assert asked["data"] == [{**plain, "in_reply_to_tweet_id": "500"}]


def test_what_a_colleague_posted_is_listed_and_what_is_deleted_or_private_is_not(
    scene: Scene,
) -> None:
    deleted = _reply(scene, "first")
    scene.call("DELETE", f"/2/tweets/{deleted}", token=BRAND.token)
    scene.twin.register_object(TwinObject("900", BRAND.id, text="by hand", at_ms=NOON_MS))
    scene.twin.register_object(TwinObject("901", BRAND.id, private=True, at_ms=NOON_MS))
    scene.twin.register_object(TwinObject("not-a-number", BRAND.id, at_ms=NOON_MS))

    meta = _look_up(scene)["meta"]

    assert meta == {"result_count": 1, "newest_id": "900", "oldest_id": "900"}


def test_a_post_is_not_listed_before_the_lag_of_the_index_has_passed() -> None:
    scene = x_scene(XRules(lookup_lag_s=10))
    scene.twin.register_object(mention("500"))
    _reply(scene, "first")

    scene.clock.wait(9)
    early = _look_up(scene)
    scene.clock.wait(1)
    late = _look_up(scene)

    assert early == {"meta": {"result_count": 0}}
    assert late["meta"] is not None
    assert len(late) == 2


def test_pages_follow_each_other(scene: Scene) -> None:
    ids = [_reply(scene, f"text {number}") for number in range(7)]

    first = _look_up(scene, "max_results=5")
    meta = first["meta"]
    assert isinstance(meta, dict)
    second = _look_up(scene, f"max_results=5&pagination_token={meta['next_token']}")

    shown = [post["id"] for page in (first, second) for post in _data(page)]
    assert shown == ids[::-1]
    assert "next_token" not in str(second["meta"])


def test_a_look_up_can_be_bounded_by_ids_times_and_kind(scene: Scene) -> None:
    first = _reply(scene, "first")
    scene.clock.wait(60)
    second = _reply(scene, "second")
    minute = "2026-11-22T12:01:00Z"

    assert [post["id"] for post in _data(_look_up(scene, f"since_id={first}"))] == [second]
    assert [post["id"] for post in _data(_look_up(scene, f"until_id={second}"))] == [first]
    assert [post["id"] for post in _data(_look_up(scene, f"start_time={minute}"))] == [second]
    assert [post["id"] for post in _data(_look_up(scene, f"end_time={minute}"))] == [first]
    assert _data(_look_up(scene, "exclude=retweets,replies")) == []


@pytest.mark.parametrize(
    "query",
    ["max_results=4", "max_results=101", "max_results=x", "since_id=x", "start_time=noon"],
)
def test_values_that_x_does_not_take_are_refused(scene: Scene, query: str) -> None:
    response = scene.call("GET", f"/2/users/{BRAND.id}/tweets?{query}", token=BRAND.token)

    assert response.status == 400


def test_an_unknown_user_is_an_error_in_a_good_answer(scene: Scene) -> None:
    answer = _look_up(scene, user_id="404")

    assert answer.keys() == {"errors"}


def test_look_ups_need_a_token_and_have_a_window_of_their_own(scene: Scene) -> None:
    path = f"/2/users/{BRAND.id}/tweets"

    without = scene.call("GET", path)
    with_token = scene.call("GET", path, token=BRAND.token)

    assert without.status == 401
    assert with_token.headers["x-rate-limit-remaining"] == "899"


def _data(answer: dict[str, object]) -> list[dict[str, object]]:
    data = answer.get("data", [])
    assert isinstance(data, list)
    return data
