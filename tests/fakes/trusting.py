"""The calls of DynamoDB that a simulation makes all the time, for callers who are trusted: nothing
is checked, copied, sized or charged. What is asked of them must be right, and whoever gives or is
given a value leaves it as it is. A test compares them with the calls that check."""

from collections.abc import Callable, Mapping

from tests.fakes.expressions import EMPTY, KINDS, Plan, plan_of
from tests.fakes.paths import pick
from tests.fakes.queries import KeyCondition, KeyRange, examine, read_key_conditions
from tests.fakes.refusals import ConditionFailedError
from tests.fakes.shapes import Answer, Clock, Item, Request, Values
from tests.fakes.shelves import Order, Position, Row, Shelf
from tests.fakes.syntax import Names
from tests.fakes.tables import Table
from tests.fakes.values import scalar_of

NO_ITEM: Item = {}
_NO_NAMES: dict[str, str] = {}
_NO_TEXTS = (None,) * len(KINDS)


_KeyConditions = tuple[KeyCondition, KeyCondition | None]


class TrustingCalls:
    """Put, get, update and query. Transactions and the rest take the way that checks."""

    def __init__(self, tables: Mapping[str, Table], settled_ms: Clock) -> None:
        self._tables = tables
        self._settled_ms = settled_ms
        self._key_conditions: dict[tuple[str, str | None, str], _KeyConditions] = {}
        self.effects: dict[str, Callable[[Request], Answer]] = {
            "get_item": self._get_item,
            "put_item": self._put_item,
            "query": self._query,
            "update_item": self._update_item,
        }

    def _get_item(self, request: Request) -> Answer:
        table = self._tables[request["TableName"]]
        row = table.shelf.rows.get(_position(table, request["Key"]))
        if row is None:
            return {}
        plan = _plan(request, _names(request))
        return {"Item": row.item if plan.projection is None else pick(row.item, plan.projection)}

    def _put_item(self, request: Request) -> Answer:
        table = self._tables[request["TableName"]]
        item: Item = request["Item"]
        position = _position(table, item)
        row = table.shelf.rows.get(position)
        old = None if row is None else row.item
        _expect(_plan(request, _names(request)), request, old)
        if old != item:
            table.replace(position, Row(item, 0), None)
        return _attributes(request.get("ReturnValues", "NONE"), old, item)

    def _update_item(self, request: Request) -> Answer:
        table, key = self._tables[request["TableName"]], request["Key"]
        position = _position(table, key)
        row = table.shelf.rows.get(position)
        old = None if row is None else row.item
        # An alias stands in the item itself while the expressions run: so they are compiled once,
        # whatever the names behind the aliases are.
        names: dict[str, str] = request.get("ExpressionAttributeNames", _NO_NAMES)
        plan = _plan(request, tuple((alias, alias) for alias in names))
        seen = _aliased(old, names) if old and names else old
        _expect(plan, request, seen, old)
        update = plan.update
        assert update is not None
        if old is None and not update.creates:
            return {}
        new = update.apply(seen or key, request.get("ExpressionAttributeValues", {}))
        heads = update.heads
        if names:
            _put_back(new, names, heads)
            heads = frozenset(names.get(head, head) for head in heads)
        if old is None or any(old.get(head) != new.get(head) for head in heads):
            table.replace(position, Row(new, 0), None if old is None else heads)
        return _attributes(request.get("ReturnValues", "NONE"), old, new)

    def _query(self, request: Request) -> Answer:
        table, name = self._tables[request["TableName"]], request.get("IndexName")
        plan = _plan(request, _names(request))
        values: Values = request["ExpressionAttributeValues"]
        partition, sort = self._conditions(table, name, request["KeyConditionExpression"], plan)
        operands = [] if sort is None else [scalar_of(values[one]) for one in sort.values]
        operator = "" if sort is None else sort.operator
        key_range = KeyRange(scalar_of(values[partition.values[0]]), operator, operands)
        shelf, names = self._shelf(table, name)
        page = examine(shelf, key_range, _start(request, names), request)
        answer = _found(page.examined, plan, values)
        if request.get("Select") == "COUNT":
            del answer["Items"]
        if page.is_cut:
            answer["LastEvaluatedKey"] = {one: page.examined[-1][one] for one in names}
        return answer

    def _shelf(self, table: Table, index: str | None) -> tuple[Shelf, tuple[str, ...]]:
        if index is None:
            return table.shelf, table.key_names
        table.indexes[index].settle(self._settled_ms())
        return table.indexes[index].shelf, table.indexes[index].projected

    def _conditions(self, table: Table, index: str | None, text: str, plan: Plan) -> _KeyConditions:
        asked = table.spec.name, index, text
        if asked not in self._key_conditions:
            conditions = read_key_conditions(plan, table.spec, index)
            pk, *sort_names = table.spec.key_names(index)
            sort = conditions.get(sort_names[0]) if sort_names else None
            self._key_conditions[asked] = conditions[pk], sort
        return self._key_conditions[asked]


def _start(request: Request, names: tuple[str, ...]) -> Order | None:
    given = request.get("ExclusiveStartKey")
    return None if given is None else tuple(scalar_of(given[one]) for one in names[1:])


def _found(examined: list[Item], plan: Plan, values: Values) -> Answer:
    test, paths = plan.filter, plan.projection
    found = examined if test is None else [one for one in examined if test(one, values)]
    shown = found if paths is None else [pick(one, paths) for one in found]
    return {"Items": shown, "Count": len(found), "ScannedCount": len(examined)}


def _position(table: Table, item: Item) -> Position:
    partition, *order = [scalar_of(item[name]) for name in table.key_names]
    return partition, tuple(order)


def _names(request: Request) -> Names:
    return tuple(request.get("ExpressionAttributeNames", _NO_NAMES).items())


def _plan(request: Request, names: Names) -> Plan:
    texts = tuple(map(request.get, KINDS))
    return EMPTY if texts == _NO_TEXTS else plan_of(texts, names)


def _aliased(item: Item, names: Mapping[str, str]) -> Item:
    return item | {alias: item[name] for alias, name in names.items() if name in item}


def _put_back(item: Item, names: Mapping[str, str], changed: frozenset[str]) -> None:
    """Put what stands under aliases under its names; only what changed may differ there."""
    for alias, name in names.items():
        value = item.pop(alias, None)
        if alias in changed:
            item.pop(name, None)
            if value is not None:
                item[name] = value


def _expect(plan: Plan, request: Request, seen: Item | None, old: Item | None = None) -> None:
    """Test the condition; `seen` is the item as the expressions name it, `old` as it is."""
    test = plan.condition
    if test is None:
        return
    values: Values = request.get("ExpressionAttributeValues", {})
    if not test(NO_ITEM if seen is None else seen, values):
        shows = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        raise ConditionFailedError((seen if old is None else old) if shows else None)


def _attributes(wanted: str, old: Item | None, new: Item) -> Answer:
    shown = {"NONE": None, "ALL_OLD": old, "ALL_NEW": new}[wanted]
    return {"Attributes": shown} if shown else {}
