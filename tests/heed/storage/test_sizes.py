"""What a mention weighs at its end: every sample, taken in by the real flow and then answered."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from heed import adapter, registry
from heed.domain.mention import MentionId
from heed.domain.reply import fingerprint, machine_reply
from heed.flows.receive import HookRequest, Receiving, receive
from heed.ports import Move
from heed.signatures import SigningSecrets
from heed.telemetry import CountingMeter, SystemTime
from tests.backends import memory_backend
from tests.fakes.sizes import WRITE_UNIT_BYTES, item_bytes
from tests.heed.platforms.samples import KEY, Sample, all_samples
from tests.heed.storage.stores import Store, a_claim

SHARE_MIN = 0.95
SAMPLES_MIN = 40
# The longest that the platforms have: a comment's id on Facebook names its post too.
REPLY_ID = "1067280970047460_122101558730047460"
# What a decision notes besides its own word: mood and intent, and two marks at most.
REASONS = ("apology", "negative complaint", "ultimatum", "personal_data")


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of one mention's item: as it comes, at its end, and at an end with everything."""

    sample: str
    new_bytes: int
    sent_bytes: int
    most_bytes: int


class OneKey:
    """`heed.ports.Secrets` of a connection whose key the samples are signed with."""

    def signing(self, platform: str, connection: str, *, refresh: bool = False) -> SigningSecrets:
        return SigningSecrets((KEY,))

    def token(self, platform: str, account: str) -> str:
        return "token"


def stored(sample: Sample) -> tuple[Store, list[MentionId]]:
    """Take a sample in and list the mentions that it left, tombstones and marks aside."""
    store, loaded = Store(memory_backend()), adapter.load(sample.platform)
    receiving = Receiving(registry.load(), OneKey(), store.inbox, CountingMeter(), store.clock)
    headers = {**sample.headers, **loaded.sign(sample.body, KEY)}
    request = HookRequest(sample.platform, "main", "POST", {}, headers, sample.body)
    assert receive(request, receiving).status == 200
    items = store.backend.dynamo.items(store.backend.table)
    mentions = [item["pk"]["S"] for item in items if "c" in item and "st" in item]
    return store, [MentionId(pk.removeprefix("mention#")) for pk in mentions]


def weights(sample: Sample) -> Iterator[Weight]:
    store, mentions = stored(sample)
    for mention in mentions:
        ref, new_bytes = machine_reply(mention), item_bytes(store.raw(mention))
        claim = a_claim(by=SystemTime().new_id(), fingerprint=fingerprint("x"), reasons=REASONS)
        held = store.outbox.claim(ref, store.get(mention).sending, claim)
        assert held is not None
        assert store.outbox.move(ref, held, Move("sent", reply_id=REPLY_ID))
        sent = store.raw(mention)
        # Retried, looked for, kicked, edited, approved, and its echo came before its receipt.
        rest = {
            **{name: {"N": "2"} for name in ("tr", "lk", "kick")},
            **{name: {"N": "1795170000123"} for name in ("oat", "exp")},
            **{"ed": {"N": "1"}, "own": {"S": REPLY_ID}, "ofp": {"S": "0" * 16}},
            **{"ap": {"S": "ana.olsen@acme.example"}, "rz": {"S": "throttled"}},
        }
        yield Weight(str(sample), new_bytes, item_bytes(sent), item_bytes({**sent, **rest}))


def table_of(found: list[Weight], fitting: int) -> str:
    rows = [f"\n{'bytes of a mention':<40} {'new':>6} {'sent':>6} {'at most':>8}"]
    for one in found:
        sizes = f"{one.new_bytes:>6} {one.sent_bytes:>6} {one.most_bytes:>8}"
        rows.append(f"{one.sample:<40} {sizes}")
    rows.append(f"{fitting} of {len(found)} fit {WRITE_UNIT_BYTES} bytes when sent\n")
    return "\n".join(rows)


def test_sample_mentions_fit_one_write_unit_through_all_states(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [weight for sample in all_samples() for weight in weights(sample)]

    fitting = [weight for weight in found if weight.sent_bytes <= WRITE_UNIT_BYTES]
    with capsys.disabled():
        sys.stdout.write(table_of(found, len(fitting)))
    assert len(found) >= SAMPLES_MIN
    assert len(fitting) >= SHARE_MIN * len(found)
    assert sum(one.most_bytes <= WRITE_UNIT_BYTES for one in found) >= SHARE_MIN * len(found)
