import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed import brand
from heed.domain.similarity import ALIKE_MIN, first_unlike, likeness, sketch
from heed.domain.voice import TEXT_KINDS, compose

LONG = "we are sorry: that is not how it should go. A person from our team will look into it."


@pytest.mark.parametrize(
    "other",
    [
        f"Hi Sam, {LONG}",
        f"Hi, {LONG.upper()}",
        LONG.replace(".", "!"),
    ],
)
def test_a_name_a_greeting_or_case_makes_no_other_text(other: str) -> None:
    assert likeness(sketch(f"Hi Ann, {LONG}"), sketch(other)) >= ALIKE_MIN


def test_other_words_make_another_text() -> None:
    assert likeness(sketch(LONG), sketch("we have read you, somebody will come back")) < 0.1


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_the_variants_that_ship_are_told_apart(kind: str) -> None:
    voice = brand.load().voices["acme"]
    for language, replies in voice.replies.items():
        texts = [
            compose(
                voice,
                "apology" if kind == "apology" else "neutral",
                mention_id="x#1#post:1",
                language=language,
                platform="x",
                display_name="Sam",
                turn=turn,
            ).text
            for turn in range(len(replies.texts["neutral"]))
        ]

        assert len(set(texts)) == len(texts)
        for text in texts:
            others = [sketch(one) for one in texts if one != text]
            assert first_unlike([text], others) == 0


def test_the_first_that_is_not_like_the_recent_ones_is_taken() -> None:
    texts = ["one two three four five", "six seven eight nine ten", "x y z a b c"]

    assert first_unlike(texts, []) == 0
    assert first_unlike(texts, [sketch(texts[0])]) == 1
    assert first_unlike(texts, [sketch(texts[1]), sketch(texts[0])]) == 2
    assert first_unlike(texts[:1], [sketch(texts[0])]) is None
    assert first_unlike([], []) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    left, right = sketch(one), sketch(other)

    assert 0 <= likeness(left, right) <= 1
    assert likeness(left, right) == likeness(right, left)
    assert likeness(left, left) == 1
