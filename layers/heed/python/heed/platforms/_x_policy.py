"""What X allows, limits and charges: clauses, windows and prices, each with its source."""

from heed.domain.budget import Prices, Rate
from heed.domain.clauses import Clause

_READ_ON = "2026-11-22"
_POLICY = 'docs.x.com, "Developer policy"'
_PRICES = 'docs.x.com, "Pricing"'

POLICY: tuple[Clause, ...] = (
    Clause(
        "not_summoned",
        "A programmatic reply is accepted only if the author of the answered post mentioned the "
        "replying account in it or quoted one of its posts (self-serve).",
        'docs.x.com, "Manage posts: integration guide" and changelog of 2026-02-23',
        _READ_ON,
    ),
    Clause(
        "opt_out",
        "Automated replies and messages need consent and an immediate way out.",
        _POLICY,
        _READ_ON,
    ),
    Clause("similar", "No bulk or duplicate content.", _POLICY, _READ_ON),
    Clause(
        "once",
        "No bulk or duplicate content: one automatic reply to a post or message.",
        _POLICY,
        _READ_ON,
    ),
    Clause(
        "account_unmarked",
        "The profile of an automated account says who runs it.",
        _POLICY,
        _READ_ON,
    ),
    Clause(
        "link_price",
        "A post with a URL costs 0.20 USD instead of 0.015: an acknowledgement holds none.",
        _PRICES,
        _READ_ON,
    ),
    Clause(
        "money_budget",
        "Every post costs 0.015 USD, a summoned reply 0.010, a post with a URL 0.20, a direct "
        "message 0.015.",
        _PRICES,
        _READ_ON,
    ),
    Clause(
        "rate_budget",
        "100 posts in 15 minutes and 300 in 3 hours for an account, 10,000 a day for an app; 15 "
        "direct messages in 15 minutes and 1,440 a day. Where two pages differ, the lower counts.",
        'docs.x.com, "Rate limits" and "Manage posts: integration guide"',
        _READ_ON,
    ),
    Clause(
        "too_long",
        "A post counts 280 at most: a URL 23, an emoji or a wide character 2.",
        'docs.x.com, "Counting characters"',
        _READ_ON,
    ),
)
RATES: tuple[Rate, ...] = (
    Rate(15 * 60, 100, "public"),
    Rate(3 * 3_600, 300, "public"),
    Rate(24 * 3_600, 10_000, "public"),
    Rate(15 * 60, 15, "private"),
    Rate(24 * 3_600, 1_440, "private"),
)
PRICES = Prices(post=15_000, summoned=10_000, link=200_000, message=15_000)
