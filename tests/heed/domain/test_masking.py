import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.masking import has_mask, mask_change
from heed.domain.mention import MASK

CARD = "4111 1111 1111 1111"
DIGITS = "4111111111111111"
# Luhn holds for each of these by chance.
EPOCH_MS, X_ID = 1_795_170_000_008, "2100000000000000006"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def luhn(digits: str) -> bool:
    twice = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return sum(d // 10 + d % 10 for d in twice) % 10 == 0


def test_the_numbers_of_these_tests_could_be_cards() -> None:
    assert luhn(str(EPOCH_MS)) == luhn(X_ID) == luhn(DIGITS) is True


@pytest.mark.parametrize("value", [CARD, DIGITS, int(DIGITS), -int(DIGITS), float(DIGITS)])
@pytest.mark.parametrize("name", ["text", "message", "name", "value", "7"])
def test_a_card_number_is_masked_in_every_field_of_text(name: str, value: object) -> None:
    masked = mask_change(json.dumps({"a": [{name: value}], "n": 5}))

    kept = json.loads(masked)
    assert MASK in kept["a"][0][name]
    assert kept["n"] == 5
    assert DIGITS not in masked


@pytest.mark.parametrize(
    "name",
    ["id", "ids", "id_str", "post_id", "message_ids", "in_reply_to_status_id_str", "userId", "mid",
     "time", "date", "edit_date", "created_timestamp", "timestamp_ms", "created_at", "eventTime"],
)  # fmt: skip
@pytest.mark.parametrize("value", [EPOCH_MS, str(EPOCH_MS), X_ID, int(X_ID), f"500_{X_ID}", [X_ID]])
def test_ids_and_times_stay_readable(name: str, value: object) -> None:
    change = json.dumps({"text": "hi", "in": {name: value}})

    assert mask_change(change) == change


@pytest.mark.parametrize("name", ["id", "created_at"])
@pytest.mark.parametrize("value", [f"my card {DIGITS}", CARD, {"text": DIGITS}, float(DIGITS)])
def test_only_a_whole_number_stays_under_such_a_name(name: str, value: object) -> None:
    assert DIGITS not in mask_change(json.dumps({name: value})).replace(" ", "")


@pytest.mark.parametrize("name", ["paid", "said", "that", "validate", "candidate", "mids3"])
def test_a_name_that_only_ends_like_one_is_text(name: str) -> None:
    assert MASK in mask_change(json.dumps({name: DIGITS}))


def test_one_card_in_a_list_is_enough() -> None:
    assert DIGITS not in mask_change(json.dumps({"texts": ["hello", DIGITS, "bye"]}))


def test_a_bare_number_has_no_name_that_would_make_it_an_id() -> None:
    assert json.loads(mask_change(DIGITS)) == MASK


def test_a_change_of_ids_alone_comes_back_byte_for_byte() -> None:
    change = f'{{"id":   {X_ID}, "sent_at":"{EPOCH_MS}"}}'

    assert mask_change(change) == change


def test_a_name_can_be_a_card_number_too() -> None:
    assert mask_change(json.dumps({DIGITS: 1})) == json.dumps({MASK: 1})


def test_a_name_that_stands_twice_hides_nothing() -> None:
    masked = mask_change(f'{{"text": "{DIGITS}", "text": "hi"}}')

    assert json.loads(masked) == {"text": "hi"}
    assert DIGITS not in masked


def test_what_has_no_card_number_comes_back_byte_for_byte() -> None:
    change = '{ "a":1.50,"a":[NaN,1e400, true ,null],"b":"\\u00e9"}'

    assert mask_change(change) == change


def test_other_numbers_survive_next_to_a_masked_one() -> None:
    masked = mask_change(json.dumps({"text": DIGITS, "price": 12.5, "ok": True, "none": None}))

    assert json.loads(masked) == {"text": MASK, "price": 12.5, "ok": True, "none": None}


def test_digits_written_as_escapes_are_masked() -> None:
    escaped = "".join(f"\\u{ord(digit):04x}" for digit in DIGITS)
    wide = "".join(f"\\u{0xFF10 + int(digit):04x}" for digit in DIGITS)

    for change in (f'{{"text": "{escaped}"}}', f'{{"text": "{escaped}"', f'{{"text": "{wide}"'):
        masked = mask_change(change)
        assert MASK in masked
        assert "\\u" not in masked


@pytest.mark.parametrize("change", [f'{{"id": "{DIGITS}"', f"\ufeff{{}}{DIGITS}", DIGITS + "]"])
def test_what_is_no_json_is_masked_all_over(change: str) -> None:
    assert DIGITS not in mask_change(change)
    assert MASK in mask_change(change)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_deep_change_is_masked_all_the_same(depth: int) -> None:
    assert DIGITS not in mask_change("[" * depth + DIGITS + "]" * depth)


@given(JSON, st.sampled_from([CARD, DIGITS]))
def test_no_text_hides_a_card_number(value: object, card: str) -> None:
    masked = mask_change(json.dumps({"value": value, "text": f"a {card} b"}))

    assert DIGITS not in masked.replace(" ", "")
    assert json.loads(masked)["text"] == f"a {MASK} b"
    assert mask_change(masked) == masked


def test_an_id_that_was_lost_is_told() -> None:
    assert has_mask(None, "7", f"{MASK}_1")
    assert not has_mask(None, "7")
