"""What all stand-ins do around a call: note it, let the hook in, turn refusals into errors."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.fakes.parameters import check_parameters
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Answer, Call, CallHook, Request

Effect = Callable[[Request], Answer]


class CallRecorder:
    """Runs the calls of one service and remembers them in order.

    The hook runs before the effect (a crash then means that nothing happened) and after it (a
    crash then means that the answer was lost), also when the answer is an error. Callers that are
    trusted (`checked` false) are neither checked nor remembered.
    """

    def __init__(self, service: str, on_call: CallHook | None, *, checked: bool = True) -> None:
        self.service = service
        self.checked = checked
        self.on_call = on_call
        self.calls: list[Call] = []

    def run(self, operation: str, request: Request, key: tuple[Any, ...], effect: Effect) -> Answer:
        """Do one call."""
        if self.checked:
            check_parameters(operation, request)
            self.calls.append((operation, key))
        if self.on_call is not None:
            self.on_call(self.service, operation, "before")
        try:
            answer = effect(request)
        except RefusalError as refusal:
            if self.on_call is not None:
                self.on_call(self.service, operation, "after")
            raise refusal.as_client_error(operation) from refusal
        if self.on_call is not None:
            self.on_call(self.service, operation, "after")
        answer["ResponseMetadata"] = {"HTTPStatusCode": 200, "RetryAttempts": 0}
        return answer

    def counts(self) -> Counter[str]:
        """Return how often each operation was called."""
        return Counter(operation for operation, _ in self.calls)
