from typing import Any

import pytest

from heed import payload
from heed.adapter import Receipt
from heed.errors import DoubtfulError, ReplyRejectedError

TREE = {"a": [{"b": 1}, None], "c": "text"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", 0, "b"), 1),
        (("a", 1), None),
        (("a", 1, "b"), None),
        (("a", 2), None),
        (("a", "b"), None),
        (("c", 0), None),
        (("d",), None),
        ((), TREE),
    ],
)
def test_dig(path: tuple[str | int, ...], found: Any) -> None:
    assert payload.dig(TREE, *path) == found


@pytest.mark.parametrize(("value", "found"), [([1], [1]), (None, []), ("ab", []), ({}, [])])
def test_listed(value: Any, found: list[Any]) -> None:
    assert payload.listed(value) == found


@pytest.mark.parametrize(("value", "found"), [("1_2", "1_2"), (10**18 + 1, "1000000000000000001")])
def test_ids_are_texts(value: Any, found: str) -> None:
    assert payload.read_id(value) == payload.read_id_or_none(value) == found


@pytest.mark.parametrize(
    "value", [None, "", True, 1.5, [], {}, "x" * 201, "é", "\ud800", "a\nb", "a\x00", 10**300]
)
def test_what_is_no_id_raises(value: Any) -> None:
    with pytest.raises(ValueError, match="id"):
        payload.read_id(value)


@pytest.mark.parametrize("value", [None, ""])
def test_an_id_may_be_missing(value: Any) -> None:
    assert payload.read_id_or_none(value) is None


@pytest.mark.parametrize(
    ("value", "found"), [("Ana", "Ana"), (" ", None), ("a" * 200, "a" * 100), (5, None), ("", None)]
)
def test_label(value: Any, found: str | None) -> None:
    assert payload.label(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (0, 0),
        ("12", 12),
        (10**15, 10**15),
        (10**15 + 1, None),
        ("9" * 5_000, None),
        (-1, None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        (1.5, None),
        (True, None),
        (None, None),
    ],
)
def test_whole(value: Any, found: int | None) -> None:
    assert payload.whole(value) == found


@pytest.mark.parametrize(
    ("value", "unit_ms", "at"),
    [
        (1_467_894_325, 1000, 1_467_894_325_000),
        ("1516403560557", 1, 1_516_403_560_557),
        (253_402_300_799, 1000, 253_402_300_799_000),
        (253_402_300_800, 1000, None),
        (None, 1000, None),
    ],
)
def test_epoch_ms(value: Any, unit_ms: int, at: int | None) -> None:
    assert payload.epoch_ms(value, unit_ms=unit_ms) == at


@pytest.mark.parametrize("value", ["1", "12_34", "9" * 40])
def test_ids_for_paths(value: str) -> None:
    assert payload.path_id(value) == value


@pytest.mark.parametrize("value", [None, "", "_1", "1_", "1_2_3", "1/2", "a", "1\n", "١", "9" * 41])
def test_what_must_not_stand_in_a_path(value: str | None) -> None:
    with pytest.raises(ReplyRejectedError) as caught:
        payload.path_id(value)
    assert caught.value.cause == "bad_request"


def test_bodies_are_ascii() -> None:
    assert payload.json_body({"a": "é👋\ud800"}) == b'{"a":"\\u00e9\\ud83d\\udc4b\\ud800"}'


@pytest.mark.parametrize(("body", "found"), [(b'{"a":1}', {"a": 1}), (b"", None), (b"<p>", None)])
def test_answers(body: bytes, found: Any) -> None:
    assert payload.read_answer(body) == found


def test_a_receipt_needs_an_id() -> None:
    assert payload.receipt(5) == Receipt("5")
    with pytest.raises(DoubtfulError):
        payload.receipt(None)


@pytest.mark.parametrize(("asked", "waits"), [(None, 60), (0, 1), (-5, 1), (9, 9), (1e9, 10_800)])
def test_waits_are_limited(asked: float | None, waits: float) -> None:
    assert payload.wait_s(asked, default_s=60) == waits


@pytest.mark.parametrize(
    ("status", "doubtful"),
    [(100, True), (301, True), (400, False), (408, True), (499, False), (500, True), (503, True)],
)
def test_only_a_plain_refusal_leaves_no_doubt(status: int, doubtful: bool) -> None:
    assert payload.is_doubtful(status) is doubtful
