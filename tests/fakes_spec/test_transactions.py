"""Transactions: all or nothing, reasons, tokens."""

from typing import Any

import pytest

from tests.fakes.shapes import Item
from tests.fakes_spec.attribute_values import attrs, av, values
from tests.fakes_spec.backends import Backend, Outcome
from tests.fakes_spec.cases import CANCELED, INVALID


def key(sk: str) -> Item:
    return attrs(pk="k", sk=sk)


def row(sk: str, **plain: Any) -> Item:
    return {**key(sk), **attrs(**plain)}


def put(sk: str, **rest: Any) -> dict[str, Any]:
    return {"Put": {"Item": row(sk, v=1), **rest}}


def update(sk: str, **rest: Any) -> dict[str, Any]:
    expression = {"UpdateExpression": "ADD v :one", "ExpressionAttributeValues": values(one=1)}
    return {"Update": {"Key": key(sk), **expression, **rest}}


def look(sk: str, condition: str = "attribute_exists(pk)", **rest: Any) -> dict[str, Any]:
    return {"ConditionCheck": {"Key": key(sk), "ConditionExpression": condition, **rest}}


def write(backend: Backend, *actions: dict[str, Any], **rest: Any) -> Outcome:
    return backend.call("transact_write_items", TransactItems=list(actions), **rest)


def test_all_actions_happen_together(backend: Backend) -> None:
    backend.put(row("2", v=1), row("3", v=1), row("4", v=1))

    outcome = write(
        backend,
        put("1", ConditionExpression="attribute_not_exists(pk)"),
        update("2"),
        {"Delete": {"Key": key("3")}},
        look("4"),
    )

    assert (outcome.error, outcome.answer) == ("", {})
    assert backend.items() == [row("1", v=1), row("2", v=2), row("4", v=1)]


def test_one_false_condition_stops_all_and_every_reason_is_given(backend: Backend) -> None:
    backend.put(row("2", v=7), row("3", v=8))

    outcome = write(
        backend,
        put("1"),
        put(
            "2",
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        ),
        update("3"),
        look("9"),
    )

    assert outcome.error == CANCELED
    assert "[None, ConditionalCheckFailed, None, ConditionalCheckFailed]" in outcome.message
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    reasons = outcome.answer["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", failed["Code"]] * 2
    assert reasons[1] == {**failed, "Item": row("2", v=7)}
    assert reasons[3] == failed
    assert backend.items() == [row("2", v=7), row("3", v=8)]


def test_what_cannot_be_done_is_a_reason(backend: Backend) -> None:
    backend.put(row("2", v="text"))

    outcome = write(backend, put("1"), update("2"))

    if backend.name == "fake":
        assert outcome.error == CANCELED
        codes = [reason["Code"] for reason in outcome.answer["CancellationReasons"]]
        assert codes == ["None", "ValidationError"]
    else:
        # moto raises a plain ValidationException.
        assert outcome.error == INVALID
    assert backend.items() == [row("2", v="text")]


def test_a_key_of_the_wrong_type_is_a_reason_and_only_the_first_is_named(fake: Backend) -> None:
    wrong = {"Put": {"Item": {**key("1"), "pk": av(1)}}}

    outcome = write(fake, wrong, wrong, look("9"))

    codes = [reason["Code"] for reason in outcome.answer["CancellationReasons"]]
    assert codes == ["ValidationError", "None", "None"]


@pytest.mark.parametrize(
    ("actions", "moto"),
    [
        (tuple(put(str(at)) for at in range(101)), ""),
        ((put("1"), update("1")), ""),
        ((look("1"), update("1")), ""),
        ((put("1", ConditionExpression="v ="),), "raises a Python error"),
        ((put("1", ConditionExpression="attribute_exists(#a)"),), "raises a Python error"),
        (({**put("1"), **update("2")},), ""),
        ((look("1", ReturnValuesOnConditionCheckFailure="all"),), "does not look"),
        (
            tuple({"Put": {"Item": row(str(at), b=b"x" * 100_000)}} for at in range(50)),
            "knows no limit",
        ),
    ],
    ids=[
        "101",
        "put and update",
        "check and update",
        "syntax",
        "alias",
        "two",
        "on",
        "5MB",
    ],
)
def test_requests_that_are_refused(
    backend: Backend, actions: tuple[dict[str, Any], ...], moto: str
) -> None:
    outcome = write(backend, *actions)

    if backend.name == "moto" and moto:
        assert outcome.error != INVALID, f"moto is right now, so remove the note: {moto}"
    else:
        assert (outcome.error, backend.items()) == (INVALID, [])


def test_a_token_makes_a_repeated_call_do_nothing(fake: Backend) -> None:
    # moto does not look at tokens.
    for _ in range(2):
        assert write(fake, update("1"), ClientRequestToken="t1").error == ""
    assert fake.items() == [row("1", v=1)]

    assert write(fake, update("2"), ClientRequestToken="t1").error == (
        "IdempotentParameterMismatchException"
    )
    write(fake, update("1"))
    write(fake, update("1"), ClientRequestToken="t2")
    fake.clock[0] += 10 * 60 * 1000
    write(fake, update("1"), ClientRequestToken="t1")
    assert fake.items() == [row("1", v=4)]
    assert write(fake, update("1"), ClientRequestToken="t" * 37).error == INVALID


def test_a_refused_call_does_not_use_up_its_token(fake: Backend) -> None:
    check_first = (look("9"), put("1"))
    assert write(fake, *check_first, ClientRequestToken="t").error == CANCELED

    fake.put(row("9"))

    assert write(fake, *check_first, ClientRequestToken="t").error == ""
    assert fake.items() == [row("1", v=1), row("9")]
