"""A table's stream as Lambda sees it: records in order, and Lambda's event filter patterns."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.shapes import Answer, AttributeValue, Item
from tests.fakes.shelves import Row
from tests.fakes.sizes import item_bytes

# AWS numbers have 21 digits and more; what counts is that they grow and sort as numbers.
SEQUENCE_START = 100_000_000_000_000_000_000

StreamRecord = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One write to one item: its rows before and after, shared with the table."""

    at_ms: int
    key: Item
    old: Row | None
    new: Row | None


class Stream:
    """The changes of one table with new and old images, oldest first."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._changes: list[Change] = []
        self._drained = 0

    def __len__(self) -> int:
        return len(self._changes)

    def append(self, at_ms: int, key: Item, old: Row | None, new: Row | None) -> None:
        """Add one change; the rows are shared with the table."""
        self._changes.append(Change(at_ms, key, old, new))

    def changes(self) -> list[Change]:
        """Return every change so far, for who looks on: not to be written to."""
        return self._changes

    def drain(self) -> Iterator[StreamRecord]:
        """Yield the records that no drain yielded before; one left unread stays."""
        while self._drained < len(self._changes):
            self._drained += 1
            yield self._record(self._drained - 1)

    def read(self, start: int = 0, limit: int | None = None) -> list[StreamRecord]:
        """Return records by position, for readers that keep their own checkpoint."""
        stop = len(self._changes) if limit is None else min(start + limit, len(self._changes))
        return [self._record(at) for at in range(start, stop)]

    def _record(self, at: int) -> StreamRecord:
        change = self._changes[at]
        images = {"NewImage": change.new, "OldImage": change.old}
        present = {name: image for name, image in images.items() if image is not None}
        sizes = sum(image.size_bytes for image in present.values())
        return {
            "eventID": f"{at:032x}",
            "eventName": _event_name(change),
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "eventSourceARN": (
                f"arn:aws:dynamodb:us-east-1:123456789012:table/{self._table}"
                "/stream/2026-01-01T00:00:00.000"
            ),
            "dynamodb": {
                # Whole seconds: the service rounds down.
                "ApproximateCreationDateTime": change.at_ms // 1000,
                "Keys": _event_item(change.key),
                **{name: _event_item(image.item) for name, image in present.items()},
                "SequenceNumber": str(SEQUENCE_START + at),
                "SizeBytes": item_bytes(change.key) + sizes,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }


def _event_name(change: Change) -> str:
    if change.old is None:
        return "INSERT"
    return "REMOVE" if change.new is None else "MODIFY"


def _event_item(item: Item) -> Item:
    return {name: _event_value(value) for name, value in item.items()}


def _event_value(value: AttributeValue) -> AttributeValue:
    """Copy a value into the JSON of a Lambda event, where bytes are base64 text."""
    ((tag, content),) = value.items()
    if tag == "B":
        return {tag: base64.b64encode(content).decode()}
    if tag == "BS":
        return {tag: [base64.b64encode(member).decode() for member in content]}
    if tag == "M":
        return {tag: _event_item(content)}
    if tag == "L":
        return {tag: [_event_value(element) for element in content]}
    return {tag: list(content) if isinstance(content, list) else content}


_ABSENT = object()


def matches(record: Answer, pattern: dict[str, Any]) -> bool:
    """Tell whether Lambda would pass a record on under this filter pattern.

    Shapes: nested dicts end in lists of alternatives: a literal, {"exists": bool} or
    {"prefix": text}. Other operators exist on AWS and raise ValueError here.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    """
    for name, wanted in pattern.items():
        found = record.get(name, _ABSENT)
        if isinstance(wanted, dict):
            if not matches(found if isinstance(found, dict) else {}, wanted):
                return False
        elif not any(_fits(found, alternative) for alternative in wanted):
            return False
    return True


def _fits(found: object, alternative: object) -> bool:
    """Match one leaf; `exists` is true for leaves only, never for an inner node."""
    if isinstance(alternative, dict):
        return _fits_operator(found, alternative)
    if isinstance(found, list):
        return any(_fits(one, alternative) for one in found)
    # In JSON, true is not 1.
    return type(found) is type(alternative) and found == alternative


def _fits_operator(found: object, alternative: dict[str, Any]) -> bool:
    ((name, operand),) = alternative.items()
    if name == "exists":
        is_leaf = found is not _ABSENT and not isinstance(found, dict)
        return is_leaf is operand
    if name == "prefix":
        candidates = found if isinstance(found, list) else [found]
        return any(isinstance(one, str) and one.startswith(operand) for one in candidates)
    raise ValueError(f"this stand-in knows no filter operator {name!r}")
