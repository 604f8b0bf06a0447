"""Conversations and their cases: whole items under a version."""

from dataclasses import replace

from botocore.exceptions import ClientError

from heed.domain.case import CaseState
from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId
from heed.storage.codec import conversation_item, conversation_of
from heed.storage.table import (
    CASE,
    DESK_INDEX,
    DynamoClient,
    is_condition_failure,
    key,
    number,
    text,
)


class TableConversations:
    """`heed.ports.Conversations` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, conversation: ConversationId) -> Conversation | None:
        """Read one conversation, strongly."""
        answer = self._client.get_item(
            TableName=self._table, Key=key(f"conv#{conversation}", CASE), ConsistentRead=True
        )
        item = answer.get("Item")
        return conversation_of(item) if item else None

    def save(self, conversation: Conversation) -> Conversation | None:
        """Write over the version that was read; None when somebody was faster."""
        version = conversation.version + 1
        condition = {"ConditionExpression": "attribute_not_exists(pk)"}
        values = {}
        if conversation.version:
            condition = {"ConditionExpression": "n = :seen"}
            values = {"ExpressionAttributeValues": {":seen": number(conversation.version)}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=conversation_item(conversation, version),
                **condition,
                **values,
            )
        except ClientError as error:
            if is_condition_failure(error) or _is_in_transaction(error):
                return None
            raise
        return replace(conversation, version=version)

    def list_cases(self, brand: str, state: CaseState, *, limit: int) -> list[Conversation]:
        """Cases of a brand by state, the most urgent and oldest first. The index proposes; an item
        that moved on since is left out."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=DESK_INDEX,
            KeyConditionExpression="dk = :dk",
            ExpressionAttributeValues={":dk": text(f"{brand}#{state}")},
            Limit=limit,
        )
        ids = (ConversationId(i["pk"]["S"].removeprefix("conv#")) for i in answer["Items"])
        found = [conversation for one in ids if (conversation := self.get(one)) is not None]
        return [c for c in found if c.case is not None and c.case.state == state]


def _is_in_transaction(error: ClientError) -> bool:
    """Tell whether a transaction had the item in hand: whoever it is was faster."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code == "TransactionConflictException"
