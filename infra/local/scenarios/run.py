"""The list of scenarios, and playing one: its steps, then the verdict."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from heed import brand
from infra.local.deploy import DeployError
from infra.local.emulator import EmulatorError
from infra.local.run import Running, started
from infra.local.scenarios import customers, people, sending
from infra.local.scenarios.checks import broken
from infra.local.scenarios.play import PATIENCE_S, Play, StuckError
from infra.local.scenarios.stack import LiveStack, Place, Stack, StackError


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario: what it is about, in one line, and how it is played."""

    line: str
    act: Callable[[Play], None]


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "answer-lost-after-post": Scenario(
        "the platform posts, then the connection dies", sending.answer_lost
    ),
    "platform-down-an-hour": Scenario(
        "the platform fails, then refuses everything for an hour", sending.platform_down
    ),
    "same-delivery-a-hundred-times": Scenario(
        "the platform delivers the same thing a hundred times", sending.hundred_times
    ),
    "agent-vanishes": Scenario("an agent claims a case and disappears", people.agent_vanishes),
    "agent-answers-from-the-phone-app": Scenario(
        "a colleague answers on the platform itself, before the machine", people.answers_from_app
    ),
    "angry-customer-edits": Scenario(
        "a question becomes a threat with a lawyer", customers.customer_edits
    ),
    "author-deletes": Scenario(
        "authors delete after the answer, and before the delivery", customers.author_deletes
    ),
    "poison-in-a-batch": Scenario(
        "one change of a delivery cannot be read", customers.poison_in_batch
    ),
    "forged-flood": Scenario(
        "somebody delivers by the dozen without the secrets", customers.forged_flood
    ),
    "pause-and-resume": Scenario(
        "a lead stops the machine and lets it go on", sending.pause_and_resume
    ),
    "undo": Scenario("an agent takes a reply back within 15 seconds", people.undo),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a scenario ended: what it found wrong, in sentences; nothing = all held."""

    faults: tuple[str, ...]


def run(name: str, place: Place | None, *, patience_s: float = PATIENCE_S) -> int:
    """Play a scenario on the system that runs at a place, or on one started for it.

    Returns the exit status: 0 when everything held.
    """
    try:
        if place is not None:
            print("playing on the local system that is up", flush=True)
            return _played_live(name, place, patience_s)
        # A stop must not leave the emulator behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        with started() as running:
            return _played_live(name, place_of(running), patience_s)
    except (DeployError, EmulatorError, StackError) as error:
        print(f"heed scenario: {error}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"heed scenario: the emulator refuses: {error}", file=sys.stderr)
        return 1


def place_of(running: Running) -> Place:
    """Say where a system runs that was started here."""
    return Place(
        hooks=running.hooks,
        desk=running.desk,
        aws=running.aws,
        table=running.outputs["TableName"],
        pool=running.outputs["UserPoolId"],
        client=running.outputs["UserPoolClientId"],
        twins=running.addresses,
        signing=running.signing,
    )


def _played_live(name: str, place: Place, patience_s: float) -> int:
    stack = LiveStack(place)
    for key in brand.load().file.brands:
        # The brand file leaves accounts in draft.
        stack.ask("ana", "PUT", f"/controls/{key}", {"mode": "live"})
    verdict = play(name, stack, lambda line: print(line, flush=True), patience_s=patience_s)
    return 1 if verdict.faults else 0


def play(
    name: str, stack: Stack, tell: Callable[[str], None], *, patience_s: float = PATIENCE_S
) -> Verdict:
    """Play one scenario, then check every invariant, however it went."""
    tell(f"{name}: {SCENARIOS[name].line}")
    at_work = Play(stack, tell, patience_s)
    try:
        SCENARIOS[name].act(at_work)
    except (StuckError, StackError) as error:
        at_work.faults.append(str(error))
        at_work.say(f"STUCK: {error}")
    _let_all_end(at_work)
    tell("verdict")
    checked = broken(at_work.found())
    for invariant, breaches in checked.items():
        tell(f"  {'ok    ' if not breaches else 'BROKEN'}  {invariant}")
        for breach in breaches:
            tell(f"          {breach}")
    for fault in at_work.faults:
        tell(f"  BROKEN  {fault}")
    faults = (*at_work.faults, *(one for found in checked.values() for one in found))
    tell(f"{name}: {'FAILED' if faults else 'everything held'}")
    return Verdict(faults)


def _let_all_end(at_work: Play) -> None:
    """Give what is still on its way the time that everything may take: a lease and two sweeps."""
    if not _endless(at_work):
        return
    try:
        at_work.wait("the rest", lambda: not _endless(at_work), sweeps=3)
    except StuckError as error:
        at_work.say(f"STUCK: {error}")


def _endless(at_work: Play) -> list[str]:
    return broken(at_work.found())["nothing without an end"]
