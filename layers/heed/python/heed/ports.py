"""What the flows need from the outside world: a few small contracts.

Storage, queues and outbound implement them; tests give fakes. Instants are epoch milliseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from heed.adapter import Call, Response
from heed.domain.account import AccountId, AccountState, Cause
from heed.domain.case import Band, CaseState
from heed.domain.conversation import Conversation
from heed.domain.decision import Source
from heed.domain.mention import Account, ConversationId, Mention, MentionId
from heed.domain.policy import Control
from heed.domain.reply import ReplyRef, ReplyState, Sending
from heed.signatures import SigningSecrets


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified mention, edit, deletion or own post on its way into the table."""

    mention: Mention
    brand: str
    conversation: ConversationId
    received_at: int
    source: Source = "webhook"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A verified change that the adapter cannot read, kept as it came."""

    platform: str
    connection: str
    change: str
    reason: str
    received_at: int


@dataclass(frozen=True, slots=True)
class Revocation:
    """An account that took its permission back."""

    platform: str
    account: str
    brand: str
    at: int


Entry = Arrival | Quarantined | Revocation


class Accounts(Protocol):
    """Which accounts belong to a connection."""

    def accounts(self, platform: str, connection: str) -> tuple[Account, ...]: ...


class Inbox(Protocol):
    """The one way in. `put` writes every entry once, in parallel, and tells for each whether it
    was new. Raises what the store raises when one of them could not be written by `deadline_s`
    (seconds from now): the caller answers 503, and a repeat is harmless."""

    def put(self, entries: Sequence[Entry], deadline_s: float) -> tuple[bool, ...]: ...


@dataclass(frozen=True, slots=True)
class StoredMention:
    """A mention with everything that happened to it.

    `gone_at`: the author deleted it. `own_post`: our own post on the platform that answers it (id,
    fingerprint), the newest. `approved_by`: the agent who let a draft go. `todo`: what the stream
    was asked to look at; empty when nothing.
    """

    mention: Mention
    brand: str
    conversation: ConversationId
    received_at: int
    sending: Sending
    source: Source = "webhook"
    todo: str = ""
    kicks: int = 0
    edited: bool = False
    gone_at: int = 0
    own_post: str = ""
    own_fingerprint: str = ""
    own_at: int = 0
    approved_by: str = ""
    outcome: str = ""
    reasons: tuple[str, ...] = ()
    draft_text: str = ""

    @property
    def is_mark(self) -> bool:
        """Whether this is only the mark of an own post whose mention has not come (yet)."""
        return not self.received_at and not self.gone_at


class Mentions(Protocol):
    """Mentions and their tombstones."""

    def get(self, mention: MentionId) -> StoredMention | None: ...

    def get_bare(self, mention: MentionId) -> StoredMention | None:
        """Read where a mention, or a mark, belongs, and nothing that may be unreadable."""
        ...

    def finish(
        self, stored: StoredMention, state: ReplyState, reason: str, reasons: tuple[str, ...]
    ) -> bool:
        """End an undecided mention (silent, queued, gone). False when it changed meanwhile."""
        ...

    def settle_change(self, stored: StoredMention) -> bool:
        """Note that an edit, deletion or own post was dealt with. False when more came."""
        ...

    def blank(self, mention: MentionId, now: int) -> None:
        """Remove the text of a deleted mention, keep its key."""
        ...

    def approve(self, mention: MentionId, agent: str, *, drop: bool, now: int) -> bool:
        """Let a draft go, or drop it. False when it is no draft any more."""
        ...

    def of_conversation(self, conversation: ConversationId, limit: int) -> list[StoredMention]:
        """Read the newest mentions of a conversation, oldest first."""
        ...

    def drafts(self, brand: str, limit: int) -> list[StoredMention]:
        """Read the replies that wait for a person's approval, oldest first."""
        ...

    def kick(self, mention: MentionId, *, due_at: int) -> bool:
        """Make the stream carry an undecided mention again. False when it is decided."""
        ...


class Conversations(Protocol):
    """Conversations with their cases, kept whole under a version."""

    def get(self, conversation: ConversationId) -> Conversation | None: ...

    def save(self, conversation: Conversation) -> Conversation | None:
        """Write over the version that was read; None when somebody was faster."""
        ...

    def list_cases(self, brand: str, state: CaseState, *, limit: int) -> list[Conversation]:
        """Cases of a brand by state, the most urgent and oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class AgentReply:
    """A reply by a person, with the states of every reply. `reason`: why it waits or did not
    leave."""

    ref: ReplyRef
    conversation: ConversationId
    mention: MentionId
    agent: str
    text: str
    at: int
    private: bool
    sending: Sending
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A line in a case's timeline: a colleague's note, or an event."""

    conversation: ConversationId
    at: int
    id: str
    kind: Literal["note", "event"]
    agent: str
    text: str


class Timeline(Protocol):
    """Replies, notes and events of a conversation."""

    def add_reply(self, reply: AgentReply, case_epoch: int) -> Literal["added", "known"]:
        """Store a reply under the condition that the case still has this epoch; the same reply
        id again is "known". Raises: StaleEpochError."""
        ...

    def add_note(self, note: Note) -> None: ...

    def entries(self, conversation: ConversationId) -> list[AgentReply | Note]: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """How a reply is taken: `state` sending before a call, doubt before a look. `reasons` and
    `fingerprint` are written with the first send."""

    state: Literal["sending", "doubt"]
    by: str
    lease_until: int
    now: int
    fingerprint: str = ""
    outcome: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Where a reply goes. `look_at`: the next look at an unfinished one, which is also the earliest
    next try. `reason` is added to the reasons of a final state. `doubt_at`: since when it is in
    doubt, kept if it was so before."""

    state: ReplyState
    look_at: int = 0
    reply_id: str = ""
    reason: str = ""
    tries: int | None = None
    looks: int | None = None
    doubt_at: int = 0


@dataclass(frozen=True, slots=True)
class HeldDraft:
    """A composed text, shown to the people of a brand."""

    brand: str
    text: str
    received_at: int
    outcome: str
    reasons: tuple[str, ...]


class Outbox(Protocol):
    """The sending side of a reply, machine or agent. Every write names the state and the epoch that
    it saw, so that whoever is late changes nothing."""

    def get_reply(self, ref: ReplyRef) -> AgentReply | None: ...

    def claim(self, ref: ReplyRef, seen: Sending, claim: Claim) -> Sending | None:
        """Take a reply in hand. None when somebody else did, the mention is gone, or (before a
        send) one of our own posts answers it already."""
        ...

    def move(self, ref: ReplyRef, seen: Sending, to: Move) -> bool:
        """Record what became of a reply; False when the epoch is no longer ours. A receipt
        (state sent) is a fact and is accepted late too."""
        ...

    def hold_draft(self, ref: ReplyRef, seen: Sending, draft: HeldDraft) -> bool:
        """Show a composed text to people and wait for their word."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A quarantined change as it lies in the store. `outcome`: what its last replay came to."""

    key: str
    entry: Quarantined
    outcome: str = ""


class Quarantine(Protocol):
    """Verified changes that could not be read, for whoever runs them again."""

    def keys(self, *, platform: str, since: int, limit: int) -> list[str]:
        """List the changes received since an instant, the oldest first. `platform` may be empty:
        of every platform."""
        ...

    def read(self, key: str) -> Kept | None:
        """Read one change with its slices joined; None when it is no longer there. Raises:
        NotUnderstoodError when not every slice is (yet) there."""
        ...

    def note(self, kept: Kept, outcome: str) -> None:
        """Note what a replay came to; the same word again changes nothing."""
        ...

    def remove(self, kept: Kept) -> None:
        """Remove a change that was taken in. Repeatable: a removal that broke off is finished by
        the next."""
        ...


class Controls(Protocol):
    """What people switched: pause, sombre, modes; and accounts that were disabled."""

    def get(self, brand: str) -> Control: ...

    def put(self, brand: str, control: Control) -> None: ...

    def disable(self, brand: str, account: str) -> None:
        """Stop every reply of an account (named platform#id) until a person enables it."""
        ...

    def enable(self, brand: str, account: str) -> None: ...

    def opted_out(self, brand: str, platform: str, author: str) -> bool: ...

    def opt_out(self, brand: str, platform: str, author: str, at: int) -> None: ...


class AccountStates(Protocol):
    """How accounts stand with their platforms. Nothing is written while all is well."""

    def get(self, account: AccountId) -> AccountState:
        """Read how an account stands, at most 15 seconds old."""
        ...

    def note_failure(self, account: AccountId) -> None:
        """Count a call without a clear answer. Enough in a row open the breaker."""
        ...

    def open(self, account: AccountId, cause: Cause, until: int) -> None:
        """Keep an account's replies back until an instant."""
        ...

    def close(self, account: AccountId) -> None:
        """Note that all is well again."""
        ...

    def take(self, account: AccountId, by: str, until: int) -> bool:
        """Take the lease under which one worker probes or renews the token. False while another
        holds it; who holds it may take it again."""
        ...

    def release(self, account: AccountId, by: str) -> None: ...

    def note_renewed(self, account: AccountId, by: str) -> None:
        """Note that a renewal came to an end, and give the lease back."""
        ...

    def note_told(self, account: AccountId, what: str) -> None:
        """Note what people were told, so that they are told once."""
        ...


@dataclass(frozen=True, slots=True)
class DueItem:
    """An unfinished thing whose next look has come. Keys only: the item decides."""

    kind: Literal["mention", "case", "reply"]
    mention: MentionId | None = None
    conversation: ConversationId | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a thing that is due was looked at in vain, in a row, and since when. `brand` and
    `mention` (what a person's reply answers) as far as the bare item tells them."""

    count: int
    since: int
    brand: str = ""
    mention: str = ""


class DueList(Protocol):
    """The index of everything that is not finished."""

    def due(self, now: int, limit: int) -> list[DueItem]: ...

    def postpone(self, item: DueItem, until: int) -> None: ...

    def note(self, item: DueItem, mark: str, now: int) -> Tries | None:
        """Count a look, without reading what the thing holds. `mark` says how it stands: under
        another one than the last time the count begins anew. None when it is no longer listed."""
        ...

    def end(self, item: DueItem, reason: str) -> None:
        """Take off the index what nobody can work with, as unsent or, when its send had begun, as
        parked."""
        ...


class Secrets(Protocol):
    """Signing secrets, cached. Raises: SecretMissingError."""

    def signing(self, platform: str, connection: str, *, refresh: bool = False) -> SigningSecrets:
        """Get the secrets of a connection. `refresh` asks for a new look, at most once a minute."""
        ...


class Tokens(Protocol):
    """The accounts' tokens, cached, with what renews them. Raises: SecretMissingError."""

    def token_fields(
        self, platform: str, account: str, *, fresh: bool = False
    ) -> Mapping[str, Any]:
        """Get the whole secret that holds a token, past the cache if `fresh`."""
        ...

    def store_token(self, platform: str, account: str, fields: Mapping[str, Any]) -> None:
        """Store a new token with what belongs to it."""
        ...


class Sender(Protocol):
    """Performs an adapter's call. `hosts`: the only ones it may go to. Raises: NotSentError when no
    byte left, DoubtfulError when the answer did not come."""

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response: ...


class Lanes(Protocol):
    """Reply lanes: one queue per platform, ids only. `delay_s`: not to be heard before."""

    def ring(self, platform: str, ref: ReplyRef, delay_s: int = 0) -> None: ...


@dataclass(frozen=True, slots=True)
class Bell:
    """A message that says: this case may be claimed under this epoch."""

    conversation: ConversationId
    epoch: int
    receipt: str = ""
    queue: str = ""


class Bells(Protocol):
    """Work queues of a brand, one per band."""

    def ring(self, brand: str, band: Band, bell: Bell) -> None: ...

    def next(self, brand: str, band: Band) -> Bell | None: ...

    def silence(self, bell: Bell) -> None: ...


class Pager(Protocol):
    """Reaches people at once. The page carries ids only, never a text."""

    def page(self, brand: str, conversation: ConversationId, reason: str, mention: str) -> None: ...

    def page_account(self, brand: str, account: str, reason: str) -> None:
        """Tell that an account (named platform#id) cannot answer until somebody looks."""
        ...


class Meter(Protocol):
    """Counts outcomes, not calls."""

    def count(self, outcome: str, amount: int = 1) -> None: ...


class Time(Protocol):
    """The present, and names for attempts: everything that is not pure about time and chance."""

    def now(self) -> int: ...

    def new_id(self) -> str: ...
