"""The stand-ins that trust their callers answer and store as those that check."""

import itertools
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.dynamo import FakeDynamo
from tests.fakes.secrets import FakeSecretsManager
from tests.fakes.shapes import Request
from tests.fakes.sqs import FakeSqs
from tests.fakes_spec.attribute_values import KEY, attrs, av, item, values
from tests.fakes_spec.backends import SPEC, Backend, fake_backend
from tests.fakes_spec.cases import FAILED, INVALID
from tests.fakes_spec.test_random_sequences import call_at, steps

BY_LANE: Request = {
    "IndexName": "desk",
    "KeyConditionExpression": "lane = :lane AND turn >= :turn",
    "ExpressionAttributeValues": values(lane="a", turn="b"),
}
READS: tuple[Request, ...] = (
    BY_LANE,
    {**BY_LANE, "Limit": 1},
    {**BY_LANE, "ScanIndexForward": False, "Limit": 2},
    {**BY_LANE, "Select": "COUNT"},
    {**BY_LANE, "FilterExpression": "begins_with(sk, :two)",
     "ExpressionAttributeValues": values(lane="a", turn="b", two="2")},
    {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values(pk="k")},
    {"KeyConditionExpression": "#p = :pk AND begins_with(sk, :sk)", "Limit": 1,
     "ExpressionAttributeNames": {"#p": "pk"}, "ProjectionExpression": "turn",
     "ExpressionAttributeValues": values(pk="k", sk="2")},
)  # fmt: skip

_partitions = itertools.count()


def trusting_backend() -> Backend:
    clock = [1_700_000_000_000]
    fake = FakeDynamo(lambda: clock[0], checked=False)
    fake.add_table(SPEC)
    return Backend("trusting", fake, SPEC.name, clock)


def test_random_writes_have_the_same_answers_and_leave_the_same_items_and_changes() -> None:
    checking, trusting = fake_backend(), trusting_backend()
    compared: Counter[str] = Counter()

    @settings(max_examples=120, deadline=None, derandomize=True, database=None)
    @given(st.lists(steps(), min_size=5, max_size=12))
    def agree(sequence: list[tuple[str, str, Request]]) -> None:
        partition = f"p{next(_partitions)}"
        for operation, sort_key, request in sequence:
            key = attrs(pk=partition, sk=sort_key)
            expected = call_at(checking, operation, key, request)
            compared[f"{operation} {expected.error}"] += 1
            # Who is trusted asks for nothing that is refused.
            if expected.error != INVALID:
                assert call_at(trusting, operation, key, request) == expected, (operation, request)
        assert trusting.items(partition) == checking.items(partition)

    agree()
    assert min(compared[f"update_item {one}"] for one in ("", FAILED)) >= 50
    assert changes(trusting) == changes(checking)


def changes(backend: Backend) -> list[Any]:
    rows = backend.client.stream(SPEC.name).changes()
    return [(one.key, one.old and one.old.item, one.new and one.new.item) for one in rows]


@pytest.mark.parametrize("read", READS)
def test_reads_have_the_same_answers(read: Request) -> None:
    checking, trusting = fake_backend(), trusting_backend()
    for backend in (checking, trusting):
        for sk, turn in (("1", "a"), ("2", "b"), ("21", "c"), ("3", "d")):
            backend.put(item(lane="a", turn=turn, data=sk) | attrs(sk=sk))
    asked = dict(read)

    for _ in range(3):
        expected = checking.call("query", **asked)
        assert trusting.call("query", **asked) == expected
        if last := expected.answer.get("LastEvaluatedKey"):
            asked["ExclusiveStartKey"] = last

    assert expected.error == ""


def test_names_behind_aliases_may_differ_from_call_to_call() -> None:
    checking, trusting = fake_backend(), trusting_backend()

    for name in ("one", "two", "one"):
        request: Request = {
            "Key": KEY,
            "UpdateExpression": "SET #old = :x ADD #n :x REMOVE gone",
            "ConditionExpression": "attribute_not_exists(#n) OR #n <= :x",
            "ExpressionAttributeNames": {"#n": name, "#old": "old"},
            "ExpressionAttributeValues": values(x=2),
            "ReturnValues": "ALL_NEW",
        }
        assert trusting.call("update_item", **request) == checking.call("update_item", **request)

    assert trusting.items() == checking.items()
    assert trusting.items()[0]["one"] == av(4)


def test_one_item_is_read_alike_whole_and_in_part() -> None:
    checking, trusting = fake_backend(), trusting_backend()
    for backend in (checking, trusting):
        backend.put(item(data="x", more="y"))

    for request in (
        {"Key": KEY},
        {"Key": KEY, "ProjectionExpression": "more"},
        {"Key": attrs(pk="k", sk="9")},
    ):
        assert trusting.call("get_item", **request) == checking.call("get_item", **request)
    assert trusting.items() == checking.items() != []


def test_queues_and_secrets_that_trust_check_no_parameters() -> None:
    asked = {"QueueUrl": "q/work", "MessageBody": "a", "Colour": "red"}
    for checked in (True, False):
        sqs, secrets = FakeSqs(lambda: 0, checked=checked), FakeSecretsManager(checked=checked)
        sqs.add_queue("work")
        assert sqs.is_empty("work")
        if checked:
            with pytest.raises(ParamValidationError):
                sqs.send_message(**asked)
            with pytest.raises(ParamValidationError):
                secrets.create_secret(Name="s", Colour="red")
        else:
            sqs.send_message(**asked)
            assert secrets.create_secret(Name="s", Colour="red")["Name"] == "s"
        assert sqs.is_empty("work") is checked
