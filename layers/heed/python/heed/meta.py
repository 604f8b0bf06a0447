"""What the products of Meta share: handshake, signature, envelope and the answers of its API.

Source: developers.facebook.com "Webhooks: Get Started", "Handling Errors" and "Rate Limits", all
2026-11-22; recorded bodies: restfb/restfb src/test/resources/json/webhooks."""

import re
from collections.abc import Mapping
from typing import Final

from heed.adapter import Answer, Call, Delivery, Json, Receipt, Response
from heed.errors import DoubtfulError, RateLimitedError, ReplyRejectedError, SignatureError
from heed.payload import (
    ACCEPTED,
    JSON_HEADERS,
    dig,
    is_doubtful,
    json_body,
    listed,
    read_answer,
    receipt,
    wait_s,
    whole,
)
from heed.signatures import (
    SigningSecrets,
    sign_hmac_sha256,
    verify_hmac_sha256,
    verify_shared_secret,
)

BODY_BYTES_MAX: Final = 4_000_000
GRAPH_HOST: Final = "graph.facebook.com"
GRAPH_VERSION: Final = "v26.0"

# The SHA-1 twin, x-hub-signature, is never looked at.
_HEADER: Final = "x-hub-signature-256"
_PREFIX: Final = "sha256="
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)


def verify(delivery: Delivery, secrets: SigningSecrets) -> None:
    """Check the signature over the raw bytes, in which Meta escapes everything but ASCII."""
    given = delivery.header(_HEADER)
    verify_hmac_sha256(delivery.body, given, secrets, prefix=_PREFIX, encoding="hex")


def sign(body: bytes, key: str) -> dict[str, str]:
    """Sign a body as Meta does."""
    return {_HEADER: sign_hmac_sha256(body, key, prefix=_PREFIX, encoding="hex")}


def handshake(delivery: Delivery, secrets: SigningSecrets) -> Answer | None:
    """Echo the challenge of whoever knows the verify token, and nothing that could be markup."""
    mode = delivery.query.get("hub.mode")
    if delivery.method != "GET" or mode is None:
        return None
    verify_shared_secret(delivery.query.get("hub.verify_token"), (secrets.verify_token,))
    challenge = delivery.query.get("hub.challenge", "")
    if mode != "subscribe" or not _CHALLENGE.fullmatch(challenge):
        raise SignatureError("a challenge of this form is not answered")
    return Answer(200, challenge)


def split(body: Json) -> list[Json]:
    """Cut a delivery into deliveries of one change each; what has another form stays whole."""
    entries = listed(dig(body, "entry"))
    # Without a single change it is whole too: it must not vanish without a word.
    return [part for entry in entries for part in _split_entry(body, entry)] or [body]


def _split_entry(body: Json, entry: Json) -> list[Json]:
    changes = dig(entry, "changes")
    if not isinstance(changes, list):
        return [{**body, "entry": [entry]}]
    return [{**body, "entry": [{**entry, "changes": [change]}]} for change in changes]


def graph_call(path: str, payload: Json) -> Call:
    """Make a call of the Graph API; `path` without the version."""
    return Call("POST", GRAPH_HOST, f"/{GRAPH_VERSION}{path}", JSON_HEADERS, json_body(payload))


_TRANSIENT: Final = frozenset({1, 2})
_THROTTLED: Final = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
_WAIT_DEFAULT_S: Final = 60
_CAUSES: Mapping[int | None, str] = {
    3: "permission",
    10: "permission",
    **dict.fromkeys(range(200, 300), "permission"),
    # Blocked for a breach of policy: nothing more may leave until a person has looked.
    368: "permission",
    100: "bad_request",
    102: "token",
    190: "token",
    506: "duplicate",
}
# From memory: the target is gone; the window for messages has closed.
_CAUSES_BY_SUBCODE: Mapping[tuple[int | None, int | None], str] = {
    (100, 33): "gone",
    (10, 2018278): "gone",
}


def read_receipt(response: Response, now: int) -> Receipt:
    """Take the id of the new comment or message, or say what became of it.

    The status is often 400 even for throttling, so the code in the body decides.
    """
    del now
    answer, status = read_answer(response.body), response.status
    if status in ACCEPTED:
        return receipt(dig(answer, "id") or dig(answer, "message_id"))
    code = whole(dig(answer, "error", "code"))
    if is_doubtful(status) or code in _TRANSIENT:
        raise DoubtfulError("Meta did not say what became of the reply")
    if code in _THROTTLED:
        waits = wait_s(_regains_in_s(response), default_s=_WAIT_DEFAULT_S)
        raise RateLimitedError("Meta asks to wait", waits)
    subcode = whole(dig(answer, "error", "error_subcode"))
    cause = _CAUSES_BY_SUBCODE.get((code, subcode)) or _CAUSES.get(code, "bad_request")
    raise ReplyRejectedError("Meta refuses the reply", cause)


def _regains_in_s(response: Response) -> float | None:
    usage = read_answer(response.headers.get("x-business-use-case-usage", "").encode())
    found = usage.values() if isinstance(usage, dict) else ()
    cases = [case for group in found for case in listed(group)]
    minutes = (whole(dig(case, "estimated_time_to_regain_access")) or 0 for case in cases)
    return max(minutes, default=0) * 60 or None
