import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra.aws import app
from infra.aws.deployment import BRAND_FOLDER
from tests.infra.aws.templates import Template

# Where the embedded run may differ from a real account, besides the vendor layer.
REMOVAL = ("DeletionPolicy", "UpdateReplacePolicy")
PROTECTION = ("DeletionProtection", "DeletionProtectionEnabled")
# Nobody waits five minutes for the embedded run to read lists again.
TIMER = ("ScheduleExpression",)


def test_without_a_vendor_build_nothing_is_synthesised(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "project"
    shutil.copytree(project, root)
    (root / "requirements.lock").write_text("boto3==2.0\n", encoding="utf-8")
    monkeypatch.chdir(root)
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path / "out"))

    with pytest.raises(SystemExit, match=r"layers/vendor is not built .* run `make vendor`"):
        app.main()
    assert not list(tmp_path.glob("out/*.template.json"))


def test_a_broken_brand_file_is_refused_before_anything_is_made(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(project / BRAND_FOLDER, tmp_path / BRAND_FOLDER)
    (tmp_path / BRAND_FOLDER / "brand.toml").write_text("schema = 2", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit, match=r"^brand.toml: "):
        app.main()


def test_the_embedded_run_needs_no_vendor_build(local_service: Template) -> None:
    assert local_service.functions()


def test_reserved_concurrency_is_a_switch_of_receive(project: Path) -> None:
    one = App(context={"local": True, "receive_concurrency": "20"})

    app.add_stacks(one, app.deployment_of(one, project))

    stack = one.node.find_child("Heed-prod-Service")
    function = stack.node.find_child("receive").node.find_child("Function").node.default_child
    assert getattr(function, "reserved_concurrent_executions", None) == 20


def test_the_embedded_run_differs_in_nothing_else(
    data: Template, service: Template, local_data: Template, local_service: Template
) -> None:
    assert _without_differences(local_data.body) == _without_differences(data.body)
    assert _without_differences(local_service.body) == _without_differences(service.body)


def test_a_stack_depends_on_its_data_and_names_its_stage(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    stacks = {
        name: artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }

    assert stacks.keys() == {"Heed-prod-Data", "Heed-prod-Service"}
    assert "Heed-prod-Data" in stacks["Heed-prod-Service"]["dependencies"]
    assert stacks["Heed-prod-Data"]["properties"]["terminationProtection"] is True


def _without_differences(body: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    body["Resources"] = {
        name: resource
        for name, resource in body["Resources"].items()
        if not name.startswith("Layervendor")
    }
    _strip(body)
    return body


def _strip(value: Any) -> None:
    """Take out, in place, what the local switch may change."""
    if isinstance(value, list):
        value[:] = [v for v in value if not _is_vendor_layer(v)]
        for item in value:
            _strip(item)
    if isinstance(value, dict):
        names = (*REMOVAL, *PROTECTION, *TIMER, "HEED_PLATFORM_HOSTS", "HEED_ONE_SHARD")
        for name in names:
            value.pop(name, None)
        for item in value.values():
            _strip(item)


def _is_vendor_layer(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("Ref", "")).startswith("Layervendor")
