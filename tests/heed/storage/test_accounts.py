import pytest
from botocore.exceptions import ClientError

from heed.domain.account import (
    FAILURES_MAX,
    OPEN_MS_FIRST,
    OPEN_MS_MAX,
    ROW_MS_MAX,
    AccountId,
    AccountState,
)
from heed.domain.policy import CONTROL_CACHE_MS
from heed.storage.accounts import TableAccounts
from tests.backends import START_MS, Backend, memory_backend
from tests.fakes.refusals import client_error

ACCOUNT = AccountId("x", "2244994945")
ODD = AccountId("x", "a#b é|%")


def accounts_of(backend: Backend) -> TableAccounts:
    return TableAccounts(backend.dynamo, backend.table, backend.clock)


def now_of(backend: Backend) -> AccountState:
    """Read as a process that has just begun."""
    return accounts_of(backend).get(ACCOUNT)


def fail(backend: Backend, times: int) -> TableAccounts:
    accounts = accounts_of(backend)
    for _ in range(times):
        accounts.note_failure(ACCOUNT)
    return accounts


def test_an_account_of_which_nothing_is_noted_is_well(backend: Backend) -> None:
    assert now_of(backend) == AccountState()
    assert backend.item("account#x#2244994945") is None


def test_a_wait_that_the_platform_asked_for(backend: Backend) -> None:
    accounts_of(backend).open(ACCOUNT, "throttled", START_MS + 5_000)

    assert now_of(backend) == AccountState(cause="throttled", open_until=START_MS + 5_000)


def test_failures_in_a_row_open_it_for_a_minute(backend: Backend) -> None:
    accounts = fail(backend, FAILURES_MAX - 1)
    assert now_of(backend) == AccountState(failures=FAILURES_MAX - 1)

    accounts.note_failure(ACCOUNT)

    state = now_of(backend)
    assert (state.cause, state.openings) == ("down", 1)
    assert state.open_until == START_MS + OPEN_MS_FIRST
    assert accounts.get(ACCOUNT) == state


def test_who_fails_while_it_is_open_does_not_open_it_for_longer(backend: Backend) -> None:
    fail(backend, FAILURES_MAX + 4)

    state = now_of(backend)
    assert (state.openings, state.open_until) == (1, START_MS + OPEN_MS_FIRST)


def test_each_probe_that_fails_doubles_the_time_up_to_a_limit(backend: Backend) -> None:
    accounts = fail(backend, FAILURES_MAX)
    waits = []
    for _ in range(6):
        state = accounts.get(ACCOUNT)
        waits.append(state.open_until - backend.clock.now())
        backend.clock.ms = state.open_until
        assert accounts.take(ACCOUNT, "p", state.open_until + 90_000)
        accounts.note_failure(ACCOUNT)

    assert waits == [OPEN_MS_FIRST * 2**n for n in range(4)] + [OPEN_MS_MAX] * 2
    item = backend.item("account#x#2244994945")
    assert item is not None
    assert "lu" not in item


def test_failures_far_apart_are_no_row(backend: Backend) -> None:
    accounts = fail(backend, FAILURES_MAX - 1)
    backend.clock.forward(ms=ROW_MS_MAX)
    accounts.note_failure(ACCOUNT)

    assert now_of(backend) == AccountState(failures=1)


def test_success_leaves_nothing_behind_but_the_renewal(backend: Backend) -> None:
    accounts = fail(backend, FAILURES_MAX)
    accounts.note_told(ACCOUNT, "token")
    accounts.take(ACCOUNT, "p", START_MS + 1)
    accounts.note_renewed(ACCOUNT, "p")
    backend.clock.forward(ms=OPEN_MS_FIRST)

    accounts.close(ACCOUNT)

    assert now_of(backend) == AccountState(renewed_at=START_MS)
    assert accounts.get(ACCOUNT).is_well


def test_success_does_not_end_a_wait_that_began_meanwhile(backend: Backend) -> None:
    accounts_of(backend).open(ACCOUNT, "throttled", START_MS + 5_000)

    accounts_of(backend).close(ACCOUNT)

    assert now_of(backend).open_until == START_MS + 5_000


def test_one_worker_holds_the_lease_until_it_ends(backend: Backend) -> None:
    one, other = accounts_of(backend), accounts_of(backend)

    assert one.take(ACCOUNT, "one", START_MS + 90_000)
    assert not other.take(ACCOUNT, "other", START_MS + 90_000)
    assert one.take(ACCOUNT, "one", START_MS + 90_000)
    backend.clock.forward(ms=90_000)
    assert other.take(ACCOUNT, "other", START_MS + 180_000)

    # Too late to give back what another holds by now.
    one.release(ACCOUNT, "one")
    one.note_renewed(ACCOUNT, "one")
    assert not one.take(ACCOUNT, "one", START_MS + 180_000)
    other.release(ACCOUNT, "other")
    assert one.take(ACCOUNT, "one", START_MS + 180_000)
    assert now_of(backend).renewed_at == 0


def test_what_people_were_told_is_kept(backend: Backend) -> None:
    accounts_of(backend).note_told(ACCOUNT, "token")

    assert now_of(backend) == AccountState(told="token")


def test_an_odd_account_has_an_item_of_its_own(backend: Backend) -> None:
    accounts_of(backend).note_told(ODD, "token")

    assert accounts_of(backend).get(ODD).told == "token"
    assert now_of(backend).told == ""


def test_an_account_is_read_once_in_fifteen_seconds() -> None:
    backend = memory_backend()
    accounts = accounts_of(backend)
    for _ in range(3):
        accounts.get(ACCOUNT)
        backend.clock.forward(ms=CONTROL_CACHE_MS // 3)
    assert [name for name, _ in backend.dynamo.calls] == ["get_item"]

    accounts.get(ACCOUNT)
    assert len(backend.dynamo.calls) == 2


def test_what_a_write_tells_is_known_without_a_read() -> None:
    backend = memory_backend()
    one, other = accounts_of(backend), accounts_of(backend)
    other.get(ACCOUNT)
    one.open(ACCOUNT, "token", START_MS + 1)
    one.take(ACCOUNT, "one", START_MS + 90_000)
    backend.dynamo.calls.clear()

    assert not other.take(ACCOUNT, "other", START_MS + 90_000)

    assert other.get(ACCOUNT).cause == "token"
    assert [name for name, _ in backend.dynamo.calls] == ["update_item"]


def test_other_errors_travel_up() -> None:
    def refuse(service: str, operation: str, phase: str) -> None:
        raise client_error(operation, "AccessDeniedException", "no")

    with pytest.raises(ClientError, match="AccessDenied"):
        accounts_of(memory_backend(refuse)).note_told(ACCOUNT, "token")
