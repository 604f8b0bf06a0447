"""The stories of the requirements, by their number: situation, decision, text, queue.

What is decided here is what the domain decides; what stores and platforms add to a story is tested
where the flows are."""

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from heed import brand
from heed.domain import case as cases
from heed.domain import conversation as conversations
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.domain.conversation import ANSWERED_ELSEWHERE, Conversation, reserve
from heed.domain.decision import Context, Decision, Sentiment, decide
from heed.domain.mention import MASK, Author, Mention, conversation_id, mask_cards
from heed.domain.policy import Control, Send, check
from heed.domain.reply import FINAL, agent_reply, machine_reply
from heed.domain.voice import TEXT_KINDS, TextKind, compose
from heed.triage.verdict import judge, to_json
from tests.heed.domain.givens import NOON, case, conversation, mention, policy

BRANDS = brand.load()
VOICE = BRANDS.voices["acme"]
LIVE = Control(mode="live")
# Thanks, joy, questions, numbers, links; somebody's name; anything about the author.
UNWANTED = re.compile(
    r"thank|glad|love|great|happy|\?|\d{4}|https?:|\b(?:Ana|Ben|Hill)\b|customer"
    r"|your (?:order|account|flight|booking)",
    re.IGNORECASE,
)


def said(text: str, **changes: Any) -> Mention:
    """A public post that names us, an hour old at most, unless the story says otherwise."""
    return mention(mask_cards(text), **changes)


def told(
    what: Mention,
    known: Conversation | None = None,
    *,
    received_at: int = NOON,
    root_mood: Sentiment | None = None,
    **context: Any,
) -> tuple[Decision, Conversation]:
    """What is decided about a mention, and the conversation with the decision written into it."""
    known = known or conversation(id=conversation_id(what, "acme"))
    decision = decide(
        what,
        Context(
            verdict=judge(what.text, what.language),
            root_mood=root_mood,
            case=known.case,
            last_speaker=known.last_speaker,
            person_spoke_at=known.person_spoke_at,
            slot_taken=known.slot_is_taken(received_at),
            opted_out=bool(known.opted_out_at),
            **{"control": LIVE, **context},
        ),
        policy(),
        received_at,
    )
    return decision, reserve(known, what.id, decision, received_at)


def text_for(what: Mention, decision: Decision) -> str:
    assert decision.outcome == "acknowledge"
    kind: TextKind = "apology" if decision.reason == "apology" else "neutral"
    return compose(
        VOICE,
        kind,
        mention_id=what.id,
        language=decision.language,
        platform=what.platform,
        display_name=what.author.name,
    ).text


def assert_machine_text(text: str) -> None:
    assert text.endswith("(automatic reply)")
    assert not UNWANTED.search(text)
    assert text.isascii()


def test_the_texts_of_every_story_keep_the_rules_of_the_first_paragraph() -> None:
    for kind in TEXT_KINDS:
        for platform in BRANDS.platforms:
            for number in range(60):
                assert_machine_text(
                    compose(
                        VOICE,
                        kind,
                        mention_id=f"x#1#post:{number}",
                        language="en",
                        platform=platform,
                        display_name="Sam Hill",
                    ).text
                )


def test_an_author_gets_one_text_a_thread_and_day() -> None:
    first, after = told(said("my flight was cancelled", object_id="1"))
    second, later = told(said("hello?! my flight!", object_id="2", root_id="1"), after)
    third, _ = told(
        said("still nothing, my flight was cancelled", object_id="3", event_at=NOON + DAY_MS),
        later,
        received_at=NOON + DAY_MS,
    )

    assert (first.outcome, second.outcome, third.outcome) == ("acknowledge", "hold", "acknowledge")


@pytest.mark.parametrize("text", ["🔥🔥🔥 @b", "", "👏", "@b https://t.co/pic"])
def test_story_04_pictures_alone_are_silent_and_may_be_liked(text: str) -> None:
    decision, after = told(said(text, media=1))

    assert (decision.outcome, decision.reason, decision.chores) == ("silent", "no_text", ("like",))
    assert (decision.band, after.case) == (None, None)


def test_story_04_a_picture_in_an_open_case_is_shown_to_people() -> None:
    picture = said("@b", media=1)

    decision, after = told(picture, conversation(case=case()))

    assert (decision.outcome, decision.band) == ("silent", "low")
    assert after.case is not None
    assert picture.id in after.case.pending
    assert after.case.band == "normal"


HELD: dict[str, tuple[str, str, str, bool, tuple[str, ...]]] = {
    "06": ("self_harm", "urgent", "lead", True, (
        "you froze my money, I don't want to be here anymore",
        "I swear I am going to end my life over this debt",
        "nothing left to live for, thanks @b",
    )),
    "07": ("safety", "urgent", "safety", True, (
        "your charger burned my son",
        "the battery caught fire in the kitchen",
        "found glass in my baby's food",
    )),
    "08": ("threat", "urgent", "security", True, (
        "I'll come to your Leeds shop, you'll regret it",
        "someone should burn down your warehouse",
        "I know where your staff live",
    )),
    "09": ("legal", "urgent", "legal", False, (
        "you'll hear from my solicitor",
        "off to the ombudsman",
        "see you in small claims court",
    )),
    "11": ("data_request", "urgent", "privacy", False, (
        "send me all data you hold on me",
        "this is a subject access request",
        "what data do you have about me?",
    )),
    "28": ("press", "urgent", "press", True, (
        "I'm with the Post, comment by 5pm?",
        "journalist here, who is your spokesperson?",
        "requesting comment for an article on the outage",
    )),
    "31": ("personal_data", "urgent", "privacy", False, (
        "4111 1111 1111 1111 charged twice",
        "my card 4111-1111-1111-1111 123 does not work",
        "３７８２ ８２２４６３ １０００５ was declined",
    )),
}  # fmt: skip


def assert_held(story: str) -> list[Decision]:
    mark, band, skill, page, texts = HELD[story]
    decisions = []
    for what in (said(t, visibility=v) for t in texts for v in ("public", "private")):
        decision, after = told(what)
        assert (decision.outcome, decision.reason) == ("hold", mark)
        assert (decision.band, decision.skill, decision.page) == (band, skill, page)
        assert after.ack is None
        assert after.case is not None
        assert (after.case.reason, after.case.page) == (mark, page)
        decisions.append(decision)
    return decisions


def test_story_06_self_harm() -> None:
    assert_held("06")


def test_story_07_safety() -> None:
    assert_held("07")


def test_story_08_threat() -> None:
    assert_held("08")


def test_story_09_legal() -> None:
    assert_held("09")


@pytest.mark.parametrize(
    "calm", ["my parcel is lost", "I was charged twice", "my internet is down"]
)
@pytest.mark.parametrize("threat", ["you have 48 h or I go viral", "fix it by Friday or else"])
def test_story_10_an_ultimatum_is_a_flag_and_nothing_more(calm: str, threat: str) -> None:
    without, _ = told(said(calm))
    having, after = told(said(f"{calm}, {threat}"))

    assert having.flags == ("ultimatum",)
    assert replace(having, flags=(), reasons=()) == replace(without, flags=(), reasons=())
    assert text_for(said(calm), having) == text_for(said(calm), without)
    assert after.case is not None
    assert after.case.flags == ("ultimatum",)


def test_story_11_data_request() -> None:
    assert all(decision.due_at <= NOON + 28 * DAY_MS for decision in assert_held("11"))


@pytest.mark.parametrize(
    "text", ["STOP", "stop messaging me", "@b stop", "please stop", "Unsubscribe"]
)
def test_story_12_stop_is_silent_and_binds_from_then_on(text: str) -> None:
    decision, after = told(said(text, visibility="private"))
    later, _ = told(said("my flight was cancelled", visibility="private", object_id="2"), after)

    assert (decision.outcome, decision.reason, decision.band) == ("silent", "opt_out", None)
    assert after.opted_out_at == NOON
    assert (later.outcome, later.reason, later.band) == ("hold", "opted_out", "normal")


def test_story_12_an_open_case_stays_with_a_person() -> None:
    known = conversation(case=case())

    _, after = told(said("STOP"), known)

    assert after.case == known.case
    assert after.opted_out_at == NOON


@pytest.mark.parametrize(
    "text",
    [
        "please stop cancelling my trains",
        "stop delaying my flight every single week",
        "can you stop losing my parcels",
    ],
)
def test_story_13_a_complaint_that_says_stop_is_no_opt_out(text: str) -> None:
    what = said(text)

    decision, after = told(what)

    assert (decision.outcome, decision.reason, decision.band) == (
        "acknowledge",
        "apology",
        "normal",
    )
    assert after.opted_out_at == 0
    assert_machine_text(text_for(what, decision))


@pytest.mark.parametrize(
    "text", ["my flight was cancelled", "I was charged twice", "who flies to Hull?"]
)
def test_story_17_twenty_or_millions_of_followers_get_the_same(text: str) -> None:
    small, _ = told(said(text, author=Author(id="9", reach=20)))
    great, _ = told(said(text, author=Author(id="9", reach=4_200_000)))

    assert great.flags == ("reach",)
    assert replace(great, flags=()) == small


@pytest.mark.parametrize("name", ["Not Happy", "FIX MY BUS", "Dr", "🌸", "null"])
def test_story_19_a_display_name_that_is_no_name_is_not_used(name: str) -> None:
    what = said("my flight was cancelled", author=Author(id="9", name=name))

    decision, _ = told(what)
    text = text_for(what, decision)

    assert decision.reason == "apology"
    assert text.startswith("Hi, ")
    assert name not in text


@pytest.mark.parametrize(
    "text", ["all good now, thanks!", "works now, cheers", "perfect, thank you"]
)
def test_story_21_thanks_after_a_solved_case_leave_it_solved(text: str) -> None:
    known = conversation(case=case("resolved", pending=(), resolved_at=NOON))

    decision, after = told(said(text), known)

    assert (decision.outcome, decision.reason, decision.chores) == (
        "silent",
        "courtesy",
        ("like",),
    )
    assert after.case == known.case


@pytest.mark.parametrize("text", ["thank you ❤️", "thanks!", "ok great thank you so much 🙏"])
def test_story_22_thanks_for_our_words_are_not_thanked(text: str) -> None:
    _, known = told(said("great flight today", object_id="1"))

    decision, after = told(said(text, object_id="2", root_id="1", naming="direct"), known)

    assert (decision.outcome, decision.reason) == ("silent", "courtesy")
    assert replace(after, decided=()) == replace(known, decided=())


def test_story_23_another_bot_is_not_answered() -> None:
    bot = Author(id="77", name="Help Bot", automated=True)

    decision, after = told(said("Hi Sam, we have your message. (automatic reply)", author=bot))

    assert (decision.outcome, decision.reason, decision.band) == (
        "silent",
        "automated_author",
        None,
    )
    assert after.case is None


def test_story_23_a_bot_that_does_not_say_so_gets_one_text_only() -> None:
    known, texts = None, 0
    for number in range(6):
        answer = said(
            "Hi, we have your message and a person will read it. (automatic reply)",
            object_id=str(number),
            root_id="0",
            naming="direct",
        )
        decision, known = told(answer, known, received_at=NOON + number * MINUTE_MS)
        texts += decision.outcome == "acknowledge"

    assert texts == 1


def test_story_24_who_joins_a_complaint_has_a_case_of_their_own() -> None:
    a = said("you cancelled my flight", object_id="1", author=Author(id="a", name="Ada Lace"))
    b = said(
        "same, order 2231",
        object_id="2",
        root_id="1",
        parent_id="1",
        naming="direct",
        author=Author(id="b", name="Ben Okri"),
    )

    first, of_a = told(a)
    second, of_b = told(b, root_mood=judge(a.text).sentiment)

    assert of_a.id != of_b.id
    assert (first.outcome, first.band) == ("acknowledge", "normal")
    assert (second.outcome, second.band) == ("acknowledge", "normal")
    assert of_b.case is not None
    assert of_b.case.pending == (b.id,)
    text = text_for(b, second)
    assert "Ada" not in text
    assert "2231" not in text
    assert machine_reply(b.id).owner == f"mention#{b.id}"
    assert agent_reply(of_b.id, NOON, "r1").owner == f"conv#{of_b.id}"


@pytest.mark.parametrize("text", ["be nice, @b is great", "I love @b", "they are lovely people"])
def test_story_25_praise_under_a_complaint_is_not_thanked(text: str) -> None:
    root = judge("you cancelled my flight, again")

    decision, after = told(said(text, root_id="1", naming="direct"), root_mood=root.sentiment)

    assert (decision.outcome, decision.reason, decision.chores) == (
        "silent",
        "praise_under_complaint",
        ("like",),
    )
    assert after.case is None


@pytest.mark.parametrize("text", ["@friend @b lol see you at 8", "@friend @b no way, you too?"])
def test_story_26_a_handle_that_was_only_carried_along_is_no_mention(text: str) -> None:
    decision, after = told(said(text, naming="carried", summoned=False))

    assert (decision.outcome, decision.reason, decision.band) == ("silent", "carried", None)
    assert decision.reasons[0] == "carried"
    assert after.case is None


def test_story_27_a_quote_is_decided_on_its_own_words() -> None:
    what = said("look at this @b", quotes="1")

    decision, after = told(what, root_mood="negative")

    assert (decision.outcome, decision.reason, decision.band) == ("acknowledge", "neutral", "low")
    assert after.case is not None
    assert after.case.flags == ("quote",)
    assert_machine_text(text_for(what, decision))


def test_story_27_own_words_that_complain_are_a_complaint() -> None:
    decision, _ = told(said("they lost my bag too @b", quotes="1"))

    assert (decision.reason, decision.band, decision.flags) == ("apology", "normal", ("quote",))


def test_story_27_a_bare_repost_is_silent() -> None:
    decision, after = told(said("you cancelled my flight", is_repost=True))

    assert (decision.outcome, decision.reason, after.case) == ("silent", "repost", None)


def test_story_28_press() -> None:
    assert all(decision.due_at == NOON + 30 * MINUTE_MS for decision in assert_held("28"))


def test_story_31_card_number() -> None:
    for decision in assert_held("31"):
        assert decision.chores == ("hide",)
    for text in HELD["31"][-1]:
        what = said(text)
        decision, _ = told(what)
        seen = repr(what) + to_json(judge(what.text)) + repr(decision)
        assert MASK in what.text
        assert not re.search(r"4111|822463", unicodedata.normalize("NFKC", seen))


@pytest.mark.parametrize("number", ["4111111111111112", "4111 1111 1111 1112", "1234567812345678"])
def test_story_32_an_order_number_is_no_card(number: str) -> None:
    what = said(f"order {number} never arrived")

    decision, _ = told(what)
    text = text_for(what, decision)

    assert number in what.text
    assert (decision.outcome, decision.reason, decision.band) == (
        "acknowledge",
        "apology",
        "normal",
    )
    assert number[:4] not in text


def test_story_34_deleted_before_our_text_frees_the_slot_for_the_next() -> None:
    first, second = (
        said("my bag is lost", object_id="1"),
        said("hello?", object_id="2", root_id="1"),
    )
    _, known = told(first)
    _, known = told(second, known)

    after = conversations.pass_on(known, first.id)

    assert after.ack is not None
    assert after.ack.of == second.id
    assert {"cancelled", "gone"} <= FINAL
    assert conversations.pass_on(after, second.id).ack is None


def test_story_34_deleted_after_our_text_asks_people_to_take_it_back() -> None:
    what = said("my bag is lost")
    _, known = told(what)
    chore = Decision("hold", "deleted_after_reply", "low", NOON + DAY_MS, chores=("delete_ours",))

    after = reserve(known, what.id, chore, NOON + HOUR_MS)

    assert after.case is not None
    assert after.case.chores == ("delete_ours",)
    assert after.case.flags == ("deleted_after_reply",)
    assert after.case.pending == (what.id,)


def test_story_37_a_colleague_who_answers_in_the_app_ends_the_machines_part() -> None:
    what = said("my flight was cancelled", event_at=NOON)
    _, known = told(what)

    after = conversations.person_spoke(known, NOON + MINUTE_MS)
    late, _ = told(what, after, answered_natively=True)

    assert after.person_spoke_at == NOON + MINUTE_MS
    assert after.case is not None
    assert ANSWERED_ELSEWHERE in after.case.flags
    assert (late.outcome, late.reason) == ("silent", "answered_elsewhere")
    assert check(sending(already_answered=True), ()).clause == "once"


def test_story_37_a_colleague_who_claims_first_ends_it_too() -> None:
    _, known = told(said("my flight was cancelled", object_id="1"))
    assert known.case is not None
    claimed = replace(known, ack=None, case=cases.claim(known.case, "ana", attempt="a", now=NOON))

    decision, after = told(said("and now my bag is lost", object_id="2", root_id="1"), claimed)

    assert (decision.outcome, decision.reason) == ("hold", "once")
    assert after.ack is None
    assert after.case is not None
    assert (after.case.state, len(after.case.pending)) == ("claimed", 2)


def sending(**changes: Any) -> Send:
    fields: dict[str, Any] = {
        "visibility": "public",
        "age_ms": MINUTE_MS,
        "summoned": True,
        "is_repost": False,
        "automated_author": False,
        "opted_out": False,
        "already_answered": False,
        "mode": "live",
        "paused": False,
        "disabled": False,
        "approved": False,
    }
    return Send(**{**fields, **changes})


@pytest.mark.parametrize(
    ("text", "outcome", "band"),
    [
        ("my flight was cancelled", "hold", "low"),
        ("do you fly to Hull?", "hold", "low"),
        ("you'll hear from my solicitor", "hold", "low"),
        ("love the new logo", "silent", None),
        ("at gate 12 with a book", "silent", None),
    ],
)
def test_story_39_four_hundred_old_posts_get_no_text(
    text: str, outcome: str, band: str | None
) -> None:
    for number in range(400):
        week_old = said(text, object_id=str(number), event_at=NOON - 7 * DAY_MS + number)

        decision, after = told(week_old, source="backfill")

        assert (decision.outcome, decision.band) == (outcome, band)
        assert after.ack is None
        assert not decision.page
        assert decision.band is None or decision.due_at > NOON


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_story_40_a_webhook_that_is_twenty_hours_late_gets_a_person_now(visibility: str) -> None:
    late = said("my flight was cancelled", visibility=visibility, event_at=NOON - 20 * HOUR_MS)

    decision, after = told(late)

    assert (decision.outcome, decision.reason) == ("hold", "stale")
    assert (decision.band, decision.due_at) == ("normal", NOON)
    assert after.case is not None
    assert after.case.reason == "stale"
    assert check(sending(visibility=visibility, age_ms=20 * HOUR_MS), ()).clause == "stale"
