"""How Facebook lists a Page's feed with the comments below each post: GET /{page-id}/feed.

Source: Meta "Page Feed" and "Object Comments" (read 2026-11-22).
"""

import re
from http import HTTPStatus

from infra.local.twins import facebook_rules as graph
from infra.local.twins.core import Exchange
from infra.local.twins.facebook_calls import COMMENTS_MAX, comment_payload
from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.wire import JsonObject, TwinResponse, json_response, text, utc, whole
from infra.local.twins.world import TwinObject, World

POSTS_DEFAULT = 25
POSTS_MAX = 100
COMMENTS_DEFAULT = 25
_LIMIT = re.compile(r"comments[^{]*\.limit\((\d+)\)")
_COMMENT_FIELDS = ("id", "from", "message", "created_time", "parent")


def list_feed(
    world: World, exchange: Exchange, rules: FacebookRules, fields: JsonObject
) -> TwinResponse:
    """List the posts on a Page and those elsewhere that tag it, newest first; comments too when
    asked for, newest first, answers to comments among them."""
    if exchange.target != exchange.account:
        message = "(#10) The token is for another Page"
        raise graph.refused(graph.PERMISSION, message, "not_own")
    newest_ms = int(exchange.now_ms - rules.lookup_lag_s * 1000)
    posts = [item for item in world.objects() if _is_on(item, exchange.account)]
    posts = [post for post in posts if _at_ms(world, post) <= newest_ms]
    posts.sort(key=lambda post: (_at_ms(world, post), post.id), reverse=True)
    ids = [post.id for post in posts]
    after = text(fields.get("after"))
    posts = posts[ids.index(after) + 1 :] if after in ids else posts
    shown = posts[: min(whole(fields.get("limit")) or POSTS_DEFAULT, POSTS_MAX)]
    names = text(fields.get("fields"))
    asked = _LIMIT.search(names)
    size = min(int(asked[1]) if asked else COMMENTS_DEFAULT, COMMENTS_MAX)
    data = [_post_payload(world, post, exchange) for post in shown]
    if "comments" in names:
        for post, entry in zip(shown, data, strict=True):
            entry["comments"] = _comments(world, post, size, newest_ms=newest_ms)
    payload: JsonObject = {"data": data}
    if shown:
        payload["paging"] = _paging(shown, len(posts) > len(shown), exchange.request.path)
    return json_response(HTTPStatus.OK, payload)


def _is_on(item: TwinObject, page_id: str) -> bool:
    if item.private or item.unlisted or item.parent_id or page_id not in item.summons:
        return False
    # What is only known from below, or was told as a review, is no post that tags the Page.
    return item.id.startswith(f"{page_id}_") or bool(item.text and not item.author_id)


def _at_ms(world: World, post: TwinObject) -> int:
    below = [item.at_ms for item in world.thread(post.id) if item.at_ms]
    return post.at_ms or min(below, default=0)


def _comments(world: World, post: TwinObject, size: int, *, newest_ms: int) -> JsonObject:
    below = [
        item
        for item in world.objects()
        if item.thread_id == post.id and item.id != post.id and not (item.private or item.unlisted)
    ]
    below = [item for item in below if item.at_ms <= newest_ms][::-1]
    shown = below[:size]
    edge: JsonObject = {"data": [comment_payload(world, one, [*_COMMENT_FIELDS]) for one in shown]}
    if shown:
        edge["paging"] = _paging(shown, len(below) > len(shown), f"/{post.id}/comments")
    return edge


def _paging(shown: list[TwinObject], has_more: bool, path: str) -> JsonObject:
    cursors = {"before": shown[0].id, "after": shown[-1].id}
    return {"cursors": cursors, **({"next": path} if has_more else {})}


def _post_payload(world: World, post: TwinObject, exchange: Exchange) -> JsonObject:
    author = post.author_id or exchange.account
    account = world.accounts.get(author)
    payload: JsonObject = {
        "id": post.id,
        "created_time": utc(_at_ms(world, post)).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "message": post.text,
    }
    if post.id.startswith(f"{exchange.account}_"):
        payload["from"] = {"id": author, "name": account.name if account else ""}
    return payload
