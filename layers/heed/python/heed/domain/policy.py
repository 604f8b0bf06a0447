"""Rules and limits. Clauses answer, before every send, whether it is allowed, and say why not.

What a clause says in words, with its source, stands in `clauses` and in the adapters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from heed.domain.budget import Limits
from heed.domain.clock import DAY_MS, HOUR_MS, SECOND_MS, Calendar
from heed.domain.mention import Visibility

Mode = Literal["watch", "draft", "live"]
Ruling = Literal["allow", "hold", "refuse"]

VERSION = "2026-11-22.2"

# Nothing older is answered by machine: a late thank-you note reads like a fault.
PUBLIC_AGE_MS_MAX = 2 * HOUR_MS
PRIVATE_AGE_MS_MAX = 12 * HOUR_MS
# Windows of platforms, for those whose adapters list the clause.
ANSWER_WINDOW_MS = 24 * HOUR_MS
HUMAN_WINDOW_MS = 7 * DAY_MS
PRIVATE_REPLY_MS = 7 * DAY_MS
CONTACTS_MAX = 3
BRAND_HOUR_MAX = 1_000
REACH_FLAG_MIN = 100_000
FIRST_LOOK_MS = 60 * SECOND_MS
CONTROL_CACHE_MS = 15 * SECOND_MS


@dataclass(frozen=True, slots=True)
class BrandPolicy:
    """What a brand has set. Handles, bots, rivals and press names in lower case, without @.

    `bots`: handles and ids of known machines. `siblings`: accounts of the other brands here.
    `unmarked`: accounts whose profile does not say that a machine answers there. `contacts_max`:
    machine texts for one person within 24 hours; `hour_max`: of the brand within an hour.
    `budgets`: by platform.
    """

    brand: str
    name: str
    languages: tuple[str, ...]
    calendar: Calendar
    target_minutes: Mapping[str, int]
    handles: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    press: tuple[str, ...] = ()
    modes: Mapping[tuple[str, str], Mode] = field(default_factory=dict)
    bots: frozenset[str] = frozenset()
    siblings: frozenset[tuple[str, str]] = frozenset()
    unmarked: frozenset[tuple[str, str]] = frozenset()
    contacts_max: int = CONTACTS_MAX
    hour_max: int = BRAND_HOUR_MAX
    budgets: Mapping[str, Limits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Control:
    """What people switched while the system runs. `modes` overrule the brand file per
    `<platform>#<account>`; `mode` overrules it for the whole brand. `stopped_by`: the mention at
    which the brand's machine texts were more than an hour allows, `stopped_at` when; a lead
    resumes them. `resumes` counts how often: each begins a new count for the hour."""

    paused: bool = False
    sombre: bool = False
    mode: Mode | None = None
    modes: Mapping[str, Mode] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    stopped_by: str = ""
    stopped_at: int = 0
    resumes: int = 0

    def mode_of(self, policy: BrandPolicy, platform: str, account: str) -> Mode:
        """Tell the mode that counts for an account now; draft when nobody said anything."""
        ours = self.modes.get(f"{platform}#{account}") or self.mode
        return ours or policy.modes.get((platform, account), "draft")


def age_limit_ms(visibility: Visibility) -> int:
    """How old a mention may be when a machine answers it."""
    return PRIVATE_AGE_MS_MAX if visibility == "private" else PUBLIC_AGE_MS_MAX


@dataclass(frozen=True, slots=True)
class Send:
    """One reply about to leave, as far as the rules look at it. Instants in epoch ms.

    `visibility` of the reply; `is_private_reply`: private words to a public mention, of which
    `private_sent` tells that there were some before. `contacts`: machine texts that this author
    had within 24 hours. `is_marked`: the text says that it is automatic. `is_similar`: like those
    that left just before, in every wording. `shortage`: the clause of a budget that is used up,
    `opens_in_ms`: until there is more.
    """

    visibility: Visibility
    age_ms: int
    summoned: bool
    is_repost: bool
    automated_author: bool
    opted_out: bool
    already_answered: bool
    mode: Mode
    paused: bool
    disabled: bool
    approved: bool
    from_person: bool = False
    is_private_reply: bool = False
    private_sent: bool = False
    contacts: int = 0
    contacts_max: int = CONTACTS_MAX
    stopped: bool = False
    has_link: bool = False
    is_too_long: bool = False
    is_marked: bool = True
    is_account_marked: bool = True
    is_similar: bool = False
    shortage: str = ""
    opens_in_ms: int = 0

    @property
    def is_written_to(self) -> bool:
        """Whether it answers what came privately, so that the windows of messages count."""
        return self.visibility == "private" and not self.is_private_reply

    @property
    def outlasts(self) -> bool:
        """Whether the mention is too old for a machine once a budget opens again."""
        return self.age_ms + self.opens_in_ms > age_limit_ms(self.visibility)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say, and which clause decided. `allow` names none. `wait_ms`: how long to hold
    at least, where the clause knows it."""

    ruling: Ruling
    clause: str = ""
    wait_ms: int = 0


# Clause, what follows, whether it also binds people, the condition that breaks it.
_Rule = tuple[str, Ruling, bool, Callable[[Send], bool]]


def _shortage(clause: str, *, binds_people: bool) -> tuple[_Rule, ...]:
    """Give the rules of a budget: wait for the next window, unless the mention is too old then."""
    return (
        (clause, "refuse", False, lambda s: s.shortage == clause and s.outlasts),
        (clause, "hold", binds_people, lambda s: s.shortage == clause),
    )


# Order matters: what can end by itself (a pause) comes last, so that nothing waits in vain.
_REFUSALS: tuple[_Rule, ...] = (
    ("repost", "refuse", False, lambda s: s.is_repost),
    ("automated_author", "refuse", False, lambda s: s.automated_author),
    ("opt_out", "refuse", False, lambda s: s.opted_out),
    ("once", "refuse", False, lambda s: s.already_answered),
    ("stale", "refuse", False, lambda s: s.age_ms > age_limit_ms(s.visibility)),
    ("watch", "refuse", False, lambda s: s.mode == "watch"),
    ("author_cap", "refuse", False, lambda s: s.contacts >= s.contacts_max),
    ("too_long", "refuse", True, lambda s: s.is_too_long),
)
_WAITS: tuple[_Rule, ...] = (
    ("disabled", "hold", True, lambda s: s.disabled),
    ("draft", "hold", False, lambda s: s.mode == "draft" and not s.approved),
    ("paused", "hold", False, lambda s: s.paused),
    ("stopped", "hold", False, lambda s: s.stopped),
    ("similar", "hold", False, lambda s: s.is_similar),
    # No refusal here, however late the hour ends: people resume at any time.
    ("hour_cap", "hold", False, lambda s: s.shortage == "hour_cap"),
)
_BUDGETS: tuple[_Rule, ...] = (
    *_shortage("rate_budget", binds_people=True),
    *_shortage("money_budget", binds_people=True),
)
_RULES: tuple[_Rule, ...] = (*_REFUSALS, *_BUDGETS[::2], *_WAITS, *_BUDGETS[1::2])
# Rules that bind only where the platform's adapter lists their clause.
_PLATFORM_RULES: tuple[_Rule, ...] = (
    ("not_summoned", "refuse", True, lambda s: s.visibility == "public" and not s.summoned),
    ("private_once", "refuse", True, lambda s: s.is_private_reply and s.private_sent),
    (
        "private_reply_days",
        "refuse",
        True,
        lambda s: s.is_private_reply and s.age_ms > PRIVATE_REPLY_MS,
    ),
    (
        "human_window",
        "refuse",
        True,
        lambda s: s.is_written_to and s.age_ms > HUMAN_WINDOW_MS,
    ),
    (
        "answer_window",
        "refuse",
        False,
        lambda s: s.is_written_to and s.age_ms > ANSWER_WINDOW_MS,
    ),
    ("link_price", "refuse", False, lambda s: s.has_link),
    ("account_unmarked", "refuse", False, lambda s: not s.is_account_marked),
    ("text_unmarked", "refuse", False, lambda s: not s.is_marked),
)
# Every clause that `check` knows. An adapter that lists another one guards nothing.
CLAUSES = frozenset(clause for clause, *_ in (*_PLATFORM_RULES, *_RULES))


def check(send: Send, platform_clauses: tuple[str, ...]) -> Verdict:
    """Judge one send: the first rule that is broken decides."""
    listed = tuple(rule for rule in _PLATFORM_RULES if rule[0] in platform_clauses)
    for clause, ruling, binds_people, broken in (*listed, *_RULES):
        if (binds_people or not send.from_person) and broken(send):
            waits = ruling == "hold" and clause == send.shortage
            return Verdict(ruling, clause, send.opens_in_ms if waits else 0)
    return Verdict("allow")
