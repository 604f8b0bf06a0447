"""One bad change at each place of a delivery of a thousand: the others are stored, it is kept."""

import json

import pytest

from heed.adapter import CHANGES_MAX, Json, collect
from heed.domain.mention import Mention
from tests.fuzz.thousand import outcome

# `make fuzz` tries all thousand; these stand for the others.
PLACES = (0, 1, 15, 16, 500, 998, 999)
GOOD = Mention(platform="x", account="1", kind="post", object_id="1")


@pytest.mark.parametrize("bad_at", PLACES)
def test_a_thousand_changes_with_a_bad_one_are_stored_without_it(bad_at: int) -> None:
    assert outcome(bad_at) == (200, {"stored": CHANGES_MAX - 1, "quarantined": 1}, True)


def read(change: Json) -> Mention:
    if change < 0:
        raise ValueError("bad")
    return GOOD


def test_at_every_single_place_a_bad_change_costs_only_itself() -> None:
    for bad_at in range(CHANGES_MAX):
        changes = [1] * CHANGES_MAX
        changes[bad_at] = -bad_at - 1

        parsed = collect(changes, read)

        assert len(parsed.mentions) == CHANGES_MAX - 1
        assert [json.loads(one.change) for one in parsed.unreadable] == [-bad_at - 1]
