"""Replies by people, notes and events of a conversation."""

from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from heed.domain.mention import ConversationId
from heed.errors import StaleEpochError, TransitionError
from heed.ports import AgentReply, Note
from heed.storage.codec import agent_reply_of, note_item, note_of, reply_item
from heed.storage.table import (
    CASE,
    DynamoClient,
    failed_conditions,
    is_condition_failure,
    key,
    number,
    string_of,
    text,
)

ENTRIES_MAX: Final = 200
CONFLICTS_MAX: Final = 3


class TableTimeline:
    """`heed.ports.Timeline` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def add_reply(self, reply: AgentReply, case_epoch: int) -> Literal["added", "known"]:
        """Store a reply if the case still has this epoch; the same reply id again is "known".

        Raises: StaleEpochError when the case changed hands or state meanwhile; TransitionError when
        others were writing the case at that moment, again and again.
        """
        check = {
            "TableName": self._table,
            "Key": key(reply.ref.owner, CASE),
            "ConditionExpression": "ce = :epoch",
            "ExpressionAttributeValues": {":epoch": number(case_epoch)},
        }
        put = {
            "TableName": self._table,
            "Item": reply_item(reply),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        for _ in range(CONFLICTS_MAX):
            try:
                self._client.transact_write_items(
                    TransactItems=[{"ConditionCheck": check}, {"Put": put}]
                )
            except ClientError as error:
                is_stale, is_known = failed_conditions(error) or (False, False)
                # A repeat is harmless, also when the case has changed hands since the first time.
                if is_known:
                    return "known"
                if is_stale:
                    raise StaleEpochError("the case changed hands or state", 0) from error
                if not _is_conflict(error):
                    raise
            else:
                return "added"
        raise TransitionError("others are writing this case at this moment; try again")

    def add_note(self, note: Note) -> None:
        """Store a note or an event; the same one again changes nothing."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=note_item(note),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise

    def entries(self, conversation: ConversationId) -> list[AgentReply | Note]:
        """Read the newest replies, notes and events, in the order in which they were written."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :at)",
            ExpressionAttributeValues={":pk": text(f"conv#{conversation}"), ":at": text("at#")},
            ScanIndexForward=False,
            Limit=ENTRIES_MAX,
            ConsistentRead=True,
        )
        oldest_first = reversed(answer["Items"])
        return sorted((_entry(item) for item in oldest_first), key=lambda entry: entry.at)


def _is_conflict(error: ClientError) -> bool:
    """Tell whether a transaction met another write on the same item: nothing was written."""
    response: Any = error.response
    return any(
        reason.get("Code") == "TransactionConflict"
        for reason in response.get("CancellationReasons", [])
    )


def _entry(item: Any) -> AgentReply | Note:
    # The id behind the kind may hold anything, also the word of another kind.
    kind = string_of(item, "sk").split("#", 3)[2]
    return agent_reply_of(item) if kind == "reply" else note_of(item)
