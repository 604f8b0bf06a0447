"""The stand-in for graph.facebook.com as a Page uses it: which call is which, and its webhooks.

What a call does stands in facebook_calls.py, limits and errors in facebook_rules.py.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from infra.local.twins import facebook_calls as calls
from infra.local.twins import facebook_events, facebook_feed, meta_hooks
from infra.local.twins import facebook_rules as graph
from infra.local.twins.core import Exchange, Seen, Twin
from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.faults import Action, Fault, FaultQueue
from infra.local.twins.wire import (
    JsonObject,
    TwinRequest,
    TwinResponse,
    bearer_token,
    nested,
    read_fields,
    text,
)
from infra.local.twins.world import TwinAccount, TwinObject, World

VERSION = r"(?:/v\d{1,2}\.\d)?"
FEED = re.compile(rf"{VERSION}/(?P<target>\w+)/feed")
COMMENTS = re.compile(rf"{VERSION}/(?P<target>\w+)/comments")
MESSAGES = re.compile(rf"{VERSION}/(?P<target>\w+)/messages")
OBJECT = re.compile(rf"{VERSION}/(?P<target>\w+)")

ROUTES: tuple[tuple[str, re.Pattern[str], Action], ...] = (
    ("POST", COMMENTS, "post"),
    ("POST", MESSAGES, "post"),
    ("GET", COMMENTS, "lookup"),
    ("GET", FEED, "list"),
    ("DELETE", OBJECT, "delete"),
)


@dataclass(frozen=True, slots=True)
class FacebookDialect:
    """Facebook's way of doing things."""

    rules: FacebookRules = field(default_factory=FacebookRules)
    name: str = "facebook"

    def action(self, request: TwinRequest) -> Action:
        """Say what a call wants."""
        return next(
            (
                action
                for method, pattern, action in ROUTES
                if request.method == method and pattern.fullmatch(request.path)
            ),
            "other",
        )

    def public_path(self, request: TwinRequest) -> str:
        """Return the path; tokens stand in the query, the body or a header."""
        return request.path

    def identify(self, world: World, exchange: Exchange) -> None:
        """Fill in whose Page token it is, a parameter or a header, and the comment or post."""
        fields = read_fields(exchange.request) or {}
        token = text(fields.get("access_token")) or bearer_token(exchange.request)
        page = world.account_of(token)
        exchange.account = page.id if page else ""
        recipient = nested(fields.get("recipient"))
        answered = text(recipient.get("comment_id")) or text(recipient.get("post_id"))
        exchange.target = answered or _id_in_path(exchange.request)

    def answer(self, world: World, exchange: Exchange) -> TwinResponse:
        """Do what the Graph API does."""
        request = exchange.request
        fields = read_fields(request)
        action = self.action(request)
        if fields is None or action == "other":
            message = f"Unsupported {request.method.lower()} request."
            raise graph.refused(graph.BAD_PARAMETER, message, "invalid_request")
        calls.authenticate(world, exchange)
        standing = calls.admit(world, exchange, self.rules)
        response = self._call(world, exchange, action, fields)
        return replace(response, headers={**response.headers, **calls.usage_headers(standing)})

    def fault_response(self, fault: Fault, exchange: Exchange) -> TwinResponse:
        """Word a fault as the Graph API does; `code` chooses the code of a throttle."""
        if fault.kind == "throttle":
            code = fault.code or graph.PAGE_THROTTLED.code
            return graph.throttled(code, fault.wait_s, page_id=exchange.account)
        if fault.kind == "token_expired":
            message = "Error validating access token: Session has expired"
            return graph.graph_error(graph.TOKEN_EXPIRED, message)
        if fault.kind == "blocked":
            message = "The action attempted has been deemed abusive or is otherwise disallowed"
            return graph.graph_error(graph.POLICY_BLOCK, message)
        return graph.graph_error(graph.UNAVAILABLE, "Service temporarily unavailable")

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Return the headers of a delivery."""
        return meta_hooks.sign(body, secret)

    def handshake_request(self, path: str, *, secret: str, challenge: str) -> TwinRequest:
        """Return Meta's check of a webhook address."""
        return meta_hooks.handshake_request(path, secret=secret, challenge=challenge)

    def handshake_errors(self, answer: TwinResponse, *, secret: str, challenge: str) -> list[str]:
        """Say what is wrong with the answer to the check."""
        return meta_hooks.handshake_errors(answer, challenge=challenge)

    def learn(self, world: World, body: bytes, *, account: str) -> list[Seen]:
        """Register what a webhook body tells about; it names the Page itself."""
        return facebook_events.learn(world, body)

    def delivery_price_micro_usd(self, seen: Seen) -> int:
        """Return nothing: Facebook does not charge."""
        return 0

    def echo(self, world: World, post: TwinObject) -> bytes | None:
        """Return the body that tells a Page of its own comment or message."""
        return facebook_events.echo(world, post)

    def _call(
        self, world: World, exchange: Exchange, action: Action, fields: JsonObject
    ) -> TwinResponse:
        if action == "lookup":
            return calls.list_comments(world, exchange, self.rules, fields)
        if action == "list":
            return facebook_feed.list_feed(world, exchange, self.rules, fields)
        if action == "delete":
            return calls.delete(world, exchange)
        if MESSAGES.fullmatch(exchange.request.path):
            if _id_in_path(exchange.request) not in {exchange.account, "me"}:
                message = "(#10) The token is for another Page"
                raise graph.refused(graph.PERMISSION, message, "not_own")
            return calls.send_message(world, exchange, self.rules, fields)
        return calls.create_comment(world, exchange, self.rules, fields)


def facebook_twin(
    accounts: Iterable[TwinAccount],
    *,
    now_ms: Callable[[], int],
    faults: FaultQueue | None = None,
    rules: FacebookRules | None = None,
) -> Twin:
    """Make a stand-in for Facebook. Accounts are Pages with their Page tokens."""
    return Twin(FacebookDialect(rules or FacebookRules()), accounts, now_ms=now_ms, faults=faults)


def _id_in_path(request: TwinRequest) -> str:
    found = OBJECT.match(request.path)
    return found.group("target") if found else ""
