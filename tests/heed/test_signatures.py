import base64
import hashlib

import pytest

from heed.errors import SecretMissingError, SignatureError
from heed.signatures import (
    Encoding,
    SigningSecrets,
    sign_hmac_sha256,
    verify_hmac_sha256,
    verify_shared_secret,
)
from tests.acceptance import is_accepted

# Source: RFC 4231, test case 2 (the key and the text are ASCII).
RFC_KEY = "Jefe"
RFC_TEXT = b"what do ya want for nothing?"
RFC_HEX = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
# Source: docs.github.com "Validating webhook deliveries", 2026-11-22: same scheme as Meta's.
GITHUB_KEY = "It's a Secret to Everybody"
GITHUB_HEX = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
# Source: zammad/zammad spec/requests/integration/twitter_webhook_spec.rb, 2026-11-22.
X_BASE64 = "VE19eUk6krbdSqWPdvH71xtFhApBAU81uPW3UT65vOs="


def verify(
    given: str | None, *keys: str, body: bytes = RFC_TEXT, encoding: Encoding = "hex"
) -> None:
    verify_hmac_sha256(
        body, given, SigningSecrets(keys or (RFC_KEY,)), prefix="sha256=", encoding=encoding
    )


@pytest.mark.parametrize(
    ("body", "key", "encoding", "signature"),
    [
        (RFC_TEXT, RFC_KEY, "hex", RFC_HEX),
        (b"Hello, World!", GITHUB_KEY, "hex", GITHUB_HEX),
        (b"some_random", "DDD", "base64", X_BASE64),
    ],
)
def test_published_vectors(body: bytes, key: str, encoding: Encoding, signature: str) -> None:
    assert sign_hmac_sha256(body, key, prefix="v=", encoding=encoding) == f"v={signature}"
    verify(f"sha256={signature}", key, body=body, encoding=encoding)


@pytest.mark.parametrize("keys", [(RFC_KEY, "b"), ("a", RFC_KEY), ("a", "b", RFC_KEY)])
def test_any_valid_key_is_enough(keys: tuple[str, ...]) -> None:
    assert is_accepted(lambda: verify(f"sha256={RFC_HEX}", *keys))


def test_another_key_is_not() -> None:
    with pytest.raises(SignatureError):
        verify(f"sha256={RFC_HEX}", "a", "b")


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "sha256=",
        RFC_HEX,
        f"sha1={RFC_HEX}",
        f"SHA256={RFC_HEX}",
        f"sha256={RFC_HEX.upper()}",
        f"sha256={RFC_HEX[:-2]}",
        f"sha256={RFC_HEX[:-1]}",
        f"sha256={RFC_HEX}00",
        f"sha256={RFC_HEX[:32]} {RFC_HEX[32:]}",
        f"sha256={RFC_HEX},sha256={RFC_HEX}",
        f"sha256=zz{RFC_HEX[2:]}",
        "sha256=" + "é" * 64,
    ],
)
def test_malformed_hex_signatures_are_refused(given: str | None) -> None:
    with pytest.raises(SignatureError):
        verify(given)


@pytest.mark.parametrize(
    "given",
    [
        X_BASE64[:-1],
        X_BASE64 + "=",
        X_BASE64.replace("=", ""),
        # The same bytes in other letters: the last ones carry unused bits.
        X_BASE64.replace("Os=", "Ot="),
        f" {X_BASE64}",
        f"{X_BASE64}\n",
        "é" * 44,
        base64.b64encode(b"short").decode(),
    ],
)
def test_malformed_base64_signatures_are_refused(given: str) -> None:
    with pytest.raises(SignatureError):
        verify(f"sha256={given}", "DDD", body=b"some_random", encoding="base64")


def test_a_shared_secret_is_compared_with_every_valid_value() -> None:
    assert is_accepted(lambda: verify_shared_secret("new", ("old", "new")))
    assert is_accepted(lambda: verify_shared_secret("old", iter(("old", "new"))))


@pytest.mark.parametrize("given", [None, "", "ne", "newer", "NEW", "é", "\ud800", "old,new"])
def test_another_shared_secret_is_refused(given: str | None) -> None:
    with pytest.raises(SignatureError):
        verify_shared_secret(given, ("old", "new", ""))


def test_nothing_is_accepted_where_nothing_is_valid() -> None:
    for expected in ((), ("",)):
        with pytest.raises(SignatureError):
            verify_shared_secret("", expected)


@pytest.mark.parametrize("keys", [(), ("",), ("a", "")])
def test_a_connection_without_a_secret_fails_closed(keys: tuple[str, ...]) -> None:
    with pytest.raises(SecretMissingError):
        SigningSecrets(keys)


def test_secrets_do_not_show_in_their_own_description() -> None:
    secrets = SigningSecrets(("canary-key",), "canary-token")
    assert "canary" not in f"{secrets!r} {secrets!s} {secrets}"
    assert repr(secrets) == "SigningSecrets(1 keys)"


def test_without_a_verify_token_no_handshake_can_name_one() -> None:
    assert not SigningSecrets((RFC_KEY,)).verify_token


def test_sixty_four_hex_digits_are_what_sha256_gives() -> None:
    assert len(RFC_HEX) == 2 * hashlib.sha256().digest_size
