"""That all thirty checks are there, each with a mutation that it notices. Here only a share of them
is tried out; `make mutations` tries all."""

import ast
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.security.checks import COUNT, OPEN, OPEN_IN_PART
from tests.security.mutations import MUTATIONS, ROOT, Mutation, Workshop

FOLDER = Path(__file__).parent
NUMBERS = range(1, COUNT + 1)


def named_checks() -> dict[str, str]:
    """Every test of a check by its name, with its docstring."""
    return {
        node.name: ast.get_docstring(node) or ""
        for path in FOLDER.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_check_")
    }


def test_every_check_is_a_test_or_is_open_with_its_reason() -> None:
    found = {int(name.split("_")[2]) for name in named_checks()}

    assert sorted(found | OPEN.keys()) == [*NUMBERS]
    assert found.isdisjoint(OPEN)
    assert found >= OPEN_IN_PART.keys()
    assert all([*OPEN.values(), *OPEN_IN_PART.values()])


def test_every_test_of_a_check_says_which_sentence_it_asks() -> None:
    said = {name: f"{int(name.split('_')[2])}: " for name in named_checks()}
    wrong = [name for name, says in named_checks().items() if not says.startswith(said[name])]

    assert wrong == []


def test_every_check_has_a_mutation_that_can_be_made() -> None:
    counted = Counter(mutation.check for mutation in MUTATIONS)

    assert sorted(counted.keys() | OPEN.keys()) == [*NUMBERS]
    assert not counted.keys() & OPEN.keys()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.check:02d} {m.path}")
def test_a_mutation_fits_the_code_and_leaves_code(mutation: Mutation) -> None:
    text = (ROOT / mutation.path).read_text("utf-8")

    assert text.count(mutation.old) == 1
    assert ast.parse(text.replace(mutation.old, mutation.new)).body


def test_a_mistake_is_noticed_and_a_change_without_effect_is_not(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    compressed = next(mutation for mutation in MUTATIONS if mutation.check == 13)
    harmless = replace(compressed, new=compressed.old + "  # As before.")
    source = (tmp_path / compressed.path).read_text("utf-8")

    assert workshop.try_out(compressed)[0] == "noticed"
    assert workshop.try_out(harmless)[0] == "not noticed"
    assert (tmp_path / compressed.path).read_text("utf-8") == source


def test_a_mutation_that_no_longer_fits_is_named(tmp_path: Path) -> None:
    mutation = replace(MUTATIONS[0], old="no such line")

    with pytest.raises(ValueError, match="does not hold 'no such line' exactly once"):
        Workshop(tmp_path).try_out(mutation)
