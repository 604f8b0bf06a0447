"""What a simulation needs beyond a client: lag, hooks, counts, units, equal runs."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.fakes.dynamo import FakeDynamo
from tests.fakes.refusals import client_error
from tests.fakes.tables import TableSpec
from tests.fakes_spec.attribute_values import KEY, attrs, item, values
from tests.fakes_spec.backends import SPEC, Backend

DUE = {
    "TableName": "heed",
    "IndexName": "due",
    "KeyConditionExpression": "slot = :s",
    "ExpressionAttributeValues": values(s=1),
}


class Crash(BaseException):
    """Ends a worker wherever it stands; nobody may catch it by accident."""


def test_an_index_lags_behind_its_table() -> None:
    clock = [0]
    dynamo = FakeDynamo(lambda: clock[0], index_lag_ms=500)
    dynamo.add_table(SPEC)

    def due() -> list[str]:
        return [one["due"]["N"] for one in dynamo.query(**DUE)["Items"]]

    dynamo.put_item(TableName="heed", Item=item(slot=1, due=1))
    assert due() == []
    clock[0] = 300
    dynamo.put_item(TableName="heed", Item=item(slot=1, due=2))
    clock[0] = 500
    assert due() == ["1"]
    assert dynamo.get_item(TableName="heed", Key=KEY)["Item"]["due"] == {"N": "2"}
    clock[0] = 800
    assert due() == ["2"]
    dynamo.delete_item(TableName="heed", Key=KEY)
    assert due() == ["2"]
    dynamo.index_lag_ms = 0
    assert due() == []


def test_an_index_entry_that_came_and_went_in_the_lag_is_never_seen() -> None:
    clock = [0]
    dynamo = FakeDynamo(lambda: clock[0], index_lag_ms=10)
    dynamo.add_table(SPEC)
    dynamo.put_item(TableName="heed", Item=item(slot=1, due=1))
    dynamo.delete_item(TableName="heed", Key=KEY)

    clock[0] = 10

    assert dynamo.query(**DUE)["Items"] == []


def test_a_crash_before_a_call_means_that_nothing_happened() -> None:
    def crash(service: str, operation: str, phase: str) -> None:
        if (service, operation, phase) == ("dynamodb", "put_item", "before"):
            raise Crash

    dynamo = FakeDynamo(lambda: 0, on_call=crash)
    dynamo.add_table(SPEC)

    with pytest.raises(Crash):
        dynamo.put_item(TableName="heed", Item=item())
    assert dynamo.items("heed") == []


def test_a_lost_answer_means_that_it_happened() -> None:
    def lose(_service: str, operation: str, phase: str) -> None:
        if phase == "after":
            raise client_error(operation, "InternalServerError", "lost")

    dynamo = FakeDynamo(lambda: 0, on_call=lose)
    dynamo.add_table(SPEC)

    with pytest.raises(ClientError, match=r"InternalServerError.*PutItem operation: lost"):
        dynamo.put_item(TableName="heed", Item=item())
    assert dynamo.items("heed") == [item()]


def test_the_hook_runs_around_refused_calls_too() -> None:
    seen: list[tuple[str, str, str]] = []
    dynamo = FakeDynamo(lambda: 0, on_call=lambda *call: seen.append(call))
    dynamo.add_table(SPEC)

    with pytest.raises(ClientError):
        dynamo.delete_item(TableName="heed", Key=KEY, ConditionExpression="attribute_exists(pk)")
    assert seen == [("dynamodb", "delete_item", phase) for phase in ("before", "after")]


def test_calls_are_remembered_with_their_keys(fake: Backend) -> None:
    fake.put(item())
    fake.call("get_item", Key=KEY)
    fake.call(
        "query",
        IndexName="due",
        KeyConditionExpression="slot = :s",
        ExpressionAttributeValues=values(s=1),
    )
    fake.call(
        "transact_write_items",
        TransactItems=[{"Put": {"Item": item()}}, {"Delete": {"Key": attrs(pk="k", sk="2")}}],
    )

    assert fake.client.call_counts["query"] == 1
    assert fake.client.calls == [
        ("put_item", ("k", "1")),
        ("get_item", ("k", "1")),
        ("query", ("heed", "due")),
        ("transact_write_items", (("k", "1"), ("k", "2"))),
    ]


def test_unknown_and_missing_parameters_are_refused_as_botocore_does(fake: Backend) -> None:
    with pytest.raises(ParamValidationError, match='Missing required parameter in input: "Key"'):
        fake.client.get_item(TableName="heed")
    with pytest.raises(ParamValidationError, match='Unknown parameter in input: "Expected"'):
        fake.client.put_item(TableName="heed", Item=item(), Expected={})
    with pytest.raises(ParamValidationError, match="valid types: str"):
        fake.client.put_item(TableName="heed", Item={**KEY, "n": {"N": 1}})
    with pytest.raises(ParamValidationError, match="Unknown parameter in value"):
        fake.client.put_item(TableName="heed", Item={**KEY, "n": {"X": "1"}})


def units(backend: Backend, operation: str, **request: Any) -> dict[str, float]:
    """Return the units that one call cost, table and indexes."""
    meter = backend.client.meter
    meter.reset()
    backend.call(operation, **request)
    return {name: used for name, used in meter.totals().items() if used}


def test_writes_cost_by_the_larger_of_old_and_new(fake: Backend) -> None:
    assert units(fake, "put_item", Item=item(a="x")) == {"heed": 1}
    assert units(fake, "put_item", Item=item(a="x" * 1024)) == {"heed": 2}
    assert units(fake, "put_item", Item=item(a="x")) == {"heed": 2}
    assert units(fake, "delete_item", Key=KEY) == {"heed": 1}
    assert units(fake, "delete_item", Key=KEY) == {"heed": 1}


def test_a_refused_write_costs_what_it_looked_at(fake: Backend) -> None:
    fake.put(item(a="x" * 3000))
    refused = {"ConditionExpression": "attribute_not_exists(pk)"}

    assert units(fake, "put_item", Item=item(), **refused) == {"heed": 3}
    assert units(fake, "put_item", Item=item(), ConditionExpression="") == {}


def test_index_writes_cost_only_if_a_key_of_the_index_changes(fake: Backend) -> None:
    def update(expression: str, **plain: Any) -> dict[str, float]:
        more = {"ExpressionAttributeValues": values(**plain)} if plain else {}
        return units(fake, "update_item", Key=KEY, UpdateExpression=expression, **more)

    assert units(fake, "put_item", Item=item(slot=1)) == {"heed": 1}
    assert update("SET due = :d", d=1) == {"heed": 1, "heed/due": 1}
    assert update("SET v = :d", d=1) == {"heed": 1}
    assert update("SET due = :d", d=1) == {"heed": 1}
    assert update("SET due = :d", d=2) == {"heed": 1, "heed/due": 2}
    assert update("SET lane = :l, turn = :l, conv = :l", l="x") == {
        "heed": 1,
        "heed/desk": 1,
        "heed/conv": 1,
    }
    assert update("REMOVE due") == {"heed": 1, "heed/due": 1}
    assert units(fake, "delete_item", Key=KEY) == {"heed": 1, "heed/desk": 1, "heed/conv": 1}


def test_transactions_cost_twice(fake: Backend) -> None:
    look = {"ConditionCheck": {"Key": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}
    put = {"Put": {"Item": {**attrs(pk="k", sk="2", a="x" * 1024, slot=1, due=1)}}}

    assert units(fake, "transact_write_items", TransactItems=[look, put]) == {
        "heed": 6,
        "heed/due": 1,
    }
    repeated = {"TransactItems": [look, put], "ClientRequestToken": "t"}
    units(fake, "transact_write_items", **repeated)
    assert units(fake, "transact_write_items", **repeated) == {"heed": 4}


def test_reads_cost_by_what_they_look_at(fake: Backend) -> None:
    fake.put(*(attrs(pk="k", sk=str(at), a="x" * 1500, slot=1, due=at) for at in range(4)))
    whole = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": values(p="k")}
    key = attrs(pk="k", sk="1")

    assert units(fake, "get_item", Key=key) == {"heed": 0.5}
    assert units(fake, "get_item", Key=key, ConsistentRead=True) == {"heed": 1}
    assert units(fake, "get_item", Key=KEY | {"sk": {"S": "absent"}}) == {"heed": 0.5}
    assert units(fake, "query", **whole) == {"heed": 1}
    assert units(fake, "query", **whole, ConsistentRead=True) == {"heed": 2}
    assert units(fake, "query", **DUE) == {"heed/due": 0.5}
    keys = {"Keys": [key, attrs(pk="k", sk="2"), attrs(pk="k", sk="9")]}
    assert units(fake, "batch_get_item", RequestItems=keys) == {"heed": 1.5}


def test_consumed_capacity_is_reported_when_asked_for(fake: Backend) -> None:
    put = {"Item": item(slot=1, due=1)}

    total = fake.call("put_item", **put, ReturnConsumedCapacity="TOTAL").answer
    fake.call("delete_item", Key=KEY)
    indexes = fake.call("put_item", **put, ReturnConsumedCapacity="INDEXES").answer
    transaction = fake.call(
        "transact_write_items",
        TransactItems=[{"Delete": {"Key": KEY}}],
        ReturnConsumedCapacity="TOTAL",
    ).answer

    assert total["ConsumedCapacity"] == {"TableName": "heed", "CapacityUnits": 2}
    assert indexes["ConsumedCapacity"] == {
        "TableName": "heed",
        "CapacityUnits": 2,
        "Table": {"CapacityUnits": 1},
        "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 1}},
    }
    assert transaction["ConsumedCapacity"] == [{"TableName": "heed", "CapacityUnits": 3}]


def test_a_table_without_a_sort_key() -> None:
    dynamo = FakeDynamo(lambda: 0)
    dynamo.add_table(TableSpec("plain", "id", indexes={"by-n": ("n", None)}, types={"id": "N"}))

    dynamo.put_item(TableName="plain", Item=attrs(id=7, n="x"))

    assert dynamo.get_item(TableName="plain", Key={"id": {"N": "7.0"}})["Item"] == attrs(
        id=7, n="x"
    )
    found = dynamo.query(
        TableName="plain",
        IndexName="by-n",
        KeyConditionExpression="n = :n",
        ExpressionAttributeValues=values(n="x"),
    )
    assert found["Items"] == [attrs(id=7, n="x")]
    assert dynamo.calls[0] == ("put_item", ("7",))
