"""The stand-in for api.telegram.org: which method is which, tokens in the path, the secret header.

What a method does and its limits stand in telegram_calls.py. There is neither a handshake nor a way
to look up what a bot has sent.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from infra.local.twins import telegram_calls as calls
from infra.local.twins import telegram_events
from infra.local.twins.core import Exchange, Seen, Twin
from infra.local.twins.faults import Action, Fault, FaultQueue
from infra.local.twins.telegram_calls import TelegramRules
from infra.local.twins.wire import (
    RefusedError,
    TwinRequest,
    TwinResponse,
    nested,
    read_fields,
    text,
)
from infra.local.twins.world import TwinAccount, TwinObject, World

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (the name of a header)
METHOD = re.compile(r"/bot(?P<token>[^/]+)/(?P<method>\w+)")

ACTIONS: dict[str, Action] = {
    "sendmessage": "post",
    "deletemessage": "delete",
    "setwebhook": "setup",
}


@dataclass(frozen=True, slots=True)
class TelegramDialect:
    """Telegram's way of doing things."""

    rules: TelegramRules = field(default_factory=TelegramRules)
    name: str = "telegram"

    def action(self, request: TwinRequest) -> Action:
        """Say what a call wants; names of methods may be written in any case."""
        return ACTIONS.get(_method(request), "other")

    def public_path(self, request: TwinRequest) -> str:
        """Return the path without the token."""
        return re.sub(r"^/bot[^/]*", "/bot***", request.path)

    def identify(self, world: World, exchange: Exchange) -> None:
        """Fill in whose token the path holds, and the message to answer or to delete."""
        found = METHOD.fullmatch(exchange.request.path)
        bot = world.account_of(found.group("token")) if found else None
        exchange.account = bot.id if bot else ""
        fields = read_fields(exchange.request) or {}
        reply = nested(fields.get("reply_parameters"))
        number = text(reply.get("message_id")) or text(fields.get("message_id"))
        chat = telegram_events.chat_key(fields.get("chat_id"), fields.get("business_connection_id"))
        exchange.target = f"{chat}:{number}" if number else ""

    def answer(self, world: World, exchange: Exchange) -> TwinResponse:
        """Do what the Bot API does."""
        calls.authenticate(world, exchange)
        fields = read_fields(exchange.request)
        if fields is None:
            raise calls.refused("can't parse the request", "invalid_request")
        action = self.action(exchange.request)
        if action == "post":
            return calls.send_message(world, exchange, self.rules, fields)
        if action == "delete":
            return calls.delete_message(world, exchange, self.rules, fields)
        if action == "setup":
            return calls.set_webhook(world, exchange, fields)
        raise RefusedError(calls.error(HTTPStatus.NOT_FOUND, ""), "method_unknown")

    def fault_response(self, fault: Fault, exchange: Exchange) -> TwinResponse:
        """Word a fault as the Bot API does."""
        if fault.kind == "throttle":
            return calls.too_many(math.ceil(fault.wait_s))
        if fault.kind == "token_expired":
            return calls.error(HTTPStatus.UNAUTHORIZED, "")
        if fault.kind == "blocked":
            return calls.error(HTTPStatus.FORBIDDEN, "bot was blocked by the user")
        return calls.error(HTTPStatus.SERVICE_UNAVAILABLE, "")

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Return the headers of a delivery; the secret is sent as it is.

        Source: python-telegram-bot, _bot.py set_webhook (read 2026-11-22).
        """
        return {"content-type": "application/json", SECRET_HEADER: secret}

    def handshake_request(self, path: str, *, secret: str, challenge: str) -> TwinRequest | None:
        """Return nothing: Telegram does not check an address."""
        return None

    def handshake_errors(self, answer: TwinResponse, *, secret: str, challenge: str) -> list[str]:
        """Return nothing: there is no answer to check."""
        return []

    def learn(self, world: World, body: bytes, *, account: str) -> list[Seen]:
        """Register what an update tells about; it does not say which bot received it."""
        return telegram_events.learn(world, body, account=account)

    def delivery_price_micro_usd(self, seen: Seen) -> int:
        """Return nothing: Telegram does not charge."""
        return 0

    def echo(self, world: World, post: TwinObject) -> bytes | None:
        """Return nothing: Telegram does not tell a bot of its own messages."""
        return None


def telegram_twin(
    accounts: Iterable[TwinAccount],
    *,
    now_ms: Callable[[], int],
    faults: FaultQueue | None = None,
    rules: TelegramRules | None = None,
) -> Twin:
    """Make a stand-in for Telegram. Accounts are bots with their tokens."""
    return Twin(TelegramDialect(rules or TelegramRules()), accounts, now_ms=now_ms, faults=faults)


def _method(request: TwinRequest) -> str:
    found = METHOD.fullmatch(request.path)
    return found.group("method").lower() if found and request.method in {"GET", "POST"} else ""
