"""One synthesis per session and flavour, from a stand-in project: no network, no vendor build."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from aws_cdk import App

from infra.aws import app, vendor
from infra.aws.deployment import BRAND_FOLDER
from tests.infra.aws.templates import Template

ROOT = Path(__file__).parents[3]
FUNCTIONS = ("receive", "triage", "reply", "desk", "sweep", "tally", "poll")
VENDORED = "core.abi3.so"
PLATFORM_HOSTS = '{"api.x.com": "http://127.0.0.1:9"}'

BRANDS = """
schema = 1

[brands.acme]
name = "Acme Air"
hours = { mon = ["08:00", "20:00"] }

[[brands.acme.accounts]]
platform = "x"
connection = "main"
id = "11"

[[brands.acme.accounts]]
platform = "telegram"
connection = "main"
id = "22"

[brands.zenith]
name = "Zenith"
hours = { mon = ["08:00", "20:00"] }

[[brands.zenith.accounts]]
platform = "x"
connection = "second-app"
id = "33"

[[brands.zenith.accounts]]
platform = "x"
connection = "main"
id = "44"
"""

# Leaves a trace in the table, which is how a test sees that a trigger works.
HANDLER = """
import json
import os

import boto3
import heed

WORD = "{word}"


def lambda_handler(event, context):
    print(WORD)
    trace = {{"pk": {{"S": "ran#" + WORD}}, "sk": {{"S": "-"}}, "e": {{"S": json.dumps(event)}}}}
    boto3.client("dynamodb").put_item(TableName=os.environ["HEED_TABLE"], Item=trace)
    if "Records" in event:
        return {{"batchItemFailures": []}}
    body = {{"word": WORD, "from_layer": heed.IS_STAND_IN}}
    return {{"statusCode": 200, "body": json.dumps(body)}}
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process when several share the run: synthesis is what costs."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("synthesis"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the shape of the project, with everything that a deployment takes from it."""
    root = tmp_path_factory.mktemp("project")
    _build_vendor_layer(root)
    _write(root / "layers/heed/python/heed/__init__.py", "IS_STAND_IN = True")
    _write(root / "layers/heed/training/words.csv", "not shipped")
    _write(root / BRAND_FOLDER / "brand.toml", BRANDS)
    shutil.copytree(ROOT / BRAND_FOLDER / "replies", root / BRAND_FOLDER / "replies")
    for word in FUNCTIONS:
        _write(root / "functions" / word / "handler.py", HANDLER.format(word=word))
    _write(root / "functions/desk/console/index.html", "<p>console</p>")
    for folder in ("layers/heed/python/heed", "layers/brand/python/heed_brand", "functions/desk"):
        _write(root / folder / "__pycache__/handler.cpython-311.pyc", "bytecode")
    shutil.copy(ROOT / "cdk.json", root)
    return root


@pytest.fixture(scope="session")
def assembly(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a real account would get."""
    return _synthesised(project, tmp_path_factory.mktemp("prod"), {})


@pytest.fixture(scope="session")
def local_assembly(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the emulator gets."""
    context = {"local": "true", "platform_hosts": PLATFORM_HOSTS}
    return _synthesised(project, tmp_path_factory.mktemp("local"), context)


@pytest.fixture(scope="session")
def data(assembly: Path) -> Template:
    return Template.read(assembly, "Heed-prod-Data")


@pytest.fixture(scope="session")
def service(assembly: Path) -> Template:
    return Template.read(assembly, "Heed-prod-Service")


@pytest.fixture(scope="session")
def local_data(local_assembly: Path) -> Template:
    return Template.read(local_assembly, "Heed-prod-Data")


@pytest.fixture(scope="session")
def local_service(local_assembly: Path) -> Template:
    return Template.read(local_assembly, "Heed-prod-Service")


def _synthesised(project: Path, out: Path, context: dict[str, str]) -> Path:
    # By argument: the process behind CDK keeps the environment that it was started with.
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    one = App(analytics_reporting=False, outdir=str(out), context={**flags, **context})
    app.add_stacks(one, app.deployment_of(one, project))
    one.synth()
    return out


def _build_vendor_layer(root: Path) -> None:
    """Build with an installer that asks no network: it brings one empty binary for arm64."""
    _write(root / "requirements.lock", "boto3==1.0\n")
    binary, uv = root / "tools/core.so", root / "tools/uv"
    binary.parent.mkdir()
    binary.write_bytes(b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little") + bytes(44))
    uv.write_text(
        "#!/bin/sh\nwhile [ $1 != --target ]; do shift; done\n"
        f'mkdir -p "$2" && cp {binary} "$2/{VENDORED}"\n',
        encoding="utf-8",
    )
    uv.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(root / "tools/python"))
        vendor.build(root)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
