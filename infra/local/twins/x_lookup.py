"""How X lists an account's own posts, GET /2/users/:id/tweets, and the posts that mention it, GET
/2/users/:id/mentions."""

from dataclasses import dataclass
from http import HTTPStatus

from infra.local.twins import x_answers as answers
from infra.local.twins.core import Exchange
from infra.local.twins.wire import JsonObject, TwinRequest, TwinResponse, json_response
from infra.local.twins.world import TwinObject, World
from infra.local.twins.x_rules import ID, PRICE_OWN_READ, XRules
from infra.local.twins.x_text import find_handles

RESULTS_MIN = 5
RESULTS_MAX = 100
RESULTS_DEFAULT = 10
FIELD_PARAMETERS = ("tweet.fields", "post.fields", "expansions")


@dataclass(frozen=True, slots=True)
class Page:
    """What a look-up asked for; ids are numbers, instants milliseconds."""

    size: int
    since_id: int
    until_id: int | None
    start_ms: int
    end_ms: int | None
    without_replies: bool
    fields: frozenset[str]


def list_posts(world: World, exchange: Exchange, rules: XRules) -> TwinResponse:
    """List the public posts of an account, newest first, whoever posted them.

    Posts younger than the lag of look-ups are not listed yet. A post shows what it answers only
    when the call asks for the fields.

    Source: "Timelines: integration guide" and openapi.json 2.167 (docs.x.com, read 2026-11-22).
    """
    page = _read_page(exchange.request)
    if exchange.target not in world.accounts:
        detail = f"Could not find user with id: [{exchange.target}]."
        error = {"title": "Not Found Error", "detail": detail, "resource_type": "user"}
        error["type"] = f"{answers.PROBLEMS}/resource-not-found"
        return json_response(HTTPStatus.OK, {"errors": [error]})
    newest_ms = int(exchange.now_ms - rules.lookup_lag_s * 1000)
    listed = [
        post
        for post in world.objects()
        if post.author_id == exchange.target
        and not post.private
        and post.at_ms <= newest_ms
        and _is_asked_for(post, page)
    ]
    listed.sort(key=lambda post: int(post.id), reverse=True)
    return json_response(HTTPStatus.OK, _payload(world, listed, page))


def list_mentions(world: World, exchange: Exchange, rules: XRules) -> TwinResponse:
    """List the public posts of others that hold the handle of an account, newest first.

    Of an edited post the newest version is listed, under its newest id. Each post is charged once a
    day. Source: as above, "User mentions timeline"; "Pricing".
    """
    page = _read_page(exchange.request)
    account = world.accounts.get(exchange.target)
    newest_ms = int(exchange.now_ms - rules.lookup_lag_s * 1000)
    listed = [
        post
        for post in world.objects()
        if account is not None
        and post.author_id != account.id
        and _holds_handle(post, account.handle)
        and post.id == (post.versions or (post.id,))[-1]
        and post.at_ms <= newest_ms
        and _is_asked_for(post, page)
    ]
    listed.sort(key=lambda post: int(post.id), reverse=True)
    payload = _payload(world, listed, page)
    shown = listed[: page.size]
    if "author_id" in page.fields and shown:
        handles = {post.author_id: post.author_handle for post in shown}
        users = [{"id": one, "username": handle} for one, handle in handles.items()]
        payload["includes"] = {"users": users}
    for post in shown:
        world.meter.charge_once_a_day(
            "own read", post.id, micro_usd=PRICE_OWN_READ, now_ms=exchange.now_ms
        )
    return json_response(HTTPStatus.OK, payload)


def _holds_handle(post: TwinObject, handle: str) -> bool:
    named = {name for _, name in find_handles(post.text)}
    return not (post.private or post.unlisted) and handle.lower() in named


def _payload(world: World, listed: list[TwinObject], page: Page) -> JsonObject:
    shown = listed[: page.size]
    if not shown:
        return {"meta": {"result_count": 0}}
    meta: JsonObject = {
        "result_count": len(shown),
        "newest_id": shown[0].id,
        "oldest_id": shown[-1].id,
    }
    if len(listed) > len(shown):
        meta["next_token"] = shown[-1].id
    data = [
        answers.post_payload(post, page.fields, parent_author_id=_author(world, post.parent_id))
        for post in shown
    ]
    return {"data": data, "meta": meta}


def _author(world: World, post_id: str) -> str:
    post = world.known(post_id)
    return post.author_id if post else ""


def _is_asked_for(post: TwinObject, page: Page) -> bool:
    if not ID.fullmatch(post.id) or (page.without_replies and post.parent_id):
        return False
    in_ids = int(post.id) > page.since_id and (
        page.until_id is None or int(post.id) < page.until_id
    )
    return (
        in_ids and page.start_ms <= post.at_ms and (page.end_ms is None or post.at_ms < page.end_ms)
    )


def _read_page(request: TwinRequest) -> Page:
    """Read the parameters. Raises RefusedError (400) for values that X does not take."""
    query = request.query
    size = query.get("max_results", str(RESULTS_DEFAULT))
    if not ID.fullmatch(size) or not RESULTS_MIN <= int(size) <= RESULTS_MAX:
        raise answers.invalid(f"The `max_results` query parameter value [{size}] is not valid.")
    ids = {name: query.get(name, "") for name in ("since_id", "until_id", "pagination_token")}
    instants = {name: query.get(name, "") for name in ("start_time", "end_time")}
    for name, value in ids.items():
        if value and not ID.fullmatch(value):
            raise answers.invalid(f"The `{name}` query parameter value [{value}] is not valid.")
    for name, value in instants.items():
        if value and not answers.read_instant(value):
            raise answers.invalid(f"The `{name}` query parameter value [{value}] is not valid.")
    before = [int(ids[name]) for name in ("until_id", "pagination_token") if ids[name]]
    return Page(
        size=int(size),
        since_id=int(ids["since_id"] or 0),
        until_id=min(before, default=None),
        start_ms=answers.read_instant(instants["start_time"]),
        end_ms=answers.read_instant(instants["end_time"]) if instants["end_time"] else None,
        without_replies="replies" in query.get("exclude", "").split(","),
        fields=frozenset(
            field for name in FIELD_PARAMETERS for field in query.get(name, "").split(",")
        ),
    )
