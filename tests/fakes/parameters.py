"""Which parameters the stand-ins take; anything else is refused as botocore does, by name.

A parameter that exists on AWS but is missing here is refused too, rather than ignored.
"""

from typing import NoReturn

from tests.fakes.refusals import parameter_error
from tests.fakes.shapes import Request

_CONDITION = (
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
)
_RETURNS = ("ReturnValues", "ReturnConsumedCapacity")

# Per operation: what must be given, what may be given.
PARAMETERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(required), frozenset((*required, *optional)))
    for name, required, optional in (
        ("put_item", ("TableName", "Item"), (*_CONDITION, *_RETURNS)),
        ("delete_item", ("TableName", "Key"), (*_CONDITION, *_RETURNS)),
        ("update_item", ("TableName", "Key"), ("UpdateExpression", *_CONDITION, *_RETURNS)),
        (
            "get_item",
            ("TableName", "Key"),
            (
                "ConsistentRead",
                "ProjectionExpression",
                "ExpressionAttributeNames",
                "ReturnConsumedCapacity",
            ),
        ),
        (
            "query",
            ("TableName",),
            (
                "IndexName",
                "Select",
                "KeyConditionExpression",
                "FilterExpression",
                "ProjectionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
                "Limit",
                "ScanIndexForward",
                "ExclusiveStartKey",
                "ConsistentRead",
                "ReturnConsumedCapacity",
            ),
        ),
        (
            "transact_write_items",
            ("TransactItems",),
            ("ClientRequestToken", "ReturnConsumedCapacity"),
        ),
        ("batch_get_item", ("RequestItems",), ("ReturnConsumedCapacity",)),
        # The four actions of a transaction.
        ("Put", ("TableName", "Item"), _CONDITION),
        ("Delete", ("TableName", "Key"), _CONDITION),
        ("Update", ("TableName", "Key", "UpdateExpression"), _CONDITION),
        ("ConditionCheck", ("TableName", "Key", "ConditionExpression"), _CONDITION),
        # One table of a batch.
        (
            "Keys",
            ("Keys",),
            ("ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"),
        ),
        ("get_queue_url", ("QueueName",), ("QueueOwnerAWSAccountId",)),
        (
            "send_message",
            ("QueueUrl", "MessageBody"),
            ("DelaySeconds", "MessageAttributes", "MessageGroupId"),
        ),
        ("send_message_batch", ("QueueUrl", "Entries"), ()),
        (
            "receive_message",
            ("QueueUrl",),
            (
                "MaxNumberOfMessages",
                "VisibilityTimeout",
                "WaitTimeSeconds",
                "AttributeNames",
                "MessageSystemAttributeNames",
                "MessageAttributeNames",
                "ReceiveRequestAttemptId",
            ),
        ),
        ("delete_message", ("QueueUrl", "ReceiptHandle"), ()),
        ("delete_message_batch", ("QueueUrl", "Entries"), ()),
        ("change_message_visibility", ("QueueUrl", "ReceiptHandle", "VisibilityTimeout"), ()),
        ("get_queue_attributes", ("QueueUrl",), ("AttributeNames",)),
        # Entries of SQS batches.
        (
            "SendMessageBatchRequestEntry",
            ("Id", "MessageBody"),
            ("DelaySeconds", "MessageAttributes", "MessageGroupId"),
        ),
        ("DeleteMessageBatchRequestEntry", ("Id", "ReceiptHandle"), ()),
        ("get_secret_value", ("SecretId",), ("VersionId", "VersionStage")),
        (
            "put_secret_value",
            ("SecretId",),
            ("SecretString", "SecretBinary", "VersionStages", "ClientRequestToken"),
        ),
        (
            "create_secret",
            ("Name",),
            ("SecretString", "SecretBinary", "Description", "Tags", "ClientRequestToken"),
        ),
        (
            "publish",
            ("Message",),
            ("TopicArn", "TargetArn", "Subject", "MessageAttributes", "MessageStructure"),
        ),
    )
}

# Least values and lengths that botocore itself checks; it leaves greatest ones to the service.
# TableName is left out: a table without a name does not exist anyway.
_VERSION = {"VersionId": 32, "VersionStage": 1, "VersionStages": 1, "ClientRequestToken": 32}
_CONTENT = {"SecretString": 1, "SecretBinary": 1}
MINIMA: dict[str, dict[str, int]] = {
    "query": {"Limit": 1, "IndexName": 3},
    "transact_write_items": {"TransactItems": 1, "ClientRequestToken": 1},
    "Keys": {"Keys": 1},
    "get_secret_value": {"SecretId": 1, **_VERSION},
    "put_secret_value": {"SecretId": 1, **_VERSION, **_CONTENT},
    "create_secret": {"Name": 1, **_VERSION, **_CONTENT},
}


def check_parameters(operation: str, request: Request) -> None:
    """Refuse missing and unknown parameters, and those that are too small or too short.

    Raises: ParamValidationError, which botocore raises before anything is sent.
    """
    required, allowed = PARAMETERS[operation]
    given = request.keys()
    if not required <= given <= allowed:
        _refuse_names(required, allowed, request)
    for name, least in MINIMA.get(operation, {}).items():
        value = request.get(name, least)
        if (value if isinstance(value, int) else len(value)) < least:
            raise parameter_error(
                f"Invalid value or length for parameter {name}, value: {value}, valid min: {least}"
            )


def _refuse_names(required: frozenset[str], allowed: frozenset[str], request: Request) -> NoReturn:
    given = request.keys()
    missing = [f'Missing required parameter in input: "{one}"' for one in sorted(required - given)]
    unknown = [
        f'Unknown parameter in input: "{one}", must be one of: {", ".join(sorted(allowed))}'
        for one in sorted(given - allowed)
    ]
    raise parameter_error("\n".join(missing + unknown))
