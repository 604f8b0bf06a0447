"""Check 30: what others wrote and we run. Nobody outside this machine is asked."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functions.invocations import hook_event
from tests.heed.flows.bodies import x_post
from tests.test_project import read_pins

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

# All that receive loads of others, from its start to the answer to a delivery. It reads what
# strangers send, so each name is a decision.
RECEIVE_LOADS = {
    "aws_lambda_powertools": "log and metrics",
    "botocore": "signs requests to AWS and names its errors",
    "jmespath": "aws_lambda_powertools asks for it at import",
    "certifi": "the authorities by which AWS is known",
    "dateutil": "botocore reads instants with it",
    "six": "dateutil needs it",
    "urllib3": "carries requests to AWS",
    "typing_extensions": "aws_lambda_powertools names types with it",
}
PROGRAM = """
import json, sys
before = set(sys.modules)
from functions.receive import handler
from tests.functions.invocations import make_context
answers = [handler.lambda_handler(event, make_context("receive")) for event in json.load(sys.stdin)]
tops = {name.split(".")[0] for name, module in sys.modules.items()
        if name not in before and "site-packages" in (getattr(module, "__file__", None) or "")}
print(json.dumps([[answer["statusCode"] for answer in answers], sorted(tops)]))
"""


@pytest.mark.parametrize("lock", LOCKS)
def test_check_30_every_dependency_is_pinned_with_its_hash(lock: str) -> None:
    """30: every dependency is hash-pinned."""
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text("utf-8").strip())
    pinned = re.compile(r"[a-z0-9-]+==\S+(?: ; .+)? \\(\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+")

    assert len(blocks) > 5
    assert [block for block in blocks if not pinned.match(block)] == []


def test_check_30_every_node_package_is_pinned_with_its_hash() -> None:
    """30: every dependency is hash-pinned: also the command that deploys."""
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    locked = {path: package for path, package in packages.items() if path}

    assert locked
    assert all(package["integrity"].startswith("sha512-") for package in locked.values())


def test_check_30_what_runs_here_is_what_is_locked() -> None:
    """30: every dependency is hash-pinned: nothing came in beside the lock."""
    pins = read_pins("requirements-dev.lock")
    present = {
        re.sub(r"[-_.]+", "-", found.name).lower(): found.version
        for found in importlib.metadata.distributions()
    }

    # What brought the first locked tool in, and the project itself.
    assert present.keys() - pins.keys() <= {"heed", "pip", "setuptools", "wheel"}
    assert {name: version for name, version in present.items()
            if name in pins and pins[name] != version} == {}  # fmt: skip


@pytest.mark.parametrize("recipe", ["pip sync", "pip install"])
def test_check_30_no_recipe_installs_without_hashes(recipe: str) -> None:
    """30: every dependency is hash-pinned: and the installers insist on it."""
    lines = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ").splitlines()
    installing = [line for line in lines if re.search(rf"{recipe}\b|\$\$pip install", line)]
    vendor = (ROOT / "infra/aws/vendor.py").read_text("utf-8")

    assert installing
    assert all("--require-hashes" in line or "--editable ." in line for line in installing)
    assert "--require-hashes" in vendor
    assert "--no-deps" in vendor


def test_check_30_receive_loads_only_a_listed_few() -> None:
    """30: what receive imports is a listed few, whatever path a request takes."""
    body = x_post("1", "hi", at=0)
    events = [
        hook_event("GET", "x/main", query="crc_token=0123456789abcdef"),
        hook_event("POST", "x/main", body=body),
        hook_event("POST", "facebook/main", body=body),
        hook_event("POST", "telegram/main", body=body),
        hook_event("POST", "y/main", body=body),
    ]
    settings = {"HEED_STAGE": "local", "HEED_TABLE": "none", "HEED_SECRET_PREFIX": "heed/none/"}
    # Nobody listens there: the request is made and not answered.
    settings |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "POWERTOOLS_METRICS_NAMESPACE": "Heed"}

    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, **settings, "POWERTOOLS_SERVICE_NAME": "receive"},
        input=json.dumps(events),
        check=True,
        capture_output=True,
        text=True,
    )

    answers, loaded = json.loads(ran.stdout.splitlines()[-1])
    assert answers == [503, 503, 503, 503, 404]
    assert set(loaded) - RECEIVE_LOADS.keys() == set()
    assert all(RECEIVE_LOADS.values())
