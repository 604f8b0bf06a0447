"""What stands between a reply and its account: the breaker, the token and its renewal, and a
permission that was taken back. One call tells something about all replies of the account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from heed import adapter as adapters
from heed.adapter import Call, Response
from heed.domain.account import (
    BUSY_MS,
    EXPIRY_MARGIN_MS,
    RENEWED_MS,
    TOKEN_PROBE_MS,
    AccountState,
)
from heed.domain.clock import MINUTE_MS
from heed.domain.reply import RETRY_MS, SKEW_MS
from heed.errors import (
    DoubtfulError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
    SecretMissingError,
)
from heed.flows.sending import Job, Replying, lease_until

DISABLED: Final = "disabled"
# Refusals that concern the account, not the one reply.
_REVOKED: Final = frozenset({"permission", "revoked"})


@dataclass(frozen=True, slots=True)
class Pass:
    """A call may be made. `fields`: the secret with the token; `by`: whose lease it is, if this
    reply probes for all others."""

    state: AccountState
    fields: Mapping[str, Any] = field(repr=False)
    by: str = ""

    @property
    def token(self) -> str:
        """The token with which to call."""
        return str(self.fields["token"])


@dataclass(frozen=True, slots=True)
class Wait:
    """No call may be made yet."""

    reason: str
    ms: int


def admit(job: Job, s: Replying) -> Pass | Wait:
    """Ask whether an account may be spoken for now."""
    state, now = s.accounts.get(job.account), s.handing.time.now()
    if state.open_until > now:
        return Wait(state.cause, state.open_until - now)
    try:
        fields = _fields(job, s, fresh=state.cause == "token")
    except SecretMissingError:
        tell(job, "no_token", s)
        return Wait("no_token", RETRY_MS)
    by = ""
    if state.needs_probe:
        by = s.handing.time.new_id()
        if not s.accounts.take(job.account, by, lease_until(s)):
            return Wait(state.cause, BUSY_MS)
    admitted = Pass(state, fields, by)
    return _with_lasting_token(job, admitted, s) if _expires_soon(fields, now) else admitted


def leave(job: Job, admitted: Pass, s: Replying) -> None:
    """Give up a probe that came to nothing: another reply may go first."""
    if admitted.by:
        s.accounts.release(job.account, admitted.by)


def note_success(job: Job, admitted: Pass, s: Replying) -> None:
    """Note that the platform answered clearly. While all is well this costs nothing."""
    if admitted.by or not s.accounts.get(job.account).is_well:
        s.accounts.close(job.account)


def wait_ms(error: OutboundError) -> int:
    """Tell how long a reply waits after an error that is not its own fault or not final."""
    if isinstance(error, RateLimitedError):
        return int(error.retry_after_s * 1000)
    if isinstance(error, ReplyRejectedError):
        return BUSY_MS
    # Clocks may differ: the first look must not come before the call that it is about has ended.
    return SKEW_MS if isinstance(error, DoubtfulError) else RETRY_MS


def note_error(job: Job, admitted: Pass, error: OutboundError, s: Replying) -> None:
    """Note what an error says of the account, and do what can be done about it."""
    if isinstance(error, RateLimitedError):
        s.accounts.open(job.account, "throttled", s.handing.time.now() + wait_ms(error))
    elif isinstance(error, ReplyRejectedError):
        _note_refusal(job, admitted, error.cause, s)
    else:
        s.accounts.note_failure(job.account)
        leave(job, admitted, s)


def tell(job: Job, what: str, s: Replying) -> None:
    """Tell people once that an account cannot answer."""
    if s.accounts.get(job.account).told != what:
        s.handing.pager.page_account(job.stored.brand, job.account.name, what)
        s.accounts.note_told(job.account, what)


def _note_refusal(job: Job, admitted: Pass, cause: str, s: Replying) -> None:
    if cause in _REVOKED:
        leave(job, admitted, s)
        tell(job, DISABLED, s)
        s.controls.disable(job.stored.brand, job.account.name)
    elif cause == "token":
        _note_token(job, admitted, s)
    else:
        note_success(job, admitted, s)


def _note_token(job: Job, admitted: Pass, s: Replying) -> None:
    outcome = _renewed(job, admitted, s)
    if outcome == "failed":
        s.accounts.note_failure(job.account)
    if outcome == "refused":
        s.accounts.open(job.account, "token", s.handing.time.now() + TOKEN_PROBE_MS)
        tell(job, "token", s)


Renewal = Literal["renewed", "busy", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class _Refresh:
    """How to ask the platform for a new token, and how to read what it says."""

    call: Call
    read: Callable[[Response], Mapping[str, Any]]


def _renewed(job: Job, admitted: Pass, s: Replying) -> Renewal:
    """Renew a token, one worker at a time. The new one is stored before the lease is given back.

    Renewing may use the old refresh token up. When the answer is lost, nothing is overwritten: the
    same one is tried again, and only a refusal ends it. `refused` also says that the platform
    offers no renewal, or that the last one did not help: then a person must.
    """
    account, by = job.account, admitted.by or s.handing.time.new_id()
    if not s.accounts.take(account, by, lease_until(s)):
        return "busy"
    outcome, was_asked = _asked(job, admitted, s)
    if was_asked:
        s.accounts.note_renewed(account, by)
    else:
        s.accounts.release(account, by)
    return outcome


def _asked(job: Job, admitted: Pass, s: Replying) -> tuple[Renewal, bool]:
    """Ask for a new token and store it. Also tells whether the platform gave a clear answer."""
    fields = _stored(job, s)
    if fields.get("token") != admitted.token:
        return "renewed", False  # Somebody stored another one meanwhile.
    since_ms = s.handing.time.now() - s.accounts.get(job.account).renewed_at
    if since_ms < MINUTE_MS:
        return "busy", False  # The store of secrets may still show this worker the one before.
    refresh = _refresh(job, admitted, fields, s)
    if refresh is None or since_ms < RENEWED_MS:
        return "refused", False
    try:
        new = refresh.read(s.sender.send(refresh.call, "", job.adapter.HOSTS))
    except ReplyRejectedError:
        return "refused", True
    except OutboundError:
        return "failed", False
    s.secrets.store_token(job.account.platform, job.account.id, {**fields, **new})
    return "renewed", True


def _stored(job: Job, s: Replying) -> Mapping[str, Any]:
    try:
        return _fields(job, s, fresh=True)
    except SecretMissingError:
        return {}


def _refresh(job: Job, admitted: Pass, fields: Mapping[str, Any], s: Replying) -> _Refresh | None:
    renewing = adapters.renewing(job.adapter)
    # What was refused once is not asked for again: the next token comes from a person.
    if renewing is None or admitted.state.cause == "token":
        return None
    call = renewing.build_refresh(fields)
    now = s.handing.time.now()
    return _Refresh(call, lambda answer: renewing.read_refresh(answer, now)) if call else None


def _with_lasting_token(job: Job, admitted: Pass, s: Replying) -> Pass | Wait:
    """Renew a token that is about to end, where the platform offers it. Until it has ended, the old
    one will do."""
    now = s.handing.time.now()
    is_recent = now - s.accounts.get(job.account).renewed_at < RENEWED_MS
    if is_recent or _refresh(job, admitted, admitted.fields, s) is None:
        return admitted
    outcome = _renewed(job, admitted, s)
    if outcome == "renewed":
        return replace(admitted, fields=_fields(job, s))
    if outcome == "busy" and _expires_at(admitted.fields) <= now:
        return Wait("token", BUSY_MS)
    return admitted


def _fields(job: Job, s: Replying, *, fresh: bool = False) -> Mapping[str, Any]:
    return s.secrets.token_fields(job.account.platform, job.account.id, fresh=fresh)


def _expires_at(fields: Mapping[str, Any]) -> int:
    value = fields.get("expires_at")
    return value if isinstance(value, int) else 0


def _expires_soon(fields: Mapping[str, Any], now: int) -> bool:
    return 0 < _expires_at(fields) <= now + EXPIRY_MARGIN_MS
