"""The small faults that are put into code: what one node of the syntax tree could be instead.

Pure: a change is a new node and, where the node's own text would say too little, its name."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

from tests.mutants.expressions import is_expression, text_changes

Change = tuple[ast.AST, str]

# The boundary first, then the opposite.
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_PAIRS = (
    ("all", "any"),
    ("finditer", "findall"),
    ("lower", "upper"),
    ("max", "min"),
    ("partition", "rpartition"),
    ("removeprefix", "removesuffix"),
    ("startswith", "endswith"),
)
NAMES = dict(_PAIRS) | {other: one for one, other in _PAIRS}
# What these say does not depend on the order of their arguments.
SYMMETRIC = frozenset({"compare_digest", "max", "min"})


def changes(node: ast.AST) -> Iterator[Change]:
    """Yield every fault for one node; none for most kinds of node."""
    for kind, maker in _MAKERS.items():
        if isinstance(node, kind):
            yield from maker(node)


def _with(node: ast.AST, field: str, value: Any) -> ast.AST:
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed


def _without(node: ast.AST, *fields: str) -> Iterator[ast.AST]:
    """Leave out one element after the other; several fields are lists of equal length."""
    for index in range(len(getattr(node, fields[0]))):
        changed = copy.copy(node)
        for field in fields:
            kept = list(getattr(node, field))
            del kept[index]
            setattr(changed, field, kept)
        yield changed


def _compare(node: ast.Compare) -> Iterator[Change]:
    for index, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            yield _with(node, "ops", ops), ""


def _bool_op(node: ast.BoolOp) -> Iterator[Change]:
    yield _with(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()), ""
    for fewer in _without(node, "values"):
        assert isinstance(fewer, ast.BoolOp)
        yield (fewer.values[0] if len(fewer.values) == 1 else fewer), ""


def _unary_op(node: ast.UnaryOp) -> Iterator[Change]:
    yield node.operand, ""


def _bin_op(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    if other := OPERATORS.get(type(node.op)):
        yield _with(node, "op", other()), ""


def _aug_assign(node: ast.AugAssign) -> Iterator[Change]:
    plain = ast.Assign([node.target], node.value, lineno=node.lineno)
    yield plain, ""
    yield ast.Pass(), f"removed: {ast.unparse(node)}"


def _condition(node: ast.If | ast.IfExp) -> Iterator[Change]:
    for value in (True, False):
        what = f"if {ast.unparse(node.test)} -> if {value}"
        yield _with(node, "test", ast.Constant(value)), what


def _loop(node: ast.While) -> Iterator[Change]:
    yield _with(node, "test", ast.Constant(False)), f"while {ast.unparse(node.test)} -> never"


def _comprehension(node: ast.comprehension) -> Iterator[Change]:
    for index, kept in enumerate(_without(node, "ifs")):
        yield kept, f"no filter: if {ast.unparse(node.ifs[index])}"


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value), ""
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1), ""
        if value:
            yield ast.Constant(value - 1), ""
    elif isinstance(value, str) and is_expression(value):
        for other, what in text_changes(value):
            yield ast.Constant(other), what
    elif isinstance(value, str | bytes):
        yield ast.Constant("mutant" if value == "" else type(value)()), ""


def _return(node: ast.Return) -> Iterator[Change]:
    if node.value is None:
        yield ast.Pass(), "no return"
    elif not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield _with(node, "value", ast.Constant(None)), ""


def _removed(node: ast.stmt) -> Iterator[Change]:
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call):
        yield ast.Pass(), f"removed: {ast.unparse(node)}"


def _jump(node: ast.Continue | ast.Break) -> Iterator[Change]:
    yield (ast.Break() if isinstance(node, ast.Continue) else ast.Continue()), ""


def _call(node: ast.Call) -> Iterator[Change]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    for index in range(0 if name in SYMMETRIC else len(node.args) - 1):
        one, other = node.args[index : index + 2]
        swapped = [*node.args[:index], other, one, *node.args[index + 2 :]]
        starred = any(isinstance(arg, ast.Starred) for arg in (one, other))
        if not starred and ast.dump(one) != ast.dump(other):
            yield _with(node, "args", swapped), _swap("swapped", node, one, other)
    for index, fewer in enumerate(_without(node, "keywords")):
        yield fewer, _swap("without", node, node.keywords[index])


def _swap(word: str, call: ast.Call, *parts: ast.AST) -> str:
    return f"{ast.unparse(call.func)}: {word} {', '.join(map(ast.unparse, parts))}"


def _elements(node: ast.Tuple | ast.List | ast.Set) -> Iterator[Change]:
    if isinstance(node, ast.Set) and len(node.elts) == 1:
        return
    if isinstance(getattr(node, "ctx", None), ast.Store):
        return
    for index, fewer in enumerate(_without(node, "elts")):
        yield fewer, f"without {ast.unparse(node.elts[index])}"


def _entries(node: ast.Dict) -> Iterator[Change]:
    for index, fewer in enumerate(_without(node, "keys", "values")):
        name = node.keys[index]
        yield fewer, f"without {ast.unparse(name) if name else ast.unparse(node.values[index])}"


def _name(node: ast.Name | ast.Attribute) -> Iterator[Change]:
    field = "id" if isinstance(node, ast.Name) else "attr"
    if other := NAMES.get(getattr(node, field)):
        yield _with(node, field, other), ""


_MAKERS: dict[Any, Callable[[Any], Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary_op,
    (ast.BinOp, ast.AugAssign): _bin_op,
    ast.AugAssign: _aug_assign,
    (ast.If, ast.IfExp): _condition,
    ast.While: _loop,
    ast.comprehension: _comprehension,
    ast.Constant: _constant,
    ast.Return: _return,
    (ast.Expr, ast.Raise): _removed,
    (ast.Continue, ast.Break): _jump,
    ast.Call: _call,
    (ast.Tuple, ast.List, ast.Set): _elements,
    ast.Dict: _entries,
    (ast.Name, ast.Attribute): _name,
}
