"""The running local system as a scenario works with it: deliveries, twins, agents, the table."""

import concurrent.futures
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from heed import brand
from heed.ports import Time
from heed.storage.table import DynamoClient, Item
from heed.telemetry import SystemTime
from infra.aws.user_pool import UserPool
from infra.local.emulator import CREDENTIALS, REGION

TIMEOUT_S = 60
IN_PARALLEL_MAX = 20
CONNECTION = "main"


class StackError(Exception):
    """The local system does not do what every scenario needs; the text says what came instead."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One request on a webhook's address."""

    platform: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk answered."""

    status: int
    body: dict[str, Any]


class Stack(Protocol):
    """What a scenario needs of a system. `signing`: secrets by platform."""

    dynamo: DynamoClient
    table: str
    time: Time
    signing: Mapping[str, str]

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def post(self, hits: Sequence[Hit]) -> list[int]:
        """Deliver in parallel. Returns one status each, 0 where no answer came."""

    def control(self, platform: str, method: str, name: str, body: Any = None) -> dict[str, Any]:
        """Ask a twin: posts, log, faults, objects, learn. Raises: StackError."""

    def ask(self, agent: str, method: str, path: str, body: Any = None) -> Answer:
        """Call the desk API as an agent and lead. Raises: StackError when nothing answers."""

    def items(self) -> list[Item]:
        """Read every item of the table."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a local system runs, and what is needed to play there."""

    hooks: str
    desk: str
    aws: str
    table: str
    pool: str
    client: str
    twins: Mapping[str, str]
    signing: Mapping[str, str] = field(repr=False)


class LiveStack:
    """`Stack` over the loopback addresses of a running local system."""

    def __init__(self, place: Place) -> None:
        """Take where it runs; agents are made when they are first needed."""
        self._place = place
        self._connection: dict[str, Any] = {
            "endpoint_url": place.aws,
            "region_name": REGION,
            "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            "config": Config(retries={"total_max_attempts": 2}),
        }
        self.dynamo: Any = boto3.client("dynamodb", **self._connection)
        self.table = place.table
        self.time: Time = SystemTime()
        self.signing = place.signing
        self._tokens: dict[str, str] = {}

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def post(self, hits: Sequence[Hit]) -> list[int]:
        """Deliver in parallel. Returns one status each, 0 where no answer came."""
        with concurrent.futures.ThreadPoolExecutor(IN_PARALLEL_MAX) as pool:
            return list(pool.map(self._post, hits))

    def _post(self, hit: Hit) -> int:
        url = f"{self._place.hooks}/{hit.platform}/{CONNECTION}"
        headers = {"content-type": "application/json", **hit.headers}
        try:
            return requests.post(url, hit.body, headers=headers, timeout=TIMEOUT_S).status_code
        except requests.RequestException:
            return 0

    def control(self, platform: str, method: str, name: str, body: Any = None) -> dict[str, Any]:
        """Ask a twin."""
        url = f"{self._place.twins[platform]}/_twin/{name}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        answer = _answered(method, url, data=data)
        if not answer.ok:
            raise StackError(f"the twin of {platform} said {answer.status_code} to {name}")
        told: dict[str, Any] = answer.json()
        return told

    def ask(self, agent: str, method: str, path: str, body: Any = None) -> Answer:
        """Call the desk API as an agent."""
        headers = {"authorization": f"Bearer {self._token(agent)}"}
        data = None if body is None else json.dumps(body).encode()
        answer = _answered(method, f"{self._place.desk}{path}", data=data, headers=headers)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise StackError(f"the desk said {answer.status_code} to {method} {path}")
        return Answer(answer.status_code, answer.json() if answer.content else {})

    def items(self) -> list[Item]:
        """Read every item of the table."""
        pages = self.dynamo.get_paginator("scan").paginate(TableName=self.table)
        return [item for page in pages for item in page["Items"]]

    def _token(self, agent: str) -> str:
        if agent not in self._tokens:
            # Names of their own: a running system's people keep their passwords.
            name, password = f"scenario-{agent}", f"{secrets.token_urlsafe(16)}aA1!"
            pool = UserPool(self._place.pool, self._place.client, self._connection)
            brands = ",".join(brand.load().file.brands)
            try:
                pool.add(name, brands=brands, is_lead=True, password=password)
                self._tokens[agent] = pool.sign_in(name, password)
            except (BotoCoreError, ClientError) as error:
                what = f"the emulator does not answer: {type(error).__name__}"
                raise StackError(what) from error
        return self._tokens[agent]


def _answered(
    method: str, url: str, *, data: bytes | None, headers: Mapping[str, str] | None = None
) -> requests.Response:
    try:
        return requests.request(method, url, data=data, headers=headers, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        raise StackError(f"{url} does not answer: {type(error).__name__}") from error
