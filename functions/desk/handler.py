"""Trigger: HTTP API (JWT), /v1/{proxy+}. Input: an agent's request. Output: JSON (docs/api.md)."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from heed import brand, composition, desk_routes
from heed.desk_routes import HEADERS, ROUTES, Route
from heed.flows.desk import Desk, NoPager
from heed.flows.handover import Handing
from heed.queues import SqsBells, SqsLanes
from heed.settings import DeskSettings
from heed.storage import controls, conversations, mentions, outbox, timeline
from heed.telemetry import CountingMeter, SystemTime, report

Respond = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


@cache
def compose() -> Respond:
    """Build everything, once per process."""
    settings = DeskSettings.read(os.environ)
    client, table, base = composition.dynamo(), settings.table, settings.queue_base
    brands, counts, time = brand.load(), CountingMeter(), SystemTime()
    sqs: Any = boto3.client("sqs")
    desk = Desk(
        Handing(
            mentions=mentions.TableMentions(client, table),
            conversations=conversations.TableConversations(client, table),
            lanes=SqsLanes(sqs, base),
            bells=SqsBells(sqs, base, counts),
            pager=NoPager(),
            time=time,
            policies=brands.policies,
        ),
        controls.TableControls(client, table, time, cache_ms=0),
        outbox.TableOutbox(client, table),
        timeline.TableTimeline(client, table),
        voices=brands.voices,
        meter=counts,
    )
    return build(desk, counts)


def build(desk: Desk, counts: CountingMeter) -> Respond:
    """Put the routes behind the gateway's events, with one log line for each request."""
    logger, metrics, app = Logger(), Metrics(), APIGatewayHttpResolver()

    def answer(route: Route | None) -> Response[str]:
        event = app.current_event
        result = desk_routes.answer(route, event.path, event.raw_event, desk)
        logger.append_keys(**result.log)
        return Response(int(result.status), result.content_type, result.text, HEADERS)

    for route in ROUTES:
        app.route(route.rule, method=route.method)(lambda route=route: answer(route))
    app.not_found(lambda _: answer(None))

    @logger.inject_lambda_context(clear_state=True)
    def respond(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        began = desk.handing.time.now()
        response = app.resolve(event, context)
        took_ms = desk.handing.time.now() - began
        report(logger, metrics, counts, status=response["statusCode"], duration_ms=took_ms)
        return response

    return respond


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of an agent."""
    return compose()(event, context)
