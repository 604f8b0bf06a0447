"""SQS and SNS: reply lanes, work queues and pages. Messages carry ids only, in ASCII: they are
bells, never the truth."""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from heed.domain.case import Band
from heed.domain.mention import ConversationId
from heed.domain.reply import ReplyRef
from heed.ports import Bell, Meter

BELL_VISIBILITY_S: Final = 30
BELL_WAIT_S: Final = 1
# How many messages one look takes before it gives up on a band: unreadable ones are deleted.
BELLS_READ_MAX: Final = 3
# Source: docs.aws.amazon.com/sns/latest/api/API_Publish.html, 2026-11-22.
SUBJECT_CHARS_MAX: Final = 99


class SqsClient(Protocol):
    """The part of boto3's SQS client that is used."""

    def send_message(self, **request: Any) -> Mapping[str, Any]: ...
    def receive_message(self, **request: Any) -> Mapping[str, Any]: ...
    def delete_message(self, **request: Any) -> object: ...


class SnsClient(Protocol):
    """The part of boto3's SNS client that is used."""

    def publish(self, **request: Any) -> Mapping[str, Any]: ...


def lane_message(ref: ReplyRef) -> str:
    """Write the body of a message on a reply lane."""
    return json.dumps({"owner": ref.owner, "part": ref.part})


def read_lane_message(body: str) -> ReplyRef:
    """Read what `lane_message` wrote. Raises: ValueError for anything else."""
    match json.loads(body):
        case {"owner": str(owner), "part": str(part)}:
            return ReplyRef(owner, part)
    raise ValueError("not a message of a reply lane")


class SqsLanes:
    """`heed.ports.Lanes`: one queue per platform."""

    def __init__(self, client: SqsClient, queue_base: str) -> None:
        self._client = client
        self._base = queue_base

    def ring(self, platform: str, ref: ReplyRef, delay_s: int = 0) -> None:
        """Ask the reply function to look at a reply, not before `delay_s` have passed."""
        delay = {"DelaySeconds": delay_s} if delay_s else {}
        self._client.send_message(
            QueueUrl=f"{self._base}reply-{platform}", MessageBody=lane_message(ref), **delay
        )


class SqsBells:
    """`heed.ports.Bells`: three queues per brand. `meter` counts what could not be read."""

    def __init__(self, client: SqsClient, queue_base: str, meter: Meter | None = None) -> None:
        self._client = client
        self._base = queue_base
        self._meter = meter

    def ring(self, brand: str, band: Band, bell: Bell) -> None:
        """Say that a case may be claimed under this epoch."""
        body = json.dumps({"case": bell.conversation, "epoch": bell.epoch})
        self._client.send_message(QueueUrl=self._url(brand, band), MessageBody=body)

    def next(self, brand: str, band: Band) -> Bell | None:
        """Take the next bell of a band, or None. It comes back unless it is silenced.

        A message that is no bell is deleted and counted, so that it never blocks the queue.
        """
        url = self._url(brand, band)
        for _ in range(BELLS_READ_MAX):
            message = self._received(url)
            if message is None:
                return None
            bell = _bell(message, url)
            if bell is not None:
                return bell
            self._client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if self._meter:
                self._meter.count("bell_unreadable")
        return None

    def _received(self, url: str) -> Mapping[str, Any] | None:
        answer = self._client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=1,
            VisibilityTimeout=BELL_VISIBILITY_S,
            # Short polling asks few of the servers and finds nothing where there is something.
            WaitTimeSeconds=BELL_WAIT_S,
        )
        return next(iter(answer.get("Messages", [])), None)

    def silence(self, bell: Bell) -> None:
        """Delete a bell that was heard or is stale."""
        self._client.delete_message(QueueUrl=bell.queue, ReceiptHandle=bell.receipt)

    def _url(self, brand: str, band: Band) -> str:
        return f"{self._base}work-{brand}-{band}"


def _bell(message: Mapping[str, Any], url: str) -> Bell | None:
    try:
        value = json.loads(message["Body"])
    except ValueError:
        return None
    match value:
        case {"case": str(case), "epoch": int(epoch)}:
            return Bell(ConversationId(case), epoch, message["ReceiptHandle"], url)
    return None


class SnsPager:
    """`heed.ports.Pager`: the topic that the alarms use too."""

    def __init__(self, client: SnsClient, topic: str) -> None:
        self._client = client
        self._topic = topic

    def page(self, brand: str, conversation: ConversationId, reason: str, mention: str) -> None:
        """Reach people at once, with ids only."""
        ids = {"brand": brand, "case": conversation, "reason": reason, "mention": mention}
        self._publish(f"Heed: urgent case ({reason})", ids)

    def page_account(self, brand: str, account: str, reason: str) -> None:
        """Tell that an account cannot answer until somebody looks."""
        ids = {"brand": brand, "account": account, "reason": reason}
        self._publish(f"Heed: an account cannot answer ({reason})", ids)

    def _publish(self, subject: str, ids: dict[str, str]) -> None:
        self._client.publish(
            TopicArn=self._topic, Subject=subject[:SUBJECT_CHARS_MAX], Message=json.dumps(ids)
        )
