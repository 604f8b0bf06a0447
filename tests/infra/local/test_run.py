"""The local run as a person starts it: one process, its output and its exit status."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

FUNCTIONS = ("receive", "triage", "reply", "desk", "sweep")
RUN_SECONDS_MAX = 300
# Enough for everything but what waits for sweep; the summary says which function is missing.
PATIENCE_S = 12


def heed_up(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "up", "--once", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )


def test_every_sample_goes_as_expected_and_a_case_is_worked(tmp_path: Path) -> None:
    done = heed_up(tmp_path)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    counted = re.search(r"samples +(\d+) of (\d+) as expected", done.stdout)
    assert counted is not None
    assert counted[1] == counted[2]
    assert "by an agent, 0 doubled" in done.stdout
    for name in FUNCTIONS:
        assert f"{name} ok" in done.stdout
    assert "FAULT" not in done.stdout
    assert {"HOOKS", "DESK", "TOKEN"} <= written(tmp_path).keys()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_without_its_trigger_is_noticed(function: str, tmp_path: Path) -> None:
    done = heed_up(tmp_path, "--without", function, "--patience", str(PATIENCE_S))

    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    assert f"{function} FAILED" in done.stdout
    # What comes before it on a mention's way still works: it is this function that is missing.
    for earlier in FUNCTIONS[: min(FUNCTIONS.index(function), 3)]:
        assert f"{earlier} ok" in done.stdout


def test_a_stop_leaves_no_process_and_says_nothing_alarming(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.cli.main", "up", "--patience", "1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(tmp_path / ".heed" / "env")
    hooks = written(tmp_path)["HOOKS"]
    address = written(tmp_path)["AWS_ENDPOINT_URL"]

    assert requests.post(f"{hooks}/x/main", data=b"{}", timeout=20).status_code == 401
    assert processes_of(address)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert "Traceback" not in errors
    with pytest.raises(requests.ConnectionError):
        requests.get(hooks, timeout=5)
    assert not processes_of(address)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 90
    while not path.exists() or "TOKEN" not in path.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, "the local run did not become ready"
        time.sleep(0.2)


def written(folder: Path) -> dict[str, str]:
    lines = (folder / ".heed" / "env").read_text(encoding="utf-8").splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {name: value.strip("'") for name, value in pairs}


def processes_of(address: str) -> list[int]:
    """Processes that were started for an emulator: all have its address in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"AWS_ENDPOINT_URL={address}\0".encode() in environment:
                found.append(int(entry.name))
    return found
