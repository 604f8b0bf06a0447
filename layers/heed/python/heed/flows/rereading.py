"""Store a page of a platform's own list, through the same put as a delivery, and enter in the
ledger which of it a webhook had brought."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from heed.adapter import Delivery, Parsed
from heed.domain.clock import HOUR_MS
from heed.domain.decision import Source
from heed.domain.mention import MentionId
from heed.flows.receive import entries_of
from heed.ports import Arrival, Entry, Inbox, Ledger, LedgerHour, Mentions, Meter, StoredMention

PUT_S_MAX: Final = 20.0
# By webhook, and by re-reading only.
_Sides = tuple[list[MentionId], list[MentionId]]


@dataclass(frozen=True, slots=True)
class Storing:
    """What storing a page works with."""

    mentions: Mentions
    inbox: Inbox
    ledger: Ledger
    meter: Meter


@dataclass(frozen=True, slots=True)
class Span:
    """What a pass takes in, by the instant of writing (epoch milliseconds): nothing after `until`.

    What is older than `fresh_from` is backfill, which no machine answers. What was written before
    `began_at`, when re-reading began, is backfill and no gap: perhaps no webhook was there yet.
    """

    began_at: int
    fresh_from: int
    until: int

    def source_of(self, written_at: int) -> Source:
        """Say as what a mention of this instant comes in."""
        return "reread" if written_at >= max(self.fresh_from, self.began_at) else "backfill"


@dataclass(frozen=True, slots=True)
class _Met:
    """A mention on the list, and what the table knew of it before."""

    arrival: Arrival
    written_at: int
    known: StoredMention | None

    @property
    def is_settled(self) -> bool:
        """Whether the table already tells everything that the list does."""
        mention, known = self.arrival.mention, self.known
        if known is None:
            return False
        event_at = mention.event_at or 0
        if mention.is_own_post:
            ours = (known.own_post, known.sending.reply_id)
            # Of several own posts the newest is kept: an older one must not come back.
            return mention.object_id in ours or known.own_at >= event_at
        if mention.change == "edited":
            return known.edited and (known.mention.event_at or 0) >= event_at
        return True


def store(parsed: Parsed, answer: Delivery, span: Span, s: Storing) -> Counter[int]:
    """Store what a page holds. Returns, by hour of writing (its first instant in epoch
    milliseconds), how many mentions nothing but re-reading brought, now or before.

    Raises: NotSentError, ClientError from the store; a repeat is harmless.
    """
    met: list[_Met] = []
    entries: list[Entry] = []
    for entry in entries_of(parsed, answer, s.meter):
        if isinstance(entry, Arrival):
            one = _meet(entry, span, s)
            met += [one] if one else []
        else:
            entries.append(entry)
    entries += [one.arrival for one in met if not one.is_settled]
    news = s.inbox.put(entries, PUT_S_MAX) if entries else ()
    fresh = {_key(entry) for entry, is_new in zip(entries, news, strict=True) if is_new}
    for entry in entries:
        if _key(entry) in fresh:
            s.meter.count(_outcome(entry))
    return _entered(met, fresh, span, s)


def _meet(arrival: Arrival, span: Span, s: Storing) -> _Met | None:
    """Look up what is known. None for what is so young that its webhook may be on its way."""
    mention = arrival.mention
    written_at = span.until if mention.event_at is None else mention.event_at
    if written_at > span.until:
        return None
    place = (mention.parent or mention.id) if mention.is_own_post else mention.id
    known = s.mentions.get(place)
    # A change to what is known already does not say again what brought it.
    source = known.source if known else span.source_of(written_at)
    return _Met(replace(arrival, source=source), written_at, known)


def _key(entry: Entry) -> object:
    return entry.mention.id if isinstance(entry, Arrival) else entry


def _outcome(entry: Entry) -> str:
    if not isinstance(entry, Arrival):
        return "quarantined"
    if entry.mention.is_own_post:
        return "own_post"
    kind = "backfill" if entry.source == "backfill" else "reread"
    return f"{kind}_{entry.mention.change}"


def _entered(met: Iterable[_Met], fresh: set[object], span: Span, s: Storing) -> Counter[int]:
    """Enter what was met in the ledger."""
    hours: defaultdict[LedgerHour, _Sides] = defaultdict(lambda: ([], []))
    for one in met:
        if not one.arrival.mention.is_own_post and one.written_at >= span.began_at:
            is_gap = _source(one, fresh, s) != "webhook"
            hours[_hour(one)][is_gap].append(one.arrival.mention.id)
    for hour, (by_webhook, only_reread) in hours.items():
        s.ledger.note(hour, by_webhook=by_webhook, only_reread=only_reread)
    return Counter({hour.at: len(only) for hour, (_, only) in hours.items() if only})


def _source(one: _Met, fresh: set[object], s: Storing) -> Source:
    """Tell what brought a mention first."""
    mention_id = one.arrival.mention.id
    # A webhook may have been faster between the look and the put.
    known = one.known or (None if mention_id in fresh else s.mentions.get(mention_id))
    return known.source if known else one.arrival.source


def _hour(one: _Met) -> LedgerHour:
    mention = one.arrival.mention
    at = one.written_at - one.written_at % HOUR_MS
    return LedgerHour(one.arrival.brand, mention.platform, mention.account, at)
