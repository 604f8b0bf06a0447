from collections.abc import Iterator

import pytest

from infra.local.emulator import free_port
from infra.local.scenarios.stack import Hit, LiveStack, Place, StackError
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.server import TwinServer, wall_clock_ms
from infra.local.twins.world import TwinAccount


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    """A system of which only a twin is up."""
    twin = facebook_twin([TwinAccount("42", "token")], now_ms=wall_clock_ms)
    nobody = f"http://127.0.0.1:{free_port()}"
    with TwinServer([twin]) as server:
        twins = {"facebook": server.address("facebook"), "x": nobody}
        yield LiveStack(
            Place(
                hooks=nobody,
                desk=nobody,
                aws=nobody,
                table="heed",
                pool="pool",
                client="client",
                twins=twins,
                signing={"facebook": "secret"},
            )
        )


def test_faults_are_added_and_taken_away(stack: LiveStack) -> None:
    faults = {"faults": [{"kind": "throttle"}, {"kind": "slow"}]}

    assert stack.control("facebook", "POST", "faults", faults) == {"waiting": 2}
    assert stack.control("facebook", "DELETE", "faults") == {"waiting": 0}


def test_a_body_is_learned_as_it_is(stack: LiveStack) -> None:
    assert stack.control("facebook", "POST", "learn", b"{}") == {"learned": []}


def test_a_twin_that_refuses_is_told(stack: LiveStack) -> None:
    with pytest.raises(StackError, match="the twin of facebook said 404 to weather"):
        stack.control("facebook", "GET", "weather")


def test_a_twin_that_is_not_there_is_told(stack: LiveStack) -> None:
    with pytest.raises(StackError, match="does not answer: ConnectionError"):
        stack.control("x", "GET", "posts")


def test_a_webhook_that_is_not_there_answers_nothing(stack: LiveStack) -> None:
    hit = Hit("facebook", b"{}", {"x-hub-signature-256": "sha256=0"})

    assert stack.post([hit, hit]) == [0, 0]


def test_time_passes_for_real(stack: LiveStack) -> None:
    before = stack.time.now()

    stack.sleep(0.02)

    assert stack.time.now() - before >= 20
