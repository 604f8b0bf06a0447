"""What a person may send: the policy's verdict, the platform's limit, and what the words may not
hold. Pure: who asks and what is stored is known to the callers."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from heed.adapter import Adapter
from heed.domain import clauses, policy
from heed.domain.mention import MentionId
from heed.domain.policy import BrandPolicy, Control, Ruling, Send
from heed.domain.voice import Voice
from heed.errors import InvalidRequestError
from heed.ports import AgentReply, Note, StoredMention

_UNSENT: Final = ("refused", "cancelled")


@dataclass(frozen=True, slots=True)
class VerdictView:
    """What the rules say to a person's reply, before it is written. `says`, `source` and `read_on`
    are the platform's, where the clause is one of its own, else ours."""

    ruling: Ruling
    clause: str = ""
    says: str = ""
    source: str = ""
    read_on: str = ""


def person_send(
    stored: StoredMention, control: Control, brand: BrandPolicy, *, private: bool, now: int
) -> Send:
    """Describe a person's reply to a mention, publicly or privately, as the rules look at it."""
    mention = stored.mention
    return Send(
        visibility="private" if private else mention.visibility,
        age_ms=now - (mention.event_at or stored.received_at),
        summoned=mention.summoned,
        is_repost=mention.is_repost,
        automated_author=mention.author.automated,
        opted_out=False,
        already_answered=bool(stored.sending.reply_id),
        mode=control.mode_of(brand, mention.platform, mention.account),
        paused=control.paused,
        disabled=f"{mention.platform}#{mention.account}" in control.disabled,
        approved=True,
        from_person=True,
        is_private_reply=private and mention.visibility == "public",
    )


def answered_privately(entries: Iterable[AgentReply | Note]) -> frozenset[MentionId]:
    """Name the mentions to which private words were written that left, or still may."""
    replies = (entry for entry in entries if isinstance(entry, AgentReply) and entry.private)
    return frozenset(one.mention for one in replies if one.sending.state not in _UNSENT)


def judge(stored: StoredMention, send: Send, adapter: Adapter) -> VerdictView:
    """Say whether a person may answer a mention, and by which clause not."""
    if stored.gone_at:
        return VerdictView("refuse", "gone", "the author deleted what you want to answer")
    verdict = policy.check(send, tuple(clause.id for clause in adapter.POLICY))
    clause = clauses.find(verdict.clause, adapter.POLICY)
    if clause is None:
        return VerdictView(verdict.ruling)
    return VerdictView(verdict.ruling, clause.id, clause.says, clause.source, clause.read_on)


_LINE_BREAKS: Final = "\n\t"
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PLANE_ENDS: Final = (0xFFFE, 0xFFFF)
_CONTROL_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def shown(text: str | None) -> str:
    """Take out what would turn a line of the desk around or hide a part of it."""
    return "".join(c for c in text or "" if not _is_control(c))


def check_words(text: str) -> None:
    """Refuse an empty text, and characters that show something else than they say.

    Raises: InvalidRequestError with the clause empty or control_characters.
    """
    if not "".join(c for c in text if unicodedata.category(c) != "Cf").strip():
        raise InvalidRequestError("the text is empty; write something", "empty")
    if any(_is_control(c) for c in text):
        raise InvalidRequestError(
            "the text holds invisible control characters; type it again instead of pasting it",
            "control_characters",
        )


def _is_control(character: str) -> bool:
    if character in _LINE_BREAKS:
        return False
    # Every plane ends with two code points that are no characters.
    is_noncharacter = ord(character) % 0x10000 in _PLANE_ENDS or "\ufdd0" <= character <= "\ufdef"
    category = unicodedata.category(character)
    return category in _CONTROL_CATEGORIES or character in _BIDI or is_noncharacter


def text_max(adapter: Adapter, *, public: bool) -> int:
    """Give the limit of a text, by where it stands."""
    return adapter.TEXT_MAX if public else adapter.PRIVATE_TEXT_MAX


def check_reply(
    text: str, adapter: Adapter, voice: Voice, *, public: bool, handle: str | None
) -> None:
    """Refuse a reply that the platform cannot take or that tells the public too much.

    `handle`: of the person who is answered; its digits are no secret.
    Raises: InvalidRequestError with the clause that is broken.
    """
    check_words(text)
    length, limit = adapter.text_length(text), text_max(adapter, public=public)
    if length > limit:
        raise InvalidRequestError(
            f"the text counts {length} characters on {adapter.NAME}, which takes"
            f" {limit}; shorten it",
            "too_long",
        )
    if public and (found := _personal_data(text, voice, handle)):
        raise InvalidRequestError(
            f"a public reply must not hold {found}; send it privately or leave it out",
            "public_personal_data",
        )


_JOINT: Final = r"[ \-\u2010-\u2015\u2212]*"
_LOOSE_JOINT: Final = r"[ .()/\-\u2010-\u2015\u2212]*"
_DIGITS = re.compile(rf"\d(?:{_JOINT}\d){{5,}}")
# Fewer digits than these, with dots or slashes between them, are dates and amounts.
_PHONE = re.compile(rf"\d(?:{_LOOSE_JOINT}\d){{8,}}")
_CONTACT_NUMBER = re.compile(rf"\d(?:{_LOOSE_JOINT}\d){{4,}}")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7})([ -]?[A-Z0-9]{1,3}\b)?", re.ASCII)
_IBAN_CHARS_MIN: Final = 15


def _personal_data(text: str, voice: Voice, handle: str | None) -> str | None:
    plain = _plain(text)
    if handle:
        plain = re.sub(rf"@{re.escape(_plain(handle))}(?!\w)", " ", plain, flags=re.IGNORECASE)
    contacts = _plain(" | ".join(contact.text for contact in voice.contacts))
    ours = {address.lower() for address in _EMAIL.findall(contacts)}
    if any(address.lower() not in ours for address in _EMAIL.findall(plain)):
        return "an e-mail address that is not one of the brand's contacts"
    for number in _CONTACT_NUMBER.findall(contacts):
        digits = _LOOSE_JOINT.join(c for c in number if c.isdecimal())
        plain = re.sub(rf"(?<!\d){digits}(?!\d)", " # ", plain)
    return next((says for says, holds in _FAULTS if holds(plain)), None)


def _plain(text: str) -> str:
    """Fold what looks alike and drop what is invisible, so that nothing hides in a number."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if unicodedata.category(c) != "Cf")


def _holds_iban(text: str) -> bool:
    for found in _IBAN.finditer(text.upper()):
        body, tail = found.group(1), found.group(2) or ""
        if any(_is_iban(one) for one in (body, body + tail)):
            return True
    return False


def _is_iban(text: str) -> bool:
    """Check the two digits that an account number carries. Source: ISO 13616, from memory."""
    number = "".join(c for c in text if c.isalnum())
    turned = number[4:] + number[:4]
    return (
        len(number) >= _IBAN_CHARS_MIN and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1
    )


_FAULTS: Final[tuple[tuple[str, Callable[[str], object]], ...]] = (
    ("a bank account number", _holds_iban),
    ("six or more digits in a row", _DIGITS.search),
    ("a phone number that is not one of the brand's contacts", _PHONE.search),
)
