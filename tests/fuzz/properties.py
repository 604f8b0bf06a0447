"""What holds for every delivery, however it was bent. Each check raises AssertionError."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from heed.adapter import Adapter, Answer, Delivery, Parsed
from heed.domain.masking import is_assigned, mask_change
from heed.domain.mention import TEXT_CHARS_MAX, Mention, conversation_id, mask_cards
from heed.domain.reply import fingerprint
from heed.errors import NotUnderstoodError
from heed.storage.codec import mention_of, unpack
from tests.fakes.sizes import item_bytes
from tests.fuzz.intake import Taken

ID_CHARS_MAX: Final = 500
MENTION_BYTES_MAX: Final = 64 * 1024
# A refusal says a few plain words, and a path, a name of ours or a value of theirs is none.
_REFUSAL = re.compile(r"[A-Za-z0-9 ,']{1,80}", re.ASCII)
# What one of our words in the counts says about the delivery.
_SPOKEN_FOR = re.compile(r"stored|edited|deleted|own_post|quarantined|revoked|duplicate|ignored_.+")


def check_refused(taken: Taken, statuses: Iterable[int] = (401,)) -> None:
    """What is not proved touches no table and learns nothing."""
    assert taken.table_calls == 0, "the table was called for a delivery that is not proved"
    assert taken.items == []
    assert taken.answer.status in statuses, f"answered {taken.answer.status}"
    assert _REFUSAL.fullmatch(taken.answer.body), "the refusal says too much"
    assert not [name for name in taken.counts if _SPOKEN_FOR.fullmatch(name)]


def check_taken(taken: Taken, delivery: Delivery, adapter: Adapter) -> None:
    """What is proved is answered 200, and the table holds what a second parse gives, no more."""
    assert taken.answer == Answer(200, ""), f"answered {taken.answer.status}"
    parsed = _parse(delivery, adapter)
    mentions = _mentions(taken.items, delivery, parsed)
    quarantine = _quarantine(taken.items, parsed, delivery)
    revoked = [item for item in taken.items if _pk(item).startswith("control#")]
    assert len(mentions) + len(quarantine) + len(revoked) == len(taken.items), "an unknown item"
    brands = {account.brand for account in delivery.accounts if account.id in _revoked(parsed)}
    assert {_pk(item) for item in revoked} == {f"control#{brand}" for brand in brands}
    assert any(map(_SPOKEN_FOR.fullmatch, taken.counts)), "a delivery vanished uncounted"


def _parse(delivery: Delivery, adapter: Adapter) -> Parsed | None:
    try:
        return adapter.parse(delivery)
    except NotUnderstoodError:
        return None


def _revoked(parsed: Parsed | None) -> tuple[str, ...]:
    return parsed.revoked if parsed else ()


def _pk(item: Mapping[str, Any]) -> str:
    pk: str = item["pk"]["S"]
    assert pk.isascii(), "a key outside ASCII"
    return pk


def _mentions(
    items: list[dict[str, Any]], delivery: Delivery, parsed: Parsed | None
) -> list[dict[str, Any]]:
    wanted: dict[str, list[Mention]] = {}
    # One delivery may tell of one object twice and contradict itself: one of the two counts.
    told: dict[object, set[str]] = {}
    for mention in parsed.mentions if parsed else ():
        _check_keepable(mention)
        assert delivery.account(mention.account), "an account of somebody else"
        if key := _key(mention):
            wanted.setdefault(key, []).append(_masked(mention))
            told.setdefault((mention.id, mention.change, mention.event_at), set()).add(key)
    found = [item for item in items if _pk(item).startswith("mention#")]
    kept = {_pk(item) for item in found}
    assert kept <= set(wanted), "other keys than the body tells"
    assert all(kept & keys for keys in told.values()), "something that the body tells is missing"
    for item in found:
        _check_item(item, wanted[_pk(item)], delivery)
    return found


def _key(mention: Mention) -> str | None:
    """Tell where a mention belongs; None for a post of ours that answers nobody."""
    if not mention.is_own_post:
        return f"mention#{mention.id}"
    answers = mention.parent_id is not None or mention.visibility == "private"
    if not answers or mention.change == "deleted":
        return None
    return f"mention#{mention.parent or mention.id}"


def _masked(mention: Mention) -> Mention:
    name = mention.author.name
    author = replace(mention.author, name=mask_cards(name) if name else name)
    return replace(mention, text=mask_cards(mention.text), author=author)


def _check_keepable(mention: Mention) -> None:
    author = mention.author
    ids = (mention.object_id, mention.root_id, mention.parent_id, mention.quotes, author.id)
    for one in ids:
        assert one is None or (0 < len(one) <= ID_CHARS_MAX and one.isascii()), "an unsafe id"
        assert one is None or one.isprintable(), "an id that cannot be printed"
    texts = (mention.text, author.handle, author.name, mention.language, mention.permalink)
    for text in (*texts, *mention.route.values()):
        assert "\0" not in (text or ""), "NUL in a text"
        assert (text or "").encode() is not None  # A lone surrogate has no bytes and raises.
    assert len(mention.text) <= TEXT_CHARS_MAX, "a text above its limit"
    assert not (mention.is_own_post and mention.summoned), "our own post summons us"


def _check_item(item: dict[str, Any], told: list[Mention], delivery: Delivery) -> None:
    assert item_bytes(item) <= MENTION_BYTES_MAX, "an item that is too large"
    brands = {account.id: account.brand for account in delivery.accounts}
    assert item["br"]["S"] in {brands[mention.account] for mention in told}
    conversations = {conversation_id(one, brands[one.account]) for one in told}
    assert "cv" not in item or item["cv"]["S"] in conversations, "another conversation"
    ours = [mention for mention in told if mention.is_own_post]
    if "own" in item:
        said = {(mention.object_id, fingerprint(mention.text)) for mention in ours}
        assert (item["own"]["S"], item["ofp"]["S"]) in said, "another own post"
    theirs = [_kept(mention, delivery.received_at) for mention in told if mention not in ours]
    # An object may be told as ours and as somebody else's, in one delivery: one of the two counts.
    assert "st" in item or ("own" in item and ours), "an item that nothing tells of"
    assert "st" not in item or theirs, "a mention made of a post of ours"
    was_deleted = any(one.change == "deleted" for one in theirs)
    assert ("c" in item) == ("st" in item) or was_deleted, "a mention without its content"
    if "c" in item:
        kept = mention_of(_pk(item), item)
        alike = [replace(one, change="created") for one in theirs if one.change != "deleted"]
        assert kept in alike, "other content than a second parse gives"
        assert mask_cards(kept.text) == kept.text, "a card number in the table"


def _kept(mention: Mention, received_at: int) -> Mention:
    """What the table keeps of a mention: what was told without a time gets that of its receipt."""
    return replace(mention, event_at=mention.event_at or received_at)


def _quarantine(
    items: list[dict[str, Any]], parsed: Parsed | None, delivery: Delivery
) -> list[dict[str, Any]]:
    raw = delivery.body.decode("utf-8", "surrogateescape").replace("\0", "")
    changes = [raw] if parsed is None else [one.change for one in parsed.unreadable]
    found = [item for item in items if _pk(item).startswith("quarantine#")]
    slices: dict[str, list[bytes]] = {}
    for item in sorted(found, key=lambda one: str(one["sk"]["S"])):
        slices.setdefault(_pk(item), []).append(item["c"]["B"])
    kept = {pk: str(unpack(b"".join(parts))["c"]) for pk, parts in slices.items()}
    for pk, change in kept.items():
        digest = sha256(change.encode("utf-8", "surrogatepass")).hexdigest()
        assert pk == f"quarantine#{digest}", "a key that does not follow from its content"
        assert not list(_cards(change)), "a card number in quarantine"
    assert set(kept.values()) == set(map(mask_change, changes)), "quarantine holds something else"
    return found


def _cards(change: str) -> Iterable[str]:
    """Find the texts of a change that hold a card number: as JSON means them, else as written."""
    try:
        level: list[tuple[str, Any]] = [("", json.loads(change))]
    except (ValueError, RecursionError):
        if mask_cards(change) != change:
            yield change
        return
    while level:
        name, value = level.pop()
        # Whole numbers under the names of ids and times are the platform's own.
        is_typed = isinstance(value, str) and not is_assigned(name, value)
        if is_typed and mask_cards(value) != value:
            yield value
        elif isinstance(value, dict):
            level += [("", one) for one in value] + list(value.items())
        elif isinstance(value, list):
            level += [(name, one) for one in value]
