"""Counters by brand, platform and hour, and how the table's items are read for counting.

Cell (pk tally#<brand>, sk <hour>#<platform>): v schema, one number per counter, and for each shard
of the stream the position of the last record that was counted here, under s- and a hash of the
shard's name."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from heed.domain.mention import MentionId
from heed.domain.tally import Cell, Counts, Tallied
from heed.ports import Change, PersonsAnswer, Span
from heed.storage.table import (
    SCHEMA,
    AttributeValue,
    DynamoClient,
    Item,
    is_condition_failure,
    key,
    number,
    number_of,
    string_of,
    text,
    words_of,
)

# Source: DynamoDB Streams, StreamRecord, length of SequenceNumber; read 2026-11-22. More digits
# than a number attribute holds: they are compared as text of one length.
POSITION_DIGITS: Final = 40
MENTION: Final = "mention#"
_MARK: Final = "s-"
_NO_COUNTERS: Final = ("pk", "sk", "v")
_HOUR_DIGITS: Final = 7

Image = Mapping[str, AttributeValue]


class TableCounters:
    """`heed.ports.Counters` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, cell: Cell, counts: Counts, span: Span) -> str:
        """Add a span's counts and move the shard's mark, in one conditional write."""
        mark = _mark(span.shard)
        names, values = {"#s": mark}, {":v": number(SCHEMA)}
        values |= {":first": text(span.first), ":last": text(span.last)}
        adds = []
        for at, (name, amount) in enumerate(sorted(counts.items())):
            names[f"#{at}"], values[f":{at}"] = name, number(amount)
            adds.append(f"#{at} :{at}")
        clause = f" ADD {', '.join(adds)}" if adds else ""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(cell),
                UpdateExpression=f"SET v = :v, #s = :last{clause}",
                ConditionExpression="attribute_not_exists(#s) OR #s < :first",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            response: Any = error.response
            return string_of(response["Item"], mark)
        return ""

    def note_answer(self, mention: MentionId, at: int) -> None:
        """Note the first answer of a person, if the mention is still known."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key(f"{MENTION}{mention}"),
                UpdateExpression="SET pa = :at",
                ConditionExpression="attribute_exists(st)"
                " AND (attribute_not_exists(pa) OR pa > :at)",
                ExpressionAttributeValues={":at": number(at)},
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise

    def read(self, brand: str, first_hour: int, last_hour: int) -> dict[Cell, Counts]:
        """Read the cells of a brand from one hour to another, both included."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": text(f"tally#{brand}"),
                ":first": text(_hour(first_hour)),
                # Behind every platform of the last hour.
                ":last": text(f"{_hour(last_hour)}$"),
            },
            "ConsistentRead": True,
        }
        cells: dict[Cell, Counts] = {}
        while True:
            answer = self._client.query(**request)
            cells |= dict(map(_cell_of, answer["Items"]))
            if "LastEvaluatedKey" not in answer:
                return cells
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _key(cell: Cell) -> Item:
    return key(f"tally#{cell.brand}", f"{_hour(cell.hour)}#{cell.platform}")


def _hour(hour: int) -> str:
    return f"{hour:0{_HOUR_DIGITS}d}"


def _mark(shard: str) -> str:
    return _MARK + hashlib.blake2b(shard.encode(), digest_size=6).hexdigest()


def _cell_of(item: Image) -> tuple[Cell, Counts]:
    hour, platform = string_of(item, "sk").split("#", 1)
    counts = {
        name: number_of(item, name)
        for name in item
        if name not in _NO_COUNTERS and not name.startswith(_MARK)
    }
    cell = Cell(string_of(item, "pk").removeprefix("tally#"), int(hour), platform)
    return cell, Counter({name: amount for name, amount in counts.items() if amount})


def told(record: Mapping[str, Any]) -> Change | PersonsAnswer | None:
    """Read a record of the stream, as Lambda's events carry it under "dynamodb". None when it shows
    an end: what expires was counted, and is not taken back."""
    old, new = record.get("OldImage"), record.get("NewImage")
    if new is None:
        return None
    place = str(record["SequenceNumber"]).zfill(POSITION_DIGITS)
    return persons_answer(new) or Change(place, tallied(old) if old else None, tallied(new))


def tallied(item: Image) -> Tallied | None:
    """Read what counts of an item; None when it is no mention, tombstone or mark, or tells no brand
    or time. Content is not looked at: no text can keep a mention from being counted."""
    pk, brand = string_of(item, "pk"), string_of(item, "br")
    received_at, gone_at = number_of(item, "ra"), number_of(item, "gone")
    at = received_at or gone_at or number_of(item, "oat")
    if not (pk.startswith(MENTION) and brand and at):
        return None
    reasons = words_of(item, "rs")
    return Tallied(
        brand=brand,
        platform=pk.removeprefix(MENTION).split("#", 1)[0],
        at=at,
        is_received=bool(received_at),
        state=string_of(item, "st"),
        reason=reasons[0] if reasons else "",
        source=string_of(item, "src") or "webhook",
        machine_at=number_of(item, "ft"),
        people_at=min(filter(None, (number_of(item, "pa"), _native_at(item))), default=0),
        is_deleted=bool(gone_at),
        is_edited="ed" in item,
        has_own_post="own" in item,
    )


def _native_at(item: Image) -> int:
    """Tell when a colleague's post that answers a mention was written, 0 without one. Our own
    machine's, known by its id or, before the receipt came, by its text, is none."""
    own = string_of(item, "own")
    is_machines = own == string_of(item, "rid") or (
        "ft" in item and string_of(item, "ofp") == string_of(item, "fp")
    )
    return 0 if not own or is_machines else number_of(item, "oat")


def persons_answer(item: Image) -> PersonsAnswer | None:
    """Read a person's reply; None when it is no such reply, or not visible."""
    if string_of(item, "st") != "sent" or "mi" not in item:
        return None
    at = number_of(item, "ft") or number_of(item, "at")
    return PersonsAnswer(MentionId(string_of(item, "mi")), at)


def everything(items: Iterable[Image]) -> list[Tallied]:
    """Read all of a table for a recount. Answers of people are taken from their replies, not from
    the notes on mentions: a note that is missing or wrong shows as a difference."""
    mentions: dict[str, Tallied] = {}
    answers: dict[str, int] = {}
    for item in items:
        if seen := tallied({name: value for name, value in item.items() if name != "pa"}):
            mentions[string_of(item, "pk")] = seen
        elif found := persons_answer(item):
            pk = f"{MENTION}{found.mention}"
            answers[pk] = min(found.at, answers.get(pk, found.at))
    return [
        replace(seen, people_at=min(filter(None, (seen.people_at, answers.get(pk))), default=0))
        for pk, seen in mentions.items()
    ]
