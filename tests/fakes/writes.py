"""One write on one item, in three steps: check the request, look at the old item, commit.

Single calls take the steps at once; a transaction takes each step for all its actions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.fakes.expressions import Plan, read_expressions
from tests.fakes.paths import pick
from tests.fakes.refusals import ConditionFailedError, InvalidItemError, RefusalError
from tests.fakes.shapes import Answer, Item, Request, Values
from tests.fakes.shelves import Position, Row
from tests.fakes.sizes import ITEM_BYTES_MAX, attribute_bytes, item_bytes, value_bytes
from tests.fakes.tables import Table
from tests.fakes.updates import Update
from tests.fakes.values import accept_value, copy_item

NO_ITEM: Item = {}
ON_FAILURE = ("ALL_OLD", "NONE")


@dataclass(slots=True)
class Result:
    """What a write makes of the old row."""

    new: Row | None
    changed: bool
    # The attributes that may differ; None if it may be all.
    touched: frozenset[str] | None = None


@dataclass(slots=True)
class Write:
    """A checked request for one item."""

    table: Table
    position: Position
    plan: Plan
    values: Values
    make: Callable[[Row | None], Result]
    returns_item: bool
    put_bytes: int = 0
    old: Row | None = None
    result: Result | None = None

    def look(self) -> None:
        """Test the condition against the stored item and work out the new one.

        Raises: ConditionFailedError, InvalidItemError.
        """
        old = self.table.shelf.rows.get(self.position)
        self.old = old
        test = self.plan.condition
        if test is not None and not test(NO_ITEM if old is None else old.item, self.values):
            shown = copy_item(old.item) if self.returns_item and old is not None else None
            raise ConditionFailedError(shown)
        self.result = self.make(old)

    def payload_bytes(self) -> int:
        """Return how much the request carries, near enough to see that it is too much."""
        return self.put_bytes + sum(value_bytes(value) for value in self.values.values())

    def commit(self, factor: int = 1) -> None:
        """Do what `look` worked out."""
        result = self.result
        if result is None:
            return
        self.table.charge(self.old, result.new, factor)
        if result.changed:
            self.table.replace(self.position, result.new, result.touched)

    def charge_refused(self, factor: int = 1) -> None:
        """Charge for a write whose condition failed: AWS counts the item it looked at."""
        self.table.charge(self.table.shelf.rows.get(self.position), None, factor)


def prepare_put(table: Table, request: Request) -> Write:
    """Check a PutItem or a transaction's Put."""
    item = _accept_item(request["Item"])
    row = Row(item, item_bytes(item))
    plan, values = read_expressions(request)
    position = table.position_in(item)
    if row.size_bytes > ITEM_BYTES_MAX:
        raise InvalidItemError("Item size has exceeded the maximum allowed size")

    def make(old: Row | None) -> Result:
        return Result(row, changed=old is None or old.item != item)

    return Write(table, position, plan, values, make, returns_item(request), row.size_bytes)


def prepare_delete(table: Table, request: Request) -> Write:
    """Check a DeleteItem or a transaction's Delete."""
    position = table.position_of(accept_key(request["Key"]))
    plan, values = read_expressions(request)

    def make(old: Row | None) -> Result:
        return Result(None, changed=old is not None)

    return Write(table, position, plan, values, make, returns_item(request))


def prepare_check(table: Table, request: Request) -> Write:
    """Check a transaction's ConditionCheck."""
    position = table.position_of(accept_key(request["Key"]))
    plan, values = read_expressions(request)

    def make(old: Row | None) -> Result:
        return Result(old, changed=False)

    return Write(table, position, plan, values, make, returns_item(request))


def prepare_update(table: Table, request: Request) -> Write:
    """Check an UpdateItem or a transaction's Update."""
    key = accept_key(request["Key"])
    position = table.position_of(key)
    plan, values = read_expressions(request)
    if plan.update is not None:
        _check_heads(table, plan.update)
    update = plan.update

    def make(old: Row | None) -> Result:
        if update is None:
            return _touched(old, key)
        if old is None and not update.creates:
            return Result(None, changed=False)
        return _updated(table, update, values, old, key)

    return Write(table, position, plan, values, make, returns_item(request))


def _check_heads(table: Table, update: Update) -> None:
    for name in table.key_names:
        if name in update.heads:
            raise RefusalError(
                f"One or more parameter values were invalid: Cannot update attribute {name}. "
                "This attribute is part of the key"
            )


def _touched(old: Row | None, key: Item) -> Result:
    """An update without an expression creates an item of its key alone."""
    if old is not None:
        return Result(old, changed=False)
    return Result(Row(key, item_bytes(key)), changed=True)


def _updated(table: Table, update: Update, values: Values, old: Row | None, key: Item) -> Result:
    before = Row(key, item_bytes(key)) if old is None else old
    item = update.apply(before.item, values)
    size_bytes = before.size_bytes
    changed = old is None
    for head in update.heads:
        one, other = before.item.get(head), item.get(head)
        if one != other:
            changed = True
            size_bytes += 0 if other is None else attribute_bytes(head, other)
            size_bytes -= 0 if one is None else attribute_bytes(head, one)
    if size_bytes > ITEM_BYTES_MAX:
        raise InvalidItemError("Item size to update has exceeded the maximum allowed size")
    table.check_index_keys(item, update.heads)
    return Result(Row(item, size_bytes), changed, None if old is None else update.heads)


def _accept_item(item: Item) -> Item:
    if "" in item:
        raise RefusalError("One or more parameter values were invalid: Empty attribute name")
    return {name: accept_value(value) for name, value in item.items()}


def accept_key(key: Item) -> Item:
    """Bring a key to canonical form."""
    return {name: accept_value(value) for name, value in key.items()}


def returns_item(request: Mapping[str, object]) -> bool:
    """Tell whether a failed condition shows the item."""
    wanted = request.get("ReturnValuesOnConditionCheckFailure", "NONE")
    if wanted not in ON_FAILURE:
        raise RefusalError(
            f"1 validation error detected: Value '{wanted}' at "
            "'returnValuesOnConditionCheckFailure' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(ON_FAILURE)}]"
        )
    return wanted == "ALL_OLD"


def attributes(write: Write, wanted: str) -> Answer:
    """Build the Attributes of an answer; none at all if there is nothing to show."""
    old = None if write.old is None else write.old.item
    new = None if write.result is None or write.result.new is None else write.result.new.item
    shown = old if wanted.endswith("_OLD") else new
    if wanted == "NONE" or shown is None:
        return {}
    if wanted.startswith("UPDATED"):
        shown = {} if write.plan.update is None else pick(shown, write.plan.update.paths)
    return {"Attributes": copy_item(shown)} if shown else {}
