"""One scenario as a person starts it, on a system of its own. The others run in worlds of their own
beside this file: what they ask of a system is the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.emulator import free_port
from infra.local.scenarios.run import run
from infra.local.scenarios.stack import Place
from tests.infra.local.test_run import processes_of, written

RUN_SECONDS_MAX = 400


def test_a_scenario_is_played_on_a_system_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.cli.main", "scenario", "author-deletes"]
    done = subprocess.run(
        [*command, "--patience", "120"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "author-deletes: everything held" in done.stdout
    assert "BROKEN" not in done.stdout
    assert not processes_of(written(tmp_path)["AWS_ENDPOINT_URL"])


def test_a_system_that_does_not_answer_ends_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    names = ("x", "facebook", "telegram")
    place = Place(
        hooks=nobody,
        desk=nobody,
        aws=nobody,
        table="heed",
        pool="pool",
        client="client",
        twins=dict.fromkeys(names, nobody),
        signing=dict.fromkeys(names, "secret"),
    )

    assert run("undo", place) == 1
    assert "heed scenario: the emulator does not answer" in capsys.readouterr().err
