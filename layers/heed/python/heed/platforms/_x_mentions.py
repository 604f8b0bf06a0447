"""X's own list of the posts that mention an account, read again. Belongs to `x`.

Posts are put into the envelope of an event and read as one, so that key and conversation are the
same whichever way a post came. The list holds no quote without the handle and no direct message.
Source: docs.x.com "Timelines: integration guide" and "User mentions timeline", 2026-11-22: newest
first, at most the newest 800."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Final

from heed.adapter import Call, Delivery, Json, ListPage, collect
from heed.domain.mention import Account
from heed.errors import DoubtfulError
from heed.payload import dig, listed, path_id, read_answer
from heed.platforms import _x_events as events

# How late the list may be is not published; clocks differ by seconds.
OVERLAP_S: Final = 10 * 60
# Source: docs.x.com "Pricing", 2026-11-22: reading what belongs to one's own account, each post
# once a day (UTC), though X calls that a soft guarantee.
READ_MICRO_USD: Final = 1_000

_HOST: Final = "api.x.com"
_PAGE: Final = 100
# The quoted posts are left out: each would be charged, and no key hangs on them.
_FIELDS: Final = (
    "tweet.fields=attachments,author_id,conversation_id,created_at,in_reply_to_user_id,lang,"
    "note_tweet,referenced_tweets&expansions=author_id&user.fields=name,public_metrics,username"
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)


def build(account: Account, since: int, page: str) -> Call:
    """Ask for a page of the posts that mention an account."""
    start = datetime.fromtimestamp(since // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"max_results={_PAGE}&start_time={start}&{_FIELDS}"
    following = f"&pagination_token={page}" if page else ""
    return Call("GET", _HOST, f"/2/users/{path_id(account.id)}/mentions?{query}{following}")


def read(delivery: Delivery, since: int, page: str) -> ListPage:
    """Read a page. With no post at all, X leaves `data` out and sends `meta` alone."""
    del since, page
    answer = read_answer(delivery.body)
    token = dig(answer, "meta", "next_token")
    if dig(answer, "meta") is None or not (token is None or _is_token(token)):
        raise DoubtfulError("the list of mentions told nothing")
    users = listed(dig(answer, "includes", "users"))
    account = delivery.accounts[0].id
    changes = [_event(account, post, users) for post in listed(dig(answer, "data"))]
    parsed = collect(changes, partial(events.read, delivery))
    return ListPage(parsed, (token,) if token else ())


def _is_token(value: Json) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _event(account: str, post: Json, users: list[Json]) -> Json:
    # Not as a mention event: that one says that the author wrote the handle, the list does not.
    author = [user for user in users if dig(user, "id") == dig(post, "author_id")]
    data = {"filter": {"user_id": account}, "event_type": "post.create", "payload": post}
    return {"data": {**data, "includes": {"users": author}}}
