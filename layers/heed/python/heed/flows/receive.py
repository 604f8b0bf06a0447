"""Take a platform's delivery in: verify, parse, mask, store, answer. No other work is done here.

The order is fixed: size limit, handshake, verification, parsing, masking, one write per change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final, Literal, TypeVar

from heed import adapter as adapters
from heed.adapter import Adapter, Answer, Delivery, Parsed
from heed.domain.masking import mask_change
from heed.domain.mention import Mention, conversation_id, mask_cards
from heed.errors import (
    NotSentError,
    NotUnderstoodError,
    RefusedError,
    SecretMissingError,
    SignatureError,
    TooLargeError,
    UnknownConnectionError,
)
from heed.ports import (
    Accounts,
    Arrival,
    Entry,
    Inbox,
    Meter,
    Quarantined,
    Revocation,
    Secrets,
    Time,
)
from heed.signatures import SigningSecrets

_Proof = TypeVar("_Proof")

# The strictest platform hangs up after three seconds; 503 before that makes it come again.
DEADLINE_S: Final = 2.2


@dataclass(frozen=True, slots=True)
class HookRequest:
    """An HTTP request on /hooks/{platform}/{connection}; header names in lower case."""

    platform: str
    connection: str
    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receiving:
    """What `receive` works with."""

    accounts: Accounts
    secrets: Secrets
    inbox: Inbox
    meter: Meter
    time: Time
    load: Callable[[str], Adapter] = field(default=adapters.load)


def receive(request: HookRequest, s: Receiving) -> Answer:
    """Answer one request of a platform. Bad input gets a 4xx, never a 5xx, and stores nothing."""
    try:
        adapter, delivery = _admitted(request, s)
        answer = _proven(adapter.handshake, delivery, s)
        if answer is not None:
            s.meter.count("handshake")
            return answer
        if delivery.method == "GET":
            return Answer(HTTPStatus.NOT_FOUND, "this address takes deliveries by POST")
        _proven(adapter.verify, delivery, s)
    except RefusedError as error:
        s.meter.count("refused")
        return Answer(error.status, str(error))
    except SecretMissingError:
        # Fail closed, and say no more than for a wrong signature.
        s.meter.count("no_secret")
        return Answer(HTTPStatus.UNAUTHORIZED, "the delivery cannot be verified")
    return _taken_in(adapter, delivery, s)


def _admitted(request: HookRequest, s: Receiving) -> tuple[Adapter, Delivery]:
    adapter = s.load(request.platform)
    accounts = s.accounts.accounts(request.platform, request.connection)
    if not accounts:
        raise UnknownConnectionError("no such connection")
    if len(request.body) > adapter.BODY_BYTES_MAX:
        raise TooLargeError(f"the body is larger than {adapter.BODY_BYTES_MAX} bytes")
    method: Literal["GET", "POST"] = "GET" if request.method == "GET" else "POST"
    return adapter, Delivery(
        platform=request.platform,
        connection=request.connection,
        method=method,
        query=request.query,
        headers=request.headers,
        body=request.body,
        received_at=s.time.now(),
        accounts=accounts,
    )


def _proven(
    check: Callable[[Delivery, SigningSecrets], _Proof], delivery: Delivery, s: Receiving
) -> _Proof:
    place = delivery.platform, delivery.connection
    try:
        return check(delivery, s.secrets.signing(*place))
    except SignatureError:
        # The secret may have been changed outside our view; the store limits how often we look.
        return check(delivery, s.secrets.signing(*place, refresh=True))


def _taken_in(adapter: Adapter, delivery: Delivery, s: Receiving) -> Answer:
    parsed = read(adapter, delivery)
    for reason, amount in parsed.ignored.items():
        s.meter.count(f"ignored_{reason}", amount)
    entries = list(entries_of(parsed, delivery, s.meter))
    if entries:
        try:
            news = s.inbox.put(entries, DEADLINE_S)
        except NotSentError:
            s.meter.count("too_slow")
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "try again")
        _count(entries, news, s.meter)
    return Answer(HTTPStatus.OK, "")


def read(adapter: Adapter, delivery: Delivery) -> Parsed:
    """Parse a verified delivery; one of which nothing can be read is one unreadable change."""
    try:
        return adapter.parse(delivery)
    except NotUnderstoodError as error:
        # Without NUL: in UTF-16 it would stand between the digits that must be masked.
        body = delivery.body.decode("utf-8", "surrogateescape").replace("\0", "")
        return Parsed(unreadable=(adapters.Unreadable(body, str(error)),))


def entries_of(parsed: Parsed, delivery: Delivery, meter: Meter) -> Iterable[Entry]:
    """Build what is written for a delivery, without card numbers; `meter` counts what is not."""
    # One delivery may tell of the same object twice (a reply that also names us): one write.
    told: dict[object, Arrival] = {}
    for mention in parsed.mentions:
        account = delivery.account(mention.account)
        if account is None:
            meter.count("ignored_unknown_account")
        elif mention.is_own_post and not _settles_something(mention):
            meter.count("own_post")
        else:
            masked = _masked(mention)
            arrival = Arrival(
                mention=masked,
                brand=account.brand,
                conversation=conversation_id(masked, account.brand),
                received_at=delivery.received_at,
            )
            key = masked.id, masked.change, masked.event_at
            # The event that names us tells more than the one that only answers us.
            if key not in told or masked.summoned:
                told[key] = arrival
    yield from told.values()
    for unreadable in parsed.unreadable:
        yield Quarantined(
            platform=delivery.platform,
            connection=delivery.connection,
            change=mask_change(unreadable.change),
            reason=unreadable.reason,
            received_at=delivery.received_at,
        )
    for account_id in parsed.revoked:
        if account := delivery.account(account_id):
            yield Revocation(account.platform, account.id, account.brand, delivery.received_at)


def _settles_something(mention: Mention) -> bool:
    """Whether our own post answers somebody: one mention in public, in private whoever wrote."""
    answers = mention.parent is not None or mention.visibility == "private"
    return answers and mention.change != "deleted"


def _masked(mention: Mention) -> Mention:
    author = mention.author
    if author.name:
        author = replace(author, name=mask_cards(author.name))
    return replace(mention, text=mask_cards(mention.text), author=author)


def _count(entries: list[Entry], news: tuple[bool, ...], meter: Meter) -> None:
    for entry, is_new in zip(entries, news, strict=True):
        meter.count(_outcome(entry) if is_new else "duplicate")


def _outcome(entry: Entry) -> str:
    if isinstance(entry, Quarantined):
        return "quarantined"
    if isinstance(entry, Revocation):
        return "revoked"
    if entry.mention.is_own_post:
        return "own_post"
    return "stored" if entry.mention.change == "created" else entry.mention.change
