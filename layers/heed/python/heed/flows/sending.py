"""How a reply goes from state to state, the same for the machine's and for people's: claimed under
a new epoch, recorded under that epoch, put off, ended. What is tried and when stands in `attempts`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from heed import adapter as adapters
from heed.adapter import Adapter
from heed.domain import conversation as conversations
from heed.domain.account import AccountId
from heed.domain.clock import HOUR_MS, MINUTE_MS
from heed.domain.policy import BrandPolicy
from heed.domain.reply import LEASE_MARGIN_MS, TRIES_MAX, ReplyRef, ReplyState, Sending, fingerprint
from heed.domain.voice import Voice
from heed.flows import handover
from heed.flows.handover import Handing
from heed.ports import (
    AccountStates,
    Claim,
    Controls,
    Meter,
    Move,
    Outbox,
    Sender,
    StoredMention,
    Tokens,
)

# A person's words that cannot leave come back to a person; an acknowledgement grows stale instead.
PERSON_WAIT_MS_MAX: Final = HOUR_MS
# However long a platform wants us to wait: what waits must also notice that it has grown old.
LOOK_MS_MAX: Final = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Replying:
    """What `reply` works with. `timeout_ms`: the function's hard timeout."""

    handing: Handing
    controls: Controls
    outbox: Outbox
    accounts: AccountStates
    secrets: Tokens
    sender: Sender
    policies: Mapping[str, BrandPolicy]
    voices: Mapping[str, Voice]
    meter: Meter
    timeout_ms: int
    load: Callable[[str], Adapter] = field(default=adapters.load)


@dataclass(frozen=True, slots=True)
class Job:
    """One reply in hand: where it is stored, what it answers, what it says. `since`: when it was
    asked for. `outcome` and `reasons` are those of the decision, for the machine's only."""

    ref: ReplyRef
    sending: Sending
    stored: StoredMention
    adapter: Adapter
    text: str = ""
    private: bool = False
    since: int = 0
    outcome: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def account(self) -> AccountId:
        """The account that speaks."""
        return AccountId(self.stored.mention.platform, self.stored.mention.account)

    @property
    def is_in_doubt(self) -> bool:
        """Whether it may have been posted. A `sending` that is asked lost its worker."""
        return self.sending.state in ("sending", "doubt")


def lease_until(s: Replying) -> int:
    """Tell until when a worker that begins now may be alive."""
    return s.handing.time.now() + s.timeout_ms + LEASE_MARGIN_MS


def claimed(job: Job, state: Literal["sending", "doubt"], s: Replying) -> Job | None:
    """Take a reply in hand, for a call (sending) or for a look (doubt). None: somebody else did."""
    claim = Claim(
        state=state,
        by=s.handing.time.new_id(),
        lease_until=lease_until(s),
        now=s.handing.time.now(),
    )
    if state == "sending":
        claim = replace(
            claim, fingerprint=fingerprint(job.text), outcome=job.outcome, reasons=job.reasons
        )
    held = s.outbox.claim(job.ref, job.sending, claim)
    return replace(job, sending=held) if held else None


def recorded(job: Job, reply_id: str, s: Replying) -> str:
    """Record that a reply stands."""
    s.outbox.move(job.ref, job.sending, Move("sent", reply_id=reply_id))
    if job.ref.is_agents:
        note_reply(job, s.handing.time.now(), s)
    return "sent"


def note_reply(job: Job, at: int, s: Replying) -> None:
    """Note in the conversation that a person's words are visible; a repeat changes nothing."""
    handover.change(job.stored, s.handing, lambda c: conversations.person_answered(c, at))


def postpone(job: Job, reason: str, wait_ms: int, s: Replying) -> str:
    """Wait for what stands in the way; a person's words do so for an hour only. What is in doubt
    stays so."""
    if job.is_in_doubt:
        return doubted(job, wait_ms, s)
    if job.ref.is_agents and s.handing.time.now() - job.since > PERSON_WAIT_MS_MAX:
        return end(job, "refused", reason, s)
    put_off(job, reason, wait_ms, s)
    return "postponed"


def put_off(job: Job, reason: str, wait_ms: int, s: Replying) -> None:
    """Plan a reply, of which nothing was posted, for later."""
    look_at = s.handing.time.now() + min(wait_ms, LOOK_MS_MAX)
    s.outbox.move(job.ref, job.sending, Move("planned", look_at=look_at, reason=reason))


def doubted(job: Job, wait_ms: int, s: Replying, *, looks: int | None = None) -> str:
    """Leave open whether a reply stands, until the next look."""
    now = s.handing.time.now()
    look_at = now + min(wait_ms, LOOK_MS_MAX)
    s.outbox.move(job.ref, job.sending, Move("doubt", look_at=look_at, looks=looks, doubt_at=now))
    return "doubt"


def again(
    job: Job, reason: Literal["not_sent", "not_found"], wait_ms: int, s: Replying
) -> Job | str:
    """Plan another try of what certainly was not posted, three times at most.

    Returns the reply as it is planned, or in one word how it ended.
    """
    tries = job.sending.tries + 1
    if tries >= TRIES_MAX:
        return end(job, "refused", reason, s)
    look_at = s.handing.time.now() + wait_ms
    if not s.outbox.move(
        job.ref, job.sending, Move("planned", look_at=look_at, tries=tries, looks=0)
    ):
        return "lost"
    planned: ReplyState = "planned"
    sending = replace(
        job.sending, state=planned, tries=tries, looks=0, opens_at=look_at, doubt_at=0
    )
    # What is said of a mention is conditional on where its own reply stands.
    stored = job.stored if job.ref.is_agents else replace(job.stored, sending=sending)
    return replace(job, sending=sending, stored=stored)


def end(job: Job, state: Literal["refused", "parked"], reason: str, s: Replying) -> str:
    """End unsent. The case is opened first: a crash between the two repeats, never loses."""
    # What the author deleted needs nobody, unless our words may stand below it all the same.
    needs_person = job.ref.is_agents or state == "parked" or not job.stored.gone_at
    if needs_person and not handover.to_person(job.stored, f"{state}_{reason}", s.handing):
        return "contended"
    if state == "refused" and not job.ref.is_agents:
        # It is certain that nothing was posted: whoever wrote after it may be answered instead.
        handover.pass_on_slot(job.stored, s.handing)
    s.outbox.move(job.ref, job.sending, Move(state, reason=reason))
    return state
