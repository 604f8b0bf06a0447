"""Reading what platforms send and answer, and writing what they take: small, tolerant, typed.

A field that is missing or has another type becomes None; only an id that must be there raises."""

import json
import re
from http import HTTPStatus
from typing import Final

from heed.adapter import Json, Receipt, clean_text, read_json
from heed.errors import DoubtfulError, NotUnderstoodError, ReplyRejectedError

ID_CHARS_MAX: Final = 200
LABEL_CHARS_MAX: Final = 100
WHOLE_MAX: Final = 10**15
EPOCH_MS_MAX: Final = 253_402_300_799_999
RETRY_AFTER_S_MAX: Final = 3 * 60 * 60
ACCEPTED: Final = range(200, 300)
REFUSED: Final = range(400, 500)
THROTTLED: Final = 429
JSON_HEADERS: Final = {"content-type": "application/json"}

_PATH_ID = re.compile(r"[0-9]{1,40}(?:_[0-9]{1,40})?", re.ASCII)


def dig(value: Json, *path: str | int) -> Json:
    """Get what lies at a path of keys and positions; None when a part of the way is missing."""
    for step in path:
        fits = isinstance(value, dict if isinstance(step, str) else list)
        try:
            value = value[step] if fits else None
        except LookupError:
            return None
    return value


def listed(value: Json) -> list[Json]:
    """Return a list as it is, and anything else as an empty one."""
    return value if isinstance(value, list) else []


def read_id(value: Json) -> str:
    """Read an id as a string, whether it came as one or as a number.

    Raises: ValueError when there is none, or none that can be kept and compared safely.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= ID_CHARS_MAX:
        raise ValueError("no id")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("an id outside printable ASCII")
    return value


def read_id_or_none(value: Json) -> str | None:
    """Read an id that may be missing. Raises: ValueError when it is there and cannot be one."""
    return None if value is None or value == "" else read_id(value)


def label(value: Json) -> str | None:
    """Read a name or handle of limited length; None when it is missing or empty."""
    return clean_text(value)[:LABEL_CHARS_MAX].strip() or None


def whole(value: Json) -> int | None:
    """Read a count from 0 up, as a number or its digits; None when it is anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) <= len(str(WHOLE_MAX)) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= WHOLE_MAX else None


def epoch_ms(value: Json, *, unit_ms: int = 1000) -> int | None:
    """Read an instant, counted in units since 1970; None when it is none."""
    found = whole(value)
    return found * unit_ms if found is not None and found * unit_ms <= EPOCH_MS_MAX else None


def json_body(value: Json) -> bytes:
    """Write the JSON of a call's body, in ASCII."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def read_answer(body: bytes) -> Json:
    """Read what a platform answered; None when that is not JSON."""
    try:
        return read_json(body)
    except NotUnderstoodError:
        return None


def receipt(reply_id: Json) -> Receipt:
    """Take the receipt of an accepted reply. Raises: DoubtfulError when its id cannot be read."""
    try:
        return Receipt(read_id(reply_id))
    except ValueError as error:
        raise DoubtfulError("accepted, but the answer holds no id") from error


def path_id(value: str | None) -> str:
    """Pass an id that may stand in a call's path: digits, at most one underscore between them.

    Raises: ReplyRejectedError, so that the mention becomes a case. An id comes from a delivery
    and must never lead a call to another place.
    """
    if value is None or not _PATH_ID.fullmatch(value):
        raise ReplyRejectedError("the mention has no id that a call may carry", "bad_request")
    return value


def wait_s(asked_s: float | None, *, default_s: float) -> float:
    """Limit what a platform asks us to wait: at least a second, at most three hours."""
    return min(max(asked_s if asked_s is not None else default_s, 1.0), RETRY_AFTER_S_MAX)


def is_doubtful(status: int) -> bool:
    """Say whether an answer that is no acceptance leaves open what became of the reply.

    Anything but a plain 4xx does: a server may have posted and then failed.
    """
    return status == HTTPStatus.REQUEST_TIMEOUT or status not in REFUSED
