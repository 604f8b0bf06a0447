"""A page's own feed and the comments below it, read again. Belongs to `facebook`.

Posts and comments are put into the change of a delivery and read as one, so that key and
conversation are the same whichever way they came. Comments that name the page below posts of others
are on no list. Source: developers.facebook.com "Page Feed" and "Object Comments", 2026-11-22; which
orders and filters go together is known from use."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from heed import meta
from heed.adapter import Call, Delivery, Json, ListPage, Outcome, clean_text, collect
from heed.domain.clock import DAY_MS
from heed.domain.mention import Account
from heed.errors import DoubtfulError
from heed.payload import dig, label, listed, path_id, read_answer

# How late the list may be is not published; clocks differ by seconds.
OVERLAP_S: Final = 10 * 60
# Comments below older posts are left to the webhook: a page may have thousands of posts.
POSTS_MS_MAX: Final = 7 * DAY_MS

_FEED: Final = "feed"
_POSTS: Final = 10
_COMMENTS_BELOW: Final = 50
_COMMENTS: Final = 100
_COMMENT_FIELDS: Final = (
    "id,from,message,created_time,is_hidden,parent%7Bid%7D,attachment%7Btype%7D"
)
_POST_FIELDS: Final = (
    "id,from,message,created_time,permalink_url,"
    f"comments.filter(stream).order(reverse_chronological).limit({_COMMENTS_BELOW})"
    f"%7B{_COMMENT_FIELDS}%7D"
)
_CURSOR: Final = re.compile(r"[\w=-]{1,1000}", re.ASCII)


def build(account: Account, since: int, page: str) -> Call:
    """Ask for a page of the feed, or of the comments below one post ("<post id>:<cursor>")."""
    del since
    place, _, after = page.partition(":")
    following = f"&after={after}" if after else ""
    if place in {"", _FEED}:
        query = f"/{path_id(account.id)}/feed?fields={_POST_FIELDS}&limit={_POSTS}"
    else:
        query = (
            f"/{path_id(place)}/comments?filter=stream&order=reverse_chronological"
            f"&fields={_COMMENT_FIELDS}&limit={_COMMENTS}"
        )
    return Call("GET", meta.GRAPH_HOST, f"/{meta.GRAPH_VERSION}{query}{following}")


def read(
    read_change: Callable[[Delivery, Json], Outcome], delivery: Delivery, since: int, page: str
) -> ListPage:
    """Read a page of the feed with what stands below it, or of one post's comments."""
    answer, account = read_answer(delivery.body), delivery.accounts[0].id
    if not isinstance(dig(answer, "data"), list):
        raise DoubtfulError("the feed told nothing")
    place = page.partition(":")[0]
    if place in {"", _FEED}:
        told = [value for post in answer["data"] for value in _told(account, post, since)]
        more = _more(_FEED, answer, since - POSTS_MS_MAX)
        for post in answer["data"]:
            more += _more(str(dig(post, "id")), dig(post, "comments"), since)
    else:
        told = [_comment(place, None, one) for one in answer["data"] if _is_asked_for(one, since)]
        more = _more(place, answer, since)
    changes = [_change(account, value) for value in told]
    return ListPage(collect(changes, partial(read_change, delivery)), more)


def _told(account: str, post: Json, since: int) -> list[Json]:
    """Tell a visitor's post, and the comments below any."""
    link, post_id = dig(post, "permalink_url"), dig(post, "id")
    told = [
        _comment(post_id, link, one)
        for one in listed(dig(post, "comments", "data"))
        if _is_asked_for(one, since)
    ]
    if dig(post, "from", "id") != account and _is_asked_for(post, since):
        value = {**_shared(post, link), "item": "post", "post_id": post_id}
        if not str(post_id).startswith(f"{account}_"):
            # A post elsewhere that tags the page: its delivery does not tell the author either.
            value.pop("from")
        told.append(value)
    return told


def _comment(post_id: Json, link: Json, comment: Json) -> Json:
    value = {
        **_shared(comment, link),
        "item": "comment",
        "comment_id": dig(comment, "id"),
        "post_id": post_id,
        "parent_id": dig(comment, "parent", "id") or post_id,
    }
    return {**value, "photo": "attached"} if dig(comment, "attachment", "type") else value


def _shared(item: Json, link: Json) -> dict[str, Json]:
    at = instant(dig(item, "created_time"))
    return {
        "verb": "add",
        "from": dig(item, "from"),
        "message": clean_text(dig(item, "message")),
        "created_time": at // 1000 if at else None,
        "post": {"permalink_url": link},
    }


def _change(account: str, value: Json) -> Json:
    field = "feed" if "from" in value else "mention"
    changes = [{"field": field, "value": value}]
    entry = {"id": account, "time": value["created_time"], "changes": changes}
    return {"object": "page", "entry": [entry]}


def _is_asked_for(item: Json, since: int) -> bool:
    # What is hidden somebody of the page has seen, and wants nobody else to.
    return dig(item, "is_hidden") is not True and _is_recent(item, since)


def _is_recent(item: Json, since: int) -> bool:
    at = instant(dig(item, "created_time"))
    return at is None or at >= since


def _more(place: str, edge: Json, since: int) -> tuple[str, ...]:
    """Name the page that follows, unless all that is left is older than what was asked for."""
    cursor, shown = dig(edge, "paging", "cursors", "after"), listed(dig(edge, "data"))
    if not dig(edge, "paging", "next") or not (shown and _is_recent(shown[-1], since)):
        return ()
    if not isinstance(cursor, str) or not _CURSOR.fullmatch(cursor):
        raise DoubtfulError("the feed does not say where it goes on")
    return (f"{place}:{cursor}",)


def instant(text: Json) -> int | None:
    """Read an instant with its offset in epoch milliseconds; None when it is none."""
    try:
        moment = datetime.fromisoformat(label(text) or "")
    except ValueError:
        return None
    return int(moment.timestamp() * 1000) if moment.tzinfo else None
