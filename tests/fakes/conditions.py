"""Conditions compiled to closures that take an item and the call's values.

A missing attribute makes every comparison false, except <>, which it makes true.
"""

import operator
from collections.abc import Callable
from typing import Any

from tests.fakes.grammar import COMPARATORS
from tests.fakes.operands import (
    FUNCTIONS,
    Check,
    Operand,
    check_between,
    check_distinct,
    check_type,
    check_type_name,
    compile_path,
    contains,
    size_of,
    starts_with,
)
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import AttributeValue, Item, Values
from tests.fakes.syntax import FunctionNode, Node, OperatorNode, PathNode, ValueNode, bare
from tests.fakes.values import ORDERED_TYPES, TYPES, number_of

Condition = Callable[[Item, Values], bool]

# AWS counts the tested operand too, whatever its page says.
IN_OPERANDS_MAX = 100

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNSIZED = frozenset({"N", "BOOL", "NULL"})


class ConditionCompiler:
    """Turns one tree into a closure and gathers what must be checked on every call's values."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.heads: set[str] = set()

    def condition(self, node: Node) -> Condition:
        """Compile a node that must be true or false."""
        node = bare(node)
        if isinstance(node, FunctionNode):
            return self._function(node)
        if not isinstance(node, OperatorNode):
            raise RefusalError("Syntax error; a single operand is no condition")
        if node.name in _LOGICAL:
            return _LOGICAL[node.name]([self.condition(one) for one in node.operands])
        if node.name == "BETWEEN":
            return self._between(node)
        if node.name == "IN":
            return self._in(node)
        if node.name in COMPARATORS:
            return self._compare(node)
        raise RefusalError(f"Syntax error; token: {node.name}")

    def operand(self, node: Node) -> Operand:
        """Compile a node that stands for a value."""
        node = bare(node)
        if isinstance(node, PathNode):
            self.heads.add(str(node.path[0]))
            return compile_path(node.path)
        if isinstance(node, ValueNode):
            name = node.name
            return lambda _item, values: values[name]
        if isinstance(node, FunctionNode) and node.name == "size":
            return self._size(node)
        if isinstance(node, FunctionNode) and node.name not in FUNCTIONS:
            raise RefusalError(f"Invalid function name; function: {node.name}")
        raise RefusalError(
            "The function is not allowed to be used this way in an expression; "
            f"function: {getattr(node, 'name', '')}"
        )

    def _compare(self, node: OperatorNode) -> Condition:
        check_distinct(node.name, node.operands)
        left, right = (self.operand(one) for one in node.operands)
        if node.name == "=":
            return _equal(left, right)
        if node.name == "<>":
            equal = _equal(left, right)
            return lambda item, values: not equal(item, values)
        for one in node.operands:
            self._demand(one, ORDERED_TYPES, f"operator: {node.name}")
        return _ordered(left, right, _ORDERS[node.name])

    def _between(self, node: OperatorNode) -> Condition:
        tested, low, high = (self.operand(one) for one in node.operands)
        for one in node.operands:
            self._demand(one, ORDERED_TYPES, "operator: BETWEEN")
        bounds = [bare(one) for one in node.operands[1:]]
        names = [bound.name for bound in bounds if isinstance(bound, ValueNode)]
        if len(names) == len(bounds):
            self.checks.append(lambda values: check_between(values[names[0]], values[names[1]]))
        above = _ordered(tested, low, operator.ge)
        below = _ordered(tested, high, operator.le)
        return lambda item, values: above(item, values) and below(item, values)

    def _in(self, node: OperatorNode) -> Condition:
        if len(node.operands) > IN_OPERANDS_MAX:
            raise RefusalError(
                "The IN operator is provided with too many operands; "
                f"number of operands: {len(node.operands)}"
            )
        tested, *choices = (self.operand(one) for one in node.operands)

        def is_one(item: Item, values: Values) -> bool:
            found = tested(item, values)
            return found is not None and any(found == one(item, values) for one in choices)

        return is_one

    def _function(self, node: FunctionNode) -> Condition:
        expected = FUNCTIONS.get(node.name)
        if expected is None:
            raise RefusalError(f"Invalid function name; function: {node.name}")
        if node.name not in self._builders():
            raise RefusalError(
                "The function is not allowed to be used this way in an expression; "
                f"function: {node.name}"
            )
        check_operand_count(node, expected)
        check_distinct(node.name, node.arguments)
        return self._builders()[node.name](node)

    def _builders(self) -> dict[str, Callable[[FunctionNode], Condition]]:
        return {
            "attribute_exists": self._exists,
            "attribute_not_exists": self._not_exists,
            "attribute_type": self._has_type,
            "begins_with": self._begins_with,
            "contains": self._contains,
        }

    def _exists(self, node: FunctionNode) -> Condition:
        if not isinstance(bare(node.arguments[0]), PathNode):
            raise RefusalError(
                f"Operator or function requires a document path; operator or function: {node.name}"
            )
        find = self.operand(node.arguments[0])
        return lambda item, values: find(item, values) is not None

    def _not_exists(self, node: FunctionNode) -> Condition:
        exists = self._exists(node)
        return lambda item, values: not exists(item, values)

    def _has_type(self, node: FunctionNode) -> Condition:
        tested, wanted = (self.operand(one) for one in node.arguments)
        type_node = bare(node.arguments[1])
        if not isinstance(type_node, ValueNode):
            raise RefusalError(
                "Incorrect operand type for operator or function; operator or function: "
                f"attribute_type, operand type: {{{','.join(TYPES)}}}"
            )
        name = type_node.name
        self._demand(type_node, frozenset({"S"}), "operator or function: attribute_type")
        self.checks.append(lambda values: check_type_name(values[name]))

        def has_type(item: Item, values: Values) -> bool:
            found, type_value = tested(item, values), wanted(item, values)
            return found is not None and type_value is not None and type_value["S"] in found

        return has_type

    def _begins_with(self, node: FunctionNode) -> Condition:
        tested, prefix = (self.operand(one) for one in node.arguments)
        for one in node.arguments:
            self._demand(one, frozenset({"S", "B"}), "operator or function: begins_with")
        return lambda item, values: starts_with(tested(item, values), prefix(item, values))

    def _contains(self, node: FunctionNode) -> Condition:
        whole, part = (self.operand(one) for one in node.arguments)
        return lambda item, values: contains(whole(item, values), part(item, values))

    def _size(self, node: FunctionNode) -> Operand:
        check_operand_count(node, 1)
        argument = bare(node.arguments[0])
        if isinstance(argument, FunctionNode):
            raise RefusalError(
                "Incorrect operand type for operator or function; operator or function: size, "
                "operand type: N"
            )
        self._demand(argument, frozenset(TYPES) - _UNSIZED, "operator or function: size")
        measured = self.operand(argument)
        return lambda item, values: size_of(measured(item, values))

    def _demand(self, node: Node, allowed: frozenset[str], label: str) -> None:
        """Check a given value's type on every call; a stored value of another type is no error."""
        node = bare(node)
        if isinstance(node, ValueNode):
            name = node.name
            self.checks.append(lambda values: check_type(values[name], allowed, label))


def check_operand_count(node: FunctionNode, expected: int) -> None:
    """Refuse a function call with too many or too few arguments."""
    if len(node.arguments) != expected:
        raise RefusalError(
            "Incorrect number of operands for operator or function; operator or function: "
            f"{node.name}, number of operands: {len(node.arguments)}"
        )


def _all(parts: list[Condition]) -> Condition:
    left, right = parts
    return lambda item, values: left(item, values) and right(item, values)


def _any(parts: list[Condition]) -> Condition:
    left, right = parts
    return lambda item, values: left(item, values) or right(item, values)


def _not(parts: list[Condition]) -> Condition:
    (part,) = parts
    return lambda item, values: not part(item, values)


_LOGICAL: dict[str, Callable[[list[Condition]], Condition]] = {"AND": _all, "OR": _any, "NOT": _not}


def _equal(left: Operand, right: Operand) -> Condition:
    def is_equal(item: Item, values: Values) -> bool:
        found = left(item, values)
        return found is not None and found == right(item, values)

    return is_equal


def _ordered(left: Operand, right: Operand, holds: Callable[[Any, Any], bool]) -> Condition:
    def is_ordered(item: Item, values: Values) -> bool:
        one, other = left(item, values), right(item, values)
        if one is None or other is None:
            return False
        return _in_order(one, other, holds)

    return is_ordered


def _in_order(
    one: AttributeValue, other: AttributeValue, holds: Callable[[Any, Any], bool]
) -> bool:
    ((tag, content),) = one.items()
    if tag not in other or tag not in ORDERED_TYPES:
        return False
    if tag == "N":
        return holds(number_of(content), number_of(other[tag]))
    return holds(content, other[tag])
