"""All of the store over one backend, and builders of what goes into it."""

from dataclasses import replace
from typing import Any, Literal

from heed.domain.case import Case
from heed.domain.conversation import Ack, Conversation
from heed.domain.mention import Author, Change, ConversationId, Mention, MentionId, conversation_id
from heed.domain.reply import Sending, agent_reply, fingerprint, machine_reply
from heed.ports import AgentReply, Arrival, Claim, HeldDraft, Move, Note, StoredMention
from heed.storage.controls import TableControls
from heed.storage.conversations import TableConversations
from heed.storage.due import TableDueList
from heed.storage.inbox import TableInbox
from heed.storage.mentions import TableMentions
from heed.storage.outbox import TableOutbox
from heed.storage.timeline import TableTimeline
from tests.backends import START_MS, Backend

BRAND = "acme"
DEADLINE_S = 5.0
CONVERSATION = ConversationId("0f" * 16)


class Store:
    """The whole store; `put` takes one arrival in and says whether it was new."""

    def __init__(self, backend: Backend) -> None:
        client, table = backend.dynamo, backend.table
        self.backend = backend
        self.clock = backend.clock
        self.inbox = TableInbox(client, table)
        self.mentions = TableMentions(client, table)
        self.conversations = TableConversations(client, table)
        self.outbox = TableOutbox(client, table)
        self.timeline = TableTimeline(client, table)
        self.controls = TableControls(client, table, backend.clock)
        self.due_list = TableDueList(client, table)

    def put(self, entry: Any) -> bool:
        [is_new] = self.inbox.put([entry], DEADLINE_S)
        return is_new

    def get(self, mention: Mention | MentionId) -> StoredMention:
        stored = self.find(mention)
        assert stored is not None
        return stored

    def find(self, mention: Mention | MentionId) -> StoredMention | None:
        return self.mentions.get(mention.id if isinstance(mention, Mention) else mention)

    def raw(self, mention: Mention | MentionId) -> dict[str, Any]:
        mention_id = mention.id if isinstance(mention, Mention) else mention
        item = self.backend.item(f"mention#{mention_id}")
        assert item is not None
        return item

    def claim(self, mention: Mention, **changes: Any) -> Sending:
        """Claim a mention's machine reply from wherever it stands."""
        held = self.outbox.claim(
            machine_reply(mention.id), self.get(mention).sending, a_claim(**changes)
        )
        assert held is not None
        return held

    def move(self, mention: Mention, seen: Sending, move: Move) -> bool:
        return self.outbox.move(machine_reply(mention.id), seen, move)

    def due_at(self, now: int) -> list[str]:
        """List what is due, as keys."""
        return sorted(
            item.mention or f"{item.conversation}/{item.part or 'case'}"
            for item in self.due_list.due(now, 50)
        )


def a_mention(object_id: str = "1001", **fields: Any) -> Mention:
    defaults: dict[str, Any] = {
        "platform": "x",
        "account": "2244994945",
        "kind": "post",
        "author": Author(id="77", handle="marta", name="Marta Quist", reach=412),
        "text": "@acmeair my bag is lost",
        "event_at": START_MS - 2_000,
        "naming": "tag",
        "summoned": True,
        "language": "en",
    }
    return Mention(object_id=object_id, **{**defaults, **fields})


def an_arrival(mention: Mention | None = None, **fields: Any) -> Arrival:
    mention = mention or a_mention()
    defaults: dict[str, Any] = {
        "brand": BRAND,
        "conversation": conversation_id(mention, BRAND),
        "received_at": START_MS,
    }
    return Arrival(mention=mention, **{**defaults, **fields})


def a_change(mention: Mention, change: Change, *, after_ms: int, **fields: Any) -> Arrival:
    """A later event about the same object."""
    assert mention.event_at is not None
    changed = replace(mention, change=change, event_at=mention.event_at + after_ms, **fields)
    return an_arrival(changed, received_at=START_MS + after_ms)


def an_own_post(answered: Mention, own_id: str = "9001", **fields: Any) -> Arrival:
    mention = a_mention(
        own_id,
        account=answered.account,
        author=Author(id=answered.account),
        text="We are on it. Ana",
        is_own_post=True,
        parent_id=answered.object_id,
        parent_kind=answered.kind,
        event_at=START_MS + 5_000,
    )
    return an_arrival(mention, **{"received_at": START_MS + 6_000, **fields})


def a_claim(**fields: Any) -> Claim:
    defaults: dict[str, Any] = {
        "state": "sending",
        "by": "attempt-1",
        "lease_until": START_MS + 61_000,
        "now": START_MS + 1_000,
        "fingerprint": fingerprint("Sorry"),
        "outcome": "acknowledge",
        "reasons": ("apology", "negative complaint"),
    }
    return Claim(**{**defaults, **fields})


def a_draft(**fields: Any) -> HeldDraft:
    defaults: dict[str, Any] = {
        "brand": BRAND,
        "text": "Sorry to hear that, Marta.",
        "received_at": START_MS,
        "outcome": "acknowledge",
        "reasons": ("apology",),
    }
    return HeldDraft(**{**defaults, **fields})


def a_case(**fields: Any) -> Case:
    defaults: dict[str, Any] = {
        "state": "open",
        "band": "normal",
        "due_at": START_MS + 3_600_000,
        "epoch": 1,
        "opened_at": START_MS,
        "opened_by": a_mention().id,
        "reason": "complaint",
        "pending": (a_mention().id,),
        "rung_at": START_MS,
    }
    return Case(**{**defaults, **fields})


def a_conversation(**fields: Any) -> Conversation:
    defaults: dict[str, Any] = {
        "id": CONVERSATION,
        "brand": BRAND,
        "platform": "x",
        "account": "2244994945",
    }
    return Conversation(**{**defaults, **fields})


def an_ack(**fields: Any) -> Ack:
    defaults: dict[str, Any] = {
        "of": a_mention().id,
        "at": START_MS,
        "kind": "apology",
        "language": "en",
        "reasons": ("apology", "negative complaint"),
    }
    return Ack(**{**defaults, **fields})


def an_agent_reply(reply_id: str = "r1", **fields: Any) -> AgentReply:
    defaults: dict[str, Any] = {
        "ref": agent_reply(CONVERSATION, START_MS, reply_id),
        "conversation": CONVERSATION,
        "mention": a_mention().id,
        "agent": "ana@acme.example",
        "text": "Hello Marta, we found it.",
        "at": START_MS + 60_000,
        "private": False,
        "sending": Sending("planned"),
    }
    return AgentReply(**{**defaults, **fields})


def a_note(note_id: str = "n1", *, kind: Literal["note", "event"] = "note", **fields: Any) -> Note:
    defaults: dict[str, Any] = {
        "conversation": CONVERSATION,
        "at": START_MS + 30_000,
        "agent": "ana@acme.example",
        "text": "She called too.",
    }
    return Note(id=note_id, kind=kind, **{**defaults, **fields})
