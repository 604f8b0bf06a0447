"""The alarms. Each says what a person should look at, and all page through one topic."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.deployment import DeploymentError
from infra.aws.function_factory import METRICS_NAMESPACE

ITERATOR_AGE_MAX_MS = 5 * 60 * 1000
COUNT_AGE_MAX_MS = 6 * 60 * 60 * 1000
URGENT_AGE_MAX_S = 15 * 60
# Source: CloudWatch, "Create an alarm based on a metric math expression"; read 2026-11-22.
METRICS_PER_ALARM_MAX = 10

_MINUTE = Duration.minutes(1)


class Alarms:
    """Adds alarms that page."""

    def __init__(self, scope: Construct, pages: sns.Topic) -> None:
        self._scope = scope
        self._action = actions.SnsAction(pages)
        _let_alarms_publish(pages)

    def dead_letters(self, queues: Sequence[sqs.Queue]) -> None:
        """Page when any dead-letter queue holds anything."""
        metrics = [queue.metric_approximate_number_of_messages_visible() for queue in queues]
        self._add(
            "DeadLetters",
            _over("SUM", metrics),
            description="A dead-letter queue is not empty: read it, mend the cause, redrive.",
        )

    def stream_delay(self, age: cloudwatch.IMetric) -> None:
        """Page when triage falls behind the table."""
        self._add(
            "StreamDelay",
            age,
            description="triage is over five minutes behind the table: mentions wait.",
            threshold=ITERATOR_AGE_MAX_MS,
        )

    def count_delay(self, age: cloudwatch.IMetric) -> None:
        """Page when tally falls so far behind that the stream may forget what it has not seen."""
        self._add(
            "CountDelay",
            age,
            description="tally is over six hours behind: after 24 what it missed is lost to it.",
            threshold=COUNT_AGE_MAX_MS,
        )

    def failed_deliveries(self, server_errors: cloudwatch.IMetric) -> None:
        """Page when platforms got a 5xx; some never send such a delivery again."""
        self._add(
            "FailedDeliveries",
            server_errors,
            description="receive answered platforms with 5xx: what they do not send again is lost.",
        )

    def oldest_urgent(self, queues: Sequence[sqs.Queue]) -> None:
        """Page when an urgent case waits too long, whatever its brand.

        Raises: DeploymentError when there are more brands than an alarm can watch.
        """
        if len(queues) > METRICS_PER_ALARM_MAX:
            raise DeploymentError(
                f"brand.toml: {len(queues)} brands, but an alarm watches {METRICS_PER_ALARM_MAX}"
                " queues at most: deploy the others as another stage"
            )
        metrics = [queue.metric_approximate_age_of_oldest_message() for queue in queues]
        self._add(
            "OldestUrgent",
            _over("MAX", metrics),
            description="An urgent case has waited more than 15 minutes for a person.",
            threshold=URGENT_AGE_MAX_S,
        )

    def missed_mentions(self) -> None:
        """Page when re-reading meets mentions that no webhook brought.

        Over an hour: it meets them twice, and what pages must not flap in between.
        """
        self._add(
            "MissedMentions",
            _counted_by_poll("reread_only", period=Duration.hours(1)),
            description="Re-reading found mentions that no webhook brought: see `heed gaps`, then"
            " the platform's webhook settings. They are stored.",
        )

    def overdue_rereading(self) -> None:
        """Page when an account was not read again for long: nobody knows what webhooks miss."""
        self._add(
            "OverdueRereading",
            _counted_by_poll("reread_overdue", period=Duration.minutes(15)),
            description="An account was not read again for over an hour: `heed gaps` says why.",
        )

    def _add(
        self, name: str, metric: cloudwatch.IMetric, *, description: str, threshold: int = 0
    ) -> None:
        alarm = cloudwatch.Alarm(
            self._scope,
            f"{name}Alarm",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)


def _counted_by_poll(outcome: str, *, period: Duration) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=outcome,
        dimensions_map={"service": "poll"},
        statistic=cloudwatch.Stats.SUM,
        period=period,
    )


def _over(function: str, metrics: Sequence[cloudwatch.Metric]) -> cloudwatch.MathExpression:
    """Combine metrics of queues; one that is silent counts as zero instead of hiding the others."""
    named = {
        f"m{number}": metric.with_(statistic="Maximum", period=_MINUTE)
        for number, metric in enumerate(metrics)
    }
    filled = ", ".join(f"FILL({name}, 0)" for name in named)
    return cloudwatch.MathExpression(
        expression=f"{function}([{filled}])",
        using_metrics=named,
        period=_MINUTE,
    )


def _let_alarms_publish(pages: sns.Topic) -> None:
    """Let alarms in: a topic with a policy of its own loses the default one, which did."""
    pages.add_to_resource_policy(
        iam.PolicyStatement(
            sid="Alarms",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[pages.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
    )
