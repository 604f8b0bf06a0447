"""How X reads a text: its weighted length, the links, cashtags and handles in it.

Source: "Counting characters" (docs.x.com, read 2026-11-22) and the configuration of twitter-text
that it points to. Links are found by a short list of endings where no scheme is written.
"""

import re
import unicodedata

URL_WEIGHT = 23
EMOJI_WEIGHT = 2
LIGHT_RANGES = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""Code points of weight 1; all others have weight 2."""

_ENDINGS = "at|biz|ca|ch|co|com|de|dev|edu|es|eu|fr|gov|info|io|it|me|ly|net|nl|org|se|tv|uk|us"
_URL = re.compile(
    r"https?://[^\s<>\"]+"
    rf"|(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{_ENDINGS})(?![\w-])(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
_AFTER_URL = ".,;:!?)]}'"
_CASHTAG = re.compile(r"(?<![\w$])\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?!\w)", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@])@(\w{1,15})(?!\w)", re.ASCII)
_LEADING_HANDLES = re.compile(r"(?:@\w{1,15}\s+)+", re.ASCII)

_EMOJI_UNIT = "[\u203c-\u3299\U0001f000-\U0001faff](?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|\U0001f3f4[\U000e0020-\U000e007f]+"
    f"|[\xa9\xae]\ufe0f|{_EMOJI_UNIT}(?:\u200d{_EMOJI_UNIT})*"
)


def weighted_length(text: str) -> int:
    """Return the length that X counts: links 23, emoji 2, most other scripts 2, the rest 1."""
    plain = unicodedata.normalize("NFC", text)
    links = find_urls(plain)
    for link in links:
        plain = plain.replace(link, "", 1)
    without_emoji, emoji = _EMOJI.subn("", plain)
    weights = sum(_weight(ord(character)) for character in without_emoji)
    return len(links) * URL_WEIGHT + emoji * EMOJI_WEIGHT + weights


def find_urls(text: str) -> list[str]:
    """Return the links in a text as X would recognise them."""
    return [match.group().rstrip(_AFTER_URL) for match in _URL.finditer(text)]


def find_cashtags(text: str) -> list[str]:
    """Return the cashtags ($TICKER) in a text."""
    return _CASHTAG.findall(text)


def find_handles(text: str) -> list[tuple[int, str]]:
    """Return where handles stand in a text and which, in lower case and without the sign."""
    return [(match.start(), match.group(1).lower()) for match in _HANDLE.finditer(text)]


def leading_handles_length(text: str) -> int:
    """Return how many characters of a text are the handles that a reply starts with."""
    match = _LEADING_HANDLES.match(text)
    return match.end() if match else 0


def _weight(code_point: int) -> int:
    return 1 if any(first <= code_point <= last for first, last in LIGHT_RANGES) else 2
