"""What Heed says: acknowledgement texts, and the rules that every text obeys."""

import hashlib
import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from heed.domain.names import safe_first_name

TextKind = Literal["neutral", "apology"]
TEXT_KINDS: tuple[TextKind, ...] = ("neutral", "apology")
PLACEHOLDERS = frozenset({"hello", "brand", "contact"})
TEMPLATE_CHARS_MAX = 170
# The shortest limit among the platforms. A longer text would be refused there.
TEXT_CHARS_MAX = 280
VARIANTS_MIN = 3


@dataclass(frozen=True, slots=True)
class Replies:
    """The texts of one language. `marker` says that the text is automatic and ends every text."""

    marker: str
    texts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to go on with a person; `text` completes "you can also ...". No platforms = all."""

    kind: Literal["message", "email", "phone"]
    text: str
    language: str = "en"
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """How one brand speaks: its name, its texts by language, its contact points."""

    brand_name: str
    replies: Mapping[str, Replies]
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished machine text and the number of its variant."""

    text: str
    variant: int


def variant_of(mention_id: str, count: int) -> int:
    """Choose the variant from the mention alone, so that every attempt says the same."""
    digest = hashlib.blake2b(mention_id.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big") % count


def compose(  # noqa: PLR0913 - the text depends on all of these and on nothing else.
    voice: Voice,
    kind: TextKind,
    *,
    mention_id: str,
    language: str,
    platform: str,
    display_name: str | None,
    turn: int = 0,
) -> Composed:
    """Write the acknowledgement for one mention. The same arguments give the same text.

    `turn`: how many variants further than the mention's own; as many turns as variants go round.
    Raises: KeyError when the brand has no texts in `language`; the decision has asked before.
    """
    templates = voice.replies[language].texts[kind]
    variant = (variant_of(mention_id, len(templates)) + turn) % len(templates)
    name = safe_first_name(display_name)
    # Somebody who is called like the brand is more likely to be about it.
    if name and name.casefold() in re.findall(r"\w+", voice.brand_name.casefold()):
        name = None
    return Composed(_filled(voice, language, platform, templates[variant], name), variant)


def _filled(voice: Voice, language: str, platform: str, template: str, name: str | None) -> str:
    text = template.format(
        hello=f"Hi {name}" if name else "Hi",
        brand=voice.brand_name,
        contact=_contact(voice, language, platform) or "write to us here",
    )
    return f"{text} {voice.replies[language].marker}"


def _contact(voice: Voice, language: str, platform: str) -> str | None:
    fitting = (
        c.text
        for c in voice.contacts
        if c.language == language and (not c.platforms or platform in c.platforms)
    )
    return next(fitting, None)


# What no machine text may hold, whoever wrote which part of it. Source: stories, first paragraph.
_NEVER = (
    (re.compile(r"[?\u00bf\uff1f]"), "asks a question; only thanks may"),
    (re.compile(r"(?:\d[ .\-]?){4}"), "holds four or more digits"),
    (
        re.compile(
            r"https?:|www\.|(?<![@\w.\-])[\w\-]+\.(?:com|net|org|info|shop|app|io|co|me|eu|uk|de|fr|es"
            r"|pl|it|ie)\b",
            re.IGNORECASE,
        ),
        "holds a link",
    ),
    (re.compile(r"!.*!", re.DOTALL), "has more than one exclamation mark"),
)
# How a text that is no thanks must not sound. Words of other languages stand beside the English.
_TONE = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), says)
    for words, says in (
        (
            r"glad|lov(?:e|ed|ely|ing)|thank\w*|cheers|delighted|pleased|happy|grateful|appreciat\w*"
            r"|danke|merci|gracias|dzi\u0119k\w*|grazie|obrigad[oa]",
            "thanks or praises",
        ),
        (
            r"policy|unfortunately|inconvenience|valued|patience|kindly|reach out|shortly|ticket"
            r"|at this time|escalat\w*",
            "sounds corporate",
        ),
        (
            r"promise|guarantee\w*|refund\w*|compensat\w*|within|today|tomorrow|tonight|minutes?"
            r"|hours?|immediately|right away|as soon as|will (?:fix|solve|resolve|replace)",
            "promises what a machine cannot keep",
        ),
        (
            r"our (?:fault|mistake|error)|we (?:failed|caused|admit|were wrong)"
            r"|liab\w+|negligen\w+",
            "admits a legal fault",
        ),
        (
            r"you should have|your (?:own )?fault|as (?:stated|we said)|calm down|not our",
            "blames or denies",
        ),
        (
            r"customers?|your (?:account|order|booking|contract|flight|parcel|payment)",
            "tells that the author is a customer",
        ),
    )
)
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
# Sorry in the languages that a brand may answer in.
_SORRY = re.compile(
    r"\bsorry|\bapolog|\bleid\b|entschuldig|d\u00e9sol|excus|\bsentimos|\bsiento|disculp"
    r"|przepras|przykro|dispiace|\bscus|desculp|lament",
    re.IGNORECASE,
)
_KEYCAP_MARKS = "\u20e3\ufe0f"


def check_replies(replies: Replies) -> list[str]:
    """List what is wrong with a language's texts, the first fault first; empty when all is well."""
    faults = [f"[{kind}] is missing" for kind in TEXT_KINDS if kind not in replies.texts]
    if not replies.marker.strip():
        faults.append("marker is empty; every machine text must say that it is automatic")
    faults += [f"marker {fault}" for fault in _never(replies.marker)]
    for kind, templates in replies.texts.items():
        if kind not in TEXT_KINDS:
            faults.append(f"[{kind}] is no kind of text; use {', '.join(TEXT_KINDS)}")
        elif len(set(templates)) < VARIANTS_MIN:
            faults.append(f"[{kind}] needs at least {VARIANTS_MIN} different variants")
        faults += [f"[{kind}] {t!r} {fault}" for t in templates for fault in _faults(kind, t)]
    return faults


def check_voice(
    voice: Voice, *, platforms: tuple[str, ...], agents: tuple[str, ...] = ()
) -> list[str]:
    """List what is wrong with a brand's finished texts: replies, brand name and contact together.

    `platforms`: those on which the brand answers. `agents`: first names that no machine may use.
    """
    faults = [
        f"no contact in {language!r} for {platform}; its texts offer one"
        for language, replies in voice.replies.items()
        for platform in platforms
        if language != "en" and _offers(replies) and _contact(voice, language, platform) is None
    ]
    name = "X" * (TEXT_CHARS_MAX // 10)
    for language, replies in voice.replies.items():
        for template in (t for templates in replies.texts.values() for t in templates):
            for platform in platforms:
                text = _filled(voice, language, platform, template, name)
                faults += [f"{text!r} {fault}" for fault in _finished(text, agents)]
    return list(dict.fromkeys(faults))


def _offers(replies: Replies) -> bool:
    return any("{contact}" in t for templates in replies.texts.values() for t in templates)


def _finished(text: str, agents: tuple[str, ...]) -> Iterator[str]:
    yield from _never(text)
    if len(text) > TEXT_CHARS_MAX:
        yield f"is longer than {TEXT_CHARS_MAX} characters"
    for agent in agents:
        if re.search(rf"\b{re.escape(agent)}\b", text):
            yield f"names {agent}; a person's name stands only under that person's words"


def _never(text: str) -> Iterator[str]:
    yield from (says for pattern, says in _NEVER if pattern.search(text))
    if any(unicodedata.category(c) == "So" or c in _KEYCAP_MARKS for c in text):
        yield "holds a picture or emoji; only thanks may"


def _faults(kind: str, template: str) -> Iterator[str]:
    yield from _never(template)
    yield from (says for pattern, says in _TONE if pattern.search(template))
    if _SHOUTED.search(template):
        yield "shouts"
    yield from _misplaced(template)
    if len(template) > TEMPLATE_CHARS_MAX:
        yield f"is longer than {TEMPLATE_CHARS_MAX} characters"
    sorry, contact = _SORRY.search(template), template.find("{contact}")
    if kind == "apology" and not sorry:
        yield "must say sorry"
    understood = sorry.start() if kind == "apology" and sorry else len(template) // 3
    if 0 <= contact < understood:
        yield "offers the contact before it shows understanding"


def _misplaced(template: str) -> Iterator[str]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        yield "has a brace that opens or closes nothing"
        return
    for _, name, form, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            yield f"has an unknown placeholder {{{name}}}"
    if not template.startswith("{hello}"):
        yield "must begin with {hello}"
