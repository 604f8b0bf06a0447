"""What Lambda hands to a handler: events as the services write them, and a context."""

import base64
import json
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

ARN = "arn:aws:lambda:us-east-1:123456789012:function"


def make_context(name: str, *, left_ms: int = 60_000) -> Any:
    """Make the context of an invocation that has so much time left."""
    return SimpleNamespace(
        function_name=name,
        memory_limit_in_mb=512,
        invoked_function_arn=f"{ARN}:{name}",
        aws_request_id="request",
        tenant_id=None,
        get_remaining_time_in_millis=lambda: left_ms,
    )


def hook_event(
    method: str,
    place: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    query: str = "",
    in_base64: bool = True,
) -> dict[str, Any]:
    """Write a request on /hooks/{place} as an HTTP API does, payload format 2.0."""
    platform, connection = place.split("/")
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": f"/hooks/{place}",
        "rawQueryString": query,
        "headers": {"host": "hooks.example.com", **(headers or {})},
        "pathParameters": {"platform": platform, "connection": connection},
        "requestContext": {
            "http": {"method": method, "path": f"/hooks/{place}"},
            "requestId": "gateway-request",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if in_base64 else body.decode()
        event["isBase64Encoded"] = in_base64
    return event


def stream_event(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Write a batch of the stream; only what can be JSON passes, as on the way to Lambda."""
    event: dict[str, Any] = json.loads(json.dumps({"Records": list(records)}))
    return event


def stream_record(item: Mapping[str, Mapping[str, Any]], at: int = 1) -> dict[str, Any]:
    """Write the record of a stored item: bytes travel as base64."""
    image = {name: _in_json(value) for name, value in item.items()}
    return {
        "eventID": f"{at:032x}",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {name: image[name] for name in ("pk", "sk")},
            "NewImage": image,
            "SequenceNumber": str(at),
        },
    }


def _in_json(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value


def lane_event(*bodies: str) -> dict[str, Any]:
    """Write a batch of messages; their ids are m0, m1, ..."""
    source = "arn:aws:sqs:us-east-1:123456789012:heed-local-reply-x"
    return {
        "Records": [
            {
                "messageId": f"m{at}",
                "receiptHandle": f"handle-{at}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": source,
            }
            for at, body in enumerate(bodies)
        ]
    }


def failed_ids(answer: Mapping[str, Any]) -> list[str]:
    """Read which records a batch's answer gives back."""
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def lines_of(printed: str) -> list[dict[str, Any]]:
    """Read the log: every line is JSON."""
    return [json.loads(line) for line in printed.splitlines()]
