"""What Facebook limits and how it words its refusals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

from infra.local.twins.limits import Limit
from infra.local.twins.wire import JsonObject, RefusedError, TwinResponse, json_response

HOUR_S = 3_600
DAY_S = 86_400
APP_CALLS_PER_USER = 200
PAGE_CALLS_PER_USER = 4_800
APP_USAGE_HEADER = "x-app-usage"
PAGE_USAGE_HEADER = "x-business-use-case-usage"


class GraphCode(NamedTuple):
    """One of the Graph API's errors."""

    code: int
    subcode: int = 0
    kind: str = "OAuthException"


UNAVAILABLE = GraphCode(2)
APP_THROTTLED = GraphCode(4)
PERMISSION = GraphCode(10)
WINDOW_CLOSED = GraphCode(10, 2_018_278)
PAGE_THROTTLED = GraphCode(32)
BAD_PARAMETER = GraphCode(100)
GONE = GraphCode(100, 33, "GraphMethodException")
TOKEN_UNKNOWN = GraphCode(190)
TOKEN_EXPIRED = GraphCode(190, 463)
POLICY_BLOCK = GraphCode(368)
DUPLICATE = GraphCode(506)
ALREADY_ANSWERED = GraphCode(10_900)
"""A comment got its one private reply; the code is known from use, Meta does not list it."""


@dataclass(frozen=True, slots=True)
class FacebookRules:
    """What Facebook enforces; times in seconds.

    Source: Meta "Rate limits" (read 2026-11-22), whose limits grow with the users of the app and of
    the Page. Not published, and therefore set here: the length of a comment and of a message, and
    for how long a text counts as a duplicate.
    """

    daily_users: int = 100
    engaged_users: int = 100
    comment_characters_max: int = 8_000
    message_characters_max: int = 2_000
    private_reply_window_s: int = 7 * DAY_S
    duplicate_window_s: int = DAY_S
    lookup_lag_s: float = 0.0

    @property
    def app_limit(self) -> Limit:
        """Return the window of all calls of the app."""
        return Limit("app-1h", APP_CALLS_PER_USER * self.daily_users, HOUR_S)

    @property
    def page_limit(self) -> Limit:
        """Return the window of the calls for one Page."""
        return Limit("page-24h", PAGE_CALLS_PER_USER * self.engaged_users, DAY_S)


def graph_error(
    error: GraphCode, message: str, *, headers: Mapping[str, str] | None = None
) -> TwinResponse:
    """Answer with an error; the status says little on this platform, the code everything.

    Source: Meta "Handling errors" (read 2026-11-22).
    """
    details: JsonObject = {"message": message, "type": error.kind, "code": error.code}
    if error.subcode:
        details["error_subcode"] = error.subcode
    if error == UNAVAILABLE:
        details["is_transient"] = True
    details["fbtrace_id"] = "AtwinTrace"
    status = HTTPStatus.SERVICE_UNAVAILABLE if error == UNAVAILABLE else HTTPStatus.BAD_REQUEST
    return json_response(status, {"error": details}, headers=headers)


def refused(error: GraphCode, message: str, reason: str) -> RefusedError:
    """Refuse a call."""
    return RefusedError(graph_error(error, message), reason)


def gone(verb: str, object_id: str) -> RefusedError:
    """Refuse a call on what does not exist or may not be seen; Facebook does not say which."""
    message = (
        f"Unsupported {verb} request. Object with ID '{object_id}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation."
    )
    return refused(GONE, message, "target_gone")


def throttled(code: int, wait_s: float, *, page_id: str) -> TwinResponse:
    """Answer "too many calls" with the headers that say how long to wait, in whole minutes.

    Source: Meta "Rate limits" (read 2026-11-22). The Page's header belongs to the Page's limit.
    """
    usage: JsonObject = {"call_count": 100, "total_cputime": 25, "total_time": 25}
    headers = {APP_USAGE_HEADER: json.dumps(usage)}
    if code != APP_THROTTLED.code:
        minutes = int(-(-wait_s // 60))
        of_page = {"type": "pages", **usage, "estimated_time_to_regain_access": minutes}
        headers = {PAGE_USAGE_HEADER: json.dumps({page_id: [of_page]})}
    message = f"(#{code}) Too many calls: request limit reached"
    return graph_error(GraphCode(code), message, headers=headers)
