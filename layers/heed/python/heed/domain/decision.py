"""What to do with a mention: acknowledge it, hold it for a person, or stay silent, and why.

`decide` is pure: the same mention, context, policy and clock give the same decision."""

from dataclasses import dataclass, field, replace
from typing import Literal

from heed.domain import case as cases
from heed.domain.case import Band, Case
from heed.domain.clock import DAY_MS, MINUTE_MS, add_staffed
from heed.domain.loops import is_machine
from heed.domain.mention import Mention
from heed.domain.policy import REACH_FLAG_MIN, BrandPolicy, Control, age_limit_ms

Outcome = Literal["acknowledge", "hold", "silent"]
Sentiment = Literal["negative", "neutral", "positive"]
Intent = Literal["complaint", "question", "praise", "threat", "spam", "other"]
Source = Literal["webhook", "reread", "backfill"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What triage reads in a text. Scores: higher = more so; `spam` and `complaint` above 0 mean
    yes. `marks`: what the words say beyond mood (a hold such as "legal", or "courtesy",
    "opt_out", "ultimatum"). `reasons`: (feature, weight) pairs."""

    sentiment: Sentiment = "neutral"
    intent: Intent = "other"
    need: float = 0.0
    praise: float = 0.0
    complaint: float = 0.0
    anger: float = 0.0
    spam: float = 0.0
    thank: bool = False
    language: str = "und"
    marks: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, float], ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds a mention when it is decided.

    `root_mood`: of the thread's first post when somebody else wrote it. `last_speaker`: on our
    side. `person_spoke_at`: the last human or native answer in this conversation, 0 = never.
    `slot_taken`: an acknowledgement was reserved here within the cool-down.
    """

    verdict: Verdict
    control: Control = field(default_factory=Control)
    source: Source = "webhook"
    root_mood: Sentiment | None = None
    case: Case | None = None
    last_speaker: Literal["customer", "machine", "person"] = "customer"
    person_spoke_at: int = 0
    answered_natively: bool = False
    slot_taken: bool = False
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The result. `reason` is the kind of text when acknowledging, else the word that explains.

    `band` None: no case. `joins`: the mention would have been acknowledged and inherits the slot
    if that ends unsent. `reasons`: everything that counted, for whoever asks why.
    """

    outcome: Outcome
    reason: str
    band: Band | None = None
    due_at: int = 0
    skill: str = ""
    page: bool = False
    language: str = "en"
    chores: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    joins: bool = False
    opts_out: bool = False


@dataclass(frozen=True, slots=True)
class _Hold:
    band: Band
    skill: str = ""
    page: bool = False
    minutes: int | None = None
    chores: tuple[str, ...] = ()


# What a machine must not touch, the gravest first. Source: stories 5 to 11, 15, 28, 31, 47, 50.
HOLDS: dict[str, _Hold] = {
    "self_harm": _Hold("urgent", "lead", page=True),
    "threat": _Hold("urgent", "security", page=True),
    "safety": _Hold("urgent", "safety", page=True),
    "bereavement": _Hold("urgent", "senior", minutes=15),
    "personal_data": _Hold("urgent", "privacy", chores=("hide",)),
    "sensitive": _Hold("urgent", "privacy"),
    "legal": _Hold("urgent", "legal"),
    "press": _Hold("urgent", "press", page=True, minutes=30),
    "minor": _Hold("normal", "minor", minutes=60),
    "data_request": _Hold("urgent", "privacy"),
}
# These are heard even where the words were not meant for us, and however old they are.
_GRAVE = frozenset({"self_harm", "threat", "safety"})
# The law says one month; four weeks are never longer.
_DATA_REQUEST_MS = 28 * DAY_MS
_UNTOLD = frozenset({"", "und", "zxx", "mul", "mis"})


def decide(mention: Mention, context: Context, policy: BrandPolicy, received_at: int) -> Decision:
    """Decide one mention. `received_at`: epoch milliseconds at which Heed took it in."""
    decision = (
        _not_for_us(mention, context, policy)
        or _held(context, policy, received_at)
        or _nothing_to_answer(mention, context, policy, received_at)
        or _too_late(mention, context, policy, received_at)
        or _answer(mention, context, policy, received_at)
    )
    return replace(
        decision,
        flags=tuple(dict.fromkeys((*decision.flags, *_flags(mention, context)))),
        reasons=_reasons(context, decision),
        language=_language(mention, context, policy) or decision.language,
    )


def _silent(reason: str, *chores: str) -> Decision:
    return Decision("silent", reason, chores=chores)


def _not_for_us(mention: Mention, context: Context, policy: BrandPolicy) -> Decision | None:
    mode = context.control.mode_of(policy, mention.platform, mention.account)
    grave = not _GRAVE.isdisjoint(_marks(context))
    complains = context.verdict.intent == "complaint"
    causes = (
        ("watch", mode == "watch"),
        ("repost", mention.is_repost),
        ("automated_author", is_machine(mention, policy)),
        ("carried", mention.naming == "carried" and not grave),
        ("not_addressed", mention.naming == "none" and not grave and not complains),
    )
    return next((_silent(reason) for reason, holds in causes if holds), None)


def _held(context: Context, policy: BrandPolicy, received_at: int) -> Decision | None:
    """Hold what a machine must not touch. The gravest mark names it; what any mark asks is done."""
    marks = [mark for mark in HOLDS if mark in _marks(context)]
    if not marks:
        return None
    holds = [HOLDS[mark] for mark in marks]
    decision = Decision(
        "hold",
        marks[0],
        band=min((hold.band for hold in holds), key=cases.BANDS.index),
        due_at=min(_held_until(mark, policy, received_at) for mark in marks),
        skill=holds[0].skill,
        page=any(hold.page for hold in holds),
        chores=tuple(dict.fromkeys(chore for hold in holds for chore in hold.chores)),
        opts_out="opt_out" in context.verdict.marks,
    )
    if context.source == "backfill" and _GRAVE.isdisjoint(marks):
        return replace(_with_case(decision, "low", policy, received_at), page=False)
    return decision


def _held_until(mark: str, policy: BrandPolicy, received_at: int) -> int:
    hold = HOLDS[mark]
    minutes = hold.minutes or policy.target_minutes[hold.band]
    if mark == "press":
        # Editors do not wait for opening hours, and somebody is paged.
        return received_at + minutes * MINUTE_MS
    due_at = add_staffed(policy.calendar, received_at, minutes)
    return min(received_at + _DATA_REQUEST_MS, due_at) if mark == "data_request" else due_at


def _nothing_to_answer(
    mention: Mention, context: Context, policy: BrandPolicy, received_at: int
) -> Decision | None:
    verdict, live = context.verdict, context.case is not None and context.case.is_live
    if "opt_out" in verdict.marks:
        # Who complains in the same breath gets a person, though no machine's word.
        held = _with_case(Decision("hold", "opt_out"), _band(context), policy, received_at)
        return replace(held if _needs(verdict) else _silent("opt_out"), opts_out=True)
    if "no_text" in verdict.marks:
        silent = _silent("no_text", *(("like",) if verdict.sentiment != "negative" else ()))
        return _with_case(silent, "low", policy, received_at) if mention.media and live else silent
    if "courtesy" in verdict.marks and (context.last_speaker != "customer" or _was_solved(context)):
        return _silent("courtesy", "like")
    if verdict.intent == "spam" and verdict.complaint <= 0 and not live:
        return _silent("spam")
    is_praise = verdict.intent == "praise" or verdict.sentiment == "positive"
    if is_praise and not _needs(verdict) and context.root_mood == "negative":
        return _silent("praise_under_complaint", "like")
    return None


def _too_late(
    mention: Mention, context: Context, policy: BrandPolicy, received_at: int
) -> Decision | None:
    written_at = mention.event_at or received_at
    band = _band(context)
    if context.source == "backfill":
        if band == "low":
            return _silent("backfill")
        return _with_case(Decision("hold", "backfill"), "low", policy, received_at)
    if received_at - written_at > age_limit_ms(mention.visibility):
        held = _with_case(Decision("hold", "stale"), band, policy, received_at)
        # The customer has waited long enough already: due now.
        return replace(held, due_at=received_at) if band != "low" else held
    # In private a person answers everything said so far; in public, one post: another one that
    # needs somebody must not vanish with it.
    meant = mention.visibility == "private" or band == "low"
    if context.answered_natively or (context.person_spoke_at > written_at and meant):
        return _silent("answered_elsewhere")
    return None


def _answer(mention: Mention, context: Context, policy: BrandPolicy, received_at: int) -> Decision:
    band = _band(context)
    if context.opted_out:
        return _with_case(Decision("hold", "opted_out"), band, policy, received_at)
    if _language(mention, context, policy) is None:
        spoken = _spoken(mention, context)
        held = Decision("hold", "no_language", skill="" if spoken in _UNTOLD else spoken)
        return _with_case(held, cases.higher(band, "normal"), policy, received_at)
    if mention.naming == "none":
        return _with_case(Decision("hold", "not_addressed"), "low", policy, received_at)
    written_at = mention.event_at or received_at
    if context.slot_taken or _person_is_on_it(context, written_at):
        # Somebody was answered here lately, or a person has the case: no second text.
        once = Decision("hold", "once", joins=context.slot_taken)
        return _with_case(once, band, policy, received_at)
    return _with_case(Decision("acknowledge", _text_kind(context)), band, policy, received_at)


def _text_kind(context: Context) -> str:
    """Choose the text. An apology is not repeated for a matter that was solved before."""
    sorry = context.verdict.intent == "complaint" and not _was_solved(context)
    return "apology" if sorry and not context.control.sombre else "neutral"


def _was_solved(context: Context) -> bool:
    return context.case is not None and not context.case.is_live


def _person_is_on_it(context: Context, written_at: int) -> bool:
    claimed = context.case is not None and context.case.state == "claimed"
    return claimed or context.last_speaker == "person" or context.person_spoke_at > written_at


def _with_case(decision: Decision, band: Band, policy: BrandPolicy, received_at: int) -> Decision:
    minutes = policy.target_minutes[band]
    due_at = add_staffed(policy.calendar, received_at, minutes)
    return replace(decision, band=band, due_at=due_at)


def _needs(verdict: Verdict) -> bool:
    return verdict.intent in ("complaint", "question") or verdict.need > 0


def _band(context: Context) -> Band:
    band: Band = "normal" if _needs(context.verdict) else "low"
    if context.case and context.case.is_live:
        return cases.higher(band, context.case.band)
    return band


def _spoken(mention: Mention, context: Context) -> str:
    """Name the language: as the platform tells it, else as triage read it, without the region."""
    told, read = (
        (code or "").split("-")[0].lower() for code in (mention.language, context.verdict.language)
    )
    return read if told in _UNTOLD else told


def _language(mention: Mention, context: Context, policy: BrandPolicy) -> str | None:
    """Choose the language of an answer; None when the brand does not speak the customer's.

    What is too short to tell is taken for the brand's first language; what is long enough and
    certainly none that we know is not.
    """
    spoken = _spoken(mention, context)
    if spoken in _UNTOLD and "other_language" not in context.verdict.marks:
        return policy.languages[0]
    return spoken if spoken in policy.languages else None


def _marks(context: Context) -> frozenset[str]:
    """Give the marks; a threat of which no mark tells the kind counts as one, too."""
    verdict = context.verdict
    if verdict.intent == "threat" and _GRAVE.isdisjoint(verdict.marks):
        return verdict.marks | {"threat"}
    return verdict.marks


def _flags(mention: Mention, context: Context) -> tuple[str, ...]:
    flags = []
    if "ultimatum" in context.verdict.marks:
        flags.append("ultimatum")
    if (mention.author.reach or 0) >= REACH_FLAG_MIN:
        flags.append("reach")
    if mention.quotes is not None:
        flags.append("quote")
    return tuple(flags)


def _reasons(context: Context, decision: Decision) -> tuple[str, ...]:
    verdict = context.verdict
    read = (f"{verdict.sentiment} {verdict.intent}", *sorted(verdict.marks))
    return tuple(dict.fromkeys((decision.reason, *read)))
