"""The local run as a person starts it: one process, its output and its exit status."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FUNCTIONS = ("receive", "triage", "reply", "desk", "sweep", "tally", "poll")
RUN_SECONDS_MAX = 300
# Enough for everything but what waits for sweep; the summary says which function is missing.
PATIENCE_S = 8


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
    assert "; equal to the recount" in done.stdout
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
    # Without desk nobody switches the accounts from draft to live.
    for earlier in FUNCTIONS[: 2 if function == "desk" else min(FUNCTIONS.index(function), 3)]:
        assert f"{earlier} ok" in done.stdout


def test_the_readme_works_and_a_stop_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "events").symlink_to(ROOT / "events")
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "infra.cli.main", "up", "--patience", "15"],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        wait_for(tmp_path / "output", "up until Ctrl-C", process)
        address = written(tmp_path)["AWS_ENDPOINT_URL"]
        assert processes_of(address)
        answers = as_the_readme_says(tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 1)

    assert re.findall(r"HTTP/1.1 (\d+)", answers) == [
        *("200", "401", "200", "401"),  # challenges of X, one of Facebook, a forged delivery
        *("202", "202", "409"),  # an answer, the same again, one with an old epoch
    ]
    assert answers.count("\n200\n") + answers.count("match200\n") >= 2
    assert '"state": "sent", "outcome": "acknowledge"' in answers
    assert "stale_epoch" in answers
    assert answers.endswith("acme: paused\nacme: answering\n")
    assert "Traceback" not in (tmp_path / "output").read_text(encoding="utf-8")
    assert not processes_of(address)


def as_the_readme_says(folder: Path) -> str:
    """Run the lines under "Try it" in the README; returns what they print."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"### Try it.*?```sh\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/bash", "-c", block[1]],
        cwd=folder,
        env={"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def wait_for(path: Path, text: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 180
    while text not in path.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        assert process.poll() is None, path.read_text(encoding="utf-8")[-2000:]
        time.sleep(0.3)


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
