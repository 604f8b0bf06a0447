"""Drafts: machine texts that a person lets go or drops."""

from dataclasses import dataclass

from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import CLAIMABLE, machine_reply
from heed.errors import TransitionError
from heed.flows import desk, handover
from heed.flows.desk import Agent, Desk
from heed.flows.desk_rules import shown
from heed.ports import StoredMention


@dataclass(frozen=True, slots=True)
class DraftView:
    """A composed text and what it would answer. `id` is the mention's."""

    id: MentionId
    case: ConversationId
    brand: str
    platform: str
    received_at: int
    author: str
    text: str
    draft: str
    reasons: tuple[str, ...]


def list_drafts(brand: str, limit: int, agent: Agent, s: Desk) -> tuple[DraftView, ...]:
    """List what waits for a person's word, the oldest first. Raises: ForbiddenError."""
    waiting = [
        stored
        for one in desk.brands_of(agent, brand, s)
        for stored in s.handing.mentions.drafts(one, limit)
    ]
    waiting.sort(key=lambda stored: stored.received_at)
    return tuple(_view(stored) for stored in waiting[:limit])


def _view(stored: StoredMention) -> DraftView:
    mention = stored.mention
    return DraftView(
        id=mention.id,
        case=stored.conversation,
        brand=stored.brand,
        platform=mention.platform,
        received_at=stored.received_at,
        author=shown(mention.author.name or mention.author.handle),
        text=shown(mention.text),
        draft=stored.draft_text,
        reasons=stored.reasons,
    )


def approve(mention: str, agent: Agent, s: Desk) -> None:
    """Let a draft go. A repeat rings once more and changes nothing.

    Raises: NotFoundError; TransitionError when it is no draft (any more).
    """
    stored = _decided(mention, agent, s, drop=False)
    if stored.sending.state in CLAIMABLE:
        s.handing.lanes.ring(stored.mention.platform, machine_reply(stored.mention.id))


def drop(mention: str, agent: Agent, s: Desk) -> None:
    """Drop a draft. The slot passes on, and the mention goes to a person unless one had it.

    A repeat goes on where the first one stopped.
    Raises: NotFoundError; TransitionError when it is no draft (any more).
    """
    stored = _decided(mention, agent, s, drop=True)
    done = handover.pass_on_slot(stored, s.handing)
    if done and not _has_person(stored, s):
        done = handover.to_person(stored, "draft_dropped", s.handing) is not None
    if not done:
        raise TransitionError("others are writing this case at this moment; try again")


def _decided(mention: str, agent: Agent, s: Desk, *, drop: bool) -> StoredMention:
    """Write the person's word, or find that it was written before."""
    stored = desk.find_mention(mention, agent, s)
    mentions, now = s.handing.mentions, s.handing.time.now()
    if mentions.approve(stored.mention.id, agent.id, drop=drop, now=now):
        s.meter.count("draft_dropped" if drop else "draft_approved")
    elif not _was_decided(stored, drop=drop):
        raise TransitionError("this is no draft, or no longer; GET /v1/drafts lists those left")
    return desk.find_mention(mention, agent, s)


def _was_decided(stored: StoredMention, *, drop: bool) -> bool:
    return bool(stored.approved_by) and (stored.sending.state == "cancelled") == drop


def _has_person(stored: StoredMention, s: Desk) -> bool:
    """Tell whether a case of this conversation holds the mention, or has dealt with it."""
    case = handover.conversation_of(stored, s.handing).case
    return case is not None and (case.is_live or case.resolved_at >= stored.received_at)
