"""A short notation for tables of phrases, so that they can be read as what they are: data.

One phrase a line, whole words: `(a|b)` alternatives, `~` any ending of a word, `<name>` a class of
words, a line that begins with `+` goes on with the one above. The rest is a regular expression
over text as `text.plain` spells it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_GROUP = re.compile(r"(?<!\\)\((?!\?)")
_CLASS = re.compile(r"<([a-z_]+)>")
# "(?! (a|an))" is meant for whole words: without an end, "an" would also rule out "and".
_UNLESS = re.compile(r"(\(\?! \([^()]*\))\)")


@dataclass(frozen=True, slots=True)
class Feature:
    """A sign in a text and how much it weighs. `is_problem`: a fact, not a judgement."""

    name: str
    weight: float
    pattern: re.Pattern[str]
    is_problem: bool = False


def compiled(
    phrases: str, classes: Mapping[str, str] | None = None, flags: re.RegexFlag = re.NOFLAG
) -> re.Pattern[str]:
    """Compile a table of phrases. Raises: KeyError when a phrase names an unknown class."""
    lines: list[str] = []
    for line in filter(None, map(str.strip, phrases.splitlines())):
        if line.startswith("+"):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    alternatives = "|".join(_expanded(line, classes or {}) for line in lines)
    return re.compile(rf"\b(?:{alternatives})\b", flags)


def _expanded(phrase: str, classes: Mapping[str, str]) -> str:
    named = _CLASS.sub(lambda found: f"({classes[found[1]]})", phrase)
    whole = _UNLESS.sub(lambda found: found[1] + r"\b)", named)
    return _GROUP.sub("(?:", whole).replace("~", r"\w*")
