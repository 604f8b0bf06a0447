"""What the Bot API does with each method, and when it refuses. One function per method.

Source: python-telegram-bot/python-telegram-bot, src/telegram/_bot.py, constants.py and error.py
(read 2026-11-22).
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from infra.local.twins.core import Exchange
from infra.local.twins.limits import Limit
from infra.local.twins.telegram_events import chat_key
from infra.local.twins.wire import (
    JsonObject,
    RefusedError,
    TwinResponse,
    json_response,
    nested,
    text,
    whole,
)
from infra.local.twins.world import TwinAccount, TwinObject, World

HOURS_48_S = 172_800
WEBHOOK_PORTS = frozenset({None, 443, 80, 88, 8443})
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
CONNECTIONS_DEFAULT = 40
CHAT_LIMIT = Limit("chat-1s", 1, 1)
GROUP_LIMIT = Limit("group-1m", 20, 60)
BOT_LIMIT = Limit("bot-1s", 30, 1)


@dataclass(frozen=True, slots=True)
class TelegramRules:
    """What Telegram enforces; times in seconds.

    Source: python-telegram-bot, constants.py (read 2026-11-22): message length and flood limits.
    """

    text_characters_max: int = 4_096
    delete_window_s: int = HOURS_48_S
    chat_limit: Limit = CHAT_LIMIT
    group_limit: Limit = GROUP_LIMIT
    bot_limit: Limit = BOT_LIMIT


def error(status: HTTPStatus, description: str, **parameters: object) -> TwinResponse:
    """Answer with ok=false; parameters carry what a caller can act on."""
    payload: JsonObject = {
        "ok": False,
        "error_code": int(status),
        "description": f"{status.phrase}: {description}" if description else status.phrase,
    }
    if parameters:
        payload["parameters"] = parameters
    return json_response(status, payload)


def refused(description: str, reason: str) -> RefusedError:
    """Refuse a call that can never succeed as it is."""
    return RefusedError(error(HTTPStatus.BAD_REQUEST, description), reason)


def too_many(wait_s: int) -> TwinResponse:
    """Answer with the whole seconds to wait."""
    status = HTTPStatus.TOO_MANY_REQUESTS
    return error(status, f"retry after {wait_s}", retry_after=wait_s)


def authenticate(world: World, exchange: Exchange) -> TwinAccount:
    """Return the bot of the token in the path. Raises RefusedError (401) without a good one."""
    bot = world.accounts.get(exchange.account)
    if bot is None or bot.token in world.expired_tokens:
        reason = "token_expired" if bot else "token_unknown"
        raise RefusedError(error(HTTPStatus.UNAUTHORIZED, ""), reason)
    return bot


def send_message(
    world: World, exchange: Exchange, rules: TelegramRules, fields: JsonObject
) -> TwinResponse:
    """Send a text to a chat, as an answer to a message or not."""
    bot = world.accounts[exchange.account]
    chat = chat_key(fields.get("chat_id"), fields.get("business_connection_id"))
    is_private = _check_chat(world, bot, chat)
    body = text(fields.get("text"))
    if not body.strip():
        raise refused("message text is empty", "no_text")
    if len(body) > rules.text_characters_max:
        raise refused("message is too long", "text_too_long")
    answered = _answered(world, chat, nested(fields.get("reply_parameters")))
    _admit(world, exchange, rules, chat=chat, is_private=is_private)
    message = TwinObject(
        id=f"{chat}:{_next_message_number(world, chat)}",
        author_id=bot.id,
        text=body,
        parent_id=answered.id if answered else "",
        thread_id=chat,
        summons=frozenset({bot.id}),
        private=is_private,
        at_ms=exchange.now_ms,
    )
    world.accept(message)
    exchange.post_id = message.id
    return _ok(_message_payload(bot, message, answered))


def delete_message(
    world: World, exchange: Exchange, rules: TelegramRules, fields: JsonObject
) -> TwinResponse:
    """Delete one of the bot's messages that is younger than 48 hours."""
    chat_id = text(fields.get("chat_id"))
    message = world.find(f"{chat_id}:{text(fields.get('message_id'))}")
    if message is None:
        raise refused("message to delete not found", "target_gone")
    is_old = exchange.now_ms - message.at_ms > rules.delete_window_s * 1000
    if message.author_id != exchange.account or is_old:
        raise refused("message can't be deleted", "too_old" if is_old else "not_own")
    world.delete(message.id)
    return _ok(True)


def set_webhook(world: World, exchange: Exchange, fields: JsonObject) -> TwinResponse:
    """Register a webhook address; an empty one takes it away.

    Source: python-telegram-bot, _bot.py and constants.py (read 2026-11-22): https only, four ports,
    the letters of a secret token.
    """
    url, secret = text(fields.get("url")), text(fields.get("secret_token"))
    if not url:
        world.webhooks.pop(exchange.account, None)
        return _ok(True, description="Webhook was deleted")
    if not url.startswith("https://"):
        raise refused("bad webhook: An HTTPS URL must be provided for webhook", "bad_url")
    if _port(url) not in WEBHOOK_PORTS:
        description = "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
        raise refused(description, "bad_url")
    if secret and not SECRET.fullmatch(secret):
        raise refused("secret token contains unallowed characters", "bad_secret")
    world.webhooks[exchange.account] = {
        "url": url,
        "secret_token": secret,
        "allowed_updates": fields.get("allowed_updates", []),
        "max_connections": whole(fields.get("max_connections")) or CONNECTIONS_DEFAULT,
    }
    return _ok(True, description="Webhook was set")


def _check_chat(world: World, bot: TwinAccount, chat: str) -> bool:
    """Say whether a chat is private. Raises RefusedError when the bot may not write there."""
    chat_id = chat.rpartition(":")[2]
    if chat_id in world.moved_chats:
        description = "group chat was upgraded to a supergroup chat"
        moved_to = whole(world.moved_chats[chat_id])
        response = error(HTTPStatus.BAD_REQUEST, description, migrate_to_chat_id=moved_to)
        raise RefusedError(response, "chat_moved")
    messages = world.thread(chat)
    is_member = any(not message.summons or bot.id in message.summons for message in messages)
    if not is_member and chat_id not in world.moved_chats.values():
        raise refused("chat not found", "chat_unknown")
    is_private = bool(messages) and messages[0].private
    if chat_id in world.blocked:
        what = "blocked by the user" if is_private else "kicked from the group chat"
        raise RefusedError(error(HTTPStatus.FORBIDDEN, f"bot was {what}"), "blocked")
    return is_private


def _answered(world: World, chat: str, reply: JsonObject) -> TwinObject | None:
    """Return the message to answer. Raises RefusedError when it is gone and must not be."""
    number = text(reply.get("message_id"))
    if not number:
        return None
    found = world.find(f"{chat}:{number}")
    if found is None and reply.get("allow_sending_without_reply") is not True:
        raise refused("message to be replied not found", "target_gone")
    return found


def _admit(
    world: World, exchange: Exchange, rules: TelegramRules, *, chat: str, is_private: bool
) -> None:
    asked = [
        (exchange.account, rules.bot_limit),
        (f"{exchange.account}:{chat}", rules.chat_limit),
    ]
    if not is_private:
        asked.append((f"{exchange.account}:{chat}", rules.group_limit))
    standing = world.windows.take(asked, exchange.now_ms)
    if standing is not None and standing.exceeded:
        raise RefusedError(too_many(standing.wait_s(exchange.now_ms)), "throttled")


def _next_message_number(world: World, chat: str) -> int:
    numbers = [whole(message.id.rpartition(":")[2]) for message in world.thread(chat)]
    return max(numbers, default=0) + 1


def _message_payload(
    bot: TwinAccount, message: TwinObject, answered: TwinObject | None
) -> JsonObject:
    chat: JsonObject = {
        "id": _id(message.thread_id.rpartition(":")[2]),
        "type": "private" if message.private else "supergroup",
    }
    sender = {"id": _id(bot.id), "is_bot": True, "first_name": bot.name, "username": bot.handle}
    payload: JsonObject = {
        "message_id": whole(message.id.rpartition(":")[2]),
        "from": sender,
        "chat": chat,
        "date": message.at_ms // 1000,
        "text": message.text,
    }
    if answered is not None:
        number = whole(answered.id.rpartition(":")[2])
        payload["reply_to_message"] = {
            "message_id": number,
            "chat": chat,
            "date": answered.at_ms // 1000,
        }
    return payload


def _ok(result: object, *, description: str = "") -> TwinResponse:
    described = {"description": description} if description else {}
    return json_response(HTTPStatus.OK, {"ok": True, "result": result, **described})


def _id(value: str) -> int | str:
    return whole(value) or value


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return 0
