"""What the tests of domain, triage and stories begin with; each varies what it is about."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from heed.domain.case import Band, Case, CaseState
from heed.domain.clock import HOUR_MS, Calendar
from heed.domain.conversation import Conversation
from heed.domain.decision import Context, Decision, Verdict, decide
from heed.domain.mention import Author, ConversationId, Mention, MentionId
from heed.domain.policy import BrandPolicy

LONDON = ZoneInfo("Europe/London")
WORKDAY = (8 * 60, 20 * 60)
WEEKEND = (9 * 60, 17 * 60)
HOURS = (*(WORKDAY,) * 5, *(WEEKEND,) * 2)


def instant(text: str) -> int:
    """Epoch milliseconds of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# A Tuesday noon in winter, when somebody is there.
NOON = instant("2026-11-24T12:00:00")
CALENDAR = Calendar(zone=LONDON, hours=HOURS, holidays=frozenset({"2026-12-25"}))
M1 = MentionId("x#1#post:1")
M2 = MentionId("x#1#post:2")
M3 = MentionId("x#1#post:3")


def policy(**changes: Any) -> BrandPolicy:
    fields: dict[str, Any] = {
        "brand": "acme",
        "name": "Acme Air",
        "languages": ("en",),
        "calendar": CALENDAR,
        "target_minutes": {"urgent": 15, "normal": 60, "low": 480},
    }
    return BrandPolicy(**{**fields, **changes})


def mention(text: str = "my flight was cancelled", **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "platform": "x",
        "account": "1",
        "kind": "post",
        "object_id": "100",
        "author": Author(id="9", handle="sam", name="Sam Hill", reach=20),
        "text": text,
        "event_at": NOON,
        "naming": "tag",
        "summoned": True,
    }
    return Mention(**{**fields, **changes})


def complaint(**changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "sentiment": "negative",
        "intent": "complaint",
        "need": 0.6,
        "complaint": 0.6,
        "language": "en",
    }
    return Verdict(**{**fields, **changes})


def marked(*marks: str, **changes: Any) -> Verdict:
    return Verdict(**{"language": "en", "marks": frozenset(marks), **changes})


def decided(
    verdict: Verdict,
    what: Mention | None = None,
    *,
    received_at: int = NOON,
    brand: BrandPolicy | None = None,
    **context: Any,
) -> Decision:
    return decide(
        what or mention(), Context(verdict=verdict, **context), brand or policy(), received_at
    )


def case(state: CaseState = "open", band: Band = "normal", **changes: Any) -> Case:
    fields: dict[str, Any] = {
        "due_at": NOON + HOUR_MS,
        "epoch": 1,
        "opened_at": NOON,
        "opened_by": M1,
        "reason": "apology",
        "pending": (M1,),
        "rung_at": NOON,
    }
    if state == "claimed":
        fields |= {"agent": "ana", "attempt": "a1", "lease_until": NOON + HOUR_MS}
    return Case(state=state, band=band, **{**fields, **changes})


def conversation(**changes: Any) -> Conversation:
    fields: dict[str, Any] = {
        "id": ConversationId("c0ffee"),
        "brand": "acme",
        "platform": "x",
        "account": "1",
    }
    return Conversation(**{**fields, **changes})
