"""Reads: queries on the table and its indexes, pages, projections, batches."""

from typing import Any

import pytest

from tests.fakes.shapes import Item
from tests.fakes_spec.attribute_values import attrs, item, values
from tests.fakes_spec.backends import Backend
from tests.fakes_spec.cases import INVALID

CRASH = "raises a Python error"
SORT_KEYS = ("", "Z", "a", "aa", "ab", "b", "é", "😀")


def row(sk: str, pk: str = "k", **plain: Any) -> Item:
    return {**attrs(pk=pk, sk=sk), **attrs(**plain)}


@pytest.fixture
def stored(backend: Backend) -> Backend:
    """A partition with a few sort keys beside another one, and items in the indexes."""
    backend.put(*(row(f"#{sk}", n=at) for at, sk in enumerate(SORT_KEYS)), row("#a", pk="other"))
    backend.put(
        *(row(f"due{at}", pk=f"i{at}", slot=3, due=due) for at, due in enumerate((5, 100, 20))),
        row("x", pk="other", slot=4, due=1),
        row("x", pk="half", slot=3),
        row("x", pk="lane", lane="in", turn="1"),
    )
    return backend


def found(backend: Backend, **request: Any) -> list[Any]:
    outcome = backend.call("query", **request)
    assert outcome.error == "", outcome.message
    return [one["sk"]["S"].removeprefix("#") for one in outcome.answer["Items"]]


@pytest.mark.parametrize(
    ("condition", "given", "expected"),
    [
        ("pk = :p", {}, SORT_KEYS),
        ("pk = :p AND sk = :a", {"a": "#a"}, ("a",)),
        ("pk = :p AND sk < :a", {"a": "#a"}, ("", "Z")),
        ("pk = :p AND sk <= :a", {"a": "#a"}, ("", "Z", "a")),
        ("pk = :p AND sk > :a", {"a": "#ab"}, ("b", "é", "😀")),
        ("pk = :p AND sk >= :a", {"a": "#ab"}, ("ab", "b", "é", "😀")),
        ("pk = :p AND sk BETWEEN :a AND :b", {"a": "#a", "b": "#b"}, ("a", "aa", "ab", "b")),
        ("pk = :p AND begins_with(sk, :a)", {"a": "#a"}, ("a", "aa", "ab")),
        ("pk = :p AND begins_with(sk, :a)", {"a": "#zz"}, ()),
        ("sk > :a AND pk = :p", {"a": "#b"}, ("é", "😀")),
        ("(pk = :p) AND (sk > :a)", {"a": "#b"}, ("é", "😀")),
    ],
)
def test_key_conditions_find_rows_in_order(
    stored: Backend, condition: str, given: dict[str, str], expected: tuple[str, ...]
) -> None:
    request = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values(p="k", **given),
    }

    assert found(stored, **request) == list(expected)
    assert found(stored, **request, ScanIndexForward=False) == list(expected)[::-1]


@pytest.mark.parametrize(
    ("condition", "given", "moto"),
    [
        ("sk = :a", {"a": "x"}, ""),
        ("pk > :p", {"p": "k"}, ""),
        ("pk = :p OR sk = :a", {"p": "k", "a": "x"}, CRASH),
        ("NOT pk = :p", {"p": "k"}, CRASH),
        ("pk = :p AND sk <> :a", {"p": "k", "a": "x"}, CRASH),
        ("pk = :p AND sk IN (:a)", {"p": "k", "a": "x"}, CRASH),
        ("pk = :p AND contains(sk, :a)", {"p": "k", "a": "x"}, ""),
        ("pk = :p AND n = :a", {"p": "k", "a": 1}, ""),
        ("pk = :p AND sk = :a AND n = :a", {"p": "k", "a": "x"}, ""),
        ("pk = :p AND sk > :a AND sk < :a", {"p": "k", "a": "x"}, "keeps the last condition"),
        ("pk = :p AND sk.x = :a", {"p": "k", "a": "x"}, ""),
        ("pk = :p AND sk = :a", {"p": "k", "a": 1}, "finds nothing"),
        ("pk = :p", {"p": ""}, ""),
        ("pk = :p AND sk BETWEEN :a AND :b", {"p": "k", "a": "b", "b": "a"}, "finds nothing"),
        ("pk = :p", {"p": "k", "q": 1}, "takes unused values in queries"),
        ("pk = :p AND begins_with(sk, :a)", {"p": "k", "a": 1}, CRASH),
        ("pk = :p AND sk = :a AND slot = :a", {"p": "k", "a": "x"}, ""),
    ],
)
def test_key_conditions_that_are_refused(
    stored: Backend, condition: str, given: dict[str, Any], moto: str
) -> None:
    outcome = stored.call(
        "query", KeyConditionExpression=condition, ExpressionAttributeValues=values(**given)
    )

    if stored.name == "moto" and moto:
        assert outcome.error != INVALID, f"moto is right now, so remove the note: {moto}"
    else:
        assert outcome.error == INVALID


DUE = {
    "IndexName": "due",
    "KeyConditionExpression": "slot = :s AND due <= :d",
    "ExpressionAttributeValues": values(s=3, d=99),
}


def test_an_index_is_sparse_keys_only_and_in_order_of_numbers(stored: Backend) -> None:
    outcome = stored.call("query", **DUE)

    assert outcome.answer["Items"] == [
        attrs(pk="i0", sk="due0", slot=3, due=5),
        attrs(pk="i2", sk="due2", slot=3, due=20),
    ]
    assert (outcome.answer["Count"], outcome.answer["ScannedCount"]) == (2, 2)


def test_an_index_follows_updates(stored: Backend) -> None:
    key = attrs(pk="i0", sk="due0")
    stored.call(
        "update_item",
        Key=key,
        UpdateExpression="SET due = :d",
        ExpressionAttributeValues=values(d=50),
    )
    assert found(stored, **DUE) == ["due2", "due0"]

    stored.call("update_item", Key=key, UpdateExpression="REMOVE due")
    assert found(stored, **DUE) == ["due2"]

    stored.call("delete_item", Key=attrs(pk="i2", sk="due2"))
    assert found(stored, **DUE) == []


def test_pages_go_on_where_the_last_one_ended(stored: Backend) -> None:
    request: dict[str, Any] = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": values(p="k"),
        "Limit": 3,
    }
    for forward in (True, False):
        pages: list[list[str]] = []
        start: dict[str, Item] = {}
        for _ in SORT_KEYS:
            outcome = stored.call("query", **request, **start, ScanIndexForward=forward)
            pages.append([one["sk"]["S"].removeprefix("#") for one in outcome.answer["Items"]])
            if "LastEvaluatedKey" not in outcome.answer:
                break
            start = {"ExclusiveStartKey": outcome.answer["LastEvaluatedKey"]}
        expected = list(SORT_KEYS) if forward else list(SORT_KEYS)[::-1]
        assert pages == [expected[:3], expected[3:6], expected[6:]]


def test_pages_of_an_index_go_on_too(stored: Backend) -> None:
    first = stored.call("query", **DUE, Limit=1)
    last = first.answer["LastEvaluatedKey"]

    assert last == attrs(pk="i0", sk="due0", slot=3, due=5)
    assert found(stored, **DUE, Limit=5, ExclusiveStartKey=last) == ["due2"]


def test_a_full_page_has_a_last_key_even_if_nothing_follows(stored: Backend) -> None:
    outcome = stored.call("query", **DUE, Limit=2)

    # The service does not look ahead.
    assert outcome.answer["LastEvaluatedKey"] == attrs(pk="i2", sk="due2", slot=3, due=20)


def test_a_start_key_need_not_exist(stored: Backend) -> None:
    request = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": values(p="k"),
        "ExclusiveStartKey": attrs(pk="k", sk="#aaa"),
    }

    assert found(stored, **request) == ["ab", "b", "é", "😀"]
    assert found(stored, **request, ScanIndexForward=False) == ["aa", "a", "Z", ""]


@pytest.mark.parametrize(
    "start", [attrs(pk="k"), attrs(pk="other", sk="#a"), item(n=1), attrs(pk="k", sk=1)]
)
def test_a_start_key_must_belong_to_the_query(fake: Backend, start: Item) -> None:
    outcome = fake.call(
        "query",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues=values(p="k"),
        ExclusiveStartKey=start,
    )

    # moto goes on from any key.
    assert outcome.error == INVALID


def test_a_filter_works_after_the_limit(stored: Backend) -> None:
    outcome = stored.call(
        "query",
        KeyConditionExpression="pk = :p",
        FilterExpression="n > :n",
        ProjectionExpression="#n",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues=values(p="k", n=1),
        Limit=4,
    )

    assert outcome.answer["Items"] == [attrs(n=2), attrs(n=3)]
    assert (outcome.answer["Count"], outcome.answer["ScannedCount"]) == (2, 4)
    assert outcome.answer["LastEvaluatedKey"] == attrs(pk="k", sk="#aa")


def test_counting_returns_no_items(stored: Backend) -> None:
    outcome = stored.call("query", **DUE, Select="COUNT")

    assert outcome.answer == {"Count": 2, "ScannedCount": 2}


def test_a_filter_on_the_key_is_refused(stored: Backend) -> None:
    outcome = stored.call(
        "query",
        KeyConditionExpression="pk = :p",
        FilterExpression="sk = :p",
        ExpressionAttributeValues=values(p="k"),
    )

    # moto filters on keys too.
    assert outcome.error == (INVALID if stored.name == "fake" else "")


@pytest.mark.parametrize(
    ("request_part", "error", "moto_error"),
    [
        # The page names ResourceNotFoundException, which moto raises; AWS does not.
        ({"IndexName": "nope"}, INVALID, "ResourceNotFoundException"),
        ({"ConsistentRead": True}, INVALID, INVALID),
        ({"Limit": 0}, "ParamValidationError", "ParamValidationError"),
        ({"IndexName": "ab"}, "ParamValidationError", "ParamValidationError"),
        # What exists on AWS but not here is refused, not ignored.
        ({"QueryFilter": {}}, "ParamValidationError", ""),
    ],
)
def test_queries_that_are_refused(
    stored: Backend, request_part: dict[str, Any], error: str, moto_error: str
) -> None:
    outcome = stored.call("query", **{**DUE, **request_part})

    assert outcome.error == (moto_error if stored.name == "moto" else error)


def test_an_index_gives_no_attributes_that_it_lacks(fake: Backend) -> None:
    outcome = fake.call("query", **DUE, ProjectionExpression="n")

    # moto returns items without the attribute.
    assert "does not project" in outcome.message


def test_a_page_ends_at_one_megabyte(backend: Backend) -> None:
    backend.put(*(row(str(at), body=b"x" * 300_000) for at in range(5)))

    outcome = backend.call(
        "query", KeyConditionExpression="pk = :p", ExpressionAttributeValues=values(p="k")
    )

    assert [one["sk"]["S"] for one in outcome.answer["Items"]] == ["0", "1", "2"]
    assert outcome.answer["LastEvaluatedKey"] == attrs(pk="k", sk="2")
