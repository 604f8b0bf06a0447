"""The grammars of the four kinds of expression, each from text to tree.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html; what
the page leaves open follows tests that ScyllaDB runs against AWS (test/alternator in its tree).
"""

from dataclasses import dataclass

from tests.fakes.paths import Path, check_apart
from tests.fakes.refusals import RefusalError
from tests.fakes.syntax import (
    FunctionNode,
    GroupNode,
    Node,
    OperatorNode,
    PathNode,
    TokenReader,
    ValueNode,
    bare,
)

COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
LOGICAL = frozenset({"AND", "OR", "NOT"})


@dataclass(frozen=True, slots=True)
class Action:
    """One step of an update: SET path = node, REMOVE path, ADD path node, DELETE path node."""

    section: str
    path: Path
    operand: Node | None


def read_condition(reader: TokenReader) -> Node:
    """Read a condition, filter or key condition."""
    node = _either(reader)
    reader.expect_end()
    if isinstance(bare(node), PathNode | ValueNode):
        reader.fail()
    return node


def _either(reader: TokenReader) -> Node:
    node = _both(reader)
    while reader.skip_word("OR"):
        node = OperatorNode("OR", (node, _both(reader)))
    return node


def _both(reader: TokenReader) -> Node:
    node = _negated(reader)
    while reader.skip_word("AND"):
        node = OperatorNode("AND", (node, _negated(reader)))
    return node


def _negated(reader: TokenReader) -> Node:
    if reader.skip_word("NOT"):
        return OperatorNode("NOT", (_negated(reader),))
    return _comparison(reader)


def _comparison(reader: TokenReader) -> Node:
    left = _term(reader)
    sign = reader.peek()
    if sign.kind == "sign" and sign.text in COMPARATORS:
        reader.take()
        return OperatorNode(sign.text, (left, _term(reader)))
    if reader.skip_word("BETWEEN"):
        low = _term(reader)
        if not reader.skip_word("AND"):
            reader.fail()
        return OperatorNode("BETWEEN", (left, low, _term(reader)))
    if reader.skip_word("IN"):
        return OperatorNode("IN", (left, *_choices(reader)))
    return left


def _choices(reader: TokenReader) -> list[Node]:
    reader.expect("(")
    choices = [_term(reader)]
    while reader.skip(","):
        choices.append(_term(reader))
    reader.expect(")")
    return choices


def _term(reader: TokenReader) -> Node:
    """Read an operand, or anything in parentheses."""
    if not reader.skip("("):
        return reader.operand(lambda: _term(reader))
    inner = _either(reader)
    reader.expect(")")
    if isinstance(inner, GroupNode):
        raise RefusalError("The expression has redundant parentheses;")
    return GroupNode(inner)


def read_update(reader: TokenReader) -> tuple[Action, ...]:
    """Read an update expression."""
    actions: list[Action] = []
    seen: set[str] = set()
    while reader.peek().kind != "end":
        section = reader.peek().text.upper()
        if section not in SECTIONS:
            reader.fail()
        if section in seen:
            raise RefusalError(
                f'The "{section}" section can only be used once in an update expression;'
            )
        seen.add(section)
        reader.take()
        actions.append(_action(reader, section))
        while reader.skip(","):
            actions.append(_action(reader, section))
    check_apart(tuple(action.path for action in actions))
    return tuple(actions)


def _action(reader: TokenReader, section: str) -> Action:
    path = reader.path()
    if section == "REMOVE":
        return Action(section, path, None)
    if section == "SET":
        reader.expect("=")
        return Action(section, path, _new_value(reader))
    return Action(section, path, reader.value())


def _new_value(reader: TokenReader) -> Node:
    left = _summand(reader)
    sign = reader.peek()
    if sign.text not in ("+", "-"):
        return left
    reader.take()
    operands = (left, _summand(reader))
    if any(isinstance(bare(operand), OperatorNode) for operand in operands):
        reader.fail()
    return OperatorNode(sign.text, operands)


def _summand(reader: TokenReader) -> Node:
    if not reader.skip("("):
        return reader.operand(lambda: _argument(reader))
    inner = _new_value(reader)
    reader.expect(")")
    return GroupNode(inner)


def _argument(reader: TokenReader) -> Node:
    node = reader.operand(lambda: _argument(reader))
    if isinstance(node, FunctionNode) and node.name == "list_append":
        # AWS parses it and then says this; nobody knows why.
        raise RefusalError(
            "The function is not allowed to be used this way in an expression; "
            "function: list_append"
        )
    return node


def read_projection(reader: TokenReader) -> tuple[Path, ...]:
    """Read a projection expression."""
    paths = [reader.path()]
    while reader.skip(","):
        paths.append(reader.path())
    reader.expect_end()
    check_apart(tuple(paths))
    return tuple(paths)
