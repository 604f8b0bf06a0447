"""Mutated proofs of origin: what a forger, a proxy or a careless platform puts into the header.

What counts as no mutation: an offer whose header, under its own name, holds exactly the text that
the platform writes for exactly these bytes with a key of this connection that is valid now. Nothing
else: other text with the same meaning once decoded (capital hex, base64 with other padding or other
unused bits, digits of another script, spaces around) is refused, because no platform writes it.
Three things fall under the rule by themselves: a header name in another case (compared through the
handler, where names become lower-case), a key that HMAC pads to the same block (a NUL at its end),
and another body where the header is a secret that is sent along and signs no bytes (Telegram)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from heed.adapter import Adapter
from tests.fuzz.byte_mutations import BYTES
from tests.fuzz.corpus import Seedling
from tests.fuzz.intake import MAIN, SECOND, SECOND_KEY
from tests.fuzz.spellings import TEXTS
from tests.heed.platforms.samples import KEY, PREVIOUS_KEY

VALID = {MAIN: (KEY, PREVIOUS_KEY), SECOND: (SECOND_KEY,)}


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery with its one signature header. `extra`: headers beside it."""

    adapter: Adapter
    name: str
    value: str
    body: bytes
    connection: str = MAIN
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """All headers; one of `extra` with the same name stands in its place."""
        return {**({self.name: self.value} if self.name else {}), **dict(self.extra)}

    def is_no_mutation(self) -> bool:
        """Say whether a platform would write exactly this."""
        keys = VALID.get(self.connection, ())
        written = [self.adapter.sign(self.body, key) for key in keys]
        return any(one.items() <= self.headers.items() for one in written)


Change = Callable[[Random, Offer], Offer]

NAMES = ("x-hub-signature", "x_hub_signature_256", "x-hub-signature-256 ", "x-hub-signature256",
         "x-twitter-webhook-signature", "x-signature", "x-signature-256", "signature", "cookie",
         "x-telegram-bot-api-token", "x-telegram-bot-api-secret-token\0", "x-forwarded-signature",
         "x-hub-signature-256", "x-twitter-webhooks-signature", "authorization", "")  # fmt: skip


def _other_name(rng: Random, offer: Offer) -> Offer:
    return replace(offer, name=rng.choice(NAMES))


def _absent(rng: Random, offer: Offer) -> Offer:
    return replace(offer, name="", extra=((rng.choice(NAMES), "1"),))


def _other_hash(rng: Random, offer: Offer) -> Offer:
    """Sign with the right key and another algorithm, the legacy one above all."""
    kind = rng.choice(("sha1", "sha1", "md5", "sha224", "sha384", "sha512", "sha3_256", "blake2s"))
    digest = hmac.digest(KEY.encode(), offer.body, kind)
    text = rng.choice((digest.hex(), base64.b64encode(digest).decode()))
    value = rng.choice((f"{kind}=", "sha256=", "")) + text
    return replace(offer, name=rng.choice((offer.name, "x-hub-signature")), value=value)


def _no_key(rng: Random, offer: Offer) -> Offer:
    """Hash without a key, or by another construction than HMAC."""
    key = KEY.encode()
    told = rng.choice((offer.body, key + offer.body, offer.body + key, key, b""))
    digest = hashlib.sha256(told).digest()
    text = rng.choice((digest.hex(), base64.b64encode(digest).decode()))
    return replace(offer, value=rng.choice(("sha256=", "")) + text)


def _other_key(rng: Random, offer: Offer) -> Offer:
    """Sign with another account's secret, or with one that resembles the right one."""
    key = KEY.encode()
    keys = (
        *(SECOND_KEY, "", f"{KEY}\n", f" {KEY}", f"{KEY}\0", KEY[:-1], KEY.upper(), KEY * 2),
        *(key.hex(), base64.b64encode(key).decode(), hashlib.sha256(key).hexdigest(), "secret"),
        *(offer.adapter.NAME, f"{KEY}{PREVIOUS_KEY}", "verify-me"),
    )
    [(name, value)] = offer.adapter.sign(offer.body, rng.choice(keys)).items()
    return replace(offer, name=name, value=value)


def _other_connection(rng: Random, offer: Offer) -> Offer:
    return replace(offer, connection=rng.choice((SECOND, SECOND, "MAIN", "main ", "", "third")))


def _other_body(rng: Random, offer: Offer) -> Offer:
    kind = rng.choice(("flip", "set", "delete", "insert", "overwrite", "truncate", "move"))
    return replace(offer, body=BYTES[kind](rng, offer.body, ()))


def _same_json(rng: Random, offer: Offer) -> Offer:
    """Write the same JSON in other bytes."""
    value = json.loads(offer.body)
    bodies = (
        offer.body + rng.choice((b" ", b"\n", b"\0")),
        b" " + offer.body,
        b"\xef\xbb\xbf" + offer.body,
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass"),
        json.dumps(value, separators=(",", ":"), sort_keys=True).encode(),
    )
    return replace(offer, body=rng.choice(bodies))


OFFERS: dict[str, Change] = {
    "other name": _other_name,
    "absent": _absent,
    "other hash": _other_hash,
    "no key": _no_key,
    "other key": _other_key,
    "other connection": _other_connection,
    "other body": _other_body,
    "same json": _same_json,
}


def offer_of(rng: Random, adapter: Adapter, seedlings: tuple[Seedling, ...]) -> tuple[str, Offer]:
    """Make a mutated offer. Returns its kind too."""
    body, key = rng.choice(seedlings).body, rng.choice((KEY, PREVIOUS_KEY))
    [(name, value)] = adapter.sign(body, key).items()
    offer = Offer(adapter, name, value, body)
    kind = rng.choice((*TEXTS, *OFFERS))
    if kind in TEXTS:
        return kind, replace(offer, value=TEXTS[kind](rng, value))
    return kind, OFFERS[kind](rng, offer)
