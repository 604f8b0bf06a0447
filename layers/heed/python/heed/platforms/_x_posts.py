"""X's posts and messages, read into mentions. Belongs to `x`.

Account Activity still sends posts as API 1.1 does: they are put into the newer shape first.
Source: docs.x.com "Event payloads" and "Account Activity API", 2026-11-22."""

import re
from datetime import datetime
from typing import Final

from heed.adapter import Ignored, Json, Outcome, clean_text
from heed.domain.mention import Account, Author, Mention, Naming
from heed.payload import dig, epoch_ms, label, listed, read_id, read_id_or_none, whole

MATCHED: Final = "matched"
"""Stands for the event's name where a rule of the filtered stream brought a post."""

_NAME: Final = "x"
_LEADING_HANDLES = re.compile(r"(?:@\w+\s+)*", re.ASCII)
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)
# Source: docs.x.com "Search operators", 2026-11-22: two codes that the standard has replaced.
_LANGUAGES = {"in": "id", "iw": "he"}
_UNDETERMINED = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})


def renew_post(item: Json) -> tuple[Json, Json]:
    """Put a post of Account Activity into the newer shape, with what it includes."""
    long = dig(item, "extended_tweet") if dig(item, "truncated") is True else None
    full, user = long or item, dig(item, "user")
    parent, quoted = dig(item, "in_reply_to_status_id_str"), dig(item, "quoted_status_id_str")
    reposted = dig(item, "retweeted_status", "id_str")
    references = {"replied_to": parent, "quoted": quoted, "retweeted": reposted}
    media = dig(full, "extended_entities", "media") or dig(full, "entities", "media")
    post = {
        "id": dig(item, "id_str"),
        "author_id": dig(user, "id_str"),
        "text": dig(full, "full_text") or dig(full, "text"),
        "display_text_range": dig(full, "display_text_range"),
        "created_at": dig(item, "created_at"),
        "lang": dig(item, "lang"),
        # This envelope does not tell where a thread began: the parent is the best that it has.
        "conversation_id": parent,
        "in_reply_to_user_id": dig(item, "in_reply_to_user_id_str"),
        "referenced_tweets": [{"type": key, "id": to} for key, to in references.items() if to],
        "attachments": {"media_keys": media},
    }
    author = {**user, "id": post["author_id"]} if isinstance(user, dict) else None
    original = {"id": quoted, "author_id": dig(item, "quoted_status", "user", "id_str")}
    return post, {"users": [author], "tweets": [original]}


def read_post(account: Account, post: Json, includes: Json, event: str) -> Mention:
    """Read a post in the newer shape. `event` is the name of the event that brought it."""
    newest, author_id = read_id(dig(post, "id")), read_id(dig(post, "author_id"))
    versions = listed(dig(post, "edit_history_tweet_ids") or dig(post, "edit_history_post_ids"))
    object_id = read_id(versions[0]) if versions else newest
    author = _author(_included(includes, "users", author_id), author_id)
    references = list_references(post)
    quoted = _included(includes, "tweets", references.get("quoted"))
    quoted_author = read_id_or_none(dig(quoted, "author_id"))
    naming, summoned = _naming(account, post, quoted_author, event)
    return Mention(
        platform=_NAME,
        account=account.id,
        kind="post",
        object_id=object_id,
        change="edited" if len(versions) > 1 else "created",
        author=author,
        text=read_text(post),
        event_at=_instant(dig(post, "created_at")),
        root_id=read_id_or_none(dig(post, "conversation_id")),
        parent_id=references.get("replied_to"),
        naming=naming,
        summoned=summoned,
        language=_language(dig(post, "lang")),
        permalink=_permalink(author, newest),
        media=len(listed(dig(post, "attachments", "media_keys"))),
        is_own_post=author_id == account.id,
        is_repost="retweeted" in references,
        quotes=references.get("quoted") or references.get("retweeted"),
        route={"post": newest} if newest != object_id else {},
    )


def list_references(post: Json) -> dict[str, str]:
    """Tell what a post answers, quotes or reposts: id by kind. Newer specifications say `posts`."""
    entries = listed(dig(post, "referenced_tweets") or dig(post, "referenced_posts"))
    found = {str(dig(entry, "type")): read_id(dig(entry, "id")) for entry in entries}
    if parent := read_id_or_none(dig(post, "in_reply_to_tweet_id")):
        found.setdefault("replied_to", parent)
    return found


def _naming(
    account: Account, post: Json, quoted_author: str | None, event: str
) -> tuple[Naming, bool]:
    """How the post names us, and whether that summons us.

    A mention event comes only for a handle that the author wrote; handles that a reply carries
    along stand before its display range.
    """
    author = read_id(dig(post, "author_id"))
    answered = read_id_or_none(dig(post, "in_reply_to_user_id"))
    if author == account.id or "retweeted" in list_references(post):
        return "none", False
    text, handle = read_text(post), re.escape(account.handle) or "(?!)"
    named_at = [tag.start() for tag in re.finditer(rf"(?<![\w@])@{handle}\b", text, re.I | re.A)]
    words_at = _own_words_at(post, text)
    tagged = event == "post.mention.create" or any(at >= words_at for at in named_at)
    quotes_us = event == "post.quote.create" or quoted_author == account.id
    # Who goes on in a thread of their own still speaks to those whom the thread named.
    goes_on = answered == author and bool(named_at)
    to_us = event == "post.reply.create" or answered == account.id or quotes_us or goes_on
    plain = event == MATCHED or re.search(rf"\b{handle}\b", text, re.I | re.A) is not None
    ways: tuple[tuple[bool, Naming], ...] = (
        (to_us, "direct"),
        (tagged, "tag"),
        (bool(named_at), "carried"),
        (plain, "plain"),
    )
    return next((naming for holds, naming in ways if holds), "none"), tagged or quotes_us


def _own_words_at(post: Json, text: str) -> int:
    told = whole(dig(post, "display_text_range", 0))
    if told is not None:
        return told
    leading = _LEADING_HANDLES.match(text) if "replied_to" in list_references(post) else None
    return leading.end() if leading else 0


def read_message(account: Account, item: Json, users: Json) -> Outcome:
    """Read a direct message: it names no thread, so the other participant is the thread."""
    if dig(item, "type") not in (None, "message_create"):
        return Ignored("not_a_mention")
    created = dig(item, "message_create")
    sender = read_id(dig(created, "sender_id"))
    is_own = sender == account.id
    other = read_id(dig(created, "target", "recipient_id")) if is_own else sender
    return Mention(
        platform=_NAME,
        account=account.id,
        kind="message",
        object_id=read_id(dig(item, "id")),
        visibility="private",
        author=_author(dig(users, other, "data") or dig(users, other), other),
        text=read_text(dig(created, "message_data")),
        event_at=epoch_ms(dig(item, "created_timestamp"), unit_ms=1),
        naming="none" if is_own else "direct",
        media=1 if dig(created, "message_data", "attachment") else 0,
        is_own_post=is_own,
    )


def read_deletion(account: Account, post: Json, author: Json) -> Mention:
    """Read a notice that a post is gone; neither envelope says when."""
    author_id = read_id_or_none(author)
    return Mention(
        platform=_NAME,
        account=account.id,
        kind="post",
        object_id=read_id(post),
        change="deleted",
        author=Author(id=author_id),
        is_own_post=author_id == account.id,
    )


def _included(includes: Json, kind: str, wanted: str | None) -> Json:
    entries = (dig(entry, "data") or entry for entry in listed(dig(includes, kind)))
    return next((e for e in entries if wanted and read_id_or_none(dig(e, "id")) == wanted), None)


def _author(user: Json, author_id: str) -> Author:
    reach = dig(user, "public_metrics", "followers_count")
    return Author(
        id=author_id,
        handle=label(dig(user, "username") or dig(user, "screen_name")),
        name=label(dig(user, "name")),
        reach=whole(dig(user, "followers_count") if reach is None else reach),
    )


def read_text(post: Json) -> str:
    """Read the whole text. X escapes three characters in it; the ampersand must come last."""
    text = dig(post, "note_tweet", "text") or dig(post, "note_post", "text") or dig(post, "text")
    plain = clean_text(text).replace("&lt;", "<").replace("&gt;", ">")
    return plain.replace("&amp;", "&")


def _language(code: Json) -> str | None:
    known = label(code)
    return None if known in _UNDETERMINED else _LANGUAGES.get(known or "", known)


def _instant(text: Json) -> int | None:
    written = label(text) or ""
    try:
        if written[:1].isdigit():
            moment = datetime.fromisoformat(written)
        else:
            moment = datetime.strptime(written, "%a %b %d %H:%M:%S %z %Y")
    except ValueError:
        return None
    return int(moment.timestamp() * 1000) if moment.tzinfo else None


def _permalink(author: Author, post_id: str) -> str:
    handle = author.handle if author.handle and _HANDLE.fullmatch(author.handle) else "i"
    return f"https://x.com/{handle}/status/{post_id}"
