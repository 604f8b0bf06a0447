"""An in-memory stand-in for the low-level SQS client: standard queues with redrive.

Receiving is in order of sending, which SQS does not promise. Long polls answer at once.
"""

from collections import Counter
from typing import Any

from tests.fakes.calls import CallRecorder, Effect
from tests.fakes.message_rules import (
    INVALID,
    MESSAGE_BYTES_MAX,
    check_body,
    check_entries,
    check_range,
    entry_bytes,
    md5,
)
from tests.fakes.queues import MAX_VISIBILITY_S, Message, Queue, StaleReceiptError
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Answer, Call, CallHook, Clock, Request

RECEIVE_MESSAGES_MAX = 10
DELAY_S_MAX = 900
RETENTION_S = 4 * 24 * 3600

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/"
ARN = "arn:aws:sqs:us-east-1:123456789012:"


class FakeSqs:
    """Takes the keyword arguments of a boto3 client's methods and gives answers of its shapes.

    `checked` false trusts the callers, for a simulation: messages are taken as they are.
    """

    def __init__(
        self, now_ms: Clock, on_call: CallHook | None = None, *, checked: bool = True
    ) -> None:
        self._now_ms = now_ms
        self._queues: dict[str, Queue] = {}
        self._recorder = CallRecorder("sqs", on_call, checked=checked)
        self._sent = 0

    def add_queue(
        self,
        name: str,
        visibility_s: int = 30,
        dead_letter: tuple[str, int] | None = None,
        *,
        retention_s: int = RETENTION_S,
    ) -> str:
        """Create a queue and return its URL; `dead_letter` is (queue, max receives)."""
        dead = None if dead_letter is None else (self._queues[dead_letter[0]], dead_letter[1])
        self._queues[name] = Queue(name, visibility_s, retention_s, dead)
        return URL + name

    @property
    def calls(self) -> list[Call]:
        """All calls so far, as (operation, (queue,)); the list may be cleared."""
        return self._recorder.calls

    @property
    def call_counts(self) -> Counter[str]:
        """How often each operation was called."""
        return self._recorder.counts()

    def let_stale_receipts_delete(self, name: str, *, deletes: bool) -> None:
        """Say what deleting does with a receipt when the message was received again since."""
        self._queues[name].stale_receipts_delete = deletes

    def is_empty(self, name: str) -> bool:
        """Tell whether a queue holds no message at all, visible or not: no call, no hook."""
        return not self._queues[name].messages

    def bodies(self, name: str) -> list[str]:
        """Return the bodies of all messages of a queue, seen or unseen: no call, no hook."""
        self._queues[name].forget_expired(self._now_ms())
        return [one.body for one in self._queues[name].messages.values()]

    def get_queue_url(self, **request: Any) -> Answer:
        """Return the URL of a queue."""
        return self._run("get_queue_url", request, self._get_queue_url)

    def send_message(self, **request: Any) -> Answer:
        """Put one message into a queue."""
        return self._run("send_message", request, self._send_message)

    def send_message_batch(self, **request: Any) -> Answer:
        """Put up to ten messages into a queue; entries fail one by one."""
        return self._run("send_message_batch", request, self._send_message_batch)

    def receive_message(self, **request: Any) -> Answer:
        """Take up to ten messages; the answer has no Messages if there are none."""
        return self._run("receive_message", request, self._receive_message)

    def delete_message(self, **request: Any) -> Answer:
        """Remove a message for good; a receipt that is out of date does nothing."""
        return self._run("delete_message", request, self._delete_message)

    def delete_message_batch(self, **request: Any) -> Answer:
        """Remove up to ten messages."""
        return self._run("delete_message_batch", request, self._delete_message_batch)

    def change_message_visibility(self, **request: Any) -> Answer:
        """Set when a received message shows up again."""
        return self._run("change_message_visibility", request, self._change_visibility)

    def get_queue_attributes(self, **request: Any) -> Answer:
        """Return the counts and settings of a queue as texts."""
        return self._run("get_queue_attributes", request, self._get_queue_attributes)

    def _run(self, operation: str, request: Request, effect: Effect) -> Answer:
        name = request.get("QueueName") or str(request.get("QueueUrl", "")).rpartition("/")[2]
        return self._recorder.run(operation, request, (name,), effect)

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            raise RefusalError(
                "The specified queue does not exist.", "AWS.SimpleQueueService.NonExistentQueue"
            )
        queue = self._queues[name]
        queue.forget_expired(self._now_ms())
        return queue

    def _queue_at(self, request: Request) -> Queue:
        return self._queue(request["QueueUrl"].rpartition("/")[2])

    def _get_queue_url(self, request: Request) -> Answer:
        return {"QueueUrl": URL + self._queue(request["QueueName"]).name}

    def _send_message(self, request: Request) -> Answer:
        queue = self._queue_at(request)
        if self._recorder.checked and entry_bytes(request) > MESSAGE_BYTES_MAX:
            raise RefusalError(
                "One or more parameters are invalid. Reason: Message must be shorter than "
                f"{MESSAGE_BYTES_MAX} bytes.",
                INVALID,
            )
        return self._send(queue, request)

    def _send(self, queue: Queue, entry: Request) -> Answer:
        body = entry["MessageBody"]
        if self._recorder.checked:
            check_body(body)
        delay_s = entry.get("DelaySeconds", 0)
        check_range("DelaySeconds", delay_s, 0, DELAY_S_MAX)
        self._sent += 1
        message_id = f"00000000-0000-4000-8000-{self._sent:012x}"
        now_ms = self._now_ms()
        attributes = entry.get("MessageAttributes", {})
        message = Message(message_id, self._sent, body, attributes, now_ms)
        queue.add(message, now_ms + delay_s * 1000)
        return {"MessageId": message_id, "MD5OfMessageBody": md5(body)}

    def _send_message_batch(self, request: Request) -> Answer:
        queue = self._queue_at(request)
        entries = request["Entries"]
        check_entries(entries, "SendMessageBatchRequestEntry")
        if sum(entry_bytes(entry) for entry in entries) > MESSAGE_BYTES_MAX:
            raise RefusalError(
                "Batch requests cannot be longer than "
                f"{MESSAGE_BYTES_MAX} bytes. You have sent more.",
                "AWS.SimpleQueueService.BatchRequestTooLong",
            )
        return _each(entries, lambda entry: self._send(queue, entry))

    def _receive_message(self, request: Request) -> Answer:
        queue = self._queue_at(request)
        count = request.get("MaxNumberOfMessages", 1)
        check_range("MaxNumberOfMessages", count, 1, RECEIVE_MESSAGES_MAX)
        visibility_s = request.get("VisibilityTimeout", queue.visibility_s)
        check_range("VisibilityTimeout", visibility_s, 0, MAX_VISIBILITY_S)
        received = queue.receive(count, visibility_s, self._now_ms())
        wanted = {
            *request.get("AttributeNames", ()),
            *request.get("MessageSystemAttributeNames", ()),
        }
        shown = [_received(one, wanted, request) for one in received]
        return {"Messages": shown} if shown else {}

    def _delete_message(self, request: Request) -> Answer:
        _receipt(self._queue_at(request), request)[0].delete(request["ReceiptHandle"])
        return {}

    def _delete_message_batch(self, request: Request) -> Answer:
        queue = self._queue_at(request)
        check_entries(request["Entries"], "DeleteMessageBatchRequestEntry")

        def delete(entry: Request) -> Answer:
            _receipt(queue, entry)[0].delete(entry["ReceiptHandle"])
            return {}

        return _each(request["Entries"], delete)

    def _change_visibility(self, request: Request) -> Answer:
        queue, receipt = _receipt(self._queue_at(request), request)
        visibility_s = request["VisibilityTimeout"]
        check_range("VisibilityTimeout", visibility_s, 0, MAX_VISIBILITY_S)
        try:
            queue.change_visibility(receipt, visibility_s, self._now_ms())
        except StaleReceiptError as stale:
            raise RefusalError(str(stale), stale.code) from stale
        return {}

    def _get_queue_attributes(self, request: Request) -> Answer:
        queue = self._queue_at(request)
        every = {**queue.counts(self._now_ms()), **_settings(queue)}
        wanted = request.get("AttributeNames", ())
        unknown = [one for one in wanted if one not in every and one != "All"]
        if unknown:
            raise RefusalError(f"Unknown Attribute {unknown[0]}.", "InvalidAttributeName")
        chosen = every if "All" in wanted else {one: every[one] for one in wanted}
        return {"Attributes": chosen} if chosen else {}


def _each(entries: list[Request], effect: Effect) -> Answer:
    """Do the entries of a batch one by one; a refused one goes to Failed.

    A list without entries is left out, so that nobody counts on it.
    """
    answer: Answer = {}
    for entry in entries:
        try:
            done = {"Id": entry["Id"], **effect(entry)}
            answer.setdefault("Successful", []).append(done)
        except RefusalError as refusal:
            failed = {"Id": entry["Id"], "SenderFault": True, "Code": refusal.code}
            answer.setdefault("Failed", []).append({**failed, "Message": refusal.message})
    return answer


def _received(message: Message, wanted: set[str], request: Request) -> Answer:
    shown: Answer = {
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "MD5OfBody": md5(message.body),
        "Body": message.body,
    }
    system = message.system_attributes()
    chosen = {name: text for name, text in system.items() if name in wanted or "All" in wanted}
    if chosen:
        shown["Attributes"] = chosen
    if message.attributes and request.get("MessageAttributeNames"):
        names = request["MessageAttributeNames"]
        is_wanted = {name: name in names or "All" in names for name in message.attributes}
        shown["MessageAttributes"] = {
            name: value for name, value in message.attributes.items() if is_wanted[name]
        }
    return shown


def _settings(queue: Queue) -> dict[str, str]:
    settings = {
        "QueueArn": ARN + queue.name,
        "VisibilityTimeout": str(queue.visibility_s),
        "MessageRetentionPeriod": str(queue.retention_ms // 1000),
        "MaximumMessageSize": str(MESSAGE_BYTES_MAX),
        "DelaySeconds": "0",
    }
    if queue.dead_letter is not None:
        target, max_receives = queue.dead_letter
        settings["RedrivePolicy"] = (
            f'{{"deadLetterTargetArn":"{ARN}{target.name}","maxReceiveCount":{max_receives}}}'
        )
    return settings


def _receipt(queue: Queue, entry: Request) -> tuple[Queue, str]:
    receipt = entry["ReceiptHandle"]
    if not queue.knows(receipt):
        raise RefusalError(
            f'The input receipt handle "{receipt}" is not a valid receipt handle.',
            "ReceiptHandleIsInvalid",
        )
    return queue, receipt
