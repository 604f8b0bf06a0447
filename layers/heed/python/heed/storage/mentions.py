"""Mentions after they came in: reading, deciding, drafts, changes."""

from typing import Any

from botocore.exceptions import ClientError

from heed.domain.clock import DAY_MS
from heed.domain.mention import ConversationId, MentionId
from heed.domain.policy import VERSION
from heed.domain.reply import FINAL, ReplyState
from heed.ports import StoredMention
from heed.storage.codec import stored_mention
from heed.storage.table import (
    CONVERSATION_INDEX,
    DESK_INDEX,
    TOMBSTONE_DAYS,
    DynamoClient,
    is_condition_failure,
    key,
    number,
    shard,
    text,
    words,
)

# What says where a mention belongs: numbers, and words that no version reads in another way.
_PLAIN = ("pk", "br", "cv", "ra", "gone", "kick")


class TableMentions:
    """`heed.ports.Mentions` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, mention: MentionId) -> StoredMention | None:
        """Read one mention, strongly. None also for the mark of an own post without a mention."""
        answer = self._client.get_item(
            TableName=self._table, Key=key(f"mention#{mention}"), ConsistentRead=True
        )
        item = answer.get("Item")
        return stored_mention(item) if item and "st" in item else None

    def get_bare(self, mention: MentionId) -> StoredMention | None:
        """Read where a mention, or a mark, belongs, and nothing that may be unreadable."""
        answer = self._client.get_item(
            TableName=self._table, Key=key(f"mention#{mention}"), ConsistentRead=True
        )
        item = answer.get("Item")
        plain = {name: item[name] for name in _PLAIN if name in item} if item else None
        return stored_mention(plain) if plain else None

    def finish(
        self, stored: StoredMention, state: ReplyState, reason: str, reasons: tuple[str, ...]
    ) -> bool:
        """End a mention as silent, queued, refused or gone, and take it off every index.

        False when it changed since it was read: what changed carries its own `todo`.
        """
        outcome = "hold" if state == "queued" else state
        removes = ["todo", "dh", "da", "dk", "ds", "dt", "nb", "rz"]
        unchanged, values = _unchanged(stored)
        return self._update(
            stored.mention.id,
            f"SET st = :st, de = :de, rs = :rs, pv = :pv {_removing(removes, stored)}",
            f"st = :was AND {unchanged}",
            {
                ":st": text(state),
                ":de": text(outcome),
                ":rs": words(dict.fromkeys((reason, *reasons))),
                ":pv": text(VERSION),
                ":was": text(stored.sending.state),
                **values,
            },
        )

    def settle_change(self, stored: StoredMention) -> bool:
        """Note that an edit, a deletion or an own post was dealt with. False when more came."""
        removes = ["todo"]
        if stored.is_mark or stored.sending.state in FINAL:
            removes += ["dh", "da"]
        unchanged, values = _unchanged(stored)
        return self._update(stored.mention.id, _removing(removes, stored), unchanged, values)

    def blank(self, mention: MentionId, now: int) -> None:
        """Remove the text of a deleted mention; its key stays for 30 days, so that a replay finds
        it and is not answered."""
        self._update(
            mention,
            "SET exp = :exp REMOVE c, dt",
            "attribute_exists(gone)",
            {":exp": number((now + TOMBSTONE_DAYS * DAY_MS) // 1000)},
        )

    def approve(self, mention: MentionId, agent: str, *, drop: bool, now: int) -> bool:
        """Let a draft go, or drop it. False when it is no draft (any more)."""
        # A draft stands on no index but the desk's: from here on sweep must find it again.
        fate = "SET ap = :agent, dh = :dh, da = :now REMOVE dk, ds"
        values = {":agent": text(agent), ":planned": text("planned")}
        if drop:
            fate = "SET ap = :agent, st = :dropped REMOVE dk, ds, dt, dh, da, todo"
            values[":dropped"] = text("cancelled")
        else:
            values |= {":dh": text(shard(f"mention#{mention}")), ":now": number(now)}
        return self._update(mention, fate, "st = :planned AND attribute_exists(dk)", values)

    def kick(self, mention: MentionId, *, due_at: int) -> bool:
        """Make the stream carry a mention again that is undecided or has an unsettled change."""
        return self._update(
            mention,
            "SET kick = if_not_exists(kick, :zero) + :one, todo = if_not_exists(todo, :new),"
            " dh = :dh, da = :due",
            "st = :new OR attribute_exists(todo)",
            {
                ":zero": number(0),
                ":one": number(1),
                ":new": text("new"),
                ":dh": text(shard(f"mention#{mention}")),
                ":due": number(due_at),
            },
        )

    def of_conversation(self, conversation: ConversationId, limit: int) -> list[StoredMention]:
        """Read the newest mentions of a conversation, oldest first."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=CONVERSATION_INDEX,
            KeyConditionExpression="cv = :cv",
            ExpressionAttributeValues={":cv": text(conversation)},
            ScanIndexForward=False,
            Limit=limit,
        )
        return self._read(reversed(answer["Items"]))

    def drafts(self, brand: str, limit: int) -> list[StoredMention]:
        """Read the replies that wait for a person's approval, oldest first."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=DESK_INDEX,
            KeyConditionExpression="dk = :dk",
            ExpressionAttributeValues={":dk": text(f"{brand}#draft")},
            Limit=limit,
        )
        found = self._read(answer["Items"])
        # The index may be behind: what was approved or dropped meanwhile waits for nobody.
        return [
            stored
            for stored in found
            if stored.draft_text and stored.sending.state == "planned" and not stored.approved_by
        ]

    def _read(self, keys: Any) -> list[StoredMention]:
        ids = [MentionId(item["pk"]["S"].removeprefix("mention#")) for item in keys]
        return [stored for one in ids if (stored := self.get(one)) is not None]

    def _update(
        self, mention: MentionId, update: str, condition: str, values: dict[str, Any]
    ) -> bool:
        # DynamoDB refuses an empty map of values.
        given = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key(f"mention#{mention}"),
                UpdateExpression=update,
                ConditionExpression=condition,
                **given,
            )
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True


def _unchanged(stored: StoredMention) -> tuple[str, dict[str, Any]]:
    """Build the condition that nothing came in since a mention was read, and its values."""
    # What was claimed once, or waits as a draft, asks the stream for nothing.
    condition = "todo = :todo" if stored.todo else "attribute_not_exists(todo)"
    values = {":todo": text(stored.todo)} if stored.todo else {}
    # A second edit, or a second own post, asks with the same word as the first.
    if at := stored.mention.event_at:
        condition, values = f"{condition} AND et = :et", {**values, ":et": number(at)}
    if stored.own_post:
        condition, values = f"{condition} AND own = :own", {**values, ":own": text(stored.own_post)}
    return condition, values


def _removing(attributes: list[str], stored: StoredMention) -> str:
    # The mark of an own post expires if no mention ever joins it; a mention does not.
    expires = stored.is_mark or stored.gone_at
    return f"REMOVE {', '.join(attributes if expires else [*attributes, 'exp'])}"
