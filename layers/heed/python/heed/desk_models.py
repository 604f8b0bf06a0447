"""The desk API's shapes on the way in: bodies and queries as pydantic models that forbid extra
fields, and who asks. What goes out are the flows' own values."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from heed.adapter import read_json
from heed.domain.case import Band, CaseState
from heed.domain.policy import Mode
from heed.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotUnderstoodError,
    TooLargeError,
)
from heed.flows.desk import Agent
from heed.flows.desk_answers import Answer, Ending
from heed.flows.desk_claims import Wish
from heed.flows.desk_controls import Switch

BODY_BYTES_MAX: Final = 64 * 1024
TEXT_CHARS_MAX: Final = 10_000
SEEN_MAX: Final = 100
ACCOUNTS_MAX: Final = 100
LIMIT_MAX: Final = 100
LIMIT_DEFAULT: Final = 20

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,40}$")]
Epoch = Annotated[int, Field(ge=0, le=10**9)]
# Longer than the longest key that a mention can have.
MentionText = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,700}$")]
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS_MAX)]
Seen = Annotated[list[MentionText], Field(max_length=SEEN_MAX)]
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ClaimBody(_Body):
    """What a claim may ask for."""

    brand: Word = ""
    language: Word = ""
    skill: Word = ""
    platform: Word = ""
    band: Band | None = None

    def wish(self) -> Wish:
        """Turn it into the flow's words."""
        return Wish(**self.model_dump())


class EpochBody(_Body):
    """The epoch that the agent saw."""

    epoch: Epoch


class ReplyBody(_Body):
    """A person's reply."""

    epoch: Epoch
    mention: MentionText
    text: Text
    reply_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    private: bool | None = None
    seen: Seen = []

    def answer(self) -> Answer:
        """Turn it into the flow's words."""
        return Answer(**{**self.model_dump(), "seen": tuple(self.seen)})


class NoteBody(_Body):
    """A line for colleagues."""

    text: Text
    epoch: Epoch | None = None


class ResolutionBody(_Body):
    """How a case ends."""

    epoch: Epoch
    resolution: Word
    seen: Seen = []

    def ending(self) -> Ending:
        """Turn it into the flow's words."""
        return Ending(self.epoch, self.resolution, tuple(self.seen))


class ControlBody(_Body):
    """The switches; what is missing stays as it is, `mode` null gives the word back to the brand
    file. What a GET shows may be sent back: its other fields are read and ignored."""

    paused: bool | None = None
    sombre: bool | None = None
    mode: Mode | None = None
    modes: dict[str, Mode] | None = None
    enabled: Annotated[list[str], Field(max_length=ACCOUNTS_MAX)] = []
    brand: Any = None
    disabled: Any = None
    accounts: Any = None

    def switch(self) -> Switch:
        """Turn it into the flow's words."""
        is_cleared = "mode" in self.model_fields_set and self.mode is None
        mode: Mode | Literal["brand_file"] | None = "brand_file" if is_cleared else self.mode
        return Switch(self.paused, self.sombre, mode, self.modes, tuple(self.enabled))


class _Query(BaseModel):
    # Everything in a query is text; a number is read from it.
    model_config = ConfigDict(extra="forbid", frozen=True)


class CasesQuery(_Query):
    """Which cases to list."""

    state: CaseState = "open"
    brand: Word = ""
    limit: Limit = LIMIT_DEFAULT


class DraftsQuery(_Query):
    """Which drafts to list."""

    brand: Word = ""
    limit: Limit = LIMIT_DEFAULT


class BrandQuery(_Query):
    """Which brand."""

    brand: Word = ""


class EpochQuery(_Query):
    """The epoch that the agent saw."""

    epoch: Epoch


_Shape = TypeVar("_Shape", bound=BaseModel)


def read_body(shape: type[_Shape], body: bytes) -> _Shape:
    """Read a JSON body; none at all is an empty object.

    Raises: NotUnderstoodError when it is not JSON; InvalidRequestError naming the wrong field.
    """
    return read_fields(shape, read_json(body) if body else {})


def read_fields(shape: type[_Shape], fields: object) -> _Shape:
    """Check fields against a shape. Raises: InvalidRequestError naming the first wrong one."""
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        # The name of an unknown field is whatever the caller wrote.
        name = place[:40].encode("ascii", "replace").decode()
        raise InvalidRequestError(f"{name}: {first['msg']}", f"field:{name}") from error


def body_of(event: Mapping[str, Any]) -> bytes:
    """Get the body of a gateway's event.

    Raises: TooLargeError; NotUnderstoodError when it is not what its flag says.
    """
    body = event.get("body") or ""
    # Four letters of base64 stand for three bytes.
    if len(body) <= BODY_BYTES_MAX * 4 // 3 + 4:
        try:
            raw = _from_base64(body) if event.get("isBase64Encoded") else _from_text(body)
        except (binascii.Error, ValueError) as error:
            raise NotUnderstoodError("the body is not base64, as the gateway says") from error
        if len(raw) <= BODY_BYTES_MAX:
            return raw
    raise TooLargeError(f"a body has at most {BODY_BYTES_MAX} bytes")


def _from_base64(body: str) -> bytes:
    return base64.b64decode(body, validate=True)


def _from_text(body: str) -> bytes:
    # A lone surrogate becomes bytes that no UTF-8 reader takes: refused as such, not a crash.
    return body.encode("utf-8", "surrogatepass")


_GROUP = re.compile(r'[^\s,"\[\]]+')


def claims_of(event: Mapping[str, Any]) -> Mapping[str, object]:
    """Get the claims that the gateway's authorizer has verified; none where it did not stand."""
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    return claims if isinstance(claims, dict) else {}


def agent_of(claims: Mapping[str, object]) -> Agent:
    """Read who asks from the claims that the gateway's authorizer has verified.

    Shapes: `custom:brand` holds brand ids with commas between; `cognito:groups` is one text such as
    "[agent lead]", or a list.
    Raises: ForbiddenError for an access token, which names no brand, and for a token of nobody.
    """
    if claims.get("token_use", "id") != "id":
        raise ForbiddenError("send the id token (heed token prints it), not the access token")
    subject = _claim(claims, "sub")
    if not subject:
        raise ForbiddenError("the token names nobody; sign in again with: heed token")
    groups = claims.get("cognito:groups")
    names = groups if isinstance(groups, list) else _GROUP.findall(_claim(claims, "cognito:groups"))
    return Agent(
        id=_claim(claims, "cognito:username") or subject,
        subject=subject,
        brands=tuple(filter(None, map(str.strip, _claim(claims, "custom:brand").split(",")))),
        is_lead="lead" in names,
    )


def _claim(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
