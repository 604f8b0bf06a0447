"""The stand-in for api.x.com: which call is which, who may make it, signatures and handshake.

What a call does stands in x_calls.py and x_lookup.py, the limits in x_rules.py.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from infra.local.twins import x_answers as answers
from infra.local.twins import x_calls, x_events, x_lookup
from infra.local.twins.core import Exchange, Seen, Twin
from infra.local.twins.faults import Action, Fault, FaultQueue
from infra.local.twins.limits import Limit
from infra.local.twins.wire import (
    JSON_TYPE,
    RefusedError,
    TwinRequest,
    TwinResponse,
    bearer_token,
    mapping,
    read_json,
    text,
)
from infra.local.twins.world import TwinAccount, TwinObject, World
from infra.local.twins.x_rules import PRICE_DM_EVENT, PRICE_POST_EVENT, XRules

SIGNATURE_HEADER = "x-twitter-webhooks-signature"

CREATE_POST = ("POST", re.compile(r"/2/tweets"))
DELETE_POST = ("DELETE", re.compile(r"/2/tweets/(?P<target>\d{1,19})"))
CREATE_DM = ("POST", re.compile(r"/2/dm_conversations/with/(?P<target>\d{1,19})/messages"))
LIST_MENTIONS = ("GET", re.compile(r"/2/users/(?P<target>\d{1,19})/mentions"))
LIST_POSTS = ("GET", re.compile(r"/2/users/(?P<target>\d{1,19})/tweets"))

ACTIONS: tuple[tuple[tuple[str, re.Pattern[str]], Action], ...] = (
    (CREATE_POST, "post"),
    (CREATE_DM, "post"),
    (LIST_POSTS, "lookup"),
    (LIST_MENTIONS, "list"),
    (DELETE_POST, "delete"),
)


@dataclass(frozen=True, slots=True)
class XDialect:
    """X's way of doing things."""

    rules: XRules = field(default_factory=XRules)
    name: str = "x"

    def action(self, request: TwinRequest) -> Action:
        """Say what a call wants."""
        return next((action for route, action in ACTIONS if _match(route, request)), "other")

    def public_path(self, request: TwinRequest) -> str:
        """Return the path, which holds no secret here."""
        return request.path

    def identify(self, world: World, exchange: Exchange) -> None:
        """Fill in whose user token it is, and the post, user or post to answer."""
        request = exchange.request
        account = world.account_of(bearer_token(request))
        exchange.account = account.id if account else ""
        reply = mapping((read_json(request.body) or {}).get("reply"))
        exchange.target = _target(request) or text(reply.get("in_reply_to_tweet_id"))

    def answer(self, world: World, exchange: Exchange) -> TwinResponse:
        """Do what X does; every answer after the token was good carries the rate limit headers."""
        if self.action(exchange.request) == "other":
            raise answers.not_found("The requested resource does not exist.")
        account = x_calls.authenticate(world, exchange)
        call, limits = self._call(world, exchange, account)
        standing = x_calls.admit(world, exchange, limits)
        try:
            response = call()
        except RefusedError as refusal:
            refused = answers.with_standing(refusal.response, standing)
            raise RefusedError(refused, refusal.reason) from refusal
        return answers.with_standing(response, standing)

    def fault_response(self, fault: Fault, exchange: Exchange) -> TwinResponse:
        """Word a fault as X does."""
        if fault.kind == "throttle":
            return answers.rate_limited(fault.wait_s, now_ms=exchange.now_ms)
        if fault.kind == "token_expired":
            return answers.unauthorized(fault.kind).response
        if fault.kind == "blocked":
            detail = "Your account is temporarily locked."
            return answers.problem(HTTPStatus.FORBIDDEN, detail)
        return answers.problem(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Return the headers of a delivery; the secret is the app's consumer secret.

        Source: "Webhooks: introduction" (docs.x.com, read 2026-11-22).
        """
        return {"content-type": JSON_TYPE, SIGNATURE_HEADER: _signature(body, secret)}

    def handshake_request(self, path: str, *, secret: str, challenge: str) -> TwinRequest:
        """Return the challenge-response check; X keeps the secret and checks the answer with it."""
        return TwinRequest("GET", path, {"crc_token": challenge})

    def handshake_errors(self, answer: TwinResponse, *, secret: str, challenge: str) -> list[str]:
        """Say what is wrong with the answer to a challenge-response check.

        Source: "Webhooks: quickstart" (docs.x.com, read 2026-11-22): 200, JSON with one key.
        """
        if answer.status != HTTPStatus.OK:
            return [f"status {answer.status} instead of 200"]
        payload = read_json(answer.body)
        if payload is None or payload.keys() != {"response_token"}:
            return ["the body is not a JSON object with response_token alone"]
        expected = _signature(challenge.encode(), secret)
        if not hmac.compare_digest(str(payload["response_token"]).encode(), expected.encode()):
            return ["response_token is not the signature of the token"]
        return []

    def learn(self, world: World, body: bytes, *, account: str) -> list[Seen]:
        """Register what a webhook body tells about; it names the account itself."""
        return x_events.learn(world, body)

    def delivery_price_micro_usd(self, seen: Seen) -> int:
        """Return the price of a delivered event; deletions and our own messages are free.

        Source: "Pricing" (docs.x.com, read 2026-11-22). The price of X Activity is taken for the
        other two products too.
        """
        return {"post": PRICE_POST_EVENT, "message": PRICE_DM_EVENT}.get(seen.kind, 0)

    def echo(self, world: World, post: TwinObject) -> bytes | None:
        """Return the Account Activity body for our own post or message."""
        return x_events.echo(world, post)

    def _call(
        self, world: World, exchange: Exchange, account: TwinAccount
    ) -> tuple[Callable[[], TwinResponse], list[tuple[str, Limit]]]:
        """Return what a call does and the windows that bind it."""
        rules, request = self.rules, exchange.request
        if _match(CREATE_POST, request):
            app = [("the app", limit) for limit in rules.post_app_limits]
            limits = [*_of(account, rules.post_limits), *app]
            return lambda: x_calls.create_post(world, exchange, rules, account), limits
        if _match(CREATE_DM, request):
            limits = _of(account, rules.dm_limits)
            return lambda: x_calls.create_dm(world, exchange, rules, account), limits
        if _match(DELETE_POST, request):
            limits = _of(account, rules.delete_limits)
            return lambda: x_calls.delete_post(world, exchange, account), limits
        if _match(LIST_MENTIONS, request):
            limits = _of(account, rules.mention_limits)
            return lambda: x_lookup.list_mentions(world, exchange, rules), limits
        limits = _of(account, rules.lookup_limits)
        return lambda: x_lookup.list_posts(world, exchange, rules), limits


def x_twin(
    accounts: Iterable[TwinAccount],
    *,
    now_ms: Callable[[], int],
    faults: FaultQueue | None = None,
    rules: XRules | None = None,
) -> Twin:
    """Make a stand-in for X. Accounts need a handle, else nobody can mention them by name."""
    return Twin(XDialect(rules or XRules()), accounts, now_ms=now_ms, faults=faults)


def _match(route: tuple[str, re.Pattern[str]], request: TwinRequest) -> re.Match[str] | None:
    method, pattern = route
    return pattern.fullmatch(request.path) if request.method == method else None


def _target(request: TwinRequest) -> str:
    found = next((match for route, _ in ACTIONS if (match := _match(route, request))), None)
    return found.groupdict().get("target", "") if found else ""


def _of(account: TwinAccount, limits: Iterable[Limit]) -> list[tuple[str, Limit]]:
    return [(account.id, limit) for limit in limits]


def _signature(message: bytes, secret: str) -> str:
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()
