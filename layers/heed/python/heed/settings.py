"""What each function reads from its environment. Values only: no secret, no look-up, no default
that could hide a wrong deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from heed.errors import SettingsError

PREFIX = "HEED_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Names that every function has. A field `queue_base` is read from HEED_QUEUE_BASE."""

    stage: str
    table: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Build the settings from an environment.

        Raises: SettingsError when a name is missing, unknown or not of its type.
        """
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
        if missing := sorted(known.keys() - given.keys()):
            raise SettingsError(f"set {', '.join(missing)}: {cls.__name__} needs them")
        if unknown := sorted(given.keys() - known.keys()):
            raise SettingsError(f"remove {', '.join(unknown)}: {cls.__name__} does not know them")
        values: dict[str, Any] = {}
        for name, f in known.items():
            values[f.name] = _typed(name, given[name], f.metadata.get("number", False))
        return cls(**values)


def _typed(name: str, value: str, number: bool) -> str | int:
    if not number:
        return value
    if not value.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {value!r}")
    return int(value)


@dataclass(frozen=True, slots=True)
class ReceiveSettings(Settings):
    """`secret_prefix` ends in a slash, e.g. heed/prod/."""

    secret_prefix: str


@dataclass(frozen=True, slots=True)
class TriageSettings(Settings):
    """`queue_base` + a queue's short name (reply-x, work-acme-urgent) is its URL."""

    queue_base: str
    page_topic: str


@dataclass(frozen=True, slots=True)
class ReplySettings(Settings):
    """`timeout_s` is the function's hard timeout: the lease of a send is derived from it.
    `platform_hosts` is `{}` except on the local stage, where it maps a platform's host to a
    loopback twin, as JSON."""

    queue_base: str
    page_topic: str
    secret_prefix: str
    platform_hosts: str
    timeout_s: int = field(metadata={"number": True})


@dataclass(frozen=True, slots=True)
class PollSettings(Settings):
    """`secret_prefix`, `platform_hosts` and `timeout_s` as in reply."""

    secret_prefix: str
    platform_hosts: str
    timeout_s: int = field(metadata={"number": True})


@dataclass(frozen=True, slots=True)
class DeskSettings(Settings):
    """`queue_base` as in triage."""

    queue_base: str


@dataclass(frozen=True, slots=True)
class SweepSettings(Settings):
    """`queue_base` as in triage."""

    queue_base: str
    page_topic: str


@dataclass(frozen=True, slots=True)
class TallySettings(Settings):
    """`one_shard` is 1 where the stream has a single shard and its events do not name it, which is
    the emulator's; else 0."""

    one_shard: int = field(metadata={"number": True})
