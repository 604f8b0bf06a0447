"""Updates that are refused, for the expression alone or for what is stored: one table."""

from typing import Any

import pytest

from tests.fakes_spec.attribute_values import item, values
from tests.fakes_spec.backends import MakeBackend
from tests.fakes_spec.cases import INVALID, Case, Table, check

TABLE = Table()
update = TABLE.update

# What is refused for the expression alone, whatever is stored.


def refused(name: str, expression: str, says: str = "", **rest: Any) -> None:
    update(name, None, expression, error=INVALID, says=says, **rest)


refused("empty", "", "can not be empty")
refused("nonsense", "HELLO a = :x", "Syntax error", values=values(x=1))
refused("half an assignment", "SET a =", "Syntax error")
refused("two sections of a kind", "SET a = :x SET b = :x", "only be used once", values=values(x=1))
refused(
    "three summands",
    "SET a = :x + :x + :x",
    "Syntax error",
    values=values(x=1),
    moto="moto adds all three; AWS knows one sign only",
)
refused("sum as an argument", "SET a = if_not_exists(a, :x + :x)", "Syntax", values=values(x=1))
refused("unknown function", "SET a = f(b)", "Invalid function name; function: f")
refused("functions in capitals", "SET a = IF_NOT_EXISTS(a, :x)", "function", values=values(x=1))
refused(
    "function of conditions",
    "SET a = size(b)",
    "not allowed in an update expression",
)
refused(
    "one argument too few",
    "SET a = list_append(:x)",
    "Incorrect number of operands",
    values=values(x=[1]),
)
refused(
    "if_not_exists needs a path",
    "SET a = if_not_exists(:x, :x)",
    "requires a document path",
    values=values(x=1),
)
refused(
    "list_append in list_append",
    "SET a = list_append(list_append(:x, :x), :x)",
    "not allowed to be used this way",
    values=values(x=[1]),
    moto="moto accepts it; AWS refuses it for no known reason",
)
refused("reserved word", "SET status = :x", "reserved keyword: status", values=values(x=1))
refused("reserved word in a path", "SET a.name = :x", "reserved keyword: name", values=values(x=1))
refused("reserved word on the right", "SET a = size", "reserved keyword: size")
refused("names begin with a letter", "SET _a = :x", "Syntax error", values=values(x=1))
refused("dashes need an alias", "SET a-b = :x", "Syntax error", values=values(x=1))
refused("value on the left", "SET :x = :x", "Syntax error", values=values(x=1))
refused("value as a position", "SET a[:x] = :x", "Syntax error", values=values(x=1))
refused("value not given", "SET a = :x", "attribute value: :x", values=values(y=1))
refused("no values given", "SET a = :x", "attribute value: :x")
refused("alias not given", "SET #a = b", "attribute name: #a", names={"#b": "b"})
refused("unused value", "SET a = :x", "unused in expressions", values=values(x=1, y=1))
refused("unused alias", "SET a = b", "unused in expressions", names={"#a": "a"})
refused("empty values", "SET a = b", "must not be empty", values={})
refused("the same path twice", "SET a = :x, a = :x", "overlap", values=values(x=1))
refused("one path inside another", "SET a = :x REMOVE a.b", "overlap", values=values(x=1))
refused(
    "paths that cannot both exist",
    "SET a.b = :x, a[0] = :x",
    "conflict",
    values=values(x=1),
)
refused("partition key", "SET pk = :x", "part of the key", values=values(x="x"))
refused("sort key", "REMOVE sk", "part of the key")
refused("text in a sum", "SET a = a + :x", "operand type: S", values=values(x="x"))
refused("text in list_append", "SET a = list_append(a, :x)", "type: S", values=values(x="x"))
refused(
    "add of text",
    "ADD a :x",
    "operand type: STRING",
    values=values(x="x"),
    moto="moto refuses it but leaves an item behind",
)
refused(
    "delete of a number",
    "DELETE a :x",
    "operand type: NUMBER",
    values=values(x=1),
    moto="moto refuses it but leaves an item behind",
)
refused(
    "empty set",
    "SET a = :x",
    "may not be empty",
    values={":x": {"SS": []}},
    moto="moto stores empty sets",
)
refused(
    "no number",
    "SET a = :x",
    "numeric",
    values={":x": {"N": "1x"}},
    moto="moto stores any text as a number",
)
refused(
    "39 digits",
    "SET a = :x",
    "38 significant digits",
    values={":x": {"N": "1" * 39}},
    moto="moto stores any number of digits",
)

# What is refused for what is stored.


def mismatch(name: str, given: dict[str, Any], expression: str, **rest: Any) -> None:
    update(name, item(**given), expression, error=INVALID, **rest)


mismatch("sum with an absent attribute", {}, "SET a = a + :x", values=values(x=1))
mismatch("copy of an absent attribute", {}, "SET a = b", says="does not exist in the item")
mismatch("sum with text", {"a": "x"}, "SET a = a + :x", values=values(x=1), says="data type")
mismatch("list_append to text", {"a": "x"}, "SET a = list_append(a, :x)", values=values(x=[1]))
mismatch("list_append to nothing", {}, "SET a = list_append(a, :x)", values=values(x=[1]))
mismatch("add a number to text", {"a": "x"}, "ADD a :x", values=values(x=1), says="data type")
mismatch("add a set of another kind", {"a": {1}}, "ADD a :x", values=values(x={"x"}))
mismatch("delete from text", {"a": "x"}, "DELETE a :x", values=values(x={1}))
mismatch("member of nothing", {}, "SET a.b = :x", values=values(x=1), says="document path")
mismatch(
    "member of text",
    {"a": "x"},
    "SET a.b = :x",
    values=values(x=1),
    says="document path",
    moto="moto answers with success and does nothing",
)
mismatch(
    "member of a list",
    {"a": [1]},
    "SET a.b = :x",
    values=values(x=1),
    says="document path",
    moto="moto answers with success and does nothing",
)
mismatch("element of a map", {"a": {}}, "SET a[0] = :x", values=values(x=1), says="document path")
mismatch("remove a member of nothing", {"b": 1}, "REMOVE a.b", says="document path")
mismatch(
    "a sum that needs 39 digits",
    {"a": 10**38},
    "SET a = a + :x",
    values={":x": {"N": "0.5"}},
    moto="moto rounds",
)
mismatch("index key of the wrong type", {}, "SET lane = :x", values=values(x=1), says="mismatch")
mismatch("empty index key", {}, "SET lane = :x", values=values(x=""), says="empty")


@pytest.mark.parametrize(("case", "name"), TABLE.params())
def test_update_refusals(case: Case, name: str, make_backend: MakeBackend) -> None:
    check(case, make_backend(name))
