import ast
import sys
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from tests.mutants.mutations import Mutant, mutants_of
from tests.mutants.trial import MutantFinder, put_code


def made_of(source: str) -> list[Mutant]:
    return mutants_of("sample.py", dedent(source), "/nowhere/sample.py")


def changes_of(source: str) -> set[str]:
    return {mutant.change for mutant in made_of(source)}


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("a < b", {"a < b -> a <= b", "a < b -> a >= b"}),
        ("a >= b", {"a >= b -> a > b", "a >= b -> a < b"}),
        ("a == b", {"a == b -> a != b"}),
        ("a in b", {"a in b -> a not in b"}),
        ("a is not b", {"a is not b -> a is b"}),
        ("a and b", {"a and b -> a or b", "a and b -> a", "a and b -> b"}),
        ("not a", {"not a -> a"}),
        ("a + b", {"a + b -> a - b"}),
        ("a | b", {"a | b -> a & b"}),
        ("a + 7", {"a + 7 -> a - 7", "7 -> 8", "7 -> 6"}),
        ("b if a else c", {"if a -> if True", "if a -> if False"}),
        ("[a for a in b if c]", {"no filter: if c"}),
        ("f(a, b)", {"f: swapped a, b"}),
        ("max(a, b)", {"max -> min"}),
        ("f(*a, b=c)", {"f: without b=c"}),
        ("(a, b)", {"without a", "without b"}),
        ("{a: b, **c}", {"without a", "without c"}),
        ("a.lower()", {"a.lower -> a.upper"}),
        ("'word'", {"'word' -> ''"}),
        ("''", {"'' -> 'mutant'"}),
        ("True", {"True -> False"}),
        ("None", set()),
    ],
)
def test_an_expression_has_these_faults(line: str, changes: set[str]) -> None:
    assert changes_of(f"x = {line}") == changes


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("return x", {"return x -> return None"}),
        ("return None", set()),
        ("return", {"no return"}),
        ("f()", {"removed: f()"}),
        ("raise E('words for people')", {"removed: raise E('words for people')"}),
        ("x += y", {"x += y -> x -= y", "x += y -> x = y", "removed: x += y"}),
        ("if x: pass", {"if x -> if True", "if x -> if False"}),
        ("while x: break", {"while x -> never", "break -> continue"}),
    ],
)
def test_a_statement_has_these_faults(statement: str, changes: set[str]) -> None:
    assert changes_of(f"def f():\n    {statement}") == changes


@pytest.mark.parametrize(
    "source",
    [
        "import a, b",
        "'''What this is.'''",
        "def f(a: tuple[int, str]) -> Literal['a', 'b']: ...",
        "Kind = Literal['a', 'b']",
        "Id = NewType('Id', str)",
        "@decorated(frozen=True)\nclass C(Base): pass",
    ],
)
def test_what_tells_nothing_about_the_tests_is_left_alone(source: str) -> None:
    assert changes_of(source) == set()


def test_a_mutant_is_named_by_its_place_not_by_its_line_number() -> None:
    source = "class C:\n    def f(self):\n        return [1, 1]\n"
    here, further_down = made_of(source), made_of(f"x: int\n\n\n{source}")

    assert [mutant.name for mutant in here] == [mutant.name for mutant in further_down]
    assert {mutant.function for mutant in here} == {"C.f"}
    assert {mutant.text for mutant in here} == {"return [1, 1]"}
    assert {"1 -> 2", "1 -> 2 (2)"} <= {mutant.change for mutant in here}


def test_defaults_belong_to_the_module() -> None:
    places = {m.change: m.function for m in made_of("def f(a=1):\n    return a\n")}

    assert places == {"1 -> 2": "", "1 -> 0": "", "return a -> return None": "f"}


def test_the_lines_of_a_compound_statement_are_its_head() -> None:
    source = """\
    def f(a):
        if (a
                and a > 3):
            return g(
                a)
    """
    lines = {mutant.change: mutant.lines for mutant in made_of(source)}

    assert lines["3 -> 4"] == (2, 3)
    assert lines["return g(a) -> return None"] == (4, 5)


SAMPLE = """
LIMIT = 5

def is_many(number):
    return number > LIMIT

class Box:
    @property
    def size(self):
        return 3
"""


def loaded(code: Any) -> ModuleType:
    module = ModuleType("sample")
    exec(code, module.__dict__)  # noqa: S102 - the test's own lines.
    return module


def mutant_of(change: str) -> Mutant:
    return next(mutant for mutant in made_of(SAMPLE) if mutant.change == change)


def test_a_function_takes_the_fault_on_and_stays_the_same_object() -> None:
    module = loaded(compile(SAMPLE, "/nowhere/sample.py", "exec"))
    is_many = module.is_many

    put_code(module, "is_many", mutant_of("number > LIMIT -> number >= LIMIT").code)

    assert is_many(5)
    assert module.LIMIT == 5


def test_a_property_takes_the_fault_on() -> None:
    module = loaded(compile(SAMPLE, "/nowhere/sample.py", "exec"))

    put_code(module, "Box.size", mutant_of("3 -> 4").code)

    assert module.Box().size == 4


def test_a_finder_brings_the_mutant_for_its_module_only() -> None:
    finder = MutantFinder("sample", "/nowhere/sample.py", mutant_of("5 -> 6").code)

    spec = finder.find_spec("sample", None)

    assert finder.find_spec("other", None) is None
    assert spec is not None
    assert spec.loader is not None
    module = ModuleType("sample")
    spec.loader.exec_module(module)
    assert module.LIMIT == 6
    assert "sample" not in sys.modules


def test_every_mutant_of_a_real_file_differs_from_the_original() -> None:
    whole = compile(ast.parse(SAMPLE), "/nowhere/sample.py", "exec")

    assert all(mutant.code != whole for mutant in made_of(SAMPLE))
