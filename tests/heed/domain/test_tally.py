from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.clock import DAY_MS, HOUR_MS, SECOND_MS
from heed.domain.tally import (
    BUCKETS_MS,
    ERROR_MAX,
    NOT_ELIGIBLE,
    Cell,
    Counts,
    Tallied,
    count,
    delta,
    pulse,
    recount,
)

AT = 498_658 * HOUR_MS + 5_000
CELL = Cell("acme", 498_658, "x")


def seen(state: str = "new", **fields: Any) -> Tallied:
    defaults: dict[str, Any] = {"brand": "acme", "platform": "x", "at": AT, "is_received": True}
    return Tallied(state=state, **{**defaults, **fields})


def names(one: Tallied) -> set[str]:
    """What a mention counts as, without when and whence."""
    return {name for name in count(one) if ":" not in name or name.startswith(("silent", "not"))}


def test_a_cell_is_the_hour_of_receipt_in_utc() -> None:
    assert seen().cell == CELL
    assert seen(at=AT + HOUR_MS).cell.hour == CELL.hour + 1


@pytest.mark.parametrize(
    ("one", "counted"),
    [
        (seen("new"), {"eligible", "waiting"}),
        (seen("planned"), {"eligible", "waiting"}),
        (seen("doubt"), {"eligible", "waiting"}),
        (seen("sent"), {"eligible", "answered", "machine"}),
        (seen("queued", reason="legal"), {"eligible", "held", "waiting"}),
        (seen("queued", people_at=AT + 1), {"eligible", "held", "answered", "people"}),
        (seen("sent", people_at=AT + 1), {"eligible", "answered", "machine", "people"}),
        (seen("refused", reason="apology"), {"eligible", "refused", "waiting"}),
        (seen("parked", reason="apology"), {"eligible", "parked", "waiting"}),
        (seen("cancelled", reason="answered_by_person"), {"eligible", "waiting"}),
        (seen("cancelled", reason="answered_elsewhere"), {"eligible", "answered", "people"}),
        (seen("silent", reason="stale"), {"eligible", "silent:stale"}),
        (seen("silent", reason="spam"), {"not:spam", "silent:spam"}),
        (seen("silent", reason="spam", people_at=AT + 1),
         {"eligible", "silent:spam", "answered", "people"}),
        (seen("gone", reason="deleted", is_deleted=True), {"not:deleted", "deleted"}),
        (seen("gone", reason="deleted"), {"eligible"}),
        (seen("new", is_deleted=True), {"eligible", "waiting", "deleted"}),
        (seen("sent", is_deleted=True), {"eligible", "answered", "machine", "deleted"}),
        (seen("new", is_edited=True), {"eligible", "waiting", "edited"}),
    ],
)  # fmt: skip
def test_what_a_mention_counts_as(one: Tallied, counted: set[str]) -> None:
    assert names(one) == counted | {"received"}


def test_what_never_came_is_not_received() -> None:
    assert count(seen("gone", is_received=False, is_deleted=True)) == {"deleted": 1}
    assert count(seen("", is_received=False, has_own_post=True)) == {"own": 1}


def test_the_source_is_counted() -> None:
    assert count(seen())["from:webhook"] == 1
    assert count(seen(source="reread"))["from:reread"] == 1


def test_every_named_reason_takes_a_silent_mention_out_of_the_response_rate() -> None:
    mentions = [seen("silent", reason=reason) for reason in NOT_ELIGIBLE]

    read = pulse(recount(mentions).values())

    assert (read.received, read.eligible, read.answered) == (len(NOT_ELIGIBLE), 0, 0)
    assert read.not_eligible == dict.fromkeys(sorted(NOT_ELIGIBLE), 1)


def test_a_change_counts_the_difference() -> None:
    old, new = seen("new"), seen("sent", machine_at=AT + 3 * SECOND_MS)

    assert delta(old, new) == {
        CELL: Counter(
            {"waiting": -1, "answered": 1, "machine": 1, "machine:ms": 3000, "machine:4": 1}
        )
    }
    assert delta(new, new) == {}
    assert delta(None, None) == {}
    assert delta(None, new) == recount([new])


def test_a_mark_that_its_mention_joins_moves_to_the_hour_of_receipt() -> None:
    mark = seen("", at=AT - HOUR_MS, is_received=False, has_own_post=True)
    joined = seen("new", has_own_post=True)

    changes = delta(mark, joined)

    assert changes[mark.cell] == {"own": -1}
    assert changes[joined.cell]["own"] == changes[joined.cell]["received"] == 1


STATES = ["", "new", "planned", "sending", "doubt", "sent", "refused", "parked", "cancelled",
          "silent", "queued", "gone"]  # fmt: skip
MENTIONS = st.builds(
    seen,
    st.sampled_from(STATES),
    at=st.integers(AT - HOUR_MS, AT + HOUR_MS),
    is_received=st.booleans(),
    reason=st.sampled_from(["", "spam", "stale", "answered_elsewhere"]),
    machine_at=st.sampled_from([0, AT, AT + DAY_MS]),
    people_at=st.sampled_from([0, AT, AT + DAY_MS]),
    is_deleted=st.booleans(),
    has_own_post=st.booleans(),
)


@given(st.lists(MENTIONS, min_size=1, max_size=6))
def test_changes_add_up_to_a_recount_of_the_last(history: list[Tallied]) -> None:
    total: dict[Cell, Counts] = {}
    for old, new in zip([None, *history], history, strict=False):
        for cell, counts in delta(old, new).items():
            total.setdefault(cell, Counter()).update(counts)

    left = {cell: {name: n for name, n in counts.items() if n} for cell, counts in total.items()}
    assert {cell: counts for cell, counts in left.items() if counts} == recount(history[-1:])


@given(MENTIONS)
def test_who_is_answered_is_eligible_and_waits_no_longer(one: Tallied) -> None:
    counted = count(one)

    assert counted["answered"] <= counted["eligible"] <= counted["received"]
    assert counted["answered"] + counted["waiting"] <= counted["eligible"]
    assert counted["eligible"] + sum(pulse([counted]).not_eligible.values()) == counted["received"]


def test_times_are_told_apart_for_machine_and_people() -> None:
    mentions = [seen("sent", machine_at=AT + s * SECOND_MS) for s in (2, 4, 6)]
    mentions.append(seen("queued", people_at=AT + HOUR_MS))

    read = pulse(recount(mentions).values()).first_answer

    assert (read["machine"].count, read["machine"].mean_ms) == (3, 4_000)
    assert (read["people"].count, read["people"].mean_ms) == (1, HOUR_MS)


def test_who_was_not_answered_has_no_time() -> None:
    nobody = pulse([]).first_answer["machine"]

    assert (nobody.count, nobody.mean_ms, nobody.p50_ms, nobody.p99_ms) == (0, None, None, None)
    # A state that is not sent has been tried, and an instant that nobody knows is none.
    assert pulse([count(seen("doubt", machine_at=AT + 1))]).first_answer["machine"].count == 0
    assert pulse([count(seen("sent"))]).first_answer["machine"].count == 0


@given(st.lists(st.integers(SECOND_MS, BUCKETS_MS[-1]), min_size=1, max_size=50))
def test_a_share_is_told_within_the_stated_error(took: list[int]) -> None:
    mentions = [seen("sent", machine_at=AT + ms) for ms in took]

    told = pulse(recount(mentions).values()).first_answer["machine"]

    ordered = sorted(took)
    for share, value in ((50, told.p50_ms), (90, told.p90_ms), (99, told.p99_ms)):
        exact = ordered[-(-len(ordered) * share // 100) - 1]
        assert value is not None
        assert 1 / (1 + ERROR_MAX) - 0.001 <= value / exact <= 1 + ERROR_MAX + 0.001


def test_what_is_shorter_or_longer_than_the_buckets_is_told_by_their_ends() -> None:
    at_once = pulse([count(seen("sent", machine_at=AT - 500))]).first_answer["machine"]
    in_a_year = pulse([count(seen("sent", people_at=AT + 365 * DAY_MS))]).first_answer["people"]

    assert (at_once.p50_ms, at_once.mean_ms) == (SECOND_MS, 0)
    assert in_a_year.p50_ms == BUCKETS_MS[-1]
    assert 12 * DAY_MS < BUCKETS_MS[-1] < 13 * DAY_MS


def test_reasons_and_sources_are_listed_the_most_frequent_first() -> None:
    mentions = [seen("silent", reason=reason) for reason in ("spam", "carried", "watch", "watch")]

    read = pulse(recount(mentions).values())

    assert list(read.silent.items()) == [("watch", 2), ("carried", 1), ("spam", 1)]
    assert read.sources == {"webhook": 4}
