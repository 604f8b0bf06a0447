from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.domain.clock import HOUR_MS
from heed.domain.mention import MentionId
from heed.ports import LedgerHour, LedgerLine
from heed.storage.ledger import KEPT_DAYS, TableLedger
from tests.backends import START_MS, Backend, memory_backend
from tests.fakes.refusals import client_error

HOUR = LedgerHour("acme", "x", "22", START_MS // HOUR_MS * HOUR_MS)
A, B, C = (MentionId(f"x#22#post:{one}") for one in "ABC")


@pytest.fixture
def ledger(backend: Backend) -> TableLedger:
    return TableLedger(backend.dynamo, backend.table)


def line(ledger: TableLedger) -> LedgerLine:
    [found] = ledger.lines("acme", "x", 0)
    return found


def test_what_is_entered_again_changes_nothing(ledger: TableLedger) -> None:
    for _ in range(3):
        ledger.note(HOUR, by_webhook=[A, B], only_reread=[C, C])
        ledger.note(HOUR, by_webhook=[B], only_reread=[])

    assert line(ledger) == LedgerLine(HOUR, 2, 1, closed_at=0, is_open=True)


def test_an_hour_without_a_gap_is_not_open(ledger: TableLedger) -> None:
    ledger.note(HOUR, by_webhook=[A], only_reread=[])
    ledger.close(HOUR, START_MS)

    assert line(ledger) == LedgerLine(HOUR, 1, 0, closed_at=0, is_open=False)


def test_a_closed_gap_keeps_its_instant_until_more_is_found(ledger: TableLedger) -> None:
    ledger.note(HOUR, by_webhook=[], only_reread=[A])
    ledger.close(HOUR, START_MS)
    ledger.close(HOUR, START_MS + 1)
    assert line(ledger) == LedgerLine(HOUR, 0, 1, closed_at=START_MS, is_open=False)

    ledger.note(HOUR, by_webhook=[], only_reread=[A, B])
    assert line(ledger) == LedgerLine(HOUR, 0, 2, closed_at=START_MS, is_open=True)

    ledger.close(HOUR, START_MS + 2)
    assert line(ledger) == LedgerLine(HOUR, 0, 2, closed_at=START_MS + 2, is_open=False)


def test_an_hour_that_is_not_there_is_not_closed_into_being(ledger: TableLedger) -> None:
    ledger.close(HOUR, START_MS)

    assert ledger.lines("acme", "x", 0) == []


def test_lines_come_in_order_from_an_instant_on(ledger: TableLedger) -> None:
    hours = [replace(HOUR, at=HOUR.at + number * HOUR_MS) for number in (3, 0, 2)]
    others = [replace(HOUR, account="a#b"), replace(HOUR, brand="bolt")]
    for hour in (*hours, *others, replace(HOUR, platform="facebook")):
        ledger.note(hour, by_webhook=[A], only_reread=[])

    found = ledger.lines("acme", "x", HOUR.at + 1)

    assert [one.hour for one in found] == [hours[2], hours[0]]
    assert {one.hour.account for one in ledger.lines("acme", "x", HOUR.at)} == {"22", "a#b"}


def test_it_is_kept_for_ninety_days(ledger: TableLedger, backend: Backend) -> None:
    ledger.note(HOUR, by_webhook=[A], only_reread=[])

    [item] = backend.items("ledger#acme#x")
    assert int(item["exp"]["N"]) == HOUR.at // 1000 + KEPT_DAYS * 86_400


class Growing:
    """A table in which somebody enters more between a look and a write."""

    def __init__(self, backend: Backend, code: str = "") -> None:
        self._backend, self._code = backend, code

    def get_item(self, **request: Any) -> Any:
        answer = self._backend.dynamo.get_item(**request)
        TableLedger(self._backend.dynamo, self._backend.table).note(
            HOUR, by_webhook=[], only_reread=[B]
        )
        return answer

    def update_item(self, **request: Any) -> Any:
        if self._code:
            raise client_error("UpdateItem", self._code, "no")
        return self._backend.dynamo.update_item(**request)


def test_a_gap_that_grows_meanwhile_stays_open() -> None:
    backend = memory_backend()
    TableLedger(backend.dynamo, backend.table).note(HOUR, by_webhook=[], only_reread=[A])
    growing: Any = Growing(backend)

    TableLedger(growing, backend.table).close(HOUR, START_MS)

    assert line(TableLedger(backend.dynamo, backend.table)).is_open


def test_other_errors_travel_up() -> None:
    backend = memory_backend()
    TableLedger(backend.dynamo, backend.table).note(HOUR, by_webhook=[], only_reread=[A])
    throttled: Any = Growing(backend, "ThrottlingException")

    with pytest.raises(ClientError, match="ThrottlingException"):
        TableLedger(throttled, backend.table).close(HOUR, START_MS)


class Paged:
    """A table whose pages hold one item."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def query(self, **request: Any) -> Any:
        return self._client.query(**request, Limit=1)


def test_every_page_of_lines_is_read() -> None:
    backend = memory_backend()
    plain = TableLedger(backend.dynamo, backend.table)
    for number in range(3):
        hour = replace(HOUR, at=HOUR.at + number)
        plain.note(hour, by_webhook=[A], only_reread=[])
    paged: Any = Paged(backend.dynamo)

    assert TableLedger(paged, backend.table).lines("acme", "x", 0) == plain.lines("acme", "x", 0)
