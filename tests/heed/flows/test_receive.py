"""Taking deliveries in: who is turned away, what is stored, what it costs."""

import base64
import json
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from heed import adapter as adapters
from heed.adapter import Adapter, Delivery, Parsed
from heed.domain.mention import MASK, Author, Mention
from heed.errors import NotSentError
from heed.flows.receive import HookRequest, receive
from heed.storage.codec import unpack
from tests.heed.flows.bodies import (
    BOT,
    COMPLAINT,
    MARTA,
    OMAR,
    PAGE,
    X_ACCOUNT,
    as_bytes,
    comment,
    page_changes,
    telegram_message,
    x_event,
    x_message,
    x_own_message,
    x_post,
)
from tests.heed.flows.world import KEYS, CrashError, World

CARD = "4111 1111 1111 1111"
POST = "2123700000000000001"
MENTION = f"x#{X_ACCOUNT}#post:{POST}"


@pytest.fixture
def world() -> World:
    return World()


def a_body(platform: str, world: World) -> bytes:
    at = world.clock.now()
    bodies = {
        "x": x_post(POST, COMPLAINT, at=at),
        "facebook": page_changes(comment("1", "My bag is lost.", at=at), at=at),
        "telegram": telegram_message(1, "My bag is lost.", at=at),
    }
    return bodies[platform]


def signed(platform: str, body: bytes, key: str = "") -> dict[str, str]:
    return adapters.load(platform).sign(body, key or KEYS[platform])


def get(world: World, platform: str, query: dict[str, str], connection: str = "main") -> Any:
    request = HookRequest(platform, connection, "GET", query, {}, b"")
    return receive(request, world.receiving)


PLATFORMS = pytest.mark.parametrize("platform", ["x", "facebook", "telegram"])


@PLATFORMS
def test_a_mention_costs_one_write_and_is_stored_once(platform: str, world: World) -> None:
    body = a_body(platform, world)

    with world.counted() as calls:
        answer = world.deliver(platform, body)

    assert (answer.status, answer.body) == (200, "")
    assert calls == {"dynamodb update_item": 1, "secretsmanager get_secret_value": 1}
    assert world.meter.counts == {"stored": 1}
    assert [record.todo for record in world.records()] == ["new"]


@PLATFORMS
def test_a_repeat_is_a_success_that_changes_nothing(platform: str, world: World) -> None:
    body = a_body(platform, world)
    world.deliver(platform, body)
    stored, _ = world.items(), world.records()

    with world.counted() as calls:
        answers = [world.deliver(platform, body) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert calls == {"dynamodb update_item": 3}
    assert world.items() == stored
    assert world.records() == []
    assert world.meter.counts["duplicate"] == 3


def forged(platform: str, world: World) -> dict[str, tuple[bytes, dict[str, str]]]:
    body = a_body(platform, world)
    good = signed(platform, body)
    [name] = good
    flipped = body[:-1] + bytes([body[-1] ^ 1])
    return {
        "unsigned": (body, {}),
        "empty signature": (body, {name: ""}),
        "another key": (body, signed(platform, body, "another-key")),
        "two headers": (body, {name: f"{good[name]}, {good[name]}"}),
        "truncated signature": (body, {name: good[name][:-2]}),
        **(
            {}
            if platform == "telegram"  # Its header is no signature: it proves no bytes.
            else {"one bit": (flipped, good), "truncated": (body[:-9], good), "empty": (b"", good)}
        ),
    }


@PLATFORMS
def test_what_is_not_proved_is_turned_away_before_the_table(platform: str, world: World) -> None:
    for name, (body, headers) in forged(platform, world).items():
        with world.counted() as calls:
            answer = world.deliver(platform, body, headers=headers)

        assert answer.status == 401, name
        assert [call for call in calls if "dynamodb" in call] == [], name
    assert world.items() == []
    assert set(world.meter.counts) == {"refused"}


def test_a_legacy_signature_alone_proves_nothing(world: World) -> None:
    body = a_body("facebook", world)

    answer = world.deliver("facebook", body, headers={"x-hub-signature": "sha1=" + "0" * 40})

    assert answer.status == 401


def test_a_flood_of_forgeries_asks_for_the_secret_once_a_minute(world: World) -> None:
    body = a_body("x", world)
    with world.counted() as calls:
        for _ in range(300):
            world.deliver("x", body, headers=signed("x", body, "forged"))
            world.clock.forward(ms=600)

    assert calls["secretsmanager get_secret_value"] <= 4
    assert calls["dynamodb update_item"] == 0


def test_unknown_addresses_are_not_found_and_cost_no_call(world: World) -> None:
    body = a_body("x", world)
    for platform, connection in (("x", "other"), ("myspace", "main"), ("../x", "main"), ("", "")):
        request = HookRequest(platform, connection, "POST", {}, signed("x", body), body)
        with world.counted() as calls:
            answer = receive(request, world.receiving)

        assert answer.status == 404
        assert calls == {}
    assert world.meter.counts == {"refused": 4}


@PLATFORMS
def test_a_huge_body_is_refused_before_anything_looks_at_it(platform: str, world: World) -> None:
    limit = adapters.load(platform).BODY_BYTES_MAX

    with world.counted() as calls:
        answer = world.deliver(platform, b"{" * (limit + 1), headers={})
        just_fits = world.deliver(platform, b"{" * limit, headers={})

    assert (answer.status, just_fits.status) == (413, 401)
    assert calls["dynamodb update_item"] == 0


BAD_BODIES = {
    "no JSON": b'{"data":',
    "empty": b"",
    "latin 1": '{"text":"Zo\xeb"}'.encode("latin-1"),
    "UTF-16": '{"text":"hi"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deeper than we read": b'{"a":' * 40 + b"1" + b"}" * 40,
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "too large a number": b'{"a":1e400}',
    "a giant whole number": b'{"a":' + b"7" * 5_000 + b"}",
}


@pytest.mark.parametrize("name", BAD_BODIES)
@PLATFORMS
def test_what_is_proved_and_unreadable_goes_to_quarantine(
    platform: str, name: str, world: World
) -> None:
    answer = world.deliver(platform, BAD_BODIES[name])

    assert answer.status == 200
    keys = {item["pk"]["S"].split("#")[0] for item in world.items()}
    assert keys <= {"quarantine"}
    assert world.meter.counts == {"quarantined": 1}
    assert world.records() == []


@pytest.mark.parametrize("value", [[], "text", 7, None, {}, {"data": 7}, {"entry": 7}])
@PLATFORMS
def test_json_of_another_form_never_breaks_anything(
    platform: str, value: object, world: World
) -> None:
    answer = world.deliver(platform, as_bytes(value))

    assert answer.status == 200
    assert not any(item["pk"]["S"].startswith("mention#") for item in world.items())
    assert sum(world.meter.counts.values()) == 1


def test_the_same_bad_body_is_kept_once(world: World) -> None:
    for _ in range(3):
        world.deliver("x", b"not json")

    assert len(world.items()) == 1
    assert world.meter.counts == {"quarantined": 1, "duplicate": 2}


@pytest.mark.parametrize("bad_at", range(5))
def test_one_bad_change_costs_only_itself(bad_at: int, world: World) -> None:
    at = world.clock.now()
    values: list[Any] = [comment(str(n), f"line {n}", at=at) for n in range(5)]
    values[bad_at] = {"item": "comment", "verb": "add", "comment_id": {"no": "id"}}

    answer = world.deliver("facebook", page_changes(*values, at=at))

    assert answer.status == 200
    assert world.meter.counts == {"stored": 4, "quarantined": 1}
    kept = [item for item in world.items() if item["pk"]["S"].startswith("quarantine#")]
    assert "no" in unpack(kept[0]["c"]["B"])["c"]


def test_what_belongs_to_another_account_is_counted_and_not_stored(world: World) -> None:
    at = world.clock.now()
    with world.counted() as calls:
        x = world.deliver("x", x_post(POST, "hi", at=at, account="999"))
        page = world.deliver("facebook", page_changes(comment("1", "hi", at=at), at=at, page="999"))

    assert (x.status, page.status) == (200, 200)
    assert calls["dynamodb update_item"] == 0
    assert world.meter.counts == {"ignored_unknown_account": 2}


@pytest.mark.parametrize(
    ("platform", "body"),
    [
        ("x", x_event("space.started", {"id": "1"})),
        ("x", as_bytes({"for_user_id": X_ACCOUNT, "teleport_events": [{"id": "1"}]})),
        ("facebook", as_bytes({"object": "page", "entry": [{"id": PAGE, "changes": [
            {"field": "ratings", "value": {"item": "rating"}}]}]})),
        ("telegram", as_bytes({"update_id": 5, "teleport": {}})),
    ],
)  # fmt: skip
def test_an_unknown_event_is_counted_and_not_stored(
    platform: str, body: bytes, world: World
) -> None:
    with world.counted() as calls:
        answer = world.deliver(platform, body)

    assert answer.status == 200
    assert calls["dynamodb update_item"] == 0
    assert [name.startswith("ignored_") for name in world.meter.counts] == [True]


def test_a_mention_of_an_account_that_the_connection_lacks_is_not_stored(world: World) -> None:
    strange = Mention("x", "999", "post", "1", author=Author(id="7"), text="hi")
    receiving = replace(world.receiving, load=_loads(parse=lambda delivery: Parsed((strange,))))
    body = b"{}"

    request = HookRequest("x", "main", "POST", {}, signed("x", body), body)
    assert receive(request, receiving).status == 200

    assert world.items() == []
    assert world.meter.counts == {"ignored_unknown_account": 1}


def _loads(**functions: Any) -> Any:
    """An adapter like X's with some functions of its own."""
    module = cast("ModuleType", adapters.load("x"))
    changed = cast("Adapter", SimpleNamespace(**{**vars(module), **functions}))
    return lambda name: changed


# Handshakes.


def test_a_challenge_is_answered_without_the_table(world: World) -> None:
    with world.counted() as calls:
        crc = get(world, "x", {"crc_token": "abcdefghijklmnop+/="})
        hub = {"hub.mode": "subscribe", "hub.verify_token": "verify-facebook"}
        meta = get(world, "facebook", {**hub, "hub.challenge": "1158201444"})

    assert (crc.status, crc.content_type) == (200, "application/json")
    assert json.loads(crc.body)["response_token"].startswith("sha256=")
    assert (meta.status, meta.body) == (200, "1158201444")
    assert list(calls) == ["secretsmanager get_secret_value"]
    assert world.meter.counts == {"handshake": 2}


@pytest.mark.parametrize("token", ['{"data":{"a":1}}', "short", "with space in the token", ""])
def test_a_token_that_could_be_a_body_is_never_signed(token: str, world: World) -> None:
    answer = get(world, "x", {"crc_token": token})

    assert answer.status == 401
    assert "sha256" not in answer.body


def test_an_address_without_a_challenge_is_not_found(world: World) -> None:
    assert get(world, "telegram", {}).status == 404
    assert get(world, "x", {}).status == 404


def test_a_verify_token_that_was_just_changed_is_taken(world: World) -> None:
    hub = {"hub.mode": "subscribe", "hub.challenge": "77"}
    assert get(world, "facebook", {**hub, "hub.verify_token": "verify-facebook"}).status == 200
    world.clock.forward(s=61)
    world.store_secret("facebook/main/signing", current="app-secret", verify_token="new-token")

    answer = get(world, "facebook", {**hub, "hub.verify_token": "new-token"})

    assert (answer.status, answer.body) == (200, "77")


# Secrets.


@PLATFORMS
def test_a_secret_rotated_outside_our_view_is_looked_up_once(platform: str, world: World) -> None:
    body = a_body(platform, world)
    world.deliver(platform, body)
    world.clock.forward(s=61)
    world.store_secret(f"{platform}/main/signing", current="rotated-secret")

    with world.counted() as calls:
        answers = [
            world.deliver(platform, body, headers=signed(platform, body, "rotated-secret"))
            for _ in range(3)
        ]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert calls["secretsmanager get_secret_value"] == 1


def test_the_previous_secret_counts_until_its_day(world: World) -> None:
    body = a_body("x", world)
    rotated = {"current": "new", "previous": "old", "previous_until": "2026-11-20T11:00:00Z"}
    world.store_secret("x/main/signing", **rotated)

    during = world.deliver("x", body, headers=signed("x", body, "old"))
    world.clock.forward(s=3_600)
    after = world.deliver("x", body, headers=signed("x", body, "old"))

    assert (during.status, after.status) == (200, 401)


def test_a_connection_without_a_secret_takes_nothing(world: World) -> None:
    world.store_secret("x/main/signing", current="")
    body = a_body("x", world)

    answers = [world.deliver("x", body, headers=headers) for headers in ({}, signed("x", body))]
    challenge = get(world, "x", {"crc_token": "abcdefghijklmnop"})

    assert [answer.status for answer in (*answers, challenge)] == [401, 401, 401]
    assert world.items() == []
    assert world.meter.counts == {"no_secret": 3}


# The deadline.


class SlowInbox:
    """A table that answers too late."""

    def put(self, entries: Any, deadline_s: float) -> tuple[bool, ...]:
        assert deadline_s < 3
        raise NotSentError("too slow")


def test_a_table_that_is_too_slow_makes_the_platform_come_again(world: World) -> None:
    body = a_body("x", world)
    request = HookRequest("x", "main", "POST", {}, signed("x", body), body)

    answer = receive(request, replace(world.receiving, inbox=SlowInbox()))

    assert answer.status == 503
    assert world.meter.counts == {"too_slow": 1}


@pytest.mark.parametrize("stop_at", range(0, 12, 2))
def test_a_delivery_that_broke_off_halfway_is_completed_by_its_repeat(
    stop_at: int, world: World
) -> None:
    at = world.clock.now()
    body = page_changes(*(comment(str(n), f"line {n}", at=at) for n in range(6)), at=at)
    world.deliver("facebook", page_changes(comment("99", "warm", at=at), at=at))
    world.hook.arm(stop_at)
    with pytest.raises(CrashError):
        world.deliver("facebook", body)
    world.hook.disarm()

    answer = world.deliver("facebook", body)

    assert answer.status == 200
    assert sorted(record.mention.object_id for record in world.records()) == [
        "500_0", "500_1", "500_2", "500_3", "500_4", "500_5", "500_99",
    ]  # fmt: skip


# One object, told several times.


def test_one_object_told_twice_in_a_delivery_is_one_write(world: World) -> None:
    at = world.clock.now()
    told = comment("1", "My bag is lost.", at=at)

    with world.counted() as calls:
        world.deliver("facebook", page_changes(told, told, told, at=at))

    assert calls["dynamodb update_item"] == 1
    assert world.meter.counts == {"stored": 1}


@pytest.mark.parametrize("order", [(True, False), (False, True), (True, True)])
def test_the_event_that_names_us_counts(order: tuple[bool, bool], world: World) -> None:
    at = world.clock.now()
    both = tuple(
        Mention("x", X_ACCOUNT, "post", POST, event_at=at, summoned=summoned, text="hi")
        for summoned in order
    )
    receiving = replace(world.receiving, load=_loads(parse=lambda delivery: Parsed(both)))
    body = b"{}"

    receive(HookRequest("x", "main", "POST", {}, signed("x", body), body), receiving)

    assert world.stored(MENTION).mention.summoned


def test_one_post_through_two_products_is_one_mention(world: World) -> None:
    at = world.clock.now()
    old = {"id_str": POST, "text": COMPLAINT, "user": {"id_str": MARTA, "screen_name": "marta"}}
    old["created_at"] = "Fri Nov 20 09:00:00 +0000 2026"

    world.deliver("x", x_post(POST, COMPLAINT, at=at))
    world.deliver("x", x_post(POST, COMPLAINT, at=at, event="post.reply.create"))
    world.deliver("x", as_bytes({"for_user_id": X_ACCOUNT, "tweet_create_events": [old]}))

    assert world.meter.counts == {"stored": 1, "duplicate": 2}


def test_edits_and_deletions_are_counted_as_such(world: World) -> None:
    at = world.clock.now()
    body = page_changes(comment("1", "good", at=at), at=at)
    later = at + 5_000
    world.deliver("facebook", body)

    world.deliver("facebook", page_changes(comment("1", "bad", at=at, verb="edited"), at=later))
    world.deliver("facebook", page_changes(comment("1", "", at=at, verb="remove"), at=later + 1000))

    assert world.meter.counts == {"stored": 1, "edited": 1, "deleted": 1}


# Own posts.


def test_an_own_post_never_becomes_a_mention(world: World) -> None:
    at = world.clock.now()
    with world.counted() as calls:
        world.deliver("x", x_post(POST, "Big news!", at=at, author=X_ACCOUNT, event="post.create"))

    assert calls["dynamodb update_item"] == 0
    assert world.meter.counts == {"own_post": 1}


def test_an_own_post_that_answers_is_noted_where_it_answers(world: World) -> None:
    at = world.clock.now()
    world.deliver("x", a_body("x", world))
    own = x_post("77", "On it!", at=at, author=X_ACCOUNT, event="post.create", answers=POST)

    world.deliver("x", own)
    world.deliver("x", own)

    assert world.stored(MENTION).own_post == "77"
    assert world.meter.counts == {"stored": 1, "own_post": 1, "duplicate": 1}


def test_an_own_private_message_is_noted_for_its_conversation(world: World) -> None:
    at = world.clock.now()
    world.deliver("x", x_message("1", "hello", at=at))
    [asked] = world.records()

    world.deliver("x", x_own_message("2", "Hi, Ana here", at=at))

    [mark] = world.records()
    assert mark.is_mark
    assert (mark.own_post, mark.conversation) == ("2", asked.conversation)
    assert world.find(f"x#{X_ACCOUNT}#message:2") is None


def test_the_deletion_of_an_own_post_answers_nobody(world: World) -> None:
    at = world.clock.now()
    own = comment("1", "", at=at, author=PAGE, verb="remove")

    world.deliver("facebook", page_changes(own, at=at))

    assert world.items() == []
    assert world.meter.counts == {"own_post": 1}


def test_a_permission_taken_back_disables_the_account(world: World) -> None:
    revoked = x_event("oauth.revoke", {"user_id": X_ACCOUNT})

    world.deliver("x", revoked)
    world.deliver("x", revoked)

    assert world.controls.get("acme").disabled == {f"x#{X_ACCOUNT}"}
    assert world.meter.counts == {"revoked": 1, "duplicate": 1}


def test_a_permission_of_a_stranger_disables_nothing(world: World) -> None:
    receiving = replace(
        world.receiving, load=_loads(parse=lambda delivery: Parsed(revoked=("999",)))
    )

    receive(HookRequest("x", "main", "POST", {}, signed("x", b"{}"), b"{}"), receiving)

    assert world.items() == []


# Card numbers.


def everything_written(world: World) -> str:
    """All that any store, stream or queue holds, blobs opened."""
    items = [*world.items(), *(r["dynamodb"] for r in world.dynamo.stream(world.table).read())]
    seen: list[str] = []
    for item in items:
        seen.append(repr(item))
        images = (item, item.get("NewImage", {}), item.get("OldImage", {}))
        seen += [repr(_opened(image[name])) for image in images for name in ("c", "dt", "x")
                 if name in image]  # fmt: skip
    return "\n".join(seen)


def _opened(blob: dict[str, Any]) -> object:
    raw = blob["B"]
    return unpack(base64.b64decode(raw) if isinstance(raw, str) else raw)


def digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


@PLATFORMS
def test_a_card_number_reaches_no_store_and_no_stream(platform: str, world: World) -> None:
    at = world.clock.now()
    text = f"my card {CARD} 12/27 was charged twice"
    bodies = {
        "x": x_post(POST, text, at=at, name=f"Joe {CARD}"),
        "facebook": page_changes(comment("1", text, at=at), at=at),
        "telegram": telegram_message(1, text, at=at),
    }

    assert world.deliver(platform, bodies[platform]).status == 200

    [record] = world.records()
    assert MASK in record.mention.text
    assert CARD not in everything_written(world)
    assert digits(CARD) not in digits(everything_written(world))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "latin-1"])
def test_a_card_number_does_not_even_reach_quarantine(encoding: str, world: World) -> None:
    world.deliver("x", f'{{"text":"Zoë, {CARD}"'.encode(encoding))
    world.deliver("x", x_event("post.mention.create", {"id": None, "text": f"card {CARD}"}))

    assert world.meter.counts == {"quarantined": 2}
    assert digits(CARD) not in digits(everything_written(world))


@pytest.mark.parametrize("gap", ["\u00a0", "\n", "\t", "\u2009", "\u200b"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "cut"])
def test_a_card_number_in_escapes_does_not_reach_quarantine_either(
    gap: str, is_whole: bool, world: World
) -> None:
    text = f"card {CARD.replace(' ', gap)}"
    body = x_event("post.mention.create", {"id": None, "text": text, "lang": text})

    world.deliver("x", body if is_whole else body[:-1])

    [item] = world.items()
    change = unpack(item["c"]["B"])["c"]
    assert world.meter.counts == {"quarantined": 1}
    assert change.count(f"card {MASK}") == 2
    assert "1111" not in change


@pytest.mark.parametrize("written", ["\uff14" * 16, "\u0664" * 16, "\U0001d7d2" * 16])
def test_a_card_number_in_other_digits_does_not_reach_quarantine_either(
    written: str, world: World
) -> None:
    # 4444 4444 4444 4448 satisfies Luhn.
    body = x_event("post.mention.create", {"id": None, "text": f"{written[:-1]}8"})

    for one in (body, body[:-1]):
        world.deliver("x", one)

    changes = [unpack(item["c"]["B"])["c"] for item in world.items()]
    assert [MASK in change for change in changes] == [True, True]


def test_digits_behind_an_escape_count_as_written_where_there_is_no_json(world: World) -> None:
    # The last digits of the escape and what follows satisfy Luhn: "004111111111111111".
    world.deliver("x", b'{"text":"\\u004111111111111111"')

    [item] = world.items()
    assert unpack(item["c"]["B"])["c"] == f'{{"text":"\\u{MASK}"'


@pytest.mark.parametrize("place", ["key", "number", "list"])
def test_a_card_number_anywhere_in_a_change_leaves_json(place: str, world: World) -> None:
    digits_only = CARD.replace(" ", "")
    payloads = {
        "key": {"id": None, digits_only: 1},
        "number": {"id": None, "text": int(digits_only), "at": 1.5},
        "list": {"id": None, "text": [CARD, {"inner": CARD}]},
    }

    world.deliver("x", x_event("post.mention.create", payloads[place]))

    [item] = world.items()
    change = unpack(item["c"]["B"])["c"]
    assert MASK in json.dumps(json.loads(change))
    assert "1111" not in change


def test_a_change_without_a_card_number_is_kept_as_it_came(world: World) -> None:
    body = b'{"data": {"a":\t"\\u00e9\\n\\\\u0031", "a": 4e2, "id": 12345678901234567}} x'

    world.deliver("x", body)

    [item] = world.items()
    assert unpack(item["c"]["B"])["c"] == body.decode()


def test_a_number_that_is_no_card_stays(world: World) -> None:
    world.deliver("x", x_post(POST, "order 1234 5678 9012 3456", at=world.clock.now()))

    assert world.stored(MENTION).mention.text == "order 1234 5678 9012 3456"


def test_every_delivery_names_its_accounts_and_its_instant(world: World) -> None:
    seen: list[Delivery] = []

    def parse(delivery: Delivery) -> Parsed:
        seen.append(delivery)
        return Parsed()

    receiving = replace(world.receiving, load=_loads(parse=parse))
    receive(HookRequest("x", "main", "POST", {}, signed("x", b"{}"), b"{}"), receiving)

    [delivery] = seen
    assert delivery.received_at == world.clock.now()
    assert [account.brand for account in delivery.accounts] == ["acme", "bolt"]


def test_nothing_is_written_for_an_empty_delivery(world: World) -> None:
    entries: list[object] = []

    class Inbox:
        def put(self, given: Any, deadline_s: float) -> tuple[bool, ...]:
            entries.extend(given)
            return ()

    receiving = replace(
        world.receiving, inbox=Inbox(), load=_loads(parse=lambda delivery: Parsed())
    )

    receive(HookRequest("x", "main", "POST", {}, signed("x", b"{}"), b"{}"), receiving)

    assert entries == []
    assert world.items() == []


def test_two_people_are_two_conversations(world: World) -> None:
    at = world.clock.now()
    world.deliver("x", x_post("1", "hi", at=at, author=MARTA))
    world.deliver("x", x_post("2", "hi", at=at, author=OMAR, root="1"))

    one, other = world.records()
    assert one.conversation != other.conversation
    assert BOT not in (one.mention.account, other.mention.account)


@pytest.mark.parametrize("method", ["PUT", "HEAD", "get", ""])
def test_another_method_than_the_two_is_405(method: str, world: World) -> None:
    body = a_body("x", world)
    request = HookRequest("x", "main", method, {}, signed("x", body), body)

    assert receive(request, world.receiving).status == 405
    assert world.items() == []


@pytest.mark.parametrize("coding", ["gzip", " GZIP ", "br", "identity, gzip"])
def test_a_compressed_body_is_415(coding: str, world: World) -> None:
    body = a_body("x", world)
    headers = {**signed("x", body), "content-encoding": coding}

    assert world.deliver("x", body, headers=headers).status == 415
    assert world.deliver("x", b"\x1f\x8b\x08", headers=signed("x", b"\x1f\x8b\x08")).status == 415
    assert world.items() == []


@pytest.mark.parametrize("coding", ["", "identity", " Identity"])
def test_a_body_as_it_is_may_say_so(coding: str, world: World) -> None:
    body = a_body("x", world)

    assert (
        world.deliver("x", body, headers={**signed("x", body), "content-encoding": coding}).status
        == 200
    )
