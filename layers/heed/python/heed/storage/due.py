"""The index of everything that is not finished, by the instant of its next look."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from heed.domain.mention import ConversationId, MentionId
from heed.ports import DueItem, Tries
from heed.storage.table import (
    CASE,
    DUE_INDEX,
    SELF,
    SHARDS,
    DynamoClient,
    is_condition_failure,
    key,
    number,
    number_of,
    string_of,
    text,
)


class TableDueList:
    """`heed.ports.DueList` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def due(self, now: int, limit: int) -> list[DueItem]:
        """Up to `limit` things of each shard whose next look has come, the oldest first."""
        found: list[DueItem] = []
        for one in range(SHARDS):
            answer = self._client.query(
                TableName=self._table,
                IndexName=DUE_INDEX,
                KeyConditionExpression="dh = :shard AND da <= :now",
                ExpressionAttributeValues={":shard": text(str(one)), ":now": number(now)},
                Limit=limit,
            )
            found += [_due_item(item) for item in answer["Items"]]
        return found

    def postpone(self, item: DueItem, until: int) -> None:
        """Look again later, if it is still unfinished."""
        self._update(item, "SET da = :until", "attribute_exists(dh)", {":until": number(until)})

    def note(self, item: DueItem, mark: str, now: int) -> Tries | None:
        """Count a look at something that is due."""
        values = {":mark": text(mark), ":one": number(1)}
        again = "attribute_exists(dh) AND fk = :mark"
        found = self._update(item, "SET fn = fn + :one", again, values)
        if found is None:
            first = "SET fk = :mark, fn = :one, fs = :now"
            values |= {":now": number(now)}
            found = self._update(item, first, "attribute_exists(dh)", values)
        if found is None:
            return None
        return Tries(
            count=number_of(found, "fn"),
            since=number_of(found, "fs"),
            brand=string_of(found, "br"),
            mention=string_of(found, "mi"),
        )

    def end(self, item: DueItem, reason: str) -> None:
        """Take off the index what nobody can work with."""
        off = "REMOVE todo, dh, da, dk, ds, dt, nb"
        unsent = "queued" if item.mention else "refused"
        for state, begun in ((unsent, ("new", "planned")), ("parked", ("sending", "doubt"))):
            values = {":st": text(state), ":rz": text(reason)}
            values |= {":one": text(begun[0]), ":two": text(begun[1])}
            self._update(item, f"SET st = :st, rz = :rz {off}", "st IN (:one, :two)", values)
        self._update(item, off, "attribute_exists(dh)", {})

    def _update(
        self, item: DueItem, update: str, condition: str, values: dict[str, Any]
    ) -> Mapping[str, Any] | None:
        """Update an item; returns it as it is then, or None when the condition did not hold."""
        owner = f"mention#{item.mention}" if item.mention else f"conv#{item.conversation}"
        part = item.part or (CASE if item.conversation else SELF)
        # DynamoDB refuses an empty map of values.
        given = {"ExpressionAttributeValues": values} if values else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key(owner, part),
                UpdateExpression=update,
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **given,
            )
        except ClientError as error:
            if is_condition_failure(error):
                return None
            raise
        found: Mapping[str, Any] = answer["Attributes"]
        return found


def _due_item(item: Any) -> DueItem:
    owner, part = item["pk"]["S"], item["sk"]["S"]
    if owner.startswith("mention#"):
        return DueItem("mention", mention=MentionId(owner.removeprefix("mention#")))
    conversation = ConversationId(owner.removeprefix("conv#"))
    if part == CASE:
        return DueItem("case", conversation=conversation)
    return DueItem("reply", conversation=conversation, part=part)
