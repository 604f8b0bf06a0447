import re
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed import brand
from heed.domain.voice import (
    TEMPLATE_CHARS_MAX,
    TEXT_CHARS_MAX,
    TEXT_KINDS,
    VARIANTS_MIN,
    Contact,
    Replies,
    TextKind,
    Voice,
    check_replies,
    check_voice,
    compose,
    variant_of,
)

NEUTRAL = (
    "{hello}, we have your message and a person will read it. You can also {contact}.",
    "{hello}, this has reached {brand} and a person takes it from here.",
    "{hello}, we have read you. Somebody from {brand} will come back to you.",
)
APOLOGY = (
    "{hello}, we are sorry. A person will look into it. You can also {contact}.",
    "{hello}, sorry for the trouble. Somebody from {brand} will look at it.",
    "{hello}, we apologise. A colleague will read it and answer here.",
)
REPLIES = Replies("(automatic reply)", {"neutral": NEUTRAL, "apology": APOLOGY})
DIRECT = Contact("message", "send us a direct message", platforms=("x",))
MAIL = Contact("email", "write to help@acme.example")
VOICE = Voice("Acme Air", {"en": REPLIES}, (DIRECT, MAIL))
PLATFORMS = ("x", "facebook")


def composed(kind: TextKind = "neutral", **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "mention_id": "x#1#post:1",
        "language": "en",
        "platform": "x",
        "display_name": "Sam Hill",
    }
    return compose(VOICE, kind, **{**arguments, **changes}).text


def with_neutral(*templates: str) -> Replies:
    return replace(REPLIES, texts={"neutral": (*templates, *NEUTRAL), "apology": APOLOGY})


def test_the_kinds_of_text_are_the_ones_that_are_checked() -> None:
    assert get_args(TextKind) == TEXT_KINDS


def test_a_mention_always_gets_the_same_text() -> None:
    assert composed() == composed()
    assert composed(display_name=None).startswith("Hi, ")
    assert composed().startswith("Hi Sam, ")
    assert composed().endswith(" (automatic reply)")


def test_mentions_get_different_variants() -> None:
    variants = {variant_of(f"x#1#post:{n}", 5) for n in range(60)}

    assert variants == set(range(5))


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 50))
def test_a_variant_is_one_of_those_that_there_are(mention_id: str, count: int) -> None:
    assert 0 <= variant_of(mention_id, count) < count


def test_the_number_of_the_variant_is_told() -> None:
    made = compose(
        VOICE,
        "apology",
        mention_id="x#1#post:7",
        language="en",
        platform="x",
        display_name=None,
    )

    assert made.variant == variant_of("x#1#post:7", len(APOLOGY))
    assert made.text.startswith(APOLOGY[made.variant].split("{brand}")[0].format(hello="Hi")[:12])


@pytest.mark.parametrize(
    ("platform", "contact"),
    [("x", "send us a direct message"), ("facebook", "write to help@acme.example")],
)
def test_the_first_contact_that_fits_the_platform_is_offered(platform: str, contact: str) -> None:
    texts = {composed(mention_id=str(n), platform=platform) for n in range(20)}

    assert any(contact in text for text in texts)


def test_without_a_fitting_contact_the_place_itself_is_offered() -> None:
    silent = replace(VOICE, contacts=(DIRECT, Contact("phone", "anrufen", language="de")))

    texts = {
        compose(
            silent,
            "neutral",
            mention_id=str(n),
            language="en",
            platform="facebook",
            display_name=None,
        ).text
        for n in range(20)
    }

    assert any("write to us here" in text for text in texts)
    assert not any("anrufen" in text for text in texts)


def test_who_is_called_like_the_brand_is_not_greeted_by_it() -> None:
    assert composed(display_name="Air Sam").startswith("Hi, ")
    brandon = replace(VOICE, brand_name="Brandon's Bakery")
    assert compose(
        brandon,
        "neutral",
        mention_id="1",
        language="en",
        platform="x",
        display_name="Brandon",
    ).text.startswith("Hi, ")


def test_a_brand_name_is_not_read_as_a_placeholder() -> None:
    odd = replace(VOICE, brand_name="{hello} & {x}")

    texts = {
        compose(
            odd, "neutral", mention_id=str(n), language="en", platform="x", display_name=None
        ).text
        for n in range(20)
    }

    assert any("{hello} & {x}" in text for text in texts)


def test_a_language_without_texts_is_refused() -> None:
    with pytest.raises(KeyError):
        composed(language="pl")


def test_good_replies_have_no_fault() -> None:
    assert check_replies(REPLIES) == []
    assert check_voice(VOICE, platforms=PLATFORMS, agents=("Ana",)) == []


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{hello}, how are you?", "asks a question"),
        ("{hello}, ¿todo bien", "asks a question"),
        ("{hello}, call 0800 and say it", "holds four or more digits"),
        ("{hello}, call 08 00 12", "holds four or more digits"),
        ("{hello}, call ٠٨٠٠", "holds four or more digits"),
        ("{hello}, see https://acme.example", "holds a link"),
        ("{hello}, see www.acme", "holds a link"),
        ("{hello}, see acme.com for more", "holds a link"),
        ("{hello}! We are on it!", "more than one exclamation mark"),
        ("{hello}! We\nare on it!", "more than one exclamation mark"),
        ("{hello}, thank you for writing", "thanks or praises"),
        ("{hello}, we are glad that you wrote", "thanks or praises"),
        ("{hello}, we love to hear it", "thanks or praises"),
        ("{hello}, danke", "thanks or praises"),
        ("{hello}, as our policy says", "sounds corporate"),
        ("{hello}, unfortunately not", "sounds corporate"),
        ("{hello}, sorry for any inconvenience", "sounds corporate"),
        ("{hello}, you will hear within a day", "promises"),
        ("{hello}, we will fix it", "promises"),
        ("{hello}, you get a refund", "promises"),
        ("{hello}, this was our fault", "admits"),
        ("{hello}, you should have called", "blames"),
        ("{hello}, dear customer", "is a customer"),
        ("{hello}, your order is here", "is a customer"),
        ("{hello}, we are SORRY", "shouts"),
        ("{hello}, we are here 🙂", "picture or emoji"),
        ("{hello}, option 1️⃣", "picture or emoji"),
        ("{hello}, dear {surname}", "unknown placeholder {surname}"),
        ("{hello}, dear {}", "unknown placeholder {}"),
        ("{hello}, dear {brand!r}", "unknown placeholder {brand}"),
        ("{hello}, dear {brand:>9}", "unknown placeholder {brand}"),
        ("{hello}, dear {brand.name}", "unknown placeholder {brand.name}"),
        ("{hello}, dear {brand", "brace"),
        ("{hello}, dear brand}", "brace"),
        ("Dear you, we read it", "must begin with {hello}"),
        ("{hello}, " + "a " * 90, f"longer than {TEMPLATE_CHARS_MAX}"),
        ("{hello}, {contact}. We have read your message.", "before it shows understanding"),
    ],
)
def test_a_fault_in_a_template_is_named_with_it(template: str, fault: str) -> None:
    faults = check_replies(with_neutral(template))

    assert any(fault in each and "[neutral]" in each for each in faults)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{hello}, a person will look into it.", "must say sorry"),
        ("{hello}, you may well {contact}, and we are sorry.", "before it shows understanding"),
    ],
)
def test_an_apology_says_sorry_and_says_it_first(template: str, fault: str) -> None:
    apologies = replace(REPLIES, texts={"neutral": NEUTRAL, "apology": (template, *APOLOGY)})

    assert any(fault in each for each in check_replies(apologies))


@pytest.mark.parametrize(
    "sorry",
    ["Das tut uns leid", "Nous sommes désolés", "Lo sentimos", "Przepraszamy", "Ci dispiace",
     "Pedimos desculpa"],
)  # fmt: skip
def test_sorry_is_understood_in_other_languages(sorry: str) -> None:
    texts = tuple(f"{{hello}}, {sorry}. {n}" for n in "abc")

    assert check_replies(Replies("(auto)", {"neutral": NEUTRAL, "apology": texts})) == []


def test_every_kind_of_text_is_needed_and_no_other() -> None:
    faults = check_replies(Replies("(auto)", {"neutral": NEUTRAL, "thanks": NEUTRAL}))

    assert faults[0] == "[apology] is missing"
    assert any(fault.startswith("[thanks] is no kind of text") for fault in faults)


def test_a_few_variants_are_needed_and_repeats_do_not_count() -> None:
    repeated = (NEUTRAL[0],) * VARIANTS_MIN

    faults = check_replies(Replies("(auto)", {"neutral": repeated, "apology": APOLOGY}))

    assert f"[neutral] needs at least {VARIANTS_MIN} different variants" in faults


@pytest.mark.parametrize(
    ("marker", "fault"), [("  ", "marker is empty"), ("(bot?)", "marker asks a question")]
)
def test_the_marker_says_that_a_text_is_automatic_and_nothing_else(marker: str, fault: str) -> None:
    assert any(fault in each for each in check_replies(replace(REPLIES, marker=marker)))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"contacts": (Contact("phone", "call us on 0800 123 456"),)}, "four or more digits"),
        ({"contacts": (Contact("message", "visit acme.com"),)}, "holds a link"),
        ({"contacts": (Contact("message", "say hi 🙂"),)}, "picture or emoji"),
        ({"contacts": (Contact("message", "ask Ana"),)}, "names Ana"),
        ({"brand_name": "Why?"}, "asks a question"),
        ({"brand_name": "Acme " * 60}, f"longer than {TEXT_CHARS_MAX}"),
    ],
)
def test_what_brand_and_contacts_add_is_checked_in_finished_texts(
    changes: dict[str, Any], fault: str
) -> None:
    faults = check_voice(replace(VOICE, **changes), platforms=PLATFORMS, agents=("Ana", "Ben"))

    assert any(fault in each for each in faults)
    assert len(faults) == len(set(faults))


def test_an_address_of_our_own_is_no_link() -> None:
    mail = replace(VOICE, contacts=(Contact("email", "write to help@acme.com"),))

    assert check_voice(mail, platforms=PLATFORMS) == []


def test_another_language_needs_a_contact_of_its_own_on_every_platform() -> None:
    german = replace(VOICE, replies={"en": REPLIES, "de": REPLIES})

    faults = check_voice(german, platforms=PLATFORMS)

    assert faults[0] == "no contact in 'de' for x; its texts offer one"
    assert faults[1] == "no contact in 'de' for facebook; its texts offer one"


def test_texts_without_a_contact_need_none() -> None:
    plain = Replies("(auto)", {kind: texts[1:] for kind, texts in REPLIES.texts.items()})

    assert check_voice(replace(VOICE, replies={"de": plain}), platforms=PLATFORMS) == []


BRANDS = brand.load()
SHIPPED = [
    (key, kind, platform)
    for key in BRANDS.voices
    for kind in TEXT_KINDS
    for platform in BRANDS.platforms
]


@pytest.mark.parametrize(("key", "kind", "platform"), SHIPPED)
@given(st.text(max_size=30), st.sampled_from(["Sam Hill", "Not Happy", None, "🌸", "Dr", "4242"]))
def test_every_text_that_ships_keeps_the_rules(
    key: str, kind: TextKind, platform: str, seed: str, display_name: str | None
) -> None:
    voice = BRANDS.voices[key]
    text = compose(
        voice,
        kind,
        mention_id=seed,
        language="en",
        platform=platform,
        display_name=display_name,
    ).text

    assert text.endswith("(automatic reply)")
    assert not re.search(
        r"\d{4}|https?:|www|\?|Ana|Ben|Hill|customer|order|account|thank|glad|love", text
    )
    assert len(text) <= TEXT_CHARS_MAX
    assert text.isascii() or display_name is None
