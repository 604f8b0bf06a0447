"""Stories from stories.md, end to end: delivery, stream, triage, lane, reply, platform.

Real adapters, the real judge, twins for the platforms."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from heed.domain.decision import HOLDS
from heed.domain.mention import MASK, ConversationId
from heed.ports import Arrival
from heed.storage.codec import unpack
from heed.triage.verdict import judge
from infra.local.twins.world import TwinPost
from tests.heed.flows.bodies import (
    BOLT_X,
    BOT,
    BOT_HANDLE,
    HANDLES,
    MARTA,
    OMAR,
    PAGE,
    X_ACCOUNT,
    comment,
    page_changes,
    telegram_group_message,
    telegram_message,
    x_deletion,
    x_message,
    x_own_message,
    x_post,
)
from tests.heed.flows.world import World

A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))
DM = f"x#{X_ACCOUNT}#message:{A}"
COMPLAINT = "@acmeair third cancelled flight this week, this is awful and nobody answers"
HOUR_MS = 3_600_000


@pytest.fixture
def world() -> World:
    return World(judge=judge)


def say(world: World, text: str, post: str = A, **more: Any) -> None:
    at = more.pop("at", world.clock.now())
    assert world.deliver("x", x_post(post, text, at=at, **more)).status == 200


def reason(world: World, mention: str) -> str:
    return world.stored(mention).reasons[0]


# 12: "STOP": silent(opt_out), per brand; no confirmation.


def test_story_12_an_opt_out_holds_in_every_thread_of_the_brand(world: World) -> None:
    say(world, "STOP", A)
    world.run()
    say(world, COMPLAINT, B)
    world.run(3)

    assert (world.state(MA), reason(world, MA)) == ("silent", "opt_out")
    assert world.posts() == []
    # The complaint is for a person all the same.
    assert (world.state(MB), world.bells()) == ("queued", {"normal": 1})


def test_story_12_an_opt_out_does_not_bind_another_brand(world: World) -> None:
    say(world, "STOP", A)
    world.run()
    say(world, "@boltrail my train was cancelled, this is awful", B, account=BOLT_X)
    world.run()

    assert world.state(f"x#{BOLT_X}#post:{B}") == "sent"
    assert [post.account for post in world.twin("x").visible_posts()] == [BOLT_X]


def test_story_12_an_open_case_stays_with_a_person(world: World) -> None:
    say(world, COMPLAINT, A)
    world.run()
    say(world, "stop messaging me", B, root=A)
    world.run()

    assert reason(world, MB) == "opt_out"
    assert world.case(MA).state == "open"
    assert len(world.posts()) == 1


# 22: "thank you" below our text: silent(courtesy), like chore.


def test_story_22_thanks_below_our_text_get_no_text(world: World) -> None:
    say(world, COMPLAINT, A)
    world.run()
    [ours] = world.twin("x").visible_posts()
    say(world, "@acmeair thank you ❤️", B, root=A, answers=ours.id, answers_author=X_ACCOUNT)
    world.run(3)

    assert (world.state(MB), reason(world, MB)) == ("silent", "courtesy")
    assert "chore:like" in world.stored(MB).reasons
    assert len(world.posts()) == 1


# 23: another bot answers our acknowledgement; two Heeds facing each other.


def tell(world: World, post: TwinPost, author_of: dict[str, str], root: str) -> None:
    """Tell both sides of a reply, as X does: an echo here, a mention there."""
    answered = author_of[post.target]
    text = f"@{HANDLES[answered]} {post.text}"
    told: dict[str, Any] = {"author": post.account, "root": root, "answers": post.target}
    told["answers_author"] = answered
    at = post.at_ms
    world.deliver(
        "x", x_post(post.id, text, at=at, event="post.create", account=post.account, **told)
    )
    world.deliver(
        "x", x_post(post.id, text, at=at, event="post.mention.create", account=answered, **told)
    )


def test_story_23_two_heeds_facing_each_other_give_one_reply_each(world: World) -> None:
    author_of = {A: BOLT_X}
    say(world, "@acmeair your trains to the airport are awful, all cancelled", author=BOLT_X)
    told: set[str] = set()
    for _ in range(10):
        world.run(1)
        for post in world.twin("x").visible_posts():
            if post.id not in told:
                told.add(post.id)
                author_of[post.id] = post.account
                tell(world, post, author_of, root=A)
    world.run(5)

    by_account = [post.account for post in world.twin("x").visible_posts()]
    assert by_account.count(X_ACCOUNT) == 1
    assert by_account.count(BOLT_X) == 1
    # Neither took its own text, or the other's, for a colleague's answer.
    assert not world.conversation(MA).person_spoke_at


def test_story_23_a_bot_that_answers_us_is_not_answered(world: World) -> None:
    at = world.clock.now()
    ours = {"message_id": 5, "chat": {"id": -100200, "type": "supergroup"}, "date": at // 1000}
    ours["from"] = {"id": int(BOT), "is_bot": True, "first_name": "Acme"}
    text = f"@{BOT_HANDLE} beep, terrible service"
    world.deliver("telegram", telegram_group_message(6, text, at=at, is_bot=True, answers=ours))
    world.run(2)

    mention = f"telegram#{BOT}#comment:-100200:6"
    assert (world.state(mention), reason(world, mention)) == ("silent", "automated_author")
    assert world.posts("telegram") == []


# 24: B in A's thread: two decisions, two cases.


def test_story_24_two_people_in_a_thread_are_two_cases(world: World) -> None:
    say(world, COMPLAINT, A, name="Marta Quist")
    say(world, "@acmeair same here, order 2231", B, author=OMAR, root=A, answers=A, name="Omar K")
    world.run()

    assert world.conversation(MA).id != world.conversation(MB).id
    assert (world.state(MA), world.state(MB)) == ("sent", "sent")
    assert (world.case(MA).band, world.case(MB).band) == ("normal", "normal")
    assert len(world.cases()) == 2
    [to_b] = [post.text for post in world.twin("x").visible_posts() if post.target == B]
    assert "Marta" not in to_b
    assert "2231" not in to_b


def test_story_24_the_agents_reply_to_b_answers_bs_post(world: World) -> None:
    say(world, COMPLAINT, A)
    say(world, "@acmeair same here, order 2231", B, author=OMAR, root=A, answers=A)
    world.run()
    world.claim_case(MB)
    world.write_reply(MB, "We are looking for it, Omar. Ana")
    world.run()

    [ours] = [p for p in world.twin("x").visible_posts() if p.text.endswith("Ana")]
    assert ours.target == B
    assert world.case(MA).state == "open"


# 31: a card number: hold(personal_data), U; digits in no store, stream, quarantine, log.

CARD = "4111 1111 1111 1111"
CARDS = (CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"))


def everything_kept(world: World) -> str:
    """All that lies anywhere, with blobs opened."""
    records = [record["dynamodb"] for record in world.dynamo.stream(world.table).read()]
    images = [r[name] for r in records for name in ("NewImage", "OldImage") if name in r]
    items = [*world.items(), *images]
    blobs = [_opened(item[name]) for item in items for name in ("c", "dt", "x") if name in item]
    queues = [world.queue(f"reply-{platform}") for platform in ("x", "facebook", "telegram")]
    queues += [world.queue(f"work-acme-{band}") for band in ("urgent", "normal", "low")]
    return repr((items, blobs, queues, world.sns.messages, world.posts(), world.meter.counts))


def _opened(blob: dict[str, Any]) -> object:
    raw = blob["B"]
    return unpack(base64.b64decode(raw) if isinstance(raw, str) else raw)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("platform", ["x", "facebook", "telegram"])
def test_story_31_a_card_number_is_for_people_and_is_nowhere(
    platform: str, card: str, world: World
) -> None:
    at = world.clock.now()
    text = f"@acmeair {card} charged twice"
    bodies = {
        "x": x_post(A, text, at=at),
        "facebook": page_changes(comment("1", text, at=at), {"item": card}, at=at),
        "telegram": telegram_message(7, text, at=at),
    }
    mentions = {
        "x": MA,
        "facebook": f"facebook#{PAGE}#comment:500_1",
        "telegram": f"telegram#{BOT}#message:511820044:7",
    }
    world.deliver(platform, bodies[platform])
    world.deliver("x", f"not json {card}".encode())
    world.run(3)

    mention = mentions[platform]
    assert (world.state(mention), reason(world, mention)) == ("queued", "personal_data")
    assert world.case(mention).band == "urgent"
    assert "hide" in world.case(mention).chores
    assert world.posts(platform) == []
    kept = everything_kept(world)
    assert MASK in kept
    assert not any(one in kept for one in CARDS)


# 34: the author deletes before or after our reply.


def test_story_34_deleted_before_our_text_it_is_never_sent(world: World) -> None:
    say(world, COMPLAINT, A)
    world.triage()
    world.deliver("x", x_deletion(A))
    world.run(5)

    assert (world.state(MA), world.posts()) == ("gone", [])
    assert "author_deleted" in world.case(MA).flags
    assert world.stored(MA).mention.text == ""
    assert world.meter.counts["stored"] == 1


def test_story_34_deleted_after_our_text_ours_is_a_chore(world: World) -> None:
    say(world, COMPLAINT, A)
    world.run()
    world.deliver("x", x_deletion(A))
    world.run(5)

    assert len(world.posts()) == 1
    assert "delete_ours" in world.case(MA).chores
    assert world.stored(MA).mention.text == ""


@pytest.mark.parametrize("calls", range(0, 40, 3))
def test_story_34_a_deletion_at_any_moment_leaves_no_text_and_no_second_reply(
    calls: int, world: World
) -> None:
    """The worker dies somewhere, the deletion comes, and things go on."""
    say(world, COMPLAINT, A)
    world.hook.arm(calls)
    world.run()
    world.hook.disarm()
    world.deliver("x", x_deletion(A))
    world.run_out()

    assert world.state(MA) in ("gone", "sent")
    assert "c" not in world.item(MA)
    assert len(world.posts()) <= 1


# 37: a colleague answers from the phone app, or claims, before the acknowledgement leaves.


def test_story_37_a_native_answer_cancels_the_acknowledgement(world: World) -> None:
    say(world, COMPLAINT, A)
    world.triage()
    at = world.clock.now() + 1
    native = x_post(
        B, "@marta_reads Ana here.", at=at, author=X_ACCOUNT, event="post.create", answers=A, root=A
    )
    world.deliver("x", native)
    world.run(5)

    assert (world.state(MA), world.posts()) == ("cancelled", [])
    # The human clock stops at the native reply.
    assert world.conversation(MA).person_spoke_at == at
    assert "answered_elsewhere" in world.case(MA).flags


def test_story_37_a_private_native_answer_cancels_the_acknowledgement(world: World) -> None:
    at = world.clock.now()
    world.deliver("x", x_message(A, "your app charged me twice, awful", at=at))
    world.triage()
    world.deliver("x", x_own_message(B, "Ana here, looking into it", at=at + 1))
    world.run(5)

    assert (world.state(DM), world.posts()) == ("cancelled", [])
    assert world.conversation(DM).person_spoke_at == at + 1


def test_story_37_a_claim_cancels_the_acknowledgement(world: World) -> None:
    say(world, COMPLAINT, A)
    world.triage()
    world.claim_case(MA)
    world.run(5)

    assert (world.state(MA), world.posts()) == ("cancelled", [])
    assert world.case(MA).state == "claimed"


# 39: the first connect finds 400 posts of last week: stored, 0 sends.


def test_story_39_what_was_there_before_us_is_stored_and_not_answered(world: World) -> None:
    week_ago = world.clock.now() - 7 * 24 * HOUR_MS
    say(world, COMPLAINT, A)
    [record] = world.records()
    texts = ("@acmeair where is my refund?", "@acmeair lovely crew", COMPLAINT)
    found = [
        Arrival(
            mention=replace(
                record.mention,
                object_id=str(int(B) + n),
                text=texts[n % 3],
                event_at=week_ago + n,
                author=replace(record.mention.author, id=str(n)),
            ),
            brand="acme",
            conversation=ConversationId(f"{n:032x}"),
            received_at=world.clock.now(),
            source="backfill",
        )
        for n in range(400)
    ]
    assert all(world.inbox.put(found, 30.0))
    world.run(3)

    # Only the one that came today is answered.
    assert world.targets() == [A]
    stored = [world.stored(arrival.mention.id) for arrival in found]
    assert {one.sending.state for one in stored} == {"queued", "silent"}
    old = [world.conversations.get(one.conversation) for one in stored]
    assert {one.case.band for one in old if one and one.case} == {"low"}


# 40: a webhook arrives 20 h late: no acknowledgement, N, due now.


def test_story_40_a_webhook_that_is_twenty_hours_late_is_for_people_now(world: World) -> None:
    say(world, COMPLAINT, A, at=world.clock.now() - 20 * HOUR_MS)
    world.run(3)

    assert (world.state(MA), reason(world, MA)) == ("queued", "stale")
    assert world.posts() == []
    case = world.case(MA)
    assert (case.band, case.due_at) == ("normal", world.clock.now() - 3 * 60_000)
    assert world.bells() == {"normal": 1}


def test_story_40_what_grew_old_on_its_way_is_not_answered_either(world: World) -> None:
    world.switch(paused=True)
    say(world, COMPLAINT, A)
    world.run()
    world.clock.forward(s=20 * 3600)
    world.switch(paused=False)
    world.run(3)

    assert (world.state(MA), reason(world, MA), world.posts()) == ("queued", "stale", [])


# What holds for all of them.

GRAVE = {
    "self_harm": "@acmeair you froze my money, I don't want to be here anymore",
    "safety": "@acmeair your charger burned my son",
    "threat": "@acmeair I'll come to your Leeds shop, you'll regret it",
    "legal": "@acmeair you'll hear from my solicitor",
    "bereavement": "@acmeair My mum died Tuesday and you still bill her",
}


@pytest.mark.parametrize("mark", GRAVE)
def test_stories_5_to_9_what_no_machine_may_touch_gets_no_text(mark: str, world: World) -> None:
    say(world, GRAVE[mark], A)
    world.run(3)

    assert (world.state(MA), reason(world, MA)) == ("queued", mark)
    assert world.posts() == []
    assert world.bells() == {"urgent": 1}
    assert len(world.sns.messages) == int(HOLDS[mark].page)
    assert MARTA not in repr(world.sns.messages)
