"""Renewing a user token of X. Belongs to `x`.

Access tokens of OAuth 2.0 live two hours; each refresh token serves once and brings the next.
Source: docs.x.com "OAuth 2.0 Authorization Code Flow with PKCE", 2026-11-22."""

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from heed.adapter import Call, Response
from heed.errors import DoubtfulError, RateLimitedError, ReplyRejectedError
from heed.payload import ACCEPTED, THROTTLED, dig, is_doubtful, read_answer, wait_s, whole

_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_WAIT_DEFAULT_S: Final = 60
_LIFETIME_S: Final = 2 * 60 * 60


def build_refresh(host: str, fields: Mapping[str, Any]) -> Call | None:
    """Ask for the next token. A client with a secret signs in with it, another one only names
    itself."""
    refresh_token, client_id = fields.get("refresh_token"), fields.get("client_id")
    if not isinstance(refresh_token, str) or not isinstance(client_id, str):
        return None
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
    headers, client_secret = _FORM, fields.get("client_secret")
    if isinstance(client_secret, str) and client_secret:
        pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        headers = {**_FORM, "authorization": f"Basic {pair}"}
    return Call("POST", host, "/2/oauth2/token", headers, urlencode(form).encode(), auth="none")


def read_refresh(response: Response, now: int) -> dict[str, Any]:
    """Take the new tokens, or say why there are none."""
    answer, status = read_answer(response.body), response.status
    token, refresh_token = dig(answer, "access_token"), dig(answer, "refresh_token")
    if status in ACCEPTED and isinstance(token, str) and token:
        lifetime_s = whole(dig(answer, "expires_in")) or _LIFETIME_S
        new: dict[str, Any] = {"token": token, "expires_at": now + lifetime_s * 1000}
        if isinstance(refresh_token, str) and refresh_token:
            new["refresh_token"] = refresh_token
        return new
    if status in ACCEPTED or is_doubtful(status):
        raise DoubtfulError("X did not say what became of the token")
    if status == THROTTLED:
        raise RateLimitedError("X asks to wait", wait_s(None, default_s=_WAIT_DEFAULT_S))
    raise ReplyRejectedError("X renews the token no more", "token")
