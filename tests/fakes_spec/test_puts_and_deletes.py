"""Puts, deletes, keys, and what a refused write shows: one table."""

from typing import Any

import pytest

from tests.fakes_spec.attribute_values import KEY, item, values
from tests.fakes_spec.backends import MakeBackend
from tests.fakes_spec.cases import FAILED, INVALID, Case, Table, check

TABLE = Table()
SHOWN = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
ITEM = item(v=1)
BAD = {"ConditionExpression": "v = :v", "ExpressionAttributeValues": values(v=2)}
OPERATIONS: dict[str, dict[str, Any]] = {
    "put_item": {"Item": item(v=9)},
    "update_item": {"Key": KEY, "UpdateExpression": "SET v = :v"},
    "delete_item": {"Key": KEY},
}
for operation, request in OPERATIONS.items():
    TABLE.add(f"{operation} refused", operation, ITEM, {**request, **BAD}, error=FAILED, answer={})
    TABLE.add(
        f"{operation} refused shows the item",
        operation,
        ITEM,
        {**request, **BAD, **SHOWN},
        error=FAILED,
        answer={"Item": ITEM},
    )
    TABLE.add(
        f"{operation} refused has nothing to show",
        operation,
        None,
        {**request, **BAD, **SHOWN},
        error=FAILED,
        answer={},
        after=[],
    )
TABLE.add(
    "put over an item",
    "put_item",
    item(a=1, b=2),
    {"Item": item(a=3), "ReturnValues": "ALL_OLD"},
    answer={"Attributes": item(a=1, b=2)},
    after=item(a=3),
)
TABLE.add(
    "put of a new item",
    "put_item",
    None,
    {"Item": item(a=3), "ReturnValues": "ALL_OLD"},
    answer={},
    after=item(a=3),
)
TABLE.add(
    "put knows no ALL_NEW",
    "put_item",
    None,
    {"Item": item(a=3), "ReturnValues": "ALL_NEW"},
    error=INVALID,
)
TABLE.add(
    "delete",
    "delete_item",
    item(a=1),
    {"Key": KEY, "ReturnValues": "ALL_OLD"},
    answer={"Attributes": item(a=1)},
    after=[],
)
TABLE.add(
    "delete of nothing",
    "delete_item",
    None,
    {"Key": KEY, "ReturnValues": "ALL_OLD"},
    answer={},
    after=[],
)
LONG = "x" * 400 * 1024
TABLE.add("put without a sort key", "put_item", None, {"Item": {"pk": {"S": "k"}}}, error=INVALID)
TABLE.add(
    "put with an empty key",
    "put_item",
    None,
    {"Item": {**KEY, "pk": {"S": ""}}},
    error=INVALID,
    says="empty string",
)
TABLE.add(
    "put with a number as key", "put_item", None, {"Item": {**KEY, "pk": {"N": "1"}}}, error=INVALID
)
TABLE.add("put over 400 KB", "put_item", None, {"Item": item(a=LONG)}, error=INVALID, says="size")
TABLE.add(
    "key of the wrong type",
    "delete_item",
    None,
    {"Key": {**KEY, "sk": {"N": "1"}}},
    error=INVALID,
    moto="moto does not look at the types of keys",
)
TABLE.add("key with more", "delete_item", None, {"Key": item(a=1)}, error=INVALID)
TABLE.add("half a key", "delete_item", None, {"Key": {"pk": {"S": "k"}}}, error=INVALID)
TABLE.add(
    "put with a bad index key",
    "put_item",
    None,
    {"Item": item(due="x")},
    error=INVALID,
    moto="moto takes text for a number key of an index",
)
TABLE.add("put with an empty index key", "put_item", None, {"Item": item(lane="")}, error=INVALID)
TABLE.add("index key NULL", "put_item", None, {"Item": item(lane=None)}, error=INVALID)
TABLE.update("update over 400 KB", item(a=1), "SET b = :x", values=values(x=LONG), error=INVALID)
TABLE.add(
    "names without an expression",
    "delete_item",
    None,
    {"Key": KEY, "ExpressionAttributeNames": {"#a": "a"}},
    error=INVALID,
)


@pytest.mark.parametrize(("case", "name"), TABLE.params())
def test_puts_and_deletes(case: Case, name: str, make_backend: MakeBackend) -> None:
    check(case, make_backend(name))
