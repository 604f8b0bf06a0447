import ast
import sys
from pathlib import Path

import pytest

TWINS = Path(__file__).parents[4] / "infra" / "local" / "twins"


WITH_STATE_OF_THE_MACHINE = {"os", "random", "secrets", "socket", "threading", "time", "uuid"}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", sorted(TWINS.glob("*.py")), ids=lambda path: path.stem)
def test_a_twin_imports_the_standard_library_and_other_twins_only(path: Path) -> None:
    foreign = {
        name
        for name in _imported(path)
        if not f"{name}.".startswith("infra.local.twins.")
        and name.partition(".")[0] not in sys.stdlib_module_names
    }

    assert foreign == set()


def test_only_the_server_has_a_clock_threads_and_sockets() -> None:
    users = {
        path.stem for path in TWINS.glob("*.py") if _imported(path) & WITH_STATE_OF_THE_MACHINE
    }

    assert users == {"server"}
