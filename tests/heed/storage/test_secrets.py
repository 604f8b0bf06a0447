import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from heed.errors import SecretMissingError, SettingsError
from heed.storage.secrets import CACHE_MS, REFRESH_MS_MIN, CachedSecrets
from tests.backends import START_MS, Backend, memory_backend
from tests.fakes.refusals import client_error

NAME = "x/main/signing"


def secrets_of(backend: Backend) -> CachedSecrets:
    return CachedSecrets(backend.secrets, backend.prefix, backend.clock)


def store_secret(backend: Backend, value: Any, name: str = NAME) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        backend.secrets.put_secret_value(SecretId=backend.prefix + name, SecretString=text)
    except ClientError:
        backend.secrets.create_secret(Name=backend.prefix + name, SecretString=text)


def ends(backend: Backend, **after: int) -> str:
    start = datetime.fromtimestamp(backend.clock.ms / 1000, UTC)
    return (start + timedelta(**after)).isoformat().replace("+00:00", "Z")


def test_a_connection_has_its_signing_key_and_verify_token(backend: Backend) -> None:
    store_secret(backend, {"current": "k1", "verify_token": "v1"})

    signing = secrets_of(backend).signing("x", "main")

    assert (signing.keys, signing.verify_token) == (("k1",), "v1")


def test_the_previous_key_is_valid_until_its_date(backend: Backend) -> None:
    store_secret(
        backend, {"current": "k2", "previous": "k1", "previous_until": ends(backend, minutes=2)}
    )
    secrets = secrets_of(backend)

    assert secrets.signing("x", "main").keys == ("k2", "k1")
    backend.clock.forward(s=120)
    assert secrets.signing("x", "main").keys == ("k2",)


@pytest.mark.parametrize(
    "until",
    ["", None, "soon", "2099-01-01", "2099-01-01T00:00:00", "1999-01-01T00:00:00Z", 4_070_908_800],
)
def test_a_previous_key_without_a_readable_end_ahead_is_not_valid(
    backend: Backend, until: Any
) -> None:
    store_secret(backend, {"current": "k2", "previous": "k1", "previous_until": until})

    assert secrets_of(backend).signing("x", "main").keys == ("k2",)


def test_an_end_with_any_offset_counts() -> None:
    backend = memory_backend()
    value = {"current": "k2", "previous": "k1", "previous_until": "2099-01-01T00:00:00+09:00"}
    store_secret(backend, value)

    assert secrets_of(backend).signing("x", "main").keys == ("k2", "k1")


@pytest.mark.parametrize(
    "value", [{}, {"current": ""}, {"current": None}, {"previous": "k1"}, [], "nothing", '"k1"']
)
def test_a_secret_that_nobody_filled_in_is_missing(backend: Backend, value: Any) -> None:
    store_secret(backend, value)

    with pytest.raises(SecretMissingError):
        secrets_of(backend).signing("x", "main")


def test_a_secret_that_does_not_exist_is_missing(backend: Backend) -> None:
    with pytest.raises(SecretMissingError, match="x/none/signing"):
        secrets_of(backend).signing("x", "none")


def test_a_secret_of_bytes_is_missing() -> None:
    backend = memory_backend()
    backend.secrets.create_secret(Name=backend.prefix + NAME, SecretBinary=b"k1")

    with pytest.raises(SecretMissingError):
        secrets_of(backend).signing("x", "main")


def failing(code: str) -> tuple[Backend, list[bool]]:
    """Make a backend whose secrets fail with a code while the returned switch is on."""
    is_on = [True]

    def fail(service: str, operation: str, phase: Any) -> None:
        if operation == "get_secret_value" and phase == "before" and is_on[0]:
            raise client_error(operation, code, "no")

    return memory_backend(fail), is_on


def test_a_secret_marked_for_deletion_is_missing() -> None:
    backend, _ = failing("InvalidRequestException")

    with pytest.raises(SecretMissingError):
        secrets_of(backend).signing("x", "main")


def test_other_errors_travel_up() -> None:
    backend, _ = failing("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        secrets_of(backend).signing("x", "main")


def test_a_secret_is_read_once_in_five_minutes() -> None:
    backend = memory_backend()
    store_secret(backend, {"current": "k1"})
    secrets, calls = secrets_of(backend), backend.secrets.calls
    calls.clear()

    secrets.signing("x", "main")
    backend.clock.forward(ms=CACHE_MS - 1)
    secrets.signing("x", "main")
    assert len(calls) == 1

    backend.clock.forward(ms=1)
    secrets.signing("x", "main")
    assert len(calls) == 2


def test_a_refresh_looks_again_at_most_once_a_minute() -> None:
    backend = memory_backend()
    store_secret(backend, {"current": "k1"})
    secrets, calls = secrets_of(backend), backend.secrets.calls
    secrets.signing("x", "main")
    store_secret(backend, {"current": "k2"})
    calls.clear()

    for _ in range(100):
        assert secrets.signing("x", "main", refresh=True).keys == ("k1",)
    assert calls == []

    backend.clock.forward(ms=REFRESH_MS_MIN)
    for _ in range(100):
        assert secrets.signing("x", "main", refresh=True).keys == ("k2",)
    assert len(calls) == 1


def test_a_missing_secret_is_asked_for_once_a_minute() -> None:
    backend = memory_backend()
    secrets, calls = secrets_of(backend), backend.secrets.calls
    for _ in range(3):
        with pytest.raises(SecretMissingError):
            secrets.signing("x", "main")
    assert len(calls) == 1

    store_secret(backend, {"current": "k1"})
    backend.clock.forward(ms=REFRESH_MS_MIN)

    assert secrets.signing("x", "main").keys == ("k1",)


def test_a_known_secret_survives_an_outage_of_its_store() -> None:
    backend, is_on = failing("InternalServiceError")
    is_on[0] = False
    store_secret(backend, {"current": "k1"})
    secrets = secrets_of(backend)
    secrets.signing("x", "main")
    is_on[0] = True

    backend.clock.forward(ms=CACHE_MS)

    assert secrets.signing("x", "main").keys == ("k1",)
    backend.secrets.calls.clear()
    secrets.signing("x", "main")
    assert backend.secrets.calls == []

    is_on[0] = False
    store_secret(backend, {"current": "k2"})
    backend.clock.forward(ms=REFRESH_MS_MIN)
    assert secrets.signing("x", "main").keys == ("k2",)


def test_an_account_has_its_token(backend: Backend) -> None:
    store_secret(backend, {"token": "t1"}, "x/2244994945/token")

    assert secrets_of(backend).token_fields("x", "2244994945") == {"token": "t1"}


@pytest.mark.parametrize("value", [{}, {"token": ""}, {"token": 5}, {"current": "k1"}])
def test_a_token_that_nobody_filled_in_is_missing(backend: Backend, value: Any) -> None:
    store_secret(backend, value, "x/2244994945/token")

    with pytest.raises(SecretMissingError, match="2244994945"):
        secrets_of(backend).token_fields("x", "2244994945")


def test_a_new_token_is_stored_with_what_belongs_to_it(backend: Backend) -> None:
    store_secret(backend, {"token": "t1", "refresh_token": "r1"}, "x/2244994945/token")
    client, prefix, clock = backend.secrets, backend.prefix, backend.clock
    mine, other = CachedSecrets(client, prefix, clock, client), secrets_of(backend)
    assert other.token_fields("x", "2244994945")["token"] == "t1"
    new = {"token": "t2", "refresh_token": "r2", "expires_at": START_MS}

    mine.store_token("x", "2244994945", new)

    assert mine.token_fields("x", "2244994945") == new
    assert other.token_fields("x", "2244994945")["token"] == "t1"
    assert other.token_fields("x", "2244994945", fresh=True) == new
    assert other.token_fields("x", "2244994945") == new


def test_who_may_only_read_stores_no_token() -> None:
    backend = memory_backend()
    store_secret(backend, {"token": "t1"}, "x/2244994945/token")

    with pytest.raises(SettingsError, match="not store"):
        secrets_of(backend).store_token("x", "2244994945", {"token": "t2"})

    assert secrets_of(backend).token_fields("x", "2244994945") == {"token": "t1"}


def test_a_fresh_look_during_an_outage_takes_what_is_known() -> None:
    backend, is_on = failing("InternalServiceError")
    is_on[0] = False
    store_secret(backend, {"token": "t1"}, "x/2244994945/token")
    secrets = secrets_of(backend)
    secrets.token_fields("x", "2244994945")
    is_on[0] = True

    assert secrets.token_fields("x", "2244994945", fresh=True) == {"token": "t1"}


def test_a_connection_without_a_secret_says_nothing_of_a_key() -> None:
    backend = memory_backend()
    store_secret(backend, {"current": "k-secret"})

    assert "k-secret" not in repr(secrets_of(backend).signing("x", "main"))
    assert backend.clock.ms == START_MS
