"""Signing secrets and tokens from Secrets Manager, cached. Signing keys and tokens never share a
secret: <prefix><platform>/<connection>/signing and <prefix><platform>/<account>/token.

Shapes: signing = {"current": "...", "previous": "...", "previous_until": "2026-12-01T00:00:00Z",
"verify_token": "..."}, all but current optional; token = {"token": "..."}, and where the platform
renews tokens what it wants for that, e.g. "refresh_token", "client_id", and "expires_at" in epoch
milliseconds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from heed.domain.clock import MINUTE_MS
from heed.errors import SecretMissingError, SettingsError
from heed.ports import Time
from heed.signatures import SigningSecrets

CACHE_MS: Final = 5 * MINUTE_MS
REFRESH_MS_MIN: Final = MINUTE_MS
# The second: it is marked for deletion.
_ABSENT: Final = ("ResourceNotFoundException", "InvalidRequestException")


class SecretsClient(Protocol):
    """The one call that is made; boto3's client and the lean client both have it."""

    def get_secret_value(self, **request: Any) -> Mapping[str, Any]: ...


class SecretsWriter(Protocol):
    """The call that stores a new token; boto3's client has it."""

    def put_secret_value(self, **request: Any) -> object: ...


@dataclass(slots=True)
class _Cached:
    value: dict[str, Any] | None
    read_at: int


class CachedSecrets:
    """`heed.ports.Secrets` and `heed.ports.Tokens` over Secrets Manager. `writer`: only for who may
    store tokens."""

    def __init__(
        self,
        client: SecretsClient,
        prefix: str,
        time: Time,
        writer: SecretsWriter | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._time = time
        self._writer = writer
        self._cache: dict[str, _Cached] = {}

    def signing(self, platform: str, connection: str, *, refresh: bool = False) -> SigningSecrets:
        """Get the secrets of a connection that are valid now.

        Raises: SecretMissingError when there is none, or none that a person has filled in.
        """
        value = self._value(
            f"{platform}/{connection}/signing", REFRESH_MS_MIN if refresh else CACHE_MS
        )
        keys = [str(value.get("current") or "")]
        if value.get("previous") and self._is_ahead(value.get("previous_until")):
            keys.append(str(value["previous"]))
        return SigningSecrets(tuple(keys), str(value.get("verify_token") or ""))

    def token_fields(
        self, platform: str, account: str, *, fresh: bool = False
    ) -> Mapping[str, Any]:
        """Get the whole secret that holds a token. `fresh`: as it is now, past the cache.

        Raises: SecretMissingError when there is none, or no token in it.
        """
        fields = self._value(f"{platform}/{account}/token", None if fresh else CACHE_MS)
        if not fields.get("token") or not isinstance(fields["token"], str):
            raise SecretMissingError(f"the token of {platform} account {account} is empty")
        return fields

    def store_token(self, platform: str, account: str, fields: Mapping[str, Any]) -> None:
        """Store a new token with what belongs to it. Raises: SettingsError for who may not."""
        if self._writer is None:
            raise SettingsError("this function may read tokens but not store them")
        name, value = f"{platform}/{account}/token", dict(fields)
        self._writer.put_secret_value(SecretId=self._prefix + name, SecretString=json.dumps(value))
        self._cache[name] = _Cached(value, self._time.now())

    def _value(self, name: str, age_ms_max: int | None) -> dict[str, Any]:
        """Get a secret that is not older than asked for; None asks for it as it is now."""
        now = self._time.now()
        cached = self._cache.get(name)
        if cached and age_ms_max is not None:
            limit_ms = REFRESH_MS_MIN if cached.value is None else age_ms_max
            if now - cached.read_at < limit_ms:
                return _found(name, cached.value)
        try:
            value, read_at = self._read(name), now
        except (BotoCoreError, ClientError, HTTPError):
            if cached is None or cached.value is None:
                raise
            # What was valid minutes ago bridges an outage; the next look is in a minute.
            value, read_at = cached.value, now - CACHE_MS + REFRESH_MS_MIN
        self._cache[name] = _Cached(value, read_at)
        return _found(name, value)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            answer = self._client.get_secret_value(SecretId=self._prefix + name)
            # A secret of bytes has no string, and is none of ours.
            value = json.loads(answer.get("SecretString", ""))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            return None
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def _is_ahead(self, until: object) -> bool:
        try:
            end = datetime.fromisoformat(str(until))
        except ValueError:
            return False
        # Without an offset nobody knows which hour is meant: the old key ends now.
        return end.tzinfo is not None and end.timestamp() * 1000 > self._time.now()


def _found(name: str, value: dict[str, Any] | None) -> dict[str, Any]:
    if value is None:
        raise SecretMissingError(f"the secret {name} does not exist or is not a JSON object")
    return value
