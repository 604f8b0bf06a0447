"""A text made ready for reading: whom it tags and what it links to taken out, then spelled plainly.

Patterns elsewhere meet small letters, straight words ("do not", "i am") and plain punctuation."""

import html
import re
import unicodedata

from heed.domain.mention import MASK

_HANDLE = re.compile(r"(?<![\w.])@\w+(?:[.\-]\w+)*")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\bt\.co/\S+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_SHOUT = re.compile(r"([a-z])\1{2,}")

# What is written in one word, as two. The long ones first: "n't" would eat half of "can't".
_JOINED = tuple(
    (re.compile(pattern), spelled)
    for pattern, spelled in (
        (r"\b(?:can't|cannot)\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "shall not"),
        (r"n't\b", " not"),
        (r"'re\b", " are"),
        (r"'ve\b", " have"),
        (r"'ll\b", " will"),
        (r"'m\b", " am"),
        (r"'d\b", " would"),
        (r"\b(it|that|what|there|here|where|who|how|he|she|nobody|everyone)'s\b", r"\1 is"),
        (r"'", ""),
    )
)
# How people spell in a hurry. "ill", "well", "were" and "shell" are words of their own and stay.
_HASTY = {
    "im": "i am", "ive": "i have", "dont": "do not", "doesnt": "does not", "didnt": "did not",
    "cant": "can not", "wont": "will not", "isnt": "is not", "arent": "are not",
    "wasnt": "was not", "werent": "were not", "havent": "have not", "hasnt": "has not",
    "hadnt": "had not", "wouldnt": "would not", "couldnt": "could not", "shouldnt": "should not",
    "youre": "you are", "youll": "you will", "youve": "you have", "theyre": "they are",
    "theyve": "they have", "theyll": "they will", "weve": "we have", "thats": "that is",
    "whats": "what is", "wheres": "where is", "hows": "how is", "theres": "there is", "u": "you",
    "ur": "your", "pls": "please", "plz": "please", "thx": "thanks", "thnx": "thanks",
    "tnx": "thanks", "ty": "thanks", "gonna": "going to", "wanna": "want to", "gotta": "got to",
    "ima": "i am going to", "imma": "i am going to", "lemme": "let me", "gimme": "give me",
    "tmrw": "tomorrow", "hrs": "hours", "hr": "hour", "mins": "minutes", "b4": "before",
}  # fmt: skip
_HASTY_WORD = re.compile(rf"\b(?:{'|'.join(_HASTY)})\b")
_ALIKE = str.maketrans({"\u2019": "'", "\u2018": "'", "`": "'", "\u2013": "-", "\u2014": "-"})


def has_link(text: str) -> bool:
    """Tell whether a text links anywhere."""
    return bool(_LINK.search(text))


def untagged(text: str) -> str:
    """Take out handles, links and the mark of a removed card number."""
    bare = _LINK.sub(" ", html.unescape(text).replace(MASK, " "))
    return _SPACE.sub(" ", _HANDLE.sub(" ", bare)).strip()


def plain(said: str) -> str:
    """Spell an untagged text plainly, in small letters."""
    folded = unicodedata.normalize("NFKC", said).translate(_ALIKE).lower()
    told = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    for pattern, spelled in _JOINED:
        told = pattern.sub(spelled, told)
    told = _HASTY_WORD.sub(lambda found: _HASTY[found.group()], _SHOUT.sub(r"\1", told))
    return _SPACE.sub(" ", told).strip()
