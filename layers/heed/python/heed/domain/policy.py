"""Rules and limits. Clauses answer, before every send, whether it is allowed, and say why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from heed.domain.clock import HOUR_MS, SECOND_MS, Calendar
from heed.domain.mention import Visibility

Mode = Literal["watch", "draft", "live"]
Ruling = Literal["allow", "hold", "refuse"]

VERSION = "2026-11-22"

# Nothing older is answered by machine: a late thank-you note reads like a fault.
PUBLIC_AGE_MS_MAX = 2 * HOUR_MS
PRIVATE_AGE_MS_MAX = 12 * HOUR_MS
REACH_FLAG_MIN = 100_000
FIRST_LOOK_MS = 60 * SECOND_MS
CONTROL_CACHE_MS = 15 * SECOND_MS


@dataclass(frozen=True, slots=True)
class BrandPolicy:
    """What a brand has set. Handles, rivals and press names in lower case, without @."""

    brand: str
    name: str
    languages: tuple[str, ...]
    calendar: Calendar
    target_minutes: Mapping[str, int]
    handles: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    press: tuple[str, ...] = ()
    modes: Mapping[tuple[str, str], Mode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Control:
    """What people switched while the system runs. `modes` overrule the brand file per
    `<platform>#<account>`; `mode` overrules it for the whole brand."""

    paused: bool = False
    sombre: bool = False
    mode: Mode | None = None
    modes: Mapping[str, Mode] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()

    def mode_of(self, policy: BrandPolicy, platform: str, account: str) -> Mode:
        """Tell the mode that counts for an account now; draft when nobody said anything."""
        ours = self.modes.get(f"{platform}#{account}") or self.mode
        return ours or policy.modes.get((platform, account), "draft")


def age_limit_ms(visibility: Visibility) -> int:
    """How old a mention may be when a machine answers it."""
    return PRIVATE_AGE_MS_MAX if visibility == "private" else PUBLIC_AGE_MS_MAX


@dataclass(frozen=True, slots=True)
class Send:
    """One reply about to leave, as far as the rules look at it. Instants in epoch ms."""

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say, and which clause decided. `allow` names none."""

    ruling: Ruling
    clause: str = ""


# Order matters: what can end by itself (a pause) comes last, so that nothing waits in vain.
# Each row: clause, what follows, whether it also binds people, the condition that breaks it.
_RULES: tuple[tuple[str, Ruling, bool, Callable[[Send], bool]], ...] = (
    ("repost", "refuse", False, lambda s: s.is_repost),
    ("automated_author", "refuse", False, lambda s: s.automated_author),
    ("opt_out", "refuse", False, lambda s: s.opted_out),
    ("once", "refuse", False, lambda s: s.already_answered),
    ("stale", "refuse", False, lambda s: s.age_ms > age_limit_ms(s.visibility)),
    ("watch", "refuse", False, lambda s: s.mode == "watch"),
    ("disabled", "hold", True, lambda s: s.disabled),
    ("draft", "hold", False, lambda s: s.mode == "draft" and not s.approved),
    ("paused", "hold", False, lambda s: s.paused),
)
# Clauses that bind only where the platform's adapter lists them.
_PLATFORM_RULES: Mapping[str, tuple[Ruling, Callable[[Send], bool]]] = {
    "not_summoned": ("refuse", lambda s: s.visibility == "public" and not s.summoned),
}
# Every clause that `check` knows. An adapter that lists another one guards nothing.
CLAUSES = frozenset(_PLATFORM_RULES) | {clause for clause, *_ in _RULES}


def check(send: Send, platform_clauses: tuple[str, ...]) -> Verdict:
    """Judge one send: the first rule that is broken decides."""
    for clause in platform_clauses:
        if clause in _PLATFORM_RULES:
            ruling, broken = _PLATFORM_RULES[clause]
            if broken(send):
                return Verdict(ruling, clause)
    for clause, ruling, binds_people, broken in _RULES:
        if broken(send) and (binds_people or not send.from_person):
            return Verdict(ruling, clause)
    return Verdict("allow")
