"""Checks 9 to 15: what is sent. Each goes through the gateway's envelope and the handler."""

import base64
import gzip
import json
import zlib
from typing import Any

import pytest

from heed import adapter as adapters
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tests.heed.flows.bodies import BOT, COMPLAINT, OMAR, X_ACCOUNT, as_bytes, iso, x_event
from tests.heed.flows.world import World
from tests.security.hooks import PLATFORMS, POST, SIGNED, Hooks

MENTION = f"x#{X_ACCOUNT}#post:{POST}"
CARD = "4111 1111 1111 1111"
every_platform = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


def visible(world: World) -> list[str]:
    return [text for platform in PLATFORMS for text in world.posts(platform)]


@pytest.mark.parametrize("later_ms", [1_000, 6 * MINUTE_MS, 8 * DAY_MS])
@every_platform
def test_check_09_an_old_delivery_again_changes_nothing(
    hooks: Hooks, platform: str, later_ms: int
) -> None:
    """9: replay outside window. None of these platforms signs an instant, so the store stands in
    for the window: it knows every mention for longer than anybody repeats."""
    world, delivery = hooks.world, hooks.signed(platform)
    world.twin(platform).learn(delivery[0], account=BOT if platform == "telegram" else "")
    assert hooks.post(platform, delivery) == 200
    world.run()
    posts = visible(world)
    world.clock.forward(ms=later_ms)
    world.run()
    items = world.items()

    assert hooks.post(platform, delivery) == 200
    world.run()

    assert world.items() == items
    assert hooks.counts == {"stored": 1, "duplicate": 1}
    assert visible(world) == posts
    assert len(posts) == 1


@pytest.mark.parametrize("ahead_ms", [20 * MINUTE_MS, 3 * HOUR_MS, 400 * DAY_MS])
def test_check_10_a_post_from_the_future_does_not_stay_young(hooks: Hooks, ahead_ms: int) -> None:
    """10: future timestamp: what is dated ahead is answered by a machine no longer than any other
    post, and does not stop the next one."""
    world = hooks.world
    now = world.clock.now()
    body = hooks.body("x", at=now + ahead_ms)
    world.twin("x").learn(body, account="")

    assert hooks.post("x", hooks.signed("x", body)) == 200
    world.triage()
    world.clock.forward(ms=2 * HOUR_MS + 1)
    world.reply()

    assert world.posts() == []
    assert world.state(MENTION) == "queued"


@pytest.mark.parametrize(
    "instant", ["9999-12-31T23:59:59.999Z", "10000-01-01T00:00:00Z", "+292278994-08-17T07:12:55Z",
                "2026-13-01T00:00:00Z", "2026-11-20T10:00:00", "9" * 400, -1, 1e300, None],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_check_10_no_instant_is_a_fault_of_ours(hooks: Hooks, instant: Any) -> None:
    """10: future timestamp: neither the last one of the calendar nor one behind it."""
    told = json.loads(hooks.body("x"))
    told["data"]["payload"]["created_at"] = instant

    assert hooks.post("x", hooks.signed("x", as_bytes(told))) == 200
    hooks.world.run(1)
    hooks.world.clock.forward(ms=3 * HOUR_MS)
    hooks.world.run(1)

    assert hooks.world.crashes == []
    assert hooks.counts["stored"] + hooks.counts["quarantined"] == 1


@every_platform
def test_check_11_the_same_id_with_another_body_does_not_overwrite(
    hooks: Hooks, platform: str
) -> None:
    """11: same id, other body."""
    assert hooks.post(platform, hooks.signed(platform)) == 200
    before = hooks.world.items()
    hooks.world.clock.forward(s=5)
    [record] = hooks.world.records()

    other = hooks.body(platform, "Something else, said by nobody.")
    assert hooks.post(platform, hooks.signed(platform, other)) == 200

    assert hooks.world.items() == before
    assert hooks.world.stored(record.mention.id).mention.text == COMPLAINT
    assert hooks.world.records() == []
    assert hooks.counts == {"stored": 1, "duplicate": 1}


def test_check_11_the_same_id_does_not_change_its_author(hooks: Hooks) -> None:
    """11: same id, other body: whoever knows an id does not take the conversation over."""
    hooks.post("x", hooks.signed("x"))
    author = hooks.world.stored(MENTION).mention.author

    assert hooks.post("x", hooks.signed("x", hooks.body("x", author=OMAR))) == 200

    assert hooks.world.stored(MENTION).mention.author == author


@every_platform
def test_check_12_a_flag_about_base64_that_lies_stores_no_mention(
    hooks: Hooks, platform: str
) -> None:
    """12: base64 flag lies."""
    request = hooks.signed(platform, hooks.body(platform, "Caf\u00e9? This is terrible."))
    event = hooks.event(platform, request)
    plain, coded = request[0].decode(), base64.b64encode(request[0]).decode()
    lies = [{"body": plain, "isBase64Encoded": True}, {"body": coded, "isBase64Encoded": False}]
    lies += [{"body": coded[:-1], "isBase64Encoded": True}]
    lies += [{"body": f"{coded}\n{coded}", "isBase64Encoded": True}]
    lies += [{"body": "\ud800", "isBase64Encoded": flag} for flag in (True, False)]

    answers = [int(hooks.ask({**event, **lie})["statusCode"]) for lie in lies]

    # Telegram's header proves the sender: what he sends is kept, but as unreadable.
    assert answers == [400, 401 if platform in SIGNED else 200, 400, 400, 400, 400]
    assert hooks.counts["stored"] == 0
    for truth in ({"body": plain, "isBase64Encoded": False}, {}):
        assert hooks.ask({**event, **truth})["statusCode"] == 200
    assert (hooks.counts["stored"], hooks.counts["duplicate"]) == (1, 1)


@every_platform
def test_check_13_a_compressed_body_is_refused(hooks: Hooks, platform: str) -> None:
    """13: gzip body refused or handled. What cannot be read cannot be masked: a card number in it
    would be kept."""
    body = hooks.body(platform, f"my card {CARD} was charged twice")
    for coding, packed in (
        ("gzip", gzip.compress(body)),
        ("GZIP", body),
        ("deflate", zlib.compress(body)),
        ("br", body),
        ("gzip, identity", body),
        ("", gzip.compress(body)),
    ):
        for proved in (body, packed):
            headers = {**hooks.signed(platform, proved)[1], "content-encoding": coding}
            if coding or proved is packed:
                assert hooks.refusals(platform, [(packed, headers)]) == [415], coding
    _, headers = hooks.signed(platform, body)

    assert hooks.takes(platform, (body, {**headers, "Content-Encoding": "identity"}))


@every_platform
def test_check_14_a_huge_body_is_refused_before_any_work(hooks: Hooks, platform: str) -> None:
    """14: 10 MB body, slow body. A slow one never gets here: the gateway hands on whole requests
    only, and gives up by itself."""
    limit = adapters.load(platform).BODY_BYTES_MAX
    body = b'{"a":"' + b"x" * 10_000_000 + b'"}'

    with hooks.world.counted() as calls:
        answers = [hooks.post(platform, hooks.signed(platform, body[:size]))
                   for size in (limit + 1, 6_000_000, 10_000_000)]  # fmt: skip

    assert answers == [413, 413, 413]
    assert calls == {}
    assert hooks.world.items() == []
    assert hooks.post(platform, (body[:limit], {})) == 401


def poison() -> dict[str, bytes]:
    """Bodies that stop a careless reader, whoever signed them."""
    id_, text = '{"id":', ',"text":'
    deep = b"[" * 100_000
    return {
        "depth without end": deep,
        "depth that closes": deep + b"]" * 100_000,
        "depth of objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "a little too deep": b"[" * 33 + b"]" * 33,
        "a giant integer": b'{"update_id":1' + b"0" * 5_000 + b"}",
        "NaN": b'{"update_id":NaN}',
        "Infinity": b'{"update_id":-Infinity}',
        "out of range": b'{"update_id":1e400}',
        "UTF-16": '{"update_id":1}'.encode("utf-16"),
        "a BOM": b"\xef\xbb\xbf{}",
        "no UTF-8": b'{"a":"\xff\xfe"}',
        "NUL": b"\0" * 64,
        "duplicate keys": f"{id_}1,{id_[1:]}2{text}3}}".encode(),
        "a bare text": b'"\\ud800"',
        "nothing": b"",
    }


@pytest.mark.parametrize("name", poison())
@every_platform
def test_check_15_poison_is_answered_with_200_and_is_no_mention(
    hooks: Hooks, platform: str, name: str
) -> None:
    """15: depth, giant ints, NaN, surrogates: refused if not proved; otherwise kept for a person,
    and never a fault."""
    body = poison()[name]

    assert hooks.refusals(platform, [(body, {})]) == [401]
    assert hooks.post(platform, hooks.signed(platform, body)) == 200
    hooks.world.run(1)

    assert hooks.counts["stored"] == 0
    assert hooks.world.crashes == []


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb \ud83d", "\0\x01\x1b[2J", "\u202eevil\u2066"])
@every_platform
def test_check_15_letters_that_are_none_pass_through_every_function(
    hooks: Hooks, platform: str, text: str
) -> None:
    """15: depth, giant ints, NaN, surrogates: the last is a poison pill for whoever encodes."""
    body = hooks.body(platform, f"{COMPLAINT} {text}", at=hooks.world.clock.now())
    hooks.world.twin(platform).learn(body, account=BOT if platform == "telegram" else "")

    assert hooks.post(platform, hooks.signed(platform, body)) == 200
    hooks.world.run(2)

    assert hooks.world.crashes == []
    assert hooks.counts["stored"] == 1
    assert "\ud800" not in "".join(visible(hooks.world))


def test_check_15_one_bad_change_costs_only_itself(hooks: Hooks) -> None:
    """15: depth, giant ints, NaN, surrogates: also where only one change of a delivery has them."""
    odd = x_event("post.mention.create", {"id": 10**400, "created_at": iso(0)})

    assert hooks.post("x", hooks.signed("x", odd)) == 200
    assert hooks.counts["stored"] == 0
    assert hooks.takes("x", hooks.signed("x"))
