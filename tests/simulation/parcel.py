"""A platform that nobody runs: it takes an idempotency key, for a while. Adapter and twin of the
third kind that the simulation needs, beside one that can be searched and one that tells nothing.

Shapes: a delivery is {"account", "changes": [{"id", "do", "author", "text", "at", "thread",
"answers", "own"}]}; a reply is {"to", "text"} with the key in a header."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, cast

from heed.adapter import (
    Adapter,
    Answer,
    Call,
    Delivery,
    Draft,
    Json,
    Lookup,
    Outcome,
    Parsed,
    Receipt,
    Response,
    clean_text,
    collect,
    read_json,
)
from heed.domain.budget import Prices, Rate
from heed.domain.clauses import Clause
from heed.domain.mention import Author, Mention
from heed.errors import DoubtfulError, RateLimitedError, ReplyRejectedError, SignatureError
from heed.payload import dig, json_body, listed, read_answer, read_id, read_id_or_none, receipt
from heed.signatures import SigningSecrets, sign_hmac_sha256, verify_hmac_sha256

NAME: Final = "parcel"
HOST: Final = "api.parcel.example"
KEY_WINDOW_S: Final = 300
_HEADER: Final = "x-parcel-signature"
_PREFIX: Final = "v1="
_CHANGES: Final = {"new": "created", "edit": "edited", "delete": "deleted"}
_CAUSES: Final = {401: "token", 403: "permission", 404: "gone", 409: "duplicate"}


def _verify(delivery: Delivery, secrets: SigningSecrets) -> None:
    given = delivery.header(_HEADER)
    verify_hmac_sha256(delivery.body, given, secrets, prefix=_PREFIX, encoding="hex")


def _sign(body: bytes, key: str) -> dict[str, str]:
    return {_HEADER: sign_hmac_sha256(body, key, prefix=_PREFIX, encoding="hex")}


def _handshake(delivery: Delivery, secrets: SigningSecrets) -> Answer | None:
    del secrets
    if delivery.query.get("challenge"):
        raise SignatureError("this platform sends no challenge")
    return None


def _parse(delivery: Delivery) -> Parsed:
    body = read_json(delivery.body)
    account = delivery.account(read_id(dig(body, "account")))
    assert account is not None
    return collect(listed(dig(body, "changes")), lambda change: _read(account.id, change))


def _read(account: str, change: Json) -> Outcome:
    is_own = bool(dig(change, "own"))
    kind: Any = _CHANGES[change["do"]]
    return Mention(
        platform=NAME,
        account=account,
        kind="comment",
        object_id=read_id(change["id"]),
        change=kind,
        author=Author(id=read_id(change["author"]), name="somebody"),
        text=clean_text(dig(change, "text")),
        event_at=int(change["at"]),
        root_id=read_id_or_none(dig(change, "thread")),
        root_kind="comment",
        parent_id=read_id_or_none(dig(change, "answers")),
        parent_kind="comment",
        naming="direct",
        summoned=True,
        is_own_post=is_own,
    )


def _build_reply(mention: Mention, draft: Draft, key: str) -> Call:
    body = json_body({"to": mention.object_id, "text": draft.text})
    return Call("POST", HOST, f"/{mention.account}/replies", {"x-retry-key": key}, body)


def _read_receipt(response: Response, now: int) -> Receipt:
    del now
    answer = read_answer(response.body)
    if response.status in (200, 201):
        return receipt(dig(answer, "id"))
    if response.status >= 500:
        raise DoubtfulError("parcel did not say what became of it")
    if response.status == 429:
        raise RateLimitedError("parcel asks to wait", 30)
    raise ReplyRejectedError("parcel refuses", _CAUSES.get(response.status, "bad_request"))


def _build_refresh(fields: Mapping[str, Any]) -> Call | None:
    refresh_token = fields.get("refresh_token")
    if not refresh_token:
        return None
    return Call("POST", HOST, "/tokens", {}, json_body({"with": refresh_token}), auth="none")


def _read_refresh(response: Response, now: int) -> Mapping[str, Any]:
    del now
    answer = read_answer(response.body)
    if response.status == 200:
        return {"token": answer["token"], "refresh_token": answer["refresh_token"]}
    if response.status >= 500:
        raise DoubtfulError("parcel did not say what became of it")
    if response.status == 429:
        raise RateLimitedError("parcel asks to wait", 30)
    raise ReplyRejectedError("parcel renews no more", "token")


def _no_lookup(mention: Mention) -> Lookup | None:
    del mention
    return None


# What the flows read of an adapter; the real ones are modules too.
ADAPTER: Final = cast(
    "Adapter",
    SimpleNamespace(
        NAME=NAME,
        BODY_BYTES_MAX=1_000_000,
        TEXT_MAX=1_000,
        PRIVATE_TEXT_MAX=1_000,
        # So narrow that now and then a reply waits for the next minute.
        RATES=(Rate(60, 4, "public"),),
        PRICES=Prices(post=10_000),
        HOSTS=(HOST,),
        KEY_WINDOW_S=KEY_WINDOW_S,
        LINKS_IN_ACKNOWLEDGEMENT=True,
        POLICY=(Clause("opt_out", "Who says stop is left alone.", "nobody", "2026-11-22"),),
        verify=_verify,
        handshake=_handshake,
        parse=_parse,
        build_reply=_build_reply,
        read_receipt=_read_receipt,
        find_own_reply=_no_lookup,
        build_refresh=_build_refresh,
        read_refresh=_read_refresh,
        text_length=len,
        sign=_sign,
        connect=lambda account, url: (),
    ),
)


@dataclass(slots=True)
class Posted:
    """One reply that the platform shows."""

    id: str
    account: str
    target: str
    text: str
    at_ms: int


class ParcelTwin:
    """The platform. A key is remembered for five minutes; then the same call posts again."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.posts: list[Posted] = []
        self.tokens: dict[str, str] = {}
        self.gone: set[str] = set()
        self.revoked: set[str] = set()
        self._keys: dict[tuple[str, str], int] = {}
        self._renewals = 0
        self._now_ms = now_ms

    def post(self, account: str, token: str, key: str, body: bytes) -> Response:
        """Take one reply."""
        if self.tokens[account] != token:
            return Response(401, {}, b"{}")
        if account in self.revoked:
            return Response(403, {}, b"{}")
        wanted = json.loads(body)
        if wanted["to"] in self.gone:
            return Response(404, {}, b"{}")
        now = self._now_ms()
        known = self._keys.get((account, key))
        if known is not None and now - known < KEY_WINDOW_S * 1000:
            return Response(409, {}, b"{}")
        self._keys[account, key] = now
        posted = Posted(f"p{len(self.posts)}", account, wanted["to"], wanted["text"], now)
        self.posts.append(posted)
        return Response(201, {}, json.dumps({"id": posted.id}).encode())

    def refresh_token(self, account: str) -> str:
        """Tell the refresh token that serves now."""
        return f"refresh-{account}-{self._renewals}"

    def renew(self, body: bytes) -> Response:
        """Give another token for a refresh token, which serves until its successor does."""
        offered = json.loads(body)["with"]
        account = offered.split("-")[1]
        if offered not in (f"refresh-{account}-{self._renewals}",
                           f"refresh-{account}-{self._renewals - 1}"):  # fmt: skip
            return Response(401, {}, b"{}")
        self._renewals += 1
        self.tokens[account] = f"token-{account}~r{self._renewals}"
        told = {
            "token": self.tokens[account],
            "refresh_token": f"refresh-{account}-{self._renewals}",
        }
        return Response(200, {}, json.dumps(told).encode())
