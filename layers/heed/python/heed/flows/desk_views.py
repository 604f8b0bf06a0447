"""What agents read: lists of cases, one case with its timeline, one mention with its reasons.
Reading changes nothing: a mention counts as seen when a write names it."""

from dataclasses import dataclass
from typing import Final, Literal

from heed.adapter import Adapter
from heed.domain.case import BANDS, Case, CaseState
from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId, MentionId, Visibility
from heed.domain.policy import Control
from heed.domain.reply import ReplyState, fingerprint
from heed.domain.voice import TEXT_KINDS, TextKind, compose
from heed.errors import InvalidRequestError
from heed.flows import desk
from heed.flows.desk import Agent, CaseView, Desk
from heed.flows.desk_rules import VerdictView, judge, shown
from heed.ports import AgentReply, Note, StoredMention

MENTIONS_MAX: Final = 50
# Resolved cases stand on no index: they are found by their mentions.
LISTED: Final[tuple[CaseState, ...]] = ("open", "claimed", "waiting", "snoozed")


@dataclass(frozen=True, slots=True)
class MentionEntry:
    """A mention in a timeline. `state`: where the machine's part of it stands; `machine_text`: what
    the machine wrote or would write, empty when it is not known. `verdict`: whether a person may
    answer where it was written, `verdict_private`: by a private message."""

    kind: Literal["mention"]
    id: MentionId
    at: int
    received_at: int
    author_name: str
    author_handle: str
    text: str
    visibility: Visibility
    permalink: str
    media: int
    language: str
    is_pending: bool
    is_edited: bool
    deleted_at: int
    answered_elsewhere_at: int
    state: ReplyState
    outcome: str
    reasons: tuple[str, ...]
    machine_text: str
    verdict: VerdictView
    verdict_private: VerdictView


@dataclass(frozen=True, slots=True)
class ReplyEntry:
    """A person's reply in a timeline. `id` is the agent's name for it, `post` the platform's.
    `reason`: why it waits or did not leave; `leaves_at`: not before then, 0 when it does not wait.
    """

    kind: Literal["reply"]
    id: str
    at: int
    mention: MentionId
    agent: str
    text: str
    is_private: bool
    state: ReplyState
    reason: str
    leaves_at: int
    post: str


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """A colleague's note, or an event."""

    kind: Literal["note", "event"]
    id: str
    at: int
    agent: str
    text: str


@dataclass(frozen=True, slots=True)
class ClauseView:
    """A rule of the platform."""

    id: str
    says: str
    source: str
    read_on: str


@dataclass(frozen=True, slots=True)
class ChannelView:
    """What holds for every reply on a platform. `contacts`: what may be named in public."""

    platform: str
    text_max: int
    contacts: tuple[str, ...]
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with everything that was said, the oldest first."""

    case: CaseView
    timeline: tuple[MentionEntry | ReplyEntry | NoteEntry, ...]
    channel: ChannelView


@dataclass(frozen=True, slots=True)
class MentionView:
    """What became of a mention, and why."""

    id: MentionId
    case: ConversationId
    brand: str
    platform: str
    account: str
    received_at: int
    event_at: int
    source: str
    state: ReplyState
    outcome: str
    reasons: tuple[str, ...]
    tries: int
    post: str
    draft: str
    approved_by: str
    is_edited: bool
    deleted_at: int
    answered_elsewhere_at: int


def list_cases(
    state: CaseState, brand: str, limit: int, *, agent: Agent, s: Desk
) -> tuple[CaseView, ...]:
    """List cases by state, the most urgent and oldest first.

    Raises: ForbiddenError; InvalidRequestError for a state that is not listed.
    """
    if state not in LISTED:
        raise InvalidRequestError(f"list one of {', '.join(LISTED)}", "field:state")
    found = [
        desk.view_of(conversation, conversation.case, agent)
        for one in desk.brands_of(agent, brand, s)
        for conversation in s.handing.conversations.list_cases(one, state, limit=limit)
        if conversation.case is not None
    ]
    found.sort(key=lambda view: (BANDS.index(view.band), view.due_at))
    return tuple(found[:limit])


def show_case(case_id: str, agent: Agent, s: Desk) -> CaseDetail:
    """Show a case with its timeline and the rules of its channel. Raises: NotFoundError."""
    conversation, case = desk.find_case(case_id, agent, s)
    reading = _Reading(
        conversation, case, s.controls.get(conversation.brand), s.load(conversation.platform)
    )
    entries: list[MentionEntry | ReplyEntry | NoteEntry] = []
    entries += [_mention_entry(stored, reading, s) for stored in _mentions(conversation, case, s)]
    entries += [entry_of(entry) for entry in s.timeline.entries(conversation.id)]
    return CaseDetail(
        case=desk.view_of(conversation, case, agent),
        timeline=tuple(sorted(entries, key=lambda entry: entry.at)),
        channel=_channel(reading, s),
    )


def show_mention(mention: str, agent: Agent, s: Desk) -> MentionView:
    """Show what became of a mention and why. Raises: NotFoundError."""
    stored = desk.find_mention(mention, agent, s)
    conversation = s.handing.conversations.get(stored.conversation)
    # Between the decision and the first send, only the conversation knows it.
    past = conversation.outcome_of(stored.mention.id) if conversation else None
    outcome, reason = past or ("", "")
    return MentionView(
        id=stored.mention.id,
        case=stored.conversation,
        brand=stored.brand,
        platform=stored.mention.platform,
        account=stored.mention.account,
        received_at=stored.received_at,
        event_at=stored.mention.event_at or 0,
        source=stored.source,
        state=stored.sending.state,
        outcome=stored.outcome or outcome,
        reasons=stored.reasons or ((reason,) if reason else ()),
        tries=stored.sending.tries,
        post=stored.sending.reply_id,
        draft=stored.draft_text,
        approved_by=stored.approved_by,
        is_edited=stored.edited,
        deleted_at=stored.gone_at,
        answered_elsewhere_at=stored.own_at,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A case in the course of being shown."""

    conversation: Conversation
    case: Case
    control: Control
    adapter: Adapter


def _mentions(conversation: Conversation, case: Case, s: Desk) -> list[StoredMention]:
    """Read the newest mentions; what is pending is shown even where the index lags behind."""
    found = {
        m.mention.id: m for m in s.handing.mentions.of_conversation(conversation.id, MENTIONS_MAX)
    }
    for pending in case.pending:
        if pending not in found and (stored := s.handing.mentions.get(pending)):
            found[pending] = stored
    return list(found.values())


def _mention_entry(stored: StoredMention, reading: _Reading, s: Desk) -> MentionEntry:
    mention, brand = stored.mention, s.handing.policies[stored.brand]
    public, private = (
        judge(stored, reading.control, brand, reading.adapter, private=private)
        for private in (False, True)
    )
    return MentionEntry(
        kind="mention",
        id=mention.id,
        at=mention.event_at or stored.received_at,
        received_at=stored.received_at,
        author_name=shown(mention.author.name),
        author_handle=shown(mention.author.handle),
        text=shown(mention.text),
        visibility=mention.visibility,
        permalink=mention.permalink or "",
        media=mention.media,
        language=mention.language or "",
        is_pending=mention.id in reading.case.pending,
        is_edited=stored.edited,
        deleted_at=stored.gone_at,
        answered_elsewhere_at=stored.own_at,
        state=stored.sending.state,
        outcome=stored.outcome,
        reasons=stored.reasons,
        machine_text=_machine_text(stored, reading.conversation, s),
        verdict=public,
        verdict_private=private,
    )


def _machine_text(stored: StoredMention, conversation: Conversation, s: Desk) -> str:
    """Compose the acknowledgement again: the same mention always gets the same words. What was sent
    in words that have changed since is not known any more."""
    ack, voice = conversation.ack, s.voices[stored.brand]
    if stored.draft_text or ack is None or ack.of != stored.mention.id:
        return stored.draft_text
    kind = _KINDS.get(ack.kind)
    if kind is None or ack.language not in voice.replies or stored.sending.state in _UNSENT:
        return ""
    text = compose(
        voice,
        kind,
        mention_id=stored.mention.id,
        language=ack.language,
        platform=stored.mention.platform,
        display_name=stored.mention.author.name,
    ).text
    sent = stored.sending.fingerprint
    return text if sent in ("", fingerprint(text)) else ""


_KINDS: Final[dict[str, TextKind]] = {kind: kind for kind in TEXT_KINDS}
_UNSENT: Final[tuple[ReplyState, ...]] = ("refused", "cancelled", "gone")


def entry_of(entry: AgentReply | Note) -> ReplyEntry | NoteEntry:
    """Show what was written by people, or happened, in a case."""
    if isinstance(entry, Note):
        return NoteEntry(entry.kind, entry.id, entry.at, entry.agent, entry.text)
    return reply_entry(entry)


def reply_entry(entry: AgentReply) -> ReplyEntry:
    """Show a person's reply."""
    return ReplyEntry(
        kind="reply",
        id=entry.ref.part.rpartition("#")[2],
        at=entry.at,
        mention=entry.mention,
        agent=entry.agent,
        text=entry.text,
        is_private=entry.private,
        state=entry.sending.state,
        reason=entry.reason,
        leaves_at=entry.sending.opens_at if entry.sending.state == "planned" else 0,
        post=entry.sending.reply_id,
    )


def _channel(reading: _Reading, s: Desk) -> ChannelView:
    adapter, voice = reading.adapter, s.voices[reading.conversation.brand]
    return ChannelView(
        platform=adapter.NAME,
        text_max=adapter.TEXT_MAX,
        contacts=tuple(contact.text for contact in voice.contacts),
        clauses=tuple(ClauseView(c.id, c.says, c.source, c.read_on) for c in adapter.POLICY),
    )
