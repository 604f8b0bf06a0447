"""Compiled expressions, kept by their text and names, and the check of what a call gave them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from tests.fakes.conditions import Condition, ConditionCompiler
from tests.fakes.grammar import read_condition, read_projection, read_update
from tests.fakes.operands import Check
from tests.fakes.paths import Path
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Request, Values
from tests.fakes.syntax import Names, Node, TokenReader
from tests.fakes.updates import Update, UpdateCompiler
from tests.fakes.values import accept_value

PLANS_MAX = 4096
KINDS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)
# One text or None per kind.
Texts = tuple[str | None, ...]


@dataclass(slots=True)
class Plan:
    """What the expressions of one call were compiled to."""

    update: Update | None = None
    condition: Condition | None = None
    key_condition: Node | None = None
    filter: Condition | None = None
    filter_heads: frozenset[str] = frozenset()
    projection: tuple[Path, ...] | None = None
    used_values: frozenset[str] = frozenset()
    checks: tuple[tuple[str, Check], ...] = ()


EMPTY = Plan()
_NO_TEXTS = (None,) * len(KINDS)


@lru_cache(maxsize=PLANS_MAX)
def plan_of(texts: Texts, names: Names) -> Plan:
    """Parse and compile all expressions of a call together.

    Raises: RefusalError for syntax, reserved words, and names that are missing or unused.
    """
    plan = Plan()
    used_names: set[str] = set()
    for kind, text in zip(KINDS, texts, strict=True):
        if text is not None:
            used_names |= _fill(plan, kind, text, names)
    unused = [name for name, _ in names if name not in used_names]
    for alias in unused:
        _check_reference(alias, "#", "ExpressionAttributeNames")
    if unused:
        raise RefusalError(
            "Value provided in ExpressionAttributeNames unused in expressions: "
            f"keys: {{{', '.join(unused)}}}"
        )
    return plan


def _fill(plan: Plan, kind: str, text: str, names: Names) -> set[str]:
    """Compile one expression into the plan and return the names it used."""
    try:
        reader = TokenReader(text, names)
        checks = _FILLERS[kind](plan, reader)
    except RefusalError as refusal:
        raise _named(kind, refusal) from refusal
    plan.checks += tuple((kind, check) for check in checks)
    plan.used_values |= reader.used_values
    return reader.used_names


def _fill_update(plan: Plan, reader: TokenReader) -> list[Check]:
    compiler = UpdateCompiler()
    plan.update = compiler.update(read_update(reader))
    return compiler.checks


def _fill_condition(plan: Plan, reader: TokenReader) -> list[Check]:
    compiler = ConditionCompiler()
    plan.condition = compiler.condition(read_condition(reader))
    return compiler.checks


def _fill_key_condition(plan: Plan, reader: TokenReader) -> list[Check]:
    compiler = ConditionCompiler()
    plan.key_condition = read_condition(reader)
    compiler.condition(plan.key_condition)
    return compiler.checks


def _fill_filter(plan: Plan, reader: TokenReader) -> list[Check]:
    compiler = ConditionCompiler()
    plan.filter = compiler.condition(read_condition(reader))
    plan.filter_heads = frozenset(compiler.heads)
    return compiler.checks


def _fill_projection(plan: Plan, reader: TokenReader) -> list[Check]:
    plan.projection = read_projection(reader)
    return []


_FILLERS: dict[str, Callable[[Plan, TokenReader], list[Check]]] = dict(
    zip(
        KINDS,
        (_fill_update, _fill_condition, _fill_key_condition, _fill_filter, _fill_projection),
        strict=True,
    )
)


def _named(kind: str, refusal: RefusalError) -> RefusalError:
    return RefusalError(f"Invalid {kind}: {refusal.message}")


def read_expressions(request: Request) -> tuple[Plan, Values]:
    """Return the plan of a call and its values in canonical form.

    Raises: RefusalError as AWS does, also for values that are missing, unused or of a type that
    their operator never takes.
    """
    get = request.get
    texts = tuple(map(get, KINDS))
    names, given = get("ExpressionAttributeNames"), get("ExpressionAttributeValues")
    if texts == _NO_TEXTS:
        if names is not None or given is not None:
            raise RefusalError(
                f"ExpressionAttribute{'Names' if names is not None else 'Values'} can only be "
                "specified when using expressions"
            )
        return EMPTY, {}
    plan = plan_of(texts, () if names is None else _accept_names(names))
    values = {} if given is None else _accept_values(given)
    if values.keys() != plan.used_values:
        _refuse_values(plan.used_values, values)
    for kind, check in plan.checks:
        try:
            check(values)
        except RefusalError as refusal:
            raise _named(kind, refusal) from refusal
    return plan, values


def _accept_names(names: dict[str, str]) -> Names:
    if not names:
        raise RefusalError("ExpressionAttributeNames must not be empty")
    return tuple(names.items())


def _accept_values(given: Values) -> Values:
    if not given:
        raise RefusalError("ExpressionAttributeValues must not be empty")
    try:
        return {name: accept_value(value) for name, value in given.items()}
    except RefusalError as refusal:
        raise RefusalError(
            f"ExpressionAttributeValues contains invalid value: {refusal.message}"
        ) from refusal


def _check_reference(name: str, sign: str, parameter: str) -> None:
    if len(name) < 2 or name[0] != sign or not name[1:].replace("_", "a").isalnum():
        raise RefusalError(f'{parameter} contains invalid key: Syntax error; key: "{name}"')


def _refuse_values(used: Iterable[str], values: Values) -> None:
    for name in sorted(used):
        if name not in values:
            raise RefusalError(
                "Invalid expression: An expression attribute value used in expression is not "
                f"defined; attribute value: {name}"
            )
    unused = [name for name in values if name not in used]
    for name in unused:
        _check_reference(name, ":", "ExpressionAttributeValues")
    raise RefusalError(
        "Value provided in ExpressionAttributeValues unused in expressions: "
        f"keys: {{{', '.join(unused)}}}"
    )
