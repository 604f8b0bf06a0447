"""Edits, deletions and own posts in any order, repeated, with everything else in between: what is
left at the end follows from what was told, and from what had been sent by then.

What may differ with the order: the state of a mention that was answered before its deletion or a
colleague's post came; the case that had been opened by then, with the gravest band and the reasons
that people were told; and, of a deleted mention, whether a colleague's answer was still noted."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from heed.domain.conversation import ANSWERED_ELSEWHERE
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_deletion, x_post
from tests.heed.flows.world import World

A: Final = "2100000000000000001"
MA: Final = f"x#{X_ACCOUNT}#post:{A}"
CALM = (
    "@acmeair when does it leave?",
    "@acmeair when does my flight leave?",
    "@acmeair when does my flight to Porto leave?",
)
GRAVER = (
    "@acmeair when does it leave?",
    "@acmeair my solicitor asks when?",
    "@acmeair I was burned?",
)
SOFTER = (COMPLAINT, "@acmeair my solicitor finds it terrible", "@acmeair never mind, a bus came")
TEXTS = {"calm": CALM, "graver": GRAVER, "softer": SOFTER}
SETS = (
    ("create", "edit", "second edit"),
    ("create", "delete"),
    ("create", "own"),
    ("edit", "delete"),
    ("create", "edit", "second edit", "own"),
    ("create", "edit", "second edit", "delete"),
    ("create", "edit", "second edit", "delete", "own"),
)
SEEDS = 25
STEPS_MAX = 2
Step = Callable[[], object]


@dataclass
class Told:
    """A world in which events were told in one order; `log` says which."""

    world: World
    log: list[str] = field(default_factory=list)
    posts_at_delete: int | None = None

    @property
    def case(self) -> Any:
        stored = self.world.stored(MA)
        conversation = self.world.conversations.get(stored.conversation)
        return conversation.live_case if conversation else None


def bodies(texts: tuple[str, str, str], at: int) -> dict[str, bytes]:
    own: dict[str, Any] = {"author": X_ACCOUNT, "event": "post.create", "answers": A}
    return {
        "create": x_post(A, texts[0], at=at),
        "edit": x_post(A, texts[1], at=at + 1000, versions=(A, A + "1")),
        "second edit": x_post(A, texts[2], at=at + 2000, versions=(A, A + "1", A + "2")),
        "delete": x_deletion(A),
        "own": x_post("2199", "Hello, Ana here.", at=at + 3000, **own),
    }


def tell(events: tuple[str, ...], texts: tuple[str, str, str], seed: int) -> Told:
    """Deliver each event once or twice in a drawn order, with whatever may happen in between."""
    chance = random.Random(f"{events} {seed}")
    told = Told(World())
    world, told_of = told.world, bodies(texts, told.world.clock.now())
    world.clock.forward(s=10)
    steps: dict[str, Step] = {
        "triage": world.triage, "reply": world.reply, "sweep": world.sweep, "run": world.run,
        "minute": lambda: world.run(1),
    }  # fmt: skip
    order = [event for event in events for _ in range(chance.choice((1, 1, 2)))]
    chance.shuffle(order)
    for event in order:
        assert world.deliver("x", told_of[event]).status == 200
        told.log.append(event)
        if event == "delete" and told.posts_at_delete is None:
            told.posts_at_delete = len(world.posts())
        for step in chance.choices(sorted(steps), k=chance.randrange(STEPS_MAX + 1)):
            steps[step]()
            told.log.append(f"({step})")
    world.run_out()
    return told


@pytest.mark.parametrize("texts", TEXTS)
@pytest.mark.parametrize("events", SETS, ids=" ".join)
def test_the_end_follows_from_what_was_told(events: tuple[str, ...], texts: str) -> None:
    for seed in range(SEEDS):
        told = tell(events, TEXTS[texts], seed)
        for check in (check_settled, check_once, check_words, check_deletion, check_people):
            assert check(told, events, TEXTS[texts]), (check.__name__, seed, told.log)


def check_settled(told: Told, events: tuple[str, ...], texts: tuple[str, str, str]) -> bool:
    """Nothing waits for a machine any more."""
    item = told.world.item(MA)
    return "todo" not in item and "dh" not in item


def check_once(told: Told, events: tuple[str, ...], texts: tuple[str, str, str]) -> bool:
    """No order brings a second text, and none is sent to what is known to be deleted."""
    posts = told.world.posts()
    sent = told.world.state(MA) == "sent"
    late = told.posts_at_delete is not None and len(posts) > told.posts_at_delete
    return len(posts) == int(sent) and not late


def check_words(told: Told, events: tuple[str, ...], texts: tuple[str, str, str]) -> bool:
    """The newest words stand, and those of a deleted mention nowhere."""
    stored = told.world.stored(MA)
    if "delete" in events:
        return (stored.mention.text, bool(stored.gone_at)) == ("", True)
    newest = max(("create", "edit", "second edit").index(e) for e in events if e != "own")
    return (stored.mention.text, stored.edited) == (texts[newest], newest > 0)


def check_deletion(told: Told, events: tuple[str, ...], texts: tuple[str, str, str]) -> bool:
    """What was deleted asks for nobody, except for a text of ours that stands below it."""
    if "delete" not in events:
        return told.world.state(MA) != "gone"
    case, sent = told.case, bool(told.world.posts())
    if sent:
        return case is not None and "delete_ours" in case.chores and MA in case.pending
    return told.world.state(MA) == "gone" and (case is None or MA not in case.pending)


def check_people(told: Told, events: tuple[str, ...], texts: tuple[str, str, str]) -> bool:
    """Whoever must hear of the newest words does, whether or not a colleague answered."""
    if "delete" in events:
        return True
    case, is_grave = told.case, "second edit" in events and "burned" in texts[2]
    if "own" in events and not told.world.conversation(MA).person_spoke_at:
        return False
    if is_grave:
        return case is not None and MA in case.pending and case.page and case.band == "urgent"
    if "own" in events and case is not None:
        return ANSWERED_ELSEWHERE in case.flags
    return "own" in events or (case is not None and MA in case.pending)
