import pytest

from heed.triage.phrases import compiled


def test_a_phrase_is_whole_words() -> None:
    pattern = compiled("stop it\nno (bus|train)")

    assert pattern.search("please stop it now")
    assert pattern.search("no train today")
    assert not pattern.search("nonstop item")
    assert not pattern.search("no trains")


def test_a_tilde_is_any_ending() -> None:
    assert compiled("vomit~").search("vomiting")
    assert compiled("vomit~").search("vomit")


def test_a_line_with_a_plus_goes_on() -> None:
    pattern = compiled(
        r"""
        left (my|our)
        + (bag
        +|coat)
        """
    )

    assert pattern.search("you left my coat")
    assert not pattern.search("you left my")


def test_a_class_of_words_is_named() -> None:
    pattern = compiled("my <kin> (died|left)", {"kin": "mum|dad"})

    assert pattern.search("my dad left")
    with pytest.raises(KeyError, match="pet"):
        compiled("my <pet>", {"kin": "mum"})


def test_what_must_not_follow_is_whole_words_too() -> None:
    pattern = compiled("passed(?! (an|the))")

    assert pattern.search("she passed and we cried")
    assert not pattern.search("she passed an exam")


def test_ordinary_expressions_stay_what_they_are() -> None:
    pattern = compiled(r"(?<!not )late(?= again)|\d+ \(cases\)")

    assert pattern.search("late again")
    assert not pattern.search("not late again")
