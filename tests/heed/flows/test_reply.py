"""What stands between a decision and a text: the rules, and what happened meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from heed.domain.mention import MentionId
from heed.domain.reply import ReplyRef, machine_reply
from heed.flows.reply import reply
from heed.ports import Move
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import (
    BOT,
    COMPLAINT,
    MARTA,
    X_ACCOUNT,
    telegram_message,
    x_deletion,
    x_event,
    x_message,
    x_post,
)
from tests.heed.flows.world import World

A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))
DM = f"x#{X_ACCOUNT}#message:{A}"
TELEGRAM = f"telegram#{BOT}#message:511820044:7"
HOUR_S = 3600


@pytest.fixture
def world() -> World:
    return World()


def say(world: World, text: str = COMPLAINT, post: str = A, **more: Any) -> None:
    at = more.pop("at", world.clock.now())
    assert world.deliver("x", x_post(post, text, at=at, **more)).status == 200


def own(world: World, *, answers: str = A) -> None:
    at = world.clock.now()
    body = x_post(
        "2199", "Ana here.", at=at, author=X_ACCOUNT, event="post.create", answers=answers
    )
    world.deliver("x", body)


def decided(world: World, **more: Any) -> ReplyRef:
    """A complaint with its slot reserved and its lane rung."""
    say(world, **more)
    assert world.triage() == ["acknowledge"]
    return world.ref(MA)


def bring(world: World, mention: str = MA) -> str:
    return reply(world.ref(mention), world.replying)


# The way it usually goes.


def test_an_acknowledgement_is_sent_once_and_recorded(world: World) -> None:
    decided(world)

    assert bring(world) == "sent"
    assert bring(world) == "settled"

    sending = world.stored(MA).sending
    [post] = world.twin("x").visible_posts()
    assert (sending.state, sending.reply_id, post.target) == ("sent", post.id, A)
    assert "(automatic reply)" in post.text
    assert world.stored(MA).outcome == "acknowledge"
    assert world.stored(MA).reasons[0] == "apology"
    assert world.meter.counts["reply_sent"] == 1


def test_an_acknowledgement_costs_what_was_promised(world: World) -> None:
    decided(world)
    bring(world)
    world.clock.forward(s=1)
    say(world, COMPLAINT, B, author="77")
    world.triage()

    with world.counted() as calls:
        assert bring(world, MB) == "sent"

    # Mention, conversation, author and, every 15 seconds, the switches; claim and result.
    assert calls["dynamodb get_item"] == 3
    assert calls["dynamodb update_item"] == 2
    assert calls["platform send"] == 1


def test_what_nobody_knows_is_nothing(world: World) -> None:
    assert reply(ReplyRef("mention#x#1#post:1"), world.replying) == "unknown"
    assert reply(ReplyRef("conv#00", "at#1#reply#r"), world.replying) == "unknown"


def test_a_mention_without_a_slot_is_not_answered(world: World) -> None:
    say(world)

    assert bring(world) == "not_reserved"
    assert (world.state(MA), world.posts()) == ("new", [])


def test_a_held_mention_is_not_answered(world: World) -> None:
    say(world, "my solicitor will write @acmeair")
    world.triage()

    assert bring(world) == "not_reserved"
    assert (world.state(MA), world.posts()) == ("queued", [])


# Modes and switches.


def test_a_draft_waits_for_a_person_and_leaves_with_their_word() -> None:
    world = World(mode="draft")
    decided(world)

    assert bring(world) == "draft"
    assert bring(world) == "draft"
    assert world.due() == [f"conv#{world.conversation(MA).id}"]
    [draft] = world.mentions.drafts("acme", 10)
    assert draft.draft_text.startswith("Hi")

    world.mentions.approve(draft.mention.id, "ana", drop=False, now=world.clock.now())
    world.run(1)
    assert world.posts() == [draft.draft_text]
    assert world.state(MA) == "sent"


def test_a_draft_is_not_held_once_somebody_of_ours_answered() -> None:
    world = World(mode="draft")
    ref = decided(world)
    stale = world.stored(MA)
    own(world)

    class Stale:
        def __init__(self, real: Any) -> None:
            self._real = real

        def __getattr__(self, name: str) -> Any:
            return (lambda mention: stale) if name == "get" else getattr(self._real, name)

    handing = replace(world.handing, mentions=Stale(world.mentions))
    assert reply(ref, replace(world.replying, handing=handing)) == "lost"


def test_an_approved_draft_that_grew_old_goes_to_people() -> None:
    world = World(mode="draft")
    decided(world)
    bring(world)
    world.clock.forward(s=3 * HOUR_S)
    world.mentions.approve(world.stored(MA).mention.id, "ana", drop=False, now=world.clock.now())

    world.run(2)

    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "stale")
    assert world.posts() == []
    assert world.due() == [f"conv#{world.conversation(MA).id}"]


def test_a_pause_holds_everything_and_ends_by_itself(world: World) -> None:
    world.switch(paused=True)
    decided(world)

    assert bring(world) == "postponed"
    assert bring(world) == "too_early"
    world.run(3)
    assert (world.state(MA), world.posts()) == ("planned", [])

    world.switch(paused=False)
    world.run(2)
    assert world.state(MA) == "sent"


def test_a_pause_is_heard_within_fifteen_seconds(world: World) -> None:
    decided(world)
    bring(world)
    world.dynamo.put_item(
        TableName=world.table,
        Item={"pk": {"S": "control#acme"}, "sk": {"S": "-"}, "pa": {"N": "1"}},
    )
    say(world, COMPLAINT, B, author="77")
    world.clock.forward(s=15)
    world.triage()

    assert bring(world, MB) == "postponed"


def test_a_pause_that_outlasts_the_matter_leaves_it_to_people(world: World) -> None:
    world.switch(paused=True)
    decided(world)
    bring(world)

    world.clock.forward(s=3 * HOUR_S)
    world.run(2)

    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "stale")
    assert world.conversation(MA).ack is None


def test_a_watched_account_sends_nothing_that_was_decided_before(world: World) -> None:
    decided(world)
    world.switch(mode="watch")

    assert bring(world) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "watch")


def revoke(world: World) -> None:
    world.deliver("x", x_event("oauth.revoke", {"user_id": X_ACCOUNT}))
    world.clock.forward(s=15)


def test_what_waits_for_a_disabled_account_becomes_a_case_and_people_are_told_once(
    world: World,
) -> None:
    say(world, "@acmeair the crew was wonderful")
    say(world, COMPLAINT, B, author="77")
    world.triage()
    revoke(world)

    assert bring(world) == bring(world, MB) == "withheld"

    assert [world.state(one) for one in (MA, MB)] == ["queued", "queued"]
    assert world.stored(MA).reasons[0] == "disabled"
    assert world.case(MA).pending == (MA,)
    assert "disabled" in world.case(MB).flags
    assert world.told() == [{"brand": "acme", "account": f"x#{X_ACCOUNT}", "reason": "disabled"}]
    assert world.posts() == []


def test_an_account_that_people_enabled_again_answers(world: World) -> None:
    revoke(world)
    say(world)
    world.run()
    world.controls.enable("acme", f"x#{X_ACCOUNT}")
    say(world, COMPLAINT, B, author="77")
    world.run()
    assert (world.state(MA), world.state(MB)) == ("queued", "sent")

    revoke(world)
    say(world, COMPLAINT, C, author="78")
    world.run()
    assert world.state(MC) == "queued"
    assert len(world.told()) == 2


# Rules.


def test_who_did_not_name_us_on_x_is_not_answered_by_machine(world: World) -> None:
    say(world, "this is terrible", event="post.reply.create")
    world.triage()

    assert bring(world) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "not_summoned")
    assert world.case(MA).pending == (MA,)


def test_an_old_mention_is_not_answered(world: World) -> None:
    decided(world, at=world.clock.now() - HOUR_S * 1000)
    world.clock.forward(s=HOUR_S + 1)

    assert bring(world) == "withheld"
    assert world.stored(MA).reasons[0] == "stale"


def test_who_opted_out_meanwhile_in_another_thread_is_not_answered(world: World) -> None:
    decided(world)
    say(world, "STOP", B)
    world.triage()

    assert bring(world) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "opt_out")


def test_a_mention_without_an_author_is_answered_in_its_own_conversation(world: World) -> None:
    decided(world)
    stored = world.stored(MA)
    anonymous = replace(stored, mention=replace(stored.mention, author=replace(
        stored.mention.author, id=None)))  # fmt: skip

    class Anonymous:
        def __getattr__(self, name: str) -> Any:
            return (lambda mention: anonymous) if name == "get" else getattr(world.mentions, name)

    handing: Any = replace(world.handing, mentions=Anonymous())
    assert reply(world.ref(MA), replace(world.replying, handing=handing)) == "sent"


# What happened meanwhile.


def test_a_case_that_a_person_claimed_gets_no_machine_text(world: World) -> None:
    decided(world)
    world.claim_case(MA)

    assert bring(world) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("cancelled", "person_has_it")


def test_a_change_that_triage_has_not_seen_stops_the_text(world: World) -> None:
    decided(world)
    own(world)
    assert bring(world) == "unsettled"

    world.run()
    assert world.state(MA) == "cancelled"


def test_a_deletion_that_triage_has_not_seen_stops_the_text(world: World) -> None:
    decided(world)
    world.deliver("x", x_deletion(A))

    assert bring(world) == "unsettled"
    assert world.posts() == []


def changed(world: World, **fields: Any) -> Any:
    """Reply as if the table held the mention otherwise."""
    stored = replace(world.stored(MA), **fields)

    class Changed:
        def __getattr__(self, name: str) -> Any:
            return (lambda mention: stored) if name == "get" else getattr(world.mentions, name)

    handing: Any = replace(world.handing, mentions=Changed())
    return replace(world.replying, handing=handing)


def test_a_deletion_whose_change_was_settled_ends_it_all_the_same(world: World) -> None:
    ref = decided(world)

    assert reply(ref, changed(world, gone_at=5)) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("gone", "gone")


def test_an_answer_of_ours_whose_change_was_settled_cancels(world: World) -> None:
    ref = decided(world)
    item = world.backend.item(f"mention#{MA}")
    assert item is not None
    world.backend.put({**item, "own": {"S": "9"}})

    assert reply(ref, world.replying) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("cancelled", "answered_elsewhere")


def test_a_person_who_spoke_in_the_conversation_has_the_last_word(world: World) -> None:
    decided(world)
    conversation = world.conversation(MA)
    spoken = replace(conversation, person_spoke_at=world.clock.now() + 1)
    world.conversations.save(spoken)

    assert bring(world) == "withheld"
    assert world.state(MA) == "cancelled"


def test_a_person_who_spoke_before_leaves_a_new_matter_to_the_machine(world: World) -> None:
    say(world, at=world.clock.now())
    world.clock.forward(s=5)
    world.triage()
    conversation = world.conversation(MA)
    before = world.stored(MA).mention.event_at
    assert before is not None
    world.conversations.save(replace(conversation, person_spoke_at=before - 1000))

    assert bring(world) == "sent"


def test_no_machine_speaks_beside_something_grave(world: World) -> None:
    decided(world)
    say(world, "I am going to kill myself @acmeair", B, root=A)
    world.triage()

    assert bring(world) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "held")
    assert world.posts() == []


# Slots and heirs.


def test_an_heir_is_answered_when_the_first_ends_unsent(world: World) -> None:
    say(world)
    say(world, COMPLAINT, B, root=A)
    world.triage()
    world.deliver("x", x_deletion(A))
    world.triage()

    assert bring(world, MB) == "sent"
    assert (world.state(MA), world.state(MB)) == ("gone", "sent")
    assert world.targets() == [B]


def test_an_heir_whom_a_rule_stops_stays_with_people_as_before(world: World) -> None:
    say(world)
    say(world, COMPLAINT, B, root=A)
    world.triage()
    world.deliver("x", x_deletion(A))
    world.triage()
    world.claim_case(MB)

    assert bring(world, MB) == "withheld"
    assert (world.state(MB), world.stored(MB).reasons[0]) == ("queued", "once")
    assert world.conversation(MB).ack is None


def test_an_heir_of_a_refused_text_gets_a_try(world: World) -> None:
    world.twin("x").faults.add(Fault("blocked"))
    say(world)
    say(world, COMPLAINT, B, root=A)

    world.run()

    assert (world.state(MA), world.state(MB)) == ("refused", "sent")
    assert "refused_not_summoned" in world.case(MA).flags


def test_what_lost_its_slot_to_a_later_day_ends_with_people(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was terrible", at=world.clock.now()))
    world.switch(paused=True)
    world.run()
    assert world.state(DM) == "planned"
    conversation = world.conversation(DM)
    assert conversation.ack is not None
    other = replace(conversation.ack, of=MentionId(DM.replace(A, B)))
    world.conversations.save(replace(conversation, ack=other))
    world.clock.forward(s=60)

    assert reply(machine_reply(world.stored(DM).mention.id), world.replying) == "not_reserved"
    assert (world.state(DM), world.stored(DM).reasons[0]) == ("queued", "slot_passed_on")


def test_what_lost_its_slot_and_has_no_case_is_silent(world: World) -> None:
    ref = decided(world)
    world.conversations.save(replace(world.conversation(MA), ack=None, case=None))

    assert reply(ref, world.replying) == "not_reserved"
    assert world.state(MA) == "silent"


def test_a_slot_that_cannot_be_passed_on_now_is_passed_on_later(world: World) -> None:
    ref = decided(world)
    world.claim_case(MA)

    class Busy:
        def __getattr__(self, name: str) -> Any:
            real = getattr(world.conversations, name)
            return (lambda conversation: None) if name == "save" else real

    handing: Any = replace(world.handing, conversations=Busy())
    assert reply(ref, replace(world.replying, handing=handing)) == "contended"
    assert world.state(MA) == "new"

    world.run(2)
    assert world.state(MA) == "cancelled"


# People's words.


def test_a_persons_words_leave_by_the_same_way(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    world.clock.forward(s=5)

    assert reply(ref, world.replying) == "sent"
    assert reply(ref, world.replying) == "settled"

    assert world.agents_reply(ref).sending.state == "sent"
    assert world.posts()[-1] == "We found your bag, Marta."
    assert world.conversation(MA).person_spoke_at == world.clock.now()


def test_a_persons_words_leave_during_a_pause_and_after_an_opt_out(world: World) -> None:
    say(world)
    world.run()
    say(world, "STOP", B)
    world.run()
    world.switch(paused=True)
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")

    assert reply(ref, world.replying) == "sent"


def test_a_person_learns_that_the_author_deleted_it(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    world.deliver("x", x_deletion(A))

    assert reply(ref, world.replying) == "refused"
    assert "refused_gone" in world.case(MA).flags
    assert len(world.posts()) == 1


def test_a_person_learns_at_once_that_an_account_is_disabled(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    revoke(world)

    assert reply(ref, world.replying) == "refused"

    assert world.agents_reply(ref).reason == "disabled"
    assert "refused_disabled" in world.case(MA).flags


def test_words_to_a_mention_whose_key_is_forgotten_end(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    key = {"pk": {"S": f"mention#{MA}"}, "sk": {"S": "-"}}
    world.dynamo.delete_item(TableName=world.table, Key=key)

    assert reply(ref, world.replying) == "unknown"
    assert world.agents_reply(ref).sending.state == "refused"
    assert reply(ref, world.replying) == "unknown"


def test_a_repeat_tells_the_conversation_what_a_crash_kept_from_it(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    world.clock.forward(s=5)
    assert reply(ref, world.replying) == "sent"
    forgotten = replace(world.conversation(MA), person_spoke_at=0)
    world.conversations.save(forgotten)

    assert reply(ref, world.replying) == "settled"

    assert world.conversation(MA).person_spoke_at == world.clock.now()


def test_a_reply_that_was_dropped_stays_dropped(world: World) -> None:
    decided(world)
    world.run()
    world.claim_case(MA)
    ref = world.write_reply(MA, "We found your bag, Marta.")
    seen = world.agents_reply(ref).sending
    world.outbox.move(ref, seen, Move("cancelled"))

    assert reply(ref, world.replying) == "settled"
    assert len(world.posts()) == 1
    assert not world.conversation(MA).person_spoke_at


def test_telegram_is_answered_in_its_chat(world: World) -> None:
    body = telegram_message(7, "My flight was terrible", at=world.clock.now())
    world.deliver("telegram", body)

    world.run()

    assert world.state(TELEGRAM) == "sent"
    assert len(world.posts("telegram")) == 1
    assert MARTA not in world.posts("telegram")[0]
