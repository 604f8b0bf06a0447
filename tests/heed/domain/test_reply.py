from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.domain.mention import ConversationId
from heed.domain.reply import (
    CLAIMABLE,
    FINAL,
    KEY_MARGIN_MS,
    LEASE_MARGIN_MS,
    LOOKS_MAX,
    RETRY_MS,
    SKEW_MS,
    TRIES_MAX,
    UNDO_MS,
    ReplyState,
    Sending,
    agent_reply,
    fingerprint,
    is_stranded,
    key_holds,
    machine_reply,
)
from tests.heed.domain.givens import M1, NOON

STATES: tuple[ReplyState, ...] = get_args(ReplyState)


def test_the_machine_replies_on_the_mention_itself() -> None:
    ref = machine_reply(M1)

    assert (ref.owner, ref.part, ref.is_agents) == (f"mention#{M1}", "-", False)


def test_a_persons_reply_is_named_by_what_it_answers_and_its_own_id() -> None:
    ref = agent_reply(ConversationId("c1"), 42, "r1")

    assert (ref.owner, ref.part) == ("conv#c1", "at#0000000000042#reply#r1")
    assert ref.is_agents
    assert ref == agent_reply(ConversationId("c1"), 42, "r1")


def test_a_reply_has_its_limits() -> None:
    assert (TRIES_MAX, LOOKS_MAX) == (3, 2)
    assert (LEASE_MARGIN_MS, RETRY_MS, SKEW_MS) == (30_000, 45_000, 10_000)
    assert (KEY_MARGIN_MS, UNDO_MS) == (60_000, 15_000)


def test_a_reply_that_was_never_tried_has_nothing_to_show() -> None:
    new = Sending("planned")

    assert (new.epoch, new.by, new.lease_until, new.key, new.first_try_at) == (0, "", 0, "", 0)
    assert (new.tries, new.looks, new.opens_at, new.doubt_at) == (0, 0, 0, 0)
    assert (new.fingerprint, new.reply_id) == ("", "")


def test_nothing_that_ended_can_be_claimed() -> None:
    assert CLAIMABLE == ("new", "planned")
    assert FINAL.isdisjoint(CLAIMABLE)
    assert set(STATES) - FINAL - set(CLAIMABLE) == {"sending", "doubt"}


@pytest.mark.parametrize("state", STATES)
def test_only_a_send_whose_lease_ran_out_is_stranded(state: ReplyState) -> None:
    dead = Sending(state=state, lease_until=NOON)
    alive = Sending(state=state, lease_until=NOON + 1)

    assert is_stranded(dead, NOON) == (state == "sending")
    assert not is_stranded(alive, NOON)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Hi Sam, we are sorry!", "hi sam we are sorry"),
        ("Hi Sam,\nwe  are sorry", "Hi Sam, we are sorry"),
        ("It’s here", "It's here"),
        ("ﬁne ①", "fine 1"),
        ("Straße", "STRASSE"),
    ],
)
def test_a_fingerprint_survives_what_platforms_do_to_a_text(sent: str, shown: str) -> None:
    assert fingerprint(sent) == fingerprint(shown)


def test_a_handle_in_front_and_a_short_link_do_not_count() -> None:
    assert fingerprint("@sam @ben we are on it") == fingerprint("We are on it")
    assert fingerprint("see acme.example/help now") == fingerprint("see https://t.co/abc now")


def test_only_what_a_platform_adds_or_shortens_is_left_out() -> None:
    # A handle inside the text and a time are the agent's own words.
    assert fingerprint("ask @sam") != fingerprint("ask")
    assert fingerprint("@sam") != fingerprint("")
    assert fingerprint("at 12.30") != fingerprint("at")
    assert fingerprint("see http://a.example/b?c") == fingerprint("see")
    assert fingerprint(" @sam  @ben hello") == fingerprint("hello")


def test_a_stored_fingerprint_holds_from_one_release_to_the_next() -> None:
    assert fingerprint("We are on it.") == "625d58b7185e819c"
    assert fingerprint("\ud800 there") == "73001216b5a484df"


def test_other_words_have_another_fingerprint() -> None:
    assert fingerprint("we are sorry") != fingerprint("we are not sorry")


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_has_a_short_fingerprint(text: str) -> None:
    assert len(fingerprint(text)) == 16
    assert fingerprint(text) == fingerprint(f" {text.strip()} ".replace(" ", "  "))


@pytest.mark.parametrize(
    ("first_try_at", "window_s", "now", "expected"),
    [
        (0, 3600, 5_000, False),
        (1_000, 0, 1_000, False),
        (1_000, 3600, 1_000, True),
        (1_000, 3600, 1_000 + 3_540_000 - 1, True),
        # Two clocks may be wrong by ten seconds each, a call takes up to ten, and what was given up
        # may still arrive.
        (1_000, 3600, 1_000 + 3_540_000, False),
        (1_000, 60, 1_000, False),
    ],
)
def test_a_key_counts_while_the_platform_surely_knows_it(
    first_try_at: int, window_s: int, now: int, expected: bool
) -> None:
    sending = Sending("doubt", first_try_at=first_try_at)

    assert key_holds(sending, window_s, now) is expected
