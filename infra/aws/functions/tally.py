"""The tally function: the second and last reader of the table's stream; it counts."""

import json

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.aws.function_factory import FunctionSpec
from infra.aws.grants import send
from infra.aws.parts import Parts

MEMORY_MB = 256
TIMEOUT_S = 60
# Nobody waits for a counter. The more records a batch holds, the fewer writes they cost.
BATCH_RECORDS = 1000
BATCH_WINDOW_S = 60
# Only for the name of the shard, which no other event tells; nothing is kept in the window.
TUMBLING_WINDOW_S = 900
# The most that Lambda allows: what is given up is never counted, and nobody is kept waiting.
RETRIES_MAX = 10_000
RECORD_AGE_S_MAX = 24 * 3600
# What is stored or changed, not what expires; and replies of people once they are visible.
WANTED = (
    {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "mention#"}]}}},
    },
    {"dynamodb": {"NewImage": {"mi": {"S": [{"exists": True}]}, "st": {"S": ["sent"]}}}},
)


def add_tally(parts: Parts) -> lambda_.Function:
    """Add the function and the mapping from the stream."""
    stream_arn = parts.table.table_stream_arn
    if stream_arn is None:
        raise ValueError("the table has no stream")
    dead = parts.queues.tally_dead
    spec = FunctionSpec(
        name="tally",
        memory_mb=MEMORY_MB,
        timeout_s=TIMEOUT_S,
        environment={"HEED_ONE_SHARD": "1" if parts.deployment.is_local else "0"},
        statements=[
            parts.grants.items("UpdateItem"),
            *parts.grants.stream(stream_arn),
            send([dead]),
        ],
    )
    function = parts.factory.make(spec)
    _map_stream(function, stream_arn, failures=dead)
    return function


def _map_stream(function: lambda_.Function, stream_arn: str, *, failures: sqs.Queue) -> None:
    """Map the stream by hand, as triage's. One batch of a shard at a time: exactness rests on it,
    so there is no parallelization factor."""
    mapping = lambda_.CfnEventSourceMapping
    on_failure = mapping.OnFailureProperty(destination=failures.queue_arn)
    patterns = [json.dumps(wanted, separators=(",", ":")) for wanted in WANTED]
    mapping(
        function,
        "Stream",
        function_name=function.function_name,
        event_source_arn=stream_arn,
        starting_position="TRIM_HORIZON",
        filter_criteria=mapping.FilterCriteriaProperty(
            filters=[mapping.FilterProperty(pattern=pattern) for pattern in patterns]
        ),
        batch_size=BATCH_RECORDS,
        maximum_batching_window_in_seconds=BATCH_WINDOW_S,
        tumbling_window_in_seconds=TUMBLING_WINDOW_S,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=RETRIES_MAX,
        maximum_record_age_in_seconds=RECORD_AGE_S_MAX,
        function_response_types=["ReportBatchItemFailures"],
        destination_config=mapping.DestinationConfigProperty(on_failure=on_failure),
    )
