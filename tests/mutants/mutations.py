"""The mutants of one source file: the file's text with one small fault each.

Not touched, because a fault there says nothing about the tests: annotations, decorators, imports,
docstrings, aliases of types, and the words of errors, which are for people."""

import ast
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from tests.mutants.changes import changes

CHANGE_CHARS_MAX = 100

Name = tuple[str, str, str, str]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SKIPPED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "bases", "ctx"})
_TYPES = frozenset({"Literal", "NewType"})
_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault. Its name has no number of a line in it: it stays when lines move.

    `text`: the line without its indent. `lines`: where its statement stands, first and last.
    `function`: the function or method that holds it; empty when the fault shows only while the
    module is imported. `code`: the compiled module.
    """

    file: str
    text: str
    change: str
    lines: tuple[int, int]
    function: str
    code: CodeType

    @property
    def name(self) -> Name:
        """What tells this mutant from every other one, in this version of the file and the next."""
        return self.file, self.function, self.text, self.change


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node hangs in the tree, and what stands around it."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    statement: ast.stmt | None = None
    function: str = ""
    scope: str = ""
    for_people: bool = False

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants_of(file: str, source: str, path: str) -> list[Mutant]:
    """Make every mutant of a source. `file` names it for people; `path` is where it stands."""
    tree = ast.parse(source)
    lines = source.splitlines()
    counted: Counter[Name] = Counter()
    found = []
    for place in _places(_Place(ast.Module([], []), "", None, tree)):
        text = lines[_line(place) - 1].strip()
        for node, what in [*changes(place.node)]:
            told = what or f"{ast.unparse(place.node)} -> {ast.unparse(node)}"
            change = textwrap.shorten(told, CHANGE_CHARS_MAX, placeholder=" ...")
            name = (file, place.function, text, change)
            counted[name] += 1
            if (number := counted[name]) > 1:
                change = f"{change} ({number})"
            code = _compiled(tree, place, node, path)
            found.append(Mutant(file, text, change, _span(place), place.function, code))
    return found


def _places(place: _Place) -> Iterator[_Place]:
    """Walk through the tree in the order of the text."""
    node = place.node
    if _is_skipped(place):
        return
    if isinstance(node, ast.stmt | ast.expr | ast.comprehension):
        yield place
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED_FIELDS:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield from _places(_inner(place, field, index, child))


def _inner(place: _Place, field: str, index: int | None, child: ast.AST) -> _Place:
    node, function, scope = place.node, place.function, place.scope
    if isinstance(node, ast.ClassDef | _Function):
        scope = f"{scope}{node.name}."
    # Defaults are worked out while the module is imported; only the body belongs to the call.
    if isinstance(node, _Function) and field == "body" and not function:
        function = scope[:-1]
    statement = child if isinstance(child, ast.stmt) else place.statement
    for_people = place.for_people or isinstance(node, ast.Raise)
    return _Place(node, field, index, child, statement, function, scope, for_people)


def _is_skipped(place: _Place) -> bool:
    node = place.node
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Constant | ast.JoinedStr):
        is_text = isinstance(node, ast.JoinedStr) or isinstance(node.value, str)
        return is_text and (place.for_people or isinstance(place.parent, ast.Expr))
    if isinstance(node, ast.Assign) and not place.function:
        return _is_type(node.value)
    return False


def _is_type(value: ast.expr) -> bool:
    """Whether a module's value is an alias of types."""
    names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    return bool(names & _TYPES)


def _compiled(tree: ast.Module, place: _Place, node: ast.AST, path: str) -> CodeType:
    if isinstance(node, ast.stmt | ast.expr):
        ast.copy_location(node, place.node)
    place.put(node)
    try:
        with warnings.catch_warnings():
            # A mutant may be nonsense, such as a comparison with a literal by "is".
            warnings.simplefilter("ignore", SyntaxWarning)
            return compile(ast.fix_missing_locations(tree), path, "exec")
    finally:
        place.put(place.node)


def _line(place: _Place) -> int:
    node = place.node.target if isinstance(place.node, ast.comprehension) else place.node
    return int(getattr(node, "lineno", 1))


def _span(place: _Place) -> tuple[int, int]:
    """Say which lines run when the statement does: of a compound one only its head."""
    statement = place.statement
    assert statement is not None
    if isinstance(statement, _COMPOUND):
        return statement.lineno, max(statement.lineno, statement.body[0].lineno - 1)
    return statement.lineno, statement.end_lineno or statement.lineno
