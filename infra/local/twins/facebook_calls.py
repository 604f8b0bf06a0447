"""What Facebook does with each call, and when it refuses. One function per call.

Source: Meta "Handling errors", "Private replies", "Send a message" (read 2026-11-22); the comment
edge as integrations use it.
"""

import json
from http import HTTPStatus

from infra.local.twins import facebook_rules as graph
from infra.local.twins.core import Exchange
from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.limits import Standing
from infra.local.twins.wire import (
    JsonObject,
    RefusedError,
    TwinResponse,
    json_response,
    nested,
    text,
    utc,
    whole,
)
from infra.local.twins.world import TwinObject, World

COMMENTS_DEFAULT = 25
COMMENTS_MAX = 100
DEPTH_MAX = 4
FIELDS_DEFAULT = "created_time,from,message,id"
FIRST_COMMENT_NUMBER = 7_000_000_000


def authenticate(world: World, exchange: Exchange) -> None:
    """Check the Page token. Raises RefusedError (code 190) without a good one."""
    page = world.accounts.get(exchange.account)
    if page is None:
        message = "Invalid OAuth access token - Cannot parse access token"
        raise graph.refused(graph.TOKEN_UNKNOWN, message, "token_unknown")
    if page.token in world.expired_tokens:
        message = "Error validating access token: Session has expired"
        raise graph.refused(graph.TOKEN_EXPIRED, message, "token_expired")


def admit(world: World, exchange: Exchange, rules: FacebookRules) -> Standing | None:
    """Count a call against the app and the Page. Raises RefusedError (code 4 or 32)."""
    asked = [("the app", rules.app_limit), (exchange.account, rules.page_limit)]
    standing = world.windows.take(asked, exchange.now_ms)
    if standing is not None and standing.exceeded:
        is_app = standing.limit == rules.app_limit
        code = (graph.APP_THROTTLED if is_app else graph.PAGE_THROTTLED).code
        wait_s = standing.wait_s(exchange.now_ms)
        raise RefusedError(graph.throttled(code, wait_s, page_id=exchange.account), "throttled")
    return standing


def create_comment(
    world: World, exchange: Exchange, rules: FacebookRules, fields: JsonObject
) -> TwinResponse:
    """Comment on a post or answer a comment.

    Comments nest two levels: what answers an answer hangs under the same first comment, and a
    look-up finds it there only.
    """
    target = _reachable(world, exchange.target, exchange.account, verb="post")
    message = text(fields.get("message"))
    if not message.strip():
        raise graph.refused(graph.BAD_PARAMETER, "(#100) Missing message", "no_text")
    if len(message) > rules.comment_characters_max:
        raise graph.refused(graph.BAD_PARAMETER, "(#100) Message too long", "text_too_long")
    _check_duplicate(world, exchange, rules, message=message)
    parent = world.known(target.parent_id)
    is_answer_to_answer = parent is not None and bool(parent.parent_id)
    thread_id = target.thread_id or target.id
    number = FIRST_COMMENT_NUMBER + world.next_number()
    comment = TwinObject(
        id=f"{thread_id.rpartition('_')[2]}_{number}",
        author_id=exchange.account,
        text=message,
        parent_id=target.parent_id if is_answer_to_answer else target.id,
        target_id=target.id,
        thread_id=thread_id,
        summons=frozenset({exchange.account}),
        at_ms=exchange.now_ms,
    )
    world.accept(comment)
    exchange.post_id = comment.id
    return json_response(HTTPStatus.OK, {"id": comment.id})


def send_message(
    world: World, exchange: Exchange, rules: FacebookRules, fields: JsonObject
) -> TwinResponse:
    """Answer a comment or a visitor's post in private: once, and within seven days.

    Source: Meta "Private replies" (read 2026-11-22).
    """
    if not nested(fields.get("recipient")).keys() & {"comment_id", "post_id"}:
        message = "(#100) recipient needs comment_id or post_id"
        raise graph.refused(graph.BAD_PARAMETER, message, "no_recipient")
    target = _reachable(world, exchange.target, exchange.account, verb="post")
    _check_private_reply(world, exchange, rules, target)
    body = text(nested(fields.get("message")).get("text"))
    if not 0 < len(body) <= rules.message_characters_max:
        message = "(#100) message.text is missing or too long"
        raise graph.refused(graph.BAD_PARAMETER, message, "text_length")
    message_id = f"m_{world.next_number():020d}"
    world.accept(
        TwinObject(
            id=message_id,
            author_id=exchange.account,
            text=body,
            parent_id=target.author_id,
            target_id=target.id,
            thread_id=_private_thread(target.id),
            private=True,
            at_ms=exchange.now_ms,
        )
    )
    exchange.post_id = message_id
    payload = {"recipient_id": target.author_id, "message_id": message_id}
    return json_response(HTTPStatus.OK, payload)


def list_comments(
    world: World, exchange: Exchange, rules: FacebookRules, fields: JsonObject
) -> TwinResponse:
    """List what hangs directly under a post or comment; `filter=stream` lists all of a post."""
    target = _reachable(world, exchange.target, exchange.account, verb="get")
    newest_ms = int(exchange.now_ms - rules.lookup_lag_s * 1000)
    is_stream = fields.get("filter") == "stream"
    listed = [
        item
        for item in world.objects()
        if (item.parent_id == target.id or (is_stream and item.thread_id == target.id))
        and item.id != target.id
        and not item.private
        and item.at_ms <= newest_ms
    ]
    if fields.get("order") == "reverse_chronological":
        listed.reverse()
    ids = [item.id for item in listed]
    after = text(fields.get("after"))
    listed = listed[ids.index(after) + 1 :] if after in ids else listed
    size = min(max(whole(fields.get("limit")), 0) or COMMENTS_DEFAULT, COMMENTS_MAX)
    shown = listed[:size]
    names = (text(fields.get("fields")) or FIELDS_DEFAULT).split(",")
    payload: JsonObject = {"data": [comment_payload(world, item, names) for item in shown]}
    if shown:
        cursors = {"before": shown[0].id, "after": shown[-1].id}
        more = {"next": exchange.request.path} if len(listed) > len(shown) else {}
        payload["paging"] = {"cursors": cursors, **more}
    return json_response(HTTPStatus.OK, payload)


def delete(world: World, exchange: Exchange) -> TwinResponse:
    """Delete a comment of the Page, or a visitor's on the Page."""
    target = _reachable(world, exchange.target, exchange.account, verb="delete")
    world.delete(target.id)
    return json_response(HTTPStatus.OK, {"success": True})


def _reachable(world: World, object_id: str, page_id: str, *, verb: str) -> TwinObject:
    """Return what a Page may act on. Raises RefusedError: gone (100/33) or no permission (10).

    A comment goes with the post or comment that it hangs under.
    """
    target = world.find(object_id)
    if target is None or target.private:
        raise graph.gone(verb, object_id)
    above: TwinObject | None = target
    for _ in range(DEPTH_MAX):
        above = world.known(above.parent_id) if above else None
        if above is not None and above.deleted:
            raise graph.gone(verb, object_id)
    if target.summons and page_id not in target.summons:
        message = "(#10) This action requires a token of the Page concerned"
        raise graph.refused(graph.PERMISSION, message, "not_own")
    return target


def _check_duplicate(
    world: World, exchange: Exchange, rules: FacebookRules, *, message: str
) -> None:
    since_ms = exchange.now_ms - rules.duplicate_window_s * 1000
    posts = world.standing_posts(exchange.account, message, since_ms=since_ms)
    if any(post.target_id == exchange.target and not post.private for post in posts):
        raise graph.refused(graph.DUPLICATE, "(#506) Duplicate status message", "duplicate")


def _check_private_reply(
    world: World, exchange: Exchange, rules: FacebookRules, target: TwinObject
) -> None:
    if not target.author_id or target.author_id == exchange.account:
        message = "(#100) No matching user found"
        raise graph.refused(graph.BAD_PARAMETER, message, "no_recipient")
    if exchange.now_ms - target.at_ms > rules.private_reply_window_s * 1000:
        message = "(#10) This message is sent outside of allowed window."
        raise graph.refused(graph.WINDOW_CLOSED, message, "window_closed")
    if world.thread(_private_thread(target.id)):
        message = "(#10900) Activity already replied to"
        raise graph.refused(graph.ALREADY_ANSWERED, message, "already_answered")


def _private_thread(object_id: str) -> str:
    return f"private reply to {object_id}"


def comment_payload(world: World, item: TwinObject, names: list[str]) -> JsonObject:
    """Return what a look-up shows of a comment: the fields that were asked for."""
    author = world.accounts.get(item.author_id)
    shown: JsonObject = {
        "created_time": utc(item.at_ms).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "from": {"id": item.author_id, "name": author.name if author else ""},
        "message": item.text,
        "id": item.id,
    }
    if item.parent_id and item.parent_id != item.thread_id:
        shown["parent"] = {"id": item.parent_id}
    # "from{id,name}" asks for parts of a field; the whole is given.
    wanted = {name.partition("{")[0].strip() for name in names} | {"id"}
    return {key: value for key, value in shown.items() if key in wanted}


def usage_headers(standing: Standing | None) -> dict[str, str]:
    """Return the header that tells how much of the hourly calls is used, in percent."""
    if standing is None:
        return {}
    percent = standing.used * 100 // max(standing.limit.calls, 1)
    usage = {"call_count": percent, "total_cputime": 0, "total_time": 0}
    return {graph.APP_USAGE_HEADER: json.dumps(usage)}
