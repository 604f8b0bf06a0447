"""Update expressions: one table, run against the stand-in and moto."""

import pytest

from tests.fakes_spec.attribute_values import KEY, attrs, item, values
from tests.fakes_spec.backends import MakeBackend
from tests.fakes_spec.cases import INVALID, Case, Table, check

TABLE = Table()
update = TABLE.update

update("set creates an item", None, "SET a = :x", values=values(x=1), after=item(a=1))
update("set keeps the rest", item(b="b"), "SET a = :x", values=values(x=1), after=item(a=1, b="b"))
update("set copies an attribute", item(a="x"), "SET b = a", after=item(a="x", b="x"))
update("set reads before it writes", item(a=1, b=2), "SET a = b, b = a", after=item(a=2, b=1))
update(
    "removed attributes can still be read",
    item(a="x"),
    "REMOVE a SET b = a",
    after=item(b="x"),
)
update("set adds", item(a=1), "SET a = a + :x", values=values(x=2), after=item(a=3))
update("set subtracts", item(a=1), "SET a = :x - a", values=values(x=2), after=item(a=1))
update(
    "set adds to what may be missing",
    None,
    "SET a = if_not_exists(a, :zero) + :x",
    values=values(zero=0, x=2),
    after=item(a=2),
)
update(
    "if_not_exists keeps what is there",
    item(a=5),
    "SET a = if_not_exists(a, :x)",
    values=values(x=1),
    after=item(a=5),
)
update(
    "if_not_exists copies another attribute",
    item(b=5),
    "SET a = if_not_exists(b, :x)",
    values=values(x=1),
    after=item(a=5, b=5),
)
update(
    "list_append at the end",
    item(a=[1]),
    "SET a = list_append(a, :x)",
    values=values(x=["y", 2]),
    after=item(a=[1, "y", 2]),
)
update(
    "list_append at the front",
    item(a=[1]),
    "SET a = list_append(:x, a)",
    values=values(x=[0]),
    after=item(a=[0, 1]),
)
update(
    "list_append to what may be missing",
    None,
    "SET a = list_append(if_not_exists(a, :none), :x)",
    values=values(none=[], x=[1]),
    after=item(a=[1]),
)
update(
    "nested path",
    item(a={"b": {"c": 1}, "d": 2}),
    "SET a.b.c = :x, a.e = :x REMOVE a.d",
    values=values(x=9),
    after=item(a={"b": {"c": 9}, "e": 9}),
)
update(
    "aliases name one part of a path each",
    item(**{"a": {"x.y": [0, 1]}}),
    "SET #a.#b[1] = :x",
    names={"#a": "a", "#b": "x.y"},
    values=values(x=9),
    after=item(**{"a": {"x.y": [0, 9]}}),
)
update(
    "set in a list",
    item(a=[1, 2, 3]),
    "SET a[1] = :x",
    values=values(x=9),
    after=item(a=[1, 9, 3]),
)
update(
    "set behind a list's end appends",
    item(a=[1]),
    "SET a[7] = :x",
    values=values(x=9),
    after=item(a=[1, 9]),
)
update(
    "sets behind a list's end append in order of position",
    item(a=[1]),
    "SET a[84] = :a, a[37] = :b, a[50] = :c",
    values=values(a="84", b="37", c="50"),
    after=item(a=[1, "37", "50", "84"]),
    moto="moto appends in order of the expression; ScyllaDB's tests saw AWS sort by position",
)
update(
    "removed positions are those of the old list",
    item(a=[0, 1, 2, 3, 4]),
    "REMOVE a[1], a[3] SET a[2] = :x",
    values=values(x="x"),
    after=item(a=[0, "x", 4]),
    moto="moto takes the positions one after the other; AWS those of the old list",
)
update("removing behind a list's end", item(a=[1]), "REMOVE a[7]", after=item(a=[1]))
update("removing what is not there", item(a=1), "REMOVE b", after=item(a=1))
update("removing an absent member", item(a={"b": 1}), "REMOVE a.c", after=item(a={"b": 1}))
update("removing the last member leaves a map", item(a={"b": 1}), "REMOVE a.b", after=item(a={}))
update("add to a number", item(a=1), "ADD a :x", values=values(x=-3), after=item(a=-2))
update("add creates a number", None, "ADD a :x", values=values(x=2), after=item(a=2))
update(
    "add to a nested number",
    item(a={"b": 1}),
    "ADD a.b :x",
    values=values(x=2),
    after=item(a={"b": 3}),
)
update(
    "add to a set",
    item(a={"x", "y"}),
    "ADD a :x",
    values=values(x={"y", "z"}),
    after=item(a={"x", "y", "z"}),
)
update("add creates a set", None, "ADD a :x", values=values(x={1, 2}), after=item(a={1, 2}))
update(
    "delete from a set",
    item(a={1, 2, 3}),
    "DELETE a :x",
    values=values(x={2, 9}),
    after=item(a={1, 3}),
)
update("an empty set goes away", item(a={1}), "DELETE a :x", values=values(x={1}), after=item())
update("delete from nothing", item(b=1), "DELETE a :x", values=values(x={1}), after=item(b=1))
update(
    "all four sections in any case",
    item(a=1, b=2, c={"x", "y"}, d=4),
    "remove a set b = :x add d :x delete c :y",
    values=values(x=1, y={"x"}),
    after=item(b=1, c={"y"}, d=5),
)
update(
    "large sums are exact",
    item(a=10**30),
    "SET a = a + :x",
    values=values(x=1),
    after=item(a=10**30 + 1),
)
update(
    "fractions are exact",
    item(a="x"),
    "SET b = :x + :y",
    values={":x": {"N": "0.1"}, ":y": {"N": "0.2"}},
    after=[{**item(a="x"), "b": {"N": "0.3"}}],
)
update(
    "numbers come back in plain form",
    None,
    "SET a = :a, b = :b, c = :c, d = :d",
    values={":a": {"N": "1.50"}, ":b": {"N": "1e3"}, ":c": {"N": "+.5"}, ":d": {"N": "-0"}},
    after=[
        {**KEY, "a": {"N": "1.5"}, "b": {"N": "1000"}, "c": {"N": "0.5"}, "d": {"N": "0"}},
    ],
    moto="moto stores numbers as they were written; DynamoDB normalises them",
)
update(
    "removing from an absent item creates none",
    None,
    "REMOVE a, b.c",
    after=[],
    moto="moto creates an item; ScyllaDB's tests saw that AWS does not",
)
update(
    "deleting from an absent item creates none",
    None,
    "DELETE a :x",
    values=values(x={1}),
    after=[],
    moto="as for REMOVE",
)
TABLE.add(
    "an update without an expression creates an item of its key",
    "update_item",
    None,
    {"Key": KEY},
    after=item(),
    moto="moto fails with an AttributeError; AWS creates the item",
)

# What is answered.


OLD = item(a={"b": 1, "c": [1, 2, 3]}, d=4)
NEW = item(a={"b": 1, "c": [1, 9, 3]}, d=4)
WHOLE = "moto returns the whole attribute; ScyllaDB's tests saw AWS return the changed part only"
for wanted, answer, moto in (
    ("NONE", {}, ""),
    ("ALL_OLD", {"Attributes": OLD}, ""),
    ("ALL_NEW", {"Attributes": NEW}, ""),
    ("UPDATED_OLD", {"Attributes": attrs(a={"c": [2]})}, WHOLE),
    ("UPDATED_NEW", {"Attributes": attrs(a={"c": [9]})}, WHOLE),
):
    update(
        wanted,
        OLD,
        "SET a.c[1] = :x",
        values=values(x=9),
        ReturnValues=wanted,
        answer=answer,
        after=NEW,
        moto=moto,
    )
update(
    "ALL_OLD of a new item",
    None,
    "SET a = :x",
    values=values(x=1),
    ReturnValues="ALL_OLD",
    answer={},
    after=item(a=1),
)
update(
    "UPDATED_NEW of several",
    item(a=1, b=2, c=3),
    "SET a = a + :x REMOVE b",
    values=values(x=1),
    ReturnValues="UPDATED_NEW",
    answer={"Attributes": attrs(a=2)},
    after=item(a=2, c=3),
)
update(
    "UPDATED_NEW of a removal",
    item(a=1),
    "REMOVE a",
    ReturnValues="UPDATED_NEW",
    answer={},
    after=item(),
    moto="moto answers with empty Attributes; AWS leaves them out",
)
update(
    "unknown ReturnValues",
    None,
    "SET a = :x",
    values=values(x=1),
    ReturnValues="EVERYTHING",
    error=INVALID,
)


@pytest.mark.parametrize(("case", "name"), TABLE.params())
def test_updates(case: Case, name: str, make_backend: MakeBackend) -> None:
    check(case, make_backend(name))
