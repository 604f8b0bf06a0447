"""The summary of a local run: computed from table, queues and twins, never from what was sent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heed import brand
from heed.domain.tally import Cell, Counts, pulse
from heed.storage.codec import conversation_of, stored_mention
from infra.local.agent import TEXT, Worked
from infra.local.facts import MARKER, Facts
from infra.local.player import Played
from infra.local.twins.core import Twin

CASES_MIN = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """Lines to print and the faults that make the run fail."""

    lines: tuple[str, ...]
    faults: tuple[str, ...]


def summarise(
    played: list[Played],
    worked: Worked | None,
    *,
    facts: Facts,
    twins: Mapping[str, Twin],
    queue_depths: Mapping[str, int],
) -> Summary:
    """Look at everything that the run left behind."""
    items = facts.everything()
    mentions = [stored_mention(item) for item in items if _is_mention(item)]
    conversations = [conversation_of(item) for item in items if item["sk"]["S"] == "case"]
    cases = [c.case for c in conversations if c.case]
    posts = [post for twin in twins.values() for post in twin.visible_posts()]
    machine = [post for post in posts if post.text.endswith(MARKER)]
    twice = [target for target, n in Counter(p.target for p in machine).items() if n > 1]
    waiting = [p for p in played if p.sample.expected.fault]
    answered_agent = [p for p in posts if p.text == TEXT]
    counted, recounted = facts.counted(brand.load().file.brands), facts.recounted()
    works = {
        "receive": bool(mentions),
        "triage": any(m.sending.state != "new" for m in mentions),
        "reply": bool(machine),
        "desk": worked is not None
        and any(c.id == worked.case and c.case and c.case.resolution for c in conversations),
        "sweep": bool(waiting) and all(p.happened.answered for p in waiting),
        "tally": bool(counted) and counted == recounted,
        "poll": any(m.source == "reread" for m in mentions),
    }
    faults = [f"{name} did not do its part" for name, did in works.items() if not did]
    faults += [f"{target} was answered twice by the machine" for target in twice]
    faults += [p.difference for p in played if not p.is_as_expected]
    faults += [f"{name} holds {n} dead letters" for name, n in queue_depths.items() if n]
    faults += _own_posts_answered(played, facts)
    if len(cases) < CASES_MIN:
        faults.append(f"{len(cases)} cases were opened, expected at least {CASES_MIN}")
    if len(answered_agent) != 1:
        faults.append(f"the agent's reply is visible {len(answered_agent)} times, expected once")
    states = Counter[str](m.sending.state for m in mentions)
    lines = (
        f"samples   {sum(p.is_as_expected for p in played)} of {len(played)} as expected",
        f"mentions  {len(mentions)} stored: " + _counted(states),
        f"answers   {len(machine)} by the machine, {len(answered_agent)} by an agent,"
        f" {len(twice)} doubled",
        f"cases     {len(cases)} opened: " + _counted(Counter[str](c.state for c in cases)),
        _pulse(counted, is_exact=counted == recounted),
        "functions "
        + ", ".join(f"{name} {'ok' if did else 'FAILED'}" for name, did in works.items()),
    )
    return Summary(lines=lines, faults=tuple(faults))


def _pulse(counted: Mapping[Cell, Counts], *, is_exact: bool) -> str:
    read = pulse(counted.values())
    return (
        f"pulse     {read.received} received, {read.eligible} eligible, {read.machine} answered by"
        f" the machine, {read.people} by people, {read.waiting} waiting;"
        f" {'equal to the recount' if is_exact else 'NOT equal to the recount'}"
    )


def _is_mention(item: dict[str, Any]) -> bool:
    return item["pk"]["S"].startswith("mention#") and "st" in item


def _own_posts_answered(played: list[Played], facts: Facts) -> list[str]:
    own = [m for p in played for m in p.told if m.is_own_post]
    return [f"our own post {m.object_id} was answered" for m in own if facts.answers(m)]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none"
