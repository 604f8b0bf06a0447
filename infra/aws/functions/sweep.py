"""The sweep function: every minute it rings again for what is due."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_

from infra.aws.data_stack import DUE_INDEX
from infra.aws.function_factory import FunctionSpec
from infra.aws.grants import publish, send
from infra.aws.parts import Parts
from infra.aws.queues import queue_base

MEMORY_MB = 256
TIMEOUT_S = 60
# The next tick is as good as a retry, so few are made and none is late.
RETRIES_MAX = 1
EVENT_AGE_MAX = Duration.minutes(5)


def add_sweep(parts: Parts) -> lambda_.Function:
    """Add the function and its timer; what failed for good lies in one dead-letter queue."""
    dead = parts.queues.sweep_dead
    spec = FunctionSpec(
        name="sweep",
        memory_mb=MEMORY_MB,
        timeout_s=TIMEOUT_S,
        environment={
            "HEED_QUEUE_BASE": queue_base(parts.deployment),
            "HEED_PAGE_TOPIC": parts.pages.topic_arn,
        },
        statements=[
            # A conversation is saved whole, with a put on the version that was read.
            parts.grants.items("GetItem", "PutItem", "UpdateItem"),
            parts.grants.query(DUE_INDEX),
            send([*parts.queues.handed_over, dead]),
            publish(parts.pages),
        ],
    )
    function = parts.factory.make(spec)
    _on_failure(function, dead.queue_arn)
    events.Rule(
        function,
        "EveryMinute",
        schedule=events.Schedule.rate(Duration.minutes(1)),
        targets=[
            targets.LambdaFunction(
                function,
                dead_letter_queue=dead,
                retry_attempts=RETRIES_MAX,
                max_event_age=EVENT_AGE_MAX,
            )
        ],
    )
    return function


def _on_failure(function: lambda_.Function, dead_arn: str) -> None:
    """Send what the function itself failed at to the queue; the rule only covers the way to it."""
    lambda_.CfnEventInvokeConfig(
        function,
        "Failures",
        function_name=function.function_name,
        qualifier="$LATEST",
        maximum_retry_attempts=RETRIES_MAX,
        maximum_event_age_in_seconds=int(EVENT_AGE_MAX.to_seconds()),
        destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
            on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=dead_arn)
        ),
    )
