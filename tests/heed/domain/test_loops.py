from typing import Any

import pytest

from heed.domain.clock import DAY_MS
from heed.domain.loops import is_machine, recent_contacts
from heed.domain.mention import Author
from tests.heed.domain.givens import NOON, complaint, decided, mention, policy

LISTED = policy(bots=frozenset({"newsbot", "555"}), siblings=frozenset({("x", "900")}))


@pytest.mark.parametrize(
    ("author", "is_known"),
    [
        ({"id": "9", "handle": "sam"}, False),
        ({"id": "9", "handle": "sam", "automated": True}, True),
        ({"id": "9", "handle": "NewsBot"}, True),
        ({"id": "555", "handle": "sam"}, True),
        ({"id": "900", "handle": "boltrail"}, True),
        ({"id": None, "handle": None}, False),
        ({"id": None, "handle": "newsbot"}, True),
    ],
)
def test_a_machine_is_known_by_flag_by_list_or_as_one_of_ours(
    author: dict[str, Any], is_known: bool
) -> None:
    assert is_machine(mention(author=Author(**author)), LISTED) == is_known


def test_the_account_of_another_brand_counts_on_its_own_platform_only() -> None:
    elsewhere = mention(platform="facebook", author=Author(id="900"))

    assert not is_machine(elsewhere, LISTED)


def test_a_listed_bot_gets_silence() -> None:
    decision = decided(complaint(), mention(author=Author(id="555")), brand=LISTED)

    assert (decision.outcome, decision.reason) == ("silent", "automated_author")


def test_contacts_count_for_a_day() -> None:
    now_s, day_s = NOON // 1000, DAY_MS // 1000

    assert recent_contacts([now_s, now_s - day_s + 1, now_s - day_s], NOON) == {
        now_s,
        now_s - day_s + 1,
    }
    assert recent_contacts([], NOON) == frozenset()
