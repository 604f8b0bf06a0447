"""Trigger: a schedule, every minute. Input: nothing. Output: how many things were due, and how many
of them could not be brought back."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import brand, composition
from heed.flows.sweep import Sweeping, bring_back, failed, sweep
from heed.settings import SweepSettings
from heed.storage.due import TableDueList
from heed.storage.outbox import TableOutbox
from heed.telemetry import CountingMeter, SystemTime, report, report_failures

Work = Callable[[dict[str, Any], LambdaContext], dict[str, int]]
# Whatever is left then is still due in the next minute.
SPARE_MS = 5_000


@cache
def services() -> Work:
    """Build everything, once per process."""
    settings = SweepSettings.read(os.environ)
    client, time, brands = composition.dynamo(), SystemTime(), brand.load()
    counts = CountingMeter()
    sweeping = Sweeping(
        handing=composition.handing(settings, client, brands, time, counts),
        due_list=TableDueList(client, settings.table),
        outbox=TableOutbox(client, settings.table),
        meter=counts,
    )
    return build(sweeping, counts)


def build(sweeping: Sweeping, counts: CountingMeter) -> Work:
    """Put the flow behind the timer, with one log line for each minute."""
    logger, metrics = Logger(), Metrics()
    # What is due has no event of its own; it borrows the envelope of a message, so that the one
    # layer that may catch the unknown keeps a thing that cannot be brought back from the others.
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    def bring(record: SQSRecord, lambda_context: LambdaContext) -> str:
        if lambda_context.get_remaining_time_in_millis() < SPARE_MS:
            return "later"
        try:
            return bring_back(record["item"], sweeping)
        except Exception:
            failed(record["item"], sweeping)
            raise

    @logger.inject_lambda_context(clear_state=True)
    def work(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
        items = sweep(sweeping)
        records = [{"messageId": str(at), "item": item} for at, item in enumerate(items)]
        with processor(records, bring, context):
            processor.process()
        report_failures(logger, processor.exceptions)
        report(logger, metrics, counts, due=len(items))
        if processor.exceptions:
            # A person must look: what fails here ends in the dead-letter queue.
            raise BatchProcessingError("some things could not be brought back", child_exceptions=[])
        return {"due": len(items)}

    return work


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Bring back what is due."""
    return services()(event, context)
