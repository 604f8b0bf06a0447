"""The triage function: it reads the table's stream and hands mentions over."""

import json

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.aws.function_factory import FunctionSpec
from infra.aws.grants import publish, send
from infra.aws.parts import Parts
from infra.aws.queues import queue_base

MEMORY_MB = 512
TIMEOUT_S = 60
BATCH_RECORDS = 25
PARALLEL_BATCHES = 4
RETRIES_MAX = 5
# A stream keeps its records that long; what is older is found by sweep.
RECORD_AGE_S_MAX = 24 * 3600
# Records that carry `todo` in their new image; a removed item has none.
WANTED = {"dynamodb": {"NewImage": {"todo": {"S": [{"exists": True}]}}}}


def add_triage(parts: Parts) -> lambda_.Function:
    """Add the function and the mapping from the stream."""
    stream_arn = parts.table.table_stream_arn
    if stream_arn is None:
        raise ValueError("the table has no stream")
    spec = FunctionSpec(
        name="triage",
        memory_mb=MEMORY_MB,
        timeout_s=TIMEOUT_S,
        environment={
            "HEED_QUEUE_BASE": queue_base(parts.deployment),
            "HEED_PAGE_TOPIC": parts.pages.topic_arn,
        },
        statements=[
            parts.grants.items("GetItem", "PutItem", "UpdateItem"),
            parts.grants.query_table(),
            *parts.grants.stream(stream_arn),
            send([*parts.queues.handed_over, parts.queues.triage_dead]),
            publish(parts.pages),
        ],
    )
    function = parts.factory.make(spec)
    _map_stream(function, stream_arn, failures=parts.queues.triage_dead)
    return function


def _map_stream(function: lambda_.Function, stream_arn: str, *, failures: sqs.Queue) -> None:
    """Map the stream by hand: the construct above this one would widen the function's role."""
    mapping = lambda_.CfnEventSourceMapping
    on_failure = mapping.OnFailureProperty(destination=failures.queue_arn)
    mapping(
        function,
        "Stream",
        function_name=function.function_name,
        event_source_arn=stream_arn,
        starting_position="TRIM_HORIZON",
        filter_criteria=mapping.FilterCriteriaProperty(
            filters=[mapping.FilterProperty(pattern=json.dumps(WANTED, separators=(",", ":")))]
        ),
        batch_size=BATCH_RECORDS,
        parallelization_factor=PARALLEL_BATCHES,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=RETRIES_MAX,
        maximum_record_age_in_seconds=RECORD_AGE_S_MAX,
        function_response_types=["ReportBatchItemFailures"],
        destination_config=mapping.DestinationConfigProperty(on_failure=on_failure),
    )
