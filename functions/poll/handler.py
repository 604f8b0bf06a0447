"""Trigger: a schedule, every five minutes. Input: nothing. Output: how many accounts there are to
read again, and how many mentions were met that no webhook had brought."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import brand, composition
from heed.flows.poll import Polling, poll, reread
from heed.flows.rereading import Storing
from heed.outbound import TOTAL_TIMEOUT_S, HttpSender, twins_of
from heed.settings import PollSettings
from heed.storage.inbox import TableInbox
from heed.storage.ledger import TableLedger
from heed.storage.mentions import TableMentions
from heed.storage.polls import TableCursors
from heed.storage.secrets import CachedSecrets, SecretsClient
from heed.telemetry import CountingMeter, SystemTime, report, report_failures

# A page: a call to the platform, then its reads and writes.
PAGE_MS_MAX = int(TOTAL_TIMEOUT_S * 1000) + 30_000
Work = Callable[[dict[str, Any], LambdaContext], dict[str, int]]


@cache
def services() -> Work:
    """Build everything, once per process."""
    settings = PollSettings.read(os.environ)
    client, time = composition.dynamo(), SystemTime()
    counts, secrets = CountingMeter(), cast("SecretsClient", boto3.client("secretsmanager"))
    storing = Storing(
        mentions=TableMentions(client, settings.table),
        inbox=TableInbox(client, settings.table),
        ledger=TableLedger(client, settings.table),
        meter=counts,
    )
    polling = Polling(
        polled=composition.polled(brand.load()),
        cursors=TableCursors(client, settings.table),
        storing=storing,
        secrets=CachedSecrets(secrets, settings.secret_prefix, time),
        sender=HttpSender(twins_of(settings.platform_hosts), stage=settings.stage),
        time=time,
        timeout_ms=settings.timeout_s * 1000,
    )
    return build(polling, counts)


def build(polling: Polling, counts: CountingMeter) -> Work:
    """Put the flow behind the timer, with one log line for each run."""
    logger, metrics = Logger(), Metrics()
    # As in sweep: the one layer that may catch the unknown keeps an account that cannot be read
    # from the others, and wants the envelope of a message.
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    def read(record: SQSRecord, lambda_context: LambdaContext) -> int:
        left_ms = lambda_context.get_remaining_time_in_millis() - PAGE_MS_MAX
        if left_ms < 0:
            return 0
        account = record["item"].account
        found = reread(record["item"], polling, deadline=polling.time.now() + left_ms)
        if found.gaps:
            place = {"platform": account.platform, "brand": account.brand}
            logger.warning("webhooks missed mentions", extra={**place, "count": found.gaps})
        return found.gaps

    @logger.inject_lambda_context(clear_state=True)
    def work(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
        due = poll(polling)
        records = [{"messageId": str(at), "item": one} for at, one in enumerate(due)]
        with processor(records, read, context):
            results = processor.process()
        report_failures(logger, processor.exceptions)
        report(logger, metrics, counts, accounts=len(due))
        if processor.exceptions:
            # A person must look: what fails here ends in the dead-letter queue.
            raise BatchProcessingError("some accounts could not be read", child_exceptions=[])
        return {"accounts": len(due), "gaps": sum(result[1] for result in results)}

    return work


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Read the platforms' lists again."""
    return services()(event, context)
