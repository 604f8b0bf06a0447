"""The reply function: the only one that holds tokens and calls platforms."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.aws.function_factory import FunctionSpec
from infra.aws.grants import consume, publish, send
from infra.aws.parts import Parts
from infra.aws.queues import REPLY_TIMEOUT_S, queue_base

MEMORY_MB = 512
BATCH_MESSAGES = 5
LANE_CONCURRENCY_MAX = 5


def add_reply(parts: Parts) -> lambda_.Function:
    """Add the function and one mapping from each lane, so that no platform waits for another."""
    lanes = parts.queues.lanes
    spec = FunctionSpec(
        name="reply",
        memory_mb=MEMORY_MB,
        timeout_s=REPLY_TIMEOUT_S,
        environment={
            "HEED_QUEUE_BASE": queue_base(parts.deployment),
            "HEED_PAGE_TOPIC": parts.pages.topic_arn,
            "HEED_SECRET_PREFIX": parts.deployment.secret_prefix,
            "HEED_PLATFORM_HOSTS": parts.deployment.platform_hosts,
            "HEED_TIMEOUT_S": str(REPLY_TIMEOUT_S),
        },
        statements=[
            parts.grants.items("GetItem", "PutItem", "UpdateItem"),
            parts.grants.query_table(),
            parts.grants.secrets("token"),
            # A renewed token is stored before anybody uses it.
            parts.grants.store_secrets("token"),
            consume(lanes.values()),
            send(parts.queues.handed_over),
            publish(parts.pages),
        ],
    )
    function = parts.factory.make(spec)
    for platform, lane in lanes.items():
        _map_lane(function, lane, platform=platform)
    return function


def _map_lane(function: lambda_.Function, lane: sqs.Queue, *, platform: str) -> None:
    lambda_.EventSourceMapping(
        function,
        f"Lane-{platform}",
        target=function,
        event_source_arn=lane.queue_arn,
        batch_size=BATCH_MESSAGES,
        max_concurrency=LANE_CONCURRENCY_MAX,
        report_batch_item_failures=True,
    )
