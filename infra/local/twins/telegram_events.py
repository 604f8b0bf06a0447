"""What Telegram's updates tell about. Telegram never tells a bot of its own messages.

Source: python-telegram-bot/python-telegram-bot, src/telegram/_update.py (read 2026-11-22).
"""

from infra.local.twins.core import Seen
from infra.local.twins.wire import JsonObject, mapping, read_json, text, whole
from infra.local.twins.world import TwinObject, World

MESSAGE_KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_message",
    "edited_business_message",
)


def chat_key(chat_id: object, business_connection_id: object) -> str:
    """Name a chat; one that a bot serves for a business is another than the bot's own.

    Both hold the same person's id as the id of the chat.
    """
    parts = (text(business_connection_id), text(chat_id))
    return ":".join(part for part in parts if part)


def learn(world: World, body: bytes, *, account: str) -> list[Seen]:
    """Register the message of an update and the one that it answers."""
    update = read_json(body) or {}
    found = [mapping(update.get(kind)) for kind in MESSAGE_KINDS]
    seen = [_learn_message(world, message, account) for message in found if message]
    return seen + _learn_deletions(world, mapping(update.get("deleted_business_messages")))


def _learn_message(world: World, message: JsonObject, account: str) -> Seen:
    chat = mapping(message.get("chat"))
    connection = message.get("business_connection_id")
    chat_id = chat_key(chat.get("id"), connection)
    answered = mapping(message.get("reply_to_message"))
    if answered:
        above = {"chat": chat, "business_connection_id": connection, **answered}
        _learn_message(world, above, account)
    senders = (mapping(message.get(key)) for key in ("from", "sender_chat", "chat"))
    author = next((text(sender.get("id")) for sender in senders if sender), "")
    object_id = f"{chat_id}:{text(message.get('message_id'))}"
    world.register(
        TwinObject(
            id=object_id,
            author_id=author,
            text=text(message.get("text")) or text(message.get("caption")),
            parent_id=f"{chat_id}:{text(answered.get('message_id'))}" if answered else "",
            thread_id=chat_id,
            summons=frozenset({account}) if account else frozenset(),
            private=chat.get("type") == "private",
            at_ms=whole(message.get("date")) * 1000 or world.now_ms(),
        )
    )
    return Seen("message", object_id)


def _learn_deletions(world: World, deletion: JsonObject) -> list[Seen]:
    chat = mapping(deletion.get("chat"))
    chat_id = chat_key(chat.get("id"), deletion.get("business_connection_id"))
    numbers = deletion.get("message_ids")
    seen = []
    for number in numbers if isinstance(numbers, list) else []:
        object_id = f"{chat_id}:{text(number)}"
        world.delete(object_id)
        seen.append(Seen("deletion", object_id))
    return seen
