"""Plain Python values to DynamoDB's low-level form, so that a table of cases stays readable."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.fakes.shapes import AttributeValue, Item, Values

KEY: Item = {"pk": {"S": "k"}, "sk": {"S": "1"}}


def av(plain: Any) -> AttributeValue:
    """Convert one value; sets must hold one kind of member."""
    if plain is None:
        return {"NULL": True}
    if isinstance(plain, bool):
        return {"BOOL": plain}
    if isinstance(plain, set | frozenset):
        return _set(sorted(plain))
    if isinstance(plain, list):
        return {"L": [av(one) for one in plain]}
    if isinstance(plain, dict):
        return {"M": {name: av(one) for name, one in plain.items()}}
    return {_TAGS[type(plain)]: str(plain) if isinstance(plain, int | Decimal) else plain}


_TAGS = {str: "S", bytes: "B", int: "N", Decimal: "N"}


def _set(members: list[Any]) -> AttributeValue:
    tag = _TAGS[type(members[0])]
    return {tag + "S": [str(one) if tag == "N" else one for one in members]}


def attrs(**plain: Any) -> Item:
    """Convert attributes."""
    return {name: av(one) for name, one in plain.items()}


def item(**plain: Any) -> Item:
    """Build an item under the common key."""
    return {**KEY, **attrs(**plain)}


def values(**plain: Any) -> Values:
    """Build ExpressionAttributeValues; x=1 becomes :x."""
    return {f":{name}": av(one) for name, one in plain.items()}


def in_order(value: Any) -> Any:
    """Sort all sets in a structure, since no service promises their order."""
    if isinstance(value, list):
        return [in_order(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: sorted(one) if name in ("SS", "NS", "BS") else in_order(one)
        for name, one in value.items()
    }


def by_key(items: Iterable[Item]) -> list[Item]:
    """Sort items by their keys."""
    return sorted(items, key=lambda one: (str(one.get("pk")), str(one.get("sk"))))
