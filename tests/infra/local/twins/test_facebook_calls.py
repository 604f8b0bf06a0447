import json
from urllib.parse import urlencode

import pytest

from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.world import TwinObject
from tests.infra.local.twins.pages import (
    ANSWER,
    COMMENT,
    POST,
    change,
    comment,
    error_of,
    reply,
    reply_privately,
)
from tests.infra.local.twins.worlds import (
    BRAND,
    NOON_MS,
    OTHER,
    VISITOR_ID,
    Scene,
    answer_of,
    facebook_scene,
    tell,
)


@pytest.fixture
def scene() -> Scene:
    scene = facebook_scene()
    tell(scene, comment())
    return scene


def test_a_comment_is_answered_under_it(scene: Scene) -> None:
    response = reply(scene)

    post = scene.twin.visible_posts()[0]
    assert response.status == 200
    assert answer_of(response) == {"id": post.id}
    assert (post.text, post.target, post.account) == ("Hello", COMMENT, BRAND.id)


@pytest.mark.parametrize("gone", ["unknown", "removed", "post removed", "parent removed"])
def test_what_is_gone_is_code_100_with_subcode_33(scene: Scene, gone: str) -> None:
    tell(scene, comment(ANSWER, COMMENT))
    removal: dict[str, object] = {"verb": "remove", "post_id": POST, "item": "post"}
    if gone != "post removed":
        removal |= {"item": "comment", "comment_id": COMMENT}
    if gone != "unknown":
        tell(scene, change("feed", removal))
    target = {"unknown": "50_404", "parent removed": ANSWER}.get(gone, COMMENT)

    assert error_of(reply(scene, target=target)) == (400, 100, 33)
    assert scene.reasons() == ["target_gone"]


def test_a_comment_on_another_page_is_a_matter_of_permission(scene: Scene) -> None:
    assert error_of(reply(scene, token=OTHER.token)) == (400, 10, 0)


@pytest.mark.parametrize(("text", "status"), [("x" * 8_000, 200), ("x" * 8_001, 400), (" ", 400)])
def test_a_comment_needs_a_text_that_fits(scene: Scene, text: str, status: int) -> None:
    assert reply(scene, text).status == status


def test_the_same_text_on_the_same_comment_is_code_506(scene: Scene) -> None:
    tell(scene, comment(ANSWER, COMMENT))
    reply(scene)

    again = reply(scene)
    elsewhere = reply(scene, target=ANSWER)

    assert error_of(again) == (400, 506, 0)
    assert elsewhere.status == 200
    assert len(scene.twin.visible_posts()) == 2


def test_a_duplicate_is_forgotten_after_its_window_or_when_deleted(scene: Scene) -> None:
    first = answer_of(reply(scene))["id"]
    deleted = scene.call("DELETE", f"/v26.0/{first}?access_token={BRAND.token}")
    second = reply(scene)
    scene.clock.wait(86_400)

    assert answer_of(deleted) == {"success": True}
    assert (second.status, reply(scene).status) == (200, 200)


def test_a_visitors_comment_on_the_page_may_be_deleted_and_no_others(scene: Scene) -> None:
    by_other = scene.call("DELETE", f"/{COMMENT}", token=OTHER.token)
    by_page = scene.call("DELETE", f"/{COMMENT}", token=BRAND.token)
    again = scene.call("DELETE", f"/{COMMENT}", token=BRAND.token)

    assert error_of(by_other) == (400, 10, 0)
    assert by_page.status == 200
    assert error_of(again) == (400, 100, 33)


def test_an_answer_is_found_by_the_list_of_what_hangs_under_the_comment(scene: Scene) -> None:
    post_id = answer_of(reply(scene))["id"]

    response = scene.call("GET", f"/v26.0/{COMMENT}/comments", token=BRAND.token)

    assert answer_of(response) == {
        "data": [
            {
                "created_time": "2026-11-22T12:00:00+0000",
                "from": {"id": BRAND.id, "name": "Heed Air"},
                "message": "Hello",
                "id": post_id,
            }
        ],
        "paging": {"cursors": {"before": post_id, "after": post_id}},
    }


def test_an_answer_to_an_answer_hangs_under_the_first_comment(scene: Scene) -> None:
    tell(scene, comment(ANSWER, COMMENT))
    post_id = answer_of(reply(scene, target=ANSWER))["id"]

    under_answer = scene.call("GET", f"/{ANSWER}/comments", token=BRAND.token)
    url = f"/{COMMENT}/comments?fields=id,parent"
    under_comment = scene.call("GET", url, token=BRAND.token)

    assert scene.twin.visible_posts()[0].target == ANSWER
    assert answer_of(under_answer) == {"data": []}
    assert answer_of(under_comment)["data"] == [
        {"parent": {"id": COMMENT}, "id": ANSWER},
        {"parent": {"id": COMMENT}, "id": post_id},
    ]


def test_a_list_can_be_turned_cut_and_continued(scene: Scene) -> None:
    ids = [answer_of(reply(scene, f"text {number}"))["id"] for number in range(3)]
    path = f"/{COMMENT}/comments?fields=id&access_token={BRAND.token}"

    first = answer_of(scene.call("GET", f"{path}&limit=2"))
    rest = answer_of(scene.call("GET", f"{path}&after={first['paging']['cursors']['after']}"))
    turned = answer_of(scene.call("GET", f"{path}&order=reverse_chronological"))
    all_of_post = answer_of(
        scene.call("GET", f"/{POST}/comments?filter=stream&fields=id", token=BRAND.token)
    )

    assert [item["id"] for item in first["data"] + rest["data"]] == ids
    assert ("next" in first["paging"], "next" in rest["paging"]) == (True, False)
    assert [item["id"] for item in turned["data"]] == ids[::-1]
    assert [item["id"] for item in all_of_post["data"]] == [COMMENT, *ids]


def test_a_list_hides_what_is_deleted_private_or_too_new() -> None:
    scene = facebook_scene(FacebookRules(lookup_lag_s=5))
    tell(scene, comment())
    deleted = answer_of(reply(scene, "one"))["id"]
    kept = answer_of(reply(scene, "two"))["id"]
    reply_privately(scene, {"comment_id": COMMENT})
    scene.twin.delete_object(deleted)
    path = f"/{COMMENT}/comments?fields=id"

    early = answer_of(scene.call("GET", path, token=BRAND.token))
    scene.clock.wait(5)
    late = answer_of(scene.call("GET", path, token=BRAND.token))

    assert early["data"] == []
    assert late["data"] == [{"id": kept}]


def test_a_private_reply_goes_to_the_author_once(scene: Scene) -> None:
    first = reply_privately(scene, {"comment_id": COMMENT})
    second = reply_privately(scene, {"comment_id": COMMENT}, "Hello again")

    message = scene.twin.visible_posts()[0]
    assert answer_of(first) == {"recipient_id": VISITOR_ID, "message_id": message.id}
    assert (message.target, message.private) == (COMMENT, True)
    assert error_of(second) == (400, 10_900, 0)
    assert scene.twin.calls()[0].target == COMMENT


def test_a_private_reply_may_be_a_form_and_answer_a_visitors_post(scene: Scene) -> None:
    visitor = {"id": VISITOR_ID, "name": "Ann"}
    post = {"item": "post", "verb": "add", "post_id": "1111_60", "from": visitor}
    tell(scene, change("feed", {**post, "created_time": NOON_MS // 1000}))
    recipient, message = json.dumps({"post_id": "1111_60"}), json.dumps({"text": "Hello"})
    form = urlencode({"recipient": recipient, "message": message, "access_token": BRAND.token})

    assert scene.call("POST", "/me/messages", form=form).status == 200


def test_a_private_reply_comes_too_late_after_seven_days(scene: Scene) -> None:
    scene.clock.wait(7 * 86_400 + 1)

    assert error_of(reply_privately(scene, {"comment_id": COMMENT})) == (400, 10, 2_018_278)


@pytest.mark.parametrize(
    ("recipient", "text", "expected"),
    [
        ({"comment_id": "50_404"}, "Hello", (400, 100, 33)),
        ({"id": VISITOR_ID}, "Hello", (400, 100, 0)),
        ({"comment_id": COMMENT}, "", (400, 100, 0)),
        ({"comment_id": COMMENT}, "x" * 2_001, (400, 100, 0)),
    ],
)
def test_a_private_reply_needs_somebody_and_a_text(
    scene: Scene, recipient: dict[str, str], text: str, expected: tuple[int, int, int]
) -> None:
    assert error_of(reply_privately(scene, recipient, text)) == expected


def test_nobody_can_be_answered_in_private_where_no_author_is_told(scene: Scene) -> None:
    tell(scene, change("mention", {"item": "post", "verb": "add", "post_id": "77_1"}))

    assert error_of(reply_privately(scene, {"post_id": "77_1"})) == (400, 100, 0)
    assert reply(scene, target="77_1").status == 200


def test_an_object_registered_by_hand_can_be_answered_by_any_page(scene: Scene) -> None:
    scene.twin.register_object(TwinObject("70_1", author_id=VISITOR_ID, at_ms=NOON_MS))

    assert reply(scene, target="70_1").status == 200
    assert reply(scene, target="70_1", token=OTHER.token).status == 200
