import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.exceptions import ClientError

from heed.errors import NotSentError
from heed.storage.inbox import TableInbox
from heed.storage.secrets import CachedSecrets
from heed.storage.wire import ATTEMPTS_MAX, CALL_TIMEOUT_S, WireClient
from tests.backends import Backend, open_backend
from tests.heed.storage.stores import DEADLINE_S, Store, a_change, a_mention, an_arrival

ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}
LOST = urllib3.exceptions.ProtocolError("Connection aborted.")
THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"})
REFUSED = (
    400,
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {"c": {"B": base64.b64encode(b"\x00\xff").decode()}, "ra": {"N": "5"}},
    },
)


@dataclass
class Script(urllib3.PoolManager):
    """A pool that answers by a list, and notes what it was asked and how long it may wait."""

    answers: list[Any]
    sent: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    each_takes_s: float = 0.0
    paused: list[float] = field(default_factory=list)

    def request(self, *args: Any, **given: Any) -> Any:
        method, url = args
        self.sent.append({"method": method, "url": url, **given})
        self.seconds += self.each_takes_s
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, payload = answer
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return SimpleNamespace(status=status, data=data)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.seconds += seconds

    def client(self, **environment: str) -> WireClient:
        return WireClient(
            {**ENVIRONMENT, **environment},
            self,
            pause=self.pause,
            chance=lambda: 0.5,
            clock=lambda: self.seconds,
        )


def update(client: WireClient) -> Any:
    return client.update_item(TableName="t", Key={"pk": {"S": "é"}, "c": {"B": b"\x00\xff"}})


def test_a_call_has_the_form_of_the_service() -> None:
    pool = Script([(200, {})])

    assert update(pool.client()) == {}

    [sent] = pool.sent
    assert (sent["method"], sent["url"]) == ("POST", "https://dynamodb.eu-west-1.amazonaws.com/")
    assert sent["headers"]["X-Amz-Target"] == "DynamoDB_20120810.UpdateItem"
    assert sent["headers"]["Content-Type"] == "application/x-amz-json-1.0"
    assert json.loads(sent["body"])["Key"] == {"pk": {"S": "é"}, "c": {"B": "AP8="}}
    assert sent["body"].isascii()
    # Repeats are the client's own, and a redirect would carry a signed write elsewhere.
    assert (sent["retries"], sent["redirect"]) == (False, False)


def test_secrets_have_their_own_service() -> None:
    pool = Script([(200, {"SecretString": "{}"})])

    assert pool.client().get_secret_value(SecretId="s") == {"SecretString": "{}"}
    [sent] = pool.sent
    assert sent["url"] == "https://secretsmanager.eu-west-1.amazonaws.com/"
    assert sent["headers"]["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    assert sent["headers"]["Content-Type"] == "application/x-amz-json-1.1"


def expected_signature(sent: dict[str, Any]) -> str:
    """Sign what was sent, step by step.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    headers = {name.lower(): value for name, value in sent["headers"].items()}
    headers["host"] = urlsplit(sent["url"]).netloc
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in signed.split(";"))
    body_hash = hashlib.sha256(sent["body"]).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{signed}\n{body_hash}"
    date = headers["x-amz-date"]
    scope = f"{date[:8]}/eu-west-1/dynamodb/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{ENVIRONMENT['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:4566", "http://127.0.0.1:4566/"])
def test_what_is_sent_is_what_was_signed(endpoint: str) -> None:
    pool = Script([(200, {})])

    update(pool.client(AWS_ENDPOINT_URL=endpoint, AWS_SESSION_TOKEN="session"))

    [sent] = pool.sent
    authorization = sent["headers"]["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/dynamodb/aws4_request" in authorization
    assert "x-amz-target" in authorization
    assert sent["headers"]["X-Amz-Security-Token"] == "session"
    assert authorization.endswith(f"Signature={expected_signature(sent)}")
    assert sent["url"] == (f"{endpoint.rstrip('/')}/" if endpoint else sent["url"])


def test_credentials_are_read_anew_for_each_call() -> None:
    pool, environment = Script([(200, {}), (200, {})]), dict(ENVIRONMENT)
    client = WireClient(environment, pool)
    update(client)
    environment["AWS_ACCESS_KEY_ID"] = "AKIDROTATED"
    update(client)

    keys = ["Credential=AKIDEXAMPLE/", "Credential=AKIDROTATED/"]
    assert all(
        key in sent["headers"]["Authorization"] for key, sent in zip(keys, pool.sent, strict=True)
    )


def test_what_is_no_value_of_dynamodb_is_refused_before_the_call() -> None:
    pool = Script([])

    with pytest.raises(TypeError, match="set"):
        pool.client().update_item(Key={"pk": {"S": {1}}})
    assert pool.sent == []


@pytest.mark.parametrize(
    "trouble",
    [
        LOST,
        THROTTLED,
        (400, {"__type": "x#ProvisionedThroughputExceededException"}),
        (500, {"__type": "x#InternalServerError"}),
        (503, {}),
        (502, b"<html>bad gateway</html>"),
        (200, b"<html>welcome to the hotel</html>"),
        (200, []),
        (413, b""),
    ],
)
def test_trouble_is_tried_again_twice_with_a_growing_pause(trouble: Any) -> None:
    pool = Script([trouble, trouble, (200, {"Attributes": {}})])

    assert update(pool.client()) == {"Attributes": {}}

    assert pool.paused == [0.05, 0.1]
    assert len({sent["body"] for sent in pool.sent}) == 1


def test_throttling_that_does_not_end_is_an_error() -> None:
    pool = Script([THROTTLED] * ATTEMPTS_MAX)

    with pytest.raises(ClientError) as caught:
        update(pool.client())

    error: Any = caught.value
    assert error.response["Error"]["Code"] == "ThrottlingException"
    assert error.response["ResponseMetadata"] == {"HTTPStatusCode": 400, "RetryAttempts": 2}
    assert error.operation_name == "UpdateItem"


def test_answers_that_are_lost_again_and_again_are_an_error() -> None:
    pool = Script([LOST] * ATTEMPTS_MAX)

    with pytest.raises(urllib3.exceptions.ProtocolError):
        update(pool.client())


def test_a_page_that_is_no_answer_is_an_error_with_its_status() -> None:
    pool = Script([(502, b"<html>")] * ATTEMPTS_MAX)

    with pytest.raises(ClientError, match="502"):
        update(pool.client())


@pytest.mark.parametrize(
    ("payload", "code", "message"),
    [
        ({"__type": "x#ValidationException", "Message": "no"}, "ValidationException", "no"),
        ({"__type": "AccessDeniedException", "message": "no"}, "AccessDeniedException", "no"),
        ({}, "400", ""),
    ],
)
def test_what_no_repeat_will_mend_is_an_error_at_once(
    payload: dict[str, str], code: str, message: str
) -> None:
    pool = Script([(400, payload)])

    with pytest.raises(ClientError) as caught:
        update(pool.client())

    assert caught.value.response["Error"] == {"Code": code, "Message": message}
    assert len(pool.sent) == 1


def test_a_failed_condition_brings_the_old_item_as_boto3_would() -> None:
    pool = Script([REFUSED])

    with pytest.raises(ClientError) as caught:
        update(pool.client())

    error: Any = caught.value
    assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert error.response["Item"] == {"c": {"B": b"\x00\xff"}, "ra": {"N": "5"}}
    assert error.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_an_attribute_named_like_a_type_is_read_as_a_value() -> None:
    item = {"B": {"S": "x"}, "M": {"M": {"B": {"B": "AA=="}}}}
    pool = Script([(200, {"Attributes": item})])

    assert update(pool.client())["Attributes"] == {
        "B": {"S": "x"},
        "M": {"M": {"B": {"B": b"\x00"}}},
    }


@pytest.mark.parametrize(("takes_s", "attempts"), [(0.9, 3), (0.97, 2), (2.5, 1)])
def test_all_attempts_together_stay_below_the_deadline(takes_s: float, attempts: int) -> None:
    pool = Script([LOST] * ATTEMPTS_MAX, each_takes_s=takes_s)

    with pytest.raises(urllib3.exceptions.HTTPError):
        update(pool.client())

    assert len(pool.sent) == attempts
    left = [sent["timeout"].total for sent in pool.sent]
    assert left[0] == CALL_TIMEOUT_S
    assert left == sorted(left, reverse=True)


def test_a_pause_that_took_too_long_still_leaves_a_moment() -> None:
    pool = Script([LOST, (200, {})])
    client = WireClient(
        ENVIRONMENT, pool, pause=lambda _: pool.pause(5), clock=lambda: pool.seconds
    )

    assert update(client) == {}
    assert pool.sent[1]["timeout"].total > 0


def test_a_lost_answer_of_a_put_is_no_duplicate() -> None:
    arrival = an_arrival()
    look_at = {"N": str(arrival.received_at + 60_000)}
    ours = (400, {**REFUSED[1], "Item": {"da": look_at}})
    others = (400, {**REFUSED[1], "Item": {"da": {"N": "5"}}})

    def put(*answers: Any) -> tuple[bool, ...]:
        return TableInbox(Script(list(answers)).client(), "t").put([arrival], DEADLINE_S)

    assert put(LOST, ours) == (True,)
    assert put(LOST, others) == (False,)
    assert put(ours) == (False,)


def test_a_put_without_any_answer_is_not_confirmed() -> None:
    inbox = TableInbox(Script([LOST] * ATTEMPTS_MAX).client(), "t")

    with pytest.raises(NotSentError):
        inbox.put([an_arrival()], DEADLINE_S)


@pytest.fixture
def ministack(request: pytest.FixtureRequest) -> Backend:
    return open_backend("ministack", request)


def lean_client(backend: Backend) -> WireClient:
    return WireClient(
        {**ENVIRONMENT, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": backend.endpoint}
    )


def test_the_lean_client_writes_what_boto3_reads(ministack: Backend) -> None:
    store = Store(ministack)
    inbox = TableInbox(lean_client(ministack), ministack.table)
    mention = a_mention("é#1", text="naïve 😀")
    edit = a_change(mention, "edited", after_ms=1_000, text="edited")

    assert inbox.put([an_arrival(mention)], DEADLINE_S) == (True,)
    assert inbox.put([an_arrival(mention)], DEADLINE_S) == (False,)
    assert store.get(mention).mention == mention
    batch = [an_arrival(a_mention(str(n))) for n in range(40)]
    assert inbox.put([edit, *batch], DEADLINE_S) == (True,) * 41
    assert store.get(mention).mention.text == "edited"


def test_the_lean_client_returns_what_boto3_returns(ministack: Backend) -> None:
    request: dict[str, Any] = {
        "TableName": ministack.table,
        "Key": {"pk": {"S": "a"}, "sk": {"S": "-"}},
        "UpdateExpression": "SET c = :c",
        "ExpressionAttributeValues": {":c": {"B": b"\x00\xff"}},
        "ReturnValues": "ALL_NEW",
    }
    by_boto3 = ministack.dynamo.update_item(**request)["Attributes"]

    assert lean_client(ministack).update_item(**request)["Attributes"] == by_boto3


def test_an_error_of_the_service_arrives_as_such(ministack: Backend) -> None:
    with pytest.raises(ClientError) as caught:
        lean_client(ministack).update_item(TableName="none", Key={"pk": {"S": "a"}})

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_lean_client_reads_secrets(ministack: Backend) -> None:
    name = f"{ministack.prefix}x/main/signing"
    ministack.secrets.create_secret(Name=name, SecretString='{"current": "k1"}')
    secrets = CachedSecrets(lean_client(ministack), ministack.prefix, ministack.clock)

    assert secrets.signing("x", "main").keys == ("k1",)


def test_nobody_at_the_address_is_no_answer() -> None:
    client = WireClient({**ENVIRONMENT, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})

    with pytest.raises(urllib3.exceptions.HTTPError):
        update(client)
