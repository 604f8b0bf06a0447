"""The invariants, checked when a run has come to rest: nothing lost, stored twice, answered twice,
held by two, decided twice, or left where nobody sees it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from heed.domain.clock import HOUR_MS
from heed.domain.conversation import mark_of
from heed.domain.mention import MentionId
from heed.domain.reply import FINAL
from tests.simulation.people import Accepted, Desk, Visitors
from tests.simulation.platforms import Visible
from tests.simulation.world import SKEW_MS_MAX, TABLE, World

# A second acknowledgement of a conversation is allowed after a day; clocks differ.
COOLDOWN_MS: Final = 24 * HOUR_MS - 3 * SKEW_MS_MAX
# Outcomes that somebody else than triage binds, later and for another reason.
_LATER: Final = (
    "refused_", "parked_", "not_triaged", "deleted_after_reply", "edited", "draft_", "stale",
    "disabled", "rate_budget", "money_budget", "hour_cap",
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """What a run comes to. `settled_ms`: how long after the last fault the last reply or mention
    was final."""

    violations: list[str] = field(default_factory=list)
    mentions: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    settled_ms: int = 0

    def wrong(self, what: str, where: str) -> None:
        """Note a broken invariant."""
        self.counts[what] += 1
        self.violations.append(f"{what}: {where}")


ZEROS: Final = (
    "lost", "stored twice", "a reply visible twice", "two holders of one case",
    "stale writes accepted", "decided twice", "forged stored", "not final", "silence",
    "undone and visible", "text in a queue", "settled late",
)  # fmt: skip


def check(world: World, visitors: Visitors, desk: Desk, calm_ms: int) -> Found:
    """Look at everything that is left. `calm_ms`: since when nothing went wrong any more."""
    found = Found()
    items = {
        item["pk"]["S"].removeprefix("mention#"): item
        for item in world.dynamo.raw_items(TABLE)
        if item["pk"]["S"].startswith("mention#")
    }
    _stored(world, visitors, items, found)
    _visible(world, visitors, desk, found)
    _final(world, items, found)
    _held(world, desk, found)
    _decided(world, visitors, found)
    _settled(world, calm_ms, found)
    _quiet(world, found)
    return found


def _stored(world: World, visitors: Visitors, items: dict[str, Any], found: Found) -> None:
    told = {m for d in world.deliveries for m in d.mentions}
    accepted = {m for d in world.deliveries if d.accepted_ms for m in d.mentions}
    found.mentions = len(accepted)
    for mention in sorted(accepted):
        item = items.get(mention)
        if item is None or "st" not in item:
            found.wrong("lost", mention)
    for mention, item in items.items():
        if mention in visitors.forged:
            found.wrong("forged stored", mention)
        elif mention not in told and "st" in item:
            found.wrong("stored twice", f"{mention} is another key of something")


def _visible(world: World, visitors: Visitors, desk: Desk, found: Found) -> None:
    posts = world.platforms.visible()
    found.counts["replies visible"] = len(posts)
    _visible_persons(Counter(post.text for post in posts if not post.is_machines), desk, found)
    by_matter: dict[tuple[str, ...], list[Visible]] = defaultdict(list)
    for post in posts:
        if post.is_machines:
            by_matter[_matter(post, visitors)].append(post)
    for matter, machines in by_matter.items():
        machines.sort(key=lambda post: post.at_ms)
        for one, next_one in pairwise(machines):
            same = one.target == next_one.target and not one.private
            if same or next_one.at_ms - one.at_ms < COOLDOWN_MS:
                found.wrong("a reply visible twice", f"{'/'.join(matter)}: {one.id} {next_one.id}")


def _visible_persons(told: Counter[str], desk: Desk, found: Found) -> None:
    for reply_id, text in desk.answers.items():
        if told[text] > 1:
            found.wrong("a reply visible twice", f"the agents' {reply_id}, {told[text]} times")
        if told[text] and reply_id in desk.undone:
            found.wrong("undone and visible", f"the agents' {reply_id}")


def _matter(post: Visible, visitors: Visitors) -> tuple[str, ...]:
    """Name the conversation of a machine's post as the visitors know it."""
    if post.private or post.platform == "telegram":
        person = post.target.split(":")[0]
        return post.platform, post.account, person
    for one in visitors.written:
        versions = (one.object_id, f"{one.object_id}5" if one.platform == "x" else "")
        if one.platform == post.platform and post.target in versions:
            return post.platform, post.account, one.thread or one.object_id, one.author
    return post.platform, post.account, post.target


def _final(world: World, items: dict[str, Any], found: Found) -> None:
    cases = {}
    for item in world.dynamo.raw_items(TABLE):
        if item["sk"]["S"] == "case":
            cases[item["pk"]["S"].removeprefix("conv#")] = item
        elif item["sk"]["S"].startswith("at#") and "st" in item:
            _ended(item["sk"]["S"], "agents' reply", item, found)
    for mention, item in items.items():
        if "st" not in item:
            continue
        state = _ended(mention, "mention", item, found)
        case = cases.get(item["cv"]["S"], {}) if "cv" in item else {}
        is_for_people = state in ("refused", "parked", "queued") and "gone" not in item
        if is_for_people and "cs" not in case:
            found.wrong("silence", f"{mention} is {state} without a case")


def _ended(name: str, what: str, item: Any, found: Found) -> str:
    """Count how a reply ended; a draft waits for a person, who sees it."""
    state: str = item["st"]["S"]
    found.counts[f"{what} {state}"] += 1
    if state not in FINAL and not (state == "planned" and "dk" in item):
        found.wrong("not final", f"{name} is {state}")
    if state == "parked":
        found.parked[item.get("rz", {}).get("S", "?")] += 1
    return state


def _held(world: World, desk: Desk, found: Found) -> None:
    """Go through the history: who held which case, and who wrote to it meanwhile."""
    answers = {one.reply_id: one for one in desk.accepted if one.what == "answer"}
    cases: dict[str, Any] = {}
    for change in world.dynamo.stream(TABLE).changes():
        if change.new is None:
            continue
        new, pk = change.new.item, change.new.item["pk"]["S"]
        if new["sk"]["S"] == "case":
            _holder_changes(cases.get(pk), new, change.at_ms, found)
            cases[pk] = new
        elif change.old is None and "#reply#" in new["sk"]["S"]:
            reply_id = new["sk"]["S"].rpartition("#")[2]
            _written_by_holder(answers.get(reply_id), new, cases.get(pk), found)
    found.counts["claims"] = sum(one.what == "claim" for one in desk.accepted)
    found.counts["stale writes refused"] = desk.refused_stale
    claims = Counter((one.case, one.epoch) for one in desk.accepted if one.what == "claim")
    for (case, epoch), times in claims.items():
        if times > 1:
            found.wrong("two holders of one case", f"{case} under epoch {epoch}")


def _holder_changes(old: Any, new: Any, at_ms: int, found: Found) -> None:
    if old is None or old.get("cs", {}).get("S") != "claimed":
        return
    where = f"{new['pk']['S']} at {at_ms}"
    held, now = (old.get("ca"), old["ce"]), (new.get("ca"), new["ce"])
    if new["cs"]["S"] == "claimed" and held != now:
        found.wrong("two holders of one case", where)
    if new["cs"]["S"] != "claimed" and int(new["ce"]["N"]) <= int(old["ce"]["N"]):
        found.wrong("stale writes accepted", f"{where}: the epoch stood still")


def _written_by_holder(answer: Accepted | None, reply: Any, case: Any, found: Found) -> None:
    holder = (case or {}).get("ca", {}).get("S", "")
    is_held = (case or {}).get("cs", {}).get("S") == "claimed"
    if not is_held or holder != reply["ag"]["S"]:
        found.wrong("stale writes accepted", f"{reply['sk']['S']} while {holder or 'nobody'} held")
    if answer is not None and case is not None and int(case["ce"]["N"]) != answer.epoch:
        found.wrong("stale writes accepted", f"{reply['sk']['S']} under epoch {answer.epoch}")


def _decided(world: World, visitors: Visitors, found: Found) -> None:
    """Every mention has one decision of triage, unless its words changed."""
    changed = {mark_of(MentionId(one)) for one in visitors.changed}
    bound: dict[tuple[str, str], tuple[str, str]] = {}
    for change in world.dynamo.stream(TABLE).changes():
        if change.new is None or change.new.item["sk"]["S"] != "case":
            continue
        item = change.new.item
        for entry in item.get("sn", {}).get("S", "").split("|"):
            mark, _, rest = entry.partition(",")
            outcome, _, reason = rest.partition(",")
            if not mark or mark in changed or reason.startswith(_LATER):
                continue
            key = item["pk"]["S"], mark
            if bound.setdefault(key, (outcome, reason)) != (outcome, reason):
                found.wrong("decided twice", f"{key}: {bound[key]} and {(outcome, reason)}")


def _settled(world: World, calm_ms: int, found: Found) -> None:
    final_at: dict[tuple[str, str], int] = {}
    begun: dict[tuple[str, str], int] = {}
    for change in world.dynamo.stream(TABLE).changes():
        if change.new is None or "st" not in change.new.item:
            continue
        item = change.new.item
        key = item["pk"]["S"], item["sk"]["S"]
        begun.setdefault(key, change.at_ms)
        if item["st"]["S"] in FINAL or "dk" in item:
            final_at.setdefault(key, change.at_ms)
        else:
            final_at.pop(key, None)
    late = [at - max(calm_ms, begun[key]) for key, at in final_at.items() if at > calm_ms]
    found.settled_ms = max(late, default=0)


def _quiet(world: World, found: Found) -> None:
    for name, text in _messages(world):
        if not text.isascii() or "terrible" in text or "wonderful" in text:
            found.wrong("text in a queue", name)


def _messages(world: World) -> Iterator[tuple[str, str]]:
    names = [f"reply-{platform}" for platform in world.lanes]
    names += [f"work-{brand}-{band}" for brand in ("acme", "bolt")
              for band in ("urgent", "normal", "low")]  # fmt: skip
    for name in names:
        for body in world.sqs.bodies(name):
            yield name, body
