"""The ledger of re-reading: one item per hour and account, with the mentions met in it.

Mentions are kept as short hashes in sets, so that entering one again changes nothing and the
numbers stay exact whatever is repeated. The limit of an item, 400 KB, is reached by fifty thousand
mentions of one account in one hour."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from heed.domain.clock import DAY_MS
from heed.domain.mention import MentionId
from heed.ports import LedgerHour, LedgerLine
from heed.storage.table import (
    SCHEMA,
    DynamoClient,
    Item,
    id_part,
    is_condition_failure,
    key,
    number,
    number_of,
    string_of,
    text,
)

KEPT_DAYS: Final = 90
_HASH_BYTES: Final = 6
_DIGITS: Final = 15


class TableLedger:
    """`heed.ports.Ledger` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def note(
        self, hour: LedgerHour, *, by_webhook: Sequence[MentionId], only_reread: Sequence[MentionId]
    ) -> None:
        """Enter mentions; at least one."""
        sets = {"wh": by_webhook, "ro": only_reread}
        added = {name: _hashes(ids) for name, ids in sets.items() if ids}
        self._client.update_item(
            TableName=self._table,
            Key=_key(hour),
            UpdateExpression="SET v = :v, ac = :ac, #at = :at, exp = :exp ADD "
            + ", ".join(f"{name} :{name}" for name in added),
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":v": number(SCHEMA),
                ":ac": text(hour.account),
                ":at": number(hour.at),
                ":exp": number(hour.at // 1000 + KEPT_DAYS * DAY_MS // 1000),
                **{f":{name}": {"SS": hashes} for name, hashes in added.items()},
            },
        )

    def close(self, hour: LedgerHour, at: int) -> None:
        """Note that everything entered so far is stored; what is closed keeps its instant."""
        answer = self._client.get_item(TableName=self._table, Key=_key(hour), ConsistentRead=True)
        item = answer.get("Item", {})
        found = _size(item, "ro")
        if found == number_of(item, "cn"):
            return
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(hour),
                # How many were closed: whatever is entered later opens the gap again by itself.
                UpdateExpression="SET ca = :at, cn = :found",
                ConditionExpression="size(ro) = :found",
                ExpressionAttributeValues={":at": number(at), ":found": number(found)},
            )
        except ClientError as error:
            # Somebody entered more meanwhile, and will close it.
            if not is_condition_failure(error):
                raise

    def lines(self, brand: str, platform: str, since: int) -> list[LedgerLine]:
        """Read the hours from an instant on, oldest first."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk >= :since",
            "ExpressionAttributeValues": {
                ":pk": text(_pk(brand, platform)),
                ":since": text(_digits(since)),
            },
            "ConsistentRead": True,
        }
        found: list[LedgerLine] = []
        while True:
            answer = self._client.query(**request)
            found += [_line(brand, platform, item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _pk(brand: str, platform: str) -> str:
    return f"ledger#{brand}#{platform}"


def _digits(instant: int) -> str:
    # Of one length, so that keys sort as numbers.
    return f"{instant:0{_DIGITS}d}"


def _key(hour: LedgerHour) -> Item:
    return key(_pk(hour.brand, hour.platform), f"{_digits(hour.at)}#{id_part(hour.account)}")


def _hashes(ids: Sequence[MentionId]) -> list[str]:
    digests = (hashlib.blake2b(one.encode(), digest_size=_HASH_BYTES).digest() for one in ids)
    return sorted({urlsafe_b64encode(digest).decode() for digest in digests})


def _size(item: Any, name: str) -> int:
    return len(item.get(name, {}).get("SS", []))


def _line(brand: str, platform: str, item: Any) -> LedgerLine:
    only = _size(item, "ro")
    return LedgerLine(
        hour=LedgerHour(brand, platform, string_of(item, "ac"), number_of(item, "at")),
        by_webhook=_size(item, "wh"),
        only_reread=only,
        closed_at=number_of(item, "ca"),
        is_open=only > number_of(item, "cn"),
    )
