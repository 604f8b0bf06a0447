"""Single reads, projections and batches."""

from typing import Any

import pytest

from tests.fakes.shapes import Item
from tests.fakes_spec.attribute_values import KEY, attrs, av, by_key, item
from tests.fakes_spec.backends import Backend
from tests.fakes_spec.cases import INVALID


def row(sk: str, **plain: Any) -> Item:
    return attrs(pk="k", sk=sk, **plain)


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        ("a", {"a": {"b": [1, 2, 3], "c": 4}}),
        ("a.c, d", {"a": {"c": 4}, "d": 5}),
        ("a.b[0], a.b[2]", {"a": {"b": [1, 3]}}),
        ("gone, a.gone, d[0]", {}),
    ],
)
def test_projections(backend: Backend, projection: str, expected: dict[str, Any]) -> None:
    backend.put(item(a={"b": [1, 2, 3], "c": 4}, d=5))

    outcome = backend.call("get_item", Key=KEY, ProjectionExpression=projection)

    if backend.name == "moto" and projection.count("[") == 2:
        # moto keeps the last of two elements of a list.
        expected = {"a": {"b": [3]}}
    assert outcome.answer["Item"] == attrs(**expected)


@pytest.mark.parametrize("projection", ["", "a,", "a, a", "a, a.b", "a.b, a[0]", "name"])
def test_projections_that_are_refused(fake: Backend, projection: str) -> None:
    outcome = fake.call("get_item", Key=KEY, ProjectionExpression=projection)

    assert outcome.error == INVALID


def test_an_absent_item_gives_an_answer_without_one(backend: Backend) -> None:
    assert backend.call("get_item", Key=KEY).answer == {}


def test_a_batch_returns_what_there_is(backend: Backend) -> None:
    rows = [row("1", a=1), row("2", a=2), row("3", a=3)]
    backend.put(*rows)

    outcome = backend.call(
        "batch_get_item",
        RequestItems={"Keys": [attrs(pk="k", sk=str(at)) for at in (3, 1, 9)]},
    )

    assert by_key(outcome.answer["Responses"][backend.table]) == [rows[0], rows[2]]
    assert outcome.answer["UnprocessedKeys"] == {}


def test_a_batch_does_not_keep_the_order(fake: Backend) -> None:
    fake.put(row("1"), row("2"))

    outcome = fake.call(
        "batch_get_item", RequestItems={"Keys": [attrs(pk="k", sk=one) for one in "12"]}
    )

    assert outcome.answer["Responses"]["heed"] == [row("2"), row("1")]


def test_a_batch_projects(backend: Backend) -> None:
    backend.put(item(a=1, b=2))

    part = {"Keys": [KEY], "ProjectionExpression": "#b", "ExpressionAttributeNames": {"#b": "b"}}
    outcome = backend.call("batch_get_item", RequestItems=part)

    assert outcome.answer["Responses"][backend.table] == [{"b": av(2)}]


@pytest.mark.parametrize("keys", [[], [KEY, KEY], [attrs(pk="k", sk=str(at)) for at in range(101)]])
def test_batches_that_are_refused(backend: Backend, keys: list[Item]) -> None:
    outcome = backend.call("batch_get_item", RequestItems={"Keys": keys})

    assert outcome.error == (INVALID if keys else "ParamValidationError")


def test_a_batch_stops_at_16_megabytes(fake: Backend) -> None:
    keys = [attrs(pk="k", sk=f"{at:02d}") for at in range(50)]
    fake.put(*({**key, "body": av(b"x" * 400_000)} for key in keys))

    answer = fake.call("batch_get_item", RequestItems={"Keys": keys}).answer

    assert len(answer["Responses"]["heed"]) == 41
    assert answer["UnprocessedKeys"] == {"heed": {"Keys": keys[41:]}}


def test_answers_belong_to_the_caller(fake: Backend) -> None:
    given = item(a={"b": [1]}, s={"x"})
    fake.put(given)
    given["a"]["M"]["b"]["L"].append(av(2))

    answer = fake.call("get_item", Key=KEY).answer["Item"]
    answer["a"]["M"]["b"]["L"].append(av(3))
    answer["s"]["SS"].append("y")

    assert fake.items() == [item(a={"b": [1]}, s={"x"})]


def test_an_unknown_table_is_not_found(backend: Backend) -> None:
    outcome = backend.call("get_item", TableName="nope", Key=KEY)

    assert outcome.error == "ResourceNotFoundException"
