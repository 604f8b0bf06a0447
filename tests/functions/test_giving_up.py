"""Whatever fails again and again ends in front of a person, through the real handlers."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.reply import handler as reply
from functions.sweep import handler as sweep
from functions.triage import handler as triage
from heed.domain.case import RING_AGAIN_MS_MAX
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.domain.decision import Verdict
from heed.domain.mention import MentionId
from heed.flows import giving_up
from heed.flows.sweep import bring_back, failed
from heed.ports import Claim, DueItem, StoredMention, Tries
from tests.functions.invocations import failed_ids, lane_event, make_context, stream_event
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_deletion, x_own_message, x_post
from tests.heed.flows.world import World

A, B = "2100000000000000001", "2100000000000000002"
MA, MB = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B))
HOURS = 3


@pytest.fixture
def world() -> World:
    world = World()
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    return world


def poison_judge(text: str, language: str | None) -> Verdict:
    raise KeyError(text)


def poison_load(platform: str) -> Any:
    raise KeyError(platform)


def minutes(world: World, count: int, *, judge: Any = None, load: Any = None) -> Counter[str]:
    """Let the real handlers of sweep, triage and reply work, as the triggers call them."""
    said: Counter[str] = Counter()
    triaging = replace(world.triaging, judge=judge or world.triaging.judge)
    replying = replace(world.replying, load=load or world.replying.load)
    works = sweep.build(world.sweeping, world.meter), triage.build(triaging, world.meter)
    send = reply.build(replying, world.meter)
    for _ in range(count):
        world.clock.forward(s=60)
        try:
            works[0]({}, make_context("sweep"))
        except BatchProcessingError:
            said["sweep"] += 1
        for record in world.dynamo.stream(world.table).drain():
            if "todo" in record["dynamodb"].get("NewImage", {}):
                answer = works[1](stream_event([record]), make_context("triage"))
                said["triage"] += len(failed_ids(answer))
        for message in world._received("x"):
            answer = send(lane_event(message["Body"]), make_context("reply"))
            said["reply"] += len(failed_ids(answer))
            if not failed_ids(answer):
                handle = message["ReceiptHandle"]
                world.sqs.delete_message(QueueUrl=world.lane("x"), ReceiptHandle=handle)
    return said


def spoil(world: World, mention: str = MA) -> None:
    """Leave a mention whose content nobody can read."""
    world.backend.put({**world.item(mention), "c": {"B": b"poison"}})


def cases_of(world: World) -> list[str]:
    return [item["cr"]["S"] for item in world.cases()]


def test_a_mention_at_which_triage_always_fails_becomes_a_case(world: World) -> None:
    said = minutes(world, 8, judge=poison_judge)

    assert said["triage"] >= 5
    assert (world.state(MA), world.stored(MA).reasons) == ("queued", ("not_triaged",))
    assert cases_of(world) == ["not_triaged"]
    assert world.posts() == []


@pytest.mark.parametrize("state", ["new", "planned", "sending", "doubt"])
def test_a_reply_at_which_the_sender_always_fails_lies_dead_and_is_a_case(
    state: str, world: World
) -> None:
    world.triage()
    if state == "planned":
        world.switch(paused=True)
        world.run()
    if state in ("sending", "doubt"):
        seen, now = world.stored(MA).sending, world.clock.now()
        claim = Claim("sending" if state == "sending" else "doubt", "w", now + 90_000, now)
        world.outbox.claim(world.ref(MA), seen, claim)

    said = minutes(world, HOURS * 60, load=poison_load)

    assert said["reply"] >= 5
    assert {"owner": f"mention#{MA}", "part": "-"} in world.queue("reply-dead")
    ends = {"new": "queued", "planned": "refused", "sending": "parked", "doubt": "parked"}
    assert world.state(MA) == ends[state]
    assert MA in world.case(MA).pending
    assert f"mention#{MA}" not in world.due()
    assert world.posts() == []


@pytest.mark.parametrize("state", ["planned", "sending"])
def test_a_persons_words_at_which_the_sender_always_fails_come_back(
    state: str, world: World
) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    if state == "sending":
        seen, now = world.agents_reply(ref).sending, world.clock.now()
        world.outbox.claim(ref, seen, Claim("sending", "w", now + 90_000, now))

    minutes(world, HOURS * 60, load=poison_load)

    end = {"planned": "refused", "sending": "parked"}[state]
    assert world.agents_reply(ref).sending.state == end
    assert f"{end}_not_settled" in world.case(MA).flags
    assert MA in world.case(MA).pending
    assert len(world.posts()) == 1


def test_words_to_a_mention_that_is_forgotten_end_too(world: World) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    place = {name: world.item(MA)[name] for name in ("pk", "sk")}
    world.dynamo.delete_item(TableName=world.table, Key=place)
    sending = world.agents_reply(ref).sending

    done = giving_up.unsent(ref, world.agents_reply(ref).mention, sending, world.handing,
                            world.outbox)  # fmt: skip

    assert (done, world.agents_reply(ref).sending.state) == ("bare_case", "refused")


@pytest.mark.parametrize("state", ["new", "planned", "sending", "queued"])
def test_a_mention_that_nobody_can_read_becomes_a_bare_case(state: str, world: World) -> None:
    spoil(world)
    world.backend.put({**world.item(MA), "st": {"S": state}})

    said = minutes(world, 40)

    assert said["sweep"] == giving_up.FAILURES_MAX
    ends = {"new": "queued", "planned": "queued", "sending": "parked", "queued": "queued"}
    assert world.item(MA)["st"] == {"S": ends[state]}
    assert cases_of(world) == ["not_readable"]
    assert world.bells()["normal"] >= 1
    assert f"mention#{MA}" not in world.due()


def test_what_cannot_be_read_keeps_nobody_from_their_turn(world: World) -> None:
    spoil(world)
    minutes(world, 1)
    world.deliver("x", x_post(B, COMPLAINT, at=world.clock.now(), author="9"))

    minutes(world, 3)

    assert world.state(MB) == "sent"


def test_what_was_deleted_needs_nobody_and_loses_what_nobody_can_read(world: World) -> None:
    spoil(world)
    world.deliver("x", x_deletion(A))
    spoil(world)

    minutes(world, 40)

    assert cases_of(world) == []
    assert "c" not in world.item(MA)
    assert f"mention#{MA}" not in world.due()


def test_words_that_nobody_can_read_come_back_as_a_case(world: World) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    item = world.backend.item(ref.owner, ref.part)
    assert item is not None
    world.backend.put({**item, "x": {"B": b"poison"}})

    minutes(world, 40)

    ended = world.backend.item(ref.owner, ref.part)
    assert ended is not None
    assert (ended["st"], "dh" in ended) == ({"S": "refused"}, False)
    assert "not_readable" in world.case(MA).flags


@pytest.mark.parametrize("of", ["case", "mention"])
def test_where_no_case_can_be_opened_people_are_paged_once(of: str, world: World) -> None:
    if of == "case":
        world.run()
        pk = f"conv#{world.conversation(MA).id}"
        item = world.backend.item(pk, "case")
        assert item is not None
    else:
        spoil(world)
        conversation = world.item(MA)["cv"]["S"]
        item = {"pk": {"S": f"conv#{conversation}"}, "sk": {"S": "case"}}
    world.backend.put({**item, "cs": {"S": "of tomorrow"}})
    pages = len(world.sns.messages)

    minutes(world, HOURS * 60)

    assert len(world.sns.messages) == pages + 1
    page = json.loads(world.sns.messages[-1]["Message"])
    assert (page["brand"], page["reason"]) == ("acme", "not_readable")
    assert len(world.due()) >= 1


@pytest.mark.parametrize("private", [True, False])
def test_a_mark_at_which_triage_always_fails_becomes_a_case(private: bool) -> None:
    world = World()
    own: dict[str, Any] = {"author": X_ACCOUNT, "event": "post.create", "answers": A}
    body = x_own_message(B, "hello", at=1) if private else x_post("9", "hi", at=1, **own)
    world.deliver("x", body)
    world.records()

    for _ in range(7):
        world.clock.forward(ms=HOUR_MS)
        world.sweep()
        world.records()

    assert cases_of(world) == ["own_post_not_settled"]
    assert [key for key in world.due() if key.startswith("mention#")] == []


def test_a_mark_of_a_brand_that_left_the_file_waits() -> None:
    world = World()
    world.deliver("x", x_own_message(B, "hello", at=1))
    del world.handing.policies["acme"]  # type: ignore[attr-defined]  # A dict in this world.

    for _ in range(7):
        world.clock.forward(ms=HOUR_MS)
        world.sweep()

    assert world.said["sweep no_brand"] >= 1
    assert world.cases() == []


def test_what_is_finished_meanwhile_is_no_failure(world: World) -> None:
    assert failed(DueItem("mention"), world.sweeping) == "nothing"


class Busy:
    """A conversation that others always write faster."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return (lambda conversation: None) if name == "save" else getattr(self._real, name)


def test_a_busy_conversation_is_met_again(world: World) -> None:
    handing: Any = replace(world.handing, conversations=Busy(world.conversations))
    item, due_list = DueItem("mention", mention=MentionId(MA)), world.sweeping.due_list
    sending, stored = world.stored(MA).sending, world.stored(MA)

    assert giving_up.unsent(world.ref(MA), MentionId(MA), sending, handing, world.outbox) == (
        "contended"
    )
    assert giving_up.unreadable(item, Tries(5, 0), handing, due_list) == "contended"
    assert giving_up.mark(item, stored, handing, due_list) == "contended"
    assert f"mention#{MA}" in world.due()


def test_what_nobody_can_read_of_a_brand_that_left_the_file_waits(world: World) -> None:
    spoil(world)
    del world.handing.policies["acme"]  # type: ignore[attr-defined]  # A dict in this world.

    minutes(world, 40)

    assert world.cases() == []
    assert f"mention#{MA}" in world.due()


def test_words_whose_mention_is_forgotten_and_that_nobody_can_read_end(world: World) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    item = DueItem("reply", conversation=world.conversation(MA).id, part=ref.part)

    done = giving_up.unreadable(item, Tries(5, 0), world.handing, world.sweeping.due_list)

    assert done == "bare_case"
    assert world.agents_reply(ref).sending.state == "refused"


def test_a_reply_that_ended_while_its_lane_was_rung_is_nothing(world: World) -> None:
    world.run()
    seen = world.stored(MA).sending
    item = DueItem("mention", mention=MentionId(MA))

    class Stale:
        """Mentions as they were a moment ago."""

        def get(self, mention: MentionId) -> StoredMention:
            return replace(world.stored(mention), sending=replace(seen, state="planned"))

    mentions: Any = Stale()
    handing = replace(world.handing, mentions=mentions)
    assert bring_back(item, replace(world.sweeping, handing=handing)) == "nothing"


# Bells.


def test_a_case_that_nobody_takes_rings_less_and_less(world: World) -> None:
    world.run()

    waits, rung_at = [], world.case(MA).rung_at
    for _ in range(12 * 60):
        world.clock.forward(ms=MINUTE_MS)
        world.sweep()
        if (now := world.case(MA).rung_at) != rung_at:
            waits.append((now - rung_at) // MINUTE_MS)
            rung_at = now

    assert waits == [10, 20, 40, 80, 120, 120, 120, 120]
    world.claim_case(MA)
    world.clock.forward(ms=HOUR_MS)
    world.sweep()
    assert (world.case(MA).state, world.case(MA).rings) == ("open", 0)


def test_bells_that_an_outage_of_fifteen_days_took_are_rung_within_the_bound(world: World) -> None:
    world.run()
    for _ in range(15 * DAY_MS // RING_AGAIN_MS_MAX):
        world.clock.forward(ms=RING_AGAIN_MS_MAX)
        world.sweep()
        lose_bells(world)
    assert world.bells() == {}

    world.clock.forward(ms=RING_AGAIN_MS_MAX)

    assert world.sweep() == ["rung"]
    [bell] = world.queue("work-acme-normal")
    assert bell == {"case": world.conversation(MA).id, "epoch": world.case(MA).epoch}


def lose_bells(world: World) -> None:
    url = world.lane("x").replace("reply-x", "work-acme-normal")
    while messages := world.sqs.receive_message(QueueUrl=url).get("Messages"):
        for one in messages:
            world.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
