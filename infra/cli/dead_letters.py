"""Reading dead-letter queues: what each kind of message names. Nothing is decided here.

Source of the two forms that AWS writes: docs.aws.amazon.com/lambda, "Capturing discarded batches
for a DynamoDB stream" and "Using dead-letter queues with EventBridge rules", 2026-11-22."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import ReplyRef
from heed.queues import read_lane_message

# Long enough for one batch to be worked through; whoever is broken off finds it again after that.
HIDDEN_S: Final = 120
BATCH_MESSAGES: Final = 10
EMPTY_LOOKS_MAX: Final = 2
PAGES_MAX: Final = 100

Named = ReplyRef | ConversationId | MentionId


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a dead-letter queue. `receipt` lets it be deleted or given back."""

    queue: str
    body: str
    receipt: str
    id: str


class DeadLetters:
    """The dead-letter queues of a stage. `prefix` begins their names, e.g. heed-prod-."""

    def __init__(self, sqs: Any, streams: Any, prefix: str) -> None:
        """Take boto3's clients of SQS and of DynamoDB Streams."""
        self._sqs = sqs
        self._streams = streams
        self._prefix = prefix

    def address(self, kind: str) -> str:
        """Find a queue's URL. `kind`: reply, work, triage, sweep."""
        answer = self._sqs.get_queue_url(QueueName=f"{self._prefix}{kind}-dead")
        return str(answer["QueueUrl"])

    def count(self, queue: str) -> int:
        """Count the messages of a queue, about."""
        name = "ApproximateNumberOfMessages"
        answer = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def letters(self, queue: str, limit: int) -> Iterator[Letter]:
        """Take the messages of a queue one after the other, each once."""
        seen: set[str] = set()
        empty = 0
        while empty < EMPTY_LOOKS_MAX and len(seen) < limit:
            messages = self._received(queue, min(BATCH_MESSAGES, limit - len(seen)))
            new = [one for one in messages if one["MessageId"] not in seen]
            # A look may find nothing where there is something; two in a row hardly do.
            empty = 0 if new else empty + 1
            for one in new:
                seen.add(one["MessageId"])
                yield Letter(queue, one["Body"], one["ReceiptHandle"], one["MessageId"])

    def _received(self, queue: str, amount: int) -> list[Mapping[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=amount,
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=1,
        )
        found: list[Mapping[str, Any]] = answer.get("Messages", [])
        return found

    def delete(self, letter: Letter) -> None:
        """Remove a message that was dealt with."""
        self._sqs.delete_message(QueueUrl=letter.queue, ReceiptHandle=letter.receipt)

    def give_back(self, letter: Letter) -> None:
        """Let a message be seen again at once."""
        self._sqs.change_message_visibility(
            QueueUrl=letter.queue, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )

    def named(self, kind: str, body: str) -> list[Named] | None:
        """Tell what a message names; None when it is not of the kind."""
        read = {"reply": _reply, "work": _case, "triage": self._mentions}
        try:
            # What sweep failed at is still due: the minute after is as good as a replay.
            return read[kind](body) if kind in read else []
        except (ValueError, LookupError, TypeError):
            return None

    def _mentions(self, body: str) -> list[Named]:
        """Look up which mentions a discarded batch of the stream held. A stream forgets after a
        day; what it forgot, sweep has brought back long ago."""
        batch = json.loads(body)["DDBStreamBatchInfo"]
        last = int(batch["endSequenceNumber"])
        found: dict[str, None] = {}
        try:
            for record in self._records(batch):
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    break
                pk = record["dynamodb"]["Keys"]["pk"]["S"]
                if pk.startswith("mention#"):
                    found[pk.removeprefix("mention#")] = None
        except ClientError as error:
            if error.response["Error"]["Code"] not in _FORGOTTEN:
                raise
        return [MentionId(one) for one in found]

    def _records(self, batch: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        shard = self._streams.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )
        place = shard["ShardIterator"]
        for _ in range(PAGES_MAX):
            page = self._streams.get_records(ShardIterator=place)
            yield from page["Records"]
            place = page.get("NextShardIterator")
            if not page["Records"] or not place:
                return


_FORGOTTEN = ("TrimmedDataAccessException", "ResourceNotFoundException")


def _reply(body: str) -> list[Named]:
    return [read_lane_message(body)]


def _case(body: str) -> list[Named]:
    case = json.loads(body)["case"]
    return [ConversationId(str(case))]
