"""A lean AWS client: botocore's signer over urllib3, without service models.

`receive` uses it because building a boto3 client costs more than everything else in a cold start.
It knows two calls; everything else goes through boto3."""

import base64
import json
import os
import random
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

CONNECT_TIMEOUT_S: Final = 1.0
READ_TIMEOUT_S: Final = 1.5
# All attempts together: below the deadline of a delivery, so that the answer can still be 503.
CALL_TIMEOUT_S: Final = 2.0
ATTEMPTS_MAX: Final = 3
PAUSE_S: Final = 0.05
POOL_SIZE: Final = 16
_RETRYABLE: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "InternalServerErrorException",
        "ServiceUnavailable",
    }
)
# What a call may raise in the end: an answer that refuses, or none in time.
CALL_ERRORS: Final = (ClientError, urllib3.exceptions.HTTPError)


def reason_of(error: Exception) -> str:
    """Name one of CALL_ERRORS by AWS's word for it or by its class, never by its message."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


class WireClient:
    """Signed JSON calls to DynamoDB and Secrets Manager.

    `environment` is a Lambda function's: region, temporary credentials and, in the local run,
    AWS_ENDPOINT_URL. Credentials are read at each call, because long-lived processes rotate them.
    `pause` waits between two attempts, `chance` is between 0 and 1, `clock` counts seconds.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        pool: urllib3.PoolManager | None = None,
        *,
        pause: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._region = environment["AWS_REGION"]
        self._pool = pool or urllib3.PoolManager(maxsize=POOL_SIZE, block=True)
        self._pause = pause
        self._chance = chance
        self._clock = clock

    def update_item(self, **request: Any) -> Mapping[str, Any]:
        """Call DynamoDB's UpdateItem, with boto3's request and answer shapes (B values as bytes).

        Raises: ClientError as boto3 does; urllib3's HTTPError when no answer came in time.
        """
        return self._call("dynamodb", "DynamoDB_20120810.UpdateItem", "1.0", request)

    def get_secret_value(self, **request: Any) -> Mapping[str, Any]:
        """Call Secrets Manager's GetSecretValue, with boto3's shapes. Raises: as `update_item`."""
        return self._call("secretsmanager", "secretsmanager.GetSecretValue", "1.1", request)

    def _call(self, service: str, target: str, version: str, request: Any) -> Mapping[str, Any]:
        body = json.dumps(request, default=_base64).encode()
        deadline = self._clock() + CALL_TIMEOUT_S
        attempt = 0
        while True:
            attempt += 1
            signed = self._signed(service, target, version, body)
            try:
                status, payload = self._answer(signed, body, deadline - self._clock())
                if status == HTTPStatus.OK:
                    return payload
                problem: Exception = _error(status, payload, target, attempt)
                may_repeat = _is_retryable(status, payload)
            except urllib3.exceptions.HTTPError as error:
                # A lost answer leaves the write in doubt; every write here may be repeated.
                problem, may_repeat = error, True
            pause_s = PAUSE_S * attempt * (0.5 + self._chance())
            is_late = self._clock() + pause_s >= deadline
            if attempt == ATTEMPTS_MAX or is_late or not may_repeat:
                raise problem
            self._pause(pause_s)

    def _answer(self, signed: AWSRequest, body: bytes, left_s: float) -> tuple[int, dict[str, Any]]:
        total_s = max(left_s, PAUSE_S)
        answer = self._pool.request(
            "POST",
            str(signed.url),
            body=body,
            headers=dict(signed.headers.items()),
            timeout=urllib3.Timeout(total=total_s, connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            # Repeating is decided above, and nobody may send a signed write elsewhere.
            retries=False,
            redirect=False,
        )
        try:
            payload = json.loads(answer.data, object_hook=_with_bytes)
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            # Something in between answered: no word about the write can be read from that.
            return HTTPStatus.BAD_GATEWAY, {}
        return answer.status, payload

    def _signed(self, service: str, target: str, version: str, body: bytes) -> AWSRequest:
        env = self._environment
        endpoint = env.get("AWS_ENDPOINT_URL") or f"https://{service}.{self._region}.amazonaws.com"
        request = AWSRequest(
            method="POST",
            url=f"{endpoint.rstrip('/')}/",
            data=body,
            headers={"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target},
        )
        credentials = Credentials(
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN")
        )
        SigV4Auth(credentials, service, self._region).add_auth(request)
        return request


def _base64(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no DynamoDB value")


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Turn a binary attribute value of an answer into bytes."""
    if value.keys() == {"B"} and isinstance(value["B"], str):
        return {"B": base64.b64decode(value["B"])}
    return value


def _code(status: int, payload: Mapping[str, Any]) -> str:
    return str(payload.get("__type") or status).rsplit("#", 1)[-1]


def _is_retryable(status: int, payload: Mapping[str, Any]) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or _code(status, payload) in _RETRYABLE


def _error(status: int, payload: Mapping[str, Any], target: str, attempt: int) -> ClientError:
    message = payload.get("message") or payload.get("Message") or ""
    response: Any = {
        "Error": {"Code": _code(status, payload), "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": int(status), "RetryAttempts": attempt - 1},
    }
    if "Item" in payload:
        response["Item"] = payload["Item"]
    return ClientError(response, target.rsplit(".", 1)[-1])
