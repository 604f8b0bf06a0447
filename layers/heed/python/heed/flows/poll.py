"""Read platforms' own lists again and store what no webhook brought, through the same put.

A pass reads everything written since the last one, and a while before that. Its pages are stored
one by one, the cursor moves when the last of them is: whatever breaks off is read again."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from heed import adapter as adapters
from heed.adapter import Adapter, Delivery, ListPage, Rereading
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from heed.domain.mention import Account
from heed.errors import (
    DoubtfulError,
    HeedError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
    SecretMissingError,
)
from heed.flows.rereading import Span, Storing, store
from heed.payload import ACCEPTED
from heed.ports import Cursor, Cursors, LedgerHour, Sender, Time, Tokens

# A webhook that is on its way brings it sooner, and is no gap.
YOUNG_MS: Final = 2 * MINUTE_MS
FIRST_MS: Final = DAY_MS
LOOK_BACK_MS_MAX: Final = 7 * DAY_MS
# Bounds what one run may cost; the next one goes on.
PAGES_MAX: Final = 10
LEASE_SPARE_MS: Final = 30 * SECOND_MS
# The timer is not exact: what is due a moment later is due now.
TIMER_SLACK_MS: Final = 30 * SECOND_MS
OVERDUE_MS_MIN: Final = HOUR_MS
OVERDUE_PASSES: Final = 4


@dataclass(frozen=True, slots=True)
class Polled:
    """An account whose list is read again, every so many minutes."""

    account: Account
    connection: str
    every_minutes: int

    @property
    def every_ms(self) -> int:
        """The interval in milliseconds."""
        return self.every_minutes * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Polling:
    """What `poll` works with. `timeout_ms`: the function's hard timeout, from which the lease of a
    run follows."""

    polled: tuple[Polled, ...]
    cursors: Cursors
    storing: Storing
    secrets: Tokens
    sender: Sender
    time: Time
    timeout_ms: int
    load: Callable[[str], Adapter] = field(default=adapters.load)


@dataclass(frozen=True, slots=True)
class Reread:
    """What became of one account in a run. `gaps`: mentions met that no webhook had brought."""

    outcome: str
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over one account. After `deadline` (epoch milliseconds) no page is begun."""

    polled: Polled
    rereading: Rereading
    deadline: int
    s: Polling


def poll(s: Polling) -> list[Polled]:
    """List the accounts to read again. Each is read by itself: one that cannot be must not keep the
    others."""
    return [one for one in s.polled if one.every_minutes and _list_of(one, s) is not None]


def _list_of(one: Polled, s: Polling) -> Rereading | None:
    return s.load(one.account.platform).REREADING


def reread(polled: Polled, s: Polling, *, deadline: int) -> Reread:
    """Read one account's list again, if it is due. After `deadline` (epoch milliseconds) no page is
    begun: the next run goes on there."""
    now, rereading = s.time.now(), _list_of(polled, s)
    place = Cursor(polled.account.platform, polled.account.id, by=s.time.new_id())
    lease_until = now + s.timeout_ms + LEASE_SPARE_MS
    cursor = s.cursors.take(place, now=now, lease_until=lease_until) if rereading else None
    if rereading is None or cursor is None:
        return _ended("waits", 0, s)
    if not cursor.pages:
        cursor = _begun(cursor, now, rereading)
    return _read_on(replace(cursor, trouble=""), _Run(polled, rereading, deadline, s))


def _begun(cursor: Cursor, now: int, rereading: Rereading) -> Cursor:
    since = now - FIRST_MS
    if cursor.read_to:
        since = max(cursor.read_to - rereading.overlap_s * SECOND_MS, now - LOOK_BACK_MS_MAX)
    return replace(cursor, since=since, until=now - YOUNG_MS, pages=("",), gaps=())


def _read_on(cursor: Cursor, run: _Run) -> Reread:
    """Read page after page until the pass is whole, the time is over or something is wrong."""
    s, gaps = run.s, 0
    for _ in range(PAGES_MAX):
        if s.time.now() >= run.deadline:
            break
        try:
            page = _read_page(cursor, run)
            only_reread = store(page.parsed, page.answer, _span(cursor, run), s.storing)
        except (OutboundError, SecretMissingError) as error:
            return _stopped(cursor, error, gaps, run)
        gaps += only_reread.total()
        hours = tuple(sorted({*cursor.gaps, *only_reread}))
        cursor = replace(cursor, pages=(*page.more, *cursor.pages[1:]), gaps=hours)
        if not cursor.pages:
            return _finished(cursor, gaps, run)
        if not s.cursors.save(cursor):
            return _ended("lost", gaps, s)
    return _released(cursor, "later", gaps, run)


def _finished(cursor: Cursor, gaps: int, run: _Run) -> Reread:
    """Close the gaps of a pass that has ended, then move the cursor."""
    s, account = run.s, run.polled.account
    for at in cursor.gaps:
        hour = LedgerHour(account.brand, account.platform, account.id, at)
        s.storing.ledger.close(hour, s.time.now())
    whole = replace(cursor, read_to=cursor.until, gaps=())
    not_before = s.time.now() + run.polled.every_ms - TIMER_SLACK_MS
    return _released(whole, "done", gaps, run, not_before=not_before)


def _stopped(cursor: Cursor, error: HeedError, gaps: int, run: _Run) -> Reread:
    """Let an account go that cannot be read now; a platform that asks to wait is obeyed."""
    not_before = run.s.time.now()
    trouble = "not_reached"
    match error:
        case RateLimitedError():
            trouble, not_before = "throttled", not_before + int(error.retry_after_s * SECOND_MS)
        case DoubtfulError():
            trouble = "in_doubt"
        case SecretMissingError():
            trouble = "no_token"
        case ReplyRejectedError():
            # The name of a page may have lost its meaning: the pass begins anew.
            trouble, cursor = f"refused_{error.cause}", replace(cursor, pages=())
    return _released(replace(cursor, trouble=trouble), trouble, gaps, run, not_before=not_before)


def _released(cursor: Cursor, outcome: str, gaps: int, run: _Run, *, not_before: int = 0) -> Reread:
    s = run.s
    if not s.cursors.release(cursor, not_before=not_before):
        return _ended("lost", gaps, s)
    if is_overdue(cursor, run.polled, s.time.now()):
        s.storing.meter.count("reread_overdue")
    return _ended(outcome, gaps, s)


def _ended(outcome: str, gaps: int, s: Polling) -> Reread:
    s.storing.meter.count(f"poll_{outcome}")
    if gaps:
        s.storing.meter.count("reread_only", gaps)
    return Reread(outcome, gaps)


def is_overdue(cursor: Cursor, polled: Polled, now: int) -> bool:
    """Whether an account was not read again to the end for so long that a person must look."""
    patience_ms = max(OVERDUE_MS_MIN, OVERDUE_PASSES * polled.every_ms)
    return now - (cursor.read_to or cursor.began_at) > patience_ms


def _span(cursor: Cursor, run: _Run) -> Span:
    normal_ms = 2 * run.polled.every_ms + run.rereading.overlap_s * SECOND_MS
    return Span(cursor.began_at, cursor.until - normal_ms, cursor.until)


@dataclass(frozen=True, slots=True)
class _Page:
    answer: Delivery
    parsed: adapters.Parsed
    more: tuple[str, ...]


def _read_page(cursor: Cursor, run: _Run) -> _Page:
    s, account, page = run.s, run.polled.account, cursor.pages[0]
    adapter = s.load(account.platform)
    call = run.rereading.build(account, cursor.since, page)
    token = str(s.secrets.token_fields(account.platform, account.id)["token"])
    response = s.sender.send(call, token, adapter.HOSTS)
    now = s.time.now()
    if response.status not in ACCEPTED:
        # No answer but an accepted one is a receipt: its error says what is wrong.
        adapter.read_receipt(response, now)
    answer = Delivery(
        platform=account.platform,
        connection=run.polled.connection,
        method="GET",
        query={},
        headers={},
        body=response.body,
        received_at=now,
        accounts=(account,),
    )
    read: ListPage = run.rereading.read(answer, cursor.since, page)
    return _Page(answer, read.parsed, read.more)
