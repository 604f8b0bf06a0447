"""The three stores that the tests of storage and queues run against: in memory, moto, ministack.

A test module makes its own fixture over `NAMES` and `open_backend`. ministack starts with the first
test that asks for it and ends with the session."""

import contextlib
import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from infra.local.emulator import emulator
from tests.fakes.dynamo import FakeDynamo
from tests.fakes.secrets import FakeSecretsManager
from tests.fakes.sqs import URL, FakeSqs
from tests.fakes.tables import TableSpec

NAMES = ("memory", "moto", "ministack")
START_MS = 1_795_170_000_000
"""The clock of every test begins here: 2026-11-20, on a full second."""

INDEXES = {"due": ("dh", "da"), "desk": ("dk", "ds"), "by_conv": ("cv", "ra")}
NUMBERS = ("da", "ra")
_numbers = itertools.count(1)


@dataclass(slots=True)
class Clock:
    """`heed.ports.Time` that stands still until it is told to go on."""

    ms: int = START_MS
    ids: int = 0

    def now(self) -> int:
        return self.ms

    def new_id(self) -> str:
        self.ids += 1
        return f"attempt-{self.ids:08d}"

    def forward(self, *, s: float = 0, ms: int = 0) -> None:
        self.ms += int(s * 1000) + ms


@dataclass(slots=True)
class Backend:
    """One empty table, and clients to reach it and the services beside it. `prefix` begins the
    names of this test's queues and secrets."""

    name: str
    dynamo: Any
    sqs: Any
    secrets: Any
    prefix: str
    clock: Clock = field(default_factory=Clock)
    endpoint: str = ""

    @property
    def table(self) -> str:
        return f"{self.prefix}table"

    def item(self, pk: str, sk: str = "-") -> dict[str, Any] | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        answer = self.dynamo.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def items(self, pk: str) -> list[dict[str, Any]]:
        """Read a partition whole: one page holds a megabyte."""
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
        }
        found: list[dict[str, Any]] = []
        while True:
            answer = self.dynamo.query(**request)
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, item: dict[str, Any]) -> None:
        self.dynamo.put_item(TableName=self.table, Item=item)

    def add_queues(self, *names: str) -> str:
        """Create queues; returns what stands before their names in their addresses."""
        for name in names:
            if isinstance(self.sqs, FakeSqs):
                base = self.sqs.add_queue(self.prefix + name)
            else:
                base = self.sqs.create_queue(QueueName=self.prefix + name)["QueueUrl"]
        return str(base.removesuffix(names[-1]))


def memory_backend(on_call: Callable[[str, str, Any], None] | None = None) -> Backend:
    """Make a backend in memory; `on_call` is the hook of the stand-ins."""
    clock, prefix = Clock(), f"t{next(_numbers)}-"
    dynamo = FakeDynamo(clock.now, on_call=on_call)
    spec = TableSpec(
        f"{prefix}table", "pk", "sk", indexes=INDEXES, types=dict.fromkeys(NUMBERS, "N")
    )
    dynamo.add_table(spec)
    sqs, secrets = FakeSqs(clock.now, on_call), FakeSecretsManager(clock.now, on_call)
    return Backend("memory", dynamo, sqs, secrets, prefix, clock)


def open_backend(name: str, request: pytest.FixtureRequest) -> Backend:
    """Make a backend with a table of its own."""
    config = request.config
    if name == "memory":
        return memory_backend()
    if name == "moto":
        # For one test only: while it is on, it also stands in front of every call by `requests`.
        # Its own credentials stay out of the environment of all other tests.
        mock = mock_aws(config={"core": {"mock_credentials": False}})
        mock.start()
        request.addfinalizer(mock.stop)
    clients = config.stash.get(_CLIENTS[name], None)
    if clients is None:
        clients = config.stash[_CLIENTS[name]] = _STARTS[name](config)
    backend = Backend(
        name,
        clients["dynamodb"],
        clients["sqs"],
        clients["secretsmanager"],
        f"t{next(_numbers)}-",
        endpoint=clients.get("endpoint", ""),
    )
    clients["dynamodb"].create_table(**table_request(backend.table))
    return backend


def queue_url(name: str) -> str:
    """Tell the address of a queue in memory."""
    return URL + name


def table_request(name: str) -> dict[str, Any]:
    """Build the request that creates the table as the data stack does."""
    keys = ["pk", "sk", *(key for pair in INDEXES.values() for key in pair)]
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema("pk", "sk"),
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": "N" if key in NUMBERS else "S"} for key in keys
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _schema(*pair),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index, pair in INDEXES.items()
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }


def _schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


def _moto(config: pytest.Config) -> dict[str, Any]:
    del config
    return _clients(None)


def _ministack(config: pytest.Config) -> dict[str, Any]:
    running = contextlib.ExitStack()
    config.add_cleanup(running.close)
    folder = running.enter_context(tempfile.TemporaryDirectory())
    endpoint = running.enter_context(emulator(Path(folder) / "ministack.log"))
    return {**_clients(endpoint), "endpoint": endpoint}


def _clients(endpoint: str | None) -> dict[str, Any]:
    return {
        service: boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}),
        )
        for service in ("dynamodb", "sqs", "secretsmanager")
    }


_STARTS = {"moto": _moto, "ministack": _ministack}
_CLIENTS = {name: pytest.StashKey[dict[str, Any]]() for name in _STARTS}
