"""Where the running system is: from the environment, else from what `heed up` wrote."""

import os
from collections.abc import Mapping
from pathlib import Path

from infra.cli.errors import CommandError

ENV_FILE = Path(".heed/env")


def lookup(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Find a value such as HOOKS, DESK or TOKEN. Raises: CommandError when nobody set it."""
    if value := environment.get(name) or _written().get(name):
        return value
    raise CommandError(f"{name} is not set: start `make run`, or export {name}")


def find(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Find a value, or None."""
    return environment.get(name) or _written().get(name)


def _written() -> dict[str, str]:
    try:
        lines = ENV_FILE.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
    return {name: value.strip("'\"") for name, value in pairs}
