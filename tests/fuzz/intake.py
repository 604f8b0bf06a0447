"""The way in that is fuzzed: the real flow over the table in memory, empty again every time."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from heed import adapter as adapters
from heed import registry
from heed.adapter import Answer, Delivery
from heed.domain.mention import Account
from heed.flows.receive import HookRequest, Receiving, receive
from heed.registry import Registry
from heed.storage.inbox import TableInbox
from heed.storage.secrets import CachedSecrets
from heed.telemetry import CountingMeter
from tests.backends import INDEXES, NUMBERS, Clock
from tests.fakes.dynamo import FakeDynamo
from tests.fakes.secrets import FakeSecretsManager
from tests.fakes.tables import TableSpec
from tests.fuzz.mutants import load
from tests.heed.platforms.samples import KEY, PREVIOUS_KEY

MAIN, SECOND = "main", "second"
SECOND_KEY = "the-signing-secret-of-another-app"
VERIFY_TOKEN = "verify-me"
_TABLE = TableSpec("fuzz", "pk", "sk", indexes=INDEXES, types=dict.fromkeys(NUMBERS, "N"))


class OneAtATime:
    """The table's client. Changes of one delivery are written by several threads, which the
    table in memory was not made for."""

    def __init__(self, dynamo: FakeDynamo) -> None:
        self._dynamo = dynamo
        self._lock = threading.Lock()

    def update_item(self, **request: Any) -> Any:
        with self._lock:
            return self._dynamo.update_item(**request)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one request."""

    answer: Answer
    items: list[dict[str, Any]]
    table_calls: int
    counts: Counter[str] = field(default_factory=Counter)


class Intake:
    """Every platform behind two connections with a secret each: `main`, whose previous secret is
    still valid, and `second`, which belongs to another app."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.dynamo = FakeDynamo(self.clock.now)
        self.dynamo.add_table(_TABLE)
        self.secrets = FakeSecretsManager(self.clock.now)
        self.meter = CountingMeter()
        known, pairs = registry.load(), list[tuple[str, Account]]()
        for platform in adapters.names():
            for connection in (MAIN, SECOND):
                pairs += [(connection, one) for one in known.accounts(platform, MAIN)]
            self._store(f"{platform}/{MAIN}", current=KEY, previous=PREVIOUS_KEY)
            self._store(f"{platform}/{SECOND}", current=SECOND_KEY)
        self.receiving = Receiving(
            Registry(pairs),
            CachedSecrets(self.secrets, "", self.clock),
            TableInbox(OneAtATime(self.dynamo), _TABLE.name),
            self.meter,
            self.clock,
            load=load,
        )

    def _store(self, place: str, **keys: str) -> None:
        value = {**keys, "previous_until": "2099-01-01T00:00:00Z", "verify_token": VERIFY_TOKEN}
        self.secrets.create_secret(Name=f"{place}/signing", SecretString=json.dumps(value))

    def accounts(self, platform: str) -> tuple[Account, ...]:
        """Get the accounts behind both connections."""
        return self.receiving.accounts.accounts(platform, MAIN)

    def take(self, request: HookRequest) -> Taken:
        """Hand a request to the flow."""
        return self.watch(lambda: receive(request, self.receiving))

    def watch(self, call: Callable[[], Answer]) -> Taken:
        """Run a call and tell what it left in the table, which is empty again afterwards."""
        self.meter.counts.clear()
        answer = call()
        calls = len(self.dynamo.calls)
        items = self.dynamo.items(_TABLE.name) if calls else []
        if calls:
            self.dynamo.add_table(_TABLE)
            self.dynamo.calls.clear()
        return Taken(answer, items, calls, Counter(self.meter.counts))

    def delivery(self, request: HookRequest) -> Delivery:
        """Make what the flow hands to the adapter."""
        return Delivery(
            platform=request.platform,
            connection=request.connection,
            method="POST",
            query=request.query,
            headers=request.headers,
            body=request.body,
            received_at=self.clock.now(),
            accounts=self.accounts(request.platform),
        )
