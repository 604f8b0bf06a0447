"""What Facebook allows and limits: clauses and windows, each with its source."""

from heed.domain.budget import Prices, Rate
from heed.domain.clauses import Clause

_READ_ON = "2026-11-22"
_PRIVATE = 'developers.facebook.com, Messenger Platform, "Private Replies"'
_MESSAGES = (
    'developers.facebook.com, "Messenger Platform and IG Messaging API policy" of 2026-09-28'
)
_LIMITS = 'developers.facebook.com, "Rate Limits"'

POLICY: tuple[Clause, ...] = (
    Clause(
        "private_reply_days",
        "A private reply to a comment or post is possible within 7 days of it.",
        _PRIVATE,
        _READ_ON,
    ),
    Clause(
        "private_once",
        "A private reply is one message; more may follow only if the person answers.",
        _PRIVATE,
        _READ_ON,
    ),
    Clause(
        "answer_window",
        "A message may be answered by machine within 24 hours of the person's last one.",
        _MESSAGES,
        _READ_ON,
    ),
    Clause(
        "human_window",
        "A person may answer within 7 days with the tag HUMAN_AGENT, never a machine.",
        _MESSAGES,
        _READ_ON,
    ),
    Clause(
        "text_unmarked",
        "Where law requires it, an automated chat says so at the start; recommended everywhere.",
        _MESSAGES,
        _READ_ON,
    ),
    Clause(
        "similar",
        "A post that repeats another is refused as a duplicate (error 506).",
        'developers.facebook.com, "Handling Errors"',
        _READ_ON,
    ),
    Clause(
        "rate_budget",
        "An app may make 200 calls an hour for each of its daily users: with a single one, 200.",
        _LIMITS,
        _READ_ON,
    ),
    Clause(
        "disabled",
        "A page that was blocked for its conduct stops sending until a person has looked (368).",
        'developers.facebook.com, "Handling Errors"',
        _READ_ON,
    ),
)
RATES: tuple[Rate, ...] = (Rate(3_600, 200, "public"), Rate(3_600, 200, "private"))
PRICES = Prices()
