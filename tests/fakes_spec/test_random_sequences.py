"""Random sequences of writes: the stand-in and moto must answer and store the same.

What moto is known to get wrong (see the tables of cases) is not generated.
"""

import itertools
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.shapes import Item, Request
from tests.fakes_spec.attribute_values import attrs, av
from tests.fakes_spec.backends import Backend, MakeBackend, Outcome
from tests.fakes_spec.cases import FAILED, INVALID

# No booleans: moto takes true for 1.
SCALARS = st.one_of(st.integers(-3, 3), st.sampled_from(["", "a", "ab", "b"]))
NESTED = st.one_of(
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.sampled_from("xy"), st.integers(0, 3), max_size=2),
    st.sets(st.sampled_from("pqr"), min_size=1),
    st.sets(st.integers(0, 3), min_size=1),
)
PLAIN = st.one_of(SCALARS, NESTED)
NAMES = st.sampled_from("abcd")

# Templates with {n} and {m} for attributes; the second part makes the values.
UPDATES: list[tuple[str, dict[str, st.SearchStrategy[Any]]]] = [
    ("SET {n} = :x", {":x": PLAIN}),
    ("SET {n} = :x REMOVE {m}", {":x": PLAIN}),
    ("SET {n} = {m} + :x", {":x": st.integers(-5, 5)}),
    ("SET {n} = if_not_exists({n}, :x) + :y", {":x": st.integers(0, 3), ":y": st.integers(0, 3)}),
    ("SET {n} = if_not_exists({m}, :x)", {":x": PLAIN}),
    ("SET {n} = list_append(if_not_exists({n}, :x), :y)", {":x": st.just([]), ":y": NESTED}),
    ("SET #n.x = :x", {":x": SCALARS}),
    ("SET {n}[1] = :x", {":x": SCALARS}),
    ("REMOVE {n}[0]", {}),
    ("ADD {n} :x", {":x": st.one_of(st.integers(-3, 3), st.sets(st.integers(0, 3), min_size=1))}),
    ("DELETE {n} :x", {":x": st.sets(st.sampled_from("pq"), min_size=1)}),
]
CONDITIONS: list[tuple[str, dict[str, st.SearchStrategy[Any]]]] = [
    ("", {}),
    ("attribute_exists({n})", {}),
    ("attribute_not_exists({n}) OR {n} = :c", {":c": PLAIN}),
    ("NOT {n} = :c AND attribute_exists(pk)", {":c": PLAIN}),
    ("{n} <> :c", {":c": PLAIN}),
    ("contains({n}, :c)", {":c": st.sampled_from(["a", "p"])}),
    ("attribute_type({n}, :c)", {":c": st.sampled_from(["N", "S", "L", "M", "SS"])}),
    ("({n} = :c OR {m} = :c) AND attribute_exists({m})", {":c": SCALARS}),
    ("{n} IN (:c, :d)", {":c": SCALARS, ":d": SCALARS}),
]


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, str, Request]:
    """Draw one call: operation, sort key, and what else it takes."""
    operation = draw(st.sampled_from(["put_item", "delete_item", *["update_item"] * 4]))
    request: Request = {"ReturnValues": "ALL_OLD"}
    given_values: Item = {}
    condition, wanted = draw(st.sampled_from(CONDITIONS))
    names = {"n": draw(NAMES), "m": draw(NAMES)}
    if names["n"] == names["m"]:
        names["m"] = "e"
    if condition:
        request["ConditionExpression"] = condition.format(**names)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        given_values |= {one: av(draw(values)) for one, values in wanted.items()}
    if operation == "put_item":
        request["Item"] = attrs(**draw(st.dictionaries(NAMES, PLAIN, max_size=3)))
    if operation == "update_item":
        update, wanted = draw(st.sampled_from(UPDATES))
        request["UpdateExpression"] = update.format(**names)
        request["ReturnValues"] = draw(st.sampled_from(["NONE", "ALL_OLD", "ALL_NEW"]))
        given_values |= {one: av(draw(values)) for one, values in wanted.items()}
        if "#n" in update:
            request["ExpressionAttributeNames"] = {"#n": names["n"]}
    if given_values:
        request["ExpressionAttributeValues"] = given_values
    return operation, draw(st.sampled_from("12")), request


_partitions = itertools.count()


def test_random_sequences_agree_with_moto(make_backend: MakeBackend) -> None:
    fake, moto = make_backend("fake"), make_backend("moto")
    compared: Counter[str] = Counter()

    @settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(st.lists(steps(), min_size=5, max_size=12))
    def agree(sequence: list[tuple[str, str, Request]]) -> None:
        partition = f"p{next(_partitions)}"
        for operation, sort_key, request in sequence:
            key = attrs(pk=partition, sk=sort_key)
            if _only_removes(request) and not fake.call("get_item", Key=key).answer:
                # moto then creates an item.
                continue
            expected = call_at(fake, operation, key, request)
            # moto lets through much that is invalid, or stores a part of it.
            if expected.error != INVALID:
                assert call_at(moto, operation, key, request) == expected, (operation, request)
            compared[f"{operation} {expected.error}"] += 1
        assert fake.items(partition) == moto.items(partition)

    agree()
    # Enough of each kind, or the comparison says little.
    assert min(compared[f"update_item {one}"] for one in ("", FAILED, INVALID)) >= 50
    assert min(compared[f"{one} {FAILED}"] for one in ("put_item", "delete_item")) >= 20


def _only_removes(request: Request) -> bool:
    return str(request.get("UpdateExpression", "")).startswith(("REMOVE", "DELETE"))


def call_at(backend: Backend, operation: str, key: Item, request: Request) -> Outcome:
    """Call, and leave the wording of messages out of the comparison."""
    addressed = {**request, "Key": key}
    if operation == "put_item":
        addressed["Item"] = {**addressed.pop("Key"), **request["Item"]}
    outcome = backend.call(operation, **addressed)
    return Outcome(outcome.answer, outcome.error)
