"""Item sizes, by hand from DynamoDB's page, and the parameters that botocore knows."""

from typing import Any

import botocore.session
import pytest

from tests.fakes.parameters import MINIMA, PARAMETERS
from tests.fakes.refusals import wire_name
from tests.fakes.sizes import item_bytes, number_bytes
from tests.fakes_spec.attribute_values import attrs
from tests.fakes_spec.backends import Backend


@pytest.mark.parametrize(
    ("plain", "size_bytes"),
    [
        ({}, 0),
        ({"a": ""}, 1),
        ({"name": "héllo"}, 4 + 6),
        ({"ä": "x"}, 2 + 1),
        ({"n": 1}, 1 + 2),
        ({"b": b"\x00\x01\x02"}, 1 + 3),
        ({"t": True, "f": False, "n": None}, 3 + 3),
        ({"l": []}, 1 + 3),
        ({"m": {}}, 1 + 3),
        ({"l": ["ab", 1]}, 1 + 3 + (2 + 1) + (2 + 1)),
        ({"m": {"ab": "x", "c": [1]}}, 1 + 3 + (2 + 1 + 1) + (1 + 3 + 2 + 1 + 1)),
        ({"s": {"a", "bc"}}, 1 + 3),
        ({"s": {1, 100}}, 1 + 2 + 2),
        ({"s": {b"a", b"bc"}}, 1 + 3),
    ],
)
def test_item_sizes(plain: dict[str, Any], size_bytes: int) -> None:
    assert item_bytes(attrs(**plain)) == size_bytes


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 1),
        ("5", 2),
        ("10", 2),
        ("100", 2),
        ("101", 3),
        ("1000", 2),
        ("12345", 4),
        ("-5", 3),
        ("-100", 3),
        ("0.5", 2),
        ("1.5", 3),
        ("0.001", 2),
        ("12.34", 3),
        ("1763823600000", 6),
        ("1763823600001", 8),
        ("1" * 38, 20),
        ("-" + "1" * 38, 21),
        ("1" + "0" * 37, 2),
    ],
)
def test_number_sizes(text: str, size_bytes: int) -> None:
    assert number_bytes(text) == size_bytes


def test_updates_keep_the_size(fake: Backend) -> None:
    fake.put(attrs(pk="k", sk="1", a="x" * 500, m={"b": 1}))
    fake.call(
        "update_item",
        Key=attrs(pk="k", sk="1"),
        UpdateExpression="SET m.c = :x, d = :x, a = :y REMOVE e ADD n :n",
        ExpressionAttributeValues={":x": {"S": "xyz"}, ":y": {"S": "é"}, ":n": {"N": "7"}},
    )

    (record,) = fake.client.stream("heed").read(1)

    part = record["dynamodb"]
    sizes = [item_bytes(part[image]) for image in ("Keys", "OldImage", "NewImage")]
    assert part["SizeBytes"] == sum(sizes)


SERVICES = ("dynamodb", "sqs", "secretsmanager", "sns")


def shape_of(operation: str) -> Any:
    session = botocore.session.get_session()
    for service in SERVICES:
        model = session.get_service_model(service)
        if wire_name(operation) in model.operation_names:
            return model.operation_model(wire_name(operation)).input_shape
        name = "KeysAndAttributes" if operation == "Keys" else operation
        if name in model.shape_names and service in ("dynamodb", "sqs"):
            return model.shape_for(name)
    raise LookupError(operation)


@pytest.mark.parametrize("operation", PARAMETERS)
def test_parameters_are_those_of_botocore(operation: str) -> None:
    required, allowed = PARAMETERS[operation]
    shape = shape_of(operation)

    assert required == set(shape.required_members)
    assert allowed <= shape.members.keys()


@pytest.mark.parametrize("operation", PARAMETERS)
def test_minima_are_those_of_botocore(operation: str) -> None:
    _, allowed = PARAMETERS[operation]
    members = {name: one for name, one in shape_of(operation).members.items() if name in allowed}

    minima = {
        name: one.metadata["min"]
        for name, one in members.items()
        # botocore does not look at the size of maps.
        if "min" in one.metadata and name != "TableName" and one.type_name != "map"
    }
    assert {
        name: least for name, least in MINIMA.get(operation, {}).items() if name in allowed
    } == (minima)
