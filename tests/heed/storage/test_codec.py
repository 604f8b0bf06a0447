"""Everything that is stored comes back as it was."""

from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.case import BANDS, Case, CaseState
from heed.domain.conversation import Ack, Conversation
from heed.domain.decision import Outcome
from heed.domain.mention import (
    Author,
    ConversationId,
    Kind,
    Mention,
    Naming,
    Visibility,
    mention_id,
)
from heed.domain.reply import ReplyState, Sending, agent_reply
from heed.ports import AgentReply, Arrival, Note
from heed.storage.codec import (
    agent_reply_of,
    conversation_item,
    conversation_of,
    note_item,
    note_of,
    pack,
    reply_item,
    sending_of,
    stored_mention,
    unpack,
)
from heed.storage.table import id_part, text, words, words_of
from tests.backends import START_MS, memory_backend
from tests.heed.storage.stores import (
    Store,
    a_case,
    a_conversation,
    a_mention,
    a_note,
    an_ack,
    an_agent_reply,
    an_arrival,
)

# Lone surrogates included: a text that came as "\ud83d" in JSON must neither crash nor change.
TEXTS = st.text(st.characters(codec=None), max_size=300)
ODD_PIECES = st.sampled_from(["|", "#", "%", "%23", ":", "/", "é", "😀", "\ud800", " ", "x", "42"])
IDS = st.one_of(
    st.text("0123456789", min_size=1, max_size=20),
    st.lists(ODD_PIECES, min_size=1, max_size=20).map("".join),
    st.lists(ODD_PIECES, min_size=60, max_size=120).map("".join),
)
INSTANTS = st.integers(1, 4_102_444_800_000)
COUNTS = st.integers(0, 10**15)
# Our own words: reasons, flags, chores. A bar would divide them.
WORDS = st.lists(st.from_regex(r"[a-z_:A-Z0-9 .,#-]{1,20}", fullmatch=True), max_size=5).map(tuple)
WORD = st.from_regex(r"[a-z_]{0,12}", fullmatch=True)
# What is written to an attribute of its own is UTF-8, and so has no lone surrogate.
PLAIN = st.text(st.characters(codec="utf-8"), max_size=40)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def one_of(closed_set: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(closed_set))


AUTHORS = st.builds(
    Author,
    id=optional(IDS),
    handle=optional(TEXTS),
    name=optional(TEXTS),
    reach=optional(COUNTS),
    automated=st.booleans(),
)
MENTIONS = st.builds(
    Mention,
    platform=st.sampled_from(["x", "telegram", "facebook"]),
    account=IDS,
    kind=one_of(Kind),
    object_id=IDS,
    # What just happened, and whether it is ours, is told by the item's other attributes.
    change=st.just("created"),
    is_own_post=st.just(False),
    visibility=one_of(Visibility),
    author=AUTHORS,
    text=TEXTS,
    event_at=INSTANTS,
    root_id=optional(IDS),
    root_kind=one_of(Kind),
    parent_id=optional(IDS),
    parent_kind=one_of(Kind),
    naming=one_of(Naming),
    summoned=st.booleans(),
    language=optional(PLAIN),
    permalink=optional(TEXTS),
    media=COUNTS,
    is_repost=st.booleans(),
    quotes=optional(IDS),
    gain=COUNTS,
    route=st.dictionaries(TEXTS, TEXTS, max_size=3),
)
MENTION_IDS = st.builds(mention_id, st.just("x"), IDS, one_of(Kind), IDS)
CASES = st.builds(
    Case,
    state=one_of(CaseState),
    band=st.sampled_from(BANDS),
    due_at=COUNTS,
    epoch=COUNTS,
    opened_at=COUNTS,
    opened_by=MENTION_IDS,
    reason=WORD,
    pending=st.lists(MENTION_IDS, max_size=4).map(tuple),
    lease_until=COUNTS,
    agent=PLAIN,
    attempt=WORD,
    skill=PLAIN,
    flags=WORDS,
    chores=WORDS,
    page=st.booleans(),
    resolution=WORD,
    resolved_at=COUNTS,
    rung_at=COUNTS,
    rings=COUNTS,
)
ACKS = st.builds(
    Ack,
    of=MENTION_IDS,
    at=COUNTS,
    kind=WORD,
    language=WORD,
    joined=optional(MENTION_IDS),
    reasons=WORDS,
)
DECIDED = st.tuples(
    st.from_regex("[0-9a-f]{10}", fullmatch=True),
    one_of(Outcome),
    st.from_regex("[a-z_,]{1,12}", fullmatch=True),
)
CONVERSATIONS = st.builds(
    Conversation,
    id=st.from_regex("[0-9a-f]{32}", fullmatch=True).map(ConversationId),
    brand=PLAIN,
    platform=WORD,
    account=PLAIN,
    version=st.just(0),
    ack=optional(ACKS),
    case=optional(CASES),
    opted_out_at=COUNTS,
    person_spoke_at=COUNTS,
    decided=st.lists(DECIDED, max_size=5).map(tuple),
)
REPLIES = st.builds(
    AgentReply,
    ref=st.builds(agent_reply, st.just(ConversationId("0f" * 16)), INSTANTS, PLAIN),
    conversation=st.just(ConversationId("0f" * 16)),
    mention=MENTION_IDS,
    agent=PLAIN,
    text=TEXTS,
    at=INSTANTS,
    private=st.booleans(),
    sending=st.builds(Sending, state=st.just("planned"), opens_at=INSTANTS),
    # Why it waits is written by what comes later.
    reason=st.just(""),
)
NOTES = st.builds(
    Note,
    conversation=st.just(ConversationId("0f" * 16)),
    at=INSTANTS,
    id=PLAIN,
    kind=st.sampled_from(["note", "event"]),
    agent=PLAIN,
    text=TEXTS,
)


def every_field_is_built(strategy: st.SearchStrategy[Any], kind: Any) -> bool:
    """Tell whether a new field would be missed by the round trips below."""
    built = strategy.wrapped_strategy.kwargs.keys()  # type: ignore[attr-defined]  # Of `builds`.
    return set(built) == {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [
        (AUTHORS, Author),
        (MENTIONS, Mention),
        (CASES, Case),
        (ACKS, Ack),
        (CONVERSATIONS, Conversation),
        (REPLIES, AgentReply),
        (NOTES, Note),
    ],
)
def test_no_field_is_left_out_of_the_round_trips(
    strategy: st.SearchStrategy[Any], kind: Any
) -> None:
    assert every_field_is_built(strategy, kind)


@given(MENTIONS)
def test_every_field_of_a_mention_comes_back(mention: Mention) -> None:
    store = Store(memory_backend())

    assert store.put(an_arrival(mention))

    stored = store.get(mention)
    assert stored.mention == mention
    assert stored.mention.id == mention.id
    assert (stored.mention.root, stored.mention.parent) == (mention.root, mention.parent)


@given(CONVERSATIONS)
def test_every_field_of_a_conversation_comes_back(conversation: Conversation) -> None:
    item = conversation_item(conversation, 7)

    assert conversation_of(item) == replace(conversation, version=7)


@given(REPLIES)
def test_every_field_of_a_reply_comes_back(reply: AgentReply) -> None:
    assert agent_reply_of(reply_item(reply)) == reply


@given(NOTES)
def test_every_field_of_a_note_comes_back(note: Note) -> None:
    assert note_of(note_item(note)) == note


@given(st.dictionaries(TEXTS, TEXTS | st.booleans() | COUNTS | st.none()))
def test_what_was_packed_is_unpacked(value: dict[str, Any]) -> None:
    assert unpack(pack(value)) == value


@given(IDS, IDS)
def test_parts_of_keys_are_ascii_short_and_distinct(one: str, other: str) -> None:
    part = id_part(one)

    assert part.isascii()
    assert "#" not in part
    assert len(part) <= 200
    assert (part == id_part(other)) == (one == other)


@given(TEXTS)
def test_a_string_attribute_is_always_utf_8(value: str) -> None:
    stored = text(value)["S"]

    assert stored.encode().decode() == stored
    assert len(stored) == len(value)
    assert stored == value or "?" in stored


@given(st.lists(st.text(min_size=1, max_size=5), max_size=4))
def test_a_bar_in_a_word_never_makes_two_of_it(values: list[str]) -> None:
    assert len(words_of({"w": words(values)}, "w")) == len(values)


def test_every_attribute_of_a_sending_comes_back() -> None:
    names = {
        "epoch": "ep", "lease_until": "lu", "first_try_at": "ft", "tries": "tr", "looks": "lk",
        "opens_at": "nb", "doubt_at": "db", "by": "by", "key": "ky", "fingerprint": "fp",
        "reply_id": "rid",
    }  # fmt: skip
    texts = ("by", "key", "fingerprint", "reply_id")
    values: dict[str, Any] = {
        name: f"v{at}" if name in texts else at for at, name in enumerate(names, 1)
    }
    item = {
        short: {"S": values[name]} if name in texts else {"N": str(values[name])}
        for name, short in names.items()
    }

    sending = sending_of({**item, "st": {"S": "sending"}})

    assert sending == Sending("sending", **values)
    assert {field.name for field in fields(Sending)} == {"state", *names}


def arrived(arrival: Arrival) -> dict[str, Any]:
    store = Store(memory_backend())
    store.put(arrival)
    return store.raw(arrival.mention)


def test_unknown_attributes_of_a_newer_version_are_ignored() -> None:
    newer: dict[str, Any] = {"zz": {"M": {"a": {"L": []}}}, "v": {"N": "2"}}
    item = arrived(an_arrival())
    blob = {"c": {"B": pack({**unpack(item["c"]["B"]), "zz": [1]})}}
    conversation = a_conversation(ack=an_ack(), case=a_case())

    assert stored_mention({**item, **newer, **blob}) == stored_mention(item)
    assert conversation_of({**conversation_item(conversation, 0), **newer}) == conversation
    assert agent_reply_of({**reply_item(an_agent_reply()), **newer}) == an_agent_reply()
    assert note_of({**note_item(a_note()), **newer}) == a_note()


@pytest.mark.parametrize("name", ["st", "src"])
def test_an_unknown_word_of_a_newer_version_is_an_error_in_a_mention(name: str) -> None:
    with pytest.raises(ValueError, match="'frozen'"):
        stored_mention({**arrived(an_arrival()), name: {"S": "frozen"}})


def test_an_unknown_kind_is_an_error() -> None:
    item = {**arrived(an_arrival()), "pk": {"S": "mention#x#1#story:5"}}

    with pytest.raises(ValueError, match="'story'"):
        stored_mention(item)


@pytest.mark.parametrize("name", ["cs", "cb", "sn"])
def test_an_unknown_word_of_a_newer_version_is_an_error_in_a_case(name: str) -> None:
    item = conversation_item(a_conversation(case=a_case()), 1)

    with pytest.raises(ValueError, match="'frozen'"):
        conversation_of({**item, name: {"S": "a,frozen,b" if name == "sn" else "frozen"}})


def test_an_unknown_state_is_an_error_in_a_reply() -> None:
    with pytest.raises(ValueError, match="'frozen'"):
        agent_reply_of({**reply_item(an_agent_reply()), "st": {"S": "frozen"}})


@pytest.mark.parametrize("state", get_args(ReplyState))
def test_every_known_state_is_read(state: Any) -> None:
    assert stored_mention({**arrived(an_arrival()), "st": {"S": state}}).sending.state == state


def test_the_last_reason_stands_behind_those_of_the_decision_once() -> None:
    item = {**arrived(an_arrival()), "rs": {"S": "apology|ultimatum"}}

    assert stored_mention({**item, "rz": {"S": "throttled"}}).reasons == (
        "apology",
        "ultimatum",
        "throttled",
    )
    assert stored_mention({**item, "rz": {"S": "apology"}}).reasons == ("apology", "ultimatum")


def test_an_instant_that_was_not_told_comes_back_as_that_of_receipt() -> None:
    mention = a_mention(event_at=None)

    assert stored_mention(arrived(an_arrival(mention))).mention == replace(
        mention, event_at=START_MS
    )


def test_the_dictionary_is_frozen() -> None:
    """These bytes were written by the first version: every later one must read them."""
    blob = bytes.fromhex("ab865089c9b9a98999e0b082063a28bce001ab84627331c4ffb500")

    assert unpack(blob) == {"t": "@acmeair my flight was cancelled", "na": "tag", "s": True}
