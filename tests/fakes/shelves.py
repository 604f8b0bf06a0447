"""Rows in the order of their keys, grouped by partition: the storage of a table or an index."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

from tests.fakes.shapes import Item, Scalar

Order = tuple[Scalar, ...]
# Partition value, then what the rows of a partition are ordered by.
Position = tuple[Scalar, Order]


@dataclass(frozen=True, slots=True)
class Row:
    """An item and its size."""

    item: Item
    size_bytes: int


class Shelf:
    """Rows by position; a position is taken at most once."""

    def __init__(self) -> None:
        self.rows: dict[Position, Row] = {}
        self._orders: dict[Scalar, list[Order]] = {}

    def put(self, position: Position, row: Row) -> None:
        """Store a row, new or in place of another."""
        if position not in self.rows:
            insort(self._orders.setdefault(position[0], []), position[1])
        self.rows[position] = row

    def remove(self, position: Position) -> None:
        """Remove a row, if it is there."""
        if self.rows.pop(position, None) is not None:
            orders = self._orders[position[0]]
            del orders[bisect_left(orders, position[1])]

    def orders(self, partition: Scalar) -> list[Order]:
        """Return the orders of one partition, ascending; not to be changed."""
        return self._orders.get(partition, [])


def span(orders: list[Order], operator: str, operands: list[Scalar]) -> tuple[int, int]:
    """Return the half-open range of positions whose first order value fits a sort condition."""
    first = operands[0]
    low, high = 0, len(orders)
    if operator == "begins_with":
        return _span_of_prefix(orders, first)
    if operator in ("=", ">=", "BETWEEN"):
        low = bisect_left(orders, (first,))
    if operator == ">":
        low = bisect_right(orders, first, key=_first)
    if operator == "<":
        high = bisect_left(orders, (first,))
    if operator in ("=", "<=", "BETWEEN"):
        high = bisect_right(orders, operands[-1], key=_first)
    return low, high


def _first(order: Order) -> Scalar:
    return order[0]


def _span_of_prefix(orders: list[Order], prefix: Scalar) -> tuple[int, int]:
    low = high = bisect_left(orders, (prefix,))
    while high < len(orders) and _begins(orders[high][0], prefix):
        high += 1
    return low, high


def _begins(whole: Scalar, prefix: Scalar) -> bool:
    if isinstance(whole, str) and isinstance(prefix, str):
        return whole.startswith(prefix)
    return isinstance(whole, bytes) and isinstance(prefix, bytes) and whole.startswith(prefix)
