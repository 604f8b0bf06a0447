"""Trigger: the table's stream, records whose new image carries `todo`. Input: stored mentions as
they changed. Output: the records that failed, each by itself."""

import base64
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import brand, composition
from heed.flows.triage import Triaging, triage
from heed.settings import TriageSettings
from heed.storage.codec import stored_mention
from heed.storage.controls import TableControls
from heed.storage.outbox import TableOutbox
from heed.storage.timeline import TableTimeline
from heed.telemetry import CountingMeter, SystemTime, report, report_failures
from heed.triage.verdict import judge

Work = Callable[[dict[str, Any], LambdaContext], PartialItemFailureResponse]


@cache
def services() -> Work:
    """Build everything, once per process."""
    settings = TriageSettings.read(os.environ)
    client, time, brands = composition.dynamo(), SystemTime(), brand.load()
    counts = CountingMeter()
    triaging = Triaging(
        handing=composition.handing(settings, client, brands, time, counts),
        controls=TableControls(client, settings.table, time),
        outbox=TableOutbox(client, settings.table),
        timeline=TableTimeline(client, settings.table),
        policies=brands.policies,
        judge=judge,
        meter=counts,
    )
    return build(triaging, counts)


def build(triaging: Triaging, counts: CountingMeter) -> Work:
    """Put the flow behind the stream's events, with one log line for each batch."""
    logger, metrics = Logger(), Metrics()
    # Raising for a batch of poison alone would block its shard; it is reported like any other.
    processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)

    def look_at(record: DynamoDBRecord) -> str:
        image: dict[str, Any] = record["dynamodb"]["NewImage"]
        return triage(stored_mention({k: _value(v) for k, v in image.items()}), triaging)

    @logger.inject_lambda_context(clear_state=True)
    def work(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        failed = process_partial_response(event, look_at, processor, context)
        report_failures(logger, processor.exceptions)
        report(logger, metrics, counts, records=len(event["Records"]))
        return failed

    return work


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Look at a batch of changes."""
    return services()(event, context)


def _value(value: dict[str, Any]) -> dict[str, Any]:
    # The stream's events carry bytes as base64 text.
    return {"B": base64.b64decode(value["B"])} if "B" in value else value
