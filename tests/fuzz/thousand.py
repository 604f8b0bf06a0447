"""One bad change at each place of a delivery of a thousand: the others are stored, it is kept, and
the platform hears 200. `make fuzz` tries every place; the tests try some."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, Final

from heed import adapter as adapters
from heed.adapter import CHANGES_MAX
from heed.domain.mention import Account
from heed.flows.receive import HookRequest, Receiving, receive
from heed.registry import Registry
from heed.signatures import SigningSecrets
from heed.storage.inbox import TableInbox
from heed.telemetry import CountingMeter
from tests.backends import INDEXES, NUMBERS, Clock
from tests.fakes.dynamo import FakeDynamo
from tests.fakes.tables import TableSpec
from tests.heed.flows.bodies import PAGE, as_bytes, comment

TABLE: Final = "heed"
KEY: Final = "app-secret-canary"


class _InTurn(Executor):
    """Writes one change after the other: on a busy machine threads would miss the deadline."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Iterator[Any]:
        return map(fn, *iterables)


class _Keys:
    """`heed.ports.Secrets` with one key."""

    def signing(self, platform: str, connection: str, *, refresh: bool = False) -> SigningSecrets:
        """Give the key, whatever is asked for."""
        del platform, connection, refresh
        return SigningSecrets((KEY,))


def delivery(at: int, bad_at: int) -> bytes:
    """Write a delivery of Facebook with a thousand comments, one of them without an id."""
    values: list[Any] = [comment(str(place), "hi", at=at) for place in range(CHANGES_MAX)]
    values[bad_at] = {"item": "comment", "verb": "add", "comment_id": {"no": "id"}}
    changes = [{"field": "feed", "value": value} for value in values]
    entry = {"id": PAGE, "time": at // 1000, "changes": changes}
    return as_bytes({"object": "page", "entry": [entry]})


def outcome(bad_at: int) -> tuple[int, dict[str, int], bool]:
    """Deliver with the bad change at one place. Returns the answer's status, the counts, and
    whether the table holds exactly the others."""
    clock, meter = Clock(), CountingMeter()
    dynamo = FakeDynamo(clock.now, checked=False)
    dynamo.add_table(TableSpec(TABLE, "pk", "sk", INDEXES, dict.fromkeys(NUMBERS, "N")))
    accounts = Registry([("main", Account("facebook", PAGE, "acme"))])
    inbox = TableInbox(dynamo, TABLE, pool=_InTurn())
    body = delivery(clock.now(), bad_at)
    headers = adapters.load("facebook").sign(body, KEY)
    request = HookRequest("facebook", "main", "POST", {}, headers, body)
    answer = receive(request, Receiving(accounts, _Keys(), inbox, meter, clock))
    items = list(dynamo.raw_items(TABLE))
    stored = {item["pk"]["S"].rsplit("_", 1)[-1] for item in items if "st" in item}
    wanted = {str(place) for place in range(CHANGES_MAX)} - {str(bad_at)}
    return int(answer.status), dict(meter.counts), stored == wanted and len(items) == CHANGES_MAX


def is_right(bad_at: int) -> bool:
    """Say whether 999 are stored, one is in quarantine, and the answer is 200."""
    return outcome(bad_at) == (200, {"stored": CHANGES_MAX - 1, "quarantined": 1}, True)


def run_all() -> int:
    """Try every place on all cores. Returns the exit status."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        right = pool.map(is_right, range(CHANGES_MAX), chunksize=20)
    told = f"{sum(right)} of {CHANGES_MAX} places: 999 stored, 1 in quarantine, 200"
    print(f"a bad change in a thousand: {told}")  # noqa: T201
    for place in (place for place, is_fine in enumerate(right) if not is_fine):
        print(f"BROKEN at place {place}: {outcome(place)}")  # noqa: T201
    return 0 if all(right) else 1
