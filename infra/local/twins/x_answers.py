"""The bodies in which X answers.

Source: "Response codes and errors" and openapi.json 2.167 (docs.x.com, read 2026-11-22). The body
of a refused unsummoned reply is not published; it has the form of the other 403 answers here.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus

from infra.local.twins.limits import Standing
from infra.local.twins.wire import JsonObject, RefusedError, TwinResponse, json_response, utc
from infra.local.twins.world import TwinObject

PROBLEMS = "https://api.x.com/2/problems"
CALLS_USUAL = 100
"""The limit that a scripted throttle shows; only the instant of the reset matters to a caller."""


def problem(status: HTTPStatus, detail: str, *, kind: str = "") -> TwinResponse:
    """Answer with a problem; a kind is the last part of its published type."""
    payload = {
        "detail": detail,
        "type": f"{PROBLEMS}/{kind}" if kind else "about:blank",
        "title": status.phrase,
        "status": int(status),
    }
    return json_response(status, payload, headers={"content-type": "application/problem+json"})


def unauthorized(reason: str) -> RefusedError:
    """Refuse for want of a good user token."""
    return RefusedError(problem(HTTPStatus.UNAUTHORIZED, "Unauthorized"), reason)


def forbidden(detail: str, reason: str) -> RefusedError:
    """Refuse for good."""
    return RefusedError(problem(HTTPStatus.FORBIDDEN, detail), reason)


def invalid(detail: str) -> RefusedError:
    """Refuse what is not a well-formed call."""
    response = problem(HTTPStatus.BAD_REQUEST, detail, kind="invalid-request")
    return RefusedError(response, "invalid_request")


def not_found(detail: str) -> RefusedError:
    """Refuse a call on something that does not exist."""
    response = problem(HTTPStatus.NOT_FOUND, detail, kind="resource-not-found")
    return RefusedError(response, "not_found")


def rate_limited(wait_s: float, *, now_ms: int, calls: int = CALLS_USUAL) -> TwinResponse:
    """Answer 429 with the second at which the window opens again."""
    response = problem(
        HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests", kind="rate-limit-exceeded"
    )
    reset_s = math.ceil(now_ms / 1000 + wait_s)
    return with_headers(response, calls=calls, remaining=0, reset_s=reset_s)


def usage_capped() -> RefusedError:
    """Refuse because the credits are used up; waiting for a window does not help."""
    response = problem(
        HTTPStatus.TOO_MANY_REQUESTS, "Usage cap exceeded: credits", kind="usage-capped"
    )
    return RefusedError(response, "usage_capped")


def with_standing(response: TwinResponse, standing: Standing | None) -> TwinResponse:
    """Add the rate limit headers that every limited answer carries."""
    if standing is None:
        return response
    reset_s = math.ceil(standing.resets_at_ms / 1000)
    calls = standing.limit.calls
    return with_headers(response, calls=calls, remaining=standing.remaining, reset_s=reset_s)


def with_headers(
    response: TwinResponse, *, calls: int, remaining: int, reset_s: int
) -> TwinResponse:
    """Add the three rate limit headers."""
    limits = {
        "x-rate-limit-limit": str(calls),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(reset_s),
    }
    return TwinResponse(response.status, {**response.headers, **limits}, response.body)


def iso(at_ms: int) -> str:
    """Return an instant as X writes it."""
    return utc(at_ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def post_payload(item: TwinObject, fields: Iterable[str], *, parent_author_id: str) -> JsonObject:
    """Return a post as look-ups show it: three fields always, the others when asked for."""
    replied = [{"type": "replied_to", "id": item.parent_id}] if item.parent_id else []
    optional: JsonObject = {
        "author_id": item.author_id,
        "conversation_id": item.thread_id or item.id,
        "created_at": iso(item.at_ms),
        "in_reply_to_tweet_id": item.parent_id,
        "in_reply_to_user_id": parent_author_id,
        "referenced_tweets": replied,
    }
    versions = [*(item.versions or (item.id,))]
    payload: JsonObject = {"id": item.id, "text": item.text, "edit_history_tweet_ids": versions}
    wanted = set(fields)
    return payload | {key: value for key, value in optional.items() if value and key in wanted}


def read_instant(value: str) -> int:
    """Return an ISO 8601 instant, or X's older form, in milliseconds; 0 when it is neither."""
    for form in ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%a %b %d %H:%M:%S %z %Y"):
        try:
            moment = datetime.strptime(value, form).astimezone(UTC)
        except ValueError:
            continue
        return round(moment.timestamp() * 1000)
    return 0
