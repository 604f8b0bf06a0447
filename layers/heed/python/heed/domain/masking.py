"""Card numbers in what no adapter could read: nobody knows there which field is text.

A card number must never reach a store, and a change must stay readable for the adapter of tomorrow.
Where both cannot be had the first wins: a masked id costs one change, which a person can still
read; a stored card number cannot be taken back. So everything is masked but whole numbers under the
names of ids and times, which platforms assign and nobody types."""

import json
import re
from typing import Any

from heed.domain.mention import MASK, mask_cards

# Names of ids and of times, as platforms write them: id, ids, id_str, message_id, userId, mid,
# created_timestamp, time, event_time, date, edit_date, sent_at, timestamp_ms.
_ASSIGNED = re.compile(
    r"(?:.*[_-])?(?:m?ids?(?:_str)?|uuid|time|timestamp|date|at)(?:_ms)?"
    r"|[a-zA-Z]*[a-z](?:Ids?|Time|Timestamp|Date|At)"
)
# One number, or several that make one id (page and post, two participants).
_WHOLE = re.compile(r"-?[0-9]+(?:[_:-][0-9]+)*", re.ASCII)
# In text that is no JSON, digits and what may stand between them can be written as escapes.
_ESCAPE = re.compile(r"\\u(?!00[01]|0022|005[cC]|[dD][89a-fA-F])([0-9a-fA-F]{4})")


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in their order: a name that stands twice hides nothing."""


class _Decimal(str):
    """A number that is no whole one, as it was written."""

    __slots__ = ()


def mask_change(change: str) -> str:
    """Mask the card numbers of a change that could not be read: field by field when it is JSON,
    all over when it is not. Text without any comes back as it was, so that it keeps its key."""
    try:
        value = json.loads(change, object_pairs_hook=_Pairs, parse_float=_Decimal)
        masked, is_same = _masked(value, is_assigned=False)
        return change if is_same else json.dumps(masked)
    except (ValueError, RecursionError):
        # Reading it again would not bring it back, so nothing in it is worth keeping unmasked.
        return mask_cards(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), change))


def _masked(value: Any, *, is_assigned: bool) -> tuple[Any, bool]:
    """Return a JSON value without card numbers, and whether it had none."""
    if isinstance(value, _Pairs):
        return _masked_object(value)
    if isinstance(value, list):
        parts = [_masked(one, is_assigned=is_assigned) for one in value]
        return [part for part, _ in parts], all(same for _, same in parts)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value, True
    written = str(value)
    if is_assigned and not isinstance(value, _Decimal) and _WHOLE.fullmatch(written):
        return value, True
    kept = mask_cards(written)
    return (_plain(value), True) if kept == written else (kept, False)


def _masked_object(pairs: _Pairs) -> tuple[dict[str, Any], bool]:
    kept: dict[str, Any] = {}
    all_same = True
    for name, value in pairs:
        part, is_same = _masked(value, is_assigned=_ASSIGNED.fullmatch(name) is not None)
        kept[mask_cards(name)] = part
        all_same = all_same and is_same and mask_cards(name) == name
    return kept, all_same


def _plain(value: str | int) -> str | int | float:
    return float(value) if isinstance(value, _Decimal) else value


def has_mask(*values: str | None) -> bool:
    """Say whether an id was lost to masking: it must not become a key."""
    return any(value is not None and MASK in value for value in values)
