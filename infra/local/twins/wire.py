"""What goes into a twin and comes out of it: plain requests and answers, no sockets.

Bodies are read tolerantly here: what a twin does not find it treats as absent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

JSON_TYPE = "application/json; charset=utf-8"
INSTANT_MAX_MS = 253_402_300_799_000
FORM_TYPE = "application/x-www-form-urlencoded"

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class TwinRequest:
    """A call as it reaches a platform, or a handshake as a platform sends it.

    Shown, in an error say, it is its method alone: every other part may carry a token.
    """

    method: str
    path: str = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """Return a header by its name in any casing, or the empty text."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class TwinResponse:
    """The platform's answer.

    `delay_s` is how long the caller waits for it; `lost` means that the connection closes without
    any answer, whatever the other fields say.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    lost: bool = False

    @property
    def is_accepted(self) -> bool:
        """Say whether the platform did what was asked."""
        return self.status < HTTPStatus.BAD_REQUEST


class RefusedError(Exception):
    """A platform refuses a call; carries the answer and, for the log, the reason in one word."""

    def __init__(self, response: TwinResponse, reason: str) -> None:
        """Keep the answer that the caller gets."""
        super().__init__(reason)
        self.response = response
        self.reason = reason


def read_request(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> TwinRequest:
    """Make a request from a whole address or only its path; the host is of no importance."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return TwinRequest(method.upper(), unquote(parts.path), query, dict(headers or {}), body)


def json_response(
    status: int, payload: object, *, headers: Mapping[str, str] | None = None
) -> TwinResponse:
    """Answer with a JSON body."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    return TwinResponse(status, {"content-type": JSON_TYPE, **(headers or {})}, body)


def gateway_response() -> TwinResponse:
    """Answer as the proxy before a platform does when the platform behind it does not: no JSON."""
    body = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
    return TwinResponse(HTTPStatus.BAD_GATEWAY, {"content-type": "text/html"}, body)


def read_json(body: bytes | str) -> JsonObject | None:
    """Return the JSON object in a body, or None when it holds anything else."""
    try:
        value = json.loads(body.decode("utf-8") if isinstance(body, bytes) else body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_fields(request: TwinRequest) -> JsonObject | None:
    """Return the fields of a call from its query and its body, a form or a JSON object.

    The body wins where both name a field. None means that the body is neither.
    """
    fields: JsonObject = dict(request.query)
    if not request.body:
        return fields
    if request.header("content-type").partition(";")[0].strip().lower() == FORM_TYPE:
        try:
            form = request.body.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return fields | dict(parse_qsl(form, keep_blank_values=True))
    payload = read_json(request.body)
    return None if payload is None else fields | payload


def mapping(value: object) -> JsonObject:
    """Return a JSON object as it is and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def nested(value: object) -> JsonObject:
    """Return an object in a JSON body or in a form, where it is written as JSON."""
    return (read_json(value) or {}) if isinstance(value, str) else mapping(value)


def mappings(value: object) -> list[JsonObject]:
    """Return the objects of a JSON array and leave out what is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text, or a number as one (old bodies carry ids as numbers), else nothing."""
    if isinstance(value, bool):
        return ""
    return str(value) if isinstance(value, str | int) else ""


def whole(value: object) -> int:
    """Return a whole number, also one that is written as a text, else 0."""
    try:
        return int(text(value))
    except ValueError:
        return 0


def utc(at_ms: int) -> datetime:
    """Return an instant as an aware datetime; what no calendar holds becomes its last second."""
    return datetime.fromtimestamp(min(max(at_ms, 0), INSTANT_MAX_MS) // 1000, UTC)


def bearer_token(request: TwinRequest) -> str:
    """Return the token of an Authorization header of the type Bearer, or the empty text."""
    scheme, _, token = request.header("authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
