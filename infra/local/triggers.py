"""Taking one function's trigger away, to prove that the summary of a run notices."""

from collections.abc import Mapping
from typing import Any

import boto3


def remove_trigger(function: str, connection: Mapping[str, Any]) -> None:
    """Cut a function off from what calls it: its routes, its event sources or its schedule."""
    if function in ("receive", "desk"):
        _remove_routes(boto3.client("apigatewayv2", **connection), function)
    elif function in ("sweep", "poll"):
        _remove_rules(boto3.client("events", **connection), function)
    else:
        _remove_sources(boto3.client("lambda", **connection), function)


def _remove_routes(gateway: Any, function: str) -> None:
    start = {"receive": "/hooks", "desk": "/v1"}[function]
    for api in gateway.get_apis()["Items"]:
        for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]:
            if route["RouteKey"].partition(" ")[2].startswith(start):
                gateway.delete_route(ApiId=api["ApiId"], RouteId=route["RouteId"])


def _remove_rules(events: Any, function: str) -> None:
    for rule in events.list_rules()["Rules"]:
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if any(f"-{function}" in target["Arn"] for target in targets):
            events.disable_rule(Name=rule["Name"])


def _remove_sources(functions: Any, function: str) -> None:
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        if f"-{function}" in source["FunctionArn"]:
            functions.delete_event_source_mapping(UUID=source["UUID"])
