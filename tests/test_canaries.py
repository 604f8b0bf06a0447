import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.canaries import CANARIES, CARDS, TEXTS, CanaryWatch, found_in
from tests.functions.test_desk import ENVELOPE
from tests.heed.flows.world import KEYS, World

ROOT = Path(__file__).parents[1]
PLUGIN = """
from tests.conftest import _watched_logs, capsys, pytest_runtest_makereport
"""
LEAKS = """
import json, logging, sys, pytest
from aws_lambda_powertools import Logger, Metrics
LINE = json.dumps({"level": "INFO", "message": "a CANARY word"})

def test_of_a_logger():
    Logger(service="one").info("done", extra={"body": "this is a canary"})

def test_of_keys():
    logger = Logger(service="two")
    logger.append_keys(author="zo\\u00eb dvo\\u0159\\u00e1k")
    logger.info("done")

def test_of_a_library():
    logging.getLogger("urllib3").warning("POST /bot1:token-telegram/sendMessage")

def test_of_an_exception():
    try:
        raise ValueError("4111 1111 1111 1111")
    except ValueError:
        logging.getLogger("x").exception("failed")

def test_of_a_printed_line():
    print(LINE)

def test_of_stderr():
    print(LINE, file=sys.stderr)

def test_of_a_line_that_was_taken_away(capsys):
    print(LINE)
    assert "CANARY" in capsys.readouterr().out

def test_of_a_metric(capsys):
    print(json.dumps({"_aws": {}, "canary": [1.0]}))

@pytest.fixture
def late():
    yield
    print(LINE)

def test_of_what_comes_after(late):
    assert True
"""
CLEAN = """
import json, pytest
from aws_lambda_powertools import Logger

@pytest.mark.parametrize("text", ["canary"])
def test_of_a_name(text, request, capsys):
    Logger(service=request.node.name).info("done", extra={"count": 1})
    print("a command shows the canary that its user asked for")
    print(json.dumps({"text": "canary"}))
"""


def watched(folder: Path, tests: str, *options: str) -> tuple[int, list[str], str]:
    """Run tests under the watch in another process; returns its status, what failed, its words."""
    (folder / "conftest.py").write_text(PLUGIN, "utf-8")
    (folder / "test_some.py").write_text(tests, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    ran = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    failed = set(re.findall(r"^(?:FAILED|ERROR) \S*::(\w+)", ran.stdout, re.MULTILINE))
    return ran.returncode, sorted(failed), ran.stdout


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "by a worker"])
def test_a_canary_in_a_line_fails_the_session_and_names_its_test(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    status, failed, says = watched(tmp_path, LEAKS, *options)

    written = [line.split("(")[0][4:] for line in LEAKS.splitlines() if line.startswith("def test")]
    assert (status, failed) == (1, sorted(written))
    assert "lets out what no log may hold" in says


def test_a_clean_session_passes(tmp_path: Path) -> None:
    status, failed, says = watched(tmp_path, CLEAN)

    assert (status, failed) == (0, []), says


def test_every_secret_of_the_worlds_is_a_canary() -> None:
    world = World()
    names = [f"{platform}/main/signing" for platform in KEYS]
    names += ["x/2244994945/token", "facebook/1067280970047460/token", "telegram/7000000001/token"]

    for name in names:
        read: dict[str, Any] = world.secrets_client.get_secret_value(SecretId=f"heed/test/{name}")
        for value in json.loads(read["SecretString"]).values():
            assert found_in(f"sent {value} away"), value
    assert found_in(ENVELOPE["headers"]["authorization"])


@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_is_found_in_any_form(canary: str) -> None:
    assert found_in(f"<{canary.upper()}>")
    assert found_in(json.dumps({"key": f"x {canary} y"}))
    assert found_in(json.dumps({"key": canary}, ensure_ascii=False))


def test_a_function_may_be_called_like_a_test_of_canaries() -> None:
    assert found_in('{"service":"test of a \\"canary\\"","level":"INFO"}') is None
    assert found_in('{"service":"receive","text":"canary"}') == "canary"
    assert found_in('{"mention_id":"x#1#post:2","count":1}') is None


def test_what_was_told_once_is_not_told_again() -> None:
    watch = CanaryWatch()

    watch.see(f"a line with {CARDS[0]}")
    watch.see_output(f"not a function's line: {TEXTS[0]}")

    assert len(watch.take()) == 1
    assert watch.take() == []
