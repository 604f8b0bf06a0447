"""What SQS takes as a message and as a batch."""

import hashlib

from tests.fakes.parameters import check_parameters
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Request
from tests.fakes.sizes import text_bytes

# Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
# (raised from 256 KiB to 1 MiB in 2025; the limit holds for a batch as a whole too).
MESSAGE_BYTES_MAX = 1024 * 1024
BATCH_ENTRIES_MAX = 10

INVALID = "InvalidParameterValue"


def check_entries(entries: list[Request], shape: str) -> None:
    """Refuse a batch that SQS refuses as a whole."""
    for entry in entries:
        check_parameters(shape, entry)
    prefix = "AWS.SimpleQueueService."
    if not entries:
        raise RefusalError("There should be at least one entry.", prefix + "EmptyBatchRequest")
    if len(entries) > BATCH_ENTRIES_MAX:
        raise RefusalError(
            f"Maximum number of entries per request are {BATCH_ENTRIES_MAX}. You have sent "
            f"{len(entries)}.",
            prefix + "TooManyEntriesInBatchRequest",
        )
    if len({entry["Id"] for entry in entries}) != len(entries):
        raise RefusalError("Id repeated.", prefix + "BatchEntryIdsNotDistinct")


def check_body(body: str) -> None:
    """Refuse an empty body and characters that SQS does not take."""
    if not body:
        raise RefusalError(
            "The request must contain the parameter MessageBody.", "MissingParameter"
        )
    if not all(_is_allowed(character) for character in body if not " " <= character <= "~"):
        raise RefusalError(
            "Invalid characters found in the message body.", "InvalidMessageContents"
        )


def _is_allowed(character: str) -> bool:
    """Apply the character rule of SQS, which is that of XML 1.0."""
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Refuse a number outside its range."""
    if not low <= value <= high:
        raise RefusalError(
            f"Value {value} for parameter {name} is invalid. Reason: Must be >= {low} and <= "
            f"{high}, if provided.",
            INVALID,
        )


def entry_bytes(entry: Request) -> int:
    """Return the size of a message: body, and names, types and values of its attributes."""
    size_bytes = text_bytes(entry["MessageBody"])
    for name, attribute in entry.get("MessageAttributes", {}).items():
        content = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
        size_bytes += text_bytes(name) + text_bytes(attribute["DataType"])
        size_bytes += text_bytes(content) if isinstance(content, str) else len(content)
    return size_bytes


def md5(body: str) -> str:
    """Return the digest that SQS answers with."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
