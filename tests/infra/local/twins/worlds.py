"""Twins with accounts, a clock that a test turns, and calls as an adapter would make them."""

import json
from dataclasses import dataclass
from typing import Any

from infra.local.twins.core import Twin
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.telegram import telegram_twin
from infra.local.twins.telegram_calls import TelegramRules
from infra.local.twins.wire import TwinResponse, read_request
from infra.local.twins.world import TwinAccount, TwinObject
from infra.local.twins.x import x_twin
from infra.local.twins.x_rules import XRules

NOON_MS = 1_795_348_800_000
BRAND = TwinAccount("1111", "token-brand", "heedair", "Heed Air")
OTHER = TwinAccount("2222", "token-other", "heedrail", "Heed Rail")
VISITOR_ID = "9001"


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    at_ms: int = NOON_MS

    def now_ms(self) -> int:
        return self.at_ms

    def wait(self, seconds: float) -> None:
        self.at_ms += int(seconds * 1000)


@dataclass
class Scene:
    """One twin and its clock."""

    twin: Twin
    clock: Clock

    def call(
        self, method: str, url: str, payload: object = None, *, token: str = "", form: str = ""
    ) -> TwinResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return self.twin.handle(read_request(method, url, headers=headers, body=form.encode()))
        headers["Content-Type"] = "application/json"
        body = b"" if payload is None else json.dumps(payload).encode()
        return self.twin.handle(read_request(method, url, headers=headers, body=body))

    def reasons(self) -> list[str]:
        return [call.reason for call in self.twin.calls()]


def x_scene(rules: XRules | None = None) -> Scene:
    clock = Clock()
    return Scene(x_twin([BRAND, OTHER], now_ms=clock.now_ms, rules=rules), clock)


def facebook_scene(rules: FacebookRules | None = None) -> Scene:
    clock = Clock()
    return Scene(facebook_twin([BRAND, OTHER], now_ms=clock.now_ms, rules=rules), clock)


def telegram_scene(rules: TelegramRules | None = None) -> Scene:
    clock = Clock()
    return Scene(telegram_twin([BRAND, OTHER], now_ms=clock.now_ms, rules=rules), clock)


def mention(
    object_id: str,
    *,
    summons: tuple[str, ...] = (BRAND.id,),
    author_id: str = VISITOR_ID,
    thread_id: str = "",
    private: bool = False,
) -> TwinObject:
    return TwinObject(
        object_id,
        author_id=author_id,
        author_handle="visitor",
        thread_id=thread_id,
        summons=frozenset(summons),
        private=private,
        at_ms=NOON_MS,
    )


def tell(scene: Scene, payload: object, *, account: str = "") -> None:
    scene.twin.learn(json.dumps(payload).encode(), account=account)


def answer_of(response: TwinResponse) -> Any:
    return json.loads(response.body)


def post_on_x(
    scene: Scene, text: str, target: str = "", *, token: str = BRAND.token
) -> TwinResponse:
    reply = {"reply": {"in_reply_to_tweet_id": target}} if target else {}
    return scene.call("POST", "https://api.x.com/2/tweets", {"text": text, **reply}, token=token)
