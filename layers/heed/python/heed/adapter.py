"""The contract between Heed and its platforms: what an adapter module offers and what it is given.

An adapter is one module in `heed.platforms`: constants and pure functions, no I/O, no clock, no
environment. It never decides anything; the flows do."""

import importlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final, Literal, Protocol, cast

from heed.domain.mention import TEXT_CHARS_MAX, Account, Mention
from heed.errors import NotUnderstoodError, UnknownConnectionError
from heed.signatures import SigningSecrets

BODY_BYTES_MAX_DEFAULT: Final = 1_000_000
JSON_DEPTH_MAX: Final = 32
CHANGES_MAX: Final = 1_000

Json = Any
IgnoredReason = Literal[
    "unknown_event", "unknown_account", "reaction", "not_a_mention", "encrypted"
]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request of a platform, bytes untouched.

    Shapes: `headers` has lower-case names; `query` is decoded exactly once; `accounts` are the
    accounts registered to the connection in the brand file. `received_at`: epoch milliseconds.
    """

    platform: str
    connection: str
    method: Literal["GET", "POST"]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: int
    accounts: tuple[Account, ...]

    def account(self, account_id: str | None) -> Account | None:
        """Find the registered account; None: its changes are counted, not stored."""
        return next((a for a in self.accounts if a.id == account_id), None)

    def header(self, name: str) -> str | None:
        """Get a header. A signature header that came twice arrives joined and never verifies.
        `name` in lower case."""
        return self.headers.get(name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handshake is answered with."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A change of a verified delivery that the adapter cannot read. `change` is its JSON text."""

    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a delivery holds. `ignored` counts, by reason, what Heed does not store: unknown events,
    reactions, unknown accounts. `revoked` names accounts whose permission was taken back."""

    mentions: tuple[Mention, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """What a change comes to when Heed does not store it."""

    reason: IgnoredReason


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a change comes to when an account took its permission back."""

    account: str


Outcome = Mention | Ignored | Revoked


@dataclass(frozen=True, slots=True)
class Draft:
    """A finished reply text and where it goes: the mention that it answers."""

    text: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call that `outbound` performs. `auth` says where the account's token goes:
    bearer = Authorization header; path = the placeholder {token} in the path; none = nowhere."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    host: str
    path: str
    # Both may hold secrets, when a token is renewed.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    auth: Literal["bearer", "path", "none"] = "bearer"


@dataclass(frozen=True, slots=True)
class Response:
    """A platform's answer. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a reply was accepted: its object id on the platform, empty when not told."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class OwnReply:
    """One of our own replies found on the platform while looking for a doubtful one."""

    reply_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """How to look for a reply that may have been posted: a call, and how to read its answer.

    `read` gives our replies that can be the one looked for, and raises DoubtfulError when the
    answer does not tell. `lag_s`: how long a new reply may be missing from the list."""

    call: Call
    read: Callable[[Response], tuple[OwnReply, ...]]
    lag_s: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule of the platform that binds replies there; `id` is one that `domain.policy` checks.

    `source` is the vendor's page, `read_on` the ISO date on which it was read."""

    id: str
    says: str
    source: str
    read_on: str


@dataclass(frozen=True, slots=True)
class ConnectStep:
    """One step of connecting an account: what to do by hand, or the call that does it."""

    says: str
    call: Call | None = None


class Renewing(Protocol):
    """What an adapter offers besides where its platform renews tokens; both functions or neither.

    `fields` is the secret that holds the token; what is returned replaces fields of the same name:
    `token`, and as the platform has them `refresh_token`, `expires_at` (epoch milliseconds).

    build_refresh  the call that renews, with `auth` none; None when the secret lacks what it needs
    read_refresh   raises ReplyRejectedError when the platform refuses, else as `read_receipt`
    """

    def build_refresh(self, fields: Mapping[str, Any]) -> Call | None: ...
    def read_refresh(self, response: Response, now: int) -> Mapping[str, Any]: ...


class Adapter(Protocol):
    """What a module in `heed.platforms` offers. Functions take and return plain values.

    verify        raises SignatureError (or StaleDeliveryError), or returns
    handshake     the answer to a URL challenge; None when the delivery is none; raises
                  SignatureError for a challenge that must not be answered
    parse         raises NotUnderstoodError only when nothing in the body can be read
    build_reply   `key` is the idempotency key, sent where the platform has one; raises
                  ReplyRejectedError for a mention whose ids cannot stand in a call
    read_receipt  raises RateLimitedError, NotSentError, DoubtfulError or ReplyRejectedError;
                  `now` in epoch milliseconds
                  With a KEY_WINDOW_S the cause "duplicate" says that the key is known: the reply
                  stands already. Also asked about the refused answer to a look-up.
    find_own_reply  None where the platform offers no look-up for that mention
    sign          the headers, names in lower case, that make `verify` accept the body

    Our own private messages carry the other participant as their author's id: they answer no
    single message, and so `conversation_id` names the matter that they belong to.
    """

    NAME: str
    BODY_BYTES_MAX: int
    TEXT_MAX: int
    HOSTS: tuple[str, ...]
    KEY_WINDOW_S: int
    LINKS_IN_ACKNOWLEDGEMENT: bool
    POLICY: tuple[Clause, ...]

    def verify(self, delivery: Delivery, secrets: SigningSecrets) -> None: ...
    def handshake(self, delivery: Delivery, secrets: SigningSecrets) -> Answer | None: ...
    def parse(self, delivery: Delivery) -> Parsed: ...
    def build_reply(self, mention: Mention, draft: Draft, key: str) -> Call: ...
    def read_receipt(self, response: Response, now: int) -> Receipt: ...
    def find_own_reply(self, mention: Mention) -> Lookup | None: ...
    def text_length(self, text: str) -> int: ...
    def sign(self, body: bytes, key: str) -> dict[str, str]: ...
    def connect(self, account: Account, url: str) -> tuple[ConnectStep, ...]: ...


_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def names() -> tuple[str, ...]:
    """Every platform with an adapter: the module names in heed.platforms, sorted."""
    files = resources.files("heed").joinpath("platforms").iterdir()
    stems = (f.name.removesuffix(".py") for f in files if f.name.endswith(".py"))
    return tuple(sorted(name for name in stems if _NAME.fullmatch(name)))


def load(name: str) -> Adapter:
    """Import one adapter, only after its name was found among the files of the folder.

    Raises: UnknownConnectionError when there is none. Never imports what a URL says.
    """
    if name not in names():
        raise UnknownConnectionError(f"no platform is called {name[:40]!r}")
    return cast("Adapter", importlib.import_module(f"heed.platforms.{name}"))


def renewing(adapter: Adapter) -> Renewing | None:
    """Tell whether an adapter can renew tokens, by giving it as one that can."""
    return cast("Renewing", adapter) if hasattr(adapter, "build_refresh") else None


def read_json(body: bytes) -> Json:
    """Parse a verified body strictly: UTF-8, no NaN, no giant numbers, limited depth.

    Integers beyond 2^53 stay exact; platforms' ids are read as strings by the adapters.
    Raises: NotUnderstoodError with a constant reason, never the body's text.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise NotUnderstoodError("the body is not JSON in UTF-8") from error
    if _too_deep(value):
        raise NotUnderstoodError("the body is nested too deeply")
    return value


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _too_deep(value: Json) -> bool:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > JSON_DEPTH_MAX:
            return True
        level = [child for parent in level for child in _children(parent)]
    return False


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [v for v in value.values() if isinstance(v, dict | list)]
    if isinstance(value, list):
        return [v for v in value if isinstance(v, dict | list)]
    return []


def clean_text(value: Json) -> str:
    """Read a text as we keep it: str or empty, no lone surrogates, no NUL, limited length."""
    if not isinstance(value, str):
        return ""
    text = value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return text[:TEXT_CHARS_MAX]


def collect(changes: Sequence[Json], read: Callable[[Json], Outcome]) -> Parsed:
    """Read each change of a delivery by itself, so that a bad one costs only itself.

    Shapes: a change is cut so that it could be a delivery of its own; that is what goes to
    quarantine. Raises: NotUnderstoodError for more changes than one delivery may hold.
    """
    if len(changes) > CHANGES_MAX:
        raise NotUnderstoodError("the delivery holds too many changes")
    mentions, unreadable, revoked = [], [], []
    ignored: Counter[str] = Counter()
    for change in changes:
        try:
            outcome = read(change)
        except (AttributeError, LookupError, TypeError, ValueError):
            reason = "a field is missing or has another type"
            unreadable.append(Unreadable(change=json.dumps(change), reason=reason))
            continue
        match outcome:
            case Ignored(reason):
                ignored[reason] += 1
            case Revoked(account):
                revoked.append(account)
            case _:
                mentions.append(outcome)
    return Parsed(tuple(mentions), tuple(unreadable), dict(ignored), tuple(revoked))
