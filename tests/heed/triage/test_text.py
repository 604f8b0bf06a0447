import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.mention import MASK
from heed.triage.text import has_link, plain, untagged


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("@acme hello @b_2, you", "hello , you"),
        ("mail me@acme.example", "mail me@acme.example"),
        (".@acme look https://t.co/x now", ".@acme look now"),
        ("see www.acme.example/a?b and t.co/x1", "see and"),
        ("fish &amp; chips &lt;3", "fish & chips <3"),
        (f"paid with {MASK} twice", "paid with twice"),
        ("@user.name.example hi", "hi"),
        ("  a \n\t b ", "a b"),
        ("#acme fails", "#acme fails"),
    ],
)
def test_tags_and_links_are_taken_out(written: str, said: str) -> None:
    assert untagged(written) == said


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("I can’t, won't, SHAN'T", "i can not, will not, shall not"),
        ("we're I've you'll I'm they'd", "we are i have you will i am they would"),
        ("it's Sam's", "it is sams"),
        ("dont u think pls", "do not you think please"),
        ("im gonna", "i am going to"),
        ("soooo LATE", "so late"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("zero\u200bwidth", "zerowidth"),
        ("well, were ill in a shell", "well, were ill in a shell"),
        ("a – b — c", "a - b - c"),
    ],
)
def test_a_text_is_spelled_plainly(said: str, spelled: str) -> None:
    assert plain(said) == spelled


def test_a_link_is_seen() -> None:
    assert has_link("see HTTPS://x.example")
    assert not has_link("see x")


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_spelling_is_stable(text: str) -> None:
    assert plain(untagged(text)) == plain(untagged(text))
    assert "  " not in plain(text)
