"""Quarantined changes after they came in: listing, reading whole, noting, removing. Only a person's
command uses this; no function may delete."""

from typing import Any, Final

from botocore.exceptions import ClientError

from heed.errors import NotUnderstoodError
from heed.ports import Kept, Quarantined
from heed.storage.codec import unpack
from heed.storage.table import (
    DESK_INDEX,
    SHARDS,
    DynamoClient,
    Item,
    is_condition_failure,
    key,
    number_of,
    string_of,
    text,
)

HEAD: Final = "000"
# The outcome of a change whose removal began.
_TAKEN_IN: Final = "taken_in"


class TableQuarantine:
    """`heed.ports.Quarantine` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def keys(self, *, platform: str, since: int, limit: int) -> list[str]:
        """List the changes received since an instant, the oldest first."""
        found = [
            (item["ds"]["S"], item["pk"]["S"])
            for shard in range(SHARDS)
            for item in self._listed(shard, since)
        ]
        wanted = [(at, pk) for at, pk in found if not platform or at.endswith(f"#{platform}")]
        return [pk for _, pk in sorted(wanted)[:limit]]

    def _listed(self, shard: int, since: int) -> list[Item]:
        return self._pages(
            IndexName=DESK_INDEX,
            KeyConditionExpression="dk = :dk AND ds >= :since",
            ExpressionAttributeValues={
                ":dk": text(f"quarantine#{shard}"),
                ":since": text(f"{since:013d}"),
            },
        )

    def _slices(self, pk: str) -> list[Item]:
        return self._pages(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": text(pk)},
            ConsistentRead=True,
        )

    def _pages(self, **request: Any) -> list[Item]:
        items: list[Item] = []
        while True:
            answer = self._client.query(TableName=self._table, **request)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return items
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def read(self, pk: str) -> Kept | None:
        """Read one change with its slices joined."""
        slices = self._slices(pk)
        if not slices or string_of(slices[0], "sk") != HEAD:
            return None
        head = slices[0]
        if string_of(head, "oc") == _TAKEN_IN:
            self._remove(slices)
            return None
        if number_of(head, "sl") != len(slices):
            raise NotUnderstoodError("a slice of the change is missing")
        entry = Quarantined(
            platform=string_of(head, "pf"),
            connection=string_of(head, "cn"),
            change=unpack(b"".join(bytes(one["c"]["B"]) for one in slices))["c"],
            reason=string_of(head, "rs"),
            received_at=number_of(head, "ra"),
        )
        return Kept(pk, entry, string_of(head, "oc"))

    def note(self, kept: Kept, outcome: str) -> None:
        """Note what a replay came to; the same word again changes nothing."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key(kept.key, HEAD),
                UpdateExpression="SET oc = :oc",
                ConditionExpression="attribute_exists(pk)"
                " AND (attribute_not_exists(oc) OR oc <> :oc)",
                ExpressionAttributeValues={":oc": text(outcome)},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise

    def remove(self, kept: Kept) -> None:
        """Remove a change that was taken in."""
        slices = self._slices(kept.key)
        if len(slices) > 1:
            # Without it, a removal that breaks off would leave what looks like a broken change.
            self.note(kept, _TAKEN_IN)
        self._remove(slices)

    def _remove(self, slices: list[Item]) -> None:
        # The listed slice goes last: until then the next look finds what is left.
        for one in reversed(slices):
            place = {name: one[name] for name in ("pk", "sk")}
            self._client.delete_item(TableName=self._table, Key=place)
