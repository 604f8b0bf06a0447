"""What X does with each call, and when it refuses. One function per call."""

import unicodedata
from collections.abc import Sequence
from http import HTTPStatus

from infra.local.twins import x_answers as answers
from infra.local.twins.core import Exchange
from infra.local.twins.limits import Limit, Standing
from infra.local.twins.wire import (
    JsonObject,
    RefusedError,
    TwinRequest,
    TwinResponse,
    json_response,
    read_json,
    text,
    whole,
)
from infra.local.twins.world import TwinAccount, TwinObject, World
from infra.local.twins.x_rules import (
    ID,
    PRICE_DM,
    PRICE_POST,
    PRICE_POST_WITH_URL,
    PRICE_SUMMONED_REPLY,
    XRules,
)
from infra.local.twins.x_text import find_cashtags, find_urls, weighted_length

SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
SNOWFLAKE_BITS = 22

POST_FIELDS = frozenset(
    {
        "card_uri",
        "community_id",
        "direct_message_deep_link",
        "edit_options",
        "for_super_followers_only",
        "geo",
        "made_with_ai",
        "media",
        "nullcast",
        "paid_partnership",
        "poll",
        "quote_tweet_id",
        "reply",
        "reply_settings",
        "share_with_followers",
        "text",
    }
)
"""What the body of a new post may hold; anything else is refused.

Source: openapi.json 2.167, CreatePostsRequest (docs.x.com, read 2026-11-22).
"""


def authenticate(world: World, exchange: Exchange) -> TwinAccount:
    """Return the account of the user token. Raises RefusedError (401) without a good one."""
    account = world.accounts.get(exchange.account)
    if account is None:
        raise answers.unauthorized("token_unknown")
    if account.token in world.expired_tokens:
        raise answers.unauthorized("token_expired")
    return account


def admit(world: World, exchange: Exchange, asked: Sequence[tuple[str, Limit]]) -> Standing | None:
    """Count a call against the windows that bind it. Raises RefusedError (429)."""
    standing = world.windows.take(asked, exchange.now_ms)
    if standing is not None and standing.exceeded:
        wait_s = (standing.resets_at_ms - exchange.now_ms) / 1000
        calls = standing.limit.calls
        response = answers.rate_limited(wait_s, now_ms=exchange.now_ms, calls=calls)
        raise RefusedError(response, "throttled")
    return standing


def create_post(
    world: World, exchange: Exchange, rules: XRules, account: TwinAccount
) -> TwinResponse:
    """Post, as a reply or not."""
    payload = _read_post(exchange.request)
    body = text(payload.get("text"))
    if rules.self_serve and payload.get("quote_tweet_id"):
        raise answers.forbidden("Quoting is not available on this access level.", "quote")
    target = _answerable(world, exchange, rules, account) if exchange.target else None
    _check_text(body, target, rules)
    _check_duplicate(world, exchange, rules, body=body, target=target)
    price = _price(body, account, target)
    _spend(world, rules, "post created", price)
    post = TwinObject(
        id=_new_id(world, exchange.now_ms, after=exchange.target),
        author_id=account.id,
        author_handle=account.handle,
        text=body,
        parent_id=exchange.target,
        thread_id=(target.thread_id or target.id) if target else "",
        at_ms=exchange.now_ms,
    )
    world.accept(post)
    exchange.post_id = post.id
    data = {"id": post.id, "text": body, "edit_history_tweet_ids": [post.id]}
    return json_response(HTTPStatus.CREATED, {"data": data})


def create_dm(
    world: World, exchange: Exchange, rules: XRules, account: TwinAccount
) -> TwinResponse:
    """Send a direct message to somebody who has written one to this account."""
    body = text((read_json(exchange.request.body) or {}).get("text"))
    if not body:
        raise answers.invalid("One of text, attachments is required.")
    if len(body) > rules.dm_characters_max:
        raise answers.forbidden("The text of your direct message is too long.", "text_too_long")
    if exchange.target in world.blocked or not world.has_written_to(exchange.target, account.id):
        detail = "You do not have permission to DM one or more participants."
        raise answers.forbidden(detail, "no_conversation")
    _spend(world, rules, "direct message created", PRICE_DM)
    conversation = "-".join(sorted((account.id, exchange.target), key=whole))
    message = TwinObject(
        id=_new_id(world, exchange.now_ms),
        author_id=account.id,
        text=body,
        parent_id=exchange.target,
        thread_id=conversation,
        private=True,
        at_ms=exchange.now_ms,
    )
    world.accept(message)
    exchange.post_id = message.id
    data = {"dm_conversation_id": conversation, "dm_event_id": message.id}
    return json_response(HTTPStatus.CREATED, {"data": data})


def delete_post(world: World, exchange: Exchange, account: TwinAccount) -> TwinResponse:
    """Delete one of the account's own posts."""
    post = world.find(exchange.target)
    if post is None or post.private:
        raise answers.not_found(f"Could not find tweet with id: [{exchange.target}].")
    if post.author_id != account.id:
        raise answers.forbidden("You are not authorized to delete this Tweet.", "not_own")
    world.delete(post.id)
    return json_response(HTTPStatus.OK, {"data": {"deleted": True}})


def _read_post(request: TwinRequest) -> JsonObject:
    payload = read_json(request.body)
    if payload is None:
        raise answers.invalid("The body is not a JSON object.")
    unknown = sorted(payload.keys() - POST_FIELDS)
    if unknown:
        raise answers.invalid(f"$.{unknown[0]}: is not defined in the schema.")
    if not text(payload.get("text")).strip() and not payload.get("media"):
        raise answers.invalid("$.text: a post needs a text or media.")
    return payload


def _answerable(
    world: World, exchange: Exchange, rules: XRules, account: TwinAccount
) -> TwinObject:
    """Return the post to answer. Raises RefusedError when X would not let this account answer.

    Source: "Manage posts: integration guide", reply restrictions for self-serve (docs.x.com, read
    2026-11-22): the author must have mentioned the account in that post or quoted one of its posts.
    """
    if not ID.fullmatch(exchange.target):
        raise answers.invalid("$.reply.in_reply_to_tweet_id: does not match ^[0-9]{1,19}$.")
    target = world.find(exchange.target)
    if target is None or target.private:
        detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
        raise answers.forbidden(detail, "target_gone")
    if target.author_id in world.blocked:
        raise answers.forbidden("You have been blocked from replying to this author.", "blocked")
    if rules.self_serve and account.id not in target.summons:
        detail = "You may reply only where the author mentioned you or quoted one of your posts."
        raise answers.forbidden(detail, "not_summoned")
    return target


def _check_text(body: str, target: TwinObject | None, rules: XRules) -> None:
    """Refuse a text that is too long or has too many cashtags.

    Source: "Counting characters" (docs.x.com, read 2026-11-22): the handle that a reply starts with
    anyway does not count.
    """
    counted = body
    if target and target.author_handle:
        prefix = f"@{target.author_handle} "
        counted = body[len(prefix) :] if body.lower().startswith(prefix.lower()) else body
    if weighted_length(counted) > rules.text_weight_max:
        raise answers.forbidden("Your Tweet text is too long.", "text_too_long")
    if rules.self_serve and len(find_cashtags(body)) > rules.cashtags_max:
        raise answers.forbidden("A post may hold only one cashtag.", "cashtags")


def _check_duplicate(
    world: World, exchange: Exchange, rules: XRules, *, body: str, target: TwinObject | None
) -> None:
    """Refuse the text that this account has just posted to the same person.

    A reply starts with the handle of whom it answers, so one wording may be sent to two people; it
    is refused when it goes to one person twice, in whichever thread.
    """
    since_ms = exchange.now_ms - rules.duplicate_window_s * 1000
    addressee = target.author_id if target else ""
    for post in world.standing_posts(exchange.account, body, since_ms=since_ms):
        answered = world.known(post.parent_id)
        if not post.private and (answered.author_id if answered else "") == addressee:
            detail = "You are not allowed to create a Tweet with duplicate content."
            raise answers.forbidden(detail, "duplicate")


def _price(body: str, account: TwinAccount, target: TwinObject | None) -> int:
    """Return the price of a post in micro-dollars; a link costs more than being summoned saves."""
    if find_urls(unicodedata.normalize("NFC", body)):
        return PRICE_POST_WITH_URL
    return PRICE_SUMMONED_REPLY if target and account.id in target.summons else PRICE_POST


def _spend(world: World, rules: XRules, line: str, price: int) -> None:
    credit = rules.credit_micro_usd
    if credit is not None and world.meter.total_micro_usd + price > credit:
        raise answers.usage_capped()
    world.meter.charge(line, price)


def _new_id(world: World, now_ms: int, *, after: str = "") -> str:
    """Return an unused id of X's form: the instant in the upper bits, a counter in the lower ones.

    It is higher than the id of what it answers, whatever the clock of a test says.
    """
    instant = max(now_ms - SNOWFLAKE_EPOCH_MS, 1)
    number = (instant << SNOWFLAKE_BITS) + world.next_number() % (1 << SNOWFLAKE_BITS)
    number = max(number, whole(after) + 1)
    while world.known(str(number)):
        number += 1
    return str(number)
