"""More machine texts than a brand's hour allows: they stop, one case says so, and people are paged.

The mention at which it happened is noted with the stop. Whoever dies before the case is opened
leaves the mention unfinished: it comes again, finds its own name there, and opens the case."""

from typing import Final

from heed.domain.clock import MINUTE_MS
from heed.domain.conversation import Conversation
from heed.domain.decision import Decision
from heed.domain.policy import Control
from heed.flows import handover
from heed.flows.handover import Handing
from heed.ports import Controls, StoredMention

HOUR_CAP: Final = "hour_cap"
_DUE_MS: Final = 15 * MINUTE_MS


def stop(stored: StoredMention, conversation: Conversation, s: Handing, controls: Controls) -> None:
    """Stop the brand's machine texts, and tell people if nobody else did."""
    resumes = controls.get(stored.brand).resumes
    controls.stop(stored.brand, stored.mention.id, s.time.now(), resumes)
    tell(stored, conversation, s, controls.get(stored.brand))


def tell(stored: StoredMention, conversation: Conversation, s: Handing, control: Control) -> None:
    """Open the one case of a stop, if it is this mention's to open and not open yet."""
    is_ours = control.stopped_by == stored.mention.id
    if not is_ours or conversation.outcome_of(stored.mention.id) == ("hold", HOUR_CAP):
        return
    # First the page: who dies in between pages twice, and that is better than not at all.
    handover.page(conversation, stored, HOUR_CAP, s)
    due_at = s.time.now() + _DUE_MS
    # A lead, who alone may resume; whatever the calendar says, somebody was paged.
    decision = Decision("hold", HOUR_CAP, band="urgent", due_at=due_at, skill="lead", page=True)
    handover.bind(stored, decision, s)
