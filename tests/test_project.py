"""What the project promises about itself: its locks, its pins, its top level."""

import asyncio
import json
import os
import random
import re
import shutil
import socket
import subprocess
import tomllib
from pathlib import Path

import boto3
import pytest

from tests.conftest import SEED, SocketBannedError

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock", "package-lock.json")
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "cdk.json",
    "docs",
    "events",
    "functions",
    "infra",
    "layers",
    "package-lock.json",
    "package.json",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements.lock",
    "tests",
}


def read_pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text().splitlines()
    matches = [re.match(r"([a-z0-9-]+)==(\S+?)(?: ;.*)? \\$", line) for line in lines]
    return {match[1]: match[2] for match in matches if match}


def read_project() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {
        "runtime": project["project"]["dependencies"],
        "dev": project["dependency-groups"]["dev"],
    }


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text()

    found = re.findall(r"http|://|file:|index-url|find-links|(?<![\w.@-])/\w+", text)

    assert found == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_of_a_python_lock_has_a_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())

    assert blocks
    assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_every_node_package_has_a_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    assert all("integrity" in package for path, package in packages.items() if path)


@pytest.mark.parametrize(
    ("group", "lock"), [("runtime", "requirements.lock"), ("dev", "requirements-dev.lock")]
)
def test_every_declared_dependency_is_locked(group: str, lock: str) -> None:
    declared = {name_of(requirement) for requirement in read_project()[group]}

    assert declared - read_pins(lock).keys() == set()


def test_both_locks_pin_the_same_versions() -> None:
    runtime = read_pins("requirements.lock")

    assert runtime.items() <= read_pins("requirements-dev.lock").items()


def test_the_cdk_command_is_pinned_exactly() -> None:
    declared = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    assert re.fullmatch(r"\d+\.\d+\.\d+", declared)
    assert locked["node_modules/aws-cdk"]["version"] == declared


def test_the_top_level_holds_only_what_the_tree_names() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("an unpacked archive has no list of its files")
    git = shutil.which("git")
    assert git
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)

    names = {path.split("/")[0] for path in listed.stdout.decode().split("\0") if path}

    assert names - TOP_LEVEL == set()


def test_no_test_reaches_another_machine() -> None:
    with (
        socket.socket() as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET6) as tcp6,
    ):
        with pytest.raises(SocketBannedError):
            tcp.connect(("192.0.2.1", 443))
        with pytest.raises(SocketBannedError):
            tcp.connect_ex(("example.com", 443))
        with pytest.raises(SocketBannedError):
            tcp6.connect(("2001:db8::1", 443, 0, 0))
        with pytest.raises(SocketBannedError):
            udp.sendto(b"x", ("192.0.2.1", 53))
        with pytest.raises(SocketBannedError):
            udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53))


def test_no_test_asks_a_name_server() -> None:
    with pytest.raises(SocketBannedError):
        socket.create_connection(("example.com", 443))
    with pytest.raises(SocketBannedError):
        socket.gethostbyname("example.com")


def test_loopback_and_unix_sockets_stay_open(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1])),
    ):
        pass

    async def greet() -> bytes:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        path = tmp_path / "socket"
        async with await asyncio.start_unix_server(answer, path):
            reader, writer = await asyncio.open_unix_connection(path)
            greeting = await reader.read()
            writer.close()
            await writer.wait_closed()
            return greeting

    assert asyncio.run(greet()) == b"hello"


def test_no_test_sees_real_credentials() -> None:
    credentials = boto3.Session().get_credentials()

    assert credentials
    assert (credentials.access_key, credentials.token) == ("testing", None)
    assert "AWS_PROFILE" not in os.environ


def test_chance_is_seeded() -> None:
    assert random.random() == random.Random(SEED).random()
