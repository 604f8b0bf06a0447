"""Every way of a mention, broken off at every outside call: triage, reply and sweep in turn.

Whatever dies, and whether or not the stream repeats the record, in the end each mention stands
where it should, nobody was answered twice, and whoever needs a person has a case with a bell."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from heed.domain.reply import FINAL
from heed.storage.codec import pack
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import (
    BOT,
    COMPLAINT,
    MARTA,
    QUESTION,
    X_ACCOUNT,
    telegram_message,
    x_deletion,
    x_message,
    x_own_message,
    x_post,
)
from tests.heed.flows.world import World

A, B = "2100000000000000001", "2100000000000000002"
MA, MB = f"x#{X_ACCOUNT}#post:{A}", f"x#{X_ACCOUNT}#post:{B}"
DM = f"x#{X_ACCOUNT}#message:{A}"
TELEGRAM = f"telegram#{BOT}#message:511820044:7"
HARM = "@acmeair I do not want to live any more, I am going to kill myself"


@dataclass(frozen=True)
class Way:
    """What happens, and how it must end. `ends`: by mention, the states in which it may."""

    name: str
    happens: Callable[[World], None]
    ends: dict[str, tuple[str, ...]]
    posts: tuple[int, ...] = (0,)
    cases: tuple[int, ...] = (1,)
    band: str = "normal"
    pages: int = 0
    platform: str = "x"
    flags: tuple[str, ...] = ()
    chores: tuple[str, ...] = ()
    check: Callable[[World], None] = field(default=lambda world: None)


def say(
    world: World,
    text: str,
    *,
    post: str = A,
    root: str = "",
    author: str = MARTA,
    answers: str = "",
) -> None:
    at = world.clock.now()
    body = x_post(post, text, at=at, root=root, author=author, answers=answers)
    assert world.deliver("x", body).status == 200


def edit(world: World, text: str) -> None:
    world.clock.forward(s=1)
    at = world.clock.now()
    assert world.deliver("x", x_post(A, text, at=at, versions=(A, A + "5"))).status == 200


def own(world: World, text: str, *, answers: str = A, post: str = "2199000000000000001") -> None:
    at = world.clock.now()
    body = x_post(
        post, text, at=at, author=X_ACCOUNT, event="post.create", answers=answers, root=answers
    )
    world.deliver("x", body)


def delete(world: World) -> None:
    world.deliver("x", x_deletion(A))


def complains(world: World) -> None:
    say(world, COMPLAINT)


def is_harmed(world: World) -> None:
    world.deliver("x", x_message(A, HARM, at=world.clock.now()))


def is_carried(world: World) -> None:
    at = world.clock.now()
    body = x_post(A, "@friend @acmeair lol see you at 8", at=at, event="post.create", answers="9")
    world.deliver("x", body)


def says_stop(world: World) -> None:
    world.deliver("x", x_message(A, "STOP", at=world.clock.now()))


def is_opted_out(world: World) -> None:
    conversation = world.conversations.get(world.stored(DM).conversation)
    assert conversation is not None
    assert conversation.opted_out_at
    assert world.controls.opted_out("acme", "x", MARTA)


def complains_twice(world: World) -> None:
    say(world, COMPLAINT)
    say(world, "@acmeair still nothing, this is terrible", post=B, root=A)


def edits_at_once(world: World) -> None:
    say(world, QUESTION)
    edit(world, COMPLAINT)


def edits_into_harm_before_the_text_leaves(world: World) -> None:
    say(world, COMPLAINT)
    world.triage()
    edit(world, HARM)


def edits_into_harm_during_a_pause(world: World) -> None:
    world.switch(paused=True)
    say(world, COMPLAINT)
    world.run()
    edit(world, HARM)
    world.switch(paused=False)


def edits_into_stop_during_a_pause(world: World) -> None:
    world.switch(paused=True)
    world.deliver("x", x_message(A, "my flight was cancelled, terrible", at=world.clock.now()))
    world.run()
    stored = world.stored(DM)
    # Messages on X cannot be edited; Telegram's can, and the table does not ask.
    item = world.item(DM)
    world.dynamo.put_item(TableName=world.table, Item={**item, "c": stop_blob(), "todo": EDIT})
    assert stored.sending.state == "planned"
    world.switch(paused=False)


def stop_blob() -> dict[str, bytes]:
    content = {"t": "STOP", "vi": "private", "na": "direct", "ai": MARTA, "l": "en"}
    return {"B": pack(content)}


EDIT = {"S": "edit"}


def edits_praise_into_a_complaint(world: World) -> None:
    say(world, "@acmeair the crew was wonderful")
    world.run()
    edit(world, COMPLAINT)


def edits_a_held_line(world: World) -> None:
    say(world, HARM)
    world.triage()
    edit(world, HARM + " today")


def edits_silence_into_a_complaint(world: World) -> None:
    is_carried(world)
    world.run()
    edit(world, COMPLAINT)


def edits_what_a_person_saw(world: World) -> None:
    complains(world)
    world.run()
    conversation = world.conversation(MA)
    assert conversation.case
    seen = replace(conversation.case, pending=())
    world.conversations.save(replace(conversation, case=seen))
    edit(world, COMPLAINT + " And rude.")


def deletes_at_once(world: World) -> None:
    complains(world)
    delete(world)


def deletes_before_the_text_leaves(world: World) -> None:
    complains(world)
    world.triage()
    delete(world)


def deletes_after_the_text(world: World) -> None:
    complains(world)
    world.run()
    delete(world)


def deletes_first(world: World) -> None:
    delete(world)
    complains(world)


def is_blank(world: World) -> None:
    assert "c" not in world.item(MA)
    assert "exp" in world.item(MA)


def natively_answered_at_once(world: World) -> None:
    complains(world)
    own(world, "We have you, Marta. Ana")


def natively_answered_first(world: World) -> None:
    own(world, "We have you, Marta. Ana")
    world.run()
    world.clock.forward(s=1)
    complains(world)


def natively_answered_before_the_text(world: World) -> None:
    complains(world)
    world.triage()
    own(world, "We have you, Marta. Ana")


def natively_answered_after_the_text(world: World) -> None:
    complains(world)
    world.run()
    own(world, "We have you, Marta. Ana")


def harm_natively_answered(world: World) -> None:
    say(world, HARM)
    own(world, "Please call us. Ana")


def a_person_spoke(world: World) -> None:
    assert world.conversation(MA).person_spoke_at
    case = world.conversation(MA).case
    assert case is None or "answered_elsewhere" in case.flags


def echoes_the_text(world: World) -> None:
    complains(world)
    world.run()
    post = world.twin("x").visible_posts()[0]
    own(world, f"@marta_reads {post.text}", post=post.id)


def nobody_spoke(world: World) -> None:
    assert not world.conversation(MA).person_spoke_at


def loses_the_answer(world: World) -> None:
    world.twin("x").faults.add(Fault("lose_answer"))
    complains(world)


def loses_the_request(world: World) -> None:
    world.twin("x").faults.add(Fault("lose_request"))
    complains(world)


def is_throttled(world: World) -> None:
    world.twin("x").faults.add(Fault("throttle", wait_s=120))
    complains(world)


def is_refused(world: World) -> None:
    world.twin("x").faults.add(Fault("blocked"))
    complains(world)


def is_refused_with_an_heir(world: World) -> None:
    world.switch(paused=True)
    complains_twice(world)
    world.run()
    world.switch(paused=False)
    world.twin("x").faults.add(Fault("blocked"))


def deletes_with_an_heir(world: World) -> None:
    world.switch(paused=True)
    complains_twice(world)
    world.run()
    delete(world)
    world.switch(paused=False)


def loses_an_answer_without_a_look_up(world: World) -> None:
    world.twin("telegram").faults.add(Fault("lose_answer"))
    asks_on_telegram(world)


def asks_on_telegram(world: World) -> None:
    at = world.clock.now()
    world.deliver("telegram", telegram_message(7, "My flight was cancelled, terrible", at=at))


def messages_and_is_answered_privately(world: World) -> None:
    world.deliver("x", x_message(A, "my flight was cancelled, terrible", at=world.clock.now()))
    world.triage()
    world.clock.forward(s=1)
    world.deliver("x", x_own_message(B, "Hi, this is Ana", at=world.clock.now()))


def messages_and_the_answer_is_lost(world: World) -> None:
    world.twin("x").faults.add(Fault("lose_answer"))
    world.deliver("x", x_message(A, "my flight was cancelled, terrible", at=world.clock.now()))
    world.run()
    [post] = world.twin("x").visible_posts()
    world.deliver("x", x_own_message(post.id, post.text, at=world.clock.now()))


WAYS = [
    Way("acknowledged", complains, {MA: ("sent",)}, posts=(1,)),
    Way("held and paged", is_harmed, {DM: ("queued",)}, band="urgent", pages=1),
    Way("silent", is_carried, {MA: ("silent",)}, cases=(0,)),
    Way("opted out", says_stop, {DM: ("silent",)}, cases=(0,), check=is_opted_out),
    Way(
        "a second line",
        complains_twice,
        # Whose record comes first is answered.
        {MA: ("sent", "queued"), MB: ("queued", "sent")},
        posts=(1,),
    ),
    Way("edited at once", edits_at_once, {MA: ("sent",)}, posts=(1,)),
    Way(
        "edited into harm before the text leaves",
        edits_into_harm_before_the_text_leaves,
        # The text may leave before triage comes to look at the edit, never after.
        {MA: ("queued",)},
        band="urgent",
        pages=1,
    ),
    Way(
        "edited into harm during a pause",
        edits_into_harm_during_a_pause,
        {MA: ("queued",)},
        band="urgent",
        pages=1,
        flags=("self_harm",),
    ),
    Way(
        "edited into a wish for silence",
        edits_into_stop_during_a_pause,
        {DM: ("silent",)},
        check=is_opted_out,
    ),
    Way(
        "praise edited into a complaint",
        edits_praise_into_a_complaint,
        {MA: ("sent",)},
        posts=(1,),
        band="low",
    ),
    Way("a held line edited", edits_a_held_line, {MA: ("queued",)}, band="urgent", pages=1),
    Way(
        "silence edited into a complaint",
        edits_silence_into_a_complaint,
        {MA: ("queued",)},
        flags=(),
    ),
    Way(
        "edited after a person saw it",
        edits_what_a_person_saw,
        {MA: ("sent",)},
        posts=(1,),
        flags=("edited",),
    ),
    Way(
        "deleted at once",
        deletes_at_once,
        {MA: ("gone",)},
        # Triage decides it once more before it hears of the deletion, or does not.
        cases=(0, 1),
        check=is_blank,
    ),
    Way(
        "deleted before the text leaves",
        deletes_before_the_text_leaves,
        {MA: ("gone",)},
        flags=("author_deleted",),
        check=is_blank,
    ),
    Way(
        "deleted after the text",
        deletes_after_the_text,
        {MA: ("sent",)},
        posts=(1,),
        flags=("deleted_after_reply",),
        chores=("delete_ours",),
        check=is_blank,
    ),
    Way("deleted first", deletes_first, {MA: ("gone",)}, cases=(0,), check=is_blank),
    Way(
        "natively answered at once",
        natively_answered_at_once,
        {MA: ("cancelled", "silent")},
        cases=(0, 1),
        check=a_person_spoke,
    ),
    Way(
        "natively answered before it came",
        natively_answered_first,
        {MA: ("silent",)},
        cases=(0,),
        check=a_person_spoke,
    ),
    Way(
        "natively answered before the text leaves",
        natively_answered_before_the_text,
        {MA: ("cancelled",)},
        check=a_person_spoke,
    ),
    Way(
        "natively answered after the text",
        natively_answered_after_the_text,
        {MA: ("sent",)},
        posts=(1,),
        check=a_person_spoke,
    ),
    Way(
        "harm natively answered",
        harm_natively_answered,
        {MA: ("queued",)},
        band="urgent",
        pages=1,
        check=a_person_spoke,
    ),
    Way("echoed", echoes_the_text, {MA: ("sent",)}, posts=(1,), check=nobody_spoke),
    Way("answer lost", loses_the_answer, {MA: ("sent",)}, posts=(1,)),
    Way("request lost", loses_the_request, {MA: ("sent",)}, posts=(1,)),
    Way("throttled", is_throttled, {MA: ("sent",)}, posts=(1,)),
    Way(
        "refused",
        is_refused,
        # The twin refuses one call: whoever died over it tries once more.
        {MA: ("refused", "queued", "sent", "parked")},
        posts=(0, 1),
    ),
    Way(
        "refused with an heir",
        is_refused_with_an_heir,
        {MA: ("refused", "queued", "sent"), MB: ("sent", "queued")},
        posts=(1, 2),
    ),
    Way(
        "deleted with an heir",
        deletes_with_an_heir,
        {MA: ("gone",), MB: ("sent",)},
        posts=(1,),
        flags=("author_deleted",),
    ),
    Way(
        "answer lost and no look-up",
        loses_an_answer_without_a_look_up,
        {TELEGRAM: ("parked",)},
        posts=(0, 1),
        platform="telegram",
        flags=("parked_no_lookup",),
    ),
    Way(
        "no look-up",
        asks_on_telegram,
        {TELEGRAM: ("sent", "parked")},
        posts=(0, 1),
        platform="telegram",
    ),
    Way(
        "privately answered before the text leaves",
        messages_and_is_answered_privately,
        # A private answer is noted apart: until triage has seen it, the text may leave.
        {DM: ("cancelled", "sent")},
        posts=(0, 1),
    ),
    Way(
        "a lost private answer is proved by its echo",
        messages_and_the_answer_is_lost,
        {DM: ("sent",)},
        posts=(1,),
    ),
]


def assert_whole(world: World, way: Way) -> None:
    """What must hold in the end, whatever broke off before."""
    for mention, states in way.ends.items():
        assert world.state(mention) in states
    for item in world.items():
        if item["pk"]["S"].startswith("mention#"):
            assert "todo" not in item
            assert "dh" not in item
            assert "st" not in item or item["st"]["S"] in FINAL
    assert len(world.posts(way.platform)) in way.posts
    targets = world.targets(way.platform)
    assert len(targets) == len(set(targets))
    assert len(world.cases()) in way.cases
    for mention in way.ends if world.cases() else ():
        case = world.conversation(mention).case
        assert case is not None
        assert case.state == "open"
        assert case.band == way.band
        bells = world.queue(f"work-acme-{case.band}")
        assert {"case": world.conversation(mention).id, "epoch": case.epoch} in bells
        assert set(way.flags) <= set(case.flags)
        assert set(way.chores) <= set(case.chores)
    assert bool(world.sns.messages) == bool(way.pages)
    way.check(world)


def calls_of(way: Way) -> int:
    world = World()
    way.happens(world)
    before = len(world.hook.calls)
    world.run_out()
    return len(world.hook.calls) - before


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_it_ends_well_when_nothing_breaks(way: Way) -> None:
    world = World()
    way.happens(world)

    world.run_out()

    assert_whole(world, way)


@pytest.mark.parametrize("repeats", [True, False], ids=["repeated", "dropped"])
@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_it_ends_as_well_wherever_it_breaks_off(way: Way, repeats: bool) -> None:
    for crash_at in range(calls_of(way)):
        world = World()
        world.repeats_records = repeats
        way.happens(world)
        world.hook.arm(crash_at)

        world.run_out()

        assert len(world.crashes) == 1
        try:
            assert_whole(world, way)
        except AssertionError as error:
            raise AssertionError(f"after a crash at call {crash_at}: {world.crashes}") from error


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_it_ends_as_well_when_everything_comes_twice(way: Way) -> None:
    world = World()
    world.doubles = True
    way.happens(world)

    world.run_out()

    assert_whole(world, way)


@pytest.mark.parametrize("wait_s", [0, 3600])
@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_nothing_changes_when_the_stream_is_shown_once_more(way: Way, wait_s: int) -> None:
    world = World()
    way.happens(world)
    world.run_out()
    before = {mention: world.state(mention) for mention in way.ends}
    posts, cases = world.posts(way.platform), len(world.cases())
    world.clock.forward(s=wait_s)

    world.replay()
    world.run_out()

    assert {mention: world.state(mention) for mention in way.ends} == before
    assert (world.posts(way.platform), len(world.cases())) == (posts, cases)
    assert_whole(world, way)


@pytest.mark.parametrize("seed", range(200))
def test_it_ends_as_well_after_several_crashes(seed: int) -> None:
    chance = random.Random(seed)
    way = chance.choice(WAYS)
    world = World()
    world.doubles = chance.random() < 0.3
    way.happens(world)
    for _ in range(chance.randint(3, 6)):
        world.repeats_records = chance.random() < 0.5
        world.hook.arm(chance.randint(0, 12))
        world.run(chance.randint(1, 3))
    world.hook.disarm()

    world.run_out()

    try:
        assert_whole(world, way)
    except AssertionError as error:
        raise AssertionError(f"{way.name}, seed {seed}: {world.crashes}") from error
