"""A table: its keys, its rows, its sparse KEYS_ONLY indexes, and what a change costs."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.meter import Meter
from tests.fakes.refusals import InvalidItemError, RefusalError
from tests.fakes.shapes import AttributeValue, Clock, Item
from tests.fakes.shelves import Position, Row, Shelf
from tests.fakes.sizes import item_bytes, text_bytes, write_units
from tests.fakes.streams import Stream
from tests.fakes.values import copy_item, scalar_of

KeyType = Literal["S", "N", "B"]

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
PARTITION_KEY_BYTES_MAX = 2048
SORT_KEY_BYTES_MAX = 1024


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What a table is made of; every index is global, sparse and KEYS_ONLY.

    Shapes: indexes: name -> (partition key, sort key or None). types: key attributes that are
    not text -> "N" or "B".
    """

    name: str
    pk: str
    sk: str | None = None
    indexes: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    types: Mapping[str, KeyType] = field(default_factory=dict)

    def key_names(self, index: str | None = None) -> tuple[str, ...]:
        """Return the key attributes of the table or of one index, partition key first."""
        names = (self.pk, self.sk) if index is None else self.indexes[index]
        return tuple(name for name in names if name is not None)

    def type_of(self, name: str) -> KeyType:
        """Return the type of a key attribute."""
        return self.types.get(name, "S")


class Index:
    """One index: changes reach its shelf when the clock passes their time plus the lag."""

    def __init__(self, spec: TableSpec, name: str, *, sized: bool) -> None:
        self.name = name
        self._sized = sized
        self.label = f"{spec.name}/{name}"
        self.key_names = spec.key_names(name)
        self.projected = tuple(dict.fromkeys((*self.key_names, *spec.key_names())))
        self.shelf = Shelf()
        self._rows: dict[Position, Row] = {}
        self._pending: deque[tuple[int, Position | None, Position | None, Row | None]] = deque()

    def change(self, old: Item | None, new: Item | None, at_ms: int) -> int:
        """Note a change of the table; return the write units it costs here."""
        before = None if old is None else self._position(old)
        after = None if new is None else self._position(new)
        if before == after:
            return 0
        units = 0
        row = None
        if before is not None:
            units += write_units(self._rows.pop(before).size_bytes)
        if after is not None and new is not None:
            entry = {name: new[name] for name in self.projected}
            row = self._rows[after] = Row(entry, item_bytes(entry) if self._sized else 0)
            units += write_units(row.size_bytes)
        self._pending.append((at_ms, before, after, row))
        return units

    def settle(self, until_ms: int) -> None:
        """Bring the shelf to the state of the table at an instant, never back."""
        while self._pending and self._pending[0][0] <= until_ms:
            _, before, after, row = self._pending.popleft()
            if before is not None:
                self.shelf.remove(before)
            if after is not None and row is not None:
                self.shelf.put(after, row)

    def _position(self, item: Item) -> Position | None:
        """Return where an item stands, or None if it lacks one of the index's keys."""
        for name in self.key_names:
            if name not in item:
                return None
        # The index's keys come first among the projected names, the table's others follow.
        partition, *order = [scalar_of(item[name]) for name in self.projected]
        return partition, tuple(order)


class Table:
    """One table with its rows, indexes and stream; `sized` false leaves out what entries of the
    indexes cost."""

    def __init__(self, spec: TableSpec, meter: Meter, now_ms: Clock, *, sized: bool = True) -> None:
        self.spec = spec
        self.key_names = spec.key_names()
        self.shelf = Shelf()
        self.indexes = {name: Index(spec, name, sized=sized) for name in spec.indexes}
        self.stream = Stream(spec.name)
        self._meter = meter
        self._now_ms = now_ms

    def position_of(self, key: Item) -> Position:
        """Return where the item with this key stands.

        Raises: InvalidItemError if these are not exactly the table's keys with their types.
        """
        if len(key) != len(self.key_names) or any(
            name not in key or self.spec.type_of(name) not in key[name] for name in self.key_names
        ):
            raise InvalidItemError("The provided key element does not match the schema")
        return self._checked_position(key)

    def position_in(self, item: Item) -> Position:
        """Return where a whole item belongs, after checking all its keys."""
        for name in self.key_names:
            if name not in item:
                raise RefusalError(
                    f"One or more parameter values were invalid: Missing the key {name} in the item"
                )
            if self.spec.type_of(name) not in item[name]:
                raise InvalidItemError(
                    "One or more parameter values were invalid: Type mismatch for key "
                    f"{name} expected: {self.spec.type_of(name)} actual: {next(iter(item[name]))}"
                )
        self.check_index_keys(item)
        return self._checked_position(item)

    def _checked_position(self, key: Item) -> Position:
        limits = (PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX)
        for name, limit_bytes in zip(self.key_names, limits, strict=False):
            _check_key_value(key[name], limit_bytes, f"Key: {name}")
        partition, *order = (scalar_of(key[name]) for name in self.key_names)
        return partition, tuple(order)

    def _touched_indexes(self, touched: frozenset[str] | None) -> list[Index]:
        if touched is None:
            return list(self.indexes.values())
        return [one for one in self.indexes.values() if not touched.isdisjoint(one.key_names)]

    def check_index_keys(self, item: Item, touched: frozenset[str] | None = None) -> None:
        """Refuse an item that has a key of an index with the wrong type or without content."""
        for index in self._touched_indexes(touched):
            limits = (PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX)
            for name, limit_bytes in zip(index.key_names, limits, strict=False):
                if name not in item:
                    continue
                if self.spec.type_of(name) not in item[name]:
                    raise InvalidItemError(
                        "One or more parameter values were invalid: Type mismatch for Index Key "
                        f"{name} Expected: {self.spec.type_of(name)} Actual: "
                        f"{next(iter(item[name]))} IndexName: {index.name}"
                    )
                where = f"IndexName: {index.name}, IndexKey: {name}"
                _check_key_value(item[name], limit_bytes, where)

    def replace(self, position: Position, new: Row | None, touched: frozenset[str] | None) -> None:
        """Store or remove a row and tell the indexes and the stream.

        `touched` are the attributes that may differ; None if it may be all.
        """
        old = self.shelf.rows.get(position)
        if new is None:
            self.shelf.remove(position)
        else:
            self.shelf.put(position, new)
        at_ms = self._now_ms()
        old_item = None if old is None else old.item
        new_item = None if new is None else new.item
        for index in self._touched_indexes(touched):
            units = index.change(old_item, new_item, at_ms)
            if units:
                self._meter.write_units[index.label] += units
        self.stream.append(at_ms, self.key_in(new_item or old_item or {}), old, new)

    def charge(self, old: Row | None, new: Row | None, factor: int) -> None:
        """Charge a write for the larger of the old and the new item."""
        before = 0 if old is None else old.size_bytes
        after = 0 if new is None else new.size_bytes
        self._meter.write_units[self.spec.name] += factor * write_units(max(before, after))

    def key_in(self, item: Item) -> Item:
        """Return the key attributes of an item."""
        return {name: item[name] for name in self.key_names}

    def items(self) -> list[Item]:
        """Return copies of all items in order of their keys, free of charge: for invariants."""
        rows = self.shelf.rows
        return [copy_item(rows[position].item) for position in sorted(rows)]


def _check_key_value(value: AttributeValue, limit_bytes: int, where: str) -> None:
    ((tag, content),) = value.items()
    if tag == "N":
        return
    size_bytes = text_bytes(content) if tag == "S" else len(content)
    if not size_bytes:
        kind = "string" if tag == "S" else "binary"
        raise InvalidItemError(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty {kind} value. {where}"
        )
    if size_bytes > limit_bytes:
        raise InvalidItemError(
            "One or more parameter values were invalid: Size of a key exceeded the maximum "
            f"size limit of {limit_bytes} bytes. {where}"
        )
