"""A mention: what one visitor wrote to or about a brand, in Heed's own words.

Vendor words end in the adapters; nothing here knows a platform."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NewType
from urllib.parse import quote

MentionId = NewType("MentionId", str)
ConversationId = NewType("ConversationId", str)

Kind = Literal["post", "comment", "message", "review"]
Change = Literal["created", "edited", "deleted"]
Visibility = Literal["public", "private"]
# tag: the account's handle stands in the author's own words. carried: the handle only came along
# with a reply in somebody else's thread. plain: the name without a tag. direct: a reply to the
# account or a private message to it. page: written on the account's own page or group.
Naming = Literal["direct", "page", "tag", "plain", "carried", "none"]

OBJECT_ID_BYTES_MAX = 200
TEXT_CHARS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a brand on a platform. `handle` without @, or empty."""

    platform: str
    id: str
    brand: str
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote. Every field may be missing: platforms differ in what they tell."""

    id: str | None = None
    handle: str | None = None
    name: str | None = None
    reach: int | None = None
    automated: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """One object that a visitor sees, and what just happened to it.

    Units: `event_at` is epoch milliseconds of the platform's own clock, None when not told.
    `parent_id` and `root_id` are object ids of the same platform; `root_id` is None when the
    object starts its thread. `summoned`: the author named the account in these very words or
    quoted it. `answers` is set on our own posts: the object that they answer. `route` carries what
    the adapter needs to answer (its own words, strings only); nobody else reads it.
    """

    platform: str
    account: str
    kind: Kind
    object_id: str
    change: Change = "created"
    visibility: Visibility = "public"
    author: Author = field(default_factory=Author)
    text: str = ""
    event_at: int | None = None
    root_id: str | None = None
    root_kind: Kind = "post"
    parent_id: str | None = None
    parent_kind: Kind = "post"
    naming: Naming = "none"
    summoned: bool = False
    language: str | None = None
    permalink: str | None = None
    media: int = 0
    is_own_post: bool = False
    is_repost: bool = False
    quotes: str | None = None
    gain: int = 0
    route: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> MentionId:
        """The key under which this object is stored, whatever delivery brought it."""
        return mention_id(self.platform, self.account, self.kind, self.object_id)

    @property
    def root(self) -> MentionId | None:
        """The stored key of the thread's first object, when it is another one."""
        if self.root_id is None or self.root_id == self.object_id:
            return None
        return mention_id(self.platform, self.account, self.root_kind, self.root_id)

    @property
    def parent(self) -> MentionId | None:
        """The stored key of the object that this one answers."""
        if self.parent_id is None:
            return None
        return mention_id(self.platform, self.account, self.parent_kind, self.parent_id)


def mention_id(platform: str, account: str, kind: Kind, object_id: str) -> MentionId:
    """Build `<platform>#<account>#<kind>:<object id>` in ASCII.

    `#`, `%` and everything outside printable ASCII is percent-encoded, so that ids of different
    shape never meet, and so is `|`, which separates ids in stored lists. An object id above 200
    encoded bytes is replaced by its hash.
    """
    encoded = _encoded(object_id)
    if len(encoded) > OBJECT_ID_BYTES_MAX:
        digest = hashlib.sha256(object_id.encode("utf-8", "surrogatepass")).hexdigest()
        encoded = f"sha256-{digest}"
    return MentionId(f"{platform}#{_encoded(account)}#{kind}:{encoded}")


def _encoded(part: str) -> str:
    if part.isalnum() and part.isascii():
        return part  # As most ids are.
    # surrogatepass: a lone surrogate in an id must give a key, not a crash.
    return quote(part, safe="!$&'()*+,-./:;<=>?@[]^_`{}~\"", errors="surrogatepass")


def conversation_id(mention: Mention, brand: str) -> ConversationId:
    """Name the conversation: one customer's matter with one brand.

    Public: thread root and author. Private: the other participant. A review, or a mention without
    an author, is a conversation of its own. The id is a hash, so it may stand in a URL.
    """
    key: tuple[str, ...]
    if mention.author.id is None or mention.kind == "review":
        key = ("one", mention.id)
    elif mention.visibility == "private":
        key = ("private", mention.account, mention.author.id)
    else:
        key = ("public", mention.root_id or mention.object_id, mention.author.id)
    # Encoded parts hold no "#": two different keys never make the same text.
    text = "#".join(_encoded(part) for part in (mention.platform, brand, *key))
    return ConversationId(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


MASK = "[card number removed]"
CARD_DIGITS_MIN = 13
CARD_DIGITS_MAX = 19

# How people break up a card number: up to three spaces, dashes or invisible characters, or one dot
# or underscore before at least three digits. A point before two digits is an amount.
_GAP = (
    r"(?:[\s\-\u00ad\u2010-\u2015\u2212\u200b-\u200f\u2060\ufe0e\ufe0f\u20e3\ufeff]{1,3}"
    r"|[._](?=[0-9]{3}))"
)
_RUN = re.compile(rf"[0-9]+(?:{_GAP}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
# The digit sum of twice a digit, as Luhn adds it.
_DOUBLED = str.maketrans("0123456789", "0246813579")
# No card number is grouped like a date, but two dates in a row have as many digits as one.
_DATE = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}[-.](?:0[1-9]|1[0-2])[-.](?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-.](?:0?[1-9]|1[0-2])[-.](?:19|20)[0-9]{2})(?![0-9])"
)


def mask_cards(text: str) -> str:
    """Replace every card number (13 to 19 digits that satisfy Luhn) by MASK.

    Runs after verification and before the first write, so that a number reaches no store, stream,
    queue or log. Digits of every script count, with or without gaps; other numbers may stand
    before or behind. What fails Luhn (order numbers) stays, and so does a longer run of digits.
    """
    if sum(map(str.isdigit, text)) < CARD_DIGITS_MIN:
        return text
    plain = text if text.isascii() else "".join(_ascii_digit(c) for c in text)
    plain = _DATE.sub(lambda found: "x" * len(found.group()), plain)
    kept, end = [], 0
    for start, stop in _cards(plain):
        kept += [text[end:start], MASK]
        end = stop
    return "".join((*kept, text[end:]))


def _ascii_digit(char: str) -> str:
    value = unicodedata.digit(char, None)
    return char if value is None else str(value)


def _cards(plain: str) -> Iterator[tuple[int, int]]:
    """Yield where card numbers stand, in order: whole groups of digits, overlaps in one piece."""
    for run in _RUN.finditer(plain):
        if run.end() - run.start() < CARD_DIGITS_MIN:
            continue  # Most runs are short: a large body of them must not cost seconds.
        groups = [(run.start() + g.start(), g.group()) for g in _GROUP.finditer(run.group())]
        spans: list[tuple[int, int]] = []
        for first in range(len(groups)):
            last = _last_group(groups, first)
            if last is not None and spans and first <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            elif last is not None:
                spans.append((first, last))
        for first, last in spans:
            start, digits = groups[last]
            yield groups[first][0], start + len(digits)


def _last_group(groups: list[tuple[int, str]], first: int) -> int | None:
    """Find the last group of the longest card number that begins with the group `first`."""
    digits, found = "", None
    for last in range(first, len(groups)):
        digits += groups[last][1]
        if len(digits) > CARD_DIGITS_MAX:
            break
        if len(digits) >= CARD_DIGITS_MIN and _luhn(digits):
            found = last
    return found


def _luhn(digits: str) -> bool:
    doubled = digits[-2::-2].translate(_DOUBLED)
    return sum(map(int, digits[-1::-2] + doubled)) % 10 == 0
