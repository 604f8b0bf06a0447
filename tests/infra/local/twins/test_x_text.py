import pytest

from infra.local.twins.x_text import (
    find_cashtags,
    find_handles,
    find_urls,
    leading_handles_length,
    weighted_length,
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        # From "Counting characters" (docs.x.com, read 2026-11-22).
        ("Hello, world! \U0001f44b", 16),
        ("\U0001f47e", 2),
        ("\U0001f64b\U0001f3fd", 2),
        ("\U0001f468\u200d\U0001f3a4", 2),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", 2),
        ("https://example.com", 23),
        ("https://example.com/very/long/path", 23),
        ("cafe\u0301", 4),
        ("caf\xe9", 4),
        # More of the same rules.
        ("\u65e5\u672c", 4),
        ("\U0001f1e9\U0001f1ea", 2),
        ("1\ufe0f\u20e3", 2),
        ("\u2708\ufe0f", 2),
        ("\u201cquoted\u201d", 8),
        ("see example.com/a.", 4 + 23 + 1),
        ("", 0),
    ],
)
def test_length_is_counted_as_x_counts(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://a.example/b?c=d.", ["https://a.example/b?c=d"]),
        ("heed.io and www.heed.co.uk/x", ["heed.io", "www.heed.co.uk/x"]),
        ("write to help@heed.com", []),
        ("version 1.2.3, e.g. this", []),
        ("end.Italy is far", []),
    ],
)
def test_links_are_found_with_and_without_a_scheme(text: str, urls: list[str]) -> None:
    assert find_urls(text) == urls


def test_cashtags_are_letters_after_a_dollar_sign() -> None:
    assert find_cashtags("$HEED and $brk.b, not $20 or US$") == ["$HEED", "$brk.b"]


def test_handles_are_found_with_their_places_but_not_in_addresses() -> None:
    assert find_handles("@HeedAir hi @b, me@heed.com") == [(0, "heedair"), (12, "b")]


def test_leading_handles_end_where_the_text_begins() -> None:
    assert leading_handles_length("@a @b hello @c") == len("@a @b ")
    assert leading_handles_length("hello @a") == 0
