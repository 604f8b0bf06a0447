"""Update expressions compiled to a closure from the old item to the new one.

All operands are read from the old item before anything is written. SET appends behind a list's
end in order of position, and removed positions are those of the old list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal

from tests.fakes.conditions import check_operand_count
from tests.fakes.grammar import Action
from tests.fakes.operands import FUNCTIONS, Check, Operand, check_type, compile_path
from tests.fakes.paths import Path, find, put_at, remove_at
from tests.fakes.refusals import InvalidItemError, RefusalError
from tests.fakes.shapes import AttributeValue, Item, Values
from tests.fakes.syntax import FunctionNode, Node, OperatorNode, PathNode, ValueNode, bare
from tests.fakes.values import DIGITS_MAX, SET_TYPES, decimal_text, sort_set

NUMBERS = frozenset({"N"})
LISTS = frozenset({"L"})
# Wide enough for any sum of two valid numbers, so that lost digits are seen and refused.
EXACT = Context(prec=400)
LONG_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
}

WRONG_TYPE = "An operand in the update expression has an incorrect data type"
MISSING = "The provided expression refers to an attribute that does not exist in the item"

Change = Callable[[Item, Values], AttributeValue | None]


@dataclass(frozen=True, slots=True)
class Update:
    """A compiled update: its closure, the paths it names and whether it can create an item.

    `creates` is false if there is nothing but REMOVE and DELETE: on an absent item AWS then
    does nothing at all.
    """

    apply: Callable[[Item, Values], Item]
    paths: tuple[Path, ...]
    heads: frozenset[str]
    creates: bool


class UpdateCompiler:
    """Turns the actions of one expression into a closure; gathers checks on given values."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def update(self, actions: tuple[Action, ...]) -> Update:
        """Compile all actions."""
        # Ascending order puts appended elements in order of position.
        written = sorted(
            (one for one in actions if one.operand is not None), key=lambda one: _order(one.path)
        )
        changes = [(one.path, self._change(one)) for one in written]
        # Descending order keeps the positions of a list valid while it shrinks.
        removed = sorted(
            (one.path for one in actions if one.operand is None), key=_order, reverse=True
        )

        def apply(old: Item, values: Values) -> Item:
            results = [(path, change(old, values)) for path, change in changes]
            new = old.copy()
            for path, value in results:
                if value is None:
                    remove_at(new, path)
                else:
                    put_at(new, path, value)
            for path in removed:
                remove_at(new, path)
            return new

        return Update(
            apply=apply,
            paths=tuple(one.path for one in actions),
            heads=frozenset(str(one.path[0]) for one in actions),
            creates=any(one.section in ("SET", "ADD") for one in actions),
        )

    def _change(self, action: Action) -> Change:
        if action.section == "SET" and action.operand is not None:
            return self._required(action.operand)
        operand = action.operand
        if not isinstance(operand, ValueNode):
            raise RefusalError("Syntax error; a value is needed")
        combine = _added if action.section == "ADD" else _deleted
        allowed = SET_TYPES | NUMBERS if action.section == "ADD" else SET_TYPES
        name, path, section = operand.name, action.path, action.section
        self.checks.append(lambda values: _check_set_operand(values[name], allowed, section))
        return lambda item, values: combine(find(item, path), values[name])

    def _required(self, node: Node) -> Change:
        """Compile an operand whose absence is an error."""
        operand = self._operand(node)

        def required(item: Item, values: Values) -> AttributeValue:
            found = operand(item, values)
            if found is None:
                raise InvalidItemError(MISSING)
            return found

        return required

    def _operand(self, node: Node) -> Operand:
        node = bare(node)
        if isinstance(node, PathNode):
            return compile_path(node.path)
        if isinstance(node, ValueNode):
            name = node.name
            return lambda _item, values: values[name]
        if isinstance(node, OperatorNode):
            return self._sum(node)
        if isinstance(node, FunctionNode) and node.name == "if_not_exists":
            return self._if_not_exists(node)
        if isinstance(node, FunctionNode) and node.name == "list_append":
            return self._list_append(node)
        name = getattr(node, "name", "")
        known = "The function is not allowed in an update expression; function: "
        unknown = "Invalid function name; function: "
        raise RefusalError((known if name in FUNCTIONS else unknown) + name)

    def _sum(self, node: OperatorNode) -> Operand:
        for one in node.operands:
            self._demand(one, NUMBERS, node.name)
            inner = bare(one)
            if isinstance(inner, FunctionNode) and inner.name == "list_append":
                raise RefusalError(
                    "Incorrect operand type for operator or function; operator or function: "
                    f"{node.name}, operand type: L"
                )
        left, right = (self._required(one) for one in node.operands)
        sign = -1 if node.name == "-" else 1
        return lambda item, values: _summed(left(item, values), right(item, values), sign)

    def _if_not_exists(self, node: FunctionNode) -> Operand:
        check_operand_count(node, FUNCTIONS[node.name])
        tested = bare(node.arguments[0])
        if not isinstance(tested, PathNode):
            raise RefusalError(
                "Operator or function requires a document path; operator or function: if_not_exists"
            )
        stored, otherwise = compile_path(tested.path), self._operand(node.arguments[1])

        def first_found(item: Item, values: Values) -> AttributeValue | None:
            found = stored(item, values)
            return otherwise(item, values) if found is None else found

        return first_found

    def _list_append(self, node: FunctionNode) -> Operand:
        check_operand_count(node, FUNCTIONS[node.name])
        for one in node.arguments:
            self._demand(one, LISTS, node.name)
        left, right = (self._required(one) for one in node.arguments)

        def appended(item: Item, values: Values) -> AttributeValue:
            lists = [left(item, values), right(item, values)]
            if any(one is None or "L" not in one for one in lists):
                raise InvalidItemError(WRONG_TYPE)
            return {"L": [element for one in lists if one is not None for element in one["L"]]}

        return appended

    def _demand(self, node: Node, allowed: frozenset[str], name: str) -> None:
        node = bare(node)
        if isinstance(node, ValueNode):
            value_name, label = node.name, f"operator or function: {name}"
            self.checks.append(lambda values: check_type(values[value_name], allowed, label))


def _order(path: Path) -> tuple[tuple[bool, str, int], ...]:
    return tuple(
        (isinstance(part, str), part, 0) if isinstance(part, str) else (False, "", part)
        for part in path
    )


def _check_set_operand(value: AttributeValue, allowed: frozenset[str], section: str) -> None:
    (tag,) = value
    if tag not in allowed:
        raise RefusalError(
            "Incorrect operand type for operator or function; "
            f"operator: {section}, operand type: {LONG_NAMES[tag]}"
        )


def _summed(left: AttributeValue | None, right: AttributeValue | None, sign: int) -> AttributeValue:
    if left is None or right is None or "N" not in left or "N" not in right:
        raise InvalidItemError(WRONG_TYPE)
    try:
        total = int(left["N"]) + sign * int(right["N"])
    except ValueError:
        return {"N": _exact_sum(left["N"], right["N"], sign)}
    text = str(total)
    return {"N": text if len(text) <= DIGITS_MAX else _fitting(Decimal(total))}


def _exact_sum(left: str, right: str, sign: int) -> str:
    return _fitting(EXACT.add(Decimal(left), EXACT.multiply(Decimal(sign), Decimal(right))))


def _fitting(number: Decimal) -> str:
    try:
        return decimal_text(number)
    except RefusalError as refusal:
        raise InvalidItemError(refusal.message) from refusal


def _added(stored: AttributeValue | None, value: AttributeValue) -> AttributeValue:
    ((tag, content),) = value.items()
    if stored is None:
        return value
    if tag == "N":
        return _summed(stored, value, 1)
    if tag not in stored:
        raise InvalidItemError(WRONG_TYPE)
    return {tag: sort_set(tag, list({*stored[tag], *content}))}


def _deleted(stored: AttributeValue | None, value: AttributeValue) -> AttributeValue | None:
    ((tag, content),) = value.items()
    if stored is None:
        return None
    if tag not in stored:
        raise InvalidItemError(WRONG_TYPE)
    left = [member for member in stored[tag] if member not in content]
    return {tag: left} if left else None
