"""What X's webhook bodies tell about, and the body by which X tells of our own posts.

Three products share one address: Account Activity (`for_user_id`), X Activity (`data.event_type`)
and filtered stream (`data` with `matching_rules`).

Source: "Account Activity: introduction" and "X Activity: event payloads" (docs.x.com, read
2026-11-22).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from infra.local.twins.core import Seen
from infra.local.twins.wire import JsonObject, mapping, mappings, read_json, text, utc, whole
from infra.local.twins.world import TwinAccount, TwinObject, World
from infra.local.twins.x_answers import read_instant
from infra.local.twins.x_text import find_handles, leading_handles_length

EVENTS_THAT_SUMMON = frozenset({"post.mention.create", "post.quote.create"})


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What one post says about itself, in whichever of the shapes it came.

    `shown_from` is where the text begins that its author wrote, -1 when the body does not say.
    `mentions` are places and account ids.
    """

    post: TwinObject
    quoted_id: str
    quoted_author_id: str
    shown_from: int
    mentions: tuple[tuple[int, str], ...]
    is_repost: bool


def learn(world: World, body: bytes) -> list[Seen]:
    """Register what a webhook body of any of the three products tells about."""
    return [seen for seen in _learn(world, body) if seen.object_id]


def echo(world: World, post: TwinObject) -> bytes:
    """Return the Account Activity body that tells the account of its own post or message."""
    body = _message_echo(post) if post.private else _post_echo(world, post)
    return json.dumps({"for_user_id": post.author_id, **body}, separators=(",", ":")).encode()


def _learn(world: World, body: bytes) -> list[Seen]:
    envelope = read_json(body) or {}
    data = mapping(envelope.get("data"))
    if "for_user_id" in envelope:
        return _learn_account_activity(world, envelope)
    if "event_type" in data:
        return _learn_activity(world, data)
    if "matching_rules" in envelope:
        return [_learn_post(world, data, mapping(envelope.get("includes")))]
    return []


def _learn_account_activity(world: World, envelope: JsonObject) -> list[Seen]:
    seen = [_learn_legacy(world, post) for post in mappings(envelope.get("tweet_create_events"))]
    for deletion in mappings(envelope.get("tweet_delete_events")):
        seen.append(_learn_deletion(world, text(mapping(deletion.get("status")).get("id"))))
    messages = mappings(envelope.get("direct_message_events"))
    return seen + [_learn_message(world, message) for message in messages]


def _learn_activity(world: World, data: JsonObject) -> list[Seen]:
    event = text(data.get("event_type"))
    payload = mapping(data.get("payload"))
    if event in {"dm.received", "dm.sent"}:
        messages = mappings(payload.get("direct_message_events"))
        return [_learn_message(world, message) for message in messages]
    if event == "post.delete":
        return [_learn_deletion(world, text(payload.get("id")))]
    if not event.startswith("post."):
        return []
    summoned = text(mapping(data.get("filter")).get("user_id"))
    explicit = frozenset({summoned}) if event in EVENTS_THAT_SUMMON else frozenset[str]()
    return [_learn_post(world, payload, mapping(data.get("includes")), summons=explicit)]


def _learn_deletion(world: World, post_id: str) -> Seen:
    world.delete(post_id)
    return Seen("deletion", post_id)


def _learn_message(world: World, message: JsonObject) -> Seen:
    created = mapping(message.get("message_create"))
    sender = text(created.get("sender_id"))
    recipient = text(mapping(created.get("target")).get("recipient_id"))
    world.register(
        TwinObject(
            id=text(message.get("id")),
            author_id=sender,
            text=text(mapping(created.get("message_data")).get("text")),
            parent_id=recipient if sender in world.accounts else "",
            summons=frozenset({recipient}),
            private=True,
            at_ms=whole(message.get("created_timestamp")),
        )
    )
    is_own = sender in world.accounts
    return Seen("own_message" if is_own else "message", text(message.get("id")))


def _learn_post(
    world: World, post: JsonObject, includes: JsonObject, *, summons: frozenset[str] = frozenset()
) -> Seen:
    """Register a post of the current shape under all ids that its edits gave it."""
    for included in mappings(includes.get("tweets")):
        if text(included.get("id")) != text(post.get("id")):
            world.register(_facts(included, includes).post)
    facts = _facts(post, includes)
    history = post.get("edit_history_tweet_ids")
    ids = [text(item) for item in history] if isinstance(history, list) else []
    _register(world, facts, ids=[facts.post.id, *ids], summons=summons)
    return Seen("post", facts.post.id)


def _learn_legacy(world: World, post: JsonObject) -> Seen:
    """Register a post of the older shape, and the post that it quotes."""
    quoted = mapping(post.get("quoted_status"))
    if quoted:
        world.register(_legacy_facts(quoted).post)
    facts = _legacy_facts(post)
    _register(world, facts, ids=[facts.post.id])
    return Seen("post", facts.post.id)


def _register(
    world: World, facts: PostFacts, *, ids: Iterable[str], summons: frozenset[str] = frozenset()
) -> None:
    accounts = (account for account in world.accounts.values() if not facts.is_repost)
    found = summons | {account.id for account in accounts if _summons(world, facts, account)}
    post = facts.post
    known = tuple(sorted(set(ids), key=whole))
    for post_id in known:
        world.register(
            TwinObject(
                id=post_id,
                author_id=post.author_id,
                author_handle=post.author_handle,
                text=post.text,
                parent_id=post.parent_id,
                thread_id=post.thread_id,
                summons=found,
                at_ms=post.at_ms or world.now_ms(),
                versions=known,
                unlisted=facts.is_repost,
            )
        )


def _summons(world: World, facts: PostFacts, account: TwinAccount) -> bool:
    """Say whether a post names an account in what its author wrote, or quotes one of its posts.

    Source: "X Activity: event payloads", post.mention.create (docs.x.com, read 2026-11-22): the
    handles that a reply carries along are no mention. They stand at its start; where a body does
    not say how far they reach, all that a reply starts with count as carried.
    """
    quoted = world.known(facts.quoted_id)
    if account.id in {facts.quoted_author_id, quoted.author_id if quoted else ""}:
        return True
    start = facts.shown_from
    if start < 0:
        start = leading_handles_length(facts.post.text) if facts.post.parent_id else 0
    named = {account_id for at, account_id in facts.mentions if at >= start}
    handles = {handle for at, handle in find_handles(facts.post.text) if at >= start}
    return account.id in named or account.handle.lower() in handles


def _facts(post: JsonObject, includes: JsonObject) -> PostFacts:
    author_id = text(post.get("author_id"))
    users = {text(user.get("id")): user for user in mappings(includes.get("users"))}
    references = mappings(post.get("referenced_tweets"))
    referenced = {text(item.get("type")): text(item.get("id")) for item in references}
    mentions = mappings(mapping(post.get("entities")).get("mentions"))
    return PostFacts(
        post=TwinObject(
            id=text(post.get("id")),
            author_id=author_id,
            author_handle=text(users.get(author_id, {}).get("username")),
            text=text(post.get("text")),
            parent_id=text(post.get("in_reply_to_tweet_id")) or referenced.get("replied_to", ""),
            thread_id=text(post.get("conversation_id")),
            at_ms=read_instant(text(post.get("created_at"))),
        ),
        quoted_id=referenced.get("quoted", ""),
        quoted_author_id="",
        shown_from=_first(post.get("display_text_range")),
        mentions=tuple((whole(item.get("start")), text(item.get("id"))) for item in mentions),
        is_repost="retweeted" in referenced,
    )


def _legacy_facts(post: JsonObject) -> PostFacts:
    user = mapping(post.get("user"))
    extended = mapping(post.get("extended_tweet")) if post.get("truncated") else {}
    full = extended or post
    mentions = mappings(mapping(full.get("entities")).get("user_mentions"))
    quoted_author = mapping(mapping(post.get("quoted_status")).get("user"))
    return PostFacts(
        post=TwinObject(
            id=text(post.get("id_str")),
            author_id=text(user.get("id_str")),
            author_handle=text(user.get("screen_name")),
            text=text(full.get("full_text")) or text(post.get("text")),
            parent_id=text(post.get("in_reply_to_status_id_str")),
            at_ms=read_instant(text(post.get("created_at"))),
        ),
        quoted_id=text(post.get("quoted_status_id_str")),
        quoted_author_id=text(quoted_author.get("id_str")),
        shown_from=_first(full.get("display_text_range")),
        mentions=tuple(
            (_first(item.get("indices")), text(item.get("id_str"))) for item in mentions
        ),
        is_repost="retweeted_status" in post,
    )


def _first(value: object) -> int:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], int) else -1


def _post_echo(world: World, post: TwinObject) -> JsonObject:
    parent = world.known(post.parent_id)
    account = world.accounts[post.author_id]
    event: JsonObject = {
        "created_at": utc(post.at_ms).strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "id": int(post.id),
        "id_str": post.id,
        "text": post.text,
        "truncated": False,
        "in_reply_to_status_id_str": post.parent_id or None,
        "in_reply_to_user_id_str": parent.author_id if parent else None,
        "user": {
            "id_str": account.id,
            "screen_name": account.handle,
            "name": account.name or account.handle,
        },
    }
    return {"tweet_create_events": [event]}


def _message_echo(post: TwinObject) -> JsonObject:
    created = {
        "target": {"recipient_id": post.parent_id},
        "sender_id": post.author_id,
        "message_data": {"text": post.text},
    }
    event = {
        "type": "message_create",
        "id": post.id,
        "created_timestamp": str(post.at_ms),
        "message_create": created,
    }
    return {"direct_message_events": [event]}
