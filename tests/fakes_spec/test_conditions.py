"""Condition expressions: one table, run against the stand-in and moto."""

from typing import Any

import pytest

from tests.fakes.shapes import Item
from tests.fakes_spec.attribute_values import KEY, item, values
from tests.fakes_spec.backends import MakeBackend
from tests.fakes_spec.cases import FAILED, INVALID, Case, Table, check

TABLE = Table()
PLAIN = {
    "n": 5,
    "m": 7,
    "s": "cat",
    "b": b"\x80cat",
    "yes": True,
    "nil": None,
    "ss": {"x", "y"},
    "ns": {1, 2},
    "li": ["x", 5, {"a": 1}],
    "ma": {"a": {"b": 5}, "l": [4]},
}
GIVEN = item(**PLAIN)
CRASH = "moto raises a Python error"
YES = "moto takes it for true"
NO = "moto takes it for false"


def condition(expression: str, *, given: Item | None = GIVEN, **rest: Any) -> None:
    """Add a case: deleting the common item under a condition."""
    names = {"values": "ExpressionAttributeValues", "names": "ExpressionAttributeNames"}
    request = {names[one]: rest.pop(one) for one in list(rest) if one in names}
    label = str(rest.pop("label", expression))
    TABLE.add(
        label,
        "delete_item",
        given,
        {"Key": KEY, "ConditionExpression": expression, **request},
        **rest,
    )


def _told(plain: dict[str, Any]) -> dict[str, Any]:
    """Write sets in one order: processes that share a run must agree on every name."""
    return {key: sorted(one) if isinstance(one, set) else one for key, one in plain.items()}


def holds(expression: str, moto: str = "", **plain: Any) -> None:
    more: dict[str, Any] = {"values": values(**plain)} if plain else {}
    condition(expression, label=f"{expression} {_told(plain)}", after=[], moto=moto, **more)


def fails(expression: str, moto: str = "", **plain: Any) -> None:
    more: dict[str, Any] = {"values": values(**plain)} if plain else {}
    condition(expression, label=f"{expression} {_told(plain)}", error=FAILED, moto=moto, **more)


def refused(expression: str, says: str, moto: str = "", **plain: Any) -> None:
    more: dict[str, Any] = {"values": values(**plain)} if plain else {}
    label = f"refused: {expression} {_told(plain)}"
    condition(expression, label=label, error=INVALID, says=says, moto=moto, **more)


for name, plain in PLAIN.items():
    holds(f"{name} = :x", x=plain)
fails("n = :x", x="5")
fails("n = :x", x=6)
fails("yes = :x", x=1, moto="moto compares without types: True is 1")
fails("gone = :x", x=1)
fails("gone = away", moto="moto takes two absent attributes for equal")
holds("n <> :x", x=6)
holds("n <> :x", x="5")
fails("n <> :x", x=5)
holds("gone <> :x", x=5)
holds("gone <> away", moto="moto takes two absent attributes for equal")
holds("ns = :x", x={2, 1})
holds("ma = :x", x={"l": [4], "a": {"b": 5}})
condition("n = :x", label="numbers compare by value", values={":x": {"N": "5.0"}}, after=[])
for sign, less, same, more in (
    ("<", False, False, True),
    ("<=", False, True, True),
    (">", True, False, False),
    (">=", True, True, False),
):
    for expected, number in ((less, 4), (same, 5), (more, 10)):
        (holds if expected else fails)(f"n {sign} :x", x=number)
    for expected, text in ((less, "Cat"), (same, "cat"), (more, "caterpillar")):
        (holds if expected else fails)(f"s {sign} :x", x=text)
    fails(f"gone {sign} :x", x=1)
    fails(f"gone {sign} away")
    fails(f"s {sign} :x", x=1, moto=CRASH)
    fails(f"li {sign} :x", x=1, moto=CRASH)
    refused(f"n {sign} :x", "operand type: L", moto=CRASH, x=[1])
holds("b > :x", x=b"\x7f")
holds("n BETWEEN :a AND :b", a=5, b=5)
fails("n BETWEEN :a AND :b", a=6, b=7)
holds("n between :a and m", a=1)
fails("m BETWEEN :a AND n", a=1)
fails("gone BETWEEN :a AND :b", a=1, b=9)
fails("s BETWEEN :a AND :b", a=1, b=9, moto=CRASH)
refused("n BETWEEN :a AND :b", "upper bound", moto=NO, a=2, b=1)
refused("n BETWEEN :a AND :b", "same data type", moto=CRASH, a=1, b="x")
holds("n IN (:a, :b)", a=4, b=5)
holds("n in (m, :b)", b=5)
holds("li IN (:a)", a=["x", 5, {"a": 1}])
fails("n IN (:a, :b)", a=4, b="5")
fails("gone IN (:a)", a=4)
refused("n IN ()", "Syntax error", moto=CRASH)

holds("attribute_exists(ma.a.b)")
fails("attribute_exists(ma.a.c)")
holds("attribute_exists(li[2].a)")
fails("attribute_exists(li[9])")
fails("attribute_exists(n[0])")
fails("attribute_exists(gone.a)")
holds("attribute_not_exists(gone)")
fails("attribute_not_exists(n)")
for tag, name in {
    "N": "n",
    "S": "s",
    "B": "b",
    "BOOL": "yes",
    "SS": "ss",
    "NS": "ns",
    "L": "li",
    "M": "ma",
}.items():
    holds(f"attribute_type({name}, :t)", t=tag)
fails("attribute_type(n, :t)", t="S")
fails("attribute_type(gone, :t)", t="S")
refused("attribute_type(n, :t)", "Invalid attribute type name", t="DOG", moto=NO)
refused("attribute_type(n, s)", "operand type", moto=CRASH)
holds("begins_with(s, :x)", x="ca")
fails("begins_with(s, :x)", x="at")
holds("begins_with(b, :x)", x=b"\x80c", moto="moto knows text only")
fails("begins_with(n, :x)", x="5")
fails("begins_with(gone, :x)", x="5")
refused("begins_with(s, :x)", "operand type: N", x=1, moto=NO)
holds("contains(s, :x)", x="at")
holds("contains(ss, :x)", x="x")
holds("contains(ns, :x)", x=2)
holds("contains(li, :x)", x={"a": 1})
fails("contains(li, :x)", x=6)
fails("contains(ss, :x)", x="z")
fails("contains(s, :x)", x=1)
fails("contains(ma, :x)", x="a")
fails("contains(gone, :x)", x="a")
refused("contains(s, s)", "must be distinct", moto=YES)
holds("size(s) = :x", x=3)
holds("size(b) = :x", x=4)
holds("size(ss) >= :x", x=2)
holds("size(li) < :x", x=4)
holds("size(ma) = :x", x=2)
fails("size(n) = :x", x=1, moto=CRASH)
fails("size(gone) = :x", x=0, moto=CRASH)
fails("size(s) = :x", x="3")
refused("size(s)", "not allowed to be used this way", moto=CRASH)
refused("size(:x) = :x", "operand type: N", moto=CRASH, x=1)
refused("size(s, s) = :x", "number of operands: 2", moto=CRASH, x=3)
refused("attribute_exists(:x)", "requires a document path", moto=CRASH, x=1)
refused("attribute_exists(n) = :x", "not allowed to be used this way", moto=CRASH, x=True)
refused("if_not_exists(n, :x) = :x", "not allowed to be used", moto=CRASH, x=1)
refused("dog(n)", "Invalid function name; function: dog", moto=CRASH)

holds("n = :x AND s = :y", x=5, y="cat")
fails("n = :x AND s = :y", x=5, y="dog")
holds("n = :x oR s = :y", x=6, y="cat")
holds("NOT n = :x", x=6)
holds("NOT NOT n = :x", x=5, moto=CRASH)
holds("n = :x OR n = :y AND s = :y", x=5, y="no")
fails("(n = :x OR n = :y) AND s = :y", x=5, y="no")
fails("NOT n = :x AND s = :y", x=5, y="cat")
holds("n BETWEEN :x AND :y AND s = :z", x=1, y=9, z="cat")
holds("(n = :x)", x=5)
holds("((n = :x) AND (s = :y))", x=5, y="cat")
holds("(n) = (:x)", x=5, moto=CRASH)
refused("((n = :x))", "redundant parentheses", x=5)
refused("n = :x AND", "Syntax error", x=5, moto=CRASH)
refused("n == :x", "Syntax error", x=5, moto=CRASH)
refused("n != :x", "Syntax error", x=5, moto=CRASH)
refused("n", "Syntax error", moto=CRASH)
refused("", "can not be empty", moto="moto takes it for no condition")
refused("status = :x", "reserved keyword: status", x=5)
refused("n = n", "must be distinct", moto=YES)
refused("n = :x", "attribute value: :x", y=5, moto=CRASH)
refused("n = :x OR s = :y", "unused", moto="moto does not look at deletes", x=5, y="a", z=1)
holds("n = :x OR s = :y", x=5, y="not looked at")
holds("pk = :x", x="k")
holds("pk <> :x", x="j")
condition(
    "#s = :x AND #m.#a.b = :x OR #n = :x",
    names={"#s": "s", "#m": "ma", "#a": "a", "#n": "n"},
    values=values(x=5),
    after=[],
)
condition("pk <> :x", label="of nothing", given=None, values=values(x="k"), after=[])
condition("attribute_not_exists(pk)", label="absent", given=None, after=[])
condition("attribute_exists(pk)", label="not there", given=None, error=FAILED, after=[])


@pytest.mark.parametrize(("case", "name"), TABLE.params())
def test_conditions(case: Case, name: str, make_backend: MakeBackend) -> None:
    check(case, make_backend(name))
