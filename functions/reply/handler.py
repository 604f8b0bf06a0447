"""Trigger: the reply lanes. Input: messages that name a reply. Output: the messages that failed,
each by itself."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import brand, composition
from heed.errors import NotSentError
from heed.flows.reply import reply
from heed.flows.sending import Replying
from heed.outbound import TOTAL_TIMEOUT_S, HttpSender, twins_of
from heed.queues import read_lane_message
from heed.settings import ReplySettings
from heed.storage.accounts import TableAccounts
from heed.storage.controls import TableControls
from heed.storage.outbox import TableOutbox
from heed.storage.secrets import CachedSecrets
from heed.telemetry import CountingMeter, SystemTime, report, report_failures

# A look, a renewed token and a send, with the reads and writes around them.
CALLS_MAX = 3
SEND_MS_MAX = CALLS_MAX * int(TOTAL_TIMEOUT_S * 1000) + 5_000
Work = Callable[[dict[str, Any], LambdaContext], PartialItemFailureResponse]


@cache
def services() -> Work:
    """Build everything, once per process."""
    settings = ReplySettings.read(os.environ)
    client, time, brands = composition.dynamo(), SystemTime(), brand.load()
    counts, secrets = CountingMeter(), cast("Any", boto3.client("secretsmanager"))
    replying = Replying(
        handing=composition.handing(settings, client, brands, time, counts),
        controls=TableControls(client, settings.table, time),
        outbox=TableOutbox(client, settings.table),
        accounts=TableAccounts(client, settings.table, time),
        secrets=CachedSecrets(secrets, settings.secret_prefix, time, secrets),
        sender=HttpSender(twins_of(settings.platform_hosts), stage=settings.stage),
        policies=brands.policies,
        voices=brands.voices,
        meter=counts,
        timeout_ms=settings.timeout_s * 1000,
    )
    return build(replying, counts)


def build(replying: Replying, counts: CountingMeter) -> Work:
    """Put the flow behind the lanes' events, with one log line for each batch."""
    logger, metrics = Logger(), Metrics()
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    def bring(record: SQSRecord, lambda_context: LambdaContext) -> str:
        if lambda_context.get_remaining_time_in_millis() < SEND_MS_MAX:
            raise NotSentError("too little time is left for another send")
        return reply(read_lane_message(record.body), replying)

    @logger.inject_lambda_context(clear_state=True)
    def work(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        failed = process_partial_response(event, bring, processor, context)
        report_failures(logger, processor.exceptions)
        report(logger, metrics, counts, records=len(event["Records"]))
        return failed

    return work


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Work through a batch of messages."""
    return services()(event, context)
