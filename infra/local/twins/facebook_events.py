"""What a Page's webhook bodies tell about, and the body by which Facebook tells of our own posts.

Source: Meta "Webhooks / Get started" (read 2026-11-22); the fields of `feed`, `mention` and
`ratings` as recorded in restfb/restfb, src/test/resources/json/webhooks.
"""

import json

from infra.local.twins.core import Seen
from infra.local.twins.wire import JsonObject, mapping, mappings, read_json, text, whole
from infra.local.twins.world import TwinObject, World

FIELDS = frozenset({"feed", "mention", "ratings"})
ITEMS_WITHOUT_TEXT = frozenset({"reaction", "like"})


def learn(world: World, body: bytes) -> list[Seen]:
    """Register what every change of every entry tells about."""
    envelope = read_json(body) or {}
    return [
        seen
        for entry in mappings(envelope.get("entry"))
        for change in mappings(entry.get("changes"))
        if (seen := _learn_change(world, text(entry.get("id")), change)).object_id
    ]


def echo(world: World, post: TwinObject) -> bytes:
    """Return the body that tells a Page of its own comment or message.

    Non-ASCII is escaped, as Meta sends it.
    """
    entry = _message_entry(post) if post.private else _comment_entry(world, post)
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()


def _learn_change(world: World, page_id: str, change: JsonObject) -> Seen:
    value = mapping(change.get("value"))
    if change.get("field") not in FIELDS or value.get("item") in ITEMS_WITHOUT_TEXT:
        return Seen("post", "")
    post_id = text(value.get("post_id")) or text(value.get("open_graph_story_id"))
    object_id = text(value.get("comment_id")) or post_id
    if value.get("verb") == "remove":
        world.delete(object_id)
        return Seen("deletion", object_id)
    summons = frozenset({page_id})
    if post_id != object_id:
        world.register(TwinObject(id=post_id, thread_id=post_id, summons=summons))
    author = text(mapping(value.get("from")).get("id"))
    created_at_s = whole(value.get("created_time"))
    parent_id = text(value.get("parent_id")) or (post_id if post_id != object_id else "")
    world.register(
        TwinObject(
            id=object_id,
            author_id=author or text(value.get("sender_id")) or text(value.get("reviewer_id")),
            text=text(value.get("message")) or text(value.get("review_text")),
            parent_id=parent_id if parent_id != object_id else "",
            thread_id=post_id,
            summons=summons,
            at_ms=created_at_s * 1000 or world.now_ms(),
            unlisted=value.get("verb") == "hide",
        )
    )
    return Seen("post", object_id)


def _comment_entry(world: World, post: TwinObject) -> JsonObject:
    at_s = post.at_ms // 1000
    value: JsonObject = {
        "from": {"id": post.author_id, "name": world.accounts[post.author_id].name},
        "item": "comment",
        "verb": "add",
        "comment_id": post.id,
        "post_id": post.thread_id,
        "parent_id": post.parent_id,
        "created_time": at_s,
        "message": post.text,
    }
    return {"id": post.author_id, "time": at_s, "changes": [{"field": "feed", "value": value}]}


def _message_entry(post: TwinObject) -> JsonObject:
    message = {"mid": post.id, "text": post.text, "is_echo": True}
    event = {
        "sender": {"id": post.author_id},
        "recipient": {"id": post.parent_id},
        "timestamp": post.at_ms,
        "message": message,
    }
    return {"id": post.author_id, "time": post.at_ms, "messaging": [event]}
