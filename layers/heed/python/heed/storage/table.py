"""The table's names: keys, indexes, attributes. Attribute names are short because every byte of a
name is paid for with every item.

Mention (pk mention#<id>, sk -): v schema, st state, ep epoch, by, lu lease, ky key, ft first try,
tr tries, lk looks, nb not before, db in doubt since, fp fingerprint, rid reply id, br brand, cv
conversation, ra received, et event time, c content (deflated), src source, todo, kick, de outcome,
rs reasons, pv policy version, rz last reason to wait or to end, ed edited, gone, own / ofp / oat
own post, ap approved by, dt draft text, pa first answer of a person, exp TTL.
Conversation (pk conv#<id>, sk case): n version and the fields of codec.conversation_item.
Quarantined change (pk quarantine#<hash>, sk 000 and on): pf platform, cn connection, c slice, rs
reason, ra received; on the first slice also sl slices, oc what its last replay came to.
Reply of a person (pk conv#<id>, sk at#...#reply#<id>): the sending attributes, mi, ag, x, at, pr.
Account (pk account#<platform>#<id>, sk -): wy why and ou until when its breaker is open, fl
failures in a row, fa last of them, op openings in a row, lb / lu lease, rn renewed, tl told.
Counters (pk tally#<brand>, sk <hour>#<platform>): see counters.
Of whatever is due: fk / fn / fs how it stood when it was looked at in vain, how often, since when.
Indexes: dh/da due, dk/ds desk, cv/ra by_conv."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote

from botocore.exceptions import ClientError

from heed.domain.mention import OBJECT_ID_BYTES_MAX

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

SCHEMA: Final = 1
SHARDS: Final = 16
DUE_INDEX: Final = "due"
DESK_INDEX: Final = "desk"
CONVERSATION_INDEX: Final = "by_conv"
SELF: Final = "-"
CASE: Final = "case"
TOMBSTONE_DAYS: Final = 30


class UpdateClient(Protocol):
    """The one call that `receive` makes; boto3's client and the lean client both have it."""

    def update_item(self, **request: Any) -> Mapping[str, Any]: ...


class DynamoClient(UpdateClient, Protocol):
    """The part of boto3's low-level DynamoDB client that the store uses."""

    def get_item(self, **request: Any) -> Mapping[str, Any]: ...
    def put_item(self, **request: Any) -> Mapping[str, Any]: ...
    def query(self, **request: Any) -> Mapping[str, Any]: ...
    def delete_item(self, **request: Any) -> Mapping[str, Any]: ...
    def transact_write_items(self, **request: Any) -> Mapping[str, Any]: ...


def text(value: str) -> AttributeValue:
    """Build a string attribute. Strings are UTF-8, which has no place for a lone surrogate."""
    return {"S": value if value.isascii() else value.encode("utf-8", "replace").decode()}


def number(value: int) -> AttributeValue:
    """Build a number attribute."""
    return {"N": str(value)}


def words(values: Iterable[str]) -> AttributeValue:
    """Build a string attribute that holds our own words, or keys, side by side."""
    return text("|".join(value.replace("|", "/") for value in values))


def string_of(item: Mapping[str, AttributeValue], name: str) -> str:
    """Get a string attribute's value, or an empty string."""
    value: str = item.get(name, {}).get("S", "")
    return value


def number_of(item: Mapping[str, AttributeValue], name: str) -> int:
    """Get a number attribute's value, or 0."""
    return int(item.get(name, {}).get("N", 0))


def words_of(item: Mapping[str, AttributeValue], name: str) -> tuple[str, ...]:
    """Get what `words` put together."""
    value = string_of(item, name)
    return tuple(value.split("|")) if value else ()


def shard(key: str) -> str:
    """Pick the hash key in the due index: one of sixteen, so that none is hot."""
    return str(zlib.crc32(key.encode()) % SHARDS)


def key(pk: str, sk: str = SELF) -> Item:
    """Build a primary key."""
    return {"pk": text(pk), "sk": text(sk)}


def id_part(value: str) -> str:
    """Encode a platform's id as a part of a key: ASCII, no `#`, hashed above 200 bytes."""
    # Most ids are letters and digits.
    plain = value.isalnum() and value.isascii()
    encoded = value if plain else quote(value, safe=":", errors="surrogatepass")
    if len(encoded) <= OBJECT_ID_BYTES_MAX:
        return encoded
    return f"sha256-{hashlib.sha256(encoded.encode()).hexdigest()}"


def is_condition_failure(error: ClientError) -> bool:
    """Say whether a write was refused because its condition did not hold."""
    return _code(error) == "ConditionalCheckFailedException"


def failed_conditions(error: ClientError) -> list[bool]:
    """Tell, for a cancelled transaction, which of its parts failed their condition. Empty when the
    transaction failed for another reason."""
    response: Any = error.response
    if _code(error) != "TransactionCanceledException":
        return []
    return [
        reason.get("Code") == "ConditionalCheckFailed"
        for reason in response.get("CancellationReasons", [])
    ]


def _code(error: ClientError) -> str:
    code: str = error.response.get("Error", {}).get("Code", "")
    return code
