"""The protocol of one send, the same for the machine's replies and for people's.

Claim under a new epoch, send once, record under the same epoch. What may have been posted is in
doubt and is looked for; nothing is ever sent again unseen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from heed import adapter as adapters
from heed.adapter import Adapter, Call, Draft, Lookup, Response
from heed.domain import conversation as conversations
from heed.domain.clock import HOUR_MS
from heed.domain.policy import BrandPolicy
from heed.domain.reply import (
    CLAIMABLE,
    LEASE_MARGIN_MS,
    LOOKS_MAX,
    RETRY_MS,
    TRIES_MAX,
    ReplyRef,
    ReplyState,
    Sending,
    fingerprint,
    is_stranded,
)
from heed.domain.voice import Voice
from heed.errors import (
    DoubtfulError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
    SecretMissingError,
)
from heed.flows import handover
from heed.flows.handover import Handing
from heed.flows.unlimited import Unlimited
from heed.ports import (
    Budgets,
    Claim,
    Controls,
    Meter,
    Move,
    Outbox,
    Secrets,
    Sender,
    StoredMention,
)

TOKEN_LOOK_MS: Final = 15 * RETRY_MS
DOUBT_MS_MAX: Final = HOUR_MS
# A person's words that cannot leave come back to a person; an acknowledgement grows stale instead.
PERSON_WAIT_MS_MAX: Final = HOUR_MS


@dataclass(frozen=True, slots=True)
class Replying:
    """What `reply` works with. `timeout_ms`: the function's hard timeout."""

    handing: Handing
    controls: Controls
    outbox: Outbox
    secrets: Secrets
    sender: Sender
    policies: Mapping[str, BrandPolicy]
    voices: Mapping[str, Voice]
    meter: Meter
    timeout_ms: int
    budgets: Budgets = field(default_factory=Unlimited)
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


def settle(job: Job, s: Replying, claimable: tuple[ReplyState, ...] = CLAIMABLE) -> str | None:
    """Deal with every state from which nothing may be sent now; None when it may."""
    sending, now = job.sending, s.handing.time.now()
    waits = sending.opens_at > now
    if is_stranded(sending, now) or (sending.state == "doubt" and not waits):
        return _looked_for(job, s)
    if sending.state == "sending":
        return "in_hand"
    if sending.state not in (*claimable, "doubt"):
        return "settled"
    return "too_early" if waits else None


def send(job: Job, s: Replying) -> str:
    """Claim, send once, record."""
    mention = job.stored.mention
    try:
        token = s.secrets.token(mention.platform, mention.account)
    except SecretMissingError:
        return postpone(job, "no_token", TOKEN_LOOK_MS, s)
    job_or_none = _claimed(job, "sending", s)
    if job_or_none is None:
        return "lost"
    job = job_or_none
    try:
        call = job.adapter.build_reply(mention, Draft(job.text, job.private), job.sending.key)
        receipt = job.adapter.read_receipt(_called(job, call, token, s), s.handing.time.now())
    except OutboundError as error:
        return _failed(job, error, s)
    return _recorded(job, receipt.reply_id, s)


def postpone(job: Job, reason: str, wait_ms: int, s: Replying) -> str:
    """Wait for what stands in the way; a person's words do so for an hour only."""
    now = s.handing.time.now()
    if job.ref.is_agents and now - job.since > PERSON_WAIT_MS_MAX:
        return end(job, "refused", reason, s)
    s.outbox.move(job.ref, job.sending, Move("planned", look_at=now + wait_ms, reason=reason))
    return "postponed"


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


def note_reply(job: Job, at: int, s: Replying) -> None:
    """Note in the conversation that a person's words are visible; a repeat changes nothing."""
    handover.change(job.stored, s.handing, lambda c: conversations.person_answered(c, at))


def _claimed(job: Job, state: Literal["sending", "doubt"], s: Replying) -> Job | None:
    now = s.handing.time.now()
    claim = Claim(
        state=state,
        by=s.handing.time.new_id(),
        lease_until=now + s.timeout_ms + LEASE_MARGIN_MS,
        now=now,
    )
    if state == "sending":
        claim = replace(
            claim, fingerprint=fingerprint(job.text), outcome=job.outcome, reasons=job.reasons
        )
    held = s.outbox.claim(job.ref, job.sending, claim)
    return replace(job, sending=held) if held else None


def _called(job: Job, call: Call, token: str, s: Replying) -> Response:
    return s.sender.send(call, token, job.adapter.HOSTS)


def _failed(job: Job, error: OutboundError, s: Replying) -> str:
    now = s.handing.time.now()
    if isinstance(error, RateLimitedError):
        look_at = now + int(error.retry_after_s * 1000)
        s.outbox.move(job.ref, job.sending, Move("planned", look_at=look_at, reason="throttled"))
        return "throttled"
    cause = error.cause if isinstance(error, ReplyRejectedError) else ""
    # "The same text again" after an earlier try says that the earlier one was posted.
    if isinstance(error, DoubtfulError) or (cause == "duplicate" and job.sending.tries):
        lookup = _lookup(job)
        look_at = now + (lookup.lag_s * 1000 if lookup else 0)
        s.outbox.move(job.ref, job.sending, Move("doubt", look_at=look_at, looks=0))
        return "doubt"
    if cause == "token":
        # Nothing was posted. Whoever stores a new token is in time for the next try.
        return _again(job, now + TOKEN_LOOK_MS, s, reason="token")
    if cause:
        return end(job, "refused", cause, s)
    return _again(job, now + RETRY_MS * (job.sending.tries + 1), s)


def _again(job: Job, look_at: int, s: Replying, *, reason: str = "") -> str:
    """Plan another try, three times at most."""
    tries = job.sending.tries + 1
    if tries >= TRIES_MAX:
        return end(job, "parked", reason or "not_sent", s)
    to = Move("planned", look_at=look_at, tries=tries, looks=0, reason=reason)
    s.outbox.move(job.ref, job.sending, to)
    return "planned"


def _recorded(job: Job, reply_id: str, s: Replying) -> str:
    s.outbox.move(job.ref, job.sending, Move("sent", reply_id=reply_id))
    if job.ref.is_agents:
        note_reply(job, s.handing.time.now(), s)
    return "sent"


def _lookup(job: Job) -> Lookup | None:
    """How to look for the reply. Private words below a public mention stand in no list."""
    mention = job.stored.mention
    if job.private and mention.visibility == "public":
        return None
    try:
        return job.adapter.find_own_reply(mention)
    except ReplyRejectedError:
        return None


def _looked_for(job: Job, s: Replying) -> str:
    """Settle a doubt: look among our own replies, twice; then plan again or ask a person."""
    now = s.handing.time.now()
    claimed = _claimed(job, "doubt", s)
    if claimed is None:
        return "lost"
    lookup = _lookup(claimed)
    if lookup is None:
        return end(claimed, "parked", "no_lookup", s)
    mention = claimed.stored.mention
    try:
        token = s.secrets.token(mention.platform, mention.account)
        found = lookup.read(_called(claimed, lookup.call, token, s))
    except (OutboundError, SecretMissingError):
        return _look_failed(claimed, now, s)
    ours = (own for own in found if fingerprint(own.text) == claimed.sending.fingerprint)
    if own := next(ours, None):
        return _recorded(claimed, own.reply_id, s)
    return _not_found(claimed, now + lookup.lag_s * 1000, s)


def _not_found(job: Job, look_at: int, s: Replying) -> str:
    looks = job.sending.looks + 1
    if looks >= LOOKS_MAX:
        return _again(job, s.handing.time.now(), s)
    s.outbox.move(job.ref, job.sending, Move("doubt", look_at=look_at, looks=looks))
    return "doubt"


def _look_failed(job: Job, now: int, s: Replying) -> str:
    if now - job.sending.first_try_at > DOUBT_MS_MAX:
        return end(job, "parked", "look_refused", s)
    s.outbox.move(job.ref, job.sending, Move("doubt", look_at=now + RETRY_MS))
    return "doubt"
