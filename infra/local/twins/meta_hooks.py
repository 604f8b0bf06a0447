"""How Meta's products sign their webhooks and check an address. Facebook is the first to use it.

Source: Meta "Webhooks / Get started" (read 2026-11-22).
"""

import hashlib
import hmac
from http import HTTPStatus

from infra.local.twins.wire import TwinRequest, TwinResponse

SIGNATURE_HEADER = "X-Hub-Signature-256"


def sign(body: bytes, secret: str) -> dict[str, str]:
    """Return the headers of a delivery; the secret is the app secret."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", SIGNATURE_HEADER: f"sha256={digest}"}


def handshake_request(path: str, *, secret: str, challenge: str) -> TwinRequest:
    """Return the check of an address; the secret is the verify token, which Meta sends along."""
    query = {"hub.mode": "subscribe", "hub.verify_token": secret, "hub.challenge": challenge}
    return TwinRequest("GET", path, query)


def handshake_errors(answer: TwinResponse, *, challenge: str) -> list[str]:
    """Say what is wrong: it must be the challenge and nothing else, as plain text."""
    if answer.status != HTTPStatus.OK:
        return [f"status {answer.status} instead of 200"]
    errors = []
    types = [value for key, value in answer.headers.items() if key.lower() == "content-type"]
    if not types or not types[0].startswith("text/plain"):
        errors.append("the answer is not text/plain")
    if answer.body != challenge.encode():
        errors.append("the body is not the challenge verbatim")
    return errors
