"""What triage reads in sentences of our own: their marks, all of them, and their intent."""

from collections import Counter
from pathlib import Path

import pytest

from heed.domain.decision import HOLDS
from heed.triage.verdict import judge

TABLE = Path(__file__).with_name("sentences.txt")


def read_table() -> list[tuple[str, str, str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = (line.split(" | ", 2) for line in lines if line and not line.startswith("#"))
    return [(marks, intent, text) for marks, intent, text in rows]


SENTENCES = read_table()


@pytest.mark.parametrize(("marks", "intent", "text"), SENTENCES, ids=[s[2] for s in SENTENCES])
def test_a_sentence_is_read_as_it_is_meant(marks: str, intent: str, text: str) -> None:
    verdict = judge(text)

    assert set(verdict.marks) == (set() if marks == "-" else set(marks.split(",")))
    assert intent in ("*", verdict.intent)
    assert not verdict.thank


def test_every_hold_is_tried_and_so_are_the_sayings_that_only_sound_like_one() -> None:
    tried = Counter(mark for marks, _, _ in SENTENCES for mark in marks.split(","))

    assert len(SENTENCES) >= 200
    assert all(tried[mark] >= 10 for mark in HOLDS)
    assert tried["-"] >= 200
