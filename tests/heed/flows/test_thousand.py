"""One bad change at each place of a delivery of a thousand: the others are stored, it is kept."""

import json
from typing import Any

import pytest

from heed.adapter import CHANGES_MAX, Json, collect
from heed.domain.mention import Mention
from tests.heed.flows.bodies import PAGE, as_bytes, comment
from tests.heed.flows.world import World

# The whole way takes a second for a thousand changes; these places stand for the others.
PLACES = (0, 1, 15, 16, 500, 998, 999)
GOOD = Mention(platform="x", account="1", kind="post", object_id="1")


def delivery(at: int, bad_at: int) -> bytes:
    values: list[Any] = [comment(str(place), "hi", at=at) for place in range(CHANGES_MAX)]
    values[bad_at] = {"item": "comment", "verb": "add", "comment_id": {"no": "id"}}
    changes = [{"field": "feed", "value": value} for value in values]
    entry = {"id": PAGE, "time": at // 1000, "changes": changes}
    return as_bytes({"object": "page", "entry": [entry]})


@pytest.mark.parametrize("bad_at", PLACES)
def test_a_thousand_changes_with_a_bad_one_are_stored_without_it(bad_at: int) -> None:
    world = World()
    at = world.clock.now()

    assert world.deliver("facebook", delivery(at, bad_at)).status == 200

    assert world.meter.counts == {"stored": CHANGES_MAX - 1, "quarantined": 1}
    stored = {item["pk"]["S"].rsplit("_", 1)[-1] for item in world.items() if "st" in item}
    assert stored == {str(place) for place in range(CHANGES_MAX)} - {str(bad_at)}
    # The platform hears nothing of it, and may deliver all of it again.
    assert world.deliver("facebook", delivery(at, bad_at)).status == 200
    assert len(world.items()) == CHANGES_MAX


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
