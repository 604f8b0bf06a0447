"""SQS: what only a clock in one's own hand can show, and the hooks; no moto."""

import pytest

from tests.fakes.sqs import FakeSqs
from tests.fakes_spec.queue_backends import PREFIX, Queues, fake_queues


@pytest.fixture
def fake() -> Queues:
    return fake_queues()


def test_messages_come_back_when_their_time_is_over(fake: Queues) -> None:
    fake.client.send_message(QueueUrl=fake.url, MessageBody="slow", DelaySeconds=5)
    fake.client.send_message(QueueUrl=fake.url, MessageBody="now")
    assert fake.bodies() == ["now"]

    fake.clock[0] += 5_000
    assert fake.bodies(VisibilityTimeout=10) == ["slow"]
    fake.clock[0] += 9_999
    assert fake.bodies() == []
    fake.clock[0] += 1
    assert fake.bodies() == ["slow"]
    fake.clock[0] += 15_000
    assert fake.bodies() == ["now"]


def test_a_heartbeat_keeps_a_message(fake: Queues) -> None:
    fake.client.send_message(QueueUrl=fake.url, MessageBody="hello")
    (message,) = fake.receive()
    beat = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 30}

    for _ in range(3):
        fake.clock[0] += 20_000
        fake.client.change_message_visibility(QueueUrl=fake.url, **beat)
        assert fake.bodies() == []
    fake.clock[0] += 30_000
    assert fake.error("change_message_visibility", **beat) == PREFIX + "MessageNotInflight"
    assert fake.bodies() == ["hello"]
    assert fake.error("change_message_visibility", **beat) == "InvalidParameterValue"


def test_a_message_is_held_for_twelve_hours_at_most(fake: Queues) -> None:
    fake.client.send_message(QueueUrl=fake.url, MessageBody="hello")
    (message,) = fake.receive(VisibilityTimeout=43_200)
    fake.clock[0] += 1000

    beat = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 43_200}
    assert fake.error("change_message_visibility", **beat) == "InvalidParameterValue"


@pytest.mark.parametrize("deletes", [False, True])
def test_an_old_receipt_deletes_or_not_but_always_answers(fake: Queues, *, deletes: bool) -> None:
    fake.client.let_stale_receipts_delete("lane", deletes=deletes)
    fake.client.send_message(QueueUrl=fake.url, MessageBody="hello")
    (first,) = fake.receive(VisibilityTimeout=0)
    fake.receive(VisibilityTimeout=0)

    fake.client.delete_message(QueueUrl=fake.url, ReceiptHandle=first["ReceiptHandle"])

    assert fake.client.bodies("lane") == ([] if deletes else ["hello"])


def test_messages_expire(fake: Queues) -> None:
    fake.client.send_message(QueueUrl=fake.url, MessageBody="old")
    fake.clock[0] += 4 * 24 * 3600 * 1000 - 1
    fake.client.send_message(QueueUrl=fake.url, MessageBody="new")
    assert fake.client.bodies("lane") == ["old", "new"]

    fake.clock[0] += 1

    assert fake.bodies() == ["new"]
    assert fake.client.call_counts == {"send_message": 2, "receive_message": 1}


def test_a_dead_letter_keeps_its_age(fake: Queues) -> None:
    fake.client.send_message(QueueUrl=fake.url, MessageBody="old")
    fake.clock[0] += 1000
    fake.client.send_message(QueueUrl=fake.dead_url, MessageBody="new")
    for _ in range(3):
        fake.receive(VisibilityTimeout=0)
    assert fake.client.bodies("dead") == ["new", "old"]

    fake.clock[0] += 4 * 24 * 3600 * 1000 - 1000

    assert fake.client.bodies("dead") == ["new"]


def test_receiving_takes_the_oldest_first_and_no_more_than_asked_for(fake: Queues) -> None:
    for at in range(5):
        fake.client.send_message(QueueUrl=fake.url, MessageBody=str(at))

    assert fake.bodies(MaxNumberOfMessages=2) == ["0", "1"]
    assert fake.bodies(MaxNumberOfMessages=2) == ["2", "3"]
    assert fake.counts() == ("1", "4", "0")
    assert fake.client.calls[0] == ("send_message", ("lane",))


def test_hooks_run_around_calls() -> None:
    seen: list[tuple[str, str, str]] = []
    sqs = FakeSqs(lambda: 0, on_call=lambda *call: seen.append(call))
    url = sqs.add_queue("lane")

    sqs.send_message(QueueUrl=url, MessageBody="hello")

    assert seen == [("sqs", "send_message", "before"), ("sqs", "send_message", "after")]
