"""What is deployed: the stage, the switches and the accounts of the brand file, as plain values.
No construct is made here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aws_cdk import RemovalPolicy

from heed.brand import load

Band = Literal["urgent", "normal", "low"]
BANDS: tuple[Band, ...] = ("urgent", "normal", "low")

BRAND_FOLDER = Path("layers/brand/python/heed_brand")

# SQS allows 80 characters; this leaves room for the longest brand and band.
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,15}")
# Source: Secrets Manager, CreateSecret, the characters of Name; read 2026-11-22.
_SECRET_PART = re.compile(r"[A-Za-z0-9_+=.@-]+")
_SWITCH = {"true": True, "false": False}


class DeploymentError(Exception):
    """What was asked for cannot be deployed; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a brand, as far as the infrastructure needs it."""

    platform: str
    connection: str
    id: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """`platform_hosts` is a JSON object as text. `receive_concurrency` is the reserved concurrency
    of receive; None takes from the account's pool, because a new account has none to reserve."""

    root: Path
    stage: str
    is_local: bool
    brands: tuple[str, ...]
    accounts: tuple[Account, ...]
    platform_hosts: str = "{}"
    receive_concurrency: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot stand in a name. Raises: DeploymentError."""
        if not _STAGE.fullmatch(self.stage):
            raise DeploymentError(
                f"context stage: {self.stage!r} must be at most 16 small letters, digits, hyphens"
            )
        for account in self.accounts:
            if not _SECRET_PART.fullmatch(account.id):
                raise DeploymentError(
                    f"brand.toml: {account.platform} account {account.id!r} cannot be part of a"
                    " secret's name: use letters, digits and _+=.@- only"
                )

    @property
    def platforms(self) -> tuple[str, ...]:
        """Platforms that some account uses, sorted."""
        return tuple(sorted({account.platform for account in self.accounts}))

    @property
    def connections(self) -> tuple[tuple[str, str], ...]:
        """(platform, connection) pairs, sorted, each once."""
        return tuple(sorted({(a.platform, a.connection) for a in self.accounts}))

    @property
    def removal(self) -> RemovalPolicy:
        """What becomes of things with a memory: kept, except in the embedded run."""
        return RemovalPolicy.DESTROY if self.is_local else RemovalPolicy.RETAIN

    @property
    def name_prefix(self) -> str:
        """How the names of queues and of the topic begin."""
        return f"heed-{self.stage}-"

    @property
    def table_name(self) -> str:
        """The one table."""
        return f"heed-{self.stage}"

    @property
    def secret_prefix(self) -> str:
        """How the names of secrets begin, with the slash at its end."""
        return f"heed/{self.stage}/"

    def signing_secret(self, platform: str, connection: str) -> str:
        """Name the secret that proves a connection's deliveries."""
        return f"{self.secret_prefix}{platform}/{connection}/signing"

    def token_secret(self, account: Account) -> str:
        """Name the secret with which an account answers."""
        return f"{self.secret_prefix}{account.platform}/{account.id}/token"


def read_deployment(root: Path, context: Mapping[str, object]) -> Deployment:
    """Combine the CDK context with the brand file under the project's root.

    Shapes: context has stage, local, platform_hosts and receive_concurrency, all optional, each as
    the command line (text) or cdk.json (any JSON) gives it.
    Raises: DeploymentError, BrandFileError.
    """
    brands = load(root / BRAND_FOLDER)
    is_local = _switch("local", context.get("local"))
    return Deployment(
        root=root,
        stage=str(context.get("stage") or "prod"),
        is_local=is_local,
        brands=tuple(brands.file.brands),
        accounts=tuple(
            Account(platform=a.platform, connection=a.connection, id=a.id)
            for _, a in brands.accounts
        ),
        platform_hosts=_hosts(context.get("platform_hosts")) if is_local else "{}",
        receive_concurrency=_count("receive_concurrency", context.get("receive_concurrency")),
    )


def _switch(name: str, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    switch = _SWITCH.get(str(value))
    if switch is None:
        raise DeploymentError(f"context {name}: write true or false, not {value!r}")
    return switch


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    if not str(value).isdecimal():
        raise DeploymentError(f"context {name}: write a whole number, not {value!r}")
    return int(str(value))


def _hosts(value: object) -> str:
    """Return the hosts as compact JSON text."""
    try:
        hosts = json.loads(str(value)) if value is not None else {}
    except ValueError as error:
        raise DeploymentError(f"context platform_hosts: not JSON: {error}") from error
    if not isinstance(hosts, dict):
        raise DeploymentError("context platform_hosts: write a JSON object, host to address")
    return json.dumps(hosts, sort_keys=True)
