"""Words and budgets: what is asked last before a text is claimed, and what happens without."""

from dataclasses import replace
from typing import Any

import pytest

from heed.domain.budget import Limits
from heed.domain.clock import MINUTE_MS
from heed.flows import volume
from heed.flows.reply import reply
from heed.flows.unlimited import Unlimited
from heed.storage.budgets import TableBudgets
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import BOT, COMPLAINT, X_ACCOUNT, telegram_message, x_message, x_post
from tests.heed.flows.world import CrashError, World

POSTS = tuple(f"21000000000000000{n:02d}" for n in range(60))
A, B = POSTS[:2]
DM = f"x#{X_ACCOUNT}#message:{A}"
TELEGRAM = f"telegram#{BOT}#message:511820044:7"


def mention_of(post: str) -> str:
    return f"x#{X_ACCOUNT}#post:{post}"


MA, MB = mention_of(A), mention_of(B)


@pytest.fixture
def world() -> World:
    return World()


def set_policy(world: World, **changes: Any) -> None:
    """Change what the brand file says of acme."""
    policies = {**world.replying.policies}
    policies["acme"] = replace(policies["acme"], **changes)
    world.handing = replace(world.handing, policies=policies)
    world.triaging = replace(world.triaging, handing=world.handing, policies=policies)
    world.sweeping = replace(world.sweeping, handing=world.handing)
    world.replying = replace(world.replying, handing=world.handing, policies=policies)


def set_texts(world: World, *neutral: str) -> None:
    voice = world.replying.voices["acme"]
    texts = {**voice.replies["en"].texts, "apology": neutral}
    replies = {"en": replace(voice.replies["en"], texts=texts)}
    voices = {**world.replying.voices, "acme": replace(voice, replies=replies)}
    world.replying = replace(world.replying, voices=voices)


def say(world: World, post: str = A, *, author: str = "", **more: Any) -> str:
    """Let somebody complain and triage decide; every post is another person's."""
    at = more.pop("at", world.clock.now())
    author = author or f"77{post[-3:]}"
    world.deliver("x", x_post(post, COMPLAINT, at=at, author=author, name="Sam", **more))
    world.triage()
    return mention_of(post)


def pages(world: World) -> list[Any]:
    return [request for name, request in world.sns.calls if name == "publish"]


def bring(world: World, mention: str = MA) -> str:
    return reply(world.ref(mention), world.replying)


def answered(world: World, posts: tuple[str, ...]) -> list[str]:
    found = []
    for post in posts:
        found.append(bring(world, say(world, post)))
        world.clock.forward(s=1)
    return found


# Words.


def test_who_comes_next_is_told_the_same_in_other_words(world: World) -> None:
    assert answered(world, POSTS[:20]) == ["sent"] * 20

    texts = world.posts()
    for one, two, three in zip(texts, texts[1:], texts[2:], strict=False):
        assert len({one, two, three}) == 3


def test_texts_that_are_all_alike_wait(world: World) -> None:
    alike = "{hello}, we are sorry for all of this, and a person from our own team will now look"
    alike += " at what happened there and what became of it, and write to you here about"
    set_texts(world, f"{alike} it.", f"{alike} this.", f"{alike} that.")
    say(world, A)
    say(world, B)

    assert bring(world, MA) == "sent"
    assert bring(world, MB) == "postponed"
    assert world.stored(MB).reasons[-1] == "similar"


def test_a_second_try_says_what_the_first_one_said(world: World) -> None:
    # All but the last wording are taken by others when it comes again.
    say(world, A)
    say(world, B)
    bring(world, MB)
    own = world.posts()[0]
    world.twin("x").faults.add(Fault("lose_request"))
    bring(world, MA)
    first = world.stored(MA).sending.fingerprint
    answered(world, POSTS[2:6])

    world.run_out()

    assert world.state(MA) == "sent"
    assert world.stored(MA).sending.fingerprint == first
    assert own in world.posts()


def test_an_approved_draft_leaves_as_it_was_approved() -> None:
    world = World(mode="draft")
    say(world, A)
    bring(world, MA)
    [draft] = world.mentions.drafts("acme", 5)
    world.mentions.approve(draft.mention.id, "ana", drop=False, now=world.clock.now())
    budgets = world.budgets
    leaving: Any = None

    class Told:
        def __getattr__(self, name: str) -> Any:
            return getattr(budgets, name)

        def recent(self, brand: str, one: Any) -> Any:
            nonlocal leaving
            leaving = one
            return replace(budgets.recent(brand, one), texts=(one.words,))

    told: Any = Told()
    world.replying = replace(world.replying, budgets=told)

    assert bring(world, MA) == "sent"
    assert leaving is not None
    assert world.posts() == [draft.draft_text]


def test_a_text_without_the_mark_does_not_leave_on_facebook_nor_a_long_one_anywhere(
    world: World,
) -> None:
    set_texts(world, "{hello}, we are sorry. " + "x" * 300)
    say(world, A)

    assert bring(world, MA) == "withheld"
    assert world.stored(MA).reasons[0] == "too_long"
    assert world.case(MA).pending == (MA,)


def test_an_account_whose_profile_is_not_marked_leaves_everything_to_people(
    world: World,
) -> None:
    set_policy(world, unmarked=frozenset({("x", X_ACCOUNT)}))
    say(world, A)

    assert bring(world, MA) == "withheld"
    assert (world.state(MA), world.stored(MA).reasons[0]) == ("queued", "account_unmarked")
    assert world.case(MA).pending == (MA,)


# Budgets.


def test_a_budget_costs_a_write_for_ten_texts(world: World) -> None:
    answered(world, POSTS[:1])

    with world.counted() as calls:
        assert answered(world, POSTS[1:21]) == ["sent"] * 20

    # Per text: stored, reserved, claimed, recorded; and two blocks.
    assert calls["dynamodb update_item"] + calls["dynamodb put_item"] == 20 * 4 + 2


def fill(world: World, posts: tuple[str, ...]) -> None:
    """Use up the machine's part of a small budget."""
    set_policy(world, budgets={"x": Limits(day_micro_usd=50_000, people_percent=20)})
    assert set(answered(world, posts)) == {"sent"}


def test_over_the_rate_a_text_waits_for_the_next_window(world: World) -> None:
    set_policy(world, budgets={"x": Limits(people_percent=90)})
    told = answered(world, POSTS[:11])

    assert told == ["sent"] * 10 + ["postponed"]
    last = world.stored(mention_of(POSTS[10]))
    window = 15 * MINUTE_MS
    assert last.reasons[-1] == "rate_budget"
    assert last.sending.opens_at == (world.clock.now() // window + 1) * window
    world.run(15)
    assert world.state(mention_of(POSTS[10])) == "sent"


def test_money_that_comes_back_too_late_leaves_a_case(world: World) -> None:
    fill(world, POSTS[:4])
    late = say(world, POSTS[4])

    assert bring(world, late) == "withheld"
    assert (world.state(late), world.stored(late).reasons[0]) == ("queued", "money_budget")
    assert world.case(late).pending == (late,)
    assert len(world.posts()) == 4


def test_people_spend_what_the_machine_leaves_them_and_then_wait(world: World) -> None:
    fill(world, POSTS[:4])
    mentions = [mention_of(post) for post in POSTS[:2]]
    for mention in mentions:
        world.claim_case(mention)
    refs = [world.write_reply(mention, "Ana here.") for mention in mentions]

    assert reply(refs[0], world.replying) == "sent"
    assert reply(refs[1], world.replying) == "postponed"
    assert world.agents_reply(refs[1]).sending.opens_at > world.clock.now()


def test_a_link_in_a_persons_words_costs_its_price(world: World) -> None:
    set_policy(world, budgets={"x": Limits(day_micro_usd=209_999)})
    assert bring(world, say(world)) == "sent"
    world.claim_case(MA)

    ref = world.write_reply(MA, "Ana here, see https://acme.example/help")

    assert reply(ref, world.replying) == "postponed"


def test_a_persons_words_do_not_leave_where_they_would_be_refused(world: World) -> None:
    world.deliver("telegram", telegram_message(7, "terrible", at=world.clock.now()))
    world.triage()
    world.claim_case(TELEGRAM)
    ref = world.write_reply(TELEGRAM, "Ana here.")
    adapter: Any = world.replying.load("telegram")

    class Strict:
        POLICY = world.replying.load("facebook").POLICY

        def __getattr__(self, name: str) -> Any:
            return getattr(adapter, name)

    world.clock.forward(s=8 * 86_400)
    strict: Any = Strict()
    replying = replace(world.replying, load=lambda name: strict)

    assert reply(ref, replying) == "refused"
    assert "refused_human_window" in world.case(TELEGRAM).flags


def test_a_place_without_limits_is_not_counted(world: World) -> None:
    world.deliver("telegram", telegram_message(7, "terrible", at=world.clock.now()))
    world.triage()
    world.claim_case(TELEGRAM)
    ref = world.write_reply(TELEGRAM, "Ana here.")

    assert reply(ref, replace(world.replying, budgets=Unlimited())) == "sent"
    assert not [item for item in world.items() if item["pk"]["S"].startswith("budget#")]


def test_without_budgets_nothing_is_remembered(world: World) -> None:
    world.replying = replace(world.replying, budgets=Unlimited())

    assert answered(world, POSTS[:3]) == ["sent"] * 3


# One person.


def author_item(world: World, author: str) -> dict[str, Any] | None:
    return world.backend.item(f"author#acme#x#{author}")


def test_a_person_is_answered_three_times_a_day_over_all_threads(world: World) -> None:
    told = [bring(world, say(world, post, author="77")) for post in POSTS[:1]]
    assert author_item(world, "77") is None
    for post in POSTS[1:5]:
        world.clock.forward(s=60)
        told.append(bring(world, say(world, post, author="77")))

    assert told == ["sent"] * 3 + ["withheld"] * 2
    last = mention_of(POSTS[4])
    assert (world.state(last), world.stored(last).reasons[0]) == ("queued", "author_cap")
    assert world.case(last).pending == (last,)
    assert bring(world, say(world, POSTS[5], author="78")) == "sent"


def test_the_cap_holds_for_a_process_that_begins_anew(world: World) -> None:
    for post in POSTS[:3]:
        world.clock.forward(s=60)
        world.replying = replace(world.replying, budgets=TableBudgets(world.dynamo, world.table))
        assert bring(world, say(world, post, author="77")) == "sent"

    world.clock.forward(s=60)
    assert bring(world, say(world, POSTS[3], author="77")) == "withheld"


def test_after_a_day_a_person_may_be_answered_again(world: World) -> None:
    for post in POSTS[:3]:
        world.clock.forward(s=60)
        assert bring(world, say(world, post, author="77")) == "sent"
    world.clock.forward(s=86_400)

    for post in POSTS[3:5]:
        assert bring(world, say(world, post, author="77")) == "sent"
        world.clock.forward(s=60)

    item = author_item(world, "77")
    assert item is not None
    # Those of the day before are forgotten.
    assert len(item["ca"]["NS"]) == 2


def test_the_same_text_tried_again_is_one_contact(world: World) -> None:
    say(world, A, author="77")
    world.twin("x").faults.add(Fault("throttle", wait_s=5))
    bring(world)
    world.run_out()

    assert world.state(MA) == "sent"
    assert author_item(world, "77") is None


# More than an hour allows.


def test_too_many_texts_in_an_hour_stop_the_brand_and_page_once(world: World) -> None:
    set_policy(world, hour_max=8)
    told = answered(world, POSTS[:12])

    assert told[:8] == ["sent"] * 8
    assert set(told[8:]) == {"postponed"}
    control = world.controls.get("acme")
    first = mention_of(POSTS[8])
    assert control.stopped_by == first
    assert control.stopped_at
    assert len(pages(world)) == 1
    stopped = [case for case in world.cases() if "hour_cap" in case.get("fl", {}).get("S", "")]
    assert len(stopped) == 1
    case = world.case(first)
    assert (case.band, case.skill, case.page) == ("urgent", "lead", True)


def test_a_stop_lasts_until_people_resume(world: World) -> None:
    set_policy(world, hour_max=8)
    answered(world, POSTS[:10])
    world.run(70)
    assert len(world.posts()) == 8
    assert len(pages(world)) == 1

    control = world.controls.get("acme")
    world.controls.put("acme", replace(control, stopped_by="", stopped_at=0, resumes=1))
    world.run(2)

    assert len(world.posts()) == 10
    assert not world.controls.get("acme").stopped_by


def test_people_go_on_while_the_machine_stands_still(world: World) -> None:
    set_policy(world, hour_max=1)
    answered(world, POSTS[:2])
    world.claim_case(MA)

    assert reply(world.write_reply(MA, "Ana here."), world.replying) == "sent"


@pytest.mark.parametrize("step", range(12))
def test_a_stop_that_is_broken_off_is_told_all_the_same(step: int) -> None:
    world = World()
    set_policy(world, hour_max=1)
    answered(world, POSTS[:1])
    say(world, B)
    world.hook.arm(after=step)
    try:
        bring(world, MB)
    except CrashError as crash:
        world.crashes.append(str(crash))
    world.hook.disarm()

    world.replying = replace(world.replying, budgets=TableBudgets(world.dynamo, world.table))
    world.run(16)

    case = world.case(MB)
    assert world.controls.get("acme").stopped_by == MB
    assert (case.band, case.page) == ("urgent", True)
    assert len(pages(world)) >= 1
    assert len(world.posts()) == 1


def test_another_mention_does_not_open_the_case_of_a_stop(world: World) -> None:
    set_policy(world, hour_max=1)
    answered(world, POSTS[:3])
    stored = world.stored(mention_of(POSTS[2]))
    conversation = world.conversation(mention_of(POSTS[2]))

    volume.stop(stored, conversation, world.handing, world.controls)

    assert world.controls.get("acme").stopped_by == MB
    assert len(pages(world)) == 1


def test_two_of_our_brands_do_not_answer_each_other(world: World) -> None:
    set_policy(world, siblings=frozenset({("x", "3300000000")}))

    say(world, A, author="3300000000")

    assert (world.state(MA), world.stored(MA).reasons[0]) == ("silent", "automated_author")


def test_a_bot_that_was_listed_since_the_decision_is_not_answered(world: World) -> None:
    say(world, A, author="555")
    set_policy(world, bots=frozenset({"555"}))

    assert bring(world) == "withheld"
    assert world.stored(MA).reasons[0] == "automated_author"


def test_a_private_text_has_the_limits_of_messages(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was terrible", at=world.clock.now()))
    world.triage()

    assert bring(world, DM) == "sent"
    own = [item for item in world.items() if item["pk"]["S"].startswith("budget#acme#")]
    assert len(own) == 1
