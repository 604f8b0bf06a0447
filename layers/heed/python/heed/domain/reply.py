"""The states of a reply, machine or agent: one protocol for both.

planned -> sending -> sent | refused | parked | cancelled, with doubt between sending and the end.
The machine's reply lives on its mention, whose states before and beside it stand here too."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from heed.domain.clock import MINUTE_MS, SECOND_MS
from heed.domain.mention import ConversationId, MentionId

ReplyState = Literal[
    "new", "planned", "sending", "doubt", "sent", "refused", "parked", "cancelled",
    "silent", "queued", "gone",
]  # fmt: skip
FINAL: frozenset[ReplyState] = frozenset(
    {"sent", "refused", "parked", "cancelled", "silent", "queued", "gone"}
)
CLAIMABLE: tuple[ReplyState, ...] = ("new", "planned")

TRIES_MAX = 3
LOOKS_MAX = 2
LEASE_MARGIN_MS = 30 * SECOND_MS
# A little less than the minute between two sweeps, or only the one after next would find it due.
RETRY_MS = 45 * SECOND_MS
# How far the clocks of two workers may lie apart.
SKEW_MS = 10 * SECOND_MS
# So long before a platform forgets a key it is not relied on any more: two workers' clocks, the
# deadline of a call, and a request that arrives when nobody waits for it.
KEY_MARGIN_MS = MINUTE_MS
# A person may take a reply back for so long; it does not leave before.
UNDO_MS = 15 * SECOND_MS


@dataclass(frozen=True, slots=True)
class ReplyRef:
    """Where a reply is stored: ASCII, short enough for a queue message."""

    owner: str
    part: str = "-"

    @property
    def is_agents(self) -> bool:
        """Whether a person wrote it."""
        return self.part != "-"


def machine_reply(mention: MentionId) -> ReplyRef:
    """Refer to the acknowledgement of a mention."""
    return ReplyRef(f"mention#{mention}")


def agent_reply(conversation: ConversationId, received_at: int, reply_id: str) -> ReplyRef:
    """Refer to a person's reply. `received_at` of the answered mention, not the time of writing:
    the same reply id to the same mention is the same reply, whenever it is repeated."""
    return ReplyRef(f"conv#{conversation}", f"at#{received_at:013d}#reply#{reply_id}")


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a reply stands. Instants in epoch milliseconds, 0 = never.

    `by`: the attempt that holds it; `lease_until`: until then nobody else may touch it; `key`: the
    idempotency key; `looks`: how often we searched the platform for it; `opens_at`: not tried again
    before then; `doubt_at`: since when it is not known whether it was posted.
    """

    state: ReplyState
    epoch: int = 0
    by: str = ""
    lease_until: int = 0
    key: str = ""
    first_try_at: int = 0
    tries: int = 0
    looks: int = 0
    fingerprint: str = ""
    reply_id: str = ""
    opens_at: int = 0
    doubt_at: int = 0


def is_stranded(sending: Sending, now: int) -> bool:
    """Whether a send began and its worker can no longer be alive: only a look may go on."""
    return sending.state == "sending" and sending.lease_until <= now


def key_holds(sending: Sending, window_s: int, now: int) -> bool:
    """Whether the platform still knows the key of the first try, also when a call that leaves now
    arrives: then it drops a second one itself. `window_s`: how long it remembers keys."""
    ends_at = sending.first_try_at + window_s * 1000 - KEY_MARGIN_MS
    return bool(sending.first_try_at) and now < ends_at


# What platforms add to a reply, or put in the place of what was written: the handles that it begins
# with, and short links. Source: docs.x.com "Counting characters", 2026-11-22.
_HANDLES = re.compile(r"\A\s*(?:@\w+\s+)+")
_LINK = re.compile(r"(?:https?://\S+|(?:[\w-]+\.)+[^\W\d_]{2,}(?:/\S*)?)")


def has_link(text: str) -> bool:
    """Tell whether a platform would find a link in a text; where in doubt, it would."""
    return bool(_LINK.search(text))


def fingerprint(text: str) -> str:
    """Hash a text as a platform might give it back: handles in front, links, case, space and marks
    do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = _LINK.sub("", _HANDLES.sub("", folded))
    kept = "".join(c for c in words if c.isalnum())
    return hashlib.blake2b(kept.encode("utf-8", "replace"), digest_size=8).hexdigest()
