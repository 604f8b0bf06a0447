"""Telegram's messages, read into mentions. Belongs to `telegram`.

Source: core.telegram.org "Bot API: Message", 2026-11-22."""

import re
from typing import Final

from heed.adapter import Ignored, Json, Outcome, clean_text
from heed.domain.mention import Account, Author, Change, Kind, Mention, Naming
from heed.payload import dig, epoch_ms, label, listed, read_id, read_id_or_none, whole

_CHAT_NAME = re.compile(r"[A-Za-z]\w{3,31}", re.ASCII)
MESSAGE_NAME: Final = re.compile(r"(?:([\w-]{1,100}):)?(-?[0-9]{1,20}):([0-9]{1,20})", re.ASCII)
# Everybody's first message, sent by a button: nothing that a person wrote.
_START = re.compile(r"/start(?:@\w+)?(?:\s\S{1,64})?", re.ASCII)

_MEDIA = (
    *("animation", "audio", "contact", "dice", "document", "location", "paid_media", "photo"),
    *("sticker", "story", "venue", "video", "video_note", "voice"),
)


def read_message(account: Account, message: Json, change: Change) -> Outcome:
    """Read a message of any chat; one without words or a file is none."""
    object_id, chat = message_name(message, dig(message, "message_id")), dig(message, "chat")
    text = clean_text(dig(message, "text") or dig(message, "caption"))
    media = int(any(dig(message, key) for key in _MEDIA))
    if _START.fullmatch(text) or not (text or media):
        return Ignored("not_a_mention")
    is_private, is_own = dig(chat, "type") == "private", _is_own(account, message)
    parent = dig(message, "reply_to_message")
    parent_id = message_name(message, dig(parent, "message_id")) if parent else None
    thread = None if is_private else read_id_or_none(dig(message, "message_thread_id"))
    naming, summoned = _naming(account, message, text, is_own=is_own)
    within: Kind = "message" if is_private else "comment"
    is_topic = thread is not None and dig(message, "is_topic_message") is True
    return Mention(
        platform="telegram",
        account=account.id,
        kind="post" if dig(chat, "type") == "channel" else within,
        object_id=object_id,
        change=change,
        visibility="private" if is_private else "public",
        author=_author(message, is_own=is_own),
        text=text,
        event_at=epoch_ms(dig(message, "date" if change == "created" else "edit_date")),
        # Only one step up is told, so without a thread the parent is the best that there is.
        root_id=message_name(message, thread) if thread else None if is_private else parent_id,
        root_kind=within,
        parent_id=parent_id,
        parent_kind=within,
        naming=naming,
        summoned=summoned,
        permalink=_permalink(chat, message),
        media=media,
        is_own_post=is_own,
        # A thread of replies has a number too, but only a topic's may be named in a call.
        route={"topic": thread} if thread and is_topic else {},
    )


def read_deletion(account: Account, gone: Json) -> Outcome:
    """Read that a line of a business account's chat is gone; Telegram tells of no other."""
    return Mention(
        platform="telegram",
        account=account.id,
        kind="message",
        object_id=message_name(gone, dig(gone, "message_ids", 0)),
        change="deleted",
        visibility="private",
        author=Author(id=read_id(dig(gone, "chat", "id"))),
    )


def message_name(message: Json, number: Json) -> str:
    """Name a message: numbers count per chat, and a business account's chats count apart."""
    parts = (read_id(dig(message, "chat", "id")), read_id(number))
    business = read_id_or_none(dig(message, "business_connection_id"))
    name = ":".join((business, *parts) if business else parts)
    if not MESSAGE_NAME.fullmatch(name):
        raise ValueError("no message id")
    return name


def _is_own(account: Account, message: Json) -> bool:
    """Say whether the brand wrote it: the bot, a channel, a nameless administrator, the owner of a
    business account."""
    chat, chat_id = dig(message, "chat"), dig(message, "chat", "id")
    sender, on_behalf = dig(message, "from", "id"), dig(message, "sender_chat", "id")
    is_business = dig(message, "business_connection_id") is not None
    return (
        read_id_or_none(sender) == account.id
        or dig(chat, "type") == "channel"
        or dig(message, "is_automatic_forward") is True
        or (on_behalf is not None and on_behalf == chat_id)
        or (is_business and dig(chat, "type") == "private" and sender != chat_id)
    )


def _author(message: Json, *, is_own: bool) -> Author:
    if is_own and dig(message, "chat", "type") == "private":
        return Author(id=read_id(dig(message, "chat", "id")))
    on_behalf = dig(message, "sender_chat")
    # Who speaks on behalf of a chat has a made-up user in `from`, which says that it is a bot.
    sender = on_behalf or dig(message, "from")
    names = (label(dig(sender, key)) for key in ("first_name", "last_name", "title"))
    return Author(
        id=read_id_or_none(dig(sender, "id")),
        handle=label(dig(sender, "username")),
        name=label(" ".join(name for name in names if name)),
        automated=dig(sender, "is_bot") is True and not is_own,
    )


def _naming(account: Account, message: Json, text: str, *, is_own: bool) -> tuple[Naming, bool]:
    if is_own:
        return "none", False
    entities = listed(dig(message, "entities") or dig(message, "caption_entities"))
    tagged = any(_tags(account, entity, text) for entity in entities)
    parent = dig(message, "reply_to_message")
    ours = read_id_or_none(dig(parent, "from", "id")) == account.id
    ways: tuple[tuple[bool, Naming], ...] = (
        (ours or dig(message, "chat", "type") == "private", "direct"),
        (tagged, "tag"),
        # Below a post of the brand's channel.
        (dig(parent, "is_automatic_forward") is True, "page"),
    )
    return next((naming for holds, naming in ways if holds), "none"), tagged


def _tags(account: Account, entity: Json, text: str) -> bool:
    if dig(entity, "type") == "text_mention":
        return read_id_or_none(dig(entity, "user", "id")) == account.id
    start, units = whole(dig(entity, "offset")), whole(dig(entity, "length"))
    if dig(entity, "type") != "mention" or start is None or units is None:
        return False
    # Offsets count UTF-16 units.
    words = text.encode("utf-16-le")[2 * start : 2 * (start + units)].decode("utf-16-le", "replace")
    return bool(account.handle) and words.casefold() == f"@{account.handle}".casefold()


def _permalink(chat: Json, message: Json) -> str | None:
    name = dig(chat, "username")
    is_public = dig(chat, "type") != "private" and isinstance(name, str)
    if not is_public or not _CHAT_NAME.fullmatch(name):
        return None
    return f"https://t.me/{name}/{read_id(dig(message, 'message_id'))}"
