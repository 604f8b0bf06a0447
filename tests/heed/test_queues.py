import json
from typing import Any

import pytest

from heed.domain.case import BANDS
from heed.domain.mention import ConversationId, mention_id
from heed.domain.reply import ReplyRef, agent_reply, machine_reply
from heed.ports import Bell
from heed.queues import (
    BELL_VISIBILITY_S,
    BELLS_READ_MAX,
    SUBJECT_CHARS_MAX,
    SnsPager,
    SqsBells,
    SqsLanes,
    lane_message,
    read_lane_message,
)
from heed.telemetry import CountingMeter
from tests.backends import NAMES, START_MS, Backend, memory_backend, open_backend
from tests.fakes.sns import FakeSns

CONVERSATION = ConversationId("0f" * 16)
MENTION = mention_id("x", "2244994945", "post", "é|#%\ud800")
REFS = (machine_reply(MENTION), agent_reply(CONVERSATION, START_MS, "r-é|#1"))
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
# What is no bell, whoever put it there: broken, of another shape, of a newer version.
UNREADABLE = (
    "hello", "{", "[]", "5", "null", "{}", '{"case": "a"}', '{"case": 1, "epoch": 1}',
    '{"case": "a", "epoch": "1"}', '{"case": "a", "epoch": null}',
)  # fmt: skip


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    return open_backend(request.param, request)


@pytest.fixture
def bells(backend: Backend) -> SqsBells:
    return SqsBells(backend.sqs, backend.add_queues(*(f"work-acme-{band}" for band in BANDS)))


def received(backend: Backend, url: str) -> list[str]:
    answer = backend.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [message["Body"] for message in answer.get("Messages", [])]


def left_in(backend: Backend, url: str) -> set[str]:
    """Count the messages of a queue, those included that somebody has in hand."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = backend.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return set(answer["Attributes"].values())


@pytest.mark.parametrize("ref", REFS)
def test_a_lane_carries_the_key_of_a_reply_in_ascii(backend: Backend, ref: ReplyRef) -> None:
    base = backend.add_queues("reply-telegram", "reply-x")

    SqsLanes(backend.sqs, base).ring("x", ref)

    [body] = received(backend, f"{base}reply-x")
    assert body.isascii()
    assert read_lane_message(body) == ref
    assert set(json.loads(body)) == {"owner", "part"}


def test_a_lane_keeps_a_message_back_as_long_as_told(backend: Backend) -> None:
    base = backend.add_queues("reply-x")

    SqsLanes(backend.sqs, base).ring("x", REFS[0], 600)

    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    answer = backend.sqs.get_queue_attributes(QueueUrl=f"{base}reply-x", AttributeNames=names)
    assert received(backend, f"{base}reply-x") == []
    assert answer["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


@pytest.mark.parametrize(
    "body",
    [*UNREADABLE, '{"owner": "mention#x"}', '{"owner": 5, "part": "-"}', '{"part": "-"}', ""],
)
def test_what_is_no_message_of_a_lane_is_a_clear_error(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # JSON's own error is one too.
        read_lane_message(body)


def test_more_in_a_message_than_we_know_is_ignored() -> None:
    body = json.dumps({**json.loads(lane_message(REFS[0])), "newer": 1})

    assert read_lane_message(body) == REFS[0]


def test_a_bell_is_heard_on_its_band_with_its_epoch(bells: SqsBells) -> None:
    bells.ring("acme", "urgent", Bell(CONVERSATION, 7))

    heard = bells.next("acme", "urgent")

    assert heard is not None
    assert (heard.conversation, heard.epoch) == (CONVERSATION, 7)
    assert heard.receipt
    assert heard.queue.endswith("work-acme-urgent")


def test_a_bell_is_heard_by_one_and_on_no_other_band() -> None:
    backend = memory_backend()
    names = (f"work-acme-{band}" for band in BANDS)
    bells = SqsBells(backend.sqs, backend.add_queues(*names))
    bells.ring("acme", "urgent", Bell(CONVERSATION, 7))

    assert bells.next("acme", "low") is None
    assert bells.next("acme", "urgent") is not None
    assert bells.next("acme", "urgent") is None


def test_a_bell_carries_ids_only_in_ascii(backend: Backend) -> None:
    base = backend.add_queues("work-acme-low")
    SqsBells(backend.sqs, base).ring("acme", "low", Bell(ConversationId("é"), 1))

    [body] = received(backend, f"{base}work-acme-low")
    assert body.isascii()
    assert json.loads(body) == {"case": "é", "epoch": 1}


def test_a_silenced_bell_is_gone() -> None:
    backend = memory_backend()
    bells = SqsBells(backend.sqs, backend.add_queues("work-acme-low"))
    bells.ring("acme", "low", Bell(CONVERSATION, 1))
    heard = bells.next("acme", "low")
    assert heard is not None

    bells.silence(heard)

    backend.clock.forward(s=BELL_VISIBILITY_S)
    assert bells.next("acme", "low") is None


def test_a_silenced_bell_leaves_no_message_in_the_service(backend: Backend) -> None:
    base = backend.add_queues("work-acme-low")
    bells = SqsBells(backend.sqs, base)
    bells.ring("acme", "low", Bell(CONVERSATION, 1))
    heard = bells.next("acme", "low")
    assert heard is not None

    bells.silence(heard)

    assert left_in(backend, f"{base}work-acme-low") == {"0"}


def test_a_bell_that_nobody_silenced_comes_back() -> None:
    backend = memory_backend()
    bells = SqsBells(backend.sqs, backend.add_queues("work-acme-low"))
    bells.ring("acme", "low", Bell(CONVERSATION, 1))
    assert bells.next("acme", "low") is not None

    backend.clock.forward(s=BELL_VISIBILITY_S - 1)
    assert bells.next("acme", "low") is None
    backend.clock.forward(s=1)

    assert bells.next("acme", "low") is not None


@pytest.mark.parametrize("body", UNREADABLE)
def test_a_message_that_is_no_bell_is_deleted_and_counted_and_blocks_nothing(body: str) -> None:
    backend, meter = memory_backend(), CountingMeter()
    base = backend.add_queues("work-acme-low")
    bells = SqsBells(backend.sqs, base, meter)
    backend.sqs.send_message(QueueUrl=f"{base}work-acme-low", MessageBody=body)
    bells.ring("acme", "low", Bell(CONVERSATION, 3))

    heard = bells.next("acme", "low")

    assert heard is not None
    assert heard.epoch == 3
    assert meter.counts == {"bell_unreadable": 1}
    assert len(backend.sqs.bodies(f"{backend.prefix}work-acme-low")) == 1


def test_an_unreadable_bell_is_deleted_in_every_service(backend: Backend) -> None:
    base = backend.add_queues("work-acme-low")
    url, bells = f"{base}work-acme-low", SqsBells(backend.sqs, base)
    backend.sqs.send_message(QueueUrl=url, MessageBody="hello")
    bells.ring("acme", "low", Bell(CONVERSATION, 1))

    heard = bells.next("acme", "low")

    assert heard is not None
    bells.silence(heard)
    assert left_in(backend, url) == {"0"}


def test_one_look_takes_a_few_messages_at_most() -> None:
    backend, meter = memory_backend(), CountingMeter()
    base = backend.add_queues("work-acme-low")
    bells = SqsBells(backend.sqs, base, meter)
    for _ in range(BELLS_READ_MAX + 2):
        backend.sqs.send_message(QueueUrl=f"{base}work-acme-low", MessageBody="hello")

    assert bells.next("acme", "low") is None

    assert meter.counts == {"bell_unreadable": BELLS_READ_MAX}
    assert len(backend.sqs.bodies(f"{backend.prefix}work-acme-low")) == 2


def test_a_page_says_where_to_look_and_nothing_that_anybody_wrote() -> None:
    topic = FakeSns(TOPIC)

    SnsPager(topic, TOPIC).page("acme", CONVERSATION, "self_harm", MENTION)

    [message] = topic.messages
    assert message["Subject"] == "Heed: urgent case (self_harm)"
    told: dict[str, Any] = json.loads(message["Message"])
    assert told == {
        "brand": "acme",
        "case": CONVERSATION,
        "reason": "self_harm",
        "mention": MENTION,
    }
    assert message["Message"].isascii()


def test_the_subject_of_a_page_has_a_length_that_the_service_takes() -> None:
    topic = FakeSns(TOPIC)

    SnsPager(topic, TOPIC).page("acme", CONVERSATION, "long_" * 50, MENTION)

    assert len(topic.messages[0]["Subject"]) == SUBJECT_CHARS_MAX


def test_a_page_about_an_account_names_it() -> None:
    sns = FakeSns(TOPIC)

    SnsPager(sns, TOPIC).page_account("acme", "x#2244994945", "token")

    [page] = sns.messages
    assert json.loads(page["Message"]) == {
        "brand": "acme", "account": "x#2244994945", "reason": "token"
    }  # fmt: skip
    assert "token" in page["Subject"]
