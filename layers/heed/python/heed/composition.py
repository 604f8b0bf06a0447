"""What several functions are built from, made once per process: the store and the hand-over."""

from typing import Any, cast

import boto3

from heed.brand import Brands
from heed.domain.mention import Account
from heed.flows.handover import Handing
from heed.flows.poll import Polled
from heed.ports import Meter, Time
from heed.queues import SnsPager, SqsBells, SqsLanes
from heed.settings import ReplySettings, SweepSettings, TriageSettings
from heed.storage.conversations import TableConversations
from heed.storage.mentions import TableMentions
from heed.storage.table import DynamoClient


def dynamo() -> DynamoClient:
    """Open the table's client."""
    return cast("DynamoClient", boto3.client("dynamodb"))


def handing(
    settings: TriageSettings | ReplySettings | SweepSettings,
    client: DynamoClient,
    brands: Brands,
    time: Time,
    meter: Meter,
) -> Handing:
    """Build what handing over works with; `meter` counts what its bells cannot read."""
    sqs: Any = boto3.client("sqs")
    return Handing(
        mentions=TableMentions(client, settings.table),
        conversations=TableConversations(client, settings.table),
        lanes=SqsLanes(sqs, settings.queue_base),
        bells=SqsBells(sqs, settings.queue_base, meter),
        pager=SnsPager(cast("Any", boto3.client("sns")), settings.page_topic),
        time=time,
        policies=brands.policies,
    )


def polled(brands: Brands) -> tuple[Polled, ...]:
    """List every account as the brand file says how often to read it again."""
    return tuple(
        Polled(Account(a.platform, a.id, key, a.handle), a.connection, a.reread_minutes)
        for key, a in brands.accounts
    )
