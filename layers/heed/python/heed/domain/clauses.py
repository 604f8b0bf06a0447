"""The rules in words: what each clause says, where that stands, and when it was read.

A platform's clauses stand in its adapter; here is the form of all of them, and the clauses that
are the brand's own or ours. What follows when one is broken is in `policy`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule for replies; `id` is one that `domain.policy` checks.

    `source` is the vendor's page, or ours, `read_on` the ISO date on which it was read."""

    id: str
    says: str
    source: str
    read_on: str


_DATE = "2026-11-22"
_RULES = "Heed, rules for machine texts"
_SWITCHES = "Heed, controls of a brand"
_FILE = "Heed, the brand file"

# Every rule that binds everywhere; an adapter that lists one of them, too, gives the platform's own
# words and source for it, and those are shown.
HOUSE: tuple[Clause, ...] = (
    Clause("repost", "A bare repost says nothing of its own and is not answered.", _RULES, _DATE),
    Clause(
        "automated_author",
        "Who is known to be automated gets no machine text: two machines would never end.",
        _RULES,
        _DATE,
    ),
    Clause("opt_out", "Who asked the machine to stop gets no machine text.", _RULES, _DATE),
    Clause("once", "A mention gets one automatic reply.", _RULES, _DATE),
    Clause(
        "stale",
        "A machine answers nothing older than 2 hours in public, 12 hours in private.",
        _RULES,
        _DATE,
    ),
    Clause("watch", "The account is in watch mode: it stores and counts only.", _SWITCHES, _DATE),
    Clause(
        "author_cap",
        "One person gets so many machine texts of a brand within 24 hours, over all threads.",
        _FILE,
        _DATE,
    ),
    Clause("too_long", "The text counts more than the platform takes.", _RULES, _DATE),
    Clause(
        "disabled",
        "The account took its permission back, or the platform disabled it.",
        _SWITCHES,
        _DATE,
    ),
    Clause("draft", "A person approves each text of an account in draft mode.", _SWITCHES, _DATE),
    Clause("paused", "People stopped the machine texts of the brand.", _SWITCHES, _DATE),
    Clause(
        "stopped",
        "More machine texts than the hour allows: they stand still until a lead resumes them.",
        _SWITCHES,
        _DATE,
    ),
    Clause("similar", "A machine text is not like those that left just before it.", _RULES, _DATE),
    Clause(
        "rate_budget",
        "Machine texts leave a part of the platform's limit to people.",
        _FILE,
        _DATE,
    ),
    Clause("money_budget", "Replies cost no more than the brand file allows.", _FILE, _DATE),
    Clause("hour_cap", "A brand's machine texts within one hour are limited.", _FILE, _DATE),
)


def find(clause_id: str, platform_clauses: tuple[Clause, ...]) -> Clause | None:
    """Find a clause in words: the platform's own, else ours."""
    return next((c for c in (*platform_clauses, *HOUSE) if c.id == clause_id), None)
