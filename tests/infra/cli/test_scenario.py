import argparse
from pathlib import Path
from typing import Any

import pytest

from infra.cli import place
from infra.cli.errors import CommandError
from infra.cli.main import main
from infra.cli.scenario import running, scenario
from infra.local.emulator import free_port
from infra.local.scenarios.run import SCENARIOS
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.server import TwinServer, wall_clock_ms

Output = pytest.CaptureFixture[str]
NAMES = ("HOOKS", "DESK", "TABLE", "POOL", "CLIENT", "TWIN_X", "TWIN_FACEBOOK", "TWIN_TELEGRAM")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, so that no .heed/env of a running system is found."""
    for name in (*NAMES, "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def write_env(folder: Path, address: str) -> None:
    (folder / ".heed").mkdir()
    values = {**dict.fromkeys(NAMES, address), "AWS_ENDPOINT_URL": address}
    lines = [f"export {name}='{value}'\n" for name, value in values.items()]
    (folder / place.ENV_FILE).write_text("".join(lines))


def write_secrets(folder: Path) -> None:
    for name in ("x", "facebook", "telegram"):
        (folder / ".heed" / f"{name}-main.secret").write_text(f"secret of {name}\n")


@pytest.mark.parametrize("argv", [["scenario"], ["scenario", "list"]])
def test_the_scenarios_are_listed_with_a_line_each(argv: list[str], capsys: Output) -> None:
    assert main(argv) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert all(len(line.split()) > 3 for line in lines)


def test_a_wrong_name_lists_the_right_ones(capsys: Output) -> None:
    assert main(["scenario", "end-of-the-world"]) == 2

    said = capsys.readouterr().err
    assert "no scenario is called 'end-of-the-world'" in said
    assert all(name in said for name in SCENARIOS)


@pytest.mark.parametrize("status", [0, 1])
def test_a_scenario_is_played_and_its_status_passed_on(status: int) -> None:
    asked: list[Any] = []

    def play(*given: Any, **named: Any) -> int:
        asked.append((given, named))
        return status

    arguments = argparse.Namespace(name="undo", patience=7)

    assert scenario(arguments, play) == status
    assert asked == [(("undo", None), {"patience_s": 7})]


def test_nothing_runs_where_nothing_was_started() -> None:
    assert running() is None


def test_what_a_dead_system_left_behind_is_no_running_one(tmp_path: Path) -> None:
    write_env(tmp_path, f"http://127.0.0.1:{free_port()}")

    assert running() is None


def test_a_running_system_is_used(tmp_path: Path) -> None:
    with TwinServer([facebook_twin([], now_ms=wall_clock_ms)]) as server:
        address = server.address("facebook")
        write_env(tmp_path, address)
        write_secrets(tmp_path)

        found = running()

    assert found is not None
    assert (found.hooks, found.twins["x"]) == (address, address)
    assert found.signing["telegram"] == "secret of telegram"
    assert "secret of" not in repr(found)


def test_a_running_system_without_its_secrets_is_told(tmp_path: Path) -> None:
    with TwinServer([facebook_twin([], now_ms=wall_clock_ms)]) as server:
        write_env(tmp_path, server.address("facebook"))

        with pytest.raises(CommandError, match=r"start `make run` again"):
            running()


def test_a_system_elsewhere_is_never_played_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(tmp_path, "http://127.0.0.1:9")
    monkeypatch.setenv("HOOKS", "https://hooks.example/hooks")

    with pytest.raises(CommandError, match="on this machine only"):
        running()
