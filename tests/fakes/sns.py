"""An in-memory stand-in for the low-level SNS client: it remembers what was published."""

from collections import Counter
from typing import Any

from tests.fakes.calls import CallRecorder
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Answer, Call, CallHook, Request
from tests.fakes.sizes import text_bytes

# Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MESSAGE_BYTES_MAX = 256 * 1024
SUBJECT_CHARACTERS_MAX = 100


class FakeSns:
    """Takes the keyword arguments of a boto3 client's `publish` and gives answers of its shape.

    `messages` holds the requests in order. Topics that were not named at the start are unknown.
    """

    def __init__(self, *topics: str, on_call: CallHook | None = None) -> None:
        self.messages: list[Request] = []
        self._topics = frozenset(topics)
        self._recorder = CallRecorder("sns", on_call)

    @property
    def calls(self) -> list[Call]:
        """All calls so far, as (operation, (topic,)); the list may be cleared."""
        return self._recorder.calls

    @property
    def call_counts(self) -> Counter[str]:
        """How often each operation was called."""
        return self._recorder.counts()

    def publish(self, **request: Any) -> Answer:
        """Send a message to a topic."""
        topic = request.get("TopicArn") or request.get("TargetArn")
        return self._recorder.run("publish", request, (topic,), self._publish)

    def _publish(self, request: Request) -> Answer:
        topic = request.get("TopicArn") or request.get("TargetArn")
        if topic not in self._topics:
            raise RefusalError("Topic does not exist", "NotFound")
        if not 0 < text_bytes(request["Message"]) <= MESSAGE_BYTES_MAX:
            problem = "too long" if request["Message"] else "Empty message"
            raise RefusalError(f"Invalid parameter: Message {problem}", "InvalidParameter")
        subject = request.get("Subject", "-")
        if not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX or not subject.isprintable():
            raise RefusalError("Invalid parameter: Subject", "InvalidParameter")
        self.messages.append(dict(request))
        return {"MessageId": f"00000000-0000-4000-8000-{len(self.messages):012x}"}
