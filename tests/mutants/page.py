"""The page `docs/mutants.md`: which mutants may survive, and why.

Form: a heading `## <file>` per file; below it paragraphs of reasons, each followed by the mutants
that it is about, one per line: - `function`: `line` · `change`. A fault outside functions is named
`module`."""

import re

from tests.mutants.mutations import Mutant, Name

MODULE = "module"
_HEADING = re.compile(r"## `(.+)`")
_ENTRY = re.compile(r"- `(.+?)`: `(.+)` · `(.+)`")


class PageError(Exception):
    """A line of the page cannot be read, or names a mutant without a reason."""


def entry_of(name: Name) -> str:
    """Write a mutant as the page names it."""
    _, function, text, change = name
    return f"- `{function or MODULE}`: `{text}` · `{change}`"


def survivors_of(page: str) -> dict[Name, str]:
    """Read which mutants may survive, each with its reason. Raises: PageError."""
    found: dict[Name, str] = {}
    file = reason = ""
    after_entry = False
    for line in page.splitlines():
        if heading := _HEADING.fullmatch(line):
            file, reason = heading[1], ""
        elif line.startswith("- `"):
            entry = _ENTRY.fullmatch(line)
            if entry is None or not file or not reason:
                raise PageError(f"no form, no file or no reason: {line}")
            found[file, "" if entry[1] == MODULE else entry[1], entry[2], entry[3]] = reason
            after_entry = True
        elif line.strip():
            reason = line if after_entry or not reason else f"{reason} {line}"
            after_entry = False
    return found


def check(
    survived: list[Mutant], listed: dict[Name, str], tried: set[Name]
) -> tuple[list[Name], list[Name]]:
    """Compare the page with a run: who survived without being listed, and who is listed although
    it was killed or is no mutant any more. `tried`: all that this run can tell about."""
    names = [mutant.name for mutant in survived]
    unlisted = [name for name in names if name not in listed]
    stale = [name for name in listed if name in tried and name not in set(names)]
    return unlisted, stale
