"""SQS: one set of sentences for the stand-in and moto."""

import json
from typing import Any

import pytest

from tests.fakes.message_rules import MESSAGE_BYTES_MAX
from tests.fakes_spec.queue_backends import PREFIX, Queues, fake_queues, moto_queues


@pytest.fixture(params=["fake", "moto"])
def queues(request: pytest.FixtureRequest, _moto: None) -> Queues:
    return fake_queues() if request.param == "fake" else moto_queues()


@pytest.fixture
def fake() -> Queues:
    return fake_queues()


def test_a_message_is_received_once_and_then_hidden(queues: Queues) -> None:
    sent = queues.client.send_message(QueueUrl=queues.url, MessageBody="hello")

    (message,) = queues.receive(AttributeNames=["ApproximateReceiveCount", "SentTimestamp"])

    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "hello"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"].keys() == {"ApproximateReceiveCount", "SentTimestamp"}
    assert queues.receive() == []
    assert queues.counts() == ("0", "1", "0")


def test_an_empty_queue_gives_an_answer_without_messages(queues: Queues) -> None:
    answer = queues.client.receive_message(QueueUrl=queues.url, WaitTimeSeconds=0)

    assert "Messages" not in answer


def test_a_deleted_message_is_gone(queues: Queues) -> None:
    queues.client.send_message(QueueUrl=queues.url, MessageBody="hello")
    (message,) = queues.receive(VisibilityTimeout=0)

    for _ in range(2):
        queues.client.delete_message(QueueUrl=queues.url, ReceiptHandle=message["ReceiptHandle"])

    assert queues.receive() == []
    assert queues.counts() == ("0", "0", "0")


def test_a_message_that_is_let_go_comes_back(queues: Queues) -> None:
    queues.client.send_message(QueueUrl=queues.url, MessageBody="hello")
    (message,) = queues.receive()

    queues.client.change_message_visibility(
        QueueUrl=queues.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )

    (again,) = queues.receive(MessageSystemAttributeNames=["All"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["ReceiptHandle"] != message["ReceiptHandle"]


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(queues: Queues) -> None:
    queues.client.send_message(QueueUrl=queues.url, MessageBody="hello")
    for _ in range(2):
        assert queues.bodies(VisibilityTimeout=0) == ["hello"]

    # The move happens when somebody receives again, not before.
    assert queues.counts() == ("1", "0", "0")
    assert queues.bodies() == []
    assert queues.bodies(queues.dead_url) == ["hello"]
    assert queues.counts() == ("0", "0", "0")


def test_a_delayed_message_is_not_seen_yet(queues: Queues) -> None:
    queues.client.send_message(QueueUrl=queues.url, MessageBody="hello", DelaySeconds=60)

    assert queues.receive() == []
    assert queues.counts() == ("0", "0", "1")


def test_batches(queues: Queues) -> None:
    entries = [{"Id": f"id{at}", "MessageBody": f"body{at}"} for at in range(10)]
    sent = queues.client.send_message_batch(QueueUrl=queues.url, Entries=entries)
    assert [one["Id"] for one in sent["Successful"]] == [one["Id"] for one in entries]
    assert not sent.get("Failed")

    received = queues.receive()
    assert sorted(one["Body"] for one in received) == [one["MessageBody"] for one in entries]
    receipts = [
        {"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(received)
    ]
    deleted = queues.client.delete_message_batch(QueueUrl=queues.url, Entries=receipts)
    assert [one["Id"] for one in deleted["Successful"]] == [one["Id"] for one in receipts]
    assert queues.counts() == ("0", "0", "0")


def test_a_batch_fails_entry_by_entry(queues: Queues) -> None:
    queues.client.send_message(QueueUrl=queues.url, MessageBody="hello")
    (message,) = queues.receive()

    answer = queues.client.delete_message_batch(
        QueueUrl=queues.url,
        Entries=[
            {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]},
            {"Id": "bad", "ReceiptHandle": "nonsense"},
        ],
    )

    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == (
        "bad",
        "ReceiptHandleIsInvalid",
        True,
    )


@pytest.mark.parametrize(
    ("operation", "request_part", "code"),
    [
        ("send_message", {"QueueUrl": "https://x/1/no", "MessageBody": "a"}, "NonExistentQueue"),
        ("send_message_batch", {"Entries": []}, "EmptyBatchRequest"),
        (
            "send_message_batch",
            {"Entries": [{"Id": str(at), "MessageBody": "a"} for at in range(11)]},
            "TooManyEntriesInBatchRequest",
        ),
        (
            "send_message_batch",
            {"Entries": [{"Id": "1", "MessageBody": "a"}] * 2},
            "BatchEntryIdsNotDistinct",
        ),
        (
            "send_message_batch",
            {"Entries": [{"Id": str(at), "MessageBody": "a" * 600_000} for at in range(2)]},
            "BatchRequestTooLong",
        ),
        ("send_message", {"MessageBody": "a" * (MESSAGE_BYTES_MAX + 1)}, "InvalidParameterValue"),
        ("send_message", {"MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"),
        ("receive_message", {"MaxNumberOfMessages": 0}, "InvalidParameterValue"),
        ("receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("receive_message", {"VisibilityTimeout": 43_201}, "InvalidParameterValue"),
        ("delete_message", {"ReceiptHandle": "nonsense"}, "ReceiptHandleIsInvalid"),
        (
            "change_message_visibility",
            {"ReceiptHandle": "nonsense", "VisibilityTimeout": 1},
            "ReceiptHandleIsInvalid",
        ),
        ("get_queue_attributes", {"AttributeNames": ["Nope"]}, "InvalidAttributeName"),
    ],
)
def test_refusals(queues: Queues, operation: str, request_part: dict[str, Any], code: str) -> None:
    assert queues.error(operation, **request_part).removeprefix(PREFIX) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "MissingParameter"),
        ("a\x00", "InvalidMessageContents"),
        ("a\x0b", "InvalidMessageContents"),
        ("a\x1f", "InvalidMessageContents"),
        ("a\ufffe", "InvalidMessageContents"),
        ("\ud800", "InvalidMessageContents"),
    ],
)
def test_bodies_that_sqs_refuses(fake: Queues, body: str, code: str) -> None:
    # moto takes all of them.
    assert fake.error("send_message", MessageBody=body) == code
    assert fake.counts() == ("0", "0", "0")


@pytest.mark.parametrize("body", ["\t\n\r", "\x7f", "é", "\ue000", "\ufffd", "😀", "a" * 2**20])
def test_bodies_that_sqs_takes(queues: Queues, body: str) -> None:
    queues.client.send_message(QueueUrl=queues.url, MessageBody=body)

    assert queues.bodies() == [body]


def test_message_attributes_come_back_when_asked_for(queues: Queues) -> None:
    attribute = {"trace": {"DataType": "String", "StringValue": "t1"}}
    queues.client.send_message(
        QueueUrl=queues.url, MessageBody="hello", MessageAttributes=attribute
    )

    assert "MessageAttributes" not in queues.receive(VisibilityTimeout=0)[0]
    (message,) = queues.receive(MessageAttributeNames=["trace"])
    assert message["MessageAttributes"] == attribute


def test_settings_are_told(queues: Queues) -> None:
    answer = queues.client.get_queue_attributes(QueueUrl=queues.url, AttributeNames=["All"])

    told = answer["Attributes"]
    assert (told["VisibilityTimeout"], told["MaximumMessageSize"]) == ("30", "1048576")
    assert json.loads(told["RedrivePolicy"])["maxReceiveCount"] == 2
    name = told["QueueArn"].rpartition(":")[2]
    assert queues.client.get_queue_url(QueueName=name)["QueueUrl"] == queues.url
