import pytest

from heed.domain.decision import HOLDS
from heed.triage import crises, holds
from heed.triage.features import find, without_ultimatum


def test_every_hold_has_its_phrases() -> None:
    assert {*crises.CRISES, *holds.HOLDS} == set(HOLDS)


def test_a_text_may_have_several_marks() -> None:
    marks = find("my mum died, you'll hear from my solicitor, you have 48 hours or I go viral")

    assert marks == {"bereavement", "legal", "ultimatum"}


@pytest.mark.parametrize(
    ("text", "is_opt_out"),
    [
        ("stop", True),
        ("please stop it now", True),
        ("ok stop that now please", False),
        ("stop trains", False),
        ("opt", False),
        ("leave", False),
        ("opt out now", True),
        ("leave me alone", True),
        ("leave it", False),
        ("stop sending me all your stupid automatic messages, I have read enough of them", True),
    ],
)
def test_opting_out_takes_a_command(text: str, is_opt_out: bool) -> None:
    assert ("opt_out" in find(text)) == is_opt_out


@pytest.mark.parametrize(
    ("spelled", "left"),
    [
        ("my parcel is lost, you have 48 h or i go viral", "my parcel is lost"),
        ("refund me or i will tell all my followers", "refund me"),
        ("or else", ""),
        ("my parcel is lost", "my parcel is lost"),
    ],
)
def test_an_ultimatum_is_taken_out(spelled: str, left: str) -> None:
    assert without_ultimatum(spelled) == left


def test_a_long_thank_you_is_no_mere_courtesy() -> None:
    assert "courtesy" in find("thank you so much")
    assert "courtesy" not in find("thank you " * 6)
    assert "courtesy" not in find("so much to do")
