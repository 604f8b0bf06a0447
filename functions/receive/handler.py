"""Trigger: HTTP API, GET and POST /hooks/{platform}/{connection}. Input: a platform's delivery or
challenge. Output: its HTTP answer."""

import base64
import os
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import registry
from heed.adapter import Answer
from heed.flows.receive import HookRequest, Receiving, receive
from heed.settings import ReceiveSettings
from heed.storage.inbox import TableInbox
from heed.storage.secrets import CachedSecrets
from heed.storage.wire import CALL_ERRORS, WireClient, reason_of
from heed.telemetry import CountingMeter, SystemTime, report

Respond = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


@cache
def services() -> Respond:
    """Build everything, once per process."""
    settings = ReceiveSettings.read(os.environ)
    client, time, counts = WireClient(), SystemTime(), CountingMeter()
    secrets = CachedSecrets(client, settings.secret_prefix, time)
    inbox = TableInbox(client, settings.table)
    return build(Receiving(registry.load(), secrets, inbox, counts, time), counts)


def build(receiving: Receiving, counts: CountingMeter) -> Respond:
    """Put the flow behind the gateway's events, with one log line for each request."""
    logger, metrics = Logger(), Metrics()

    @logger.inject_lambda_context(clear_state=True)
    def respond(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        # The gateway's name of the request: platforms' own ids are not known before the body is.
        logger.append_keys(delivery_id=event["requestContext"]["requestId"])
        answer = _answered(event, receiving)
        status, headers = int(answer.status), {"content-type": answer.content_type}
        report(logger, metrics, counts, status=status)
        return {"statusCode": status, "headers": headers, "body": answer.body}

    return respond


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of a platform."""
    return services()(event, context)


def _answered(event: dict[str, Any], receiving: Receiving) -> Answer:
    try:
        body = _body(event)
    except ValueError:
        return Answer(HTTPStatus.BAD_REQUEST, "the body is not what its encoding says")
    path, http = event.get("pathParameters") or {}, event["requestContext"]["http"]
    place = path.get("platform", ""), path.get("connection", "")
    headers = _headers(event.get("headers") or {})
    query = _query(event.get("rawQueryString") or "")
    try:
        return receive(HookRequest(*place, http["method"], query, headers, body), receiving)
    except CALL_ERRORS as error:  # Nothing was confirmed: the platform comes again.
        receiving.meter.count(f"aws_{reason_of(error)}")
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "try again")


def _headers(given: dict[str, str]) -> dict[str, str]:
    # One name in two cases is joined as the gateway joins doubles: two signatures are none.
    names = {name.lower() for name in given}
    return {n: ",".join(v for name, v in given.items() if name.lower() == n) for n in names}


def _query(raw: str) -> dict[str, str]:
    # Decoded once, and not by the rules of forms: a + in a crc_token is no space.
    pairs = (pair.partition("=") for pair in raw.split("&") if pair)
    return {unquote(name): unquote(value) for name, _, value in pairs}


def _body(event: dict[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
