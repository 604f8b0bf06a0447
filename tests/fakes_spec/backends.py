"""The two services that every case runs against: the stand-in and moto, in one process."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from tests.fakes.dynamo import FakeDynamo
from tests.fakes.shapes import Answer, Item, Request
from tests.fakes.tables import TableSpec
from tests.fakes_spec.attribute_values import by_key, in_order

SPEC = TableSpec(
    "heed",
    "pk",
    "sk",
    indexes={"due": ("slot", "due"), "desk": ("lane", "turn"), "conv": ("conv", None)},
    types={"slot": "N", "due": "N"},
)
CRASHES = (AssertionError, AttributeError, KeyError, TypeError, ValueError)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call led to: an answer without its metadata, or an error."""

    answer: Answer
    error: str = ""
    message: str = ""


@dataclass(slots=True)
class Backend:
    """One empty table of `SPEC` and a client to reach it."""

    name: str
    client: Any
    table: str
    clock: list[int]

    def call(self, operation: str, **request: Any) -> Outcome:
        """Call the client; the table's name is filled in where it is missing."""
        try:
            answer = getattr(self.client, operation)(**self._addressed(operation, request))
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            code, message = response["Error"]["Code"], response["Error"].get("Message", "")
            shown = {"Item", "CancellationReasons"} & response.keys()
            return Outcome(in_order({one: response[one] for one in shown}), code, message)
        except ParamValidationError as refusal:
            return Outcome({}, "ParamValidationError", str(refusal))
        except CRASHES as crash:
            # moto in this process throws its own mistakes at the caller.
            if self.name != "moto":
                raise
            return Outcome({}, type(crash).__name__, str(crash))
        answer.pop("ResponseMetadata")
        # moto reports these unasked.
        answer.pop("ItemCollectionMetrics", None)
        if "ReturnConsumedCapacity" not in request:
            answer.pop("ConsumedCapacity", None)
        return Outcome(in_order(answer))

    def _addressed(self, operation: str, request: Request) -> Request:
        if operation == "transact_write_items":
            pieces = [
                {kind: {"TableName": self.table, **piece} for kind, piece in one.items()}
                for one in request["TransactItems"]
            ]
            return {**request, "TransactItems": pieces}
        if operation == "batch_get_item":
            return {**request, "RequestItems": {self.table: request["RequestItems"]}}
        return {"TableName": self.table, **request}

    def put(self, *items: Item) -> None:
        """Store items."""
        for one in items:
            self.client.put_item(TableName=self.table, Item=one)

    def items(self, partition: str = "k") -> list[Item]:
        """Return all items of one partition."""
        found = self.client.query(
            TableName=self.table,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": partition}},
        )["Items"]
        result: list[Item] = in_order(by_key(found))
        return result


def fake_backend() -> Backend:
    """Build the stand-in."""
    clock = [1_700_000_000_000]
    fake = FakeDynamo(lambda: clock[0])
    fake.add_table(SPEC)
    return Backend("fake", fake, SPEC.name, clock)


def moto_backend(client: Any) -> Backend:
    """Create a new table in moto, which must be running."""
    name = f"heed{next(_numbers)}"
    client.create_table(**_moto_table(name))
    return Backend("moto", client, name, [0])


def moto_client(service: str) -> Any:
    """Build a client that checks nothing itself, as far as possible."""
    # The stubs know each service by name only.
    make_client: Any = boto3.client
    return make_client(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )


def _schema(names: tuple[str, ...]) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=False)
    ]


def _moto_table(name: str) -> Request:
    keyed = {one for index in (None, *SPEC.indexes) for one in SPEC.key_names(index)}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema(SPEC.key_names()),
        "AttributeDefinitions": [
            {"AttributeName": one, "AttributeType": SPEC.type_of(one)} for one in sorted(keyed)
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _schema(SPEC.key_names(index)),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in SPEC.indexes
        ],
        "StreamSpecification": {
            "StreamEnabled": True,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


MakeBackend = Callable[[str], Backend]
