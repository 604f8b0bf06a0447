"""Items to values and back. Readers accept the previous schema; unknown attributes are ignored."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import unquote

from heed.domain.case import BANDS, Band, Case, CaseState
from heed.domain.conversation import Ack, Conversation
from heed.domain.decision import Outcome, Source
from heed.domain.mention import Author, ConversationId, Kind, Mention, MentionId
from heed.domain.reply import ReplyRef, ReplyState, Sending
from heed.ports import AgentReply, Note, StoredMention
from heed.storage.table import (
    CASE,
    SCHEMA,
    AttributeValue,
    Item,
    number,
    number_of,
    shard,
    string_of,
    text,
    words,
    words_of,
)

# What deflate may refer to: the keys of a content blob and words that most mentions hold. Frozen:
# a blob can be read only with the dictionary that it was written with. Another one needs a new
# schema version, under which this one stays for reading.
_DICTIONARY = (
    b'","message_thread_id":"https://www.facebook.com/https://x.com//status/ please thanks flight '
    b"refund service customer waiting cancelled and the you your for my is was not have been with "
    b'"r":{"page":"chat":"},"vi":"private","m":1,"q":"","aa":true,"na":"none","na":"carried",'
    b'"na":"direct","ki":"message","pk":"comment","rk":"post","pa":"","ro":"","l":"en","s":1,'
    b'"na":"tag","na":"page","ar":10,"ah":"","an":"","ai":"100000","p":"https://","t":"@'
)
# Content keys and the mention's fields that they hold, in one table for both directions.
_FIELDS = {
    "t": "text", "ro": "root_id", "rk": "root_kind", "pa": "parent_id", "pk": "parent_kind",
    "na": "naming", "s": "summoned", "l": "language", "p": "permalink", "m": "media",
    "rp": "is_repost", "q": "quotes", "vi": "visibility", "r": "route", "ob": "object_id",
    "g": "gain",
}  # fmt: skip
_AUTHOR = {"ai": "id", "ah": "handle", "an": "name", "ar": "reach", "aa": "automated"}
_BLANK = Mention(platform="", account="", kind="post", object_id="")


def pack(value: Mapping[str, Any]) -> bytes:
    """Deflate a small JSON object with our dictionary. Lone surrogates come back as they were."""
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zdict=_DICTIONARY)
    return deflate.compress(raw.encode("utf-8", "surrogatepass")) + deflate.flush()


def unpack(blob: bytes) -> dict[str, Any]:
    """Read what `pack` wrote."""
    raw = zlib.decompressobj(-15, zdict=_DICTIONARY).decompress(bytes(blob))
    value: dict[str, Any] = json.loads(raw.decode("utf-8", "surrogatepass"))
    return value


def pack_mention(mention: Mention) -> bytes:
    """Pack the content of a mention: every field that differs from its default."""
    content: dict[str, Any] = {}
    for short, name in _FIELDS.items():
        value = getattr(mention, name)
        if name == "object_id" and _object_id(mention.id) == value:
            continue  # The key tells it.
        if value != getattr(_BLANK, name):
            content[short] = dict(value) if name == "route" else value
    for short, name in _AUTHOR.items():
        if (value := getattr(mention.author, name)) != getattr(_BLANK.author, name):
            content[short] = value
    return pack(content)


def _object_id(mention_id: str) -> str:
    return _decoded(mention_id.split("#", 2)[2].split(":", 1)[1])


def _decoded(part: str) -> str:
    return unquote(part, errors="surrogatepass")


def mention_of(pk: str, item: Mapping[str, AttributeValue]) -> Mention:
    """Rebuild a mention from its key and its item.

    What was told without a time comes back with the time of its receipt.
    """
    mention_id = pk.removeprefix("mention#")
    platform, account, rest = mention_id.split("#", 2)
    kind: Any = _known(rest.split(":", 1)[0], Kind)
    content = unpack(item["c"]["B"]) if "c" in item else {}
    fields: dict[str, Any] = {"object_id": _object_id(mention_id)}
    fields |= {name: content[short] for short, name in _FIELDS.items() if short in content}
    author = {name: content[short] for short, name in _AUTHOR.items() if short in content}
    return Mention(
        platform=platform,
        account=_decoded(account),
        kind=kind,
        author=Author(**author),
        event_at=number_of(item, "et") or None,
        **fields,
    )


_WORDS = {one: frozenset(get_args(one)) for one in (Kind, ReplyState, Source, Outcome, CaseState,
                                                   Band)}  # fmt: skip


def _known(value: str, closed_set: Any) -> str:
    if value not in _WORDS[closed_set]:
        raise ValueError(f"unknown word {value!r}: written by a newer version")
    return value


def sending_of(item: Mapping[str, AttributeValue]) -> Sending:
    """Read the sending state of a mention's or a person's reply.

    Raises: ValueError for a state that this version does not know.
    """
    state: Any = _known(string_of(item, "st") or "gone", ReplyState)
    return Sending(
        state=state,
        epoch=number_of(item, "ep"),
        by=string_of(item, "by"),
        lease_until=number_of(item, "lu"),
        key=string_of(item, "ky"),
        first_try_at=number_of(item, "ft"),
        tries=number_of(item, "tr"),
        looks=number_of(item, "lk"),
        fingerprint=string_of(item, "fp"),
        reply_id=string_of(item, "rid"),
        opens_at=number_of(item, "nb"),
        doubt_at=number_of(item, "db"),
    )


def stored_mention(item: Mapping[str, AttributeValue]) -> StoredMention:
    """Read a mention with everything that happened to it. Tombstones have state gone and no
    content."""
    draft = unpack(item["dt"]["B"]) if "dt" in item else {}
    source: Any = _known(string_of(item, "src") or "webhook", Source)
    # The last reason to wait or to end stands by itself, so that recording it needs no read.
    reasons = dict.fromkeys((*words_of(item, "rs"), *words_of(item, "rz")))
    return StoredMention(
        mention=mention_of(string_of(item, "pk"), item),
        brand=string_of(item, "br"),
        conversation=ConversationId(string_of(item, "cv")),
        received_at=number_of(item, "ra"),
        sending=sending_of(item),
        source=source,
        todo=string_of(item, "todo"),
        kicks=number_of(item, "kick"),
        edited="ed" in item,
        gone_at=number_of(item, "gone"),
        own_post=string_of(item, "own"),
        own_fingerprint=string_of(item, "ofp"),
        own_at=number_of(item, "oat"),
        approved_by=string_of(item, "ap"),
        outcome=string_of(item, "de"),
        reasons=tuple(reasons),
        draft_text=draft.get("t", ""),
    )


_CASE_TEXTS = {
    "cs": "state", "cb": "band", "ob": "opened_by", "cr": "reason", "ca": "agent", "by": "attempt",
    "sk_": "skill", "rz": "resolution",
}  # fmt: skip
_CASE_NUMBERS = {
    "cd": "due_at", "ce": "epoch", "oa": "opened_at", "cl": "lease_until", "ra_": "resolved_at",
    "rg": "rung_at", "rn": "rings",
}  # fmt: skip
_CASE_LISTS = {"pe": "pending", "fl": "flags", "ch": "chores"}


def conversation_item(conversation: Conversation, version: int) -> Item:
    """Build the whole item of a conversation, with what its indexes need."""
    pk = f"conv#{conversation.id}"
    item: Item = {
        "pk": text(pk),
        "sk": text(CASE),
        "v": number(SCHEMA),
        "n": number(version),
        "br": text(conversation.brand),
        "pf": text(conversation.platform),
        "ac": text(conversation.account),
    }
    if ack := conversation.ack:
        item |= {"ao": text(ack.of), "aa": number(ack.at), "ak": text(ack.kind)}
        item |= {"al": text(ack.language), "ar": words(ack.reasons)}
        if ack.joined:
            item["aj"] = text(ack.joined)
    if conversation.opted_out_at:
        item["oo"] = number(conversation.opted_out_at)
    if conversation.person_spoke_at:
        item["hu"] = number(conversation.person_spoke_at)
    if conversation.decided:
        item["sn"] = words(f"{m},{o},{r}" for m, o, r in conversation.decided)
    if conversation.case:
        item |= _case_item(pk, conversation.brand, conversation.case)
    return item


def _case_item(pk: str, brand: str, case: Case) -> Item:
    item: Item = {}
    for fields, encode in (
        (_CASE_TEXTS, text),
        (_CASE_NUMBERS, number),
        (_CASE_LISTS, words),
    ):
        given = {short: getattr(case, name) for short, name in fields.items()}
        item |= {short: encode(value) for short, value in given.items() if value}
    if case.page:
        item["pg"] = number(1)
    if case.is_live:
        look = case.lease_until if case.state == "claimed" else case.rings_again_at
        item |= {"dh": text(shard(pk)), "da": number(look)}
        item |= {"dk": text(f"{brand}#{case.state}")}
        item |= {"ds": text(f"{BANDS.index(case.band)}#{case.due_at:013d}")}
    return item


def conversation_of(item: Mapping[str, AttributeValue]) -> Conversation:
    """Read a conversation with its case."""
    ack = None
    if "ao" in item:
        ack = Ack(
            of=MentionId(string_of(item, "ao")),
            at=number_of(item, "aa"),
            kind=string_of(item, "ak"),
            language=string_of(item, "al"),
            joined=MentionId(joined) if (joined := string_of(item, "aj")) else None,
            reasons=words_of(item, "ar"),
        )
    return Conversation(
        id=ConversationId(string_of(item, "pk").removeprefix("conv#")),
        brand=string_of(item, "br"),
        platform=string_of(item, "pf"),
        account=string_of(item, "ac"),
        version=number_of(item, "n"),
        ack=ack,
        case=_case_of(item) if "cs" in item else None,
        opted_out_at=number_of(item, "oo"),
        person_spoke_at=number_of(item, "hu"),
        decided=tuple(_decision(entry) for entry in words_of(item, "sn")),
    )


def _decision(entry: str) -> tuple[str, Any, str]:
    mark, outcome, reason = entry.split(",", 2)
    return mark, _known(outcome, Outcome), reason


def _case_of(item: Mapping[str, AttributeValue]) -> Case:
    fields: dict[str, Any] = {"page": "pg" in item}
    fields |= {name: string_of(item, short) for short, name in _CASE_TEXTS.items()}
    fields |= {name: number_of(item, short) for short, name in _CASE_NUMBERS.items()}
    fields |= {name: words_of(item, short) for short, name in _CASE_LISTS.items()}
    _known(fields["state"], CaseState)
    _known(fields["band"], Band)
    return Case(**fields)


def reply_item(reply: AgentReply) -> Item:
    """Build a person's reply as it is first stored: planned, due when it may leave."""
    opens_at = reply.sending.opens_at
    return {
        **({"nb": number(opens_at)} if opens_at else {}),
        "pk": text(reply.ref.owner),
        "sk": text(reply.ref.part),
        "v": number(SCHEMA),
        "st": text(reply.sending.state),
        "mi": text(reply.mention),
        "ag": text(reply.agent),
        "x": {"B": pack({"t": reply.text})},
        "at": number(reply.at),
        "pr": number(int(reply.private)),
        "dh": text(shard(reply.ref.owner)),
        "da": number(opens_at or reply.at),
    }


def agent_reply_of(item: Mapping[str, AttributeValue]) -> AgentReply:
    """Read a person's reply."""
    owner = string_of(item, "pk")
    return AgentReply(
        ref=ReplyRef(owner, string_of(item, "sk")),
        conversation=ConversationId(owner.removeprefix("conv#")),
        mention=MentionId(string_of(item, "mi")),
        agent=string_of(item, "ag"),
        text=unpack(item["x"]["B"])["t"],
        at=number_of(item, "at"),
        private=bool(number_of(item, "pr")),
        sending=sending_of(item),
        reason=string_of(item, "rz"),
    )


def note_item(note: Note) -> Item:
    """Build a note or an event in a conversation's timeline."""
    return {
        "pk": text(f"conv#{note.conversation}"),
        "sk": text(f"at#{note.at:013d}#{note.kind}#{note.id}"),
        "v": number(SCHEMA),
        "ag": text(note.agent),
        "x": {"B": pack({"t": note.text})},
        "at": number(note.at),
    }


def note_of(item: Mapping[str, AttributeValue]) -> Note:
    """Read a note or an event."""
    _, _, kind, note_id = string_of(item, "sk").split("#", 3)
    return Note(
        conversation=ConversationId(string_of(item, "pk").removeprefix("conv#")),
        at=number_of(item, "at"),
        id=note_id,
        kind="note" if kind == "note" else "event",
        agent=string_of(item, "ag"),
        text=unpack(item["x"]["B"])["t"],
    )
