"""Run again what stayed behind: changes in quarantine, and what dead-letter queues name. A person
starts it, after an adapter or a fault was mended. Everything may be repeated and broken off: what
was taken in is removed only afterwards."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from heed import adapter as adapters
from heed.adapter import Adapter, Delivery, Parsed
from heed.domain.masking import has_mask
from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import FINAL, RETRY_MS, ReplyRef, Sending
from heed.errors import NotUnderstoodError, UnknownConnectionError
from heed.flows import handover
from heed.flows.handover import Handing
from heed.flows.receive import entries_of, read
from heed.ports import (
    Accounts,
    Arrival,
    Entry,
    Inbox,
    Kept,
    Meter,
    Outbox,
    Quarantine,
    Quarantined,
)

# No platform waits for the answer here.
DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Replaying:
    """What running quarantined changes again works with."""

    accounts: Accounts
    quarantine: Quarantine
    inbox: Inbox
    meter: Meter
    load: Callable[[str], Adapter] = field(default=adapters.load)


@dataclass(frozen=True, slots=True)
class Ringing:
    """What ringing again for dead letters works with."""

    handing: Handing
    outbox: Outbox


def take_in(key: str, s: Replaying, *, is_dry: bool = False) -> Counter[str]:
    """Run one quarantined change through today's code. Returns what it came to, in one word for
    each entry that it held.

    It was verified when it was stored, and keeps its instant of receipt: what is too old by now is
    stored and shown to people, and never answered by machine. `is_dry`: only say what would be.
    """
    try:
        kept = s.quarantine.read(key)
    except NotUnderstoodError:
        # Whoever stores it is not done yet, or died: the platform then delivers it again.
        return Counter(incomplete=1)
    if kept is None:
        return Counter(gone=1)
    delivery = _delivery(kept.entry, s)
    parsed = read(s.load(delivery.platform), delivery) if delivery else Parsed()
    entries = list(entries_of(parsed, delivery, s.meter)) if delivery else []
    if obstacle := _obstacle(kept, parsed, entries, is_known=delivery is not None):
        if not is_dry:
            s.quarantine.note(kept, obstacle)
        return Counter({obstacle: 1})
    return _would_be(entries) if is_dry else _taken_in(kept, entries, s)


def _delivery(entry: Quarantined, s: Replaying) -> Delivery | None:
    """Build the delivery that the change could be; None when its connection or adapter is gone."""
    accounts = s.accounts.accounts(entry.platform, entry.connection)
    try:
        s.load(entry.platform)
    except UnknownConnectionError:
        return None
    if not accounts:
        return None
    return Delivery(
        platform=entry.platform,
        connection=entry.connection,
        method="POST",
        query={},
        headers={},
        body=entry.change.encode("utf-8", "surrogateescape"),
        received_at=entry.received_at,
        accounts=accounts,
    )


def _obstacle(kept: Kept, parsed: Parsed, entries: list[Entry], *, is_known: bool) -> str:
    """Name what keeps a change in quarantine; empty when nothing does."""
    is_homeless = not entries and bool(parsed.ignored.get("unknown_account"))
    is_same = (
        isinstance(entry, Quarantined) and entry.change == kept.entry.change for entry in entries
    )
    obstacles = (
        # Whoever adds the account to the brand file finds what came for it.
        ("no_account", not is_known or is_homeless),
        ("masked", _has_lost_ids(entries)),
        ("unreadable", any(is_same)),
    )
    return next((name for name, holds in obstacles if holds), "")


def _has_lost_ids(entries: list[Entry]) -> bool:
    """Whether masking took a part of an id: under such a key two mentions would be one."""
    mentions = [entry.mention for entry in entries if isinstance(entry, Arrival)]
    return any(
        has_mask(m.object_id, m.author.id, m.root_id, m.parent_id, *m.route.values())
        for m in mentions
    )


def _would_be(entries: list[Entry]) -> Counter[str]:
    found = Counter(
        "unreadable" if isinstance(entry, Quarantined) else "readable" for entry in entries
    )
    return found or Counter(ignored=1)


def _taken_in(kept: Kept, entries: list[Entry], s: Replaying) -> Counter[str]:
    # A part that still cannot be read lies in quarantine by itself from now on.
    news = s.inbox.put(entries, DEADLINE_S) if entries else ()
    s.quarantine.remove(kept)
    words = (
        "unreadable" if isinstance(entry, Quarantined) else "stored" if is_new else "known"
        for entry, is_new in zip(entries, news, strict=True)
    )
    return Counter(words) or Counter(ignored=1)


def ring_reply(ref: ReplyRef, s: Ringing) -> str:
    """Ring the lane again for a reply whose messages were given up. Returns rung, settled or
    gone."""
    found = _reply(ref, s)
    if found is None:
        return "gone"
    platform, sending = found
    # An heir of a slot may still be to be answered although it was handed to people.
    if sending.state in FINAL and sending.state != "queued":
        return "settled"
    s.handing.lanes.ring(platform, ref)
    return "rung"


def _reply(ref: ReplyRef, s: Ringing) -> tuple[str, Sending] | None:
    if not ref.is_agents:
        stored = s.handing.mentions.get(MentionId(ref.owner.removeprefix("mention#")))
        return (stored.mention.platform, stored.sending) if stored else None
    written = s.outbox.get_reply(ref)
    return (written.mention.split("#", 1)[0], written.sending) if written else None


def ring_case(conversation_id: ConversationId, s: Ringing) -> str:
    """Ring again for a case whose bell was given up. Returns rung, settled or gone."""
    conversation = s.handing.conversations.get(conversation_id)
    if conversation is None:
        return "gone"
    case = conversation.live_case
    if case is None or case.state != "open":
        return "settled"
    handover.ring(conversation, s.handing)
    return "rung"


def look_again(mention: MentionId, s: Ringing) -> str:
    """Make the stream carry a mention again that triage gave up. Returns rung or settled."""
    due_at = s.handing.time.now() + RETRY_MS
    return "rung" if s.handing.mentions.kick(mention, due_at=due_at) else "settled"
