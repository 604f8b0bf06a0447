"""Running again what stayed behind, through the real flows and the store in memory."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from heed import adapter as adapters
from heed.adapter import Delivery, Parsed, Unreadable
from heed.domain.clock import DAY_MS, HOUR_MS
from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import ReplyRef
from heed.flows.receive import HookRequest, receive
from heed.flows.replay import Replaying, Ringing, look_again, ring_case, ring_reply, take_in
from heed.ports import Quarantined
from heed.registry import Registry
from heed.storage.quarantine import TableQuarantine
from tests.heed.flows.bodies import (
    COMPLAINT,
    X_ACCOUNT,
    comment,
    page_changes,
    x_deletion,
    x_event,
    x_post,
)
from tests.heed.flows.world import KEYS, CrashError, World

A, B = "2100000000000000001", "2100000000000000002"
MA, MB = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B))
# Luhn holds for it: by chance, it could be a card.
LUCKY = "2100000000000000006"


class Yesterday:
    """An adapter that could not read anything: every change goes to quarantine."""

    def __init__(self, platform: str) -> None:
        self._real: Any = adapters.load(platform)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def parse(self, delivery: Delivery) -> Parsed:
        split = _split(json.loads(delivery.body))
        return Parsed(unreadable=tuple(Unreadable(json.dumps(one), "unknown") for one in split))


def _split(body: Any) -> list[Any]:
    if "entry" not in body:
        return [body]
    [entry] = body["entry"]
    return [{**body, "entry": [{**entry, "changes": [one]}]} for one in entry["changes"]]


@pytest.fixture
def world() -> World:
    return World()


def yesterday(world: World, body: bytes, platform: str = "x") -> None:
    """Take a delivery in with an adapter that could not read it yet."""
    load: Any = Yesterday
    headers = adapters.load(platform).sign(body, KEYS[platform])
    world.twin(platform).learn(body, account="")
    request = HookRequest(platform, "main", "POST", {}, headers, body)
    assert receive(request, replace(world.receiving, load=load)).status == 200


def replaying(world: World, **changes: Any) -> Replaying:
    quarantine = TableQuarantine(world.dynamo, world.table)
    given = Replaying(world.receiving.accounts, quarantine, world.inbox, world.meter)
    return replace(given, **changes)


def ringing(world: World) -> Ringing:
    return Ringing(world.handing, world.outbox)


def again(world: World, *, is_dry: bool = False, **changes: Any) -> dict[str, int]:
    """Run all of quarantine again."""
    s, total = replaying(world, **changes), Counter[str]()
    for key in s.quarantine.keys(platform="", since=0, limit=1000):
        total += take_in(key, s, is_dry=is_dry)
    return dict(total)


def kept(world: World) -> list[str]:
    return [item["pk"]["S"] for item in world.items() if item["pk"]["S"].startswith("quarantine#")]


def test_what_can_be_read_today_is_stored_and_answered(world: World) -> None:
    yesterday(world, x_post(A, COMPLAINT, at=world.clock.now()))
    assert world.find(MA) is None
    world.clock.forward(s=60)

    assert again(world) == {"stored": 1}

    assert kept(world) == []
    world.run()
    assert world.state(MA) == "sent"
    assert again(world) == {}


def test_what_lay_too_long_is_shown_to_people_and_not_answered(world: World) -> None:
    received_at = world.clock.now()
    yesterday(world, x_post(A, COMPLAINT, at=received_at))
    world.clock.forward(ms=3 * HOUR_MS)

    again(world)
    world.run()

    stored = world.stored(MA)
    assert (stored.received_at, stored.source) == (received_at, "webhook")
    assert stored.sending.state == "queued"
    assert "stale" in stored.reasons
    assert world.case(MA).pending == (MA,)
    assert world.posts() == []


def test_what_came_again_in_the_meantime_is_known(world: World) -> None:
    body = x_post(A, COMPLAINT, at=world.clock.now())
    yesterday(world, body)
    world.deliver("x", body)
    world.run()
    before = world.item(MA)

    assert again(world) == {"known": 1}

    assert world.item(MA) == before
    assert kept(world) == []


def test_what_was_deleted_in_the_meantime_is_not_brought_back(world: World) -> None:
    yesterday(world, x_post(A, COMPLAINT, at=world.clock.now()))
    world.deliver("x", x_deletion(A))
    world.run()

    assert again(world) == {"known": 1}

    world.run()
    assert (world.state(MA), world.posts(), world.cases()) == ("gone", [], [])


def test_what_still_cannot_be_read_stays_and_says_so_once(world: World) -> None:
    world.deliver("x", b"not json")
    world.deliver("x", x_event("post.mention.create", {"id": None}))
    assert len(kept(world)) == 2

    assert again(world) == {"unreadable": 2}
    before = world.items()

    assert again(world) == {"unreadable": 2}
    assert world.items() == before
    assert [item["oc"]["S"] for item in before] == ["unreadable"] * 2


def test_what_nobody_stores_is_removed(world: World) -> None:
    yesterday(world, x_event("space.started", {"id": "1"}))

    assert again(world) == {"ignored": 1}
    assert world.items() == []


def test_what_belongs_to_an_account_that_is_missing_waits_for_it(world: World) -> None:
    yesterday(world, x_post(A, COMPLAINT, at=world.clock.now(), account="999"))

    assert again(world) == {"no_account": 1}
    assert again(world, accounts=Registry(())) == {"no_account": 1}
    assert len(kept(world)) == 1


def test_what_came_from_a_platform_that_is_missing_waits_for_it(world: World) -> None:
    world.inbox.put([Quarantined("elsewhere", "main", "{}", "why", world.clock.now())], 1)

    assert again(world) == {"no_account": 1}
    assert len(kept(world)) == 1


def test_a_whole_body_is_taken_apart(world: World) -> None:
    at = world.clock.now()
    values: list[Any] = [comment(str(n), f"line {n}", at=at) for n in range(3)]
    values[1] = {"item": "comment", "verb": "add", "comment_id": {"no": "id"}}
    body = page_changes(*values, at=at).decode()
    world.inbox.put([Quarantined("facebook", "main", body, "too much", at)], 1)

    assert again(world) == {"stored": 2, "unreadable": 1}

    assert len(kept(world)) == 1
    assert again(world) == {"unreadable": 1}


def test_a_trial_changes_nothing(world: World) -> None:
    yesterday(world, x_post(A, COMPLAINT, at=world.clock.now()))
    yesterday(world, x_event("space.started", {"id": "1"}))
    world.deliver("x", b"not json")
    values = [comment("1", "hi", at=1), {"item": "comment", "verb": "add", "comment_id": {}}]
    body = page_changes(*values, at=1).decode()
    world.inbox.put([Quarantined("facebook", "main", body, "too much", 1)], 1)
    before = world.items()

    found = again(world, is_dry=True)

    assert found == {"readable": 2, "unreadable": 2, "ignored": 1}
    assert world.items() == before


def test_a_change_that_somebody_else_took_is_gone(world: World) -> None:
    assert take_in("quarantine#none", replaying(world)) == {"gone": 1}


def test_a_change_that_is_not_whole_is_left_alone(world: World) -> None:
    world.inbox.put([Quarantined("x", "main", "{}", "why", world.clock.now())], 1)
    [item] = world.items()
    world.backend.put({**item, "sl": {"N": "2"}})

    assert again(world) == {"incomplete": 1}
    assert len(kept(world)) == 1


def test_an_id_that_could_be_a_card_number_survives_quarantine(world: World) -> None:
    yesterday(world, x_post(LUCKY, COMPLAINT, at=world.clock.now()))

    assert again(world) == {"stored": 1}
    assert world.find(f"x#{X_ACCOUNT}#post:{LUCKY}") is not None


def test_a_mention_whose_id_was_masked_is_never_stored(world: World) -> None:
    body = x_post("[card number removed]", COMPLAINT, at=world.clock.now()).decode()
    world.inbox.put([Quarantined("x", "main", body, "why", world.clock.now())], 1)

    assert again(world) == {"masked": 1}
    assert kept(world) == [item["pk"]["S"] for item in world.items()]


def test_a_replay_that_breaks_off_anywhere_loses_and_doubles_nothing() -> None:
    steps = 0
    while True:
        world = World()
        for post, author in ((A, "1"), (B, "2")):
            yesterday(world, x_post(post, COMPLAINT, at=world.clock.now(), author=author))
        world.hook.arm(after=steps)
        try:
            again(world)
        except CrashError:
            world.hook.disarm()
        else:
            break
        again(world)
        assert kept(world) == []
        world.run()
        assert (world.state(MA), world.state(MB)) == ("sent", "sent")
        assert len(world.posts()) == 2
        steps += 1
    assert steps > 10


def test_quarantine_a_month_old_meets_the_stub_of_what_was_deleted(world: World) -> None:
    yesterday(world, x_post(A, COMPLAINT, at=world.clock.now()))
    world.clock.forward(ms=29 * DAY_MS)
    world.deliver("x", x_deletion(A))
    world.run()

    assert again(world) == {"known": 1}


# Dead letters.


def test_a_reply_whose_messages_were_given_up_is_rung_again(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    world.triage()
    world._received("x")

    assert ring_reply(world.ref(MA), ringing(world)) == "rung"

    world.run()
    assert world.state(MA) == "sent"
    assert ring_reply(world.ref(MA), ringing(world)) == "settled"
    assert ring_reply(ReplyRef(f"mention#{MB}"), ringing(world)) == "gone"


def test_a_persons_words_whose_messages_were_given_up_are_rung_again(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    world._received("x")

    assert ring_reply(ref, ringing(world)) == "rung"
    world.run()
    assert world.agents_reply(ref).sending.state == "sent"
    assert ring_reply(ref, ringing(world)) == "settled"
    assert ring_reply(replace(ref, part="at#1#reply#none"), ringing(world)) == "gone"


def test_a_case_whose_bell_was_given_up_is_rung_again_while_it_is_open(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    world.run()
    case = world.conversation(MA).id

    assert ring_case(case, ringing(world)) == "rung"
    assert world.bells() == {"normal": 2}
    world.claim_case(MA)
    assert ring_case(case, ringing(world)) == "settled"
    assert ring_case(ConversationId("none"), ringing(world)) == "gone"


def test_a_mention_that_triage_gave_up_is_shown_to_it_again(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    world.records()

    assert look_again(MentionId(MA), ringing(world)) == "rung"
    assert world.triage() == ["acknowledge"]
    world.run()
    assert look_again(MentionId(MA), ringing(world)) == "settled"
    assert look_again(MentionId(MB), ringing(world)) == "settled"
