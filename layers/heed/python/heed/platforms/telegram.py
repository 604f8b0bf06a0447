"""Telegram: messages to the bot, mentions of it in groups, and the channels that it serves.

Source, where no other is named: core.telegram.org "Bot API", 2026-11-22, in the form in which
python-telegram-bot/python-telegram-bot src/telegram has it; recorded bodies: zammad/zammad
test/data/telegram."""

from collections.abc import Mapping
from functools import partial

from heed.adapter import (
    BODY_BYTES_MAX_DEFAULT,
    Answer,
    Call,
    ConnectStep,
    Delivery,
    Draft,
    Ignored,
    IgnoredReason,
    Json,
    Lookup,
    Outcome,
    Parsed,
    Receipt,
    Rereading,
    Response,
    collect,
    read_json,
)
from heed.domain.mention import Account, Change, Mention
from heed.errors import (
    DoubtfulError,
    NotUnderstoodError,
    RateLimitedError,
    ReplyRejectedError,
)
from heed.payload import (
    ACCEPTED,
    JSON_HEADERS,
    THROTTLED,
    dig,
    is_doubtful,
    json_body,
    listed,
    path_id,
    read_answer,
    read_id,
    receipt,
    wait_s,
    whole,
)
from heed.platforms import _telegram_policy
from heed.platforms._telegram_messages import (
    MESSAGE_NAME,
    message_name,
    read_deletion,
    read_message,
)
from heed.signatures import SigningSecrets, verify_shared_secret

NAME = "telegram"
BODY_BYTES_MAX = BODY_BYTES_MAX_DEFAULT
TEXT_MAX = 4_096
PRIVATE_TEXT_MAX = 4_096
HOSTS: tuple[str, ...] = ("api.telegram.org",)
KEY_WINDOW_S = 0
LINKS_IN_ACKNOWLEDGEMENT = True
POLICY = _telegram_policy.POLICY
RATES = _telegram_policy.RATES
PRICES = _telegram_policy.PRICES

# Updates can be asked for only where no webhook is set. Source: core.telegram.org, "getUpdates",
# 2026-11-22.
REREADING: Rereading | None = None

_HEADER = "x-telegram-bot-api-secret-token"
_MESSAGES: Mapping[str, Change] = {
    "message": "created",
    "edited_message": "edited",
    "channel_post": "created",
    "edited_channel_post": "edited",
    "business_message": "created",
    "edited_business_message": "edited",
}
_DELETED = "deleted_business_messages"
# A person who blocks the bot comes as my_chat_member: that takes back nothing but that chat.
_OTHERS: Mapping[str, IgnoredReason] = {
    "message_reaction": "reaction",
    "message_reaction_count": "reaction",
    "business_connection": "not_a_mention",
    "callback_query": "not_a_mention",
    "chat_boost": "not_a_mention",
    "chat_join_request": "not_a_mention",
    "chat_member": "not_a_mention",
    "chosen_inline_result": "not_a_mention",
    "inline_query": "not_a_mention",
    "my_chat_member": "not_a_mention",
    "poll": "not_a_mention",
    "poll_answer": "not_a_mention",
    "pre_checkout_query": "not_a_mention",
    "removed_chat_boost": "not_a_mention",
    "shipping_query": "not_a_mention",
}


def verify(delivery: Delivery, secrets: SigningSecrets) -> None:
    """Check the secret header. It proves who sent, not what: Telegram signs no bytes."""
    verify_shared_secret(delivery.header(_HEADER), secrets.keys)


def sign(body: bytes, key: str) -> dict[str, str]:
    """Give the header that Telegram sends with every body."""
    del body
    return {_HEADER: key}


def handshake(delivery: Delivery, secrets: SigningSecrets) -> Answer | None:
    """Answer nothing: Telegram asks no challenge."""
    del delivery, secrets
    return None


def parse(delivery: Delivery) -> Parsed:
    """Read one update. It does not name the bot, so the connection must have exactly one.

    Raises: NotUnderstoodError when it has none or several.
    """
    if len(delivery.accounts) != 1:
        raise NotUnderstoodError("a connection to Telegram needs exactly one account")
    update = read_json(delivery.body)
    return collect(_split(update), partial(_read, delivery.accounts[0]))


def _split(update: Json) -> list[Json]:
    gone = dig(update, _DELETED)
    ids = listed(dig(gone, "message_ids"))
    return [{**update, _DELETED: {**gone, "message_ids": [one]}} for one in ids] or [update]


def _read(account: Account, update: Json) -> Outcome:
    read_id(update["update_id"])
    kind = next((key for key in update if key in _MESSAGES), None)
    if kind is not None:
        return read_message(account, update[kind], _MESSAGES[kind])
    if _DELETED in update:
        return read_deletion(account, update[_DELETED])
    return Ignored(next((_OTHERS[key] for key in update if key in _OTHERS), "unknown_event"))


def build_reply(mention: Mention, draft: Draft, key: str) -> Call:
    """Answer a message where it stands, or write to its author. There is no idempotency key."""
    del key
    payload: dict[str, Json] = {"text": draft.text}
    is_private = mention.visibility == "private"
    found = MESSAGE_NAME.fullmatch(mention.object_id)
    if found is None:
        raise ReplyRejectedError("the mention has no id that a call may carry", "bad_request")
    if draft.private and not is_private:
        return _call("sendMessage", {"chat_id": int(path_id(mention.author.id)), **payload})
    business, chat, number = found.groups()
    # In a private chat the person is answered even if that one line is gone; elsewhere not.
    answered = {"message_id": int(number), "allow_sending_without_reply": is_private}
    payload |= {"chat_id": int(chat), "reply_parameters": answered}
    if topic := mention.route.get("topic"):
        payload["message_thread_id"] = int(path_id(topic))
    if business:
        payload["business_connection_id"] = business
    return _call("sendMessage", payload)


def _call(method: str, payload: Json) -> Call:
    path = f"/bot{{token}}/{method}"
    return Call("POST", HOSTS[0], path, JSON_HEADERS, json_body(payload), auth="path")


_WAIT_DEFAULT_S = 60
_CAUSES: Mapping[int, str] = {401: "token", 403: "blocked", 404: "token", 413: "too_long"}


def read_receipt(response: Response, now: int) -> Receipt:
    """Take the new message's id, or say what became of it."""
    del now
    answer, status = read_answer(response.body), response.status
    if status in ACCEPTED:
        return receipt(_sent_id(dig(answer, "result")))
    if is_doubtful(status):
        raise DoubtfulError("Telegram did not say what became of the reply")
    asked = dig(answer, "parameters")
    if status == THROTTLED:
        asked_s = whole(dig(asked, "retry_after"))
        raise RateLimitedError("Telegram asks to wait", wait_s(asked_s, default_s=_WAIT_DEFAULT_S))
    moved = dig(asked, "migrate_to_chat_id") is not None
    cause = "gone" if moved else _CAUSES.get(status, "bad_request")
    raise ReplyRejectedError("Telegram refuses the reply", cause)


def _sent_id(message: Json) -> str | None:
    try:
        return message_name(message, dig(message, "message_id"))
    except ValueError:
        return None


def find_own_reply(mention: Mention) -> Lookup | None:
    """Offer nothing: a bot cannot read what it has sent."""
    del mention
    return None


def text_length(text: str) -> int:
    """Count UTF-16 units, as Telegram does for the length and for offsets."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def connect(account: Account, url: str) -> tuple[ConnectStep, ...]:
    """Set the webhook, with the secret that only the one who connects knows."""
    payload = {
        "url": url,
        "secret_token": "SECRET_TOKEN",
        "allowed_updates": [*_MESSAGES, _DELETED],
    }
    says = (
        "Put the connection's signing secret (1 to 256 of A-Z a-z 0-9 _ -) in place of "
        "SECRET_TOKEN. As long as the two differ, every delivery is refused."
    )
    by_hand = (
        f"Let the bot {account.handle or account.id} read groups: in @BotFather send /setprivacy, "
        "choose the bot, Disable. Private chats and channels need nothing."
    )
    return ConnectStep(by_hand), ConnectStep(says, _call("setWebhook", payload))
