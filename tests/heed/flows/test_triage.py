"""What triage does with one change: decide once, hand over, and look again when told."""

import json
from dataclasses import replace
from typing import Any

import pytest

from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId
from heed.domain.reply import Sending, fingerprint
from heed.flows.triage import triage
from heed.ports import Arrival, Claim, Move, Note
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import (
    COMPLAINT,
    MARTA,
    OMAR,
    PAGE,
    QUESTION,
    X_ACCOUNT,
    comment,
    page_changes,
    x_deletion,
    x_message,
    x_own_message,
    x_post,
)
from tests.heed.flows.world import World

A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))
DM = f"x#{X_ACCOUNT}#message:{A}"
HARM = "@acmeair I am going to kill myself"
NATIVE = "Hello Marta, Ana here, we will call you."


@pytest.fixture
def world() -> World:
    return World()


def say(world: World, text: str = COMPLAINT, post: str = A, **more: Any) -> None:
    at = more.pop("at", world.clock.now())
    assert world.deliver("x", x_post(post, text, at=at, **more)).status == 200


def own(world: World, text: str = NATIVE, *, answers: str = A, post: str = "2199") -> None:
    at = world.clock.now()
    world.deliver(
        "x", x_post(post, text, at=at, author=X_ACCOUNT, event="post.create", answers=answers)
    )


def edit(world: World, text: str, post: str = A) -> None:
    world.clock.forward(s=1)
    say(world, text, post, versions=(post, post + "5"))


class Busy:
    """Conversations that others always write faster."""

    def __init__(self, world: World) -> None:
        self._real = world.conversations
        self.saves = 0

    def get(self, conversation: ConversationId) -> Conversation | None:
        return self._real.get(conversation)

    def save(self, conversation: Conversation) -> Conversation | None:
        self.saves += 1
        return None

    def list_cases(self, brand: str, state: Any, *, limit: int) -> list[Conversation]:
        return self._real.list_cases(brand, state, limit=limit)


def busy(world: World) -> Any:
    """Triage while the conversation is written by others again and again."""
    handing = replace(world.handing, conversations=Busy(world))
    return replace(world.triaging, handing=handing)


# Deciding.


def test_a_complaint_gets_the_slot_a_case_a_bell_and_a_rung_lane(world: World) -> None:
    say(world)

    assert world.triage() == ["acknowledge"]

    conversation = world.conversation(MA)
    assert conversation.ack is not None
    assert (conversation.ack.of, conversation.ack.kind) == (MA, "apology")
    assert world.case(MA).pending == (MA,)
    assert world.queue("work-acme-normal") == [{"case": conversation.id, "epoch": 1}]
    assert world.queue("reply-x") == [{"owner": f"mention#{MA}", "part": "-"}]
    assert world.state(MA) == "new"


def test_an_acknowledgement_costs_what_was_promised(world: World) -> None:
    say(world)
    [record] = world.records()
    world.controls.get("acme")

    with world.counted() as calls:
        triage(record, world.triaging)

    # One strong read, one of the author; one write; lane and bell.
    assert calls == {"dynamodb get_item": 2, "dynamodb put_item": 1, "sqs send_message": 2}


def test_a_hold_costs_what_was_promised(world: World) -> None:
    say(world, "my solicitor will write to you @acmeair")
    [record] = world.records()
    world.controls.get("acme")

    with world.counted() as calls:
        assert triage(record, world.triaging) == "queued"

    assert calls == {
        "dynamodb get_item": 1,
        "dynamodb put_item": 1,
        "dynamodb update_item": 1,
        "sqs send_message": 1,
    }
    assert world.stored(MA).reasons[0] == "legal"


def test_silence_is_one_write_on_the_mention(world: World) -> None:
    say(world, "@friend @acmeair see you", event="post.create", answers="9")
    [record] = world.records()
    world.controls.get("acme")

    with world.counted() as calls:
        assert triage(record, world.triaging) == "silent"

    assert calls == {"dynamodb get_item": 1, "dynamodb update_item": 1}
    assert world.stored(MA).reasons[0] == "carried"
    assert world.conversations.get(world.stored(MA).conversation) is None


def test_what_asks_for_nothing_or_has_no_brand_is_left_alone(world: World) -> None:
    say(world)
    [record] = world.records()

    assert triage(replace(record, todo=""), world.triaging) == "nothing"
    assert triage(replace(record, brand="sold"), world.triaging) == "nothing"
    waiting = replace(record, sending=Sending("planned"))
    assert triage(waiting, world.triaging) == "nothing"
    assert world.queue("reply-x") == []


def test_a_record_that_comes_again_rings_again_and_decides_nothing(world: World) -> None:
    say(world)
    [record] = world.records()
    triage(record, world.triaging)
    version = world.conversation(MA).version

    assert triage(record, world.triaging) == "acknowledge"

    assert world.conversation(MA).version == version
    assert len(world.queue("reply-x")) == 2


def test_an_old_record_of_a_decided_mention_binds_nothing(world: World) -> None:
    say(world, "@friend @acmeair terrible", event="post.create", answers="9")
    [record] = world.records()
    assert triage(record, world.triaging) == "silent"
    world.clock.forward(s=60)
    meant = replace(record, mention=replace(record.mention, naming="tag"))

    assert triage(meant, world.triaging) == "settled"

    assert world.conversations.get(record.conversation) is None


def test_an_old_record_of_an_undecided_mention_is_decided(world: World) -> None:
    say(world)
    world.clock.forward(s=60)

    assert world.triage() == ["acknowledge"]


def test_a_repeat_after_the_end_rings_and_pages_nobody(world: World) -> None:
    say(world, HARM)
    [record] = world.records()
    assert triage(record, world.triaging) == "queued"

    assert triage(record, world.triaging) == "settled"

    assert world.bells() == {"urgent": 1}
    assert len(world.sns.messages) == 1


def test_another_line_in_an_open_case_rings_no_bell(world: World) -> None:
    say(world)
    say(world, "@acmeair it is terrible", B, root=A)
    say(world, "@acmeair really terrible", C, root=A)
    world.triage()

    assert world.case(MA).pending == (MA, MB, MC)
    assert world.bells() == {"normal": 1}
    assert (world.state(MB), world.stored(MB).reasons[0]) == ("queued", "once")


def test_a_graver_line_rings_in_its_band(world: World) -> None:
    say(world)
    say(world, HARM, B, root=A)
    world.triage()

    assert world.bells() == {"normal": 1, "urgent": 1}
    assert world.queue("work-acme-urgent")[0]["epoch"] == world.case(MA).epoch == 2


def test_a_line_in_a_claimed_case_disturbs_nobody(world: World) -> None:
    say(world)
    world.triage()
    world.claim_case(MA)

    say(world, "@acmeair still terrible", B, root=A)
    world.triage()

    assert world.bells() == {"normal": 1}
    assert world.case(MA).pending == (MA, MB)


def test_a_page_carries_ids_and_no_words(world: World) -> None:
    say(world, HARM)
    world.triage()

    [page] = world.sns.messages
    told = json.loads(page["Message"])
    assert told == {
        "brand": "acme",
        "case": world.conversation(MA).id,
        "reason": "self_harm",
        "mention": MA,
    }
    assert "kill" not in str(page)


def test_praise_below_somebody_elses_complaint_is_silent(world: World) -> None:
    say(world)
    say(world, "@acmeair is wonderful", B, author=OMAR, root=A, answers=A)
    world.triage()

    assert (world.state(MB), world.stored(MB).reasons[0]) == ("silent", "praise_under_complaint")


def test_praise_below_ones_own_complaint_or_below_nothing_is_not(world: World) -> None:
    say(world)
    say(world, "@acmeair now it is wonderful", B, root=A)
    say(world, "@acmeair you are wonderful", C, author=OMAR, root="2099")
    world.triage()

    assert (world.state(MB), world.state(MC)) == ("queued", "new")


def test_nobody_who_opted_out_is_acknowledged_in_another_thread(world: World) -> None:
    say(world, "STOP", A)
    say(world, COMPLAINT, B)
    world.triage()

    assert world.state(MA) == "silent"
    assert (world.state(MB), world.stored(MB).reasons[0]) == ("queued", "opted_out")
    assert world.queue("reply-x") == []


def test_an_opt_out_without_an_author_binds_the_conversation(world: World) -> None:
    value = {**comment("1", "STOP", at=world.clock.now()), "item": "comment"}
    del value["from"]
    world.deliver("facebook", page_changes(value, at=world.clock.now(), field="mention"))
    mention = f"facebook#{PAGE}#comment:500_1"

    assert world.triage() == ["silent"]

    conversation = world.conversations.get(world.stored(mention).conversation)
    assert conversation is not None
    assert conversation.opted_out_at


def test_what_was_written_before_we_were_connected_is_never_answered(world: World) -> None:
    say(world)
    [record] = world.records()
    other = replace(record.mention, object_id=B)
    arrival = Arrival(other, "acme", record.conversation, world.clock.now(), source="backfill")
    world.inbox.put([arrival], 2.0)

    world.run()

    assert (world.state(MB), world.case(MB).band) == ("queued", "low")
    assert world.posts() == []


def test_a_watched_account_is_only_read() -> None:
    world = World(mode="watch")
    say(world)
    world.run()

    assert (world.state(MA), world.stored(MA).reasons[0]) == ("silent", "watch")
    assert world.posts() == []


# Races.


def test_a_conversation_that_never_rests_is_left_to_sweep(world: World) -> None:
    say(world)
    [record] = world.records()

    assert triage(record, busy(world)) == "contended"
    assert world.queue("reply-x") == []

    world.run(2)
    assert world.state(MA) == "sent"


def changes_to(world: World) -> dict[str, Any]:
    """Changes that write the conversation, each as triage finds it."""
    return {
        "a deletion before the text": lambda: world.deliver("x", x_deletion(A)),
        "an own post": lambda: own(world),
        "an edit for a person": lambda: edit(world, HARM),
    }


@pytest.mark.parametrize(
    "name", ["a deletion before the text", "an own post", "an edit for a person"]
)
def test_a_change_that_meets_a_busy_conversation_comes_again(name: str, world: World) -> None:
    say(world)
    world.triage()
    changes_to(world)[name]()
    [record] = world.records()

    assert triage(record, busy(world)) == "contended"
    assert world.stored(MA).todo

    world.run(3)
    assert world.state(MA) in ("gone", "cancelled", "queued")
    assert world.due() == [f"conv#{record.conversation}"]


def test_a_deletion_after_the_text_that_meets_a_busy_conversation_comes_again(
    world: World,
) -> None:
    say(world)
    world.run()
    world.deliver("x", x_deletion(A))
    [record] = world.records()

    assert triage(record, busy(world)) == "contended"

    world.run(3)
    assert "delete_ours" in world.case(MA).chores


def test_an_edit_of_a_finished_mention_that_meets_a_busy_conversation_comes_again(
    world: World,
) -> None:
    say(world, "@friend @acmeair see you", event="post.create", answers="9")
    world.run()
    edit(world, COMPLAINT)
    [record] = world.records()

    assert triage(record, busy(world)) == "contended"

    world.run(3)
    assert world.state(MA) == "queued"


def test_a_stopped_edit_whose_slot_cannot_be_passed_on_comes_again(world: World) -> None:
    say(world)
    world.triage()
    edit(world, HARM)
    [record] = world.records()

    class OnceBusy(Busy):
        def save(self, conversation: Conversation) -> Conversation | None:
            self.saves += 1
            return self._real.save(conversation) if self.saves == 1 else None

    handing = replace(world.handing, conversations=OnceBusy(world))
    assert triage(record, replace(world.triaging, handing=handing)) == "contended"

    world.run(3)
    assert world.state(MA) == "queued"
    assert world.posts() == []


# Edits.


def test_an_edit_that_changes_nothing_for_us_needs_nobody(world: World) -> None:
    say(world)
    world.run()
    bells = world.bells()
    edit(world, COMPLAINT + " Gate 12.")

    assert world.triage() == ["edited"]

    assert world.bells() == bells
    assert world.stored(MA).todo == ""
    assert world.stored(MA).mention.text.endswith("Gate 12.")


def test_a_kind_word_that_a_person_saw_and_that_becomes_a_complaint_needs_one_again(
    world: World,
) -> None:
    say(world, "@acmeair what a day")
    world.run()
    conversation = world.claim_case(MA)
    assert conversation.case is not None
    world.conversations.save(replace(conversation, case=replace(conversation.case, pending=())))
    edit(world, COMPLAINT)

    assert world.triage() == ["edited"]

    assert (world.state(MA), world.case(MA).pending) == ("sent", (MA,))
    assert len(world.posts()) == 1


def test_an_edit_before_anything_was_decided_is_what_is_decided_on(world: World) -> None:
    say(world, QUESTION)
    world.records()
    edit(world, COMPLAINT)

    assert world.triage() == ["acknowledge"]

    ack = world.conversation(MA).ack
    assert ack is not None
    assert ack.kind == "apology"
    world.run()
    assert world.state(MA) == "sent"


def test_a_harmless_edit_before_the_text_leaves_keeps_it(world: World) -> None:
    say(world)
    world.triage()
    edit(world, COMPLAINT + " Gate 12.")

    world.run()

    assert world.state(MA) == "sent"
    assert len(world.posts()) == 1


def test_an_edit_while_the_text_leaves_waits_for_the_sender(world: World) -> None:
    say(world)
    world.triage()
    held = claimed(world)
    edit(world, HARM)

    assert world.triage() == ["in_flight"]
    assert world.stored(MA).todo == "edit"

    world.outbox.move(world.ref(MA), held, Move("sent", reply_id="77"))
    assert world.triage() == ["edited"]
    assert world.case(MA).band == "urgent"
    assert len(world.sns.messages) == 1


def claimed(world: World, mention: str = MA) -> Sending:
    now = world.clock.now()
    claim = Claim("sending", "w", now + 90_000, now, fingerprint="f", outcome="acknowledge")
    held = world.outbox.claim(world.ref(mention), world.stored(mention).sending, claim)
    assert held is not None
    return held


def test_a_grave_edit_behind_a_colleagues_post_meets_a_busy_conversation_and_comes_again(
    world: World,
) -> None:
    say(world)
    world.triage()
    edit(world, HARM)
    own(world)
    [_, record] = world.records()

    assert triage(record, busy(world)) == "contended"

    world.run(3)
    assert (world.case(MA).page, world.case(MA).band, world.posts()) == (True, "urgent", [])


def test_silence_that_becomes_grave_goes_to_people(world: World) -> None:
    say(world, "@friend @acmeair see you", event="post.create", answers="9")
    world.run()
    edit(world, HARM)

    assert world.triage() == ["queued"]

    assert world.case(MA).band == "urgent"
    assert len(world.sns.messages) == 1


# Deletions.


def test_a_deletion_while_the_text_leaves_waits_for_the_sender(world: World) -> None:
    say(world)
    world.triage()
    held = claimed(world)
    world.deliver("x", x_deletion(A))

    assert world.triage() == ["in_flight"]
    assert "c" in world.item(MA)

    world.outbox.move(world.ref(MA), held, Move("planned", look_at=world.clock.now()))
    assert world.triage()[0] == "deleted"
    assert world.state(MA) == "gone"
    assert "c" not in world.item(MA)


def test_a_deletion_below_which_our_text_may_stand_gives_its_slot_to_nobody(world: World) -> None:
    say(world)
    world.triage()
    sending = claimed(world)
    world.outbox.move(world.ref(MA), sending, Move("parked", reason="no_lookup"))
    world.clock.forward(s=1)

    world.deliver("x", x_deletion(A))
    world.run()

    assert world.state(MA) == "parked"
    assert "delete_ours" in world.case(MA).chores
    ack = world.conversation(MA).ack
    assert ack is not None
    assert ack.of == MA


def test_a_deletion_keeps_the_key_for_thirty_days(world: World) -> None:
    say(world)
    world.run()
    world.deliver("x", x_deletion(A))
    world.run()

    days = (int(world.item(MA)["exp"]["N"]) - world.clock.now() / 1000) / 86_400
    assert days == pytest.approx(30, abs=0.01)
    say(world)
    assert world.records() == []
    assert world.meter.counts["duplicate"] == 1


def test_a_change_that_overtakes_a_deletion_leaves_its_end_to_the_next_record(
    world: World,
) -> None:
    say(world)
    world.triage()
    world.deliver("x", x_deletion(A))
    [record] = world.records()
    own(world)

    assert triage(record, world.triaging) == "changed"

    world.run()
    assert world.state(MA) == "gone"


# Own posts.


def test_the_mark_of_an_answer_to_nothing_of_ours_is_settled(world: World) -> None:
    own(world, answers="2050")

    assert world.triage() == ["mark"]
    assert world.due() == []


def test_a_native_answer_cancels_and_flags(world: World) -> None:
    say(world)
    world.triage()
    own(world)

    assert world.triage() == ["answered_elsewhere"]

    assert (world.state(MA), world.posts()) == ("cancelled", [])
    assert "answered_elsewhere" in world.case(MA).flags
    assert world.conversation(MA).person_spoke_at == world.clock.now()
    world.run(3)
    assert world.posts() == []


def test_a_native_answer_to_a_draft_takes_it_off_the_desk() -> None:
    world = World(mode="draft")
    say(world)
    world.run()
    assert len(world.mentions.drafts("acme", 10)) == 1

    own(world)
    world.run()

    assert world.mentions.drafts("acme", 10) == []
    assert world.state(MA) == "cancelled"


def test_a_native_answer_loses_to_a_newer_change(world: World) -> None:
    say(world)
    world.triage()
    own(world)
    [record] = world.records()
    world.deliver("x", x_deletion(A))

    assert triage(record, world.triaging) == "changed"

    world.run()
    assert world.state(MA) == "gone"


def test_our_echo_with_a_handle_in_front_is_no_colleague(world: World) -> None:
    say(world)
    world.triage()
    now = world.clock.now()
    claim = Claim("sending", "w", now + 90_000, now, fingerprint=fingerprint("Hi, we read it."))
    world.outbox.claim(world.ref(MA), world.stored(MA).sending, claim)
    own(world, "@marta_reads Hi, we read it.", post="2188")

    assert world.triage()[0] == "proof"

    assert (world.state(MA), world.stored(MA).sending.reply_id) == ("sent", "2188")
    assert not world.conversation(MA).person_spoke_at


def test_an_echo_proves_what_was_parked(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was terrible", at=world.clock.now()))
    world.twin("x").faults.add(Fault("lose_answer"))
    world.run(3)
    assert world.state(DM) == "parked"
    [post] = world.twin("x").visible_posts()

    world.deliver("x", x_own_message(post.id, post.text, at=world.clock.now()))
    world.run()

    assert (world.state(DM), world.stored(DM).sending.reply_id) == ("sent", post.id)


def test_an_echo_of_a_persons_reply_is_theirs(world: World) -> None:
    say(world)
    world.run()
    say(world, "@acmeair again terrible", B, root=A)
    world.run()
    world.claim_case(MA)
    other = world.write_reply(MB, "We found it, Marta.", reply_id="r0")
    ref = world.write_reply(MA, "We found it, Marta.")
    for one in (other, ref):
        now = world.clock.now()
        seen = world.agents_reply(one).sending
        seal = fingerprint("We found it, Marta.")
        world.outbox.claim(one, seen, Claim("sending", "w", now + 90_000, now, fingerprint=seal))
    conversation = world.conversation(MA).id
    world.timeline.add_note(Note(conversation, world.clock.now(), "n", "note", "ana", "look"))
    world.clock.forward(s=5)

    own(world, "@marta_reads We found it, Marta.", post="2166")
    assert world.triage() == ["proof"]

    assert world.agents_reply(ref).sending.reply_id == "2166"
    assert world.agents_reply(other).sending.state == "sending"
    assert world.conversation(MA).person_spoke_at == world.clock.now()


def test_a_private_answer_by_a_colleague_stops_the_text(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was terrible", at=world.clock.now()))
    world.triage()
    world.clock.forward(s=5)
    world.deliver("x", x_own_message(B, "Ana here, hello", at=world.clock.now()))

    assert world.triage() == ["answered_elsewhere"]

    world.run(3)
    assert (world.state(DM), world.posts()) == ("cancelled", [])
    assert "answered_elsewhere" in world.case(DM).flags
    assert world.due() == [f"conv#{world.conversation(DM).id}"]


def test_a_private_message_that_we_begin_is_remembered(world: World) -> None:
    world.deliver("x", x_own_message(B, "Hello Marta, this is Acme", at=world.clock.now()))

    assert world.triage() == ["answered_elsewhere"]

    world.clock.forward(s=5)
    world.deliver("x", x_message(A, "your bag is terrible", at=world.clock.now()))
    world.run()
    # Somebody of ours is talking to Marta already.
    assert (world.state(DM), world.posts()) == ("queued", [])


def test_a_private_answer_to_a_slot_whose_mention_is_forgotten_is_noted(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was terrible", at=world.clock.now()))
    world.run()
    conversation = world.conversation(DM)
    world.dynamo.delete_item(
        TableName=world.table, Key={"pk": {"S": f"mention#{DM}"}, "sk": {"S": "-"}}
    )

    world.deliver("x", x_own_message(B, "Ana here, hello", at=world.clock.now()))
    assert world.triage() == ["answered_elsewhere"]

    saved = world.conversations.get(conversation.id)
    assert saved is not None
    assert saved.person_spoke_at


def test_a_message_is_of_its_author_only(world: World) -> None:
    at = world.clock.now()
    world.deliver("x", x_message(A, "terrible", at=at, author=MARTA))
    world.deliver("x", x_own_message(B, "hello Omar", at=at, to=OMAR))

    world.run()

    assert world.state(DM) == "sent"
