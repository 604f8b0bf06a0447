"""X: who sent a delivery, how a reply is made, and what became of it.

`_x_events` and `_x_posts` read what it brings; `_x_tokens` renews tokens."""

import re
import unicodedata
from collections.abc import Mapping
from functools import partial

from heed.adapter import (
    BODY_BYTES_MAX_DEFAULT,
    Answer,
    Call,
    Clause,
    ConnectStep,
    Delivery,
    Draft,
    Json,
    Lookup,
    OwnReply,
    Parsed,
    Receipt,
    Response,
    collect,
    read_json,
)
from heed.domain.mention import Account, Mention
from heed.errors import DoubtfulError, RateLimitedError, ReplyRejectedError, SignatureError
from heed.payload import (
    ACCEPTED,
    JSON_HEADERS,
    THROTTLED,
    dig,
    is_doubtful,
    json_body,
    listed,
    path_id,
    read_answer,
    read_id,
    receipt,
    wait_s,
    whole,
)
from heed.platforms import _x_events as events
from heed.platforms import _x_posts as posts
from heed.platforms import _x_tokens as tokens
from heed.signatures import SigningSecrets, sign_hmac_sha256, verify_hmac_sha256

NAME = "x"
BODY_BYTES_MAX = BODY_BYTES_MAX_DEFAULT
TEXT_MAX = 280
HOSTS: tuple[str, ...] = ("api.x.com",)
KEY_WINDOW_S = 0
# Source: docs.x.com "Pricing", 2026-11-22: a post with a URL costs 0.20 USD instead of 0.015.
LINKS_IN_ACKNOWLEDGEMENT = False
POLICY: tuple[Clause, ...] = (
    Clause(
        id="not_summoned",
        says="A programmatic reply is accepted only if the author of the answered post mentioned "
        "the replying account in it or quoted one of its posts (self-serve).",
        source='docs.x.com, "Manage posts: integration guide" and changelog of 2026-02-23',
        read_on="2026-11-22",
    ),
    Clause(
        id="opt_out",
        says="Automated replies and messages need consent and an immediate way out.",
        source='docs.x.com, "Developer policy"',
        read_on="2026-11-22",
    ),
)

_HEADER = "x-twitter-webhooks-signature"
_PREFIX = "sha256="
# The answer to a challenge is a signature: a token that could be an event's body would let a
# caller sign one. Source: vercel/chat packages/adapter-x, 2026-11-22.
_CRC_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{16,128}", re.ASCII)
_SUBSCRIBED = (
    *("post.mention.create", "post.reply.create", "post.quote.create", "post.create"),
    *("post.delete", "dm.received", "dm.sent"),
)


def verify(delivery: Delivery, secrets: SigningSecrets) -> None:
    """Check the signature. Source: docs.x.com "Webhooks", 2026-11-22."""
    given = delivery.header(_HEADER)
    verify_hmac_sha256(delivery.body, given, secrets, prefix=_PREFIX, encoding="base64")


def sign(body: bytes, key: str) -> dict[str, str]:
    """Sign a body as X does."""
    return {_HEADER: sign_hmac_sha256(body, key, prefix=_PREFIX, encoding="base64")}


def handshake(delivery: Delivery, secrets: SigningSecrets) -> Answer | None:
    """Answer the challenge (CRC). Source: docs.x.com "Webhooks", 2026-11-22."""
    token = delivery.query.get("crc_token")
    if delivery.method != "GET" or token is None:
        return None
    if not _CRC_TOKEN.fullmatch(token):
        raise SignatureError("a challenge of this form is not answered")
    signed = sign(token.encode(), secrets.keys[0])[_HEADER]
    return Answer(200, json_body({"response_token": signed}).decode(), "application/json")


def parse(delivery: Delivery) -> Parsed:
    """Read whichever of the three envelopes it is."""
    changes = events.split(read_json(delivery.body))
    return collect(changes, partial(events.read, delivery))


def build_reply(mention: Mention, draft: Draft, key: str) -> Call:
    """Reply to a post, or write to its author. X has no idempotency key.

    Source: docs.x.com "Manage posts" and "Create DM message by participant ID", 2026-11-22.
    """
    del key
    if draft.private or mention.visibility == "private":
        participant = path_id(mention.author.id)
        return _call(f"/2/dm_conversations/with/{participant}/messages", {"text": draft.text})
    target = path_id(mention.route.get("post", mention.object_id))
    return _call("/2/tweets", {"text": draft.text, "reply": {"in_reply_to_tweet_id": target}})


def _call(path: str, payload: Json) -> Call:
    return Call("POST", HOSTS[0], path, JSON_HEADERS, json_body(payload))


# Source: docs.x.com "Response codes and errors", 2026-11-22; the codes of API 1.1 from memory.
_BY_TYPE: Mapping[str, str] = {
    "usage-capped": "usage_capped",
    "client-forbidden": "permission",
    "not-authorized-for-resource": "blocked",
    "resource-not-found": "gone",
}
_BY_CODE: Mapping[int | None, str] = {186: "too_long", 187: "duplicate", 385: "gone"}
# What X answers to a reply that was not summoned is not published: it is the usual cause of a bare
# 403, and "permission" would wrongly stop the whole account.
_BY_STATUS: Mapping[int, str] = {
    401: "token",
    402: "usage_capped",
    403: "not_summoned",
    404: "gone",
}
_CODE_THROTTLED = 88
_WINDOW_S = 15 * 60


def read_receipt(response: Response, now: int) -> Receipt:
    """Take the id of the new post or message, or say what became of it."""
    answer, status = read_answer(response.body), response.status
    if status in ACCEPTED:
        return receipt(dig(answer, "data", "id") or dig(answer, "data", "dm_event_id"))
    if is_doubtful(status):
        raise DoubtfulError("X did not say what became of the reply")
    kind = str(dig(answer, "type")).rpartition("/")[2]
    code = whole(dig(answer, "errors", 0, "code"))
    cause = _BY_TYPE.get(kind) or _BY_CODE.get(code) or _BY_STATUS.get(status, "bad_request")
    throttled = status == THROTTLED or kind == "rate-limit-exceeded" or code == _CODE_THROTTLED
    if throttled and cause != "usage_capped":
        reset_s = whole(response.headers.get("x-rate-limit-reset"))
        asked_s = reset_s - now / 1000 if reset_s else None
        raise RateLimitedError("X asks to wait", wait_s(asked_s, default_s=_WINDOW_S))
    raise ReplyRejectedError("X refuses the reply", cause)


def build_refresh(fields: Mapping[str, Json]) -> Call | None:
    """Renew the token, if the secret holds `refresh_token` and `client_id`."""
    return tokens.build_refresh(HOSTS[0], fields)


def read_refresh(response: Response, now: int) -> Mapping[str, Json]:
    """Take the new tokens, or say why there are none."""
    return tokens.read_refresh(response, now)


_LOOKUP_LAG_S = 60
_LOOKUP_PAGE = 100


def find_own_reply(mention: Mention) -> Lookup | None:
    """Look through our own posts since the mention; nothing is offered for messages here.

    Source: docs.x.com "Get Posts" (user timeline), 2026-11-22.
    """
    if mention.visibility == "private":
        return None
    account, since = path_id(mention.account), path_id(mention.object_id)
    answered = frozenset({mention.object_id, mention.route.get("post", mention.object_id)})
    path = (
        f"/2/users/{account}/tweets?max_results={_LOOKUP_PAGE}"
        f"&tweet.fields=referenced_tweets&since_id={since}"
    )
    read = partial(_read_own_posts, answered)
    return Lookup(Call("GET", HOSTS[0], path), read, _LOOKUP_LAG_S)


def _read_own_posts(answered: frozenset[str], response: Response) -> tuple[OwnReply, ...]:
    answer = read_answer(response.body)
    # With no post at all, X leaves `data` out and sends `meta` alone.
    if response.status not in ACCEPTED or dig(answer, "meta") is None:
        raise DoubtfulError("the look-up told nothing")
    found = tuple(
        OwnReply(read_id(dig(post, "id")), posts.read_text(post))
        for post in listed(dig(answer, "data"))
        if posts.list_references(post).get("replied_to") in answered
    )
    if not found and dig(answer, "meta", "next_token"):
        raise DoubtfulError("there are more own posts than one page shows")
    return found


# Source: twitter-text config v3 and docs.x.com "Counting characters", 2026-11-22. A URL counts 23,
# an emoji sequence 2, everything else 2 unless it lies in these ranges. No dependency: the one port
# to Python has stood still for years and carries large tables. Where in doubt, more is counted.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_URL_WEIGHT = 23
_URL = re.compile(
    r"https?://[!-~]*[\w/=#&-]|\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b(?:/[!-~]*)?", re.ASCII | re.IGNORECASE
)
_PICTURE = "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299" + (
    "\U0001f000-\U0001faff]"
)
_TINT = "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTURE}{_TINT}(?:\u200d{_PICTURE}{_TINT})*"
)


def text_length(text: str) -> int:
    """Count a text as X weighs it."""
    rest, urls = _URL.subn("", unicodedata.normalize("NFC", text))
    rest, emoji = _EMOJI.subn("", rest)
    light = sum(any(low <= ord(c) <= high for low, high in _LIGHT) for c in rest)
    return urls * _URL_WEIGHT + emoji * 2 + light + (len(rest) - light) * 2


def connect(account: Account, url: str) -> tuple[ConnectStep, ...]:
    """Register the webhook, then subscribe the account. Source: docs.x.com "Webhooks" and
    "X Activity API: quickstart", 2026-11-22."""
    steps = [
        ConnectStep("Register the address (app-only bearer token). Keep data.id.",
                    _call("/2/webhooks", {"url": url})),
    ]  # fmt: skip
    for event in _SUBSCRIBED:
        payload = {"event_type": event, "filter": {"user_id": account.id}}
        says = f"Subscribe {event}; put the id of the first step in place of WEBHOOK_ID."
        call = _call("/2/activity/subscriptions", {**payload, "webhook_id": "WEBHOOK_ID"})
        steps.append(ConnectStep(says, call))
    return tuple(steps)
