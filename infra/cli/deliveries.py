"""Deliveries by hand: `heed parse`, `heed sign`, `heed send`."""

import argparse
import contextlib
import dataclasses
import json
import os
import sys
import time
from pathlib import Path

import requests

from heed import adapter as adapters
from heed import registry
from heed.adapter import Adapter, Delivery
from heed.domain.mention import Mention
from heed.errors import NotUnderstoodError, UnknownConnectionError
from infra.cli import place
from infra.cli.errors import CommandError
from infra.local.samples import restamped

TIMEOUT_S = 15


def parse(arguments: argparse.Namespace) -> int:
    """Print the normalised mentions of a body, one JSON object a line.

    What the adapter could not read goes to standard error, a line each; exit 1 if that was all.
    """
    adapter = _adapter(arguments.platform)
    delivery = _delivery(arguments, _body(arguments.file), _headers(arguments.headers))
    try:
        parsed = adapter.parse(delivery)
    except NotUnderstoodError as error:
        raise CommandError(f"{arguments.file}: {error}") from error
    for mention in parsed.mentions:
        print(json.dumps(as_json(mention), ensure_ascii=False))
    for unreadable in parsed.unreadable:
        print(f"heed parse: a change was not understood: {unreadable.reason}", file=sys.stderr)
    for reason, amount in sorted(parsed.ignored.items()):
        print(f"heed parse: left out {amount}: {reason}", file=sys.stderr)
    return 1 if parsed.unreadable and not parsed.mentions else 0


def as_json(mention: Mention) -> dict[str, object]:
    """Show a mention as plain values, with its id."""
    fields = {f.name: getattr(mention, f.name) for f in dataclasses.fields(mention)}
    author = dataclasses.asdict(mention.author)
    return {"id": mention.id, **fields, "author": author, "route": dict(mention.route)}


def sign(arguments: argparse.Namespace) -> int:
    """Print the signature headers of a body, one `name: value` a line, ready for curl -H."""
    adapter = _adapter(arguments.platform)
    for name, value in adapter.sign(_body(arguments.file), _secret(arguments)).items():
        print(f"{name}: {value}")
    return 0


def send(arguments: argparse.Namespace) -> int:
    """Sign a body as the platform would and deliver it. Exit 1 unless it was taken."""
    adapter = _adapter(arguments.platform)
    body = _body(arguments.file)
    if arguments.now:
        body = restamped(body, now_ms=time.time_ns() // 1_000_000, age_s=0)
    _tell_twin(arguments.platform, body)
    headers = {"content-type": "application/json", **_headers(arguments.headers)}
    headers |= adapter.sign(body, _secret(arguments))
    url = f"{place.lookup('HOOKS')}/{arguments.platform}/{arguments.connection}"
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        reason = type(error).__name__
        raise CommandError(f"{url} does not answer ({reason}): is `make run` up?") from error
    print(f"{answer.status_code} {answer.text[:200]}".rstrip())
    return 0 if answer.ok else 1


def _tell_twin(platform: str, body: bytes) -> None:
    """Let the local stand-in know of what it is said to deliver, so that it can be answered."""
    if twin := place.find(f"TWIN_{platform.upper()}"):
        with contextlib.suppress(requests.RequestException):
            requests.post(f"{twin}/_twin/learn", data=body, timeout=TIMEOUT_S)


def _adapter(platform: str) -> Adapter:
    try:
        return adapters.load(platform)
    except UnknownConnectionError as error:
        raise CommandError(f"{error}; use one of {', '.join(adapters.names())}") from error


def _body(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}; give a file, or - to type it") from error


def _headers(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CommandError(f"{path} must hold a JSON object of header names and values")
    return {str(name).lower(): str(text) for name, text in value.items()}


def _delivery(arguments: argparse.Namespace, body: bytes, headers: dict[str, str]) -> Delivery:
    accounts = registry.load().accounts(arguments.platform, arguments.connection)
    if not accounts:
        raise CommandError(
            f"the brand file has no {arguments.platform} account on connection"
            f" {arguments.connection!r}; add one to brand.toml"
        )
    return Delivery(
        platform=arguments.platform,
        connection=arguments.connection,
        method="POST",
        query={},
        headers=headers,
        body=body,
        received_at=time.time_ns() // 1_000_000,
        accounts=accounts,
    )


def _secret(arguments: argparse.Namespace) -> str:
    """Never an argument: those stand in the process list."""
    if secret := os.environ.get("HEED_SIGNING_SECRET"):
        return secret
    path = arguments.secret_file or Path(
        f".heed/{arguments.platform}-{arguments.connection}.secret"
    )
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CommandError(
            f"no signing secret: set HEED_SIGNING_SECRET or give --secret-file ({path}:"
            f" {error.strerror})"
        ) from error
