"""The twin: a platform that can be called like a function, forgets nothing and can be made to fail.

It has no threads, no clock and no chance of its own: instants come from `now_ms`, faults from the
caller. What differs between platforms stands in a dialect; see x.py, facebook.py, telegram.py.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from infra.local.twins.faults import Action, Fault, FaultQueue
from infra.local.twins.wire import RefusedError, TwinRequest, TwinResponse, gateway_response
from infra.local.twins.world import TwinAccount, TwinObject, TwinPost, World

CALLS_KEPT_MAX = 100_000
"""A longer log loses its oldest calls."""


@dataclass(slots=True)
class Exchange:
    """One call while it is answered; a dialect fills in what it learns about it.

    `account` is whose token the call carries, also an expired one.
    """

    request: TwinRequest
    now_ms: int
    account: str = ""
    target: str = ""
    post_id: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the log. The path is without token; texts are not kept here."""

    at_ms: int
    method: str
    path: str
    action: Action
    account: str
    target: str
    status: int
    reason: str
    fault: str
    post_id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that a webhook body told."""

    kind: Literal["post", "message", "own_message", "deletion"]
    object_id: str


class Dialect(Protocol):
    """What one platform does its own way. A dialect has rules but no state."""

    @property
    def name(self) -> str:
        """Return the platform's name as it stands in Heed's webhook paths."""

    def action(self, request: TwinRequest) -> Action:
        """Say what a call wants."""

    def public_path(self, request: TwinRequest) -> str:
        """Return the path as it may stand in a log."""

    def identify(self, world: World, exchange: Exchange) -> None:
        """Fill in whose token a call carries and what it is about, as far as the call says."""

    def answer(self, world: World, exchange: Exchange) -> TwinResponse:
        """Do what the platform does. Raise RefusedError where it refuses."""

    def fault_response(self, fault: Fault, exchange: Exchange) -> TwinResponse:
        """Word a fault that strikes before anything is accepted."""

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Return the headers of a webhook delivery."""

    def handshake_request(self, path: str, *, secret: str, challenge: str) -> TwinRequest | None:
        """Return the platform's challenge to a webhook address, or None when it sends none."""

    def handshake_errors(self, answer: TwinResponse, *, secret: str, challenge: str) -> list[str]:
        """Say what is wrong with the answer to a challenge; an empty list is a good answer."""

    def learn(self, world: World, body: bytes, *, account: str) -> list[Seen]:
        """Register what a webhook body tells about; tolerate any bytes."""

    def delivery_price_micro_usd(self, seen: Seen) -> int:
        """Return what the platform charges for delivering this."""

    def echo(self, world: World, post: TwinObject) -> bytes | None:
        """Return the webhook body by which the platform tells of our own post, if it does."""


class Twin:
    """The stand-in for one platform's server."""

    def __init__(
        self,
        dialect: Dialect,
        accounts: Iterable[TwinAccount],
        *,
        now_ms: Callable[[], int],
        faults: FaultQueue | None = None,
    ) -> None:
        """Start with accounts that may post and nothing written yet."""
        self.world = World(accounts, now_ms)
        self.faults = FaultQueue() if faults is None else faults
        self._dialect = dialect
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT_MAX)

    @property
    def name(self) -> str:
        """Return the platform's name."""
        return self._dialect.name

    def handle(self, request: TwinRequest) -> TwinResponse:
        """Answer one call as the platform would, unless a fault is due."""
        action = self._dialect.action(request)
        exchange = Exchange(request, self.world.now_ms())
        self._dialect.identify(self.world, exchange)
        fault = self.faults.take(action, accepted=False)
        if fault:
            response = self._fail_before(fault, exchange)
            reason: str = fault.kind
        else:
            response, reason = self._answer(exchange)
            fault = self.faults.take(action, accepted=True) if response.is_accepted else None
            response = _fail_after(fault, response) if fault else response
        self._calls.append(self._line(exchange, action, response, reason=reason, fault=fault))
        return response

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Return the headers with which the platform delivers a webhook body."""
        return self._dialect.sign(body, secret)

    def handshake_request(self, path: str, *, secret: str, challenge: str) -> TwinRequest | None:
        """Return the platform's challenge to a webhook address, or None when it sends none.

        `secret` is what the platform checks the answer against (X: consumer secret) or sends along
        (Meta: verify token).
        """
        return self._dialect.handshake_request(path, secret=secret, challenge=challenge)

    def handshake_errors(self, answer: TwinResponse, *, secret: str, challenge: str) -> list[str]:
        """Say what is wrong with the answer to a challenge; an empty list is a good answer."""
        return self._dialect.handshake_errors(answer, secret=secret, challenge=challenge)

    def learn(self, body: bytes, *, account: str = "") -> list[Seen]:
        """Register what a webhook body tells about, so that it can be answered.

        `account` is the receiving account where the body does not say it (Telegram); with a single
        account it may be left out. Bytes that are no webhook body teach nothing.
        """
        return self._dialect.learn(self.world, body, account=account or self._only_account())

    def deliver(self, body: bytes, secret: str, *, account: str = "") -> dict[str, str]:
        """Learn a webhook body, charge for its delivery and return the headers to send it with."""
        for seen in self.learn(body, account=account):
            self.world.meter.charge_once_a_day(
                f"delivered {seen.kind}",
                seen.object_id,
                micro_usd=self._dialect.delivery_price_micro_usd(seen),
                now_ms=self.world.now_ms(),
            )
        return self.sign(body, secret)

    def register_object(self, item: TwinObject) -> None:
        """Note that something exists on the platform."""
        self.world.register(item)

    def delete_object(self, object_id: str) -> None:
        """Delete something on the platform, as its author or a moderator does."""
        self.world.delete(object_id)

    def accepted_posts(self) -> list[TwinPost]:
        """Return every post accepted so far, oldest first; deleted ones are marked."""
        return self.world.accepted()

    def visible_posts(self) -> list[TwinPost]:
        """Return the accepted posts that a visitor sees now, oldest first."""
        return [post for post in self.world.accepted() if not post.deleted]

    def calls(self) -> list[Call]:
        """Return the log, oldest call first."""
        return list(self._calls)

    def echo(self, post_id: str) -> bytes | None:
        """Return the webhook body for our own post; None where the platform sends none."""
        post = self.world.find(post_id)
        return self._dialect.echo(self.world, post) if post else None

    def _answer(self, exchange: Exchange) -> tuple[TwinResponse, str]:
        try:
            return self._dialect.answer(self.world, exchange), "accepted"
        except RefusedError as refusal:
            return refusal.response, refusal.reason

    def _fail_before(self, fault: Fault, exchange: Exchange) -> TwinResponse:
        if fault.kind == "lose_request":
            return replace(gateway_response(), lost=True)
        return self._dialect.fault_response(fault, exchange)

    def _line(
        self,
        exchange: Exchange,
        action: Action,
        response: TwinResponse,
        *,
        reason: str,
        fault: Fault | None,
    ) -> Call:
        return Call(
            at_ms=exchange.now_ms,
            method=exchange.request.method,
            path=self._dialect.public_path(exchange.request),
            action=action,
            account=exchange.account,
            target=exchange.target,
            status=response.status,
            reason=reason,
            fault=fault.kind if fault else "",
            post_id=exchange.post_id,
        )

    def _only_account(self) -> str:
        accounts = list(self.world.accounts)
        return accounts[0] if len(accounts) == 1 else ""


def _fail_after(fault: Fault, response: TwinResponse) -> TwinResponse:
    """Spoil the answer to a call that was accepted."""
    if fault.kind == "error_after":
        return gateway_response()
    if fault.kind == "slow":
        return replace(response, delay_s=fault.wait_s)
    return replace(response, lost=True)
