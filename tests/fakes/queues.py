"""The state of one standard queue: what is visible, taken, delayed, and given up."""

import heapq
import math
from dataclasses import dataclass
from typing import Any

MAX_VISIBILITY_S = 12 * 3600


class StaleReceiptError(Exception):
    """A receipt that no longer holds its message, or would hold it too long."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Message:
    """One message; the receipt is that of the last receive."""

    message_id: str
    number: int
    body: str
    attributes: dict[str, Any]
    sent_ms: int
    visible_ms: int = 0
    first_received_ms: int | None = None
    received_ms: int = 0
    receives: int = 0
    # Counted anew in a dead-letter queue, unlike the number that consumers are told.
    receives_here: int = 0
    receipt: str = ""

    def system_attributes(self) -> dict[str, str]:
        """Return what SQS tells about a message, as texts."""
        told = {
            "ApproximateReceiveCount": str(self.receives),
            "SentTimestamp": str(self.sent_ms),
            "SenderId": "AIDAEXAMPLE",
        }
        if self.first_received_ms is not None:
            told["ApproximateFirstReceiveTimestamp"] = str(self.first_received_ms)
        return told


class Queue:
    """Messages by number, and a heap of when each may show up next."""

    def __init__(
        self,
        name: str,
        visibility_s: int,
        retention_s: int,
        dead_letter: tuple["Queue", int] | None,
    ) -> None:
        self.name = name
        self.visibility_s = visibility_s
        self.retention_ms = retention_s * 1000
        self.dead_letter = dead_letter
        self.stale_receipts_delete = False
        # No message is older; what was deleted since may still hold it down.
        self._oldest_ms: float = math.inf
        self.messages: dict[int, Message] = {}
        # (visible_ms, number); entries that no longer agree with their message are skipped.
        self._heap: list[tuple[int, int]] = []
        self._receipts: dict[str, int] = {}

    def add(self, message: Message, visible_ms: int) -> None:
        """Take a message in."""
        self.messages[message.number] = message
        self._oldest_ms = min(self._oldest_ms, message.sent_ms)
        self._show_at(message, visible_ms)

    def _show_at(self, message: Message, visible_ms: int) -> None:
        message.visible_ms = visible_ms
        heapq.heappush(self._heap, (visible_ms, message.number))

    def receive(self, count: int, visibility_s: int, now_ms: int) -> list[Message]:
        """Hand out visible messages in order of sending; move the worn-out ones away."""
        ready = sorted(self._take_visible(now_ms))
        taken: list[Message] = []
        for number in ready:
            message = self.messages[number]
            if len(taken) == count:
                self._show_at(message, message.visible_ms)
            elif self._is_worn_out(message):
                self._give_up(message, now_ms)
            else:
                self._hand_out(message, visibility_s, now_ms)
                taken.append(message)
        return taken

    def _take_visible(self, now_ms: int) -> set[int]:
        numbers = set()
        while self._heap and self._heap[0][0] <= now_ms:
            visible_ms, number = heapq.heappop(self._heap)
            message = self.messages.get(number)
            if message is not None and message.visible_ms == visible_ms:
                numbers.add(number)
        return numbers

    def _is_worn_out(self, message: Message) -> bool:
        return self.dead_letter is not None and message.receives_here >= self.dead_letter[1]

    def _give_up(self, message: Message, now_ms: int) -> None:
        """Move a message to the dead-letter queue; its age and its receives go on."""
        if self.dead_letter is None:
            return
        del self.messages[message.number]
        message.receives_here = 0
        self.dead_letter[0].add(message, now_ms)

    def _hand_out(self, message: Message, visibility_s: int, now_ms: int) -> None:
        message.receives += 1
        message.receives_here += 1
        message.received_ms = now_ms
        if message.first_received_ms is None:
            message.first_received_ms = now_ms
        message.receipt = f"{self.name}/{message.number}/{message.receives}"
        self._receipts[message.receipt] = message.number
        self._show_at(message, now_ms + visibility_s * 1000)

    def knows(self, receipt: str) -> bool:
        """Tell whether this queue ever gave out a receipt."""
        return receipt in self._receipts

    def delete(self, receipt: str) -> None:
        """Remove a message; if it was received again since, `stale_receipts_delete` decides.

        SQS answers with success in both cases and promises neither.
        """
        message = self.messages.get(self._receipts[receipt])
        if message is not None and (message.receipt == receipt or self.stale_receipts_delete):
            del self.messages[message.number]

    def change_visibility(self, receipt: str, visibility_s: int, now_ms: int) -> None:
        """Let a received message show up again after this time.

        Raises: StaleReceiptError.
        """
        message = self.messages.get(self._receipts[receipt])
        if message is None or message.receipt != receipt:
            raise StaleReceiptError(
                f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does "
                "not exist or is not available for visibility timeout change.",
                "InvalidParameterValue",
            )
        if message.visible_ms <= now_ms:
            raise StaleReceiptError(
                f"The message referred to isn't in flight: {receipt}.",
                "AWS.SimpleQueueService.MessageNotInflight",
            )
        if now_ms + visibility_s * 1000 > message.received_ms + MAX_VISIBILITY_S * 1000:
            raise StaleReceiptError(
                f"Value {visibility_s} for parameter VisibilityTimeout is invalid. Reason: Total "
                f"VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY_S} "
                "seconds].",
                "InvalidParameterValue",
            )
        self._show_at(message, now_ms + visibility_s * 1000)

    def forget_expired(self, now_ms: int) -> None:
        """Drop messages that were kept for the queue's whole retention."""
        limit_ms = now_ms - self.retention_ms
        if self._oldest_ms > limit_ms:
            return
        self.messages = {
            number: one for number, one in self.messages.items() if one.sent_ms > limit_ms
        }
        self._oldest_ms = min((one.sent_ms for one in self.messages.values()), default=now_ms)

    def counts(self, now_ms: int) -> dict[str, str]:
        """Return the three approximate counts; here they are exact."""
        hidden = [one for one in self.messages.values() if one.visible_ms > now_ms]
        taken = sum(1 for one in hidden if one.receives_here)
        return {
            "ApproximateNumberOfMessages": str(len(self.messages) - len(hidden)),
            "ApproximateNumberOfMessagesNotVisible": str(taken),
            "ApproximateNumberOfMessagesDelayed": str(len(hidden) - taken),
        }
