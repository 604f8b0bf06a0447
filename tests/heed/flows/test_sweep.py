"""Bringing back what is due: every kind of thing, from every state in which it was left."""

from dataclasses import replace
from typing import Any, cast

import pytest

from heed.domain import case as cases
from heed.domain.case import LEASE_MS, RING_AGAIN_MS
from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import Sending
from heed.flows.sweep import KICKS_MAX, bring_back
from heed.flows.triage import triage
from heed.ports import Claim, DueItem, Move
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_deletion, x_own_message, x_post
from tests.heed.flows.world import World

A, B = "2100000000000000001", "2100000000000000002"
MA, MB = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B))


@pytest.fixture
def world() -> World:
    world = World()
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    return world


def lose_records(world: World) -> None:
    """The stream's records never reach triage."""
    world.records()


def own(world: World, *, answers: str = A, text: str = "Ana here.") -> None:
    at = world.clock.now()
    body = x_post("2199", text, at=at, author=X_ACCOUNT, event="post.create", answers=answers)
    world.deliver("x", body)


def minutes(world: World, count: int) -> list[str]:
    """Sweep every minute, and lose every record that this brings about."""
    done = []
    for _ in range(count):
        world.clock.forward(s=60)
        done += world.sweep()
        lose_records(world)
    return done


def claimed(world: World) -> Sending:
    now = world.clock.now()
    seen = world.stored(MA).sending
    held = world.outbox.claim(world.ref(MA), seen, Claim("sending", "w", now + 90_000, now))
    assert held is not None
    return held


def test_nothing_is_due_before_its_time(world: World) -> None:
    world.triage()

    assert world.sweep() == []


# Mentions.


def test_a_lost_record_comes_again_after_a_minute(world: World) -> None:
    lose_records(world)
    world.clock.forward(s=60)

    assert world.sweep() == ["kicked"]

    assert world.triage() == ["acknowledge"]
    assert world.stored(MA).kicks == 1


def test_a_lost_ring_comes_again(world: World) -> None:
    world.triage()
    [body] = world.sqs.bodies(world.backend.prefix + "reply-x")
    for message in world._received("x"):
        handle = message["ReceiptHandle"]
        world.sqs.delete_message(QueueUrl=world.lane("x"), ReceiptHandle=handle)

    world.run(1)

    assert body
    assert world.state(MA) == "sent"


def test_kicks_end_in_a_bare_case(world: World) -> None:
    lose_records(world)

    done = minutes(world, KICKS_MAX + 1)

    assert done == ["kicked"] * KICKS_MAX + ["bare_case"]
    assert (world.state(MA), world.stored(MA).reasons) == ("queued", ("not_triaged",))
    assert (world.case(MA).reason, world.case(MA).pending) == ("not_triaged", (MA,))
    assert world.bells() == {"normal": 1}
    assert world.posts() == []
    assert world.due() == [f"conv#{world.conversation(MA).id}"]


def test_a_bare_case_is_not_decided_again(world: World) -> None:
    [record] = world.records()
    minutes(world, KICKS_MAX + 1)

    assert triage(record, world.triaging) == "settled"
    assert world.posts() == []


def test_a_slow_sender_is_rung_for_an_hour_before_a_person_gets_it(world: World) -> None:
    world.triage()

    done = minutes(world, 40)
    assert set(done[KICKS_MAX:]) <= {"rung"}
    assert world.state(MA) == "new"

    minutes(world, 25)
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "not_triaged")
    assert world.conversation(MA).ack is None


def test_a_slow_sender_still_sends_once(world: World) -> None:
    world.triage()
    minutes(world, 10)

    world.run()

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_a_case_that_is_contended_is_opened_by_the_next_sweep(world: World) -> None:
    lose_records(world)
    minutes(world, KICKS_MAX)
    world.clock.forward(s=60)

    class Busy:
        def __getattr__(self, name: str) -> Any:
            real = getattr(world.conversations, name)
            return (lambda conversation: None) if name == "save" else real

    handing: Any = replace(world.handing, conversations=Busy())
    item = DueItem("mention", mention=MentionId(MA))
    assert bring_back(item, replace(world.sweeping, handing=handing)) == "contended"

    assert world.sweep() == ["bare_case"]


def test_a_deletion_that_triage_never_handled_is_carried_out(world: World) -> None:
    world.triage()
    world.deliver("x", x_deletion(A))
    lose_records(world)

    done = minutes(world, KICKS_MAX + 1)

    assert done[-1] == "bare_case"
    assert world.state(MA) == "gone"
    assert "c" not in world.item(MA)
    assert world.due() == [f"conv#{world.conversation(MA).id}"]


def test_a_deletion_after_the_text_that_triage_never_handled_is_carried_out(
    world: World,
) -> None:
    world.run()
    world.deliver("x", x_deletion(A))
    lose_records(world)

    minutes(world, KICKS_MAX + 1)

    assert world.state(MA) == "sent"
    assert "c" not in world.item(MA)
    assert world.due() == [f"conv#{world.conversation(MA).id}"]


@pytest.mark.parametrize("state", ["planned", "silent"])
def test_an_own_post_that_triage_never_saw_comes_again(state: str, world: World) -> None:
    if state == "planned":
        world.switch(paused=True)
    world.run()
    own(world)
    lose_records(world)
    world.clock.forward(s=60)

    assert "kicked" in world.sweep()

    assert world.triage() == ["answered_elsewhere"]
    assert world.conversation(MA).person_spoke_at


def test_a_proof_comes_again_even_while_the_text_is_in_flight(world: World) -> None:
    world.triage()
    world.hook.crash_on = "platform send after"
    world.run()
    [post] = world.twin("x").visible_posts()
    body = x_post(
        post.id, post.text, at=world.clock.now(), author=X_ACCOUNT, event="post.create", answers=A
    )
    world.deliver("x", body)
    lose_records(world)
    world.clock.forward(s=60)

    assert world.sweep() == ["kicked"]

    assert world.triage()[0] == "proof"
    assert world.state(MA) == "sent"


def test_a_deletion_in_flight_waits_for_the_sender_and_not_for_triage(world: World) -> None:
    world.triage()
    claimed(world)
    world.deliver("x", x_deletion(A))
    lose_records(world)
    world.clock.forward(s=60)

    assert world.sweep() == ["held"]
    assert world.stored(MA).kicks == 0

    world.run(6)
    assert world.state(MA) == "gone"


def test_a_send_in_hand_is_left_alone_until_its_lease_runs_out(world: World) -> None:
    world.triage()
    world.run()
    world.deliver("x", x_post(B, COMPLAINT, at=world.clock.now(), author="77"))
    world.triage()
    now = world.clock.now()
    seen = world.stored(MB).sending
    world.outbox.claim(world.ref(MB), seen, Claim("sending", "w", now + 90_000, now))
    world._received("x")

    world.clock.forward(s=60)
    assert world.sweep() == ["held"]
    assert world.sweep() == []
    world.clock.forward(s=30)
    assert world.sweep() == ["rung"]


def test_a_draft_is_not_due(world: World) -> None:
    world.switch(mode="draft")
    world.run()

    assert minutes(world, 5) == []


def test_a_mark_that_triage_never_saw_is_shown_to_it_again(world: World) -> None:
    lose_records(world)
    world.deliver("x", x_own_message(B, "hello", at=world.clock.now()))
    lose_records(world)
    world.triage()
    world.clock.forward(s=60)

    assert sorted(world.sweep()) == ["kicked", "mark"]

    assert sorted(world.triage()) == ["acknowledge", "answered_elsewhere"]


def test_a_mark_that_nothing_comes_of_is_looked_at_every_hour(world: World) -> None:
    item = DueItem("mention", mention=MentionId("x#1#post:404"))

    assert bring_back(item, world.sweeping) == "mark"


def test_a_brand_that_left_the_file_stops_nobody(world: World) -> None:
    lose_records(world)
    world.clock.forward(s=60)
    del cast("dict[str, object]", world.handing.policies)["acme"]

    assert world.sweep() == ["no_brand"]
    assert world.sweep() == []


def test_what_is_finished_and_still_listed_is_taken_off(world: World) -> None:
    world.run()
    item = world.item(MA)
    world.dynamo.put_item(TableName=world.table, Item={**item, "dh": {"S": "1"}, "da": {"N": "1"}})

    assert world.sweep() == ["settled"]
    assert f"mention#{MA}" not in world.due()


def test_an_index_that_lags_behind_does_no_harm(world: World) -> None:
    world.run()
    version = world.items()

    item = DueItem("mention", mention=MentionId(MA))
    assert bring_back(item, world.sweeping) == "settled"
    assert world.items() == version


# Replies of people.


def test_a_persons_lost_words_are_rung_again(world: World) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    world._received("x")

    assert world.sweep() == ["rung"]

    world.run()
    assert world.agents_reply(ref).sending.state == "sent"


def test_a_persons_words_in_hand_are_left_alone(world: World) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    now = world.clock.now()
    seen = world.agents_reply(ref).sending
    world.outbox.claim(ref, seen, Claim("sending", "w", now + 90_000, now))
    world._received("x")
    world.clock.forward(s=60)

    assert world.sweep() == ["held"]


def test_finished_words_and_unknown_ones_are_nothing(world: World) -> None:
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found it.")
    world.outbox.move(ref, world.agents_reply(ref).sending, Move("cancelled"))
    conversation = world.conversation(MA).id

    for part in (ref.part, "at#1#reply#none"):
        item = DueItem("reply", conversation=conversation, part=part)
        assert bring_back(item, world.sweeping) == "nothing"


# Cases.


def test_an_unheard_bell_is_rung_again_under_the_same_epoch(world: World) -> None:
    world.run()
    world.clock.forward(ms=RING_AGAIN_MS)

    assert world.sweep() == ["rung"]
    assert world.sweep() == []

    first, second = world.queue("work-acme-normal")
    assert first == second


def test_a_lease_that_ran_out_gives_the_case_back(world: World) -> None:
    world.run()
    claimed_case = world.claim_case(MA).case
    assert claimed_case is not None
    world.clock.forward(ms=LEASE_MS)

    assert world.sweep() == ["rung"]

    case = world.case(MA)
    assert (case.state, case.agent, case.epoch) == ("open", "", claimed_case.epoch + 1)
    assert world.queue("work-acme-normal")[-1]["epoch"] == case.epoch


def test_a_case_in_somebodys_hands_is_left_to_them(world: World) -> None:
    world.run()
    conversation = world.claim_case(MA)
    item = DueItem("case", conversation=conversation.id)

    assert bring_back(item, world.sweeping) == "held"
    assert world.case(MA).state == "claimed"


def test_a_case_that_was_taken_in_this_instant_is_left_alone(world: World) -> None:
    world.run()

    class Busy:
        def __getattr__(self, name: str) -> Any:
            real = getattr(world.conversations, name)
            return (lambda conversation: None) if name == "save" else real

    handing: Any = replace(world.handing, conversations=Busy())
    item = DueItem("case", conversation=world.conversation(MA).id)
    assert bring_back(item, replace(world.sweeping, handing=handing)) == "changed"


def test_a_resolved_case_and_an_unknown_one_are_nothing(world: World) -> None:
    world.run()
    conversation = world.claim_case(MA)
    assert conversation.case is not None
    done = cases.resolve(
        conversation.case,
        "ana",
        conversation.case.epoch,
        resolution="solved",
        seen=conversation.case.pending,
        now=world.clock.now(),
    )
    world.conversations.save(replace(conversation, case=done))

    for one in (conversation.id, ConversationId("none")):
        assert bring_back(DueItem("case", conversation=one), world.sweeping) == "nothing"
    assert bring_back(DueItem("case"), world.sweeping) == "nothing"


def test_a_case_of_a_brand_that_left_the_file_waits(world: World) -> None:
    world.run()
    world.clock.forward(ms=RING_AGAIN_MS)
    del cast("dict[str, object]", world.handing.policies)["acme"]

    assert world.sweep() == ["no_brand"]
    assert world.sweep() == []


def test_everything_that_is_brought_back_is_counted(world: World) -> None:
    lose_records(world)
    world.clock.forward(s=60)
    world.sweep()

    assert world.meter.counts["sweep_kicked"] == 1
