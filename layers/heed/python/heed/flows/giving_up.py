"""Give people what machines fail at again and again: replies that nobody can send, and items that
nobody can read. Every thing on the due index ends here at last, as a case or as a page."""

from dataclasses import replace
from typing import Final, Literal

from heed.domain.clock import HOUR_MS
from heed.domain.mention import ConversationId, MentionId, conversation_id
from heed.domain.reply import CLAIMABLE, ReplyRef, Sending
from heed.flows import handover
from heed.flows.handover import Handing
from heed.ports import DueItem, DueList, Move, Outbox, StoredMention, Tries

FAILURES_MAX: Final = 5
_NOT_READABLE: Final = "not_readable"


def unsent(
    ref: ReplyRef, mention: MentionId, sending: Sending, handing: Handing, outbox: Outbox
) -> str:
    """Give a person a reply that no sender brought on. What may have been posted is parked."""
    state: Literal["refused", "parked"] = "refused" if sending.state in CLAIMABLE else "parked"
    stored = handing.mentions.get(mention)
    if stored is not None and stored.brand in handing.policies:
        if handover.to_person(stored, f"{state}_not_settled", handing) is None:
            return "contended"
        if state == "refused" and not ref.is_agents:
            handover.pass_on_slot(stored, handing)
    outbox.move(ref, sending, Move(state, reason="not_settled"))
    return "bare_case"


def unreadable(item: DueItem, tries: Tries, handing: Handing, due_list: DueList) -> str:
    """Give a person what raises an error at every look."""
    now = handing.time.now()
    # The second time it was the case that could not be opened.
    if tries.count == FAILURES_MAX + (item.kind != "case"):
        where = item.conversation or ConversationId("")
        handing.pager.page(tries.brand, where, _NOT_READABLE, item.mention or "")
    if item.kind == "case":
        # It stays due: a newer version may be able to read it.
        due_list.postpone(item, now + HOUR_MS)
        return "unreadable"
    mention = item.mention or MentionId(tries.mention)
    stored = handing.mentions.get_bare(mention)
    if stored is not None and stored.brand not in handing.policies:
        due_list.postpone(item, now + HOUR_MS)
        return "no_brand"
    if stored is not None and stored.gone_at:
        handing.mentions.blank(mention, now)
    elif stored is not None and not handover.to_person(_placed(stored), _NOT_READABLE, handing):
        return "contended"
    due_list.end(item, _NOT_READABLE)
    return "bare_case"


def mark(item: DueItem, stored: StoredMention, handing: Handing, due_list: DueList) -> str:
    """Give a person one of our own posts that triage could not settle."""
    if stored.brand not in handing.policies:
        due_list.postpone(item, handing.time.now() + HOUR_MS)
        return "no_brand"
    if handover.to_person(_placed(stored), "own_post_not_settled", handing) is None:
        return "contended"
    due_list.end(item, "own_post_not_settled")
    return "bare_case"


def _placed(stored: StoredMention) -> StoredMention:
    """Give the mark of a public post the conversation that a mention without an author has."""
    place = stored.conversation or conversation_id(stored.mention, stored.brand)
    return replace(stored, conversation=place)
