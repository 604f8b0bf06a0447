"""The index of everything that is not finished, by the instant of its next look."""

from typing import Any

from botocore.exceptions import ClientError

from heed.domain.mention import ConversationId, MentionId
from heed.ports import DueItem
from heed.storage.table import (
    CASE,
    DUE_INDEX,
    SELF,
    SHARDS,
    DynamoClient,
    is_condition_failure,
    key,
    number,
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
        owner = f"mention#{item.mention}" if item.mention else f"conv#{item.conversation}"
        part = item.part or (CASE if item.conversation else SELF)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key(owner, part),
                UpdateExpression="SET da = :until",
                ConditionExpression="attribute_exists(dh)",
                ExpressionAttributeValues={":until": number(until)},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise


def _due_item(item: Any) -> DueItem:
    owner, part = item["pk"]["S"], item["sk"]["S"]
    if owner.startswith("mention#"):
        return DueItem("mention", mention=MentionId(owner.removeprefix("mention#")))
    conversation = ConversationId(owner.removeprefix("conv#"))
    if part == CASE:
        return DueItem("case", conversation=conversation)
    return DueItem("reply", conversation=conversation, part=part)
