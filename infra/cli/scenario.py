"""Scenarios: `heed scenario` lists them, `heed scenario NAME` plays one on the local system."""

import argparse
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import requests

from infra.cli import place
from infra.cli.errors import CommandError
from infra.local.scenarios.run import SCENARIOS, run
from infra.local.scenarios.stack import Place

LIST = "list"
TIMEOUT_S = 5
_TWINS = ("x", "facebook", "telegram")
_ADDRESSES = ("HOOKS", "DESK", *(f"TWIN_{name.upper()}" for name in _TWINS))
_HERE = ("127.0.0.1", "localhost", "::1")


def scenario(arguments: argparse.Namespace, play: Callable[..., int] = run) -> int:
    """List the scenarios, or play one. Returns 0 when everything held, else 1."""
    if arguments.name == LIST:
        for name, one in SCENARIOS.items():
            print(f"{name:<34} {one.line}")
        return 0
    if arguments.name not in SCENARIOS:
        raise CommandError(
            f"no scenario is called {arguments.name!r}; there are {', '.join(SCENARIOS)}"
        )
    return play(arguments.name, running(), patience_s=arguments.patience)


def running() -> Place | None:
    """Find the local system that is up in this folder, or None.

    Raises: CommandError for one that is not on this machine.
    """
    aws, facebook = place.find("AWS_ENDPOINT_URL"), place.find("TWIN_FACEBOOK")
    if not aws or not facebook:
        return None
    addresses = [aws, *(place.lookup(name) for name in _ADDRESSES)]
    if any((urlsplit(one).hostname or "") not in _HERE for one in addresses):
        raise CommandError("scenarios are played on this machine only: unset HOOKS, DESK, ...")
    for url in (f"{aws}/_ministack/health", f"{facebook}/_twin/posts"):
        try:
            requests.get(url, timeout=TIMEOUT_S)
        except requests.RequestException:
            return None
    return Place(
        hooks=place.lookup("HOOKS"),
        desk=place.lookup("DESK"),
        aws=aws,
        table=place.lookup("TABLE"),
        pool=place.lookup("POOL"),
        client=place.lookup("CLIENT"),
        twins={name: place.lookup(f"TWIN_{name.upper()}") for name in _TWINS},
        signing={name: _secret(name) for name in _TWINS},
    )


def _secret(platform: str) -> str:
    path = Path(f".heed/{platform}-main.secret")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; start `make run` again") from error
