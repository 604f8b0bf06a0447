from dataclasses import replace

import pytest

from heed import adapter as adapters
from heed.domain.policy import Control
from heed.errors import InvalidRequestError
from heed.flows.desk_rules import (
    VerdictView,
    check_reply,
    check_words,
    judge,
    person_send,
    shown,
)
from heed.ports import StoredMention
from tests.heed.flows.desks import VOICE, make_mention, make_policy, make_world

X = adapters.load("x")
ACME = make_policy("acme")


def judged(stored: StoredMention, control: Control, *, private: bool = False) -> VerdictView:
    now = stored.received_at
    return judge(stored, person_send(stored, control, ACME, private=private, now=now), X)


def refused(text: str, *, public: bool = True, handle: str | None = None) -> str:
    with pytest.raises(InvalidRequestError) as error:
        check_reply(text, X, VOICE, public=public, handle=handle)
    return error.value.clause


@pytest.mark.parametrize(
    "text",
    [
        "Hi Sam, your bag is on its way.",
        "Line one\nline two\twith a tab",
        "👩‍👩‍👧 is fine, so is e\u0301 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "سنعود إليك قريبا",
        "Flight 1234 leaves at 15:40, gate 12",
        "Refunded by 22/11/2026, 12.34 EUR",
        "BA12 will take some more time than what they told you",
        "Write to help@acme.example or call +44 (800) 123-4567.",
    ],
)
def test_an_ordinary_reply_passes(text: str) -> None:
    check_reply(text, X, VOICE, public=True, handle=None)


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\u2060"])
def test_an_empty_text_is_refused(text: str) -> None:
    assert refused(text) == "empty"


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\x07", "\r", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\u200f"),
        *("\ud800", "\ufffe", "\U0001ffff", "\ufdd0"),
    ],
)
def test_control_and_bidi_characters_are_refused_and_never_shown(character: str) -> None:
    assert refused(f"a{character}b", public=False) == "control_characters"
    assert shown(f"a{character}b") == "ab"


def test_nothing_is_shown_as_nothing() -> None:
    assert shown(None) == ""


def test_the_platform_counts_the_length() -> None:
    check_words("x" * 10_000)
    check_reply("x" * 280, X, VOICE, public=True, handle=None)
    check_reply("x" * 10_000, X, VOICE, public=False, handle=None)

    assert refused("x" * 281) == "too_long"
    assert refused("x" * 10_001, public=False) == "too_long"
    assert refused("界" * 141) == "too_long"


@pytest.mark.parametrize(
    "text",
    [
        "your order 123456",
        "your order 123 456",
        "your order 12-34-56",
        "your order 1 2 3 4 5 6",
        "your order 12\u200b34\u200b56",
        "your order １２３４５６",
        "your order ٠١٢٣٤٥",
        "your order 123\u2013456",
        "DE89 3704 0044 0532 0130 00",
        "write to sam.field@mail.example",
        "write to sam＠mail.example",
        "call 01.23.45.67.89",
        "call (020) 7946 0958",
        "call +44 800 123 45678",
        "order 123456, or call +44 800 123 4567",
    ],
)
def test_personal_data_is_refused_in_public_only(text: str) -> None:
    assert refused(text) == "public_personal_data"
    check_reply(text, X, VOICE, public=False, handle=None)


def make_iban(account: str) -> str:
    """Give letters the check digits of a bank account number."""
    for digits in range(2, 99):
        turned = f"{account}MT{digits:02d}"
        if int("".join(str(int(c, 36)) for c in turned)) % 97 == 1:
            return f"MT{digits:02d}{account}"
    raise AssertionError("one of 97 fits")


def test_an_account_number_is_known_by_its_check_digits() -> None:
    iban = make_iban("MALTMALTMALTM")

    spaced = f"{iban[:4]} {iban[4:8]} {iban[8:12]} {iban[12:]}"
    assert refused(f"send it to {spaced} please") == "public_personal_data"
    assert refused(f"iban {make_iban('MALTMALTMALT').lower()}") == "public_personal_data"
    check_reply(f"X{iban[1:]}", X, VOICE, public=True, handle=None)


def test_the_handle_of_who_is_answered_is_no_secret() -> None:
    check_reply("@sam1234567 we are on it", X, VOICE, public=True, handle="Sam1234567")

    assert refused("@sam1234567 we are on it") == "public_personal_data"
    assert refused("@sam12345678 hello", handle="sam1234567") == "public_personal_data"


def test_a_person_may_answer_a_draft_accounts_mention_during_a_pause() -> None:
    stored = make_mention(make_world())

    verdict = judged(stored, Control(paused=True))

    assert (verdict.ruling, verdict.clause) == ("allow", "")


def test_who_did_not_summon_us_on_x_is_answered_privately_only() -> None:
    stored = make_mention(make_world(), summoned=False)

    public = judged(stored, Control())
    private = judged(stored, Control(), private=True)

    assert (public.ruling, public.clause) == ("refuse", "not_summoned")
    assert public.says
    assert public.source
    assert public.read_on == "2026-11-22"
    assert private.ruling == "allow"


def test_a_disabled_account_answers_nobody() -> None:
    stored = make_mention(make_world())

    verdict = judged(stored, Control(disabled=frozenset({"x#111"})), private=True)

    assert (verdict.ruling, verdict.clause) == ("hold", "disabled")
    assert verdict.says
    assert verdict.source.startswith("Heed")


def test_what_the_author_deleted_is_not_answered() -> None:
    stored = replace(make_mention(make_world()), gone_at=5)

    assert judged(stored, Control()).clause == "gone"
