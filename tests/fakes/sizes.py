"""How many bytes DynamoDB counts for an item.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
(read 2026-11-22). The page says "approximately" for numbers; the pairs of digits are what
people measured: https://github.com/zaccharles/dynamodb-calculator (index.html).
"""

from functools import lru_cache

from tests.fakes.shapes import AttributeValue, Item
from tests.fakes.values import (
    CONTAINER_BYTES,
    ELEMENT_BYTES,
    NUMBER_BYTES_MAX,
    canonical_number,
)

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
ITEM_BYTES_MAX = 400 * 1024
WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096


def item_bytes(item: Item) -> int:
    """Return the size of an item: names in UTF-8 plus values."""
    return sum(attribute_bytes(name, value) for name, value in item.items())


def attribute_bytes(name: str, value: AttributeValue) -> int:
    """Return the size of one top-level attribute with its name."""
    return text_bytes(name) + value_bytes(value)


def value_bytes(value: AttributeValue) -> int:
    """Return the size of one value."""
    ((tag, content),) = value.items()
    if tag == "S":
        return text_bytes(content)
    if tag == "N":
        return number_bytes(content)
    if tag in ("BOOL", "NULL"):
        return 1
    if tag == "B":
        return len(content)
    return _collection_bytes(tag, content)


def _collection_bytes(tag: str, content: dict[str, AttributeValue] | list[AttributeValue]) -> int:
    if isinstance(content, dict):
        members = sum(attribute_bytes(name, value) for name, value in content.items())
        return CONTAINER_BYTES + members + ELEMENT_BYTES * len(content)
    if tag == "L":
        return CONTAINER_BYTES + sum(value_bytes(one) + ELEMENT_BYTES for one in content)
    return sum(value_bytes({tag[0]: member}) for member in content)


def text_bytes(text: str) -> int:
    """Return the length in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def number_bytes(text: str) -> int:
    """Return the size of a number: one byte, one per pair of digits, one for a minus sign.

    Pairs are aligned to the decimal point, and pairs of zeros at both ends do not count.
    """
    if text.isdigit() and text[0] != "0":
        length = len(text)
        return 1 + (length + 1) // 2 - (length - len(text.rstrip("0"))) // 2
    return _decimal_bytes(text)


@lru_cache(maxsize=4096)
def _decimal_bytes(text: str) -> int:
    number = canonical_number(text)
    if number == "0":
        return 1
    whole, _, fraction = number.lstrip("-").partition(".")
    whole = "" if whole == "0" else whole
    digits = "0" * (len(whole) % 2) + whole + fraction + "0" * (len(fraction) % 2)
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    first = next(at for at, pair in enumerate(pairs) if pair != "00")
    last = next(at for at in reversed(range(len(pairs))) if pairs[at] != "00")
    sign = 1 if number.startswith("-") else 0
    return min(1 + last - first + 1 + sign, NUMBER_BYTES_MAX)


def write_units(size_bytes: int) -> int:
    """Return the write units of a standard write; nothing costs less than one."""
    return max(1, -(-size_bytes // WRITE_UNIT_BYTES))


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """Return the read units of one read; an absent item costs as much as a small one."""
    units = max(1, -(-size_bytes // READ_UNIT_BYTES))
    return float(units) if consistent else units / 2
