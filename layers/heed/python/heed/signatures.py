"""Proving who sent a delivery. The only place where secrets and signatures are compared."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from heed.errors import SecretMissingError, SignatureError

Encoding = Literal["hex", "base64"]


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """The secrets of one connection that are valid now: the current one and, during a rotation,
    the previous one. `verify_token` answers handshakes that ask for it."""

    keys: tuple[str, ...]
    verify_token: str = ""

    def __post_init__(self) -> None:
        if not self.keys or not all(self.keys):
            raise SecretMissingError("the connection has no signing secret; store one")

    def __repr__(self) -> str:
        return f"SigningSecrets({len(self.keys)} keys)"


def verify_hmac_sha256(
    body: bytes, given: str | None, secrets: SigningSecrets, *, prefix: str, encoding: Encoding
) -> None:
    """Check an HMAC-SHA256 over the raw bytes against every valid key.

    Shapes: `given` is the header's value, e.g. "sha256=" + lower-case hex, or base64.
    Raises: SignatureError when it is absent, malformed or matches no key. All keys are always
    tried, so that the time taken does not tell which one is in use.
    """
    signature = _decoded(given, prefix, encoding)
    matches = [
        hmac.compare_digest(hmac.digest(key.encode(), body, hashlib.sha256), signature)
        for key in secrets.keys
    ]
    if not any(matches):
        raise SignatureError("the signature does not match")


def sign_hmac_sha256(message: bytes, key: str, *, prefix: str, encoding: Encoding) -> str:
    """Sign a message the way `verify_hmac_sha256` expects it."""
    digest = hmac.digest(key.encode(), message, hashlib.sha256)
    text = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    return prefix + text


def verify_shared_secret(given: str | None, expected: Iterable[str]) -> None:
    """Check a secret that travels as it is (a header or a token) against every valid value.

    Raises: SignatureError when it is absent or matches none.
    """
    offered = _digest(given or "")
    matches = [hmac.compare_digest(offered, _digest(value)) for value in expected if value]
    if not given or not any(matches):
        raise SignatureError("the secret does not match")


def _digest(secret: str) -> bytes:
    # Equal lengths: comparing digests does not even tell how long the secret is.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _decoded(given: str | None, prefix: str, encoding: Encoding) -> bytes:
    if not given or not given.startswith(prefix):
        raise SignatureError("the signature header is missing or has another form")
    text = given.removeprefix(prefix)
    try:
        raw = _from_hex(text) if encoding == "hex" else _from_base64(text)
    except (ValueError, binascii.Error) as error:
        raise SignatureError("the signature is not readable") from error
    if len(raw) != hashlib.sha256().digest_size:
        raise SignatureError("the signature has the wrong length")
    return raw


def _from_hex(text: str) -> bytes:
    # bytes.fromhex also takes spaces and capitals, which no platform sends.
    if text.strip("0123456789abcdef"):
        raise ValueError("not lower-case hex")
    return bytes.fromhex(text)


def _from_base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    # The last character carries unused bits: without this, several texts would be one signature.
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not the canonical form")
    return raw
