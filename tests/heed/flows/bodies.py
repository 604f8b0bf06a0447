"""Bodies as the platforms write them, and the accounts and people in them."""

import json
from datetime import UTC, datetime
from typing import Any

X_ACCOUNT, X_HANDLE = "2244994945", "acmeair"
PAGE = "1067280970047460"
BOT, BOT_HANDLE = "7000000001", "acme_air_bot"
BOLT_X, BOLT_HANDLE = "3300000000", "boltrail"
MARTA, OMAR, RUTH = "1390214455", "1500000002", "1600000003"
HANDLES = {MARTA: "marta_reads", OMAR: "omar_k", RUTH: "ruth_o", X_ACCOUNT: X_HANDLE}
HANDLES[BOLT_X] = BOLT_HANDLE

COMPLAINT = "@acmeair my flight was cancelled twice and nobody answers. This is terrible service."
QUESTION = "@acmeair when does the flight to Porto leave tomorrow?"


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def as_bytes(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def x_post(
    post_id: str,
    text: str,
    *,
    at: int,
    author: str = MARTA,
    account: str = X_ACCOUNT,
    event: str = "post.mention.create",
    root: str = "",
    answers: str = "",
    answers_author: str = "",
    versions: tuple[str, ...] = (),
    references: tuple[tuple[str, str], ...] = (),
    followers: int = 100,
    name: str = "",
) -> bytes:
    """A post as X Activity tells it."""
    told = [{"type": kind, "id": to} for kind, to in references]
    if answers:
        told.append({"type": "replied_to", "id": answers})
    user = {"id": author, "username": HANDLES.get(author, f"u{author}")}
    user |= {"name": name or HANDLES.get(author, "somebody")}
    payload = {
        "id": post_id,
        "author_id": author,
        "text": text,
        "created_at": iso(at),
        "lang": "en",
        "conversation_id": root or post_id,
        "edit_history_tweet_ids": [*(versions or (post_id,))],
        **({"referenced_tweets": told} if told else {}),
        **({"in_reply_to_user_id": answers_author} if answers_author else {}),
    }
    users = [{**user, "public_metrics": {"followers_count": followers}}]
    return x_event(event, payload, account=account, includes={"users": users})


def x_event(event: str, payload: Any, *, account: str = X_ACCOUNT, includes: Any = None) -> bytes:
    data = {"event_uuid": "-77", "filter": {"user_id": account}, "event_type": event}
    return as_bytes({"data": {**data, "payload": payload, "includes": includes or {}}})


def x_deletion(post_id: str, *, author: str = MARTA, account: str = X_ACCOUNT) -> bytes:
    return x_event("post.delete", {"id": post_id, "author_id": author}, account=account)


def x_message(
    message_id: str, text: str, *, at: int, author: str = MARTA, account: str = X_ACCOUNT
) -> bytes:
    """A direct message of a visitor to the account."""
    return _x_message("dm.received", message_id, text, (author, account), at=at, account=account)


def x_own_message(
    message_id: str, text: str, *, at: int, to: str = MARTA, account: str = X_ACCOUNT
) -> bytes:
    return _x_message("dm.sent", message_id, text, (account, to), at=at, account=account)


def _x_message(
    event: str, message_id: str, text: str, way: tuple[str, str], *, at: int, account: str
) -> bytes:
    sender, recipient = way
    created = {
        "target": {"recipient_id": recipient},
        "sender_id": sender,
        "message_data": {"text": text},
    }
    message = {"type": "message_create", "id": message_id, "created_timestamp": str(at)}
    payload = {"direct_message_events": [{**message, "message_create": created}]}
    return x_event(event, payload, account=account)


def telegram_message(
    message_id: int,
    text: str,
    *,
    at: int,
    author: int = 511820044,
    kind: str = "message",
    **fields: Any,
) -> bytes:
    """A private message to the bot."""
    sender = {"id": author, "is_bot": False, "first_name": "Olga"}
    message = {
        "message_id": message_id,
        "from": sender,
        "chat": {"id": author, "type": "private"},
        "date": at // 1000,
        "text": text,
        **fields,
    }
    return as_bytes({"update_id": 600_000_000 + message_id, kind: message})


def telegram_group_message(
    message_id: int, text: str, *, at: int, is_bot: bool = False, answers: Any = None
) -> bytes:
    """A message in a group that names the bot, or answers it."""
    entities = []
    tag = f"@{BOT_HANDLE}"
    if tag in text:
        entities = [{"type": "mention", "offset": text.index(tag), "length": len(tag)}]
    message = {
        "message_id": message_id,
        "from": {"id": 622, "is_bot": is_bot, "first_name": "Robo" if is_bot else "Rosa"},
        "chat": {"id": -100200, "type": "supergroup", "title": "Flyers"},
        "date": at // 1000,
        "text": text,
        "entities": entities,
        **({"reply_to_message": answers} if answers else {}),
    }
    return as_bytes({"update_id": 700_000_000 + message_id, "message": message})


def page_changes(*values: dict[str, Any], at: int, page: str = PAGE, field: str = "feed") -> bytes:
    """A delivery of Facebook with one change for each value."""
    changes = [{"field": field, "value": value} for value in values]
    entry = {"id": page, "time": at // 1000, "changes": changes}
    return as_bytes({"object": "page", "entry": [entry]})


def comment(
    number: str, text: str, *, at: int, author: str = MARTA, under: str = "", verb: str = "add"
) -> dict[str, Any]:
    """A comment below the page's post 500, or below another comment."""
    post = f"{PAGE}_500"
    return {
        "item": "comment",
        "verb": verb,
        "from": {"id": author, "name": "Zoë Dvořák"},
        "post_id": post,
        "comment_id": f"500_{number}",
        "parent_id": under or post,
        "created_time": at // 1000,
        "message": text,
    }
