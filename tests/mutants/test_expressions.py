import pytest

from tests.mutants.expressions import is_expression, text_changes


@pytest.mark.parametrize(
    "text",
    [
        "n = :seen",
        "SET a = :a",
        "attribute_not_exists(pk)",
        " AND attribute_exists(st)",
        ", a = :a",
    ],
)
def test_expressions_and_their_parts_are_known(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize("text", ["", ":a", "pk", "conv#", "the lease ran out", "SETTLED"])
def test_other_texts_are_not(text: str) -> None:
    assert not is_expression(text)


@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        ("SET a = :a, b = :b", {"SET b = :b", "SET a = :a"}),
        ("SET a = :a REMOVE b, c", {"REMOVE b, c", "SET a = :a REMOVE c", "SET a = :a REMOVE b"}),
        (
            "SET a = if_not_exists(a, :a), b = :b",
            {"SET a = :a, b = :b", "SET b = :b", "SET a = if_not_exists(a, :a)"},
        ),
        ("a = :a AND b < :b", {
            "a = :a OR b < :b", "a <> :a AND b < :b", "a = :a AND b <= :b", "b < :b", "a = :a",
        }),
        ("a = :a OR NOT contains(b, :b)", {
            "a = :a AND NOT contains(b, :b)", "a <> :a OR NOT contains(b, :b)",
            "a = :a OR contains(b, :b)", "NOT contains(b, :b)", "a = :a",
        }),
        (" AND attribute_not_exists(a)", {" OR attribute_not_exists(a)",
                                          " AND attribute_exists(a)", ""}),
    ],
)  # fmt: skip
def test_an_expression_has_these_faults(text: str, faulty: set[str]) -> None:
    assert {new for new, _ in text_changes(text)} == faulty


def test_what_stands_in_brackets_is_taken_apart_too() -> None:
    faulty = {new for new, _ in text_changes("x = :x AND (a = :a OR b = :b)")}

    assert {"x = :x AND (b = :b)", "x = :x AND (a = :a)", "x = :x", "(a = :a OR b = :b)"} <= faulty
