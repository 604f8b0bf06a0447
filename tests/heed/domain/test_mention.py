import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.domain.mention import (
    CARD_DIGITS_MAX,
    CARD_DIGITS_MIN,
    MASK,
    OBJECT_ID_BYTES_MAX,
    TEXT_CHARS_MAX,
    Account,
    Author,
    Kind,
    Mention,
    conversation_id,
    mask_cards,
    mention_id,
)
from tests.heed.domain.givens import mention

VISA = "4111 1111 1111 1111"

# Lone surrogates, too: platforms send them.
any_text = st.text(st.characters(exclude_categories=()), max_size=40)
short_ids = any_text.filter(lambda text: not text.startswith("sha256-"))


def luhn(digits: str) -> bool:
    """Luhn's rule as ISO/IEC 7812-1 words it: double every second digit from the right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def with_check_digit(digits: str) -> str:
    return next(digits + check for check in "0123456789" if luhn(digits + check))


def test_what_an_adapter_does_not_tell_is_not_made_up() -> None:
    bare = Mention("x", "1", "post", "100")

    assert (bare.change, bare.visibility, bare.naming) == ("created", "public", "none")
    assert (bare.text, bare.media, bare.gain, bare.route) == ("", 0, 0, {})
    assert (bare.root_kind, bare.parent_kind) == ("post", "post")
    flags = (bare.summoned, bare.is_own_post, bare.is_repost, bare.author.automated)
    assert not any(flags)
    assert (bare.event_at, bare.author.id, bare.language, bare.quotes) == (None, None, None, None)
    assert not Account("x", "1", "acme").handle


def test_texts_and_ids_have_limits() -> None:
    assert (OBJECT_ID_BYTES_MAX, TEXT_CHARS_MAX) == (200, 10_000)


def test_a_mention_is_named_by_the_object_that_a_visitor_sees() -> None:
    assert mention(object_id="42").id == "x#1#post:42"


def test_ids_keep_what_platforms_use_to_build_them() -> None:
    assert mention_id("telegram", "7", "message", "-100123:45") == "telegram#7#message:-100123:45"
    assert mention_id("slack", "T1", "message", "T1:C2:1.5_6") == "slack#T1#message:T1:C2:1.5_6"


@pytest.mark.parametrize(
    ("raw", "encoded"),
    [
        ("a#b", "a%23b"),
        ("a%23b", "a%2523b"),
        ("é", "%C3%A9"),
        ("a b", "a%20b"),
        ("\ud800", "%ED%A0%80"),
        ("a|b", "a%7Cb"),
        ("\x00\n", "%00%0A"),
    ],
)
def test_what_separates_or_is_not_ascii_is_encoded(raw: str, encoded: str) -> None:
    assert mention_id("x", "1", "post", raw) == f"x#1#post:{encoded}"


def test_a_long_object_id_becomes_a_hash() -> None:
    longest, longer = "a" * OBJECT_ID_BYTES_MAX, "a" * (OBJECT_ID_BYTES_MAX + 1)

    assert mention_id("x", "1", "post", longest).endswith(longest)
    assert re.fullmatch(r"x#1#post:sha256-[0-9a-f]{64}", mention_id("x", "1", "post", longer))
    assert mention_id("x", "1", "post", longer) != mention_id("x", "1", "post", longer + "a")
    assert len(mention_id("x", "1", "post", longer + "\ud800")) == len("x#1#post:sha256-") + 64


@given(st.tuples(any_text, short_ids), st.tuples(any_text, short_ids))
def test_two_objects_never_share_an_id(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = {mention_id("x", account, "post", object_id) for account, object_id in (one, other)}

    assert len(ids) == len({one, other})


@given(any_text, st.text(max_size=400))
def test_an_id_is_short_ascii_without_list_marks(account: str, object_id: str) -> None:
    made = mention_id("x", account[:20], "review", object_id)
    _, _, rest = made.split("#")

    assert made.isascii()
    assert made.isprintable()
    assert "|" not in made
    assert len(rest) <= len("review:") + OBJECT_ID_BYTES_MAX


def test_kinds_keep_equal_numbers_apart() -> None:
    kinds: tuple[Kind, ...] = ("post", "comment", "message", "review")

    assert len({mention_id("x", "1", kind, "5") for kind in kinds}) == len(kinds)


def test_root_and_parent_are_ids_of_the_same_account() -> None:
    reply = mention(
        object_id="3", kind="comment", root_id="1", parent_id="2", parent_kind="comment"
    )

    assert reply.root == "x#1#post:1"
    assert reply.parent == "x#1#comment:2"


def test_who_starts_a_thread_has_neither_root_nor_parent() -> None:
    assert mention(object_id="1").root is None
    assert mention(object_id="1", root_id="1").root is None
    assert mention(object_id="1").parent is None


def test_one_author_in_one_thread_is_one_conversation() -> None:
    first = mention(object_id="1")
    second = mention(object_id="2", root_id="1")

    assert conversation_id(first, "acme") == conversation_id(second, "acme")


@pytest.mark.parametrize(
    "changes",
    [{"author": Author(id="8")}, {"root_id": "7"}, {"platform": "facebook"},
     {"visibility": "private"}],
)  # fmt: skip
def test_another_author_thread_platform_or_place_is_another_one(changes: dict[str, Any]) -> None:
    here = conversation_id(mention(root_id="1"), "acme")

    assert conversation_id(mention(**{"root_id": "1", **changes}), "acme") != here


def test_brands_never_share_a_conversation() -> None:
    assert conversation_id(mention(), "acme") != conversation_id(mention(), "bolt")


def test_where_one_part_ends_and_the_next_begins_counts() -> None:
    one = mention(root_id="12", author=Author(id="3"))
    other = mention(root_id="1", author=Author(id="23"))

    assert conversation_id(one, "acme") != conversation_id(other, "acme")


def test_two_people_never_share_a_private_conversation() -> None:
    ids = {
        conversation_id(mention(visibility="private", author=Author(id=one)), "acme")
        for one in ("8", "9")
    }

    assert len(ids) == 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"root_id": "1"}, "5d287cbf2c5651fe3080016c0dbf9c08"),
        ({"visibility": "private"}, "bed7be1bb905f54d0c6bf2aa903d0808"),
        ({"author": Author()}, "7cb0387f2835f8acbfaa1e377dedcbbd"),
    ],
)
def test_a_conversation_keeps_its_id_from_one_release_to_the_next(
    changes: dict[str, Any], expected: str
) -> None:
    # Under another id a customer would be answered twice, and open cases would be orphans.
    assert conversation_id(mention(**changes), "acme") == expected


def test_in_private_the_participant_alone_counts() -> None:
    lines = [mention(object_id=str(n), root_id=str(n), visibility="private") for n in range(3)]

    assert len({conversation_id(line, "acme") for line in lines}) == 1


def test_two_accounts_have_two_private_conversations_with_one_person() -> None:
    ids = {conversation_id(mention(account=a, visibility="private"), "acme") for a in ("1", "2")}

    assert len(ids) == 2


@pytest.mark.parametrize("changes", [{"kind": "review"}, {"author": Author()}])
def test_a_review_or_an_unknown_author_stands_alone(changes: dict[str, Any]) -> None:
    ids = {
        conversation_id(mention(object_id=n, root_id="1", **changes), "acme") for n in ("2", "3")
    }

    assert len(ids) == 2


@given(st.tuples(any_text, any_text), st.tuples(any_text, any_text))
def test_no_two_keys_make_one_conversation(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = {
        conversation_id(mention(root_id=root or "1", author=Author(id=author)), "acme")
        for root, author in (one, other)
    }

    assert len(ids) == len({(root or "1", author) for root, author in (one, other)})
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        VISA,
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111_1111_1111_1111",
        "4111  1111 - 1111\n1111",
        "3782 822463 10005",
        "4222222222222",
        "6304000000000000000",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "\uff14\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 1111 1111",
        "\u0664\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661",
        "4\u200b111\u200b1111\u00a01111\u20131111",
        "4\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e3 1111 1111 1111",
        "\u2463111 1111 1111 1111",
    ],
)
def test_a_card_number_is_masked_however_it_is_written(number: str) -> None:
    assert mask_cards(f"my card {number} was charged") == f"my card {MASK} was charged"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"{VISA} 12/27 123", f"{MASK} 12/27 123"),
        (f"{VISA} 123", f"{MASK} 123"),
        (f"order 12 {VISA}", f"order 12 {MASK}"),
        (f"{VISA} 5500 0000 0000 0004", f"{MASK} {MASK}"),
        # Parts of both make a third one: all of it goes, in one piece.
        (f"{VISA} {VISA}", MASK),
        (f"{VISA},5500000000000004", f"{MASK},{MASK}"),
        (f"card{VISA}exp", f"card{MASK}exp"),
        (f"{VISA} 24-11-2026", f"{MASK} 24-11-2026"),
        (f"24-11-2026 {VISA}", f"24-11-2026 {MASK}"),
        # Two cards share their one group in the middle.
        ("7455675 1556780 3524249", MASK),
        ("5500 0000 0000 0004 7455675 1556780 3524249", f"{MASK} {MASK}"),
        # The group in the middle is a card by itself, inside a longer one.
        ("5500 0000 0000 0004 88 4623038802810 62", f"{MASK} {MASK}"),
        (VISA, MASK),
    ],
)
def test_a_card_is_found_among_other_numbers(text: str, masked: str) -> None:
    assert mask_cards(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112",
        "order 4111 1111 1111 1112",
        "tracking 41111111111111110000",
        "41111111111111111",
        "411111111111",
        # Twelve digits that satisfy Luhn, and two dates that do.
        "457483853224",
        "2026-11-20 2026-11-28",
        "20-11-2026 28-11-2026",
        "from 2026-11-24 to 2026-11-28, booked 2026-01-05",
        "24.11.2026 - 28.11.2026",
        "12.99 12.99 12.99 12.99 12.99",
        "call +44 20 7946 0958",
        "no digits at all",
        "",
    ],
)
def test_what_is_no_card_stays(text: str) -> None:
    assert mask_cards(text) == text


def test_masking_twice_is_masking_once() -> None:
    masked = mask_cards(f"{VISA} and {VISA}")

    assert mask_cards(masked) == masked


def test_a_long_text_full_of_digits_is_no_trap() -> None:
    assert MASK in mask_cards("0 " * 2_000)


gaps = st.sampled_from(["", " ", "-", "  ", " - ", "\u00a0", "\u2011", "\n"])


@settings(max_examples=100)
@given(st.data(), st.integers(CARD_DIGITS_MIN - 1, CARD_DIGITS_MAX - 1))
def test_every_number_that_satisfies_luhn_is_masked(data: st.DataObject, length: int) -> None:
    digits = data.draw(st.text("0123456789", min_size=length, max_size=length))
    number = with_check_digit(digits)
    written = "".join(digit + data.draw(gaps) for digit in number).strip(" -\n\u00a0\u2011")

    masked = mask_cards(f"pay {written} now")

    # Digits of a date are the one grouping that is never read as a card.
    if not re.search(r"(19|20)\d\d", number):
        assert masked == f"pay {MASK} now"


@settings(max_examples=150)
@given(
    st.lists(
        st.text("0123456789", min_size=1, max_size=21)
        | st.sampled_from([" ", "-", " x ", ",", ". ", VISA, "4222222222222", "a", "\u0664"]),
        max_size=14,
    )
)
def test_a_masked_text_holds_no_card(parts: list[str]) -> None:
    masked = mask_cards(" ".join(parts))

    runs = re.findall(r"[0-9]+(?:[ \-]{1,3}[0-9]+)*", unicodedata.normalize("NFKC", masked))
    for groups in (re.split(r"[ \-]+", run) for run in runs):
        for first in range(len(groups)):
            for last in range(first + 1, len(groups) + 1):
                number = "".join(groups[first:last])
                in_range = CARD_DIGITS_MIN <= len(number) <= CARD_DIGITS_MAX
                assert not (in_range and luhn(number)) or re.search(r"(19|20)\d\d", number)


@given(st.text(max_size=60))
def test_masking_only_ever_takes_digits_and_their_gaps(text: str) -> None:
    kept = "".join(c for c in mask_cards(text).replace(MASK, "") if c.isalpha())

    assert kept == "".join(c for c in text.replace(MASK, "") if c.isalpha())
