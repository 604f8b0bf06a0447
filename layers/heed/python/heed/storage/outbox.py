"""The sending side of replies. A machine's reply lives on its mention, a person's on an item of its
own; the attributes and the conditions are the same."""

from typing import Any, Final

from botocore.exceptions import ClientError

from heed.domain.policy import VERSION
from heed.domain.reply import FINAL, ReplyRef, Sending
from heed.ports import AgentReply, Claim, HeldDraft, Move
from heed.storage.codec import agent_reply_of, pack, sending_of
from heed.storage.table import (
    DynamoClient,
    is_condition_failure,
    key,
    number,
    shard,
    text,
    words,
)

# The state and the epoch that a writer saw; what was never claimed has no epoch.
_UNCHANGED: Final = "st = :was AND (ep = :ep OR attribute_not_exists(ep))"


class TableOutbox:
    """`heed.ports.Outbox` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def get_reply(self, ref: ReplyRef) -> AgentReply | None:
        """Read a person's reply, strongly."""
        answer = self._client.get_item(
            TableName=self._table, Key=key(ref.owner, ref.part), ConsistentRead=True
        )
        item = answer.get("Item")
        return agent_reply_of(item) if item else None

    def claim(self, ref: ReplyRef, seen: Sending, claim: Claim) -> Sending | None:
        """Take a reply in hand under a new epoch."""
        values = {
            ":was": text(seen.state),
            ":st": text(claim.state),
            ":ep": number(seen.epoch),
            ":next": number(seen.epoch + 1),
            ":by": text(claim.by),
            ":lu": number(claim.lease_until),
            ":dh": text(shard(ref.owner)),
        }
        # An index write less: a first look that is too early is postponed, if the lease still runs.
        due = ["dh = if_not_exists(dh, :dh)", "da = if_not_exists(da, :lu)"]
        sets = ["st = :st", "ep = :next", "#by = :by", "lu = :lu", *due]
        condition = _UNCHANGED
        if claim.state == "sending":
            sets += ["ft = if_not_exists(ft, :now)", "ky = if_not_exists(ky, :by)", "fp = :fp"]
            values |= {":now": number(claim.now), ":fp": text(claim.fingerprint)}
            # Seen from the instant of the write on: no deletion, no answer by somebody of ours.
            condition += " AND attribute_not_exists(gone) AND attribute_not_exists(own)"
        else:
            sets.append("db = if_not_exists(db, :now)")
            values[":now"] = number(claim.now)
        if claim.outcome:
            sets += ["de = :de", "rs = :rs", "pv = :pv"]
            values |= {":de": text(claim.outcome), ":pv": text(VERSION)}
            values |= {":rs": words(claim.reasons)}
        update = f"SET {', '.join(sets)}{_decided(seen, [])}"
        return self._claimed(ref, update, condition, values)

    def _claimed(
        self, ref: ReplyRef, update: str, condition: str, values: dict[str, Any]
    ) -> Sending | None:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key(ref.owner, ref.part),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#by": "by"},
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            # The client may have repeated its own write after a lost answer: ours is success.
            response: Any = error.response
            old = response.get("Item", {})
            return sending_of(old) if old.get("by") == values[":by"] else None
        return sending_of(answer["Attributes"])

    def move(self, ref: ReplyRef, seen: Sending, to: Move) -> bool:
        """Record what became of a reply."""
        sets, removes, values = _written(ref, to)
        condition = "attribute_exists(st) AND st <> :st"
        if to.state != "sent":
            condition = _UNCHANGED
            values |= {":was": text(seen.state), ":ep": number(seen.epoch)}
        if seen.state == "new":
            # A deletion that came meanwhile is dealt with as that of an undecided mention.
            condition += " AND attribute_not_exists(gone)"
        update = f"SET {', '.join(sets)}{_decided(seen, removes)}"
        return self._moved(ref, update, condition, values)

    def hold_draft(self, ref: ReplyRef, seen: Sending, draft: HeldDraft) -> bool:
        """Show a composed text to people and wait: no index but the desk's asks for it again."""
        return self._moved(
            ref,
            "SET st = :st, dt = :dt, de = :de, rs = :rs, pv = :pv, dk = :dk, ds = :ds"
            + _decided(seen, ["dh", "da", "nb", "rz"]),
            # Who approved it meanwhile has seen this text: it must not be shown again.
            f"{_UNCHANGED} AND attribute_not_exists(gone) AND attribute_not_exists(own)"
            " AND attribute_not_exists(ap)",
            {
                ":st": text("planned"),
                ":dt": {"B": pack({"t": draft.text})},
                ":de": text(draft.outcome),
                ":rs": words(draft.reasons),
                ":pv": text(VERSION),
                ":dk": text(f"{draft.brand}#draft"),
                ":ds": text(f"{draft.received_at:013d}"),
                ":was": text(seen.state),
                ":ep": number(seen.epoch),
            },
        )

    def _moved(self, ref: ReplyRef, update: str, condition: str, values: dict[str, Any]) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key(ref.owner, ref.part),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True


def _written(ref: ReplyRef, to: Move) -> tuple[list[str], list[str], dict[str, Any]]:
    """Build what a move sets and removes, with its values."""
    numbers = {"tr": to.tries, "lk": to.looks}
    if to.state not in FINAL:
        numbers |= {"da": to.look_at, "nb": to.look_at}
    texts = {"rid": to.reply_id, "rz": to.reason}
    if to.state not in FINAL:
        texts["dh"] = shard(ref.owner)
    given = {name: number(value) for name, value in numbers.items() if value is not None}
    given |= {name: text(value) for name, value in texts.items() if value}
    sets = ["st = :st", *(f"{name} = :{name}" for name in given)]
    values = {":st": text(to.state), **{f":{name}": value for name, value in given.items()}}
    # An older reason, such as a pause, no longer holds.
    removes = ["dk", "ds", "dt", *([] if to.reason else ["rz"])]
    removes += ["dh", "da", "nb"] if to.state in FINAL else []
    if to.doubt_at:
        sets.append("db = if_not_exists(db, :db)")
        values[":db"] = number(to.doubt_at)
    elif to.state != "doubt":
        removes.append("db")
    return sets, removes, values


def _decided(seen: Sending, removes: list[str]) -> str:
    """Build the REMOVE clause of a write. What leaves the state new was decided: the stream need
    not carry it again. A later change, noted while a reply is in hand, keeps its `todo`."""
    attributes = ["todo", *removes] if seen.state == "new" else removes
    return f" REMOVE {', '.join(attributes)}" if attributes else ""
