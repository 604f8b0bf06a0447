"""The two queue services that the tests of SQS run against."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.sqs import FakeSqs
from tests.fakes_spec.backends import moto_client

PREFIX = "AWS.SimpleQueueService."
_numbers = itertools.count()


@dataclass(slots=True)
class Queues:
    """A main queue that gives messages up after two receives, and a clock."""

    name: str
    client: Any
    url: str
    dead_url: str
    clock: list[int]

    def receive(self, url: str = "", **request: Any) -> list[dict[str, Any]]:
        answer = self.client.receive_message(
            QueueUrl=url or self.url, **{"MaxNumberOfMessages": 10, **request}
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def bodies(self, url: str = "", **request: Any) -> list[str]:
        return sorted(one["Body"] for one in self.receive(url, **request))

    def error(self, operation: str, **request: Any) -> str:
        with pytest.raises(ClientError) as caught:
            getattr(self.client, operation)(**{"QueueUrl": self.url, **request})
        return str(caught.value.response["Error"]["Code"])

    def counts(self) -> tuple[str, ...]:
        names = [f"ApproximateNumberOfMessages{one}" for one in ("", "NotVisible", "Delayed")]
        answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return tuple(answer["Attributes"][name] for name in names)


def fake_queues() -> Queues:
    clock = [1_700_000_000_000]
    fake = FakeSqs(lambda: clock[0])
    dead_url = fake.add_queue("dead")
    return Queues("fake", fake, fake.add_queue("lane", 30, ("dead", 2)), dead_url, clock)


def moto_queues() -> Queues:
    client = moto_client("sqs")
    label = str(next(_numbers))
    dead_url = client.create_queue(QueueName=f"dead{label}")["QueueUrl"]
    target = f"arn:aws:sqs:us-east-1:123456789012:dead{label}"
    policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 2})
    url = client.create_queue(
        QueueName=f"lane{label}",
        Attributes={"VisibilityTimeout": "30", "RedrivePolicy": policy},
    )["QueueUrl"]
    return Queues("moto", client, url, dead_url, [0])
