"""Masking card numbers in what goes to quarantine: JSON, and what only looks like it.

A number may hide behind JSON's escapes, which write a gap or a digit of another script in ASCII: so
texts are masked as they are meant, not as they are written."""

import json
import re
from typing import Final

from heed.adapter import Json
from heed.domain.mention import mask_cards

# Two backslashes are one, and begin nothing.
_ESCAPES: Final = re.compile(r"\\\\|(?:\\u[0-9a-fA-F]{4})+|\\[bfnrt]")


def mask_change(change: str) -> str:
    """Mask every card number in a change; one that holds none comes back as it is.

    What was JSON stays JSON: a number among the values becomes a text.
    """
    try:
        value = json.loads(change)
        masked = _masked(value)
        written = change if masked == value else json.dumps(masked)
    except (ValueError, RecursionError):
        # Nobody knows what an escape means in what is no JSON: as written and as meant.
        return mask_cards(_mask_meant(change))
    # Also the first of two equal keys, which reading has dropped.
    return _mask_meant(written)


def _mask_meant(text: str) -> str:
    meant = _ESCAPES.sub(_meant, text)
    found = mask_cards(meant)
    return text if found == meant else found


def _masked(value: Json) -> Json:
    if isinstance(value, str):
        return mask_cards(value)
    if isinstance(value, dict):
        return {mask_cards(key): _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    text = str(value)
    return value if mask_cards(text) == text else mask_cards(text)


def _meant(escapes: re.Match[str]) -> str:
    found = escapes[0]
    if found == "\\\\":
        return found
    return "".join(map(_letter, json.loads(f'"{found}"')))


def _letter(char: str) -> str:
    """Write a letter as itself where JSON allows that; a break or a tab as the gap that it is."""
    if char.isspace():
        return " "
    stands = char >= " " and char not in '"\\' and not "\ud800" <= char <= "\udfff"
    return char if stands else json.dumps(char)[1:-1]
