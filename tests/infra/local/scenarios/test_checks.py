"""Every invariant must be able to fail: each breach is built by hand and found, and found alone."""

from dataclasses import replace
from typing import Any

import pytest

from heed.domain.case import Case
from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId, Mention, MentionId
from heed.domain.reply import ReplyRef, Sending
from heed.ports import AgentReply, StoredMention
from infra.local.scenarios.checks import Found, Hold, Post, broken

CONVERSATION = ConversationId("c" * 32)
MENTION = Mention("facebook", "42", "comment", "1_2", text="hello?")
SENT = StoredMention(MENTION, "acme", CONVERSATION, 1000, Sending("sent"))
MACHINE = Post("90", "1_2", "We are on it. (automatic reply)")
PERSON = Post("91", "1_2", "Hello, this is Ana.")
REPLY = AgentReply(
    ref=ReplyRef(f"conv#{CONVERSATION}", "at#1#reply#a"),
    conversation=CONVERSATION,
    mention=MENTION.id,
    agent="ana",
    text=PERSON.text,
    at=2000,
    private=False,
    sending=Sending("sent"),
)
CASE = Case("open", "normal", 0, 1, 1000, MENTION.id, "stale")
ANA, BEN = Hold("c", "ana", 2, 1000, 2000), Hold("c", "ben", 4, 2500, 9000)
GOOD = Found(
    told=(MENTION.id,),
    stored=(SENT,),
    conversations={},
    replies=(REPLY,),
    posts=(MACHINE, PERSON),
    holds=(ANA, BEN),
)


def in_state(state: Any, **more: Any) -> StoredMention:
    return replace(SENT, sending=Sending(state), **more)


def test_a_good_end_breaks_nothing() -> None:
    assert set(broken(GOOD)) == {
        "no mention lost",
        "no mention stored twice",
        "no reply visible twice",
        "never two holders of a case",
        "nothing without an end",
    }
    assert not any(broken(GOOD).values())


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        ({"told": (MENTION.id, MentionId("facebook#42#comment:7_7"))}, "no mention lost"),
        (
            {"stored": (SENT, replace(SENT, mention=replace(MENTION, account="43")))},
            "no mention stored twice",
        ),
        ({"posts": (MACHINE, replace(MACHINE, id="92"))}, "no reply visible twice"),
        ({"posts": (PERSON, replace(PERSON, id="92"))}, "no reply visible twice"),
        ({"holds": (ANA, replace(BEN, since=1999))}, "never two holders of a case"),
        ({"holds": (ANA, replace(BEN, epoch=2))}, "never two holders of a case"),
        ({"stored": (in_state("planned"),)}, "nothing without an end"),
        ({"stored": (in_state("doubt"),)}, "nothing without an end"),
        ({"stored": (in_state("queued"),)}, "nothing without an end"),
        ({"stored": (in_state("parked"),), "conversations": None}, "nothing without an end"),
        ({"stored": (in_state("silent"),)}, "nothing without an end"),
        ({"replies": (replace(REPLY, sending=Sending("planned")),)}, "nothing without an end"),
    ],
)
def test_a_breach_is_found(change: dict[str, Any], invariant: str) -> None:
    breaches = broken(replace(GOOD, **change))

    assert [name for name, found in breaches.items() if found] == [invariant]


@pytest.mark.parametrize(
    "change",
    [
        {"stored": (in_state("silent", reasons=("courtesy",)),)},
        {"stored": (in_state("queued", gone_at=5),)},
        {
            "stored": (in_state("queued"),),
            "conversations": {
                CONVERSATION: Conversation(CONVERSATION, "acme", "facebook", "42", case=CASE)
            },
        },
        # One agent twice, and two agents on two cases.
        {"holds": (ANA, replace(ANA, epoch=2))},
        {"holds": (ANA, replace(BEN, case="d", since=1))},
        # Two different answers of people.
        {"posts": (PERSON, replace(PERSON, id="92", text="And this is Ben."))},
    ],
)
def test_what_may_be_breaks_nothing(change: dict[str, Any]) -> None:
    assert not any(broken(replace(GOOD, **change)).values())
