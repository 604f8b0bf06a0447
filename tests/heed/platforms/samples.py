"""The sample deliveries of events/ and how they reach an adapter. No list of platforms: folders."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from heed import adapter, registry
from heed.adapter import Adapter, Delivery, Parsed
from heed.domain.mention import Account, Mention
from heed.signatures import SigningSecrets

EVENTS = Path(__file__).parents[3] / "events"
KEY = "current-signing-secret"
PREVIOUS_KEY = "previous-signing-secret"
SECRETS = SigningSecrets(keys=(KEY, PREVIOUS_KEY), verify_token="verify-me")
RECEIVED_AT = 1_795_170_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    platform: str
    name: str
    body: bytes
    headers: Mapping[str, str]
    expected: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.platform}/{self.name}"


def accounts(platform: str) -> tuple[Account, ...]:
    return registry.load().accounts(platform, "main")


def samples(platform: str) -> list[Sample]:
    folder = EVENTS / platform
    expected = json.loads((folder / "expected.json").read_text())
    return [
        Sample(
            platform,
            name.removesuffix(".json"),
            (folder / name).read_bytes(),
            json.loads((folder / name.replace(".json", ".headers.json")).read_text()),
            row,
        )
        for name, row in expected.items()
    ]


def all_samples() -> list[Sample]:
    return [sample for platform in adapter.names() for sample in samples(platform)]


def delivery(
    platform: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    method: Literal["GET", "POST"] = "POST",
    query: Mapping[str, str] | None = None,
    registered: tuple[Account, ...] | None = None,
) -> Delivery:
    return Delivery(
        platform=platform,
        connection="main",
        method=method,
        query=query or {},
        headers=headers or {},
        body=body,
        received_at=RECEIVED_AT,
        accounts=accounts(platform) if registered is None else registered,
    )


def parse_json(loaded: Adapter, value: Any, **more: Any) -> Parsed:
    body = json.dumps(value).encode()
    return loaded.parse(delivery(loaded.NAME, body, **more))


def parse_sample(platform: str, name: str) -> Parsed:
    body = (EVENTS / platform / f"{name}.json").read_bytes()
    return adapter.load(platform).parse(delivery(platform, body))


def one_mention(parsed: Parsed) -> Mention:
    assert not parsed.unreadable
    [mention] = parsed.mentions
    return mention
