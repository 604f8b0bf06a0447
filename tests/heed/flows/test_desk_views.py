from dataclasses import replace

import pytest

from heed.domain.mention import MentionId
from heed.domain.reply import fingerprint, machine_reply
from heed.errors import ForbiddenError, InvalidRequestError, NotFoundError
from heed.flows import desk
from heed.flows.desk_answers import Answer, Ending, answer, resolve
from heed.flows.desk_claims import Wish, claim
from heed.flows.desk_views import (
    CaseDetail,
    MentionEntry,
    list_cases,
    show_case,
    show_mention,
)
from heed.ports import Claim, Move, StoredMention
from tests.heed.flows.desks import (
    ANA,
    BEN,
    BOTH,
    STRANGER,
    World,
    give_slot,
    make_case,
    make_draft,
    make_mention,
    make_world,
    write,
)

TEXT = "Hi Sam, your bag is on its way."


def mentions_of(detail: CaseDetail) -> list[MentionEntry]:
    return [entry for entry in detail.timeline if isinstance(entry, MentionEntry)]


def claim_surely(world: World) -> None:
    assert claim(Wish(), ANA, world.desk)


def set_conversation_ack(world: World, stored: StoredMention, kind: str, language: str) -> None:
    conversation = world.conversation(stored.conversation)
    assert conversation.ack is not None
    ack = replace(conversation.ack, kind=kind, language=language)
    assert world.desk.handing.conversations.save(replace(conversation, ack=ack))


def test_cases_are_listed_by_state_the_most_urgent_first() -> None:
    world = make_world()
    low = make_case(world, make_mention(world, author="1"), band="low")
    urgent = make_case(world, make_mention(world, author="2"), band="urgent")
    zenith = make_case(world, make_mention(world, author="3", brand="zenith"))

    assert [c.id for c in list_cases("open", "", 9, agent=BOTH, s=world.desk)] == [
        urgent,
        zenith,
        low,
    ]
    assert [c.id for c in list_cases("open", "", 1, agent=BOTH, s=world.desk)] == [urgent]
    assert [c.id for c in list_cases("open", "acme", 9, agent=BOTH, s=world.desk)] == [urgent, low]
    claim_surely(world)
    (held,) = list_cases("claimed", "", 9, agent=ANA, s=world.desk)
    assert (held.id, held.is_mine) == (urgent, True)
    assert not list_cases("claimed", "", 9, agent=BEN, s=world.desk)[0].is_mine


def test_cases_of_another_brand_or_state_are_not_listed() -> None:
    world = make_world()

    with pytest.raises(ForbiddenError):
        list_cases("open", "zenith", 9, agent=ANA, s=world.desk)
    with pytest.raises(InvalidRequestError):
        list_cases("resolved", "", 9, agent=ANA, s=world.desk)


def test_a_case_is_shown_with_everything_that_was_said() -> None:
    world = make_world()
    first = make_mention(world, "where is my bag?")
    case = make_case(world, first)
    claim_surely(world)
    wanted = Answer(epoch=2, mention=first.mention.id, text=TEXT, reply_id="r1")
    answer(case, wanted, ANA, world.desk)
    world.backend.clock.forward(s=1)
    desk.add_note(case, None, "bag is in Leeds", agent=BEN, s=world.desk)
    world.backend.clock.forward(s=1)
    second = write(world, "thank you", first)
    make_case(world, second)

    detail = show_case(case, ANA, world.desk)

    assert [entry.kind for entry in detail.timeline] == ["mention", "reply", "note", "mention"]
    asked, reply, note, thanks = detail.timeline
    assert isinstance(asked, MentionEntry)
    assert (asked.text, asked.author_name, asked.author_handle) == (
        "where is my bag?",
        "Sam Field",
        "user7",
    )
    assert (asked.state, asked.outcome, asked.is_pending) == ("queued", "hold", False)
    assert (reply.id, reply.kind) == ("r1", "reply")
    assert (note.id[:7], note.kind) == ("attempt", "note")
    assert isinstance(thanks, MentionEntry)
    assert thanks.is_pending
    assert detail.case.epoch == 2
    assert detail.case.pending == (second.mention.id,)


def test_reading_changes_nothing() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))
    claim_surely(world)
    before = world.backend.dynamo.items(world.backend.table)

    show_case(case, ANA, world.desk)

    assert world.backend.dynamo.items(world.backend.table) == before


def test_a_case_is_shown_with_the_rules_of_its_channel() -> None:
    world = make_world()
    case = make_case(world, make_mention(world, summoned=False))

    detail = show_case(case, ANA, world.desk)

    assert (detail.channel.platform, detail.channel.text_max) == ("x", 280)
    assert "call +44 800 123 4567" in detail.channel.contacts
    assert {clause.id for clause in detail.channel.clauses} >= {"not_summoned"}
    (entry,) = mentions_of(detail)
    assert (entry.verdict.ruling, entry.verdict.clause) == ("refuse", "not_summoned")
    assert entry.verdict_private.ruling == "allow"


def test_what_an_index_has_not_caught_up_with_is_shown_when_it_is_pending() -> None:
    world = make_world()
    assert world.backend.name == "memory"
    stored = make_mention(world)
    case = make_case(world, stored)
    conversation = world.conversation(case)
    assert conversation.case is not None
    gone = replace(conversation.case, pending=(stored.mention.id, MentionId("x#111#post:0")))
    world.desk.handing.conversations.save(replace(conversation, case=gone))
    world.backend.dynamo.index_lag_ms = 10**9

    assert [entry.id for entry in mentions_of(show_case(case, ANA, world.desk))] == [
        stored.mention.id
    ]


def test_what_would_turn_the_desk_around_is_taken_out_of_texts() -> None:
    world = make_world()
    case = make_case(world, make_mention(world, "pay\u202eme\x07now", name="S\u2066am"))

    (entry,) = mentions_of(show_case(case, ANA, world.desk))

    assert (entry.text, entry.author_name) == ("paymenow", "Sam")


def test_the_machines_words_are_shown_before_and_after_they_leave() -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, ack=True)

    (planned,) = mentions_of(show_case(case, ANA, world.desk))
    ref = machine_reply(stored.mention.id)
    taken = Claim(
        "sending", "w", world.now + 9, world.now, fingerprint=fingerprint(planned.machine_text)
    )
    held = world.desk.outbox.claim(ref, stored.sending, taken)
    assert held is not None
    world.desk.outbox.move(ref, held, Move("sent", reply_id="99"))
    (sent,) = mentions_of(show_case(case, ANA, world.desk))

    assert planned.machine_text.startswith("Hi Sam")
    assert planned.machine_text.endswith("(automatic reply)")
    assert (sent.state, sent.machine_text) == ("sent", planned.machine_text)


def test_words_that_have_changed_since_they_were_sent_are_not_made_up() -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, ack=True)
    taken = Claim("sending", "w", world.now + 9, world.now, fingerprint=fingerprint("old words"))
    world.desk.outbox.claim(machine_reply(stored.mention.id), stored.sending, taken)

    assert mentions_of(show_case(case, ANA, world.desk))[0].machine_text == ""


@pytest.mark.parametrize(("kind", "language"), [("thanks", "en"), ("apology", "pl")])
def test_words_that_the_brand_does_not_have_are_not_made_up(kind: str, language: str) -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, ack=True)
    set_conversation_ack(world, stored, kind, language)

    assert mentions_of(show_case(case, ANA, world.desk))[0].machine_text == ""


def test_a_cancelled_acknowledgement_has_no_words_and_a_draft_has_its_own() -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, ack=True)
    make_draft(world, stored, "Hi, a draft.")

    assert mentions_of(show_case(case, ANA, world.desk))[0].machine_text == "Hi, a draft."
    claim_surely(world)
    resolve(case, Ending(2, "solved", (stored.mention.id,)), ANA, world.desk)
    assert mentions_of(show_case(case, ANA, world.desk))[0].machine_text == ""


def test_a_case_of_another_brand_is_not_shown() -> None:
    world = make_world()
    case = make_case(world, make_mention(world))

    with pytest.raises(NotFoundError):
        show_case(case, STRANGER, world.desk)


def test_a_mention_is_shown_with_its_state_and_its_reasons() -> None:
    world = make_world()
    stored = make_mention(world)
    case = make_case(world, stored, reason="legal")

    view = show_mention(stored.mention.id, ANA, world.desk)

    assert (view.id, view.case, view.brand) == (stored.mention.id, case, "acme")
    assert (view.state, view.outcome, view.reasons) == ("queued", "hold", ("legal",))
    assert view.event_at == view.received_at
    assert view.draft == ""


def test_a_mention_that_is_decided_but_not_sent_shows_what_the_conversation_knows() -> None:
    world = make_world()
    stored = make_mention(world)
    undecided = show_mention(stored.mention.id, ANA, world.desk)
    make_case(world, stored, ack=True)

    decided = show_mention(stored.mention.id, ANA, world.desk)

    assert (undecided.state, undecided.outcome, undecided.reasons) == ("new", "", ())
    assert (decided.state, decided.outcome, decided.reasons) == ("new", "acknowledge", ("apology",))


def test_a_draft_shows_its_words_and_a_platform_may_tell_no_time() -> None:
    world = make_world()
    stored = make_mention(world)
    give_slot(world, stored)
    make_draft(world, stored, "Hi, a draft.")
    world.backend.dynamo.update_item(
        TableName=world.backend.table,
        Key={"pk": {"S": f"mention#{stored.mention.id}"}, "sk": {"S": "-"}},
        UpdateExpression="REMOVE et",
    )

    view = show_mention(stored.mention.id, ANA, world.desk)

    assert (view.draft, view.outcome, view.event_at) == ("Hi, a draft.", "acknowledge", 0)


def test_a_mention_of_another_brand_is_not_shown() -> None:
    world = make_world()
    stored = make_mention(world)

    with pytest.raises(NotFoundError):
        show_mention(stored.mention.id, STRANGER, world.desk)
