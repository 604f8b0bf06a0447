"""Where the re-reading of each account stands: one item per account, held by one run at a time."""

from typing import Any

from botocore.exceptions import ClientError

from heed.ports import Cursor
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

_HELD = "#by = :by"
_NAMES = {"#by": "by"}


class TableCursors:
    """`heed.ports.Cursors` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, place: Cursor, *, now: int, lease_until: int) -> Cursor | None:
        """Hold the cursor of an account. None when another run has it, or it is not due yet."""
        values = {
            ":v": number(SCHEMA),
            ":now": number(now),
            ":until": number(lease_until),
            ":by": text(place.by),
        }
        answer = self._update(
            place,
            "SET v = :v, #by = :by, lu = :until, ba = if_not_exists(ba, :now)",
            # The first holder's own repeat, after a lost answer, finds its own name.
            "(attribute_not_exists(lu) OR lu < :now OR #by = :by)"
            " AND (attribute_not_exists(nb) OR nb <= :now)",
            values,
        )
        return _cursor(place, answer["Attributes"]) if answer else None

    def save(self, cursor: Cursor) -> bool:
        """Record how far the pass has come. False when the lease went to another run."""
        return self._update(cursor, f"SET {_PROGRESS}", _HELD, _progress(cursor)) is not None

    def release(self, cursor: Cursor, *, not_before: int) -> bool:
        """As `save`, and let it go until an instant."""
        values = {**_progress(cursor), ":nb": number(not_before)}
        update = f"SET {_PROGRESS}, nb = :nb REMOVE lu, #by"
        return self._update(cursor, update, _HELD, values) is not None

    def look(self, platform: str, account: str) -> Cursor | None:
        """Read where an account stands."""
        place = Cursor(platform, account)
        answer = self._client.get_item(TableName=self._table, Key=_key(place), ConsistentRead=True)
        item = answer.get("Item")
        return _cursor(place, item) if item else None

    def _update(
        self, cursor: Cursor, update: str, condition: str, values: dict[str, Any]
    ) -> Any | None:
        try:
            return self._client.update_item(
                TableName=self._table,
                Key=_key(cursor),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if is_condition_failure(error):
                return None
            raise


_PROGRESS = "rt = :rt, si = :si, un = :un, pg = :pg, gp = :gp, rz = :rz"


def _progress(cursor: Cursor) -> Item:
    return {
        ":by": text(cursor.by),
        ":rt": number(cursor.read_to),
        ":si": number(cursor.since),
        ":un": number(cursor.until),
        ":pg": {"L": [text(page) for page in cursor.pages]},
        ":gp": {"L": [number(hour) for hour in cursor.gaps]},
        ":rz": text(cursor.trouble),
    }


def _key(cursor: Cursor) -> Item:
    return key(f"poll#{cursor.platform}#{id_part(cursor.account)}")


def _cursor(place: Cursor, item: Any) -> Cursor:
    return Cursor(
        platform=place.platform,
        account=place.account,
        began_at=number_of(item, "ba"),
        read_to=number_of(item, "rt"),
        since=number_of(item, "si"),
        until=number_of(item, "un"),
        pages=tuple(page["S"] for page in item.get("pg", {}).get("L", [])),
        gaps=tuple(int(hour["N"]) for hour in item.get("gp", {}).get("L", [])),
        by=string_of(item, "by"),
        trouble=string_of(item, "rz"),
    )
