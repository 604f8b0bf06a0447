from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from heed.telemetry import ALARMED
from infra.aws.alarms import Alarms
from infra.aws.deployment import DeploymentError
from tests.infra.aws.templates import Template


@pytest.fixture
def alarms(service: Template) -> dict[str, dict[str, Any]]:
    found = service.all("AWS::CloudWatch::Alarm")
    return {name.partition("Alarm")[0]: alarm for name, alarm in found.items()}


def watched(service: Template, alarm: dict[str, Any]) -> set[tuple[str, str]]:
    """(metric, dimension) pairs below an expression."""
    return {
        (
            metric["MetricStat"]["Metric"]["MetricName"],
            service.plain(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"]),
        )
        for metric in alarm["Metrics"]
        if "MetricStat" in metric
    }


def test_there_are_these_alarms_and_all_page(
    service: Template, alarms: dict[str, dict[str, Any]]
) -> None:
    (topic,) = service.all("AWS::SNS::Topic")

    assert alarms.keys() == {
        *("DeadLetters", "StreamDelay", "CountDelay"),
        *("FailedDeliveries", "OldestUrgent", "MissedMentions", "OverdueRereading"),
    }
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["AlarmDescription"]


def test_alarms_may_publish_although_the_topic_has_a_policy(service: Template) -> None:
    statements = service.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_any_dead_letter_pages(service: Template, alarms: dict[str, dict[str, Any]]) -> None:
    alarm = alarms["DeadLetters"]

    assert alarm["Threshold"] == 0
    assert watched(service, alarm) == {
        ("ApproximateNumberOfMessagesVisible", f"queue heed-prod-{kind}-dead")
        for kind in ("reply", "work", "triage", "sweep", "tally", "poll")
    }
    # A queue that reports nothing for hours must not hide the others.
    (expression,) = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    assert expression == f"SUM([{', '.join(f'FILL(m{at}, 0)' for at in range(6))}])"


def test_an_urgent_case_of_any_brand_pages_after_15_minutes(
    service: Template, alarms: dict[str, dict[str, Any]]
) -> None:
    alarm = alarms["OldestUrgent"]

    assert alarm["Threshold"] == 15 * 60
    assert watched(service, alarm) == {
        ("ApproximateAgeOfOldestMessage", "queue heed-prod-work-acme-urgent"),
        ("ApproximateAgeOfOldestMessage", "queue heed-prod-work-zenith-urgent"),
    }
    (expression,) = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    assert expression == "MAX([FILL(m0, 0), FILL(m1, 0)])"


def test_a_late_stream_pages_after_5_minutes(
    service: Template, alarms: dict[str, dict[str, Any]]
) -> None:
    alarm = alarms["StreamDelay"]

    assert (alarm["MetricName"], alarm["Statistic"]) == ("IteratorAge", "Maximum")
    assert alarm["Threshold"] == 5 * 60 * 1000
    (function,) = alarm["Dimensions"]
    assert service.function_ids()[function["Value"]["Ref"]] == "triage"


def test_a_late_count_pages_long_before_the_stream_forgets(
    service: Template, alarms: dict[str, dict[str, Any]]
) -> None:
    alarm = alarms["CountDelay"]

    assert (alarm["MetricName"], alarm["Statistic"]) == ("IteratorAge", "Maximum")
    assert alarm["Threshold"] == 6 * 3600 * 1000
    (function,) = alarm["Dimensions"]
    assert service.function_ids()[function["Value"]["Ref"]] == "tally"


def test_a_delivery_answered_with_5xx_pages(alarms: dict[str, dict[str, Any]]) -> None:
    alarm = alarms["FailedDeliveries"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "5xx")
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)
    (api,) = alarm["Dimensions"]
    assert api["Name"] == "ApiId"
    assert api["Value"]["Ref"].startswith("Hooks")


@pytest.mark.parametrize(
    ("name", "outcome", "period_s"),
    [("MissedMentions", "reread_only", 3600), ("OverdueRereading", "reread_overdue", 900)],
)
def test_what_re_reading_finds_and_what_it_cannot_read_page(
    name: str, outcome: str, period_s: int, alarms: dict[str, dict[str, Any]]
) -> None:
    alarm = alarms[name]

    # A plain metric of the function's own: no expression, which the emulator would not read.
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Heed", outcome)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "poll"}]
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", period_s, 0)
    assert outcome in ALARMED


def test_more_brands_than_an_alarm_can_watch_are_refused() -> None:
    stack = Stack(App(), "Many")
    queues = [sqs.Queue(stack, f"Urgent{number}") for number in range(11)]

    with pytest.raises(DeploymentError, match="11 brands, but an alarm watches 10"):
        Alarms(stack, sns.Topic(stack, "Pages")).oldest_urgent(queues)
