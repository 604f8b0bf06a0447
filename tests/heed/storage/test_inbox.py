import contextlib
import hashlib
import itertools
import random
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from heed.domain.clock import DAY_MS
from heed.domain.mention import Author, Mention
from heed.domain.policy import FIRST_LOOK_MS
from heed.domain.reply import fingerprint, machine_reply
from heed.errors import NotSentError
from heed.ports import Arrival, Entry, Move, Quarantined, Revocation
from heed.storage.codec import unpack
from heed.storage.inbox import PARALLEL_MAX, QUARANTINE_DAYS, SLICE_BYTES_MAX, TableInbox
from heed.storage.table import TOMBSTONE_DAYS, shard
from tests.backends import START_MS, memory_backend
from tests.fakes.refusals import client_error
from tests.heed.storage.stores import (
    BRAND,
    DEADLINE_S,
    Store,
    a_change,
    a_claim,
    a_mention,
    an_arrival,
    an_own_post,
)

# What a write says about itself, not about the mention: the last write's.
PASSING = ("todo", "da", "exp")


def an_edit(mention: Mention, text: str = "and my coat", after_ms: int = 3_000) -> Arrival:
    return a_change(mention, "edited", after_ms=after_ms, text=text)


def a_deletion(mention: Mention, after_ms: int = 9_000) -> Arrival:
    return a_change(mention, "deleted", after_ms=after_ms, text="")


def lasting(store: Store, mention: Mention) -> dict[str, Any]:
    item = store.raw(mention)
    if "gone" in item:
        # Content and state of a deleted mention are triage's to settle, whichever came first.
        item = {name: item[name] for name in ("pk", "sk", "br", "gone", "own") if name in item}
    return {name: value for name, value in item.items() if name not in PASSING}


def test_a_created_mention_is_new_once_and_then_known(store: Store) -> None:
    mention = a_mention()

    assert store.put(an_arrival(mention))
    assert not store.put(an_arrival(mention))
    assert not store.put(an_arrival(mention, received_at=START_MS + 60_000))

    stored = store.get(mention)
    assert stored.mention == mention
    assert (stored.brand, stored.received_at, stored.sending.state) == (BRAND, START_MS, "new")
    assert (stored.todo, stored.source, stored.edited, stored.is_mark) == (
        "new",
        "webhook",
        False,
        False,
    )


def test_a_delivery_has_its_limits() -> None:
    assert (PARALLEL_MAX, SLICE_BYTES_MAX, QUARANTINE_DAYS) == (16, 350_000, 30)


def test_both_of_two_changes_are_written(memory: Store) -> None:
    entries = [an_arrival(a_mention("1")), an_arrival(a_mention("2"))]

    assert memory.inbox.put(entries, DEADLINE_S) == (True, True)
    assert memory.find(a_mention("1"))
    assert memory.find(a_mention("2"))


def test_what_a_webhook_brought_names_no_source(memory: Store) -> None:
    # It is the rule, and a mention must fit one write unit.
    memory.put(an_arrival())

    assert "src" not in memory.raw(a_mention())


def test_whatever_is_written_hangs_in_the_shard_of_its_own_key(memory: Store) -> None:
    created, deleted = a_mention("1"), a_mention("2")
    memory.put(an_arrival(created))
    memory.put(a_deletion(deleted))

    for mention in (created, deleted):
        assert memory.raw(mention)["dh"] == {"S": shard(f"mention#{mention.id}")}


def test_an_edit_from_before_the_text_that_stands_changes_nothing(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))

    assert not store.put(an_edit(mention, "older", after_ms=-1))
    assert store.get(mention).mention.text == mention.text


def test_a_tombstone_says_gone_and_is_kept_as_long_as_the_first_trace(memory: Store) -> None:
    mention, other = a_mention("1"), a_mention("2")
    kept_until = {"N": str((START_MS + TOMBSTONE_DAYS * DAY_MS) // 1000)}
    memory.put(an_own_post(mention, received_at=START_MS))
    memory.put(replace(a_deletion(mention), received_at=START_MS + DAY_MS))
    memory.put(replace(a_deletion(other), received_at=START_MS))
    memory.put(an_own_post(other, received_at=START_MS + DAY_MS))

    assert memory.raw(mention)["exp"] == memory.raw(other)["exp"] == kept_until
    assert memory.raw(mention)["st"] == memory.raw(other)["st"] == {"S": "gone"}


def test_a_private_message_of_ours_leaves_a_mark_that_names_the_conversation(
    store: Store,
) -> None:
    ours = a_mention("9001", kind="message", visibility="private", is_own_post=True)
    unknown_time = replace(ours, object_id="9002", event_at=None)

    assert store.put(an_arrival(ours))
    assert store.put(an_arrival(unknown_time))

    mark = store.raw(ours)
    assert mark["cv"] == {"S": an_arrival(ours).conversation}
    assert (mark["own"], mark["todo"]) == ({"S": "9001"}, {"S": "own"})
    assert mark["oat"] == {"N": str(ours.event_at)}
    assert store.raw(unknown_time)["oat"] == {"N": str(START_MS)}


def test_the_mark_on_an_answered_mention_leaves_its_conversation_alone(store: Store) -> None:
    store.put(an_own_post(a_mention()))

    assert "cv" not in store.raw(a_mention())


def test_the_first_slice_of_a_quarantined_change_is_listed_by_its_age(memory: Store) -> None:
    change = Quarantined("x", "acme-app", "{}", "unknown", 7)
    pk = f"quarantine#{hashlib.sha256(b'{}').hexdigest()}"

    assert memory.put(change)

    [item] = memory.backend.items(pk)
    assert item["dk"] == {"S": f"quarantine#{shard(pk)}"}
    assert item["ds"] == {"S": "0000000000007#x"}
    assert item["sl"] == {"N": "1"}


def test_a_new_mention_is_due_and_belongs_to_its_conversation(store: Store) -> None:
    arrival = an_arrival()
    store.put(arrival)

    assert store.due_at(START_MS + FIRST_LOOK_MS - 1) == []
    assert store.due_at(START_MS + FIRST_LOOK_MS) == [arrival.mention.id]
    [found] = store.mentions.of_conversation(arrival.conversation, 10)
    assert found.mention == arrival.mention


@pytest.mark.parametrize("source", ["reread", "backfill"])
def test_the_source_is_kept(store: Store, source: Any) -> None:
    store.put(an_arrival(source=source))

    assert store.get(a_mention()).source == source


def test_an_edit_that_comes_first_keeps_its_own_source(store: Store) -> None:
    mention = a_mention()
    store.put(replace(an_edit(mention), source="reread"))

    assert not store.put(an_arrival(mention))
    assert store.put(replace(an_edit(mention, after_ms=8_000), source="backfill"))
    assert store.get(mention).source == "reread"


@pytest.mark.parametrize("order", list(itertools.permutations(("created", "edited", "own"))))
def test_create_edit_and_own_post_lead_to_one_state_in_any_order(
    store: Store, order: tuple[str, ...]
) -> None:
    mention = a_mention()
    at = START_MS
    changes = {
        "created": an_arrival(mention),
        "edited": replace(an_edit(mention), received_at=at),
        "own": replace(an_own_post(mention), received_at=at),
    }
    for name in order:
        store.put(changes[name])

    stored = store.get(mention)
    assert stored.mention.text == "and my coat"
    assert stored.edited
    assert (stored.own_post, stored.own_fingerprint) == ("9001", fingerprint("We are on it. Ana"))
    assert (stored.sending.state, stored.received_at, stored.gone_at) == ("new", at, 0)


@pytest.mark.parametrize(
    "order", list(itertools.permutations(("created", "edited", "deleted", "own")))
)
def test_with_a_deletion_every_order_leads_to_the_same_lasting_item(
    memory: Store, order: tuple[str, ...]
) -> None:
    mention = a_mention()
    changes = {
        "created": an_arrival(mention),
        "edited": an_edit(mention),
        "deleted": a_deletion(mention),
        "own": an_own_post(mention),
    }
    for name in order:
        memory.put(changes[name])

    assert memory.get(mention).gone_at == changes["deleted"].mention.event_at
    told_in_order = Store(memory_backend())
    for change in changes.values():
        told_in_order.put(change)
    assert lasting(memory, mention) == lasting(told_in_order, mention)


@pytest.mark.parametrize("seed", range(20))
def test_repeats_in_any_order_never_change_what_stands(memory: Store, seed: int) -> None:
    mention = a_mention()
    changes = [an_arrival(mention), an_edit(mention), an_edit(mention, "last", after_ms=8_000)]
    deliveries = changes * 3
    random.Random(seed).shuffle(deliveries)

    news = [memory.put(change) for change in deliveries]

    stored = memory.get(mention)
    assert (stored.mention.text, stored.edited) == ("last", True)
    first = {id(change): deliveries.index(change) for change in changes}
    repeated = [new for at, new in enumerate(news) if at not in first.values()]
    assert not any(repeated)


def test_an_older_edit_never_overwrites_a_newer_one(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))

    assert store.put(an_edit(mention, "newer", after_ms=8_000))
    assert not store.put(an_edit(mention, "older", after_ms=3_000))
    assert not store.put(an_edit(mention, "newer", after_ms=8_000))

    assert store.get(mention).mention.text == "newer"


@pytest.mark.parametrize("edit_first", [True, False])
def test_an_edit_in_the_second_of_the_post_counts_in_any_order(
    store: Store, *, edit_first: bool
) -> None:
    mention = a_mention()
    changes = [an_arrival(mention), an_edit(mention, "same second", after_ms=0)]
    for change in reversed(changes) if edit_first else changes:
        store.put(change)

    assert store.get(mention).mention.text == "same second"
    assert not store.put(an_edit(mention, "again", after_ms=0))


def test_an_edit_keeps_the_receipt_and_the_conversation_of_the_first_write(store: Store) -> None:
    arrival = an_arrival()
    store.put(arrival)
    edit = an_edit(arrival.mention)
    # Some platforms do not say in an edit who wrote.
    store.put(replace(edit, conversation=an_arrival(a_mention("other")).conversation))

    stored = store.get(arrival.mention)
    assert (stored.received_at, stored.conversation) == (START_MS, arrival.conversation)
    assert stored.mention.event_at == edit.mention.event_at


def test_an_edit_of_a_decided_mention_keeps_its_state_and_brings_it_back(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))
    store.mentions.finish(store.get(mention), "queued", "legal", ())
    assert store.due_at(START_MS + DAY_MS) == []

    assert store.put(an_edit(mention))

    stored = store.get(mention)
    assert (stored.sending.state, stored.todo, stored.reasons) == ("queued", "edit", ("legal",))
    assert store.due_at(START_MS + DAY_MS) == [mention.id]


def test_a_tombstone_blocks_create_and_edit(store: Store) -> None:
    mention = a_mention()

    assert store.put(a_deletion(mention))
    assert not store.put(a_deletion(mention, after_ms=20_000))
    assert not store.put(an_arrival(mention))
    assert not store.put(an_edit(mention, after_ms=60_000))

    stored = store.get(mention)
    assert (stored.sending.state, stored.todo, stored.mention.text) == ("gone", "del", "")
    assert stored.mention.id == mention.id
    expires = (START_MS + 9_000 + TOMBSTONE_DAYS * DAY_MS) // 1000
    assert store.raw(mention)["exp"] == {"N": str(expires)}


@pytest.mark.parametrize("state", ["new", "sent"])
def test_no_edit_brings_the_text_of_a_deleted_mention_back(store: Store, state: str) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))
    if state == "sent":
        held = store.claim(mention)
        store.move(mention, held, Move("sent", reply_id="9001"))
    assert store.put(a_deletion(mention))
    store.mentions.blank(mention.id, START_MS)

    assert not store.put(an_edit(mention, after_ms=60_000))

    stored = store.get(mention)
    assert (stored.sending.state, stored.mention.text, stored.todo) == (state, "", "del")


def test_a_deletion_leaves_the_state_of_a_reply_that_is_being_sent(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))
    store.claim(mention)

    assert store.put(a_deletion(mention))

    stored = store.get(mention)
    assert (stored.sending.state, stored.todo) == ("sending", "del")
    assert stored.gone_at == START_MS - 2_000 + 9_000


def test_an_event_without_a_time_takes_that_of_its_receipt(store: Store) -> None:
    mention = a_mention(event_at=None)
    store.put(an_arrival(mention))
    gone = replace(mention, change="deleted")
    store.put(an_arrival(gone, received_at=START_MS + 5))

    stored = store.get(mention)
    assert stored.mention.event_at == START_MS
    assert stored.gone_at == START_MS + 5


def test_the_mark_of_an_own_post_waits_for_its_mention_and_then_no_longer_expires(
    store: Store,
) -> None:
    mention = a_mention()
    own = an_own_post(mention)

    assert store.put(own)
    assert not store.put(own)
    assert store.find(mention) is None
    assert "exp" in store.raw(mention)
    assert store.put(an_arrival(mention))

    stored = store.get(mention)
    assert (stored.own_post, stored.own_at) == ("9001", START_MS + 5_000)
    assert (stored.sending.state, stored.todo) == ("new", "new")
    assert "exp" not in store.raw(mention)


def test_an_edit_joins_the_mark_of_an_own_post_too(store: Store) -> None:
    mention = a_mention()
    store.put(an_own_post(mention))
    store.put(an_edit(mention))

    assert store.get(mention).own_post == "9001"
    assert "exp" not in store.raw(mention)


def test_a_second_own_post_is_news_and_the_newest_counts(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))

    assert store.put(an_own_post(mention, "9001"))
    assert store.put(an_own_post(mention, "9002"))

    assert store.get(mention).own_post == "9002"
    assert store.get(mention).todo == "own"


def test_the_echo_of_a_reply_whose_receipt_we_hold_is_no_news(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))
    store.move(mention, store.claim(mention), Move("sent", reply_id="9001"))

    assert not store.put(an_own_post(mention, "9001"))
    assert store.get(mention).todo == ""
    assert store.put(an_own_post(mention, "9002"))


def test_an_own_post_after_a_deletion_keeps_the_tombstone(store: Store) -> None:
    mention = a_mention()
    store.put(a_deletion(mention))

    assert store.put(an_own_post(mention))

    stored = store.get(mention)
    assert (stored.sending.state, stored.own_post, stored.todo) == ("gone", "9001", "own")


def test_an_own_post_stops_the_claim_of_a_send_from_its_write_on(store: Store) -> None:
    mention = a_mention()
    store.put(an_arrival(mention))
    seen = store.get(mention).sending
    store.put(an_own_post(mention))

    assert store.outbox.claim(machine_reply(mention.id), seen, a_claim()) is None


def quarantined(change: str) -> Quarantined:
    return Quarantined("x", "main", change, "a field is missing", START_MS)


def kept(store: Store, change: str) -> list[dict[str, Any]]:
    """Read the slices of a quarantined change, as who mends an adapter would."""
    digest = hashlib.sha256(change.encode("utf-8", "surrogatepass")).hexdigest()
    return store.backend.items(f"quarantine#{digest}")


def test_a_quarantined_change_of_two_megabytes_comes_back_whole(store: Store) -> None:
    # Bytes that were no UTF-8 stand in the text as lone surrogates; noise does not deflate well.
    noise = random.Random(1).randbytes(800_000)
    change = noise.hex()[:1_200_000] + noise.decode("utf-8", "surrogateescape")

    assert store.put(quarantined(change))
    assert not store.put(quarantined(change))

    slices = kept(store, change)
    assert len(slices) > 2
    assert all(len(item["c"]["B"]) <= SLICE_BYTES_MAX for item in slices)
    assert unpack(b"".join(bytes(item["c"]["B"]) for item in slices)) == {"c": change}
    expires = (START_MS + QUARANTINE_DAYS * DAY_MS) // 1000
    assert {item["exp"]["N"] for item in slices} == {str(expires)}
    assert {item["rs"]["S"] for item in slices} == {"a field is missing"}


def test_slices_that_a_crash_left_behind_are_written_by_the_repeat(store: Store) -> None:
    change = random.Random(2).randbytes(500_000).hex()
    store.put(quarantined(change))
    lost = {"pk": kept(store, change)[1]["pk"], "sk": {"S": "001"}}
    store.backend.dynamo.delete_item(TableName=store.backend.table, Key=lost)

    assert store.put(quarantined(change))
    assert unpack(b"".join(bytes(item["c"]["B"]) for item in kept(store, change)))["c"] == change


def test_a_revoked_account_is_disabled_once(store: Store) -> None:
    assert store.put(Revocation("x", "2244994945", BRAND, START_MS))
    assert not store.put(Revocation("x", "2244994945", BRAND, START_MS + 1))
    assert store.put(Revocation("facebook", "55", BRAND, START_MS))

    assert store.controls.get(BRAND).disabled == {"x#2244994945", "facebook#55"}


def test_a_batch_is_told_apart_entry_by_entry_in_its_order(store: Store) -> None:
    known = an_arrival(a_mention("7"))
    store.put(known)
    batch = [an_arrival(a_mention(str(n))) for n in range(20)]

    news = store.inbox.put([*batch, quarantined("{}")], DEADLINE_S)

    assert news == tuple(n != 7 for n in range(21))
    assert all(store.find(arrival.mention) for arrival in batch)


def test_nothing_to_put_is_nothing_done(memory: Store) -> None:
    assert memory.inbox.put([], DEADLINE_S) == ()
    assert memory.backend.dynamo.calls == []


def test_a_batch_is_written_in_parallel() -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    def slow(service: str, operation: str, phase: Any) -> None:
        with lock:
            inside[0] += 1 if phase == "before" else -1
            most[0] = max(most[0], inside[0])
        time.sleep(0.02 if phase == "before" else 0)

    store = Store(memory_backend(slow))
    batch = [an_arrival(a_mention(str(n))) for n in range(3 * PARALLEL_MAX)]

    assert all(store.inbox.put(batch, DEADLINE_S))
    assert 1 < most[0] <= PARALLEL_MAX


def test_a_batch_that_is_too_slow_is_not_confirmed() -> None:
    store = Store(memory_backend(lambda *_: time.sleep(0.05)))
    batch = [an_arrival(a_mention(str(n))) for n in range(2 * PARALLEL_MAX)]

    with pytest.raises(NotSentError, match="too slow"):
        store.inbox.put(batch, 0.02)


@pytest.mark.parametrize("size", [1, 3])
def test_an_error_of_the_table_travels_up(size: int) -> None:
    def throttled(service: str, operation: str, phase: Any) -> None:
        raise client_error("update_item", "ThrottlingException", "slow down")

    store = Store(memory_backend(throttled))
    batch = [an_arrival(a_mention(str(n))) for n in range(size)]

    with pytest.raises(ClientError, match="ThrottlingException"):
        store.inbox.put(batch, DEADLINE_S)


@pytest.mark.parametrize("size", [1, 3])
def test_a_table_that_does_not_answer_in_time_has_confirmed_nothing(size: int) -> None:
    class Silent:
        def update_item(self, **request: Any) -> Any:
            raise urllib3.exceptions.ProtocolError("Connection aborted.")

    inbox = TableInbox(Silent(), "table")

    with pytest.raises(NotSentError, match="in time"):
        inbox.put([an_arrival(a_mention(str(n))) for n in range(size)], DEADLINE_S)


class Forgetful:
    """A client that loses the answer to its first try, and repeats."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def update_item(self, **request: Any) -> Any:
        with contextlib.suppress(ClientError):
            self._client.update_item(**request)
        try:
            return self._client.update_item(**request)
        except ClientError as error:
            error.response["ResponseMetadata"]["RetryAttempts"] = 1
            raise


def test_a_write_whose_answer_was_lost_is_new_all_the_same(store: Store) -> None:
    inbox = TableInbox(Forgetful(store.backend.dynamo), store.backend.table)
    mention = a_mention()
    changes: list[Entry] = [an_own_post(mention), an_arrival(mention), an_edit(mention)]

    for entry in [*changes, a_deletion(mention), quarantined("{}")]:
        assert inbox.put([entry], DEADLINE_S) == (True,)


def test_a_real_duplicate_stays_one_when_its_first_answer_was_lost(store: Store) -> None:
    inbox = TableInbox(Forgetful(store.backend.dynamo), store.backend.table)
    mention = a_mention()
    store.put(an_arrival(mention))
    store.put(quarantined("{}"))
    later = START_MS + 60_000

    assert inbox.put([an_arrival(mention, received_at=later)], DEADLINE_S) == (False,)
    assert inbox.put([replace(quarantined("{}"), received_at=later)], DEADLINE_S) == (False,)


def test_a_revocation_whose_answer_was_lost_counts_as_known(memory: Store) -> None:
    inbox = TableInbox(Forgetful(memory.backend.dynamo), memory.backend.table)

    assert inbox.put([Revocation("x", "1", BRAND, START_MS)], DEADLINE_S) == (False,)
    assert memory.controls.get(BRAND).disabled == {"x#1"}


ODD_IDS = (
    "a|b#c%d", "100%25", "-1001234:42", "T02:C03:1700000000.000100", "é€😀", "x" * 201, "é" * 90,
    "\ud83d", "\ud83d\ude00", "sha256-ab", "a/b?c=d&e", " ", "|", "a:b:c",
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD_IDS)
def test_odd_ids_are_stored_and_found_again(store: Store, odd: str) -> None:
    mention = a_mention(
        odd, root_id=odd + "0", parent_id=odd, author=Author(id=odd), route={"post": odd}
    )
    arrival = an_arrival(mention)

    assert store.put(arrival)
    assert not store.put(arrival)

    assert store.get(mention).mention == mention
    assert store.get(mention).mention.id == mention.id
    assert store.due_at(START_MS + FIRST_LOOK_MS) == [mention.id]
    store.mentions.finish(store.get(mention), "silent", "courtesy", ())
    assert store.get(mention).mention.root == mention.root


@pytest.mark.parametrize("odd", ODD_IDS)
def test_an_own_post_with_an_odd_id_is_stored(store: Store, odd: str) -> None:
    mention = a_mention()

    assert store.put(an_own_post(mention, odd))
    assert not store.put(an_own_post(mention, odd))


def test_every_write_wakes_the_stream_exactly_once(memory: Store) -> None:
    mention = a_mention()
    for change in (
        an_arrival(mention),
        an_edit(mention),
        an_own_post(mention),
        a_deletion(mention),
    ):
        memory.put(change)
        memory.put(change)

    records = memory.backend.dynamo.stream(memory.backend.table).read()
    todos = [record["dynamodb"]["NewImage"]["todo"]["S"] for record in records]
    assert todos == ["new", "edit", "own", "del"]
