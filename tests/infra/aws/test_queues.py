from typing import Any

import pytest

from infra.aws.queues import DESK_TIMEOUT_S
from tests.infra.aws.templates import Template

DEAD = {"heed-prod-reply-dead", "heed-prod-work-dead", "heed-prod-triage-dead"}
DEAD |= {"heed-prod-sweep-dead", "heed-prod-tally-dead", "heed-prod-poll-dead"}


@pytest.fixture
def queues(service: Template) -> dict[str, dict[str, Any]]:
    return {queue["QueueName"]: queue for queue in service.all("AWS::SQS::Queue").values()}


def test_there_is_a_lane_per_platform_and_a_work_queue_per_brand_and_band(
    queues: dict[str, dict[str, Any]],
) -> None:
    assert queues.keys() - DEAD == {
        "heed-prod-reply-telegram",
        "heed-prod-reply-x",
        "heed-prod-work-acme-urgent",
        "heed-prod-work-acme-normal",
        "heed-prod-work-acme-low",
        "heed-prod-work-zenith-urgent",
        "heed-prod-work-zenith-normal",
        "heed-prod-work-zenith-low",
    }


def test_every_queue_but_a_dead_letter_queue_has_one(
    service: Template, queues: dict[str, dict[str, Any]]
) -> None:
    for name in queues.keys() - DEAD:
        redrive = queues[name]["RedrivePolicy"]
        kind = "reply" if "-reply-" in name else "work"
        assert service.plain(redrive["deadLetterTargetArn"]) == f"queue heed-prod-{kind}-dead"
        assert redrive["maxReceiveCount"] == {"reply": 5, "work": 1000}[kind]


def test_no_message_is_shown_twice_while_its_consumer_may_still_run(
    service: Template, queues: dict[str, dict[str, Any]]
) -> None:
    lanes = 0
    for word, function in service.functions().items():
        for mapping in service.mappings(word):
            source = service.plain(mapping["EventSourceArn"])
            if source.startswith("queue "):
                queue = queues[source.removeprefix("queue ")]
                assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
                lanes += 1

    assert lanes == 2
    for name, queue in queues.items():
        if "-work-" in name and name not in DEAD:
            assert queue["VisibilityTimeout"] > DESK_TIMEOUT_S


def test_every_queue_keeps_its_messages_for_14_days_and_encrypts_them(
    queues: dict[str, dict[str, Any]],
) -> None:
    for queue in queues.values():
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert queue["SqsManagedSseEnabled"] is True


def test_every_queue_and_the_topic_refuse_plain_http(
    service: Template, queues: dict[str, dict[str, Any]]
) -> None:
    refusing = set()
    for policy in service.all("AWS::SQS::QueuePolicy").values():
        if any(map(_refuses_plain_http, policy["PolicyDocument"]["Statement"])):
            refusing |= {service.plain(queue).removeprefix("queue ") for queue in policy["Queues"]}
    topic = service.one("AWS::SNS::TopicPolicy")

    assert refusing == queues.keys()
    assert any(map(_refuses_plain_http, topic["PolicyDocument"]["Statement"]))


def _refuses_plain_http(statement: dict[str, Any]) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    )
