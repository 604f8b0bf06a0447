"""Facebook pages: comments and posts on a page, and mentions of it elsewhere.

Source, where no other is named: developers.facebook.com "Webhooks reference: Page", 2026-11-22;
recorded bodies: restfb/restfb src/test/resources/json/webhooks (feed-*, mention-*)."""

import re
from collections.abc import Mapping
from functools import partial

from heed import meta
from heed.adapter import (
    Call,
    ConnectStep,
    Delivery,
    Draft,
    Ignored,
    IgnoredReason,
    Json,
    Lookup,
    Outcome,
    OwnReply,
    Parsed,
    Rereading,
    Response,
    clean_text,
    collect,
    read_json,
)
from heed.domain.mention import Account, Author, Change, Kind, Mention
from heed.errors import DoubtfulError
from heed.payload import (
    ACCEPTED,
    dig,
    epoch_ms,
    label,
    listed,
    path_id,
    read_answer,
    read_id,
    read_id_or_none,
)
from heed.platforms import _facebook_feed as feed
from heed.platforms import _facebook_policy

NAME = "facebook"
BODY_BYTES_MAX: int = meta.BODY_BYTES_MAX
# From memory: the page names no limit for comments.
TEXT_MAX = 8_000
# From memory, as above: of a message, which a private reply is.
PRIVATE_TEXT_MAX = 2_000
HOSTS: tuple[str, ...] = (meta.GRAPH_HOST,)
KEY_WINDOW_S = 0
LINKS_IN_ACKNOWLEDGEMENT = True
POLICY = _facebook_policy.POLICY
RATES = _facebook_policy.RATES
PRICES = _facebook_policy.PRICES

verify = meta.verify
sign = meta.sign
handshake = meta.handshake
read_receipt = meta.read_receipt

_POST_ITEMS = frozenset({"post", "status", "photo", "video", "share"})
_OTHER_ITEMS: Mapping[str, IgnoredReason] = {
    "reaction": "reaction",
    "like": "reaction",
    "album": "not_a_mention",
    "event": "not_a_mention",
}
_CHANGES: Mapping[str, Change] = {
    "add": "created",
    "edit": "edited",
    "edited": "edited",
    "remove": "deleted",
}
# What the page does to others' words, or a person to the page.
_OTHER_VERBS = frozenset({"hide", "unhide", "block", "unblock", "mute"})
_PERMALINK = re.compile(r"https://(?:[a-z]+\.)?facebook\.com/[!-~]{1,1000}", re.ASCII)


def parse(delivery: Delivery) -> Parsed:
    """Read every change of every entry by itself."""
    return collect(meta.split(read_json(delivery.body)), partial(_read, delivery))


def _read(delivery: Delivery, body: Json) -> Outcome:
    entry, product = dig(body, "entry", 0), body["object"]
    account = delivery.account(read_id(dig(entry, "id")))
    if product != "page" or "messaging" in entry or "standby" in entry:
        return Ignored("unknown_event")
    # Some of Meta's pages show a change without the list around it.
    change = entry["changes"][0] if "changes" in entry else entry
    value, field = dig(change, "value"), read_id(dig(change, "field"))
    if field not in {"feed", "mention"}:
        return Ignored("unknown_event")
    if account is None:
        return Ignored("unknown_account")
    item, verb = read_id(dig(value, "item")), read_id(dig(value, "verb"))
    if verb in _OTHER_VERBS or item in _OTHER_ITEMS:
        return Ignored(_OTHER_ITEMS.get(item, "not_a_mention"))
    if verb not in _CHANGES or item not in {"comment", *_POST_ITEMS}:
        return Ignored("unknown_event")
    return _mention(account, value, is_elsewhere=field == "mention", told_at=dig(entry, "time"))


def _mention(account: Account, value: Json, *, is_elsewhere: bool, told_at: Json) -> Mention:
    is_comment = value["item"] == "comment"
    post_id = read_id_or_none(dig(value, "post_id"))
    object_id = read_id(value["comment_id"]) if is_comment else read_id(post_id)
    change = _CHANGES[value["verb"]]
    above = (read_id_or_none(dig(value, "parent_id")) or post_id) if is_comment else None
    author = _author(value)
    is_own = author.id == account.id
    # Times of a change other than the first are those of the entry; a removal has no other.
    at = epoch_ms(dig(value, "created_time")) if change == "created" else None
    parent_kind: Kind = "post" if above == post_id else "comment"
    return Mention(
        platform=NAME,
        account=account.id,
        kind="comment" if is_comment else "post",
        object_id=object_id,
        change=change,
        author=author,
        text=clean_text(dig(value, "message")),
        event_at=at or epoch_ms(told_at),
        root_id=post_id if is_comment else None,
        parent_id=above,
        parent_kind=parent_kind,
        naming="none" if is_own else "tag" if is_elsewhere else "page",
        summoned=is_elsewhere and not is_own,
        permalink=_permalink(value),
        media=_media(value),
        is_own_post=is_own,
        # Comments have two levels: an answer to an inner one appears under the outer one.
        route={"under": above} if is_comment and above and parent_kind == "comment" else {},
    )


def _author(value: Json) -> Author:
    # Mentions tell no author at all; old bodies have the second form.
    author_id = dig(value, "from", "id") or dig(value, "sender_id")
    name = dig(value, "from", "name") or dig(value, "sender_name")
    return Author(id=read_id_or_none(author_id), name=label(name))


def _media(value: Json) -> int:
    single = any(isinstance(dig(value, key), str) for key in ("photo", "video"))
    is_media = dig(value, "item") in {"photo", "video"}
    return len(listed(dig(value, "photos"))) or int(single or is_media)


def _permalink(value: Json) -> str | None:
    link = dig(value, "post", "permalink_url")
    return link if isinstance(link, str) and _PERMALINK.fullmatch(link) else None


def build_reply(mention: Mention, draft: Draft, key: str) -> Call:
    """Comment below the mention, or write privately to the author of a comment or post.

    Two routes that must not be mixed up: comments and messages have different edges.
    Source: the page above and "Private Replies", 2026-11-22. There is no idempotency key.
    """
    del key
    target = path_id(mention.object_id)
    if not draft.private:
        return meta.graph_call(f"/{target}/comments", {"message": draft.text})
    recipient = "comment_id" if mention.kind == "comment" else "post_id"
    payload = {"recipient": {recipient: target}, "message": {"text": draft.text}}
    return meta.graph_call(f"/{path_id(mention.account)}/messages", payload)


REREADING: Rereading | None = Rereading(feed.build, partial(feed.read, _read), feed.OVERLAP_S)

_LOOKUP_LAG_S = 60
_LOOKUP_PAGE = 100


def find_own_reply(mention: Mention) -> Lookup | None:
    """Look through the newest comments where our answer would stand.

    Under an inner comment's outer one also stand our answers to its neighbours: older ones are
    left out, the caller compares the texts. A private reply cannot be looked up.
    """
    above = path_id(mention.route.get("under", mention.object_id))
    path = (
        f"/{meta.GRAPH_VERSION}/{above}/comments?fields=id,from,message,created_time"
        f"&order=reverse_chronological&limit={_LOOKUP_PAGE}"
    )
    read = partial(_read_own_comments, mention.account, mention.event_at or 0)
    return Lookup(Call("GET", meta.GRAPH_HOST, path), read, _LOOKUP_LAG_S)


def _read_own_comments(account: str, since: int, response: Response) -> tuple[OwnReply, ...]:
    answer = read_answer(response.body)
    comments = dig(answer, "data")
    if response.status not in ACCEPTED or not isinstance(comments, list):
        raise DoubtfulError("the look-up told nothing")
    found = tuple(
        OwnReply(read_id(dig(comment, "id")), clean_text(dig(comment, "message")))
        for comment in comments
        if read_id_or_none(dig(comment, "from", "id")) == account
        and (feed.instant(dig(comment, "created_time")) or since) >= since
    )
    if not found and dig(answer, "paging", "next"):
        raise DoubtfulError("there are more comments than one page shows")
    return found


def text_length(text: str) -> int:
    """Count characters."""
    return len(text)


def connect(account: Account, url: str) -> tuple[ConnectStep, ...]:
    """Subscribe the app by hand, then the page by a call: the first alone delivers nothing."""
    page = path_id(account.id)
    by_hand = (
        "In the app's dashboard under Webhooks choose Page, enter the callback address "
        f"{url} and the connection's verify token, and subscribe the fields feed and mention."
    )
    graph_path = f"/{page}/subscribed_apps?subscribed_fields=feed,mention"
    return (
        ConnectStep(by_hand),
        ConnectStep("Subscribe the page (page token).", meta.graph_call(graph_path, {})),
    )
