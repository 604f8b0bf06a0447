"""Faults in the texts of DynamoDB expressions: a clause less, another comparison, another word.

A blank text would only be refused by the table; these are the faults that it would take."""

import re
from collections.abc import Iterator

Edit = tuple[str, str]

_SIGNS = re.compile(r"[ (]:\w|^(?:SET|REMOVE|ADD) |attribute_(?:not_)?exists\(")
_WORDS = (
    (re.compile(r" AND "), " OR "),
    (re.compile(r" OR "), " AND "),
    (re.compile(r"\battribute_not_exists\("), "attribute_exists("),
    (re.compile(r"\battribute_exists\("), "attribute_not_exists("),
    (re.compile(r"\bNOT "), ""),
    (re.compile(r" <> "), " = "),
    (re.compile(r" = "), " <> "),
    (re.compile(r" < "), " <= "),
    (re.compile(r" <= "), " < "),
    (re.compile(r" > "), " >= "),
    (re.compile(r" >= "), " > "),
    # A value that may be written once only.
    (re.compile(r"\bif_not_exists\(#?\w+, (:\w+)\)"), r"\1"),
)
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD) ")
_JOINT = re.compile(r" (?:AND|OR) ")
_COMMA = re.compile(r", ")


def is_expression(text: str) -> bool:
    """Whether a text is an expression or a part of one."""
    return _SIGNS.search(text) is not None


def text_changes(text: str) -> Iterator[Edit]:
    """Yield each faulty text with the name of its fault."""
    update = _CLAUSE.search(text) is not None
    for pattern, to in _WORDS:
        if update and pattern.pattern == " = ":
            continue
        for found in pattern.finditer(text):
            new = found.expand(to)
            name = f"{found.group().strip()} -> {new.strip() or 'nothing'}"
            yield text[: found.start()] + new + text[found.end() :], name
    yield from _without_parts(text, update)


def _without_parts(text: str, update: bool) -> Iterator[Edit]:
    """Leave out one assignment of an update, or one operand of a condition."""
    for start, end in _lists(text) if update else _operands(text, 0, len(text)):
        yield text[:start] + text[end:], f"without {text[start:end].strip(' ,')}"


def _lists(text: str) -> Iterator[tuple[int, int]]:
    """Find what SET, REMOVE and ADD list; a clause with a single part is found whole."""
    heads = [*_CLAUSE.finditer(text)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=True):
        commas = [c for c in _COMMA.finditer(text, head.end(), end) if not _depth(text, 0, c)]
        yield from _parts(head.end(), end, commas) if commas else [(head.start(), end)]


def _operands(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Find what AND and OR join, at every depth of brackets."""
    joints = [j for j in _JOINT.finditer(text, start, end) if not _depth(text, start, j)]
    yield from _parts(start, end, joints)
    starts, ends = [start, *(j.end() for j in joints)], [*(j.start() for j in joints), end]
    for first, last in zip(starts, ends, strict=True):
        if text[first : first + 1] == "(" and text[last - 1 : last] == ")":
            yield from _operands(text, first + 1, last - 1)


def _parts(start: int, end: int, joints: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """Say where each part stands, together with the joint before it; the first with the next."""
    if not joints:
        return
    if joints[0].start() > start:
        yield start, joints[0].end()
    ends = [*(joint.start() for joint in joints[1:]), end]
    for joint, last in zip(joints, ends, strict=True):
        yield joint.start(), last


def _depth(text: str, start: int, joint: re.Match[str]) -> int:
    return text.count("(", start, joint.start()) - text.count(")", start, joint.start())
