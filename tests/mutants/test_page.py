import pytest

from tests.mutants.mutations import Mutant, mutants_of
from tests.mutants.page import PageError, check, entry_of, survivors_of

PAGE = """\
# Mutants

Words for people.

## `a.py`

Nobody can tell,
not even we.

- `f`: `return x | y` · `x | y -> x & y`
- `module`: `LIMIT = 5` · `5 -> 6`

Another reason.

- `C.g`: `g()` · `removed: g()`
"""


def test_each_survivor_has_the_reason_above_it() -> None:
    assert survivors_of(PAGE) == {
        ("a.py", "f", "return x | y", "x | y -> x & y"): "Nobody can tell, not even we.",
        ("a.py", "", "LIMIT = 5", "5 -> 6"): "Nobody can tell, not even we.",
        ("a.py", "C.g", "g()", "removed: g()"): "Another reason.",
    }


def test_an_entry_is_written_as_it_is_read() -> None:
    entries = [line for line in PAGE.splitlines() if line.startswith("- ")]

    assert [entry_of(name) for name in survivors_of(PAGE)] == entries


@pytest.mark.parametrize(
    "page",
    [
        "- `f`: `x` · `y`",
        "A reason.\n\n- `f`: `x` · `y`",
        "## `a.py`\n\n- `f`: `x` · `y`",
        "## `a.py`\n\nA reason.\n\n- `f`: `x`",
        f"{PAGE}\n## `b.py`\n\n- `f`: `x` · `y`",
    ],
)
def test_an_entry_without_file_reason_or_form_is_refused(page: str) -> None:
    with pytest.raises(PageError):
        survivors_of(page)


def made() -> list[Mutant]:
    return mutants_of("a.py", "LIMIT = 5\n", "a.py")


def test_who_survives_must_be_listed_and_who_is_listed_must_survive() -> None:
    up, down = made()
    gone = ("a.py", "", "LIMIT = 7", "7 -> 8")
    listed = {up.name: "why", gone: "why"}

    assert check([up, down], listed, set(listed)) == ([down.name], [gone])
    assert check([up], listed, set()) == ([], [])
