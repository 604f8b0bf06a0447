from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.domain.case import BANDS
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.domain.decision import HOLDS, Context, Decision, Verdict, decide
from heed.domain.mention import Author
from heed.domain.policy import PUBLIC_AGE_MS_MAX, REACH_FLAG_MIN, Control
from tests.heed.domain.givens import (
    NOON,
    case,
    complaint,
    decided,
    instant,
    marked,
    mention,
    policy,
)

OTHER = Verdict(language="en")
PRAISE = Verdict(sentiment="positive", intent="praise", praise=0.8, language="en")
QUESTION = Verdict(intent="question", need=0.4, language="en")
SOLVED = case("resolved", pending=())
NIGHT = instant("2026-11-25T03:00:00")


def test_a_complaint_is_acknowledged_with_an_apology_and_becomes_a_case() -> None:
    decision = decided(complaint())

    assert (decision.outcome, decision.reason, decision.band) == (
        "acknowledge",
        "apology",
        "normal",
    )
    assert decision.due_at == NOON + HOUR_MS
    assert decision.language == "en"
    assert decision.reasons == ("apology", "negative complaint")


@pytest.mark.parametrize(
    ("verdict", "band"),
    [
        (QUESTION, "normal"),
        (Verdict(intent="question"), "normal"),
        (Verdict(need=0.1), "normal"),
        (PRAISE, "low"),
        (OTHER, "low"),
    ],
)
def test_everything_else_gets_the_neutral_text(verdict: Verdict, band: str) -> None:
    decision = decided(verdict)

    assert (decision.outcome, decision.reason) == ("acknowledge", "neutral")
    assert decision.band == band


@pytest.mark.parametrize(
    ("reason", "changes", "context"),
    [
        ("watch", {}, {"control": Control(mode="watch")}),
        ("watch", {}, {"control": Control(modes={"x#1": "watch"})}),
        ("repost", {"is_repost": True}, {}),
        ("automated_author", {"author": Author(id="9", automated=True)}, {}),
        ("carried", {"naming": "carried"}, {}),
    ],
)
def test_what_is_not_for_us_is_silent(
    reason: str, changes: dict[str, Any], context: dict[str, Any]
) -> None:
    decision = decided(complaint(), mention(**changes), **context)

    assert (decision.outcome, decision.reason, decision.band) == ("silent", reason, None)


def test_the_brand_file_may_say_that_an_account_is_only_watched() -> None:
    watched = policy(modes={("x", "1"): "watch"})

    assert decided(complaint(), brand=watched).reason == "watch"
    assert decided(complaint(), brand=watched, control=Control(mode="live")).reason == "apology"


def test_talk_about_us_is_silent_unless_it_complains() -> None:
    about_us = mention(naming="none")

    talk, complains = decided(PRAISE, about_us), decided(complaint(), about_us)

    assert (talk.outcome, talk.reason) == ("silent", "not_addressed")
    assert (complains.outcome, complains.reason, complains.band) == (
        "hold",
        "not_addressed",
        "low",
    )


@pytest.mark.parametrize("mark", ["self_harm", "threat", "safety"])
@pytest.mark.parametrize("naming", ["carried", "none"])
def test_a_crisis_is_heard_even_when_not_meant_for_us(mark: str, naming: str) -> None:
    decision = decided(marked(mark), mention(naming=naming))

    assert (decision.outcome, decision.reason, decision.page) == ("hold", mark, True)


@pytest.mark.parametrize("mark", HOLDS)
def test_what_a_machine_must_not_touch_gets_no_text_and_a_person(mark: str) -> None:
    decision = decided(marked(mark))

    assert (decision.outcome, decision.reason) == ("hold", mark)
    assert decision.band == HOLDS[mark].band
    assert decision.skill == HOLDS[mark].skill
    assert decision.chores == HOLDS[mark].chores
    assert decision.due_at > NOON


def test_the_gravest_mark_names_the_hold_and_every_mark_is_served() -> None:
    decision = decided(marked("legal", "press", "personal_data", "minor"), received_at=NIGHT)

    assert (decision.reason, decision.band, decision.skill) == (
        "personal_data",
        "urgent",
        "privacy",
    )
    assert decision.page
    assert decision.chores == ("hide",)
    assert decision.due_at == NIGHT + 30 * MINUTE_MS
    assert {"legal", "press", "minor", "personal_data"} <= set(decision.reasons)


def test_a_threat_without_a_mark_is_held_like_one() -> None:
    decision = decided(Verdict(intent="threat", language="en"))

    assert (decision.reason, decision.page) == ("threat", True)
    assert decided(marked("safety", intent="threat")).reason == "safety"


def test_people_hold_urgent_matters_in_staffed_time_and_press_in_plain_time() -> None:
    assert decided(marked("legal"), received_at=NIGHT).due_at == instant("2026-11-25T08:15:00")
    assert decided(marked("press"), received_at=NIGHT).due_at == NIGHT + 30 * MINUTE_MS
    assert decided(marked("bereavement")).due_at == NOON + 15 * MINUTE_MS
    assert decided(marked("minor")).due_at == NOON + 60 * MINUTE_MS


def test_a_request_for_data_is_answered_within_the_month_of_the_law() -> None:
    slow = policy(target_minutes={"urgent": 60 * 24 * 60, "normal": 60, "low": 480})

    assert decided(marked("data_request"), brand=slow).due_at == NOON + 28 * DAY_MS
    assert decided(marked("data_request")).due_at == NOON + 15 * MINUTE_MS


def test_who_opts_out_in_a_held_text_is_opted_out_too() -> None:
    assert decided(marked("legal", "opt_out")).opts_out
    assert not decided(marked("legal")).opts_out


def test_stop_is_silent_and_binds() -> None:
    decision = decided(marked("opt_out"))

    assert (decision.outcome, decision.reason, decision.band) == ("silent", "opt_out", None)
    assert decision.opts_out


def test_stop_with_a_complaint_gets_a_person_and_no_text() -> None:
    decision = decided(complaint(marks=frozenset({"opt_out"})))

    assert (decision.outcome, decision.reason, decision.band) == ("hold", "opt_out", "normal")
    assert decision.opts_out


@pytest.mark.parametrize(
    ("media", "verdict", "context", "band", "chores"),
    [
        (0, OTHER, {}, None, ("like",)),
        (1, OTHER, {}, None, ("like",)),
        (1, OTHER, {"case": case()}, "low", ("like",)),
        (0, OTHER, {"case": case()}, None, ("like",)),
        (1, OTHER, {"case": SOLVED}, None, ("like",)),
        (0, Verdict(sentiment="negative"), {}, None, ()),
    ],
)
def test_pictures_alone_are_silent(
    media: int, verdict: Verdict, context: dict[str, Any], band: str | None, chores: tuple[str, ...]
) -> None:
    wordless = replace(verdict, marks=frozenset({"no_text"}))

    decision = decided(wordless, mention(media=media), **context)

    assert (decision.outcome, decision.reason) == ("silent", "no_text")
    assert (decision.band, decision.chores) == (band, chores)


@pytest.mark.parametrize(
    "context", [{"last_speaker": "machine"}, {"last_speaker": "person"}, {"case": SOLVED}]
)
def test_a_courtesy_under_our_words_is_silent(context: dict[str, Any]) -> None:
    decision = decided(replace(PRAISE, marks=frozenset({"courtesy"})), **context)

    assert (decision.outcome, decision.reason, decision.chores) == (
        "silent",
        "courtesy",
        ("like",),
    )


@pytest.mark.parametrize("context", [{}, {"case": case()}])
def test_a_courtesy_that_comes_first_is_a_mention_like_others(context: dict[str, Any]) -> None:
    decision = decided(replace(PRAISE, marks=frozenset({"courtesy"})), **context)

    assert decision.outcome == "acknowledge"


def test_spam_is_silent_unless_it_complains_or_belongs_to_a_case() -> None:
    spam = Verdict(intent="spam", spam=0.4, language="en")

    assert decided(spam).reason == "spam"
    assert decided(replace(spam, complaint=0.2)).outcome == "acknowledge"
    assert decided(spam, case=case()).outcome == "acknowledge"
    assert decided(spam, case=SOLVED).reason == "spam"


def test_praise_under_somebody_elses_complaint_is_silent() -> None:
    assert decided(PRAISE, root_mood="negative").reason == "praise_under_complaint"
    assert decided(Verdict(sentiment="positive"), root_mood="negative").chores == ("like",)
    assert decided(Verdict(intent="praise"), root_mood="negative").chores == ("like",)
    assert decided(PRAISE, root_mood="positive").outcome == "acknowledge"


def test_a_kind_question_under_a_complaint_is_still_a_question() -> None:
    kind = replace(QUESTION, sentiment="positive")

    assert decided(kind, root_mood="negative").outcome == "acknowledge"
    assert decided(complaint(), root_mood="negative").reason == "apology"


def test_old_posts_of_a_first_connection_get_no_text_and_nobody_is_late() -> None:
    week_old = mention(event_at=NOON - 7 * DAY_MS)

    needy = decided(complaint(), week_old, source="backfill")
    kind = decided(PRAISE, week_old, source="backfill")

    assert (needy.outcome, needy.reason, needy.band) == ("hold", "backfill", "low")
    assert needy.due_at == NOON + 480 * MINUTE_MS
    assert (kind.outcome, kind.reason, kind.band) == ("silent", "backfill", None)


def test_an_old_hold_waits_with_the_others_and_an_old_crisis_does_not() -> None:
    legal = decided(marked("press"), source="backfill")
    crisis = decided(marked("self_harm"), source="backfill")

    assert (legal.outcome, legal.reason, legal.band, legal.page) == ("hold", "press", "low", False)
    assert (crisis.band, crisis.page) == ("urgent", True)


@pytest.mark.parametrize(
    ("verdict", "band", "due_at"),
    [(complaint(), "normal", NOON), (PRAISE, "low", NOON + 480 * MINUTE_MS)],
)
def test_what_comes_late_gets_no_machine_text_and_whoever_waits_is_due_now(
    verdict: Verdict, band: str, due_at: int
) -> None:
    late = mention(event_at=NOON - PUBLIC_AGE_MS_MAX - 1)

    decision = decided(verdict, late)

    assert (decision.outcome, decision.reason) == ("hold", "stale")
    assert (decision.band, decision.due_at) == (band, due_at)


def test_within_the_limit_or_without_a_time_nothing_is_late() -> None:
    assert decided(complaint(), mention(event_at=NOON - PUBLIC_AGE_MS_MAX)).reason == "apology"
    assert decided(complaint(), mention(event_at=None)).reason == "apology"
    assert decided(complaint(), mention(event_at=NOON + HOUR_MS)).reason == "apology"
    private = mention(event_at=NOON - PUBLIC_AGE_MS_MAX - 1, visibility="private")
    assert decided(complaint(), private).reason == "apology"


def test_what_a_person_answered_in_the_app_is_silent() -> None:
    decision = decided(complaint(), answered_natively=True)

    assert (decision.outcome, decision.reason, decision.band) == (
        "silent",
        "answered_elsewhere",
        None,
    )


def test_in_private_a_person_answers_everything_said_so_far() -> None:
    line = mention(visibility="private", event_at=NOON - 9)

    assert decided(complaint(), line, person_spoke_at=NOON).reason == "answered_elsewhere"
    assert decided(complaint(), line, person_spoke_at=NOON - 9).reason == "apology"


def test_in_public_an_answer_to_another_post_hides_no_need() -> None:
    post = mention(event_at=NOON - 9)

    needy = decided(complaint(), post, person_spoke_at=NOON)
    idle = decided(OTHER, post, person_spoke_at=NOON)

    assert (needy.outcome, needy.reason, needy.band) == ("hold", "once", "normal")
    assert (idle.outcome, idle.reason) == ("silent", "answered_elsewhere")


def test_who_opted_out_gets_a_person_and_no_machine() -> None:
    decision = decided(complaint(), opted_out=True)

    assert (decision.outcome, decision.reason, decision.band) == ("hold", "opted_out", "normal")


@pytest.mark.parametrize(
    ("told", "read", "marks", "language", "skill"),
    [
        (None, "en", (), "en", ""),
        ("en-GB", "und", (), "en", ""),
        ("EN", "pl", (), "en", ""),
        ("und", "en", (), "en", ""),
        (None, "und", (), "en", ""),
        ("zxx", "und", (), "en", ""),
        ("pl", "und", (), None, "pl"),
        ("pl-PL", "en", (), None, "pl"),
        ("und", "de-AT", (), None, "de"),
        (None, "und", ("other_language",), None, ""),
    ],
)
def test_nobody_is_answered_in_a_language_that_is_not_theirs(
    told: str | None, read: str, marks: tuple[str, ...], language: str | None, skill: str
) -> None:
    verdict = Verdict(language=read, marks=frozenset(marks))

    decision = decided(verdict, mention(language=told))

    if language:
        assert (decision.outcome, decision.language) == ("acknowledge", language)
    else:
        assert (decision.outcome, decision.reason) == ("hold", "no_language")
        assert (decision.band, decision.skill) == ("normal", skill)


def test_a_brand_answers_in_each_of_its_languages() -> None:
    bilingual = policy(languages=("en", "de"))

    assert decided(OTHER, mention(language="de"), brand=bilingual).language == "de"
    assert decided(OTHER, mention(language="und"), brand=bilingual).language == "en"


def test_an_urgent_case_stays_urgent_in_a_foreign_language() -> None:
    decision = decided(OTHER, mention(language="pl"), case=case(band="urgent"))

    assert decision.band == "urgent"


def test_somebody_who_was_answered_lately_gets_no_second_text() -> None:
    decision = decided(complaint(), slot_taken=True, last_speaker="machine", case=case())

    assert (decision.outcome, decision.reason, decision.band) == ("hold", "once", "normal")
    assert decision.joins


@pytest.mark.parametrize(
    "context",
    [
        {"case": case("claimed")},
        {"last_speaker": "person"},
        {"last_speaker": "person", "case": case()},
        {"last_speaker": "person", "case": SOLVED},
    ],
)
def test_where_a_person_is_on_it_no_machine_speaks(context: dict[str, Any]) -> None:
    decision = decided(complaint(), **context)

    assert (decision.outcome, decision.reason, decision.joins) == ("hold", "once", False)


def test_the_apology_for_a_solved_matter_is_not_repeated() -> None:
    decision = decided(complaint(), case=SOLVED)

    assert (decision.outcome, decision.reason) == ("acknowledge", "neutral")


def test_on_sombre_days_there_is_one_neutral_text() -> None:
    assert decided(complaint(), control=Control(sombre=True)).reason == "neutral"


def test_an_open_case_gives_its_band_to_what_follows() -> None:
    assert decided(PRAISE, case=case(band="urgent")).band == "urgent"
    assert decided(complaint(), case=case(band="low")).band == "normal"
    assert decided(PRAISE, case=case("resolved", "urgent")).band == "low"


def test_flags_are_for_people_and_change_nothing_else() -> None:
    loud = replace(complaint(), marks=frozenset({"ultimatum"}))
    famous = mention(author=Author(id="9", reach=REACH_FLAG_MIN), quotes="7")

    plain, flagged = decided(complaint()), decided(loud, famous)

    assert flagged.flags == ("ultimatum", "reach", "quote")
    assert replace(flagged, flags=(), reasons=()) == replace(plain, flags=(), reasons=())


verdicts = st.builds(
    Verdict,
    sentiment=st.sampled_from(["negative", "neutral", "positive"]),
    intent=st.sampled_from(["complaint", "question", "praise", "threat", "spam", "other"]),
    need=st.sampled_from([0.0, 0.4, 1.0]),
    complaint=st.sampled_from([-0.4, 0.0, 0.6]),
    language=st.sampled_from(["en", "und", "pl"]),
    marks=st.frozensets(st.sampled_from([*HOLDS, "opt_out", "courtesy", "no_text", "ultimatum"])),
)
contexts = st.builds(
    Context,
    verdict=verdicts,
    control=st.builds(Control, sombre=st.booleans(), mode=st.sampled_from([None, "watch", "live"])),
    source=st.sampled_from(["webhook", "reread", "backfill"]),
    root_mood=st.sampled_from([None, "negative", "positive"]),
    case=st.sampled_from([None, case(), case("claimed"), SOLVED, case(band="urgent")]),
    last_speaker=st.sampled_from(["customer", "machine", "person"]),
    person_spoke_at=st.sampled_from([0, NOON - DAY_MS, NOON + 1]),
    answered_natively=st.booleans(),
    slot_taken=st.booleans(),
    opted_out=st.booleans(),
)
all_mentions = st.builds(
    mention,
    naming=st.sampled_from(["direct", "page", "tag", "plain", "carried", "none"]),
    visibility=st.sampled_from(["public", "private"]),
    event_at=st.sampled_from([None, NOON, NOON - DAY_MS]),
    is_repost=st.booleans(),
    language=st.sampled_from([None, "en", "pl", "und"]),
    quotes=st.sampled_from([None, "7"]),
)


@settings(max_examples=60)
@given(contexts, all_mentions)
def test_a_decision_always_hangs_together(context: Context, what: Any) -> None:
    decision = decide(what, context, policy(), NOON)

    assert decision == decide(what, context, policy(), NOON)
    assert decision.reasons[0] == decision.reason
    assert (decision.band is None) == (decision.due_at == 0)
    assert decision.outcome == "silent" or decision.band in BANDS
    assert not decision.page or decision.band == "urgent"
    assert not decision.joins or decision.reason == "once"
    assert decision.language == "en"


def speaks(decision: Decision) -> bool:
    return decision.outcome == "acknowledge"


@settings(max_examples=60)
@given(contexts, all_mentions)
def test_a_machine_speaks_only_where_nothing_forbids_it(context: Context, what: Any) -> None:
    decision = decide(what, context, policy(), NOON)

    forbidden = (
        not HOLDS.keys().isdisjoint(context.verdict.marks)
        or "opt_out" in context.verdict.marks
        or context.verdict.intent == "threat"
        or what.is_repost
        or what.naming in ("carried", "none")
        or context.control.mode == "watch"
        or context.source == "backfill"
        or context.slot_taken
        or context.opted_out
        or context.answered_natively
        or context.last_speaker == "person"
        or context.person_spoke_at > NOON
        or (context.case is not None and context.case.state == "claimed")
        or what.event_at == NOON - DAY_MS
        or what.language == "pl"
    )
    assert not (speaks(decision) and forbidden)


@settings(max_examples=60)
@given(contexts, all_mentions)
def test_neither_reach_nor_an_ultimatum_changes_more_than_flags(
    context: Context, what: Any
) -> None:
    marks = context.verdict.marks
    loud = replace(context, verdict=replace(context.verdict, marks=marks | {"ultimatum"}))
    mild = replace(context, verdict=replace(context.verdict, marks=marks - {"ultimatum"}))
    famous = replace(what, author=replace(what.author, reach=4_200_000))

    one = decide(famous, loud, policy(), NOON)
    other = decide(what, mild, policy(), NOON)

    assert replace(one, flags=(), reasons=()) == replace(other, flags=(), reasons=())
