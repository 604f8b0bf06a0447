"""Every clause of every platform, kept and broken: one table for all of them.

A clause that is a rule for everybody is asked on each platform; one that an adapter lists binds
there and nowhere else."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from heed import adapter as adapters
from heed.domain import clauses
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.domain.mention import Mention
from heed.domain.policy import CLAUSES, Send, check

PLATFORMS = adapters.names()
HOUSE = tuple(clause.id for clause in clauses.HOUSE)
FINE = Send(
    visibility="public",
    age_ms=MINUTE_MS,
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
PRIVATE: dict[str, Any] = {"visibility": "private"}
REPLY: dict[str, Any] = {"visibility": "private", "is_private_reply": True}
PERSON: dict[str, Any] = {"from_person": True}
SHORT: dict[str, Any] = {"opens_in_ms": 10 * MINUTE_MS}

Case = tuple[str, dict[str, Any]]
# By clause: what follows, or "allow", and what is otherwise than in FINE.
CASES: dict[str, tuple[Case, ...]] = {
    "repost": (
        ("refuse", {"is_repost": True}),
        ("refuse", {"is_repost": True, "paused": True}),
        ("allow", {"is_repost": False}),
        ("allow", {"is_repost": True, **PERSON}),
    ),
    "automated_author": (
        ("refuse", {"automated_author": True}),
        ("refuse", {"automated_author": True, **PRIVATE}),
        ("allow", {"automated_author": True, **PERSON}),
    ),
    "opt_out": (
        ("refuse", {"opted_out": True}),
        ("refuse", {"opted_out": True, "approved": True}),
        ("refuse", {"opted_out": True, **PRIVATE}),
        ("allow", {"opted_out": True, **PERSON}),
    ),
    "once": (
        ("refuse", {"already_answered": True}),
        ("refuse", {"already_answered": True, "approved": True}),
        ("allow", {"already_answered": True, **PERSON}),
    ),
    "stale": (
        ("refuse", {"age_ms": 2 * HOUR_MS + 1}),
        ("refuse", {"age_ms": 12 * HOUR_MS + 1, **PRIVATE}),
        ("allow", {"age_ms": 2 * HOUR_MS}),
        ("allow", {"age_ms": 12 * HOUR_MS, **PRIVATE}),
        ("allow", {"age_ms": 3 * DAY_MS, **PERSON}),
    ),
    "watch": (
        ("refuse", {"mode": "watch"}),
        ("refuse", {"mode": "watch", "approved": True}),
        ("allow", {"mode": "watch", **PERSON}),
    ),
    "author_cap": (
        ("refuse", {"contacts": 3}),
        ("refuse", {"contacts": 1, "contacts_max": 1}),
        ("allow", {"contacts": 2}),
        ("allow", {"contacts": 9, **PERSON}),
    ),
    "too_long": (
        ("refuse", {"is_too_long": True}),
        ("refuse", {"is_too_long": True, **PERSON}),
        ("refuse", {"is_too_long": True, **PRIVATE}),
        ("allow", {"is_too_long": False}),
    ),
    "disabled": (
        ("hold", {"disabled": True}),
        ("hold", {"disabled": True, **PERSON}),
        ("allow", {"disabled": False, **PRIVATE}),
    ),
    "draft": (
        ("hold", {"mode": "draft"}),
        ("hold", {"mode": "draft", **PRIVATE}),
        ("allow", {"mode": "draft", "approved": True}),
        ("allow", {"mode": "draft", **PERSON}),
    ),
    "paused": (
        ("hold", {"paused": True}),
        ("hold", {"paused": True, "mode": "draft", "approved": True}),
        ("allow", {"paused": True, **PERSON}),
    ),
    "stopped": (
        ("hold", {"stopped": True}),
        ("hold", {"stopped": True, "approved": True}),
        ("allow", {"stopped": True, **PERSON}),
    ),
    "similar": (
        ("hold", {"is_similar": True}),
        ("hold", {"is_similar": True, **PRIVATE}),
        ("allow", {"is_similar": True, **PERSON}),
    ),
    "rate_budget": (
        ("hold", {"shortage": "rate_budget", **SHORT}),
        ("hold", {"shortage": "rate_budget", **SHORT, **PERSON}),
        ("hold", {"shortage": "rate_budget", "opens_in_ms": 5 * HOUR_MS, **PRIVATE}),
        ("refuse", {"shortage": "rate_budget", "opens_in_ms": 2 * HOUR_MS}),
        ("refuse", {"shortage": "rate_budget", "age_ms": 111 * MINUTE_MS, **SHORT}),
        ("allow", {"shortage": "", **SHORT}),
    ),
    "money_budget": (
        ("hold", {"shortage": "money_budget", **SHORT}),
        ("hold", {"shortage": "money_budget", **SHORT, **PERSON}),
        ("refuse", {"shortage": "money_budget", "opens_in_ms": 3 * HOUR_MS}),
        ("refuse", {"shortage": "money_budget", "opens_in_ms": 20 * HOUR_MS, **PRIVATE}),
        ("allow", {"shortage": ""}),
    ),
    "hour_cap": (
        ("hold", {"shortage": "hour_cap"}),
        ("hold", {"shortage": "hour_cap", **PRIVATE}),
        ("allow", {"shortage": "hour_cap", **PERSON}),
    ),
    "not_summoned": (
        ("refuse", {"summoned": False}),
        ("refuse", {"summoned": False, **PERSON}),
        ("allow", {"summoned": False, **PRIVATE}),
        ("allow", {"summoned": False, **REPLY, **PERSON}),
    ),
    "account_unmarked": (
        ("refuse", {"is_account_marked": False}),
        ("refuse", {"is_account_marked": False, **PRIVATE}),
        ("allow", {"is_account_marked": False, **PERSON}),
    ),
    "link_price": (
        ("refuse", {"has_link": True}),
        ("refuse", {"has_link": True, "approved": True}),
        ("allow", {"has_link": True, **PERSON}),
    ),
    "private_reply_days": (
        ("refuse", {"age_ms": 7 * DAY_MS + 1, **REPLY, **PERSON}),
        ("allow", {"age_ms": 7 * DAY_MS, **REPLY, **PERSON}),
        ("allow", {"age_ms": 8 * DAY_MS, **PERSON}),
    ),
    "private_once": (
        ("refuse", {"private_sent": True, **REPLY, **PERSON}),
        ("refuse", {"private_sent": True, **REPLY}),
        ("allow", {"private_sent": False, **REPLY, **PERSON}),
        ("allow", {"private_sent": True, **PERSON}),
    ),
    "answer_window": (
        ("refuse", {"age_ms": DAY_MS + 1, **PRIVATE}),
        ("allow", {"age_ms": 12 * HOUR_MS, **PRIVATE}),
        ("allow", {"age_ms": DAY_MS + 1, **PRIVATE, **PERSON}),
    ),
    "human_window": (
        ("refuse", {"age_ms": 7 * DAY_MS + 1, **PRIVATE, **PERSON}),
        ("allow", {"age_ms": 7 * DAY_MS, **PRIVATE, **PERSON}),
        ("allow", {"age_ms": 8 * DAY_MS, **PERSON}),
    ),
    "text_unmarked": (
        ("refuse", {"is_marked": False}),
        ("refuse", {"is_marked": False, **PRIVATE}),
        ("allow", {"is_marked": False, **PERSON}),
    ),
}


def listed(platform: str) -> tuple[str, ...]:
    return tuple(clause.id for clause in adapters.load(platform).POLICY)


TABLE = [
    pytest.param(platform, clause, *case, id=f"{platform}-{clause}-{number}-{case[0]}")
    for platform in PLATFORMS
    for clause in dict.fromkeys((*listed(platform), *HOUSE))
    for number, case in enumerate(CASES[clause])
]


@pytest.mark.parametrize(("platform", "clause", "expected", "changes"), TABLE)
def test_what_a_clause_says_on_a_platform(
    platform: str, clause: str, expected: str, changes: dict[str, Any]
) -> None:
    verdict = check(replace(FINE, **changes), listed(platform))

    named = "" if expected == "allow" else clause
    assert (verdict.ruling, verdict.clause) == (expected, named)


def test_the_table_is_no_small_one() -> None:
    assert len(TABLE) >= 200


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_clause_is_allowed_and_not_allowed_in_the_table(platform: str) -> None:
    for clause in (*listed(platform), *HOUSE):
        said = {expected for expected, _ in CASES[clause]}

        assert "allow" in said, clause
        assert said & {"hold", "refuse"}, clause


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_adapter_lists_at_least_five_clauses_each_once_and_known_to_the_engine(
    platform: str,
) -> None:
    ids = listed(platform)

    assert len(ids) == len(set(ids)) >= 5
    assert set(ids) <= CLAUSES


def test_every_rule_of_the_engine_stands_somewhere_in_words() -> None:
    in_words = {*HOUSE, *(one for platform in PLATFORMS for one in listed(platform))}

    assert in_words == CLAUSES
    for clause in clauses.HOUSE:
        assert clause.says.endswith(".")
        assert clause.source
        assert date.fromisoformat(clause.read_on) >= date(2026, 1, 1)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_clause_that_another_platform_lists_does_not_bind(platform: str) -> None:
    foreign = CLAUSES - set(HOUSE) - set(listed(platform))

    for clause in foreign:
        for expected, changes in CASES[clause]:
            if expected == "refuse" and "age_ms" not in changes:
                assert check(replace(FINE, **changes), listed(platform)).clause != clause


def test_the_platforms_own_words_come_before_ours() -> None:
    facebook = adapters.load("facebook").POLICY

    found = clauses.find("similar", facebook)
    ours = clauses.find("draft", facebook)

    assert found is not None
    assert "506" in found.says
    assert ours is not None
    assert ours.source.startswith("Heed")
    assert clauses.find("", facebook) is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_windows_divide_a_day_and_prices_are_no_less_with_a_link(platform: str) -> None:
    adapter = adapters.load(platform)

    assert all(rate.ceiling > 0 and 86_400 % rate.window_s == 0 for rate in adapter.RATES)
    assert adapter.PRICES.summoned <= adapter.PRICES.post <= adapter.PRICES.link
    assert 100 <= adapter.PRIVATE_TEXT_MAX <= 10_000


def test_a_summoned_acknowledgement_on_x_costs_a_cent() -> None:
    prices = adapters.load("x").PRICES

    assert prices.of(private=False, summoned=True, has_link=False) == 10_000
    assert prices.of(private=False, summoned=True, has_link=True) == 200_000


def test_a_group_on_telegram_counts_by_its_chat() -> None:
    [rate] = adapters.load("telegram").RATES
    mention = Mention(platform="telegram", account="7", kind="message", object_id="-1001:42")

    assert rate.place is not None
    assert (rate.place(mention), rate.window_s, rate.ceiling) == ("-1001", 60, 20)
