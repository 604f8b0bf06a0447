from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain import policy as policies
from heed.domain.case import LEASE_MS
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from heed.domain.conversation import ACK_COOLDOWN_MS
from heed.domain.policy import CLAUSES, Control, Send, age_limit_ms, check
from tests.heed.domain.givens import policy

ALLOWED = Send(
    visibility="public",
    age_ms=0,
    summoned=True,
    is_repost=False,
    automated_author=False,
    opted_out=False,
    already_answered=False,
    mode="live",
    paused=False,
    disabled=False,
    approved=False,
)
SUMMONED = (
    *("not_summoned", "private_once", "private_reply_days", "human_window", "answer_window"),
    *("link_price", "account_unmarked", "text_unmarked"),
)
# What breaks each clause alone, what follows, and whether it binds people, too.
BROKEN: dict[str, tuple[dict[str, Any], str, bool]] = {
    "not_summoned": ({"summoned": False}, "refuse", True),
    "repost": ({"is_repost": True}, "refuse", False),
    "automated_author": ({"automated_author": True}, "refuse", False),
    "opt_out": ({"opted_out": True}, "refuse", False),
    "once": ({"already_answered": True}, "refuse", False),
    "stale": ({"age_ms": policies.PUBLIC_AGE_MS_MAX + 1}, "refuse", False),
    "watch": ({"mode": "watch"}, "refuse", False),
    "disabled": ({"disabled": True}, "hold", True),
    "draft": ({"mode": "draft"}, "hold", False),
    "paused": ({"paused": True}, "hold", False),
    "stopped": ({"stopped": True}, "hold", False),
    "author_cap": ({"contacts": 3}, "refuse", False),
    "too_long": ({"is_too_long": True}, "refuse", True),
    "similar": ({"is_similar": True}, "hold", False),
    "hour_cap": ({"shortage": "hour_cap"}, "hold", False),
    "rate_budget": ({"shortage": "rate_budget", "opens_in_ms": MINUTE_MS}, "hold", True),
    "money_budget": ({"shortage": "money_budget", "opens_in_ms": MINUTE_MS}, "hold", True),
    "private_once": (
        {"visibility": "private", "is_private_reply": True, "private_sent": True},
        "refuse",
        True,
    ),
    "private_reply_days": (
        {"visibility": "private", "is_private_reply": True, "age_ms": 7 * DAY_MS + 1},
        "refuse",
        True,
    ),
    "human_window": ({"visibility": "private", "age_ms": 7 * DAY_MS + 1}, "refuse", True),
    "answer_window": ({"visibility": "private", "age_ms": DAY_MS + 1}, "refuse", False),
    "link_price": ({"has_link": True}, "refuse", False),
    "account_unmarked": ({"is_account_marked": False}, "refuse", False),
    "text_unmarked": ({"is_marked": False}, "refuse", False),
}
each_clause = pytest.mark.parametrize("clause", BROKEN)


def test_what_breaks_no_clause_is_allowed() -> None:
    assert check(ALLOWED, SUMMONED).ruling == "allow"
    assert check(ALLOWED, SUMMONED).clause == ""


def test_every_clause_is_tested_here() -> None:
    assert BROKEN.keys() == CLAUSES


@each_clause
def test_a_broken_clause_decides_and_is_named(clause: str) -> None:
    changes, ruling, _ = BROKEN[clause]

    verdict = check(replace(ALLOWED, **changes), SUMMONED)

    assert (verdict.ruling, verdict.clause) == (ruling, clause)


def test_a_budget_that_opens_too_late_is_no_reason_to_wait() -> None:
    soon = replace(ALLOWED, shortage="rate_budget", opens_in_ms=2 * HOUR_MS)
    late = replace(soon, age_ms=1)

    assert check(soon, ()) == policies.Verdict("hold", "rate_budget", 2 * HOUR_MS)
    assert check(late, ()) == policies.Verdict("refuse", "rate_budget")
    # A person's words are not stale; they wait, and come back to a person.
    assert check(replace(late, from_person=True), ()).ruling == "hold"


@each_clause
def test_people_are_bound_by_what_the_platform_itself_refuses(clause: str) -> None:
    changes, ruling, binds_people = BROKEN[clause]

    verdict = check(replace(ALLOWED, **changes, from_person=True), SUMMONED)

    assert verdict.ruling == (ruling if binds_people else "allow")


@pytest.mark.parametrize(
    ("clause", "changes"),
    [
        ("not_summoned", {"summoned": False, "visibility": "private"}),
        ("stale", {"age_ms": policies.PUBLIC_AGE_MS_MAX}),
        ("stale", {"age_ms": policies.PRIVATE_AGE_MS_MAX, "visibility": "private"}),
        ("draft", {"mode": "draft", "approved": True}),
    ],
)
def test_just_inside_a_clause_is_allowed(clause: str, changes: dict[str, Any]) -> None:
    verdict = check(replace(ALLOWED, **changes), SUMMONED)

    assert verdict.ruling == "allow", clause


def test_older_than_half_the_window_is_stale_in_private() -> None:
    late = replace(ALLOWED, visibility="private", age_ms=policies.PRIVATE_AGE_MS_MAX + 1)

    assert check(late, ()).clause == "stale"
    assert age_limit_ms("public") < age_limit_ms("private")


def test_a_platforms_clause_binds_only_where_its_adapter_lists_it() -> None:
    unsummoned = replace(ALLOWED, summoned=False)

    assert check(unsummoned, ()).ruling == "allow"
    # General clauses may be listed with their source; they bind anyway, in their own order.
    assert check(unsummoned, ("once", "opt_out")).ruling == "allow"


def test_an_approved_draft_still_waits_for_a_pause() -> None:
    assert check(replace(ALLOWED, mode="draft", approved=True, paused=True), ()).clause == "paused"


# Those that set no visibility, age or shortage: they can be broken together.
TOGETHER = sorted(
    clause
    for clause, (changes, _, _) in BROKEN.items()
    if clause != "draft" and not {"visibility", "shortage"} & changes.keys()
)


@given(st.sets(st.sampled_from(TOGETHER), min_size=1))
def test_nothing_waits_for_a_pause_that_would_be_refused_after_it(broken: set[str]) -> None:
    changes: dict[str, Any] = {}
    for clause in broken:
        changes |= BROKEN[clause][0]

    verdict = check(replace(ALLOWED, **changes), SUMMONED)

    rulings = {BROKEN[clause][1] for clause in broken}
    assert verdict.ruling == ("refuse" if "refuse" in rulings else rulings.pop())


def test_an_account_is_a_draft_account_until_somebody_says_otherwise() -> None:
    assert Control().mode_of(policy(), "x", "1") == "draft"


def test_a_switch_for_the_account_overrules_the_brand_and_both_the_file() -> None:
    filed = policy(modes={("x", "1"): "live"})

    assert Control().mode_of(filed, "x", "1") == "live"
    assert Control(mode="watch").mode_of(filed, "x", "1") == "watch"
    assert Control(mode="watch", modes={"x#1": "draft"}).mode_of(filed, "x", "1") == "draft"
    assert Control(modes={"x#2": "draft"}).mode_of(filed, "x", "1") == "live"


def test_the_limits_are_those_of_the_architecture() -> None:
    assert policies.PUBLIC_AGE_MS_MAX == 2 * HOUR_MS
    assert policies.PRIVATE_AGE_MS_MAX == 12 * HOUR_MS
    assert policies.CONTROL_CACHE_MS == 15 * SECOND_MS
    assert LEASE_MS == 15 * MINUTE_MS
    assert ACK_COOLDOWN_MS == DAY_MS == 24 * HOUR_MS
