"""Facebook webhook bodies, and calls as a Page's adapter would make them."""

from urllib.parse import urlencode

from infra.local.twins.wire import TwinResponse
from tests.infra.local.twins.worlds import BRAND, NOON_MS, VISITOR_ID, Scene, answer_of

POST = f"{BRAND.id}_50"
COMMENT = "50_500"
ANSWER = "50_501"


def comment(object_id: str = COMMENT, parent_id: str = POST, **more: object) -> dict[str, object]:
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": object_id,
        "post_id": POST,
        "parent_id": parent_id,
        "from": {"id": VISITOR_ID, "name": "Ann"},
        "message": "hello",
        "created_time": NOON_MS // 1000,
        **more,
    }
    return change("feed", value)


def change(field: str, value: dict[str, object]) -> dict[str, object]:
    entry = {"id": BRAND.id, "time": 0, "changes": [{"field": field, "value": value}]}
    return {"object": "page", "entry": [entry]}


def reply(
    scene: Scene, text: str = "Hello", target: str = COMMENT, *, token: str = BRAND.token
) -> TwinResponse:
    form = urlencode({"message": text, "access_token": token})
    return scene.call("POST", f"https://graph.facebook.com/v26.0/{target}/comments", form=form)


def reply_privately(scene: Scene, recipient: dict[str, str], text: str = "Hello") -> TwinResponse:
    payload = {"recipient": recipient, "message": {"text": text}}
    return scene.call("POST", f"/v26.0/{BRAND.id}/messages", payload, token=BRAND.token)


def error_of(response: TwinResponse) -> tuple[int, int, int]:
    error = answer_of(response)["error"]
    return response.status, error["code"], error.get("error_subcode", 0)
