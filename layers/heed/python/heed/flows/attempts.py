"""One attempt to bring a reply to an end: a call, or a look for what may have been posted.

What may have been posted is settled in this order: by the platform's key while it remembers it, by
two looks among our own replies, by a person. Nothing is ever sent again unseen."""

from dataclasses import dataclass
from typing import Final

from heed.adapter import Draft, Lookup, Response
from heed.domain.clock import HOUR_MS
from heed.domain.reply import (
    CLAIMABLE,
    LOOKS_MAX,
    RETRY_MS,
    SKEW_MS,
    ReplyState,
    fingerprint,
    is_stranded,
    key_holds,
)
from heed.errors import (
    DoubtfulError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
)
from heed.flows import accounts
from heed.flows.accounts import Pass, Wait
from heed.flows.sending import (
    Job,
    Replying,
    again,
    claimed,
    doubted,
    end,
    postpone,
    put_off,
    recorded,
)
from heed.payload import ACCEPTED

DOUBT_MS_MAX: Final = HOUR_MS
# Changes of a mention that triage must look at before a text may leave.
UNSETTLED: Final = ("own", "edit", "del")


def settle(job: Job, s: Replying, claimable: tuple[ReplyState, ...] = CLAIMABLE) -> Job | str:
    """Deal with every state from which nothing may be sent now.

    Returns the reply that may be sent, which may be one in doubt whose key the platform knows; or
    in one word where it stands.
    """
    sending, now = job.sending, s.handing.time.now()
    waits = sending.opens_at > now
    if is_stranded(sending, now) or (sending.state == "doubt" and not waits):
        return job if _may_repeat(job, s) else look(job, s)
    if sending.state == "sending":
        return "in_hand"
    if sending.state not in (*claimable, "doubt"):
        return "settled"
    return "too_early" if waits else job


def _may_repeat(job: Job, s: Replying) -> bool:
    """Whether the same reply may be sent under the same key: the platform drops the second.

    A first look says that the key did not help. What changed below the mention since then might
    forbid the text, if the first did not arrive.
    """
    stored = job.stored
    is_as_before = not (stored.gone_at or stored.own_post or stored.todo in UNSETTLED)
    return is_as_before and not job.sending.looks and _key_holds(job, s)


def _key_holds(job: Job, s: Replying) -> bool:
    return key_holds(job.sending, job.adapter.KEY_WINDOW_S, s.handing.time.now())


@dataclass(frozen=True, slots=True)
class _Call:
    """A reply before it was claimed and after, and the pass for its call."""

    before: Job
    held: Job
    admitted: Pass


def send(job: Job, s: Replying) -> str:
    """Claim, send once, record."""
    admitted = accounts.admit(job, s)
    if isinstance(admitted, Wait):
        return postpone(job, admitted.reason, admitted.ms, s)
    held = claimed(job, "sending", s)
    if held is None:
        accounts.leave(job, admitted, s)
        return "lost"
    if job.is_in_doubt and not _may_repeat(job, s):
        # The claim took so long that the platform may have forgotten the key.
        accounts.leave(job, admitted, s)
        return doubted(held, 0, s)
    draft = Draft(job.text, job.private)
    try:
        call = job.adapter.build_reply(job.stored.mention, draft, held.sending.key)
        answer = s.sender.send(call, admitted.token, job.adapter.HOSTS)
        receipt = job.adapter.read_receipt(answer, s.handing.time.now())
    except OutboundError as error:
        return _failed(_Call(job, held, admitted), error, s)
    outcome = recorded(held, receipt.reply_id, s)
    accounts.note_success(job, admitted, s)
    return outcome


def _failed(call: _Call, error: OutboundError, s: Replying) -> str:
    job, admitted = call.before, call.admitted
    if isinstance(error, ReplyRejectedError) and error.cause != "token":
        # A worker that dies in between meets the same refusal again.
        accounts.note_error(job, admitted, error, s)
        return _rejected(call, error.cause, s)
    # Recorded first: what certainly was not posted must not come into doubt meanwhile.
    outcome = _put_off(call, error, s)
    accounts.note_error(job, admitted, error, s)
    return outcome


def _put_off(call: _Call, error: OutboundError, s: Replying) -> str:
    held, wait_ms = call.held, accounts.wait_ms(error)
    # This call may have done nothing, but an earlier one may have posted it.
    if isinstance(error, DoubtfulError) or call.before.is_in_doubt:
        return doubted(held, wait_ms, s)
    if isinstance(error, RateLimitedError | ReplyRejectedError):
        # The reply is not at fault: that was no try of its own.
        reason = "throttled" if isinstance(error, RateLimitedError) else "token"
        put_off(held, reason, wait_ms, s)
        return reason
    tried = again(held, "not_sent", wait_ms * (held.sending.tries + 1), s)
    return tried if isinstance(tried, str) else "planned"


def _rejected(call: _Call, cause: str, s: Replying) -> str:
    before, held = call.before, call.held
    was_tried = before.sending.first_try_at > 0
    if cause == "duplicate" and was_tried:
        # Of the key, it says that the reply stands. Of the text, that it may: an earlier try of
        # ours, or somebody's same words.
        return recorded(held, "", s) if _key_holds(before, s) else doubted(held, SKEW_MS, s)
    if before.is_in_doubt:
        # The first may stand all the same: only a look can tell.
        looked = look(held, s)
        return looked if isinstance(looked, str) else "planned"
    return end(held, "refused", cause, s)


def look(job: Job, s: Replying, *, waits: bool = False) -> Job | str:
    """Look among our own replies for one in doubt.

    Not found twice, it may be sent again at once: returned is the reply, planned. Else returns
    where it stands. `waits`: where no look-up is offered, the key may be used later.
    """
    lookup = _lookup(job)
    if lookup is None:
        return _unseen(job, s, waits=waits)
    admitted = accounts.admit(job, s)
    if isinstance(admitted, Wait):
        return _not_looked(job, admitted.ms, s)
    held = claimed(job, "doubt", s)
    if held is None:
        accounts.leave(job, admitted, s)
        return "lost"
    try:
        answer = _answered(held, admitted, lookup, s)
    except OutboundError as error:
        outcome = _not_looked(held, max(accounts.wait_ms(error), RETRY_MS), s)
        accounts.note_error(job, admitted, error, s)
        return outcome
    accounts.note_success(job, admitted, s)
    return _read(held, lookup, answer, s)


def _read(held: Job, lookup: Lookup, answer: Response, s: Replying) -> Job | str:
    try:
        found = lookup.read(answer)
    except OutboundError:
        return _not_looked(held, RETRY_MS, s)
    ours = (own for own in found if fingerprint(own.text) == held.sending.fingerprint)
    if own := next(ours, None):
        return recorded(held, own.reply_id, s)
    return _not_found(held, lookup.lag_s * 1000, s)


def _lookup(job: Job) -> Lookup | None:
    """How to look for the reply. Private words below a public mention stand in no list."""
    mention = job.stored.mention
    if job.private and mention.visibility == "public":
        return None
    try:
        return job.adapter.find_own_reply(mention)
    except ReplyRejectedError:
        return None


def _answered(job: Job, admitted: Pass, lookup: Lookup, s: Replying) -> Response:
    """Ask the platform. Raises: what it says of the account, such as a token that has expired."""
    answer = s.sender.send(lookup.call, admitted.token, job.adapter.HOSTS)
    if answer.status not in ACCEPTED:
        job.adapter.read_receipt(answer, s.handing.time.now())
    return answer


def _unseen(job: Job, s: Replying, *, waits: bool) -> str:
    if waits and _key_holds(job, s):
        return doubted(job, RETRY_MS, s)
    held = claimed(job, "doubt", s)
    if held is None:
        return "lost"
    is_over = job.adapter.KEY_WINDOW_S > 0 and not _key_holds(job, s)
    return end(held, "parked", "key_window_passed" if is_over else "no_lookup", s)


def _not_found(job: Job, lag_ms: int, s: Replying) -> Job | str:
    looks = job.sending.looks + 1
    if looks >= LOOKS_MAX:
        return again(job, "not_found", 0, s)
    return doubted(job, lag_ms, s, looks=looks)


def _not_looked(job: Job, wait_ms: int, s: Replying) -> str:
    since = job.sending.doubt_at
    if since and s.handing.time.now() - since > DOUBT_MS_MAX:
        return end(job, "parked", "look_refused", s)
    return doubted(job, wait_ms, s)
