"""Requests of platforms on the way that they take when deployed: the gateway's envelope, the
handler, the flow, the table. Nothing here knows what is right."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from functions.receive import handler
from heed import adapter as adapters
from heed.domain.mention import Account
from heed.registry import Registry
from heed.telemetry import CountingMeter
from tests.functions.invocations import hook_event, make_context
from tests.heed.flows.bodies import (
    COMPLAINT,
    comment,
    page_changes,
    telegram_message,
    x_post,
)
from tests.heed.flows.world import ACCOUNTS, KEYS, World

PLATFORMS = ("x", "facebook", "telegram")
SIGNED = ("x", "facebook")
"""Platforms whose header proves the bytes; Telegram's only proves the sender."""

CONTEXT = make_context("receive")
POST = "2123700000000000001"
SECOND = Account("x", "9900", "bolt", "boltair")
"""An account of another connection of X, with a secret of its own."""
SECOND_KEY = "second-app-secret"

Request = tuple[bytes, dict[str, str]]


class LastingMeter(CountingMeter):
    """A meter that also keeps what the handler's log line has told and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.ever: Counter[str] = Counter()

    def count(self, outcome: str, amount: int = 1) -> None:
        super().count(outcome, amount)
        self.ever[outcome] += amount


@dataclass
class Hooks:
    """The address that platforms call, over a world."""

    world: World = field(default_factory=World)
    meter: LastingMeter = field(default_factory=LastingMeter)

    def __post_init__(self) -> None:
        accounts = [("main", account) for account in ACCOUNTS]
        registry = Registry([*accounts, ("second", SECOND)])
        receiving = replace(self.world.receiving, accounts=registry, meter=self.meter)
        self.world.store_secret("x/second/signing", current=SECOND_KEY)
        self.respond = handler.build(receiving, self.meter)

    @property
    def counts(self) -> Counter[str]:
        """What became of everything that was delivered."""
        return self.meter.ever

    def body(self, platform: str, text: str = COMPLAINT, **fields: Any) -> bytes:
        """Write one mention of a visitor as the platform does."""
        at = fields.pop("at", self.world.clock.now())
        if platform == "facebook":
            return page_changes(comment("1", text, at=at, **fields), at=at)
        if platform == "telegram":
            return telegram_message(1, text, at=at, **fields)
        return x_post(POST, text, at=at, **fields)

    def signed(self, platform: str, body: bytes | None = None, key: str = "") -> Request:
        """Sign a body, with the connection's key unless told another."""
        body = self.body(platform) if body is None else body
        return body, adapters.load(platform).sign(body, key or KEYS[platform])

    def event(self, platform: str, request: Request, connection: str = "main") -> dict[str, Any]:
        body, headers = request
        return hook_event("POST", f"{platform}/{connection}", body=body, headers=headers)

    def post(self, platform: str, request: Request, connection: str = "main") -> int:
        """Deliver; returns the status."""
        return int(self.ask(self.event(platform, request, connection))["statusCode"])

    def ask(self, event: dict[str, Any]) -> dict[str, Any]:
        return self.respond(event, CONTEXT)

    def refusals(self, platform: str, requests: list[Request]) -> list[int]:
        """Deliver each request; returns what was answered, each status once. Nothing that is
        refused may have touched the table."""
        with self.world.counted() as calls:
            statuses = [self.post(platform, request) for request in requests]
        touched = [call for call in calls if not call.startswith("secretsmanager ")]
        assert touched == []
        assert self.world.items() == []
        return sorted(set(statuses))

    def takes(self, platform: str, request: Request) -> bool:
        """Whether the delivery was answered with 200 and stored: what was refused before was not
        refused for another reason."""
        before = len(self.world.items())
        return self.post(platform, request) == 200 and len(self.world.items()) == before + 1
