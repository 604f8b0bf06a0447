import pytest

from infra.local.scenarios.run import SCENARIOS, play
from tests.infra.local.scenarios.worlds import WorldStack
from tests.simulation.variants import lock_with_expiry, send_then_record

# As a person would wait: a scenario that takes longer is not watched to its end.
SECONDS_MAX = 190


@pytest.mark.parametrize("name", SCENARIOS)
def test_everything_holds_and_each_step_is_told(name: str) -> None:
    stack, lines = WorldStack(), list[str]()
    began = stack.time.now()

    verdict = play(name, stack, lines.append)

    assert verdict.faults == (), "\n".join(lines)
    assert lines[0] == f"{name}: {SCENARIOS[name].line}"
    assert lines[-1] == f"{name}: everything held"
    assert len(lines) > 10
    assert stack.time.now() - began < SECONDS_MAX * 1000
    # What was switched or broken for the scenario is as it was.
    assert not stack.world.controls.get("acme").paused
    assert not stack.world.twin("facebook").faults


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_can_be_played_one_after_the_other(name: str) -> None:
    stack = WorldStack()
    play("agent-vanishes", stack, lambda line: None)

    assert play(name, stack, lambda line: None).faults == ()


def test_a_sender_that_records_afterwards_is_found_out() -> None:
    lines: list[str] = []

    verdict = play("answer-lost-after-post", WorldStack(send_then_record), lines.append)

    assert any("answers by the machine" in fault for fault in verdict.faults), lines
    assert lines[-1] == "answer-lost-after-post: FAILED"


def test_a_lock_that_lapses_makes_a_visible_double() -> None:
    lines: list[str] = []

    verdict = play("answer-lost-after-post", WorldStack(lock_with_expiry), lines.append)

    assert any("answers by the machine" in fault for fault in verdict.faults), lines


def test_what_never_comes_ends_the_scenario_and_fails_it() -> None:
    stack, lines = WorldStack(), list[str]()
    stack.world.twin("facebook").world.expire_token("1067280970047460")

    verdict = play("undo", stack, lines.append, patience_s=5)

    assert any("the acknowledgement: not within 5 s" in fault for fault in verdict.faults)
    assert any("STUCK" in line for line in lines)
    assert "  BROKEN  nothing without an end" in lines


def test_a_webhook_that_takes_nothing_is_told() -> None:
    class Full(WorldStack):
        def post(self, hits: object) -> list[int]:
            return [503]

    lines: list[str] = []

    assert play("undo", Full(), lines.append).faults[0].endswith("takes no delivery: 503")
