import json
import random
import string
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.decision import HOLDS, Verdict
from heed.domain.mention import MASK, TEXT_CHARS_MAX, mask_cards
from heed.triage.verdict import VERSION, judge, to_json

# A problem as a patient and as a furious customer tell it.
TWINS = (
    ("my flight was cancelled", "MY FLIGHT WAS CANCELLED YOU ABSOLUTE CLOWNS!!!"),
    ("my parcel has not arrived", "my fucking parcel has NOT arrived, you useless idiots 🤬"),
    ("I was charged twice", "I WAS CHARGED TWICE!!! bloody thieves"),
    ("the app does not work", "the stupid app does not work, what a pathetic joke!!"),
    ("I am still waiting for my refund", "STILL waiting for my damn refund!!! wtf"),
    ("the screen arrived cracked, could you help?", "the screen arrived cracked, ffs, HELP?!"),
    ("nobody answers the phone", "NOBODY answers the phone, bunch of muppets"),
    ("my internet is down", "my internet is down AGAIN you morons!!!"),
    ("the driver was rude", "the driver was rude, f*** this company"),
    ("the delivery is late", "the delivery is late. LATE! Furious!!"),
)
CALM_AND_THREATENING = (
    ("my parcel is lost", "you have 48 h or I go viral"),
    ("my flight was cancelled", "fix it or I'll tell all my followers"),
    ("I was charged twice", "last warning"),
    ("what time do you open?", "or I'm leaving for the other shop"),
    ("the internet is down", "if you don't solve it I'm switching to EON"),
    ("great flight", "or else"),
)
KEYS = ["sentiment", "intent", "need", "praise", "complaint", "anger", "spam", "thank", "language",
        "reasons", "version"]  # fmt: skip


@pytest.mark.parametrize(("mild", "furious"), TWINS)
def test_the_mild_and_the_furious_twin_of_a_complaint_are_treated_alike(
    mild: str, furious: str
) -> None:
    one, other = judge(mild), judge(furious)

    assert one.intent == other.intent == "complaint"
    assert one.marks == other.marks == frozenset()
    assert one.need == other.need
    assert one.sentiment == other.sentiment == "negative"
    assert one.anger < other.anger <= 1


@pytest.mark.parametrize(("calm", "threat"), CALM_AND_THREATENING)
def test_an_ultimatum_changes_only_the_mark(calm: str, threat: str) -> None:
    one, other = judge(calm), judge(f"{calm}, {threat}")

    assert one.marks == frozenset()
    assert other.marks == {"ultimatum"}
    assert (one.intent, one.need, one.complaint, one.sentiment) == (
        other.intent,
        other.need,
        other.complaint,
        other.sentiment,
    )


def test_a_threat_to_go_to_the_press_is_more_than_an_ultimatum() -> None:
    assert judge("refund me or I go to the newspapers").marks == {"ultimatum", "press"}


def test_praise_and_problem_in_one_breath_is_a_problem() -> None:
    verdict = judge("Love the app, but it charged me twice")

    assert (verdict.intent, verdict.sentiment, verdict.praise) == ("complaint", "negative", 0)


@pytest.mark.parametrize("text", ["", "   ", "🔥🔥🔥 @b", "https://t.co/x", "@a @b @c"])
def test_without_words_nothing_is_wanted(text: str) -> None:
    verdict = judge(text)

    assert verdict.marks == {"no_text"}
    assert (verdict.intent, verdict.need) == ("other", 0)
    assert verdict.sentiment == "neutral"


@pytest.mark.parametrize("text", ["😡😡", "👎 @b", "🖕"])
def test_an_angry_picture_is_angry(text: str) -> None:
    assert judge(text).sentiment == "negative"


def test_handles_and_links_are_no_words() -> None:
    assert judge("@great_love @happy my order is blue").sentiment == "neutral"
    assert replace(judge("see https://x.example/cancelled-refund"), spam=0) == replace(
        judge("see"), spam=0
    )


def test_a_masked_card_number_is_personal_data_whatever_else_is_said() -> None:
    verdict = judge(mask_cards("4111 1111 1111 1111 charged twice"))

    assert verdict.marks == {"personal_data"}
    assert (verdict.intent, verdict.need) == ("complaint", 1)
    assert judge(f"is this right? {MASK}").marks == {"personal_data"}


def test_a_crisis_is_a_crisis_before_it_is_a_complaint() -> None:
    verdict = judge("your charger burned my son and nobody answers")

    assert (verdict.intent, verdict.sentiment, verdict.need) == ("threat", "negative", 1)


def test_need_counts_problems_and_never_loudness() -> None:
    one = judge("my flight was cancelled")
    two = judge("my flight was cancelled, you lost my bag and I am still waiting for my refund")
    loud = judge("worst airline ever, useless, pathetic, disgusting!!!")

    assert loud.need < one.need < two.need < 1
    assert judge("do you fly to Hull?").need > 0
    assert judge("great flight").need == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mein Paket ist seit drei Wochen nicht da", "de"),
        ("Mon colis n'est pas arrivé, que faire ?", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("Gdzie jest moja paczka?", "pl"),
        ("Где моя посылка?", "und"),
        ("Mijn pakket is niet aangekomen", "und"),
    ],
)
def test_in_a_language_that_is_not_read_the_mood_is_neutral_and_a_person_is_needed(
    text: str, language: str
) -> None:
    verdict = judge(text)

    assert verdict.language == language
    assert (verdict.sentiment, verdict.praise, verdict.anger) == ("neutral", 0, 0)
    assert verdict.need > 0


def test_a_courtesy_in_another_language_needs_nobody() -> None:
    assert judge("vielen Dank!").need == 0
    assert judge("😀", "pl").need == 0


@pytest.mark.parametrize(
    ("told", "language"),
    [("en-GB", "en"), ("PL", "pl"), ("und", "de"), (None, "de"), ("zxx", "de"), ("", "de")],
)
def test_the_platform_knows_the_language_better_than_a_guess(
    told: str | None, language: str
) -> None:
    assert judge("Wo ist meine Bestellung?", told).language == language


def test_what_the_platform_calls_english_is_no_other_language() -> None:
    dutch = "Mijn pakket is niet aangekomen"

    assert "other_language" in judge(dutch).marks
    assert "other_language" not in judge(dutch, "en").marks


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Ich werde mich umbringen", "self_harm"),
        ("Je vais vous tuer", "threat"),
        ("Meine Mutter ist leider verstorben", "bereavement"),
        ("Mi abogado se pondrá en contacto", "legal"),
        ("Oddaję sprawę do adwokata", "legal"),
        ("Chcę się zabić", "self_harm"),
    ],
)
def test_the_gravest_words_are_known_in_the_other_languages_too(text: str, mark: str) -> None:
    assert mark in judge(text).marks


def test_spam_is_spam_unless_it_complains_or_must_be_held() -> None:
    offer = "earn $500 a day, DM me to start https://x.example"

    assert judge(offer).intent == "spam"
    assert judge(offer).spam > 0
    assert judge(f"{offer} my flight was cancelled").intent == "complaint"
    assert judge(f"{offer} or my lawyer will sue you").intent != "spam"


def test_reasons_name_marks_and_features_and_never_what_was_written() -> None:
    verdict = judge("My solicitor says the parcel of Xanthippe is broken, why is that?")

    names = [name for name, _ in verdict.reasons]
    assert names[0] == "mark:legal"
    assert {"damage", "why", "question", "mood"} <= set(names)
    assert "Xanthippe" not in to_json(verdict)


def test_spam_and_dark_moods_have_their_reasons() -> None:
    assert ("offer", 0.8) in judge("earn $500 a day from home").reasons
    assert ("dark mood", 0.5) in judge("what a sad and horrid evening with them").reasons


def test_a_verdict_is_one_line_with_the_keys_of_the_page() -> None:
    line = to_json(judge("line one\nline two: you'll hear from my solicitor 🙃"))

    assert "\n" not in line
    assert list(json.loads(line)) == KEYS
    assert ["mark:legal", 1.0] in json.loads(line)["reasons"]
    assert json.loads(line)["thank"] is False
    assert json.loads(line)["version"] == VERSION


def test_an_empty_verdict_can_be_written_too() -> None:
    assert json.loads(to_json(Verdict()))["language"] == "und"


@given(
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.sampled_from([None, "en", "pl", "x-y-z", "-"]),
)
def test_any_text_gets_a_verdict(text: str, language: str | None) -> None:
    verdict = judge(text, language)

    assert verdict == judge(text, language)
    assert 0 <= verdict.need <= 1
    assert 0 <= verdict.anger <= 1
    assert 0 <= verdict.praise <= 1
    assert not verdict.thank
    assert (verdict.complaint > 0) <= (
        verdict.sentiment == "negative"
    ) or "no_text" in verdict.marks
    assert json.loads(to_json(verdict))["intent"] == verdict.intent


WORDS = (
    "i will kill you stop the my was not never or by and in on burned waiting for a refund".split()
)


@pytest.mark.parametrize(
    "text",
    [
        "a" * TEXT_CHARS_MAX,
        "i will " * (TEXT_CHARS_MAX // 7),
        "no " * (TEXT_CHARS_MAX // 3),
        "!" * TEXT_CHARS_MAX,
        "@b " * (TEXT_CHARS_MAX // 3),
        "\u0301" * TEXT_CHARS_MAX,
        " ".join(random.Random(7).choices(WORDS, k=2_000)),
        "".join(random.Random(8).choices(string.printable, k=TEXT_CHARS_MAX)),
    ],
    ids=range(8),
)
def test_no_text_is_a_trap(text: str) -> None:
    judge("warm")
    began = time.perf_counter()

    judge(text)

    # A hundred times what it takes; an exponential pattern would take years.
    assert time.perf_counter() - began < 20


def test_holds_need_somebody_whatever_the_mood() -> None:
    texts = {
        "self_harm": "I want to end my life",
        "threat": "I will kill you",
        "safety": "the charger caught fire",
        "bereavement": "my mum died",
        "personal_data": "pin is 4821",
        "sensitive": "you lost my insulin",
        "legal": "I am suing",
        "press": "press enquiry",
        "minor": "I am 12 years old",
        "data_request": "subject access request",
    }

    assert texts.keys() == HOLDS.keys()
    assert all(judge(text).need == 1 and mark in judge(text).marks for mark, text in texts.items())
