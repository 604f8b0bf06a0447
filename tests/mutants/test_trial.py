"""The trial as a whole, on a small module, in an interpreter of its own: it forks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = """\
LIMIT = 5
NOTE = "seen by nobody"


def count(numbers):
    found = 0
    for _ in numbers:
        found += 1
    return min(found, LIMIT)
"""
TESTS = """\
import pytest
from counting import LIMIT, count

@pytest.mark.parametrize("store", ["memory", "moto"])
def test_no_more_than_the_limit_is_counted(store):
    assert store == "memory"
    assert (count([]), count([7, 7]), count([7] * 9)) == (0, 2, 5)
    assert LIMIT == 5
"""
PROGRAM = """\
import json, sys
from pathlib import Path
from tests.mutants.mutations import mutants_of
from tests.mutants.trial import BaselineError, Target, judge

folder = Path(sys.argv[1])
sys.path.insert(0, str(folder))
path = folder / "counting.py"
mutants = mutants_of("counting.py", path.read_text(), str(path))
target = Target(path, "counting", (str(folder / "test_counting.py"),), folder)
try:
    verdicts = judge(target, mutants, 2)
except BaselineError as error:
    sys.exit(str(error))
print(json.dumps({f"{m.text} | {m.change}": v for m, v in zip(mutants, verdicts)}))
"""
LIMITS = """\
import time
from tests.mutants.processes import fork, run_all, wait

def spin():
    while True:
        pass

def fail():
    raise ValueError

assert wait(fork(spin, cpu_s=1)) == "timeout"
assert wait(fork(lambda: time.sleep(60), wall_s=1)) == "timeout"
assert wait(fork(fail)) == "killed"
verdicts = run_all([(lambda: 0, 5), (lambda: 1, 5), (lambda: 0, 5)], 2)
assert verdicts == ["survived", "killed", "survived"]
"""


def run(folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
    (folder / "counting.py").write_text(SOURCE)
    (folder / "test_counting.py").write_text(tests)
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_mutants_are_killed_or_survive(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS)

    assert done.returncode == 0, done.stderr
    verdicts = json.loads(done.stdout)
    assert verdicts.pop("NOTE = \"seen by nobody\" | 'seen by nobody' -> ''") == "survived"
    assert verdicts["LIMIT = 5 | 5 -> 6"] == "killed"
    assert verdicts["found += 1 | removed: found += 1"] == "killed"
    assert "survived" not in verdicts.values()
    assert (tmp_path / "counting.py").read_text() == SOURCE


@pytest.mark.parametrize("tests", [TESTS.replace("== 5", "== 4"), "import nothing_there"])
def test_without_green_tests_nothing_is_judged(tmp_path: Path, tests: str) -> None:
    done = run(tmp_path, tests)

    assert done.returncode == 1
    assert "fail as they are" in done.stderr


def test_work_that_never_ends_is_ended() -> None:
    command = [sys.executable, "-c", LIMITS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "ValueError" in done.stderr
