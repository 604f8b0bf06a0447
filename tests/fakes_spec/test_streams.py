"""Streams and Lambda's filter patterns."""

from typing import Any

import pytest

from tests.fakes.dynamo import FakeDynamo
from tests.fakes.streams import matches
from tests.fakes_spec.attribute_values import KEY, attrs, item, values
from tests.fakes_spec.backends import Backend, moto_client


def records_of(backend: Backend) -> list[dict[str, Any]]:
    """Return event name and images of all records, from either service."""
    if isinstance(backend.client, FakeDynamo):
        records = list(backend.client.stream(backend.table).drain())
    else:
        records = _read_moto(backend)
    return [
        {"name": one["eventName"], **{image: one["dynamodb"].get(image) for image in IMAGES}}
        for one in records
    ]


IMAGES = ("Keys", "NewImage", "OldImage")


def _read_moto(backend: Backend) -> list[dict[str, Any]]:
    client: Any = moto_client("dynamodbstreams")
    arn = backend.client.describe_table(TableName=backend.table)["Table"]["LatestStreamArn"]
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(**start)["ShardIterator"]
    records: list[dict[str, Any]] = client.get_records(ShardIterator=iterator)["Records"]
    return records


def test_every_change_is_recorded_with_both_images(backend: Backend) -> None:
    backend.put(item(v=1))
    backend.call("update_item", Key=KEY, UpdateExpression="SET w = v")
    backend.put(item(v=2))
    backend.call("delete_item", Key=KEY)

    one, both, two = item(v=1), item(v=1, w=1), item(v=2)
    assert records_of(backend) == [
        {"name": "INSERT", "Keys": KEY, "NewImage": one, "OldImage": None},
        {"name": "MODIFY", "Keys": KEY, "NewImage": both, "OldImage": one},
        {"name": "MODIFY", "Keys": KEY, "NewImage": two, "OldImage": both},
        {"name": "REMOVE", "Keys": KEY, "NewImage": None, "OldImage": two},
    ]


def test_what_changes_nothing_is_not_recorded(backend: Backend) -> None:
    backend.put(item(v=1))
    before = len(records_of(backend))

    backend.put(item(v=1))
    backend.call("update_item", Key=KEY, UpdateExpression="SET v = v")
    backend.call("update_item", Key=KEY, UpdateExpression="REMOVE w")
    backend.call("delete_item", Key=attrs(pk="k", sk="absent"))
    backend.call("delete_item", Key=KEY, ConditionExpression="attribute_exists(w)")
    backend.call(
        "transact_write_items",
        TransactItems=[
            {"ConditionCheck": {"Key": KEY, "ConditionExpression": "attribute_exists(v)"}},
            {"Put": {"Item": item(v=1)}},
        ],
    )

    if backend.name == "fake":
        assert records_of(backend) == []
    else:
        # moto records updates and puts that change nothing.
        assert len(records_of(backend)) > before


def test_a_canceled_transaction_records_nothing(fake: Backend) -> None:
    check = {"ConditionCheck": {"Key": item(), "ConditionExpression": "attribute_exists(pk)"}}

    fake.call(
        "transact_write_items",
        TransactItems=[check, {"Put": {"Item": {**attrs(pk="k", sk="2")}}}],
    )

    assert records_of(fake) == []


def test_a_record_has_the_shape_of_a_lambda_event(fake: Backend) -> None:
    fake.clock[0] = 1_700_000_000_999
    fake.put(item(b=b"\x00\xff", bs={b"a"}, ma={"b": b"x"}, n=1))
    (record,) = fake.client.stream("heed").drain()

    assert record["eventSource"] == "aws:dynamodb"
    assert ":table/heed/stream/" in record["eventSourceARN"]
    part = record["dynamodb"]
    assert part["ApproximateCreationDateTime"] == 1_700_000_000
    assert part["NewImage"] == {
        **KEY,
        "b": {"B": "AP8="},
        "bs": {"BS": ["YQ=="]},
        "ma": {"M": {"b": {"B": "eA=="}}},
        "n": {"N": "1"},
    }
    assert part["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_drain_yields_each_record_once_and_read_any_time(fake: Backend) -> None:
    stream = fake.client.stream("heed")
    for at in range(5):
        fake.put(attrs(pk="k", sk=str(at)))
    numbers = [one["dynamodb"]["SequenceNumber"] for one in stream.read()]

    reader = stream.drain()
    first = [next(reader)["dynamodb"]["SequenceNumber"] for _ in range(2)]
    rest = [one["dynamodb"]["SequenceNumber"] for one in stream.drain()]

    assert first + rest == numbers == sorted(numbers, key=int)
    assert len(set(numbers)) == len({one["eventID"] for one in stream.read()}) == 5
    assert [one["dynamodb"]["SequenceNumber"] for one in stream.read(1, 2)] == numbers[1:3]
    assert list(stream.drain()) == []
    assert len(stream) == 5


def test_images_are_those_of_the_moment(fake: Backend) -> None:
    fake.put(item(a={"b": [1]}))
    fake.call(
        "update_item",
        Key=KEY,
        UpdateExpression="SET a.b[0] = :x",
        ExpressionAttributeValues=values(x=2),
    )

    first, second = fake.client.stream("heed").drain()

    assert first["dynamodb"]["NewImage"] == second["dynamodb"]["OldImage"] == item(a={"b": [1]})
    assert second["dynamodb"]["NewImage"] == item(a={"b": [2]})


TODO = {"dynamodb": {"NewImage": {"todo": {"S": [{"exists": True}]}}}}
RECORD = {
    "eventName": "INSERT",
    "dynamodb": {
        "NewImage": {**item(todo="plan", n=1, yes=True), "tags": {"SS": ["a", "b"]}},
        "Keys": KEY,
    },
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (TODO, True),
        ({"dynamodb": {"NewImage": {"kick": {"S": [{"exists": True}]}}}}, False),
        ({"dynamodb": {"NewImage": {"kick": {"S": [{"exists": False}]}}}}, True),
        # Only leaves exist for AWS, and a typed value is not one.
        ({"dynamodb": {"NewImage": {"todo": [{"exists": True}]}}}, False),
        ({"eventName": ["INSERT"]}, True),
        ({"eventName": ["MODIFY", "REMOVE"]}, False),
        ({"eventName": ["INSERT"], **TODO}, True),
        ({"eventName": ["REMOVE"], **TODO}, False),
        ({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "k"}]}}}}, True),
        ({"dynamodb": {"Keys": {"pk": {"S": ["j", {"prefix": "x"}]}}}}, False),
        ({"dynamodb": {"NewImage": {"n": {"N": ["1"]}}}}, True),
        ({"dynamodb": {"NewImage": {"n": {"N": [1]}}}}, False),
        ({"dynamodb": {"NewImage": {"yes": {"BOOL": [True]}}}}, True),
        ({"dynamodb": {"NewImage": {"yes": {"BOOL": [1]}}}}, False),
        ({"dynamodb": {"NewImage": {"tags": {"SS": ["b"]}}}}, True),
        ({"dynamodb": {"OldImage": {"n": {"N": ["1"]}}}}, False),
        ({}, True),
    ],
)
def test_filter_patterns(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(RECORD, pattern) is expected


def test_unknown_filter_operators_are_refused() -> None:
    with pytest.raises(ValueError, match="anything-but"):
        matches(RECORD, {"eventName": [{"anything-but": ["REMOVE"]}]})
