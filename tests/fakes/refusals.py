"""What the stand-ins refuse, and how a refusal becomes the botocore error that callers see.

Inside the fakes a refusal does not know which call it answers; the border adds that name.
"""

from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from tests.fakes.shapes import Item


def client_error(operation: str, code: str, message: str, /, **members: Any) -> ClientError:
    """Build the error that a real client would raise for `operation` (snake case).

    `members` are the extra modelled fields of the answer, such as Item or CancellationReasons.
    """
    # The stubs' TypedDict knows no modelled members such as Item.
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
        **members,
    }
    return ClientError(response, wire_name(operation))


def parameter_error(report: str) -> ParamValidationError:
    """Build the error that botocore raises before anything is sent."""
    return ParamValidationError(report=report)


def wire_name(operation: str) -> str:
    """Turn `update_item` into `UpdateItem`."""
    return "".join(part.capitalize() for part in operation.split("_"))


class RefusalError(Exception):
    """A call that the service answers with an error."""

    code = "ValidationException"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

    def as_client_error(self, operation: str) -> ClientError:
        """Build the botocore error of this refusal."""
        return client_error(operation, self.code, self.message)


class InvalidItemError(RefusalError):
    """Refused because of what the item is or would become.

    The difference to its parent shows in a transaction only: there this one becomes a
    cancellation reason, while a request that is wrong in itself is a ValidationException.
    """


class ConditionFailedError(RefusalError):
    """The condition on an item was false; carries the item if the caller asked for it."""

    code = "ConditionalCheckFailedException"

    def __init__(self, item: Item | None) -> None:
        super().__init__("The conditional request failed")
        self.item = item

    def as_client_error(self, operation: str) -> ClientError:
        """Build the botocore error, with `Item` beside `Error` as botocore puts it."""
        members: dict[str, Any] = {"message": self.message}
        if self.item is not None:
            members["Item"] = self.item
        return client_error(operation, self.code, self.message, **members)


class TransactionCanceledError(RefusalError):
    """At least one action of a transaction was refused, so none happened."""

    code = "TransactionCanceledException"

    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        codes = ", ".join(reason["Code"] for reason in reasons)
        super().__init__(
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            f"[{codes}]"
        )
        self.reasons = reasons

    def as_client_error(self, operation: str) -> ClientError:
        """Build the botocore error, with `CancellationReasons` beside `Error`."""
        return client_error(
            operation,
            self.code,
            self.message,
            Message=self.message,
            CancellationReasons=self.reasons,
        )
