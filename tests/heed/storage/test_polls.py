from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.ports import Cursor
from heed.storage.polls import TableCursors
from tests.backends import START_MS, Backend, memory_backend
from tests.fakes.refusals import client_error

PLACE = Cursor("x", "2244994945", by="run-1")
LEASE = START_MS + 90_000


@pytest.fixture
def cursors(backend: Backend) -> TableCursors:
    return TableCursors(backend.dynamo, backend.table)


def taken(cursors: TableCursors, place: Cursor = PLACE, now: int = START_MS) -> Cursor:
    found = cursors.take(place, now=now, lease_until=now + 90_000)
    assert found is not None
    return found


def test_the_first_take_begins_an_account(cursors: TableCursors) -> None:
    assert cursors.look("x", PLACE.account) is None

    assert taken(cursors) == replace(PLACE, began_at=START_MS)
    assert cursors.look("x", PLACE.account) == replace(PLACE, began_at=START_MS)


def test_what_is_saved_is_what_the_next_run_takes(cursors: TableCursors) -> None:
    pass_of = replace(
        taken(cursors), read_to=5, since=3, until=9, pages=("a:1", ""), gaps=(7,), trouble="t"
    )

    assert cursors.save(pass_of)
    assert cursors.release(pass_of, not_before=0)

    later = taken(cursors, replace(PLACE, by="run-2"), START_MS + 1)
    assert later == replace(pass_of, by="run-2")


def test_one_run_holds_it_until_its_lease_ends(cursors: TableCursors) -> None:
    first = taken(cursors)
    second = replace(PLACE, by="run-2")

    assert cursors.take(second, now=LEASE, lease_until=LEASE + 1) is None
    # The answer to the first take was lost: asked again, it is the same run.
    assert cursors.take(PLACE, now=START_MS, lease_until=LEASE) == first
    assert cursors.take(second, now=LEASE + 1, lease_until=LEASE + 2)

    assert not cursors.save(first)
    assert not cursors.release(first, not_before=0)


def test_nobody_takes_it_before_it_is_due(cursors: TableCursors) -> None:
    cursors.release(taken(cursors), not_before=START_MS + 10)

    assert cursors.take(PLACE, now=START_MS + 9, lease_until=LEASE) is None
    assert taken(cursors, now=START_MS + 10).began_at == START_MS


def test_accounts_do_not_meet(cursors: TableCursors) -> None:
    taken(cursors)

    assert taken(cursors, Cursor("x", "2#44", by="run-2")).account == "2#44"
    assert taken(cursors, Cursor("facebook", PLACE.account, by="run-2")).began_at == START_MS


def test_other_errors_travel_up() -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        raise client_error(operation, "ThrottlingException", "slow down")

    backend = memory_backend(throttled)

    with pytest.raises(ClientError, match="ThrottlingException"):
        TableCursors(backend.dynamo, backend.table).save(PLACE)
