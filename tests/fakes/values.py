"""DynamoDB attribute values in low-level form: canonical form, copies, order, sizes.

Values inside the fake are never changed in place, so a new item may share them with an old one.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from botocore.exceptions import ParamValidationError

from tests.fakes.refusals import RefusalError, parameter_error
from tests.fakes.shapes import AttributeValue, Item, Scalar

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
DIGITS_MAX = 38
EXPONENT_MAX = 125
EXPONENT_MIN = -130
# Measured rule: a stored number never takes more than this.
NUMBER_BYTES_MAX = 21
CONTAINER_BYTES = 3
ELEMENT_BYTES = 1

TYPES = ("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS")
SET_TYPES = frozenset({"SS", "NS", "BS"})
ORDERED_TYPES = frozenset({"S", "N", "B"})
SET_NAMES = {"SS": "string", "NS": "number", "BS": "binary"}

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def canonical_number(text: str) -> str:
    """Return a number the way DynamoDB returns it: plain decimal, no superfluous zeros.

    Raises: RefusalError for what is no number, too precise, too large or too small.
    """
    if not isinstance(text, str):
        raise wrong_type(text, "str")
    plain = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
    if plain and (text[0] != "0" or text == "0"):
        return text
    return _canonical_decimal(text)


def wrong_type(content: object, expected: str) -> ParamValidationError:
    """Build what botocore raises for a value of the wrong Python type."""
    return parameter_error(
        f"Invalid type for parameter, value: {content!r}, valid types: {expected}"
    )


@lru_cache(maxsize=4096)
def _canonical_decimal(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise RefusalError(
            f"The parameter cannot be converted to a numeric value: {text}"
            if text
            else "The parameter cannot be converted to a numeric value"
        )
    return decimal_text(Decimal(text))


def decimal_text(number: Decimal) -> str:
    """Write a Decimal in canonical form, or raise RefusalError if it does not fit."""
    if number == 0:
        return "0"
    exponent = number.adjusted()
    if exponent > EXPONENT_MAX or exponent < EXPONENT_MIN:
        word, size = ("over", "larger") if exponent > 0 else ("under", "smaller")
        raise RefusalError(
            f"Number {word}flow. Attempting to store a number with magnitude {size} than "
            "supported range"
        )
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > DIGITS_MAX:
        raise RefusalError("Attempting to store more than 38 significant digits in a Number")
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_of(text: str) -> int | Decimal:
    """Read a canonical number; int and Decimal compare and hash alike."""
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise wrong_type(content, "str")
    return content


def _binary(content: Any) -> bytes:
    if not isinstance(content, bytes | bytearray):
        raise wrong_type(content, "bytes")
    return bytes(content)


def _boolean(content: Any) -> bool:
    if not isinstance(content, bool):
        raise wrong_type(content, "bool")
    return content


def _null(content: Any) -> bool:
    if not _boolean(content):
        raise RefusalError(
            "One or more parameter values were invalid: Null attribute value types must have "
            "the value of true"
        )
    return True


def _members(content: Any) -> dict[str, AttributeValue]:
    if not isinstance(content, dict):
        raise wrong_type(content, "dict")
    return {_text(name): accept_value(value) for name, value in content.items()}


def _elements(content: Any) -> list[AttributeValue]:
    if not isinstance(content, list | tuple):
        raise wrong_type(content, "list")
    return [accept_value(value) for value in content]


def _set_of(tag: str, member: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def accept(content: Any) -> list[Any]:
        if not isinstance(content, list | tuple | set | frozenset):
            raise wrong_type(content, "list, set")
        members = [member(one) for one in content]
        if not members:
            raise RefusalError(
                f"One or more parameter values were invalid: An {SET_NAMES[tag]} set  may not "
                "be empty"
            )
        if len(set(members)) != len(members):
            raise RefusalError(
                "One or more parameter values were invalid: Input collection "
                f"{members} contains duplicates."
            )
        return sort_set(tag, members)

    return accept


def sort_set(tag: str, members: list[Any]) -> list[Any]:
    """Order a set, so that equal sets are equal lists. DynamoDB promises no order."""
    return sorted(members, key=number_of) if tag == "NS" else sorted(members)


_ACCEPT: dict[str, Callable[[Any], Any]] = {
    "S": _text,
    "N": canonical_number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "L": _elements,
    "M": _members,
    "SS": _set_of("SS", _text),
    "NS": _set_of("NS", canonical_number),
    "BS": _set_of("BS", _binary),
}


def accept_value(value: AttributeValue) -> AttributeValue:
    """Check one value, bring it to canonical form and cut it loose from the caller's object."""
    if value.__class__ is dict and len(value) == 1 and value.get("S").__class__ is str:
        # Most values are texts.
        return dict(value)
    if not isinstance(value, dict):
        raise wrong_type(value, "dict")
    if len(value) != 1:
        raise RefusalError(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            if not value
            else "Supplied AttributeValue has more than one datatypes set, must contain exactly "
            "one of the supported datatypes"
        )
    ((tag, content),) = value.items()
    accept = _ACCEPT.get(tag)
    if accept is None:
        raise parameter_error(f'Unknown parameter in value: "{tag}", must be one of: {TYPES}')
    return {tag: accept(content)}


def copy_value(value: AttributeValue) -> AttributeValue:
    """Copy a stored value for a caller, who may change what he is given."""
    ((tag, content),) = value.items()
    if content.__class__ is str:
        return {tag: content}
    if tag == "M":
        return {tag: {name: copy_value(member) for name, member in content.items()}}
    if tag == "L":
        return {tag: [copy_value(element) for element in content]}
    return {tag: list(content) if tag in SET_TYPES else content}


def copy_item(item: Item) -> Item:
    """Copy a stored item for a caller."""
    return {name: copy_value(value) for name, value in item.items()}


def scalar_of(value: AttributeValue) -> Scalar:
    """Return what an S, N or B value is ordered by; Python orders text as UTF-8 does."""
    ((tag, content),) = value.items()
    scalar: Scalar = number_of(content) if tag == "N" else content
    return scalar
