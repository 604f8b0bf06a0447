"""The receive function: the address that platforms call, and the little that it may do."""

from dataclasses import dataclass

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_

from infra.aws.function_factory import FunctionSpec
from infra.aws.gateway import ApiSpec, add_api
from infra.aws.parts import Parts

MEMORY_MB = 512
TIMEOUT_S = 10
PATH = "/hooks/{platform}/{connection}"


@dataclass(frozen=True, slots=True)
class Receive:
    """The function and the API in front of it."""

    function: lambda_.Function
    api: apigateway.HttpApi


def add_receive(parts: Parts) -> Receive:
    """Add the function and its own API: then the API's 5xx count is exactly what platforms saw."""
    spec = FunctionSpec(
        name="receive",
        memory_mb=MEMORY_MB,
        timeout_s=TIMEOUT_S,
        environment={"HEED_SECRET_PREFIX": parts.deployment.secret_prefix},
        statements=[
            parts.grants.items("PutItem", "UpdateItem"),
            parts.grants.secrets("signing"),
        ],
        reserved_concurrency=parts.deployment.receive_concurrency,
    )
    function = parts.factory.make(spec)
    methods = (apigateway.HttpMethod.GET, apigateway.HttpMethod.POST)
    api = add_api(parts, ApiSpec("hooks", PATH, methods), function=function)
    return Receive(function=function, api=api)
