import json

import boto3
import pytest

from heed import brand, composition
from heed.domain.case import Band
from heed.domain.mention import ConversationId
from heed.domain.reply import machine_reply
from heed.ports import Bell
from heed.queues import lane_message
from heed.settings import TriageSettings
from heed.storage.inbox import TableInbox
from heed.telemetry import CountingMeter
from tests.backends import Backend, Clock, open_backend
from tests.heed.storage.stores import a_mention, an_arrival

BAND: Band = "urgent"
CONVERSATION = ConversationId("0f" * 16)


@pytest.fixture
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Backend:
    opened = open_backend("ministack", request)
    monkeypatch.setenv("AWS_ENDPOINT_URL", opened.endpoint)
    return opened


@pytest.fixture
def settings(backend: Backend) -> TriageSettings:
    base = backend.add_queues("reply-x", "work-acme-urgent")
    topic = boto3.client("sns").create_topic(Name=f"{backend.prefix}pages")["TopicArn"]
    return TriageSettings("local", backend.table, queue_base=base, page_topic=topic)


def bodies(backend: Backend, url: str) -> list[str]:
    answer = backend.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_the_table_is_where_the_environment_says(backend: Backend) -> None:
    backend.put({"pk": {"S": "a"}, "sk": {"S": "-"}})

    composition.dynamo().update_item(
        TableName=backend.table,
        Key={"pk": {"S": "a"}, "sk": {"S": "-"}},
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )

    item = backend.item("a")
    assert item is not None
    assert item["v"] == {"N": "1"}


def test_handing_over_reaches_the_table_the_queues_and_the_topic(
    backend: Backend, settings: TriageSettings
) -> None:
    brands, clock, counts = brand.load(), Clock(), CountingMeter()
    base = settings.queue_base
    pages = f"{backend.prefix}seen"
    seen = backend.add_queues(pages.removeprefix(backend.prefix)) + "seen"
    arn = f"arn:aws:sqs:us-east-1:123456789012:{pages}"
    boto3.client("sns").subscribe(TopicArn=settings.page_topic, Protocol="sqs", Endpoint=arn)
    arrival = an_arrival(a_mention())
    TableInbox(backend.dynamo, backend.table).put([arrival], 2)

    handing = composition.handing(settings, composition.dynamo(), brands, clock, counts)

    stored = handing.mentions.get(arrival.mention.id)
    assert stored is not None
    assert handing.conversations.get(stored.conversation) is None
    handing.lanes.ring("x", machine_reply(arrival.mention.id))
    assert bodies(backend, f"{base}reply-x") == [lane_message(machine_reply(arrival.mention.id))]
    handing.pager.page("acme", CONVERSATION, "safety", arrival.mention.id)
    [page] = bodies(backend, seen)
    assert json.loads(json.loads(page)["Message"])["case"] == CONVERSATION
    assert handing.policies == brands.policies
    assert handing.time is clock


def test_what_is_no_bell_is_counted_where_the_function_counts(
    backend: Backend, settings: TriageSettings
) -> None:
    counts = CountingMeter()
    handing = composition.handing(settings, composition.dynamo(), brand.load(), Clock(), counts)
    url = f"{settings.queue_base}work-acme-{BAND}"
    backend.sqs.send_message(QueueUrl=url, MessageBody="no bell")
    handing.bells.ring("acme", BAND, Bell(CONVERSATION, 3))

    first = handing.bells.next("acme", BAND)

    assert first is not None
    assert (first.conversation, first.epoch) == (CONVERSATION, 3)
    assert counts.counts == {"bell_unreadable": 1}
