"""The verdict on a text: mood, intent, need, marks, and every reason for it.

VADER scores the mood for now. It reads English only: in any other language the mood is neutral
and, since nobody here can tell what is wanted, a person is needed. Nothing is thanked on its
word."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from heed.domain.decision import HOLDS, Intent, Sentiment, Verdict
from heed.triage import complaints, features, moods
from heed.triage.crises import CRISES
from heed.triage.holds import IDIOMS
from heed.triage.language import UNKNOWN, guess
from heed.triage.phrases import Feature
from heed.triage.text import has_link, plain, untagged

VERSION: Final = "keywords-1"

_UNTOLD: Final = frozenset({"", UNKNOWN, "zxx", "mul", "mis"})
_DARK: Final = CRISES.keys() | {"bereavement", "legal"}
_SETTLED: Final = frozenset({"no_text", "courtesy", "opt_out"})
_MOOD_MIN: Final = 0.3
_DARK_MOOD_MAX: Final = -0.25
_NEED_HELD: Final = 1.0
_NEED_COMPLAINT: Final = 0.5
_NEED_PER_PROBLEM: Final = 0.1
_NEED_COMPLAINT_MAX: Final = 0.9
_NEED_ASKED_OR_UNREAD: Final = 0.4
_DIGITS: Final = 4


class _Analyser(Protocol):
    def polarity_scores(self, text: str) -> dict[str, float]: ...


@cache
def _analyser() -> _Analyser:
    # It reads its lexicon from a file, so only when the first text is judged. Imported by name,
    # because the package has no types.
    module = import_module("vaderSentiment.vaderSentiment")
    return cast("_Analyser", module.SentimentIntensityAnalyzer())


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was found in a text. `is_read`: in a language whose words are known here."""

    text: str
    marks: frozenset[str]
    language: str
    is_read: bool
    mood: float
    asks: bool
    is_kind: bool
    problems: tuple[Feature, ...]
    lures: tuple[Feature, ...]
    complaint: float
    spam: float
    anger: float


def judge(text: str, language: str | None = None) -> Verdict:
    """Read one text. `language`: what the platform tells ("en", "pt-BR"); else it is guessed."""
    reading = _read(text, (language or "").split("-")[0].lower())
    return Verdict(
        sentiment=_sentiment(reading),
        intent=_intent(reading),
        need=_need(reading),
        praise=_score(max(0.0, reading.mood) if reading.complaint <= 0 else 0.0),
        complaint=_score(reading.complaint),
        anger=_score(reading.anger),
        spam=_score(reading.spam),
        language=reading.language,
        marks=reading.marks,
        reasons=_reasons(reading),
        version=VERSION,
    )


def to_json(verdict: Verdict) -> str:
    """Write a verdict as one line of JSON: the keys of triage.md, the marks among the reasons."""
    return json.dumps(
        {
            "sentiment": verdict.sentiment,
            "intent": verdict.intent,
            "need": verdict.need,
            "praise": verdict.praise,
            "complaint": verdict.complaint,
            "anger": verdict.anger,
            "spam": verdict.spam,
            "thank": verdict.thank,
            "language": verdict.language,
            "reasons": verdict.reasons,
            "version": verdict.version,
        }
    )


def _read(text: str, told: str) -> _Reading:
    said = untagged(text)
    spelled = plain(said)
    marks = features.find(text)
    if told not in _UNTOLD:
        marks -= {"other_language"}
    spoken = guess(said) if told in _UNTOLD else told
    is_read = spoken in ("en", UNKNOWN) and "other_language" not in marks
    # An ultimatum changes the mark and nothing else: it is heard, then left out.
    matter = features.without_ultimatum(spelled) if "ultimatum" in marks else spelled
    mood = _mood(said if matter == spelled else matter) if is_read else 0.0
    asks = moods.asks(matter)
    # "Stop" sounds dark and complains of nothing.
    problems = _problems(matter, asks=asks or "opt_out" in marks) if is_read else ()
    has_saying = is_read and complaints.is_kind(matter)
    lures = moods.spam(spelled)
    return _Reading(
        text=text,
        marks=marks,
        language=spoken,
        is_read=is_read,
        mood=mood,
        asks=asks,
        is_kind=has_saying or mood >= _MOOD_MIN,
        problems=problems,
        lures=lures,
        complaint=complaints.complaint_of(
            problems, asks=moods.asks_for_facts(matter), is_kind=has_saying
        ),
        spam=moods.spam_of(lures, has_link=has_link(text)),
        anger=moods.anger_of(said, spelled, mood) if is_read else 0.0,
    )


def _problems(matter: str, *, asks: bool) -> tuple[Feature, ...]:
    found = complaints.problems(matter)
    # The mood counts as of a mild twin: shouting and insults must not make a complaint.
    is_dark = not asks and _mood(moods.calm(matter)) <= _DARK_MOOD_MAX
    return (*found, complaints.DARK) if is_dark and not complaints.is_kind(matter) else found


def _mood(said: str) -> float:
    return _analyser().polarity_scores(IDIOMS.sub(" ", said))["compound"]


def _intent(reading: _Reading) -> Intent:
    intents: tuple[tuple[Intent, bool], ...] = (
        ("threat", not CRISES.keys().isdisjoint(reading.marks)),
        ("other", "no_text" in reading.marks),
        ("complaint", reading.complaint > 0),
        ("spam", reading.spam > 0 and reading.marks.isdisjoint(HOLDS)),
        ("question", reading.asks),
        ("praise", reading.is_kind),
    )
    return next((intent for intent, holds in intents if holds), "other")


def _sentiment(reading: _Reading) -> Sentiment:
    if "no_text" in reading.marks:
        return "negative" if features.is_upset(reading.text) else "neutral"
    if reading.complaint > 0 or not _DARK.isdisjoint(reading.marks):
        return "negative"
    if reading.is_kind:
        return "positive"
    return "negative" if reading.mood <= -_MOOD_MIN else "neutral"


def _need(reading: _Reading) -> float:
    """Say how much somebody is needed, 0 to 1: by problems, never by how loudly they are told."""
    intent = _intent(reading)
    if not reading.marks.isdisjoint(HOLDS):
        return _NEED_HELD
    if intent == "complaint":
        facts = sum(feature.is_problem for feature in reading.problems)
        return _score(min(_NEED_COMPLAINT_MAX, _NEED_COMPLAINT + _NEED_PER_PROBLEM * facts))
    settled = intent == "spam" or not _SETTLED.isdisjoint(reading.marks)
    unread = not reading.is_read and not settled
    return _NEED_ASKED_OR_UNREAD if unread or intent == "question" else 0.0


def _reasons(reading: _Reading) -> tuple[tuple[str, float], ...]:
    return (
        *((f"mark:{mark}", 1.0) for mark in sorted(reading.marks)),
        *((feature.name, feature.weight) for feature in (*reading.problems, *reading.lures)),
        *((("question", 1.0),) if reading.asks else ()),
        ("mood", _score(reading.mood)),
    )


def _score(value: float) -> float:
    return round(value, _DIGITS)
