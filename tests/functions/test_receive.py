import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3

from functions.receive import handler
from heed import adapter as adapters
from heed.platforms import x
from heed.storage.inbox import TableInbox
from heed.storage.secrets import CachedSecrets
from heed.telemetry import SystemTime
from tests.fakes.refusals import client_error
from tests.functions.conftest import Enter
from tests.functions.invocations import hook_event, lines_of, make_context
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import KEYS, SECRET_PREFIX, World

ROOT = Path(__file__).parents[2]
CONTEXT = make_context("receive")
POST = "2123700000000000001"
MENTION = f"x#{X_ACCOUNT}#post:{POST}"
CRC = "crc_token"


@pytest.fixture
def world() -> World:
    return World()


def answered(world: World, event: dict[str, Any]) -> dict[str, Any]:
    return handler.build(world.receiving, world.meter)(event, CONTEXT)


def a_post(text: str = COMPLAINT, *, at: int, **fields: Any) -> tuple[bytes, dict[str, str]]:
    """A delivery of X with its signature, whose header is written as X writes it."""
    body = x_post(POST, text, at=at, **fields)
    signed = adapters.load("x").sign(body, KEYS["x"])
    return body, {name.title(): value for name, value in signed.items()}


def deliver(world: World, **changes: Any) -> dict[str, Any]:
    body, headers = a_post(at=world.clock.now())
    return answered(world, {**hook_event("POST", "x/main", body=body, headers=headers), **changes})


@pytest.mark.parametrize("in_base64", [True, False])
def test_a_delivery_is_stored_whichever_way_its_body_travels(
    world: World, *, in_base64: bool
) -> None:
    body, headers = a_post("@acmeair où est ma valise?", at=world.clock.now())
    event = hook_event("POST", "x/main", body=body, headers=headers, in_base64=in_base64)

    answer = answered(world, event)

    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert answer["headers"] == {"content-type": "text/plain; charset=utf-8"}
    assert world.stored(MENTION).mention.text == "@acmeair où est ma valise?"


@pytest.mark.parametrize("body", ["%%%", "abc", "éé", "\ud800", '{"data": {}}'])
def test_a_flag_about_base64_that_lies_is_400(world: World, body: str) -> None:
    answer = deliver(world, body=body, isBase64Encoded=True)

    assert answer["statusCode"] == 400
    assert world.items() == []


def test_a_body_that_has_no_bytes_is_400(world: World) -> None:
    assert deliver(world, body="\ud800", isBase64Encoded=False)["statusCode"] == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": None}, 401),
        ({"headers": {}}, 401),
        ({"body": None}, 401),
        ({"pathParameters": None}, 404),
        ({"pathParameters": {"platform": "x"}}, 404),
        ({"pathParameters": {"connection": "main"}}, 404),
        ({"rawQueryString": None}, 200),
    ],
)
def test_what_is_empty_is_refused_not_a_fault(
    world: World, changes: dict[str, Any], status: int
) -> None:
    assert deliver(world, **changes)["statusCode"] == status


def test_what_is_missing_is_refused_not_a_fault(world: World) -> None:
    context = hook_event("POST", "x/main")["requestContext"]

    assert answered(world, {"requestContext": context})["statusCode"] == 404
    place = {"platform": "x", "connection": "main"}
    event = {"requestContext": context, "pathParameters": place}
    assert answered(world, event)["statusCode"] == 401


@pytest.mark.parametrize("order", [1, -1])
def test_two_signatures_under_one_name_in_two_cases_are_refused(world: World, order: int) -> None:
    body, headers = a_post(at=world.clock.now())
    [(name, value)] = headers.items()
    pair = [(name.upper(), value), (name.lower(), "sha256=forged")][::order]

    answer = answered(world, hook_event("POST", "x/main", body=body, headers=dict(pair)))

    assert answer["statusCode"] == 401
    assert world.items() == []


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_the_case_of_a_headers_name_means_nothing(
    world: World, change: Callable[[str], str]
) -> None:
    body, headers = a_post(at=world.clock.now())
    recased = {change(name): value for name, value in headers.items()}

    answer = answered(world, hook_event("POST", "x/main", body=body, headers=recased))

    assert answer["statusCode"] == 200
    assert world.find(MENTION) is not None


@pytest.mark.parametrize(
    "place", ["y/main", "x/other", "_x_posts/main", "os.path/main", "X/main", "/main", "x/"]
)
def test_an_unknown_place_is_404(world: World, place: str) -> None:
    world.secrets_client.calls.clear()

    answer = answered(world, hook_event("POST", place, body=b"{}"))

    assert answer["statusCode"] == 404
    assert world.secrets_client.calls == []


@pytest.mark.parametrize(
    ("written", "token"),
    [
        ("0123456789abcdef", "0123456789abcdef"),
        ("0123456789%2Babcdef", "0123456789+abcdef"),
        ("0123456789+abcdef", "0123456789+abcdef"),
        ("0123456789abcdef%3D%3D", "0123456789abcdef=="),
        ("0123456789abcdef==", "0123456789abcdef=="),
        ("012345%36789abcdef", "0123456789abcdef"),
    ],
)
def test_a_challenge_is_decoded_once_and_answered_as_json(
    world: World, written: str, token: str
) -> None:
    answer = answered(world, hook_event("GET", "x/main", query=f"a=&&{CRC}={written}&nonce=1"))

    signed = x.sign(token.encode(), KEYS["x"]).popitem()[1]
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"content-type": "application/json"}
    assert answer["body"] == f'{{"response_token":"{signed}"}}'


def test_what_is_encoded_twice_is_no_token(world: World) -> None:
    query = f"{CRC}=0123456789%252Babcdef"

    assert answered(world, hook_event("GET", "x/main", query=query))["statusCode"] == 401


def test_the_challenge_of_meta_is_echoed_as_text(world: World) -> None:
    query = "hub.mode=subscribe&hub.verify_token=verify-facebook&hub.challenge=1158201444"

    answer = answered(world, hook_event("GET", "facebook/main", query=query))

    assert (answer["statusCode"], answer["body"]) == (200, "1158201444")
    assert answer["headers"]["content-type"].startswith("text/plain")


THROTTLED = client_error("update_item", "ThrottlingException", "slow down")
SILENT = urllib3.exceptions.ProtocolError("Connection aborted.")


class Refusing:
    """The lean client on a bad day."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def update_item(self, **request: Any) -> Any:
        raise self.error

    def get_secret_value(self, **request: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "counted"), [(THROTTLED, "aws_ThrottlingException"), (SILENT, "too_slow")]
)
def test_a_table_that_refuses_makes_the_platform_come_again(
    world: World, error: Exception, counted: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    world.receiving = replace(world.receiving, inbox=TableInbox(Refusing(error), world.table))

    answer = deliver(world)

    assert (answer["statusCode"], answer["body"]) == (503, "try again")
    [line] = lines_of(capsys.readouterr().out)
    assert (line["status"], line["counts"]) == (503, {counted: 1})


@pytest.mark.parametrize(
    ("error", "counted"), [(THROTTLED, "aws_ThrottlingException"), (SILENT, "aws_ProtocolError")]
)
def test_a_store_of_secrets_that_refuses_makes_the_platform_come_again(
    world: World, error: Exception, counted: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    secrets = CachedSecrets(Refusing(error), SECRET_PREFIX, world.clock)
    world.receiving = replace(world.receiving, secrets=secrets)

    answer = deliver(world)

    assert answer["statusCode"] == 503
    [line] = lines_of(capsys.readouterr().out)
    assert (line["status"], line["counts"]) == (503, {counted: 1})
    assert world.items() == []


def test_a_request_is_one_line_and_its_metrics_and_holds_nothing_that_was_sent(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    body, headers = a_post("@acmeair canary-text", at=world.clock.now(), name="Canary Name")
    headers = {**headers, "Authorization": "canary-header"}
    event = hook_event("POST", "x/main", body=body, headers=headers, query="q=canary-query")
    respond = handler.build(world.receiving, world.meter)

    respond(event, CONTEXT)
    respond(hook_event("GET", "x/main", query=f"{CRC}=canary-0123456789"), CONTEXT)
    respond(hook_event("POST", "x/main", body=b"canary-body", headers=headers), CONTEXT)
    respond({**event, "body": "canary-%%"}, CONTEXT)

    printed = capsys.readouterr().out
    lines = [line for line in lines_of(printed) if "_aws" not in line]
    metrics = [line for line in lines_of(printed) if "_aws" in line]
    assert "canary" not in printed.lower()
    assert KEYS["x"] not in printed
    assert headers["X-Twitter-Webhooks-Signature"] not in printed
    assert [(line["level"], line["message"]) for line in lines] == [("INFO", "done")] * 4
    assert [line["status"] for line in lines] == [200, 200, 401, 400]
    assert {line["delivery_id"] for line in lines} == {"gateway-request"}
    assert [line["counts"] for line in lines] == [
        {"stored": 1}, {"handshake": 1}, {"refused": 1}, {}
    ]  # fmt: skip
    assert [line.get("stored") or line.get("refused") for line in metrics] == [[1.0], [1.0]]


@pytest.fixture
def fresh_services() -> Iterator[None]:
    handler.services.cache_clear()
    yield
    handler.services.cache_clear()


def test_the_function_composes_itself_from_its_environment_once(
    deployed: Enter, fresh_services: None, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = deployed("secret_prefix")
    body, headers = a_post(at=SystemTime().now())
    event = hook_event("POST", "x/main", body=body, headers=headers)

    first, again = (handler.lambda_handler(event, CONTEXT) for _ in range(2))
    unknown = handler.lambda_handler(hook_event("POST", "x/other", body=body), CONTEXT)

    assert [one["statusCode"] for one in (first, again, unknown)] == [200, 200, 404]
    item = backend.item(f"mention#{MENTION}")
    assert item is not None
    assert (item["st"], item["todo"]) == ({"S": "new"}, {"S": "new"})
    lines = [line for line in lines_of(capsys.readouterr().out) if "_aws" not in line]
    assert [line["counts"] for line in lines] == [{"stored": 1}, {"duplicate": 1}, {"refused": 1}]


def test_a_challenge_costs_neither_boto3_nor_pydantic(deployed: Enter) -> None:
    deployed("secret_prefix")
    program = """
import json, sys
from functions.receive import handler
from tests.functions.invocations import make_context
answer = handler.lambda_handler(json.load(sys.stdin), make_context("receive"))
print(json.dumps([answer, [name for name in HEAVY if name in sys.modules]]))
"""
    heavy = ("boto3", "pydantic", "requests", "vaderSentiment", "heed.brand")
    event = hook_event("GET", "x/main", query=f"{CRC}=0123456789abcdef")

    ran = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {heavy}\n{program}"],
        cwd=ROOT,
        env={**os.environ},
        input=json.dumps(event),
        check=True,
        capture_output=True,
        text=True,
    )

    answer, loaded = json.loads(ran.stdout.splitlines()[-1])
    assert answer["statusCode"] == 200
    assert loaded == []
