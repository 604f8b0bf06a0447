"""The poll function: every five minutes it reads platforms' lists again that are due."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_

from infra.aws.function_factory import FunctionSpec
from infra.aws.grants import send
from infra.aws.parts import Parts

MEMORY_MB = 256
TIMEOUT_S = 180
EVERY = Duration.minutes(5)
# Nobody waits five minutes for the embedded run.
EVERY_LOCALLY = Duration.minutes(1)


def add_poll(parts: Parts) -> lambda_.Function:
    """Add the function and its timer. What failed for good lies in a dead-letter queue; nothing is
    tried again before the next tick, which reads from where this one stopped."""
    dead = parts.queues.poll_dead
    spec = FunctionSpec(
        name="poll",
        memory_mb=MEMORY_MB,
        timeout_s=TIMEOUT_S,
        environment={
            "HEED_SECRET_PREFIX": parts.deployment.secret_prefix,
            "HEED_PLATFORM_HOSTS": parts.deployment.platform_hosts,
            "HEED_TIMEOUT_S": str(TIMEOUT_S),
        },
        statements=[
            parts.grants.items("GetItem", "UpdateItem"),
            parts.grants.secrets("token"),
            send([dead]),
        ],
    )
    function = parts.factory.make(spec)
    lambda_.CfnEventInvokeConfig(
        function,
        "Failures",
        function_name=function.function_name,
        qualifier="$LATEST",
        maximum_retry_attempts=0,
        maximum_event_age_in_seconds=int(EVERY.to_seconds()),
        destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
            on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=dead.queue_arn)
        ),
    )
    events.Rule(
        function,
        "Timer",
        schedule=events.Schedule.rate(EVERY_LOCALLY if parts.deployment.is_local else EVERY),
        targets=[
            targets.LambdaFunction(
                function, dead_letter_queue=dead, retry_attempts=0, max_event_age=EVERY
            )
        ],
    )
    return function
