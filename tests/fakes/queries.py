"""Query on a table or an index: key conditions, pages, filters and projections."""

from dataclasses import dataclass

from tests.fakes.expressions import Plan
from tests.fakes.paths import pick
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Answer, AttributeValue, Item, Request, Scalar, Values
from tests.fakes.shelves import Order, Shelf, span
from tests.fakes.syntax import FunctionNode, Node, OperatorNode, PathNode, ValueNode, bare
from tests.fakes.tables import Table, TableSpec
from tests.fakes.values import copy_item, scalar_of
from tests.fakes.writes import accept_key

PAGE_BYTES_MAX = 1024 * 1024

_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """One part of a key condition: attribute, operator and the names of its values."""

    name: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Where a query looks."""

    partition: Scalar
    operator: str
    operands: list[Scalar]


@dataclass(slots=True)
class Page:
    """What a query examined."""

    examined: list[Item]
    size_bytes: int
    is_cut: bool


def read_range(plan: Plan, values: Values, spec: TableSpec, index: str | None) -> KeyRange:
    """Work out the range of a query from its key condition."""
    conditions = read_key_conditions(plan, spec, index)
    pk, *sort_names = spec.key_names(index)
    operands = {
        one.name: [_operand(values[value], spec, one.name) for value in one.values]
        for one in conditions.values()
    }
    if not sort_names or sort_names[0] not in conditions:
        return KeyRange(operands[pk][0], "", [])
    sort = conditions[sort_names[0]]
    return KeyRange(operands[pk][0], sort.operator, operands[sort.name])


def read_key_conditions(plan: Plan, spec: TableSpec, index: str | None) -> dict[str, KeyCondition]:
    """Take a key condition apart: by name of the key."""
    if plan.key_condition is None:
        raise RefusalError(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in "
            "the request."
        )
    conditions: dict[str, KeyCondition] = {}
    for part in _conjuncts(plan.key_condition):
        condition = _key_condition(part)
        if condition.name in conditions:
            raise RefusalError(
                "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one "
                "condition per key"
            )
        conditions[condition.name] = condition
    pk, *sort_names = spec.key_names(index)
    _check_names(conditions, pk, sort_names)
    return conditions


def _conjuncts(node: Node) -> list[Node]:
    node = bare(node)
    if isinstance(node, OperatorNode) and node.name == "AND":
        return [part for one in node.operands for part in _conjuncts(one)]
    return [node]


def _key_condition(node: Node) -> KeyCondition:
    if isinstance(node, FunctionNode) and node.name == "begins_with":
        operator, operands = node.name, tuple(bare(one) for one in node.arguments)
    elif isinstance(node, OperatorNode) and (node.name in _MIRRORED or node.name == "BETWEEN"):
        operator, operands = node.name, tuple(bare(one) for one in node.operands)
    else:
        name = getattr(node, "name", "")
        raise RefusalError(
            f"Invalid operator used in KeyConditionExpression: {name or 'an operand alone'}"
        )
    if isinstance(operands[0], ValueNode) and operator in _MIRRORED:
        operator, operands = _MIRRORED[operator], operands[::-1]
    return _simple(operator, operands)


def _simple(operator: str, operands: tuple[Node, ...]) -> KeyCondition:
    path, *others = operands
    names = [one.name for one in others if isinstance(one, ValueNode)]
    if not isinstance(path, PathNode) or len(names) != len(others):
        raise RefusalError(
            "Invalid condition in KeyConditionExpression: a key must be compared with values"
        )
    if len(path.path) > 1:
        raise RefusalError(
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on "
            "nested attributes"
        )
    return KeyCondition(str(path.path[0]), operator, tuple(names))


def _check_names(conditions: dict[str, KeyCondition], pk: str, sort_names: list[str]) -> None:
    if pk not in conditions:
        raise RefusalError(f"Query condition missed key schema element: {pk}")
    if conditions[pk].operator != "=":
        raise RefusalError("Query key condition not supported")
    unknown = [name for name in conditions if name not in (pk, *sort_names)]
    if unknown:
        missed = f": {sort_names[0]}" if sort_names else ""
        raise RefusalError(f"Query condition missed key schema element{missed}")


def _operand(value: AttributeValue, spec: TableSpec, name: str) -> Scalar:
    if spec.type_of(name) not in value:
        raise RefusalError(
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type"
        )
    scalar = scalar_of(value)
    if scalar in ("", b""):
        raise RefusalError(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty value. Key: {name}"
        )
    return scalar


def check_filter(plan: Plan, table: Table, index: str | None) -> None:
    """Refuse filters on the keys that are being queried, and attributes an index lacks."""
    for name in table.spec.key_names(index):
        if name in plan.filter_heads:
            raise RefusalError(
                "Filter Expression can only contain non-primary key attributes: Primary key "
                f"attribute: {name}"
            )
    if index is None:
        return
    projected = table.indexes[index].projected
    for path in plan.projection or ():
        if path[0] not in projected:
            raise RefusalError(
                "One or more parameter values were invalid: Global secondary index "
                f"{index} does not project [{path[0]}]"
            )


def examine(shelf: Shelf, key_range: KeyRange, start: Order | None, request: Request) -> Page:
    """Walk over the rows of a range until the limit or one megabyte is reached."""
    orders = shelf.orders(key_range.partition)
    low, high = 0, len(orders)
    if key_range.operator:
        low, high = span(orders, key_range.operator, key_range.operands)
    positions = orders[low:high]
    if not request.get("ScanIndexForward", True):
        positions.reverse()
        positions = [one for one in positions if start is None or one < start]
    elif start is not None:
        positions = [one for one in positions if one > start]
    limit = request.get("Limit", len(positions) + 1)
    page = Page([], 0, is_cut=False)
    for order in positions:
        row = shelf.rows[key_range.partition, order]
        page.is_cut = page.size_bytes + row.size_bytes > PAGE_BYTES_MAX and bool(page.examined)
        if page.is_cut:
            break
        page.examined.append(row.item)
        page.size_bytes += row.size_bytes
        # The service stops here without a look whether anything follows.
        page.is_cut = len(page.examined) == limit
        if page.is_cut:
            break
    return page


def read_start(
    request: Request, table: Table, index: str | None, partition: Scalar
) -> Order | None:
    """Check ExclusiveStartKey and return the position it stands for."""
    given = request.get("ExclusiveStartKey")
    if given is None:
        return None
    key = accept_key(given)
    names = table.key_names if index is None else table.indexes[index].projected
    if key.keys() != set(names):
        raise RefusalError("The provided starting key is invalid")
    if any(table.spec.type_of(name) not in key[name] for name in names):
        raise RefusalError("The provided key element does not match the schema")
    if index is None and len(names) == 1:
        raise RefusalError("The provided exclusive start key is invalid: ExclusiveStartKey")
    first, *order = (scalar_of(key[name]) for name in names)
    if first != partition:
        raise RefusalError(
            "The provided starting key is outside query boundaries based on provided conditions"
        )
    return tuple(order)


def build_answer(page: Page, plan: Plan, values: Values, names: tuple[str, ...]) -> Answer:
    """Filter and project the examined items; `names` are those of the page's last key."""
    test = plan.filter
    found = [one for one in page.examined if test is None or test(one, values)]
    answer: Answer = {
        "Items": [project(one, plan) for one in found],
        "Count": len(found),
        "ScannedCount": len(page.examined),
    }
    if page.is_cut:
        last = page.examined[-1]
        answer["LastEvaluatedKey"] = copy_item({name: last[name] for name in names})
    return answer


def project(item: Item, plan: Plan) -> Item:
    """Copy an item or what its projection names."""
    return copy_item(item if plan.projection is None else pick(item, plan.projection))
