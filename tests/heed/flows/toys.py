"""Platforms that there are not: X with an idempotency key, X whose tokens are renewed. The posts
still stand on X's twin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from heed import adapter as adapters
from heed.adapter import Call, Draft, Receipt, Response
from heed.domain.mention import Mention
from heed.errors import DoubtfulError, OutboundError, ReplyRejectedError
from tests.heed.flows.bodies import X_ACCOUNT
from tests.heed.flows.world import World

X: Any = adapters.load("x")
WINDOW_S = 3600
KEY = "idempotency-key"
KNOWN = 409


def _keyed_reply(mention: Mention, draft: Draft, key: str) -> Call:
    call: Call = X.build_reply(mention, draft, key)
    return replace(call, headers={**call.headers, KEY: key})


def _keyed_receipt(response: Response, now: int) -> Receipt:
    if response.status == KNOWN:
        raise ReplyRejectedError("the key is known", "duplicate")
    receipt: Receipt = X.read_receipt(response, now)
    return receipt


def keyed(world: World, **functions: Any) -> "KeyedSender":
    """Let X remember the keys of what it accepted for an hour, and offer no look-up."""
    given = {
        "KEY_WINDOW_S": WINDOW_S,
        "build_reply": _keyed_reply,
        "read_receipt": _keyed_receipt,
        "find_own_reply": lambda mention: None,
        **functions,
    }
    adapter: Any = SimpleNamespace(**{**vars(X), **given})
    sender = KeyedSender(world)
    world.replying = replace(world.replying, sender=sender, load=lambda name: adapter)
    return sender


@dataclass
class KeyedSender:
    """Answers a known key by 409, and by the first answer again if `repeats_answer`."""

    world: World
    repeats_answer: bool = False
    keys: list[str] = field(default_factory=list)
    failures: list[OutboundError | None] = field(default_factory=list)
    _accepted: dict[str, tuple[int, Response]] = field(default_factory=dict)

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
        key, now = call.headers.get(KEY, ""), self.world.clock.now()
        if key:
            self.keys.append(key)
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        accepted_at, answer = self._accepted.get(key, (0, None))
        if answer is not None and now - accepted_at < WINDOW_S * 1000:
            return answer if self.repeats_answer else Response(KNOWN, {}, b"{}")
        posts = len(self.world.posts())
        try:
            return self.world.sender.send(call, token, hosts)
        finally:
            if len(self.world.posts()) > posts:
                self._accepted[key] = (now, Response(201, {}, b'{"data": {"id": "1"}}'))


class TokenServer:
    """`Sender` before X's twin that renews tokens: each refresh token serves once.

    `faults`: what becomes of the next renewals; lost_after = renewed, and the answer is lost.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.refreshes: list[str] = []
        self.faults: list[str] = []
        self.number = 1
        world.store_secret(
            f"x/{X_ACCOUNT}/token", token="token-x", refresh_token="r1", client_id="c"
        )
        world.replying = replace(world.replying, sender=self)

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
        if call.path != "/2/oauth2/token":
            return self.world.sender.send(call, token, hosts)
        assert call.auth == "none"
        assert token == ""
        self.world.hook("platform", "refresh", "before")
        self.refreshes.append(call.body.decode())
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost_before":
            raise DoubtfulError("no answer")
        if f"refresh_token=r{self.number}&" not in call.body.decode() or fault == "refused":
            return Response(400, {}, b'{"error": "invalid_request"}')
        self.number += 1
        new = f"token-{self.number}"
        self.world.twin("x").world.grant_token(X_ACCOUNT, new)
        self.world.hook("platform", "refresh", "after")
        if fault == "lost_after":
            raise DoubtfulError("no answer")
        body = f'{{"access_token": "{new}", "refresh_token": "r{self.number}", "expires_in": 7200}}'
        return Response(200, {}, body.encode())

    def secret(self) -> Mapping[str, Any]:
        return self.world.replying.secrets.token_fields("x", X_ACCOUNT, fresh=True)
