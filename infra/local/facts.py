"""What really happened, read from the table and the twins; never from what the player sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heed.domain.conversation import Conversation
from heed.domain.mention import Mention, MentionId
from heed.domain.tally import Cell, Counts, recount
from heed.ports import StoredMention
from heed.storage.codec import conversation_of, stored_mention
from heed.storage.counters import TableCounters, everything
from infra.local.twins.core import Twin
from infra.local.twins.world import TwinPost

MARKER = "(automatic reply)"
# Behind every hour that a counter can have.
HOUR_MAX = 9_999_999


@dataclass(frozen=True, slots=True)
class Happened:
    """The same words as `samples.Expected`."""

    stored: int
    answered: int
    case: str | None
    reason: str


class Facts:
    """Reads a running local system."""

    def __init__(self, dynamo: Any, table: str, twins: Mapping[str, Twin]) -> None:
        """Take boto3's client of the emulator and the twins by platform."""
        self._dynamo = dynamo
        self._table = table
        self._twins = twins

    def mention(self, mention: MentionId) -> StoredMention | None:
        """Read a mention."""
        item = self._item(f"mention#{mention}", "-")
        return stored_mention(item) if item and "st" in item else None

    def conversation(self, stored: StoredMention) -> Conversation | None:
        """Read a mention's conversation."""
        item = self._item(f"conv#{stored.conversation}", "case")
        return conversation_of(item) if item else None

    def own_mark(self, parent: MentionId) -> str:
        """Name our own post that is noted on a mention."""
        item = self._item(f"mention#{parent}", "-")
        return str(item.get("own", {}).get("S", "")) if item else ""

    def machine_answers(self, mention: Mention) -> int:
        """Count the machine's visible answers to an object."""
        return sum(post.text.endswith(MARKER) for post in self._answers(mention))

    def answers(self, mention: Mention) -> int:
        """Count all visible answers to an object."""
        return len(self._answers(mention))

    def _answers(self, mention: Mention) -> list[TwinPost]:
        # A direct message on X answers a person; the platform knows no message that it answers.
        targets = {mention.object_id}
        if mention.visibility == "private" and mention.author.id and not mention.is_own_post:
            targets.add(mention.author.id)
        posts = self._twins[mention.platform].visible_posts()
        return [post for post in posts if post.target in targets]

    def everything(self) -> list[dict[str, Any]]:
        """Read every item of the table."""
        pages = self._dynamo.get_paginator("scan").paginate(TableName=self._table)
        return [item for page in pages for item in page["Items"]]

    def counted(self, brands: Iterable[str]) -> dict[Cell, Counts]:
        """Read every counter."""
        counters = TableCounters(self._dynamo, self._table)
        cells = [counters.read(brand, 0, HOUR_MAX).items() for brand in brands]
        return {cell: counts for found in cells for cell, counts in found if counts}

    def recounted(self) -> dict[Cell, Counts]:
        """Count the table anew, whatever the counters say."""
        return recount(everything(self.everything()))

    def of_sample(self, told: tuple[Mention, ...]) -> Happened:
        """Say what became of the objects that a sample tells of."""
        created = [m for m in told if m.change == "created" and not m.is_own_post]
        stored = [s for m in created if (s := self.mention(m.id)) is not None]
        answered = sum(self.machine_answers(m) for m in created)
        cases = [band for s in stored if (band := self._band(s))]
        reasons = [s.reasons[0] if s.reasons else s.sending.state for s in stored]
        return Happened(
            stored=len(stored),
            answered=answered,
            case=min(cases, key=("urgent", "normal", "low").index) if cases else None,
            reason=reasons[0] if reasons else self._reason_of_nothing(told),
        )

    def _band(self, stored: StoredMention) -> str | None:
        conversation = self.conversation(stored)
        case = conversation.case if conversation else None
        if case is None or stored.mention.id not in (case.opened_by, *case.pending):
            return None
        return case.band

    def _reason_of_nothing(self, told: tuple[Mention, ...]) -> str:
        for mention in told:
            if mention.is_own_post:
                noted = mention.parent is not None and self.own_mark(mention.parent)
                if mention.parent is None or noted == mention.object_id:
                    return "own_post"
            stored = self.mention(mention.id)
            if mention.change == "deleted" and stored and stored.gone_at:
                return "deleted"
            if mention.change == "edited" and stored and stored.edited:
                return "edited"
        return "ignored"

    def _item(self, pk: str, sk: str) -> dict[str, Any] | None:
        answer = self._dynamo.get_item(
            TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
        )
        item: dict[str, Any] | None = answer.get("Item")
        return item
