"""What conditions and updates share: operands, the functions' meaning, checks on given values."""

from collections.abc import Callable
from typing import Any

from tests.fakes.paths import Path, find, path_text
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import AttributeValue, Item, Values
from tests.fakes.syntax import Node, PathNode, bare
from tests.fakes.values import SET_TYPES, TYPES, scalar_of

Operand = Callable[[Item, Values], AttributeValue | None]
Check = Callable[[Values], None]

# Every function DynamoDB knows, with its number of operands.
FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
    "if_not_exists": 2,
    "list_append": 2,
}


def compile_path(path: Path) -> Operand:
    """Compile a document path; the plain attribute is the fast case."""
    if len(path) > 1:
        return lambda item, _values: find(item, path)
    head = str(path[0])
    return lambda item, _values: item.get(head)


def starts_with(whole: AttributeValue | None, prefix: AttributeValue | None) -> bool:
    """Tell whether text or bytes begin with others of the same type."""
    if whole is None or prefix is None:
        return False
    ((tag, content),) = prefix.items()
    return tag in ("S", "B") and tag in whole and whole[tag].startswith(content)


def contains(whole: AttributeValue | None, part: AttributeValue | None) -> bool:
    """Tell whether a text holds a part, or a set or list a member."""
    if whole is None or part is None:
        return False
    ((tag, content),) = whole.items()
    if tag == "L":
        return part in content
    if tag in SET_TYPES:
        return tag[0] in part and part[tag[0]] in content
    return tag in ("S", "B") and tag in part and part[tag] in content


def size_of(value: AttributeValue | None) -> AttributeValue | None:
    """Return size() as a number; numbers, booleans and nulls have none.

    The length of a text is counted in UTF-8 bytes, as in item sizes.
    """
    if value is None:
        return None
    ((tag, content),) = value.items()
    if tag in ("N", "BOOL", "NULL"):
        return None
    return {"N": str(len(content.encode()) if tag == "S" else len(content))}


def check_type(value: AttributeValue, allowed: frozenset[str], label: str) -> None:
    """Refuse a given value of a type that the operator does not take."""
    (tag,) = value
    if tag not in allowed:
        raise RefusalError(
            f"Incorrect operand type for operator or function; {label}, operand type: {tag}"
        )


def check_type_name(value: AttributeValue) -> None:
    """Refuse an unknown type in attribute_type."""
    if value["S"] not in TYPES:
        raise RefusalError(
            f"Invalid attribute type name found; type: {value['S']}, "
            f"valid types: {{{','.join(TYPES)}}}"
        )


def check_between(low: AttributeValue, high: AttributeValue) -> None:
    """Refuse given bounds of different types or in the wrong order."""
    ((low_tag, low_content),) = low.items()
    ((high_tag, high_content),) = high.items()
    operands = (
        f"lower bound operand: AttributeValue: {{{low_tag}:{low_content}}}, "
        f"upper bound operand: AttributeValue: {{{high_tag}:{high_content}}}"
    )
    if low_tag != high_tag:
        raise RefusalError(
            "The BETWEEN operator requires same data type for lower and upper bounds; " + operands
        )
    # Of one tag, so of one kind.
    least: Any = scalar_of(low)
    if least > scalar_of(high):
        raise RefusalError(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower "
            "bound; " + operands
        )


def check_distinct(name: str, operands: tuple[Node, ...]) -> None:
    """Refuse an operator or function whose two operands are the same attribute."""
    nodes = [bare(operand) for operand in operands]
    if len(nodes) == 2 and isinstance(nodes[0], PathNode) and nodes[0] == nodes[1]:
        raise RefusalError(
            "The first operand must be distinct from the remaining operands for this operator "
            f"or function; operator: {name}, first operand: {path_text(nodes[0].path)}"
        )
