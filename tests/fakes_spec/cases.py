"""The form of a case in the tables of behaviour, and how it is run."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.shapes import Answer, Item, Request
from tests.fakes_spec.attribute_values import KEY, by_key, in_order
from tests.fakes_spec.backends import Backend

INVALID = "ValidationException"
FAILED = "ConditionalCheckFailedException"
CANCELED = "TransactionCanceledException"


@dataclass(frozen=True, slots=True)
class Case:
    """One call: what was stored before, what it answers, what is stored after.

    `answer` None means that it is not looked at, `after` None that nothing changed. `moto` says
    how moto is known to be wrong; it must then be wrong, so that a repair is noticed.
    """

    name: str
    operation: str
    request: Request
    given: tuple[Item, ...] = ()
    answer: Answer | None = None
    error: str = ""
    says: str = ""
    after: list[Item] | None = None
    moto: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The outcome part of a case, for the builders below."""

    answer: Answer | None = None
    error: str = ""
    says: str = ""
    after: list[Item] | None = None
    moto: str = ""


@dataclass(slots=True)
class Table:
    """Collects cases, each for both backends."""

    cases: list[Case] = field(default_factory=list)

    def update(self, name: str, given: Item | None, expression: str, **rest: Any) -> None:
        """Add an update of the common key."""
        request = {"Key": KEY, "UpdateExpression": expression}
        self.add(name, "update_item", given, request, **rest)

    def add(
        self, name: str, operation: str, given: Item | None, request: Request, **rest: Any
    ) -> None:
        """Add any call; capitalised keywords belong to the request, the others to the case."""
        more = {one: content for one, content in rest.items() if one[0].isupper()}
        expected = {one: content for one, content in rest.items() if one[0].islower()}
        for short, long in (("values", "ExpressionAttributeValues"), ("names", _NAMES)):
            if short in expected:
                more[long] = expected.pop(short)
        if "after" in expected and isinstance(expected["after"], dict):
            expected["after"] = [expected["after"]]
        stored = () if given is None else (given,)
        expectation = Expectation(**expected)
        self.cases.append(
            Case(
                name,
                operation,
                {**request, **more},
                stored,
                expectation.answer,
                expectation.error,
                expectation.says,
                expectation.after,
                expectation.moto,
            )
        )

    def params(self) -> list[Any]:
        """Return every case for the stand-in and for moto."""
        return [
            pytest.param(case, name, id=f"{case.name}-{name}")
            for case in self.cases
            for name in ("fake", "moto")
        ]


_NAMES = "ExpressionAttributeNames"


def check(case: Case, backend: Backend) -> None:
    """Run a case; where moto is known to be wrong it must still be wrong."""
    found = differences(case, backend)

    if backend.name == "moto" and case.moto:
        assert found, f"moto is right now, so remove the note: {case.moto}"
    else:
        assert found == []


def differences(case: Case, backend: Backend) -> list[str]:
    """Run a case and list what is not as expected; messages count for the stand-in only."""
    backend.put(*case.given)
    outcome = backend.call(case.operation, **case.request)
    after = backend.items()

    stored = list(case.given) if case.after is None else case.after
    expected = in_order(by_key(stored))
    found = []
    if outcome.error != case.error:
        found.append(f"error {outcome.error} {outcome.message}, not {case.error}")
    if backend.name == "fake" and case.says not in outcome.message:
        found.append(f"message {outcome.message}, not {case.says}")
    if case.answer is not None and outcome.answer != in_order(case.answer):
        found.append(f"answer {outcome.answer}, not {case.answer}")
    if after != expected:
        found.append(f"after {after}, not {expected}")
    return found
