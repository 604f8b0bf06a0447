"""The way in: one conditional write per change, whatever order the platform tells things in.

A create fills what is missing, an older event never overwrites a newer one, a deletion that comes
first leaves a tombstone. Every write carries `todo`, which the stream hands to triage."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlineError
from typing import Any, Final

from botocore.exceptions import ClientError
from urllib3.exceptions import HTTPError

from heed.domain.clock import DAY_MS
from heed.domain.policy import FIRST_LOOK_MS
from heed.domain.reply import fingerprint
from heed.errors import NotSentError
from heed.ports import Arrival, Entry, Quarantined, Revocation
from heed.storage.codec import pack, pack_mention
from heed.storage.table import (
    SCHEMA,
    TOMBSTONE_DAYS,
    Item,
    UpdateClient,
    is_condition_failure,
    key,
    number,
    shard,
    text,
)

PARALLEL_MAX: Final = 16
SLICE_BYTES_MAX: Final = 350_000
QUARANTINE_DAYS: Final = 30


class TableInbox:
    """`heed.ports.Inbox` over the table."""

    def __init__(self, client: UpdateClient, table: str) -> None:
        self._client = client
        self._table = table
        self._pool: ThreadPoolExecutor | None = None

    def put(self, entries: Sequence[Entry], deadline_s: float) -> tuple[bool, ...]:
        """Write every entry once. True = new, False = already there (a success too).

        Raises: NotSentError when the deadline passed first; ClientError from the table.
        """
        if len(entries) == 1:
            return (self._write(entries[0]),)
        # Made on first use: most deliveries hold one change and never pay for threads.
        self._pool = self._pool or ThreadPoolExecutor(PARALLEL_MAX)
        try:
            return tuple(self._pool.map(self._write, entries, timeout=deadline_s))
        except DeadlineError as error:
            raise NotSentError("the table was too slow for this delivery") from error

    def _write(self, entry: Entry) -> bool:
        # Every slice is written, also when a first try left some of them behind.
        news = [self._update(request) for request in updates_of(entry)]
        return any(news)

    def _update(self, request: dict[str, Any]) -> bool:
        try:
            self._client.update_item(
                TableName=self._table, ReturnValuesOnConditionCheckFailure="ALL_OLD", **request
            )
        except ClientError as error:
            if is_condition_failure(error):
                return _is_own_repeat(error, request)
            raise
        except HTTPError as error:
            raise NotSentError("the table did not answer in time") from error
        return True


def _is_own_repeat(error: ClientError, request: dict[str, Any]) -> bool:
    """Say whether only the answer to our own first try was lost: the change is new then."""
    response: Any = error.response
    if not response.get("ResponseMetadata", {}).get("RetryAttempts"):
        return False
    old, values = response.get("Item", {}), request["ExpressionAttributeValues"]
    # Each of them follows from the instant of receipt; a revocation has neither.
    stamp = next((name for name in ("da", "ra") if f":{name}" in values), None)
    return stamp is not None and old.get(stamp) == values[f":{stamp}"]


def updates_of(entry: Entry) -> list[dict[str, Any]]:
    """Build the UpdateItem requests (without their table) that take an entry in: one, or one per
    slice of a quarantined change."""
    if isinstance(entry, Quarantined):
        return _quarantined(entry)
    if isinstance(entry, Revocation):
        return [_revoked(entry)]
    if entry.mention.is_own_post:
        return [_own_post(entry)]
    write = {"created": _created, "edited": _edited, "deleted": _deleted}
    return [write[entry.mention.change](entry)]


def _content(entry: Arrival) -> Item:
    mention = entry.mention
    values = {
        ":v": number(SCHEMA),
        ":new": text("new"),
        ":br": text(entry.brand),
        ":cv": text(entry.conversation),
        ":ra": number(entry.received_at),
        ":c": {"B": pack_mention(mention)},
        ":et": number(mention.event_at or entry.received_at),
        **_first_look(f"mention#{mention.id}", entry.received_at),
    }
    if entry.source != "webhook":
        values[":src"] = text(entry.source)
    return values


def _created(entry: Arrival) -> dict[str, Any]:
    values = {**_content(entry), ":todo": text("new")}
    source = ", src = :src" if ":src" in values else ""
    return {
        "Key": key(f"mention#{entry.mention.id}"),
        # An own post may have left its mark before the mention came: it stays.
        "UpdateExpression": "SET v = :v, st = :new, br = :br, cv = :cv, ra = :ra, c = :c,"
        f" et = :et, dh = :dh, da = :da, todo = :todo{source} REMOVE exp",
        "ConditionExpression": "attribute_not_exists(st)",
        "ExpressionAttributeValues": values,
    }


def _edited(entry: Arrival) -> dict[str, Any]:
    values = {**_content(entry), ":todo": text("edit"), ":one": number(1)}
    source = ", src = if_not_exists(src, :src)" if ":src" in values else ""
    return {
        "Key": key(f"mention#{entry.mention.id}"),
        # The conversation stays the one in which the mention was, or will be, decided.
        "UpdateExpression": "SET v = :v, st = if_not_exists(st, :new), br = :br,"
        " cv = if_not_exists(cv, :cv), ra = if_not_exists(ra, :ra), c = :c, et = :et,"
        f" dh = :dh, da = :da, todo = :todo, ed = :one{source} REMOVE exp",
        # Two events of one instant: the edit counts, whichever came first; then the first edit.
        "ConditionExpression": "attribute_not_exists(gone) AND (attribute_not_exists(st)"
        " OR et < :et OR (et = :et AND attribute_not_exists(ed)))",
        "ExpressionAttributeValues": values,
    }


def _deleted(entry: Arrival) -> dict[str, Any]:
    at = entry.mention.event_at or entry.received_at
    return {
        "Key": key(f"mention#{entry.mention.id}"),
        # A reply that is being sent keeps its state: it must be settled first.
        "UpdateExpression": "SET gone = :at, v = :v, st = if_not_exists(st, :gone), todo = :todo,"
        " br = :br, dh = :dh, da = :da, exp = if_not_exists(exp, :exp)",
        "ConditionExpression": "attribute_not_exists(gone)",
        "ExpressionAttributeValues": {
            ":at": number(at),
            ":v": number(SCHEMA),
            ":gone": text("gone"),
            ":todo": text("del"),
            ":br": text(entry.brand),
            **_first_look(f"mention#{entry.mention.id}", entry.received_at),
            ":exp": _expiry(entry.received_at, TOMBSTONE_DAYS),
        },
    }


def _own_post(entry: Arrival) -> dict[str, Any]:
    mention = entry.mention
    # A private message of ours answers no single one: a mark of its own names the conversation.
    pk = f"mention#{mention.parent or mention.id}"
    named = "" if mention.parent else ", cv = :cv"
    values = {":cv": text(entry.conversation)} if named else {}
    return {
        # On the mention that it answers: the claim's condition sees it from this moment on.
        "Key": key(pk),
        "UpdateExpression": "SET own = :own, ofp = :fp, oat = :at, v = :v, todo = :todo,"
        f" br = :br, dh = :dh, da = :da, exp = if_not_exists(exp, :exp){named}",
        # The echo of a reply whose receipt we hold is no news: it must not cost index writes.
        "ConditionExpression": "(attribute_not_exists(own) OR own <> :own)"
        " AND (attribute_not_exists(rid) OR rid <> :own)",
        "ExpressionAttributeValues": {
            ":own": text(mention.object_id),
            ":fp": text(fingerprint(mention.text)),
            ":at": number(mention.event_at or entry.received_at),
            ":v": number(SCHEMA),
            ":todo": text("own"),
            ":br": text(entry.brand),
            **_first_look(pk, entry.received_at),
            ":exp": _expiry(entry.received_at, TOMBSTONE_DAYS),
            **values,
        },
    }


def _quarantined(entry: Quarantined) -> list[dict[str, Any]]:
    digest = hashlib.sha256(entry.change.encode("utf-8", "surrogatepass")).hexdigest()
    pk = f"quarantine#{digest}"
    blob = pack({"c": entry.change})
    slices = [blob[i : i + SLICE_BYTES_MAX] for i in range(0, len(blob), SLICE_BYTES_MAX)]
    return [
        {
            "Key": key(pk, f"{index:03d}"),
            "UpdateExpression": "SET v = :v, pf = :pf, cn = :cn, c = :c, rs = :rs, ra = :ra,"
            f" exp = :exp{'' if index else ', sl = :sl, dk = :dk, ds = :ds'}",
            "ConditionExpression": "attribute_not_exists(pk)",
            "ExpressionAttributeValues": {
                ":v": number(SCHEMA),
                ":pf": text(entry.platform),
                ":cn": text(entry.connection),
                ":c": {"B": part},
                ":rs": text(entry.reason),
                ":ra": number(entry.received_at),
                ":exp": _expiry(entry.received_at, QUARANTINE_DAYS),
                # The first slice stands for all: it tells how many there are and is listed.
                **({} if index else _listed(pk, entry, len(slices))),
            },
        }
        for index, part in enumerate(slices)
    ]


def _listed(pk: str, entry: Quarantined, slices: int) -> Item:
    return {
        ":sl": number(slices),
        ":dk": text(f"quarantine#{shard(pk)}"),
        ":ds": text(f"{entry.received_at:013d}#{entry.platform}"),
    }


def _revoked(entry: Revocation) -> dict[str, Any]:
    account = text(f"{entry.platform}#{entry.account}")
    return {
        "Key": key(f"control#{entry.brand}"),
        "UpdateExpression": "SET v = :v ADD dis :accounts",
        "ConditionExpression": "attribute_not_exists(dis) OR NOT contains(dis, :account)",
        "ExpressionAttributeValues": {
            ":v": number(SCHEMA),
            ":account": account,
            ":accounts": {"SS": [account["S"]]},
        },
    }


def _first_look(pk: str, received_at: int) -> Item:
    return {":dh": text(shard(pk)), ":da": number(received_at + FIRST_LOOK_MS)}


def _expiry(now: int, days: int) -> Item:
    # DynamoDB's TTL reads epoch seconds.
    return number((now + days * DAY_MS) // 1000)
