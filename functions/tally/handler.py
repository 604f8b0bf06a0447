"""Trigger: the table's stream, records of mentions and of people's visible replies, in windows
that name their shard. Input: both images of each. Output: the empty state that a window asks for,
and no failures; what cannot be counted now raises, and the batch comes again."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import composition
from heed.errors import SettingsError
from heed.flows.tally import Tallying, tally
from heed.settings import TallySettings
from heed.storage.counters import TableCounters, told
from heed.telemetry import CountingMeter, report, report_failures

Work = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]
ONE_SHARD = "all"


@cache
def services() -> Work:
    """Build everything, once per process."""
    settings = TallySettings.read(os.environ)
    counts = CountingMeter()
    counters = TableCounters(composition.dynamo(), settings.table)
    return build(Tallying(counters, counts), counts, one_shard=bool(settings.one_shard))


def build(tallying: Tallying, counts: CountingMeter, *, one_shard: bool) -> Work:
    """Put the flow behind the stream's events, with one log line for each batch."""
    logger, metrics = Logger(), Metrics()
    # A record that cannot be read never can be: it is told to a person, and the others are counted.
    processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)

    def read(record: DynamoDBRecord) -> object:
        return told(record["dynamodb"])

    @logger.inject_lambda_context(clear_state=True)
    def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        with processor(event["Records"], read, context):
            outcomes = processor.process()
        seen = [one for outcome, one, _ in outcomes if outcome == "success" and one is not None]
        report_failures(logger, processor.exceptions)
        tally(_shard(event, one_shard=one_shard), seen, tallying)
        report(logger, metrics, counts, records=len(event["Records"]))
        return {"state": {}, "batchItemFailures": []}

    return work


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Count a batch of changes."""
    return services()(event, context)


def _shard(event: dict[str, Any], *, one_shard: bool) -> str:
    """Name the shard. Without its name, what was counted before cannot be told from what was not.

    Source: AWS Lambda, "Stateful DynamoDB stream processing", time window event; read 2026-11-22.
    Raises: SettingsError when the mapping has no window.
    """
    shard = ONE_SHARD if one_shard else event.get("shardId")
    if not shard:
        raise SettingsError("set a tumbling window on tally's mapping: its events name the shard")
    return str(shard)
