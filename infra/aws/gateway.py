"""HTTP APIs: one for the platforms, one for the agents. No access log: query strings and paths of
deliveries may carry tokens. No CORS: no page of another origin has business here."""

from dataclasses import dataclass

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_

from infra.aws.parts import Parts

RATE_PER_S = 500
BURST_CALLS = 1000


@dataclass(frozen=True, slots=True)
class ApiSpec:
    """One path of one API, with the methods that it answers and who may call it."""

    name: str
    path: str
    methods: tuple[apigateway.HttpMethod, ...]
    authorizer: apigateway.IHttpRouteAuthorizer | None = None


def add_api(parts: Parts, spec: ApiSpec, *, function: lambda_.IFunction) -> apigateway.HttpApi:
    """Add an API whose one path leads to a function, with a throttled default stage."""
    api = apigateway.HttpApi(
        parts.stack,
        spec.name.capitalize(),
        api_name=parts.deployment.name_prefix + spec.name,
        create_default_stage=False,
    )
    apigateway.HttpStage(
        api,
        "Stage",
        http_api=api,
        stage_name="$default",
        auto_deploy=True,
        throttle=apigateway.ThrottleSettings(rate_limit=RATE_PER_S, burst_limit=BURST_CALLS),
    )
    api.add_routes(
        path=spec.path,
        methods=list(spec.methods),
        integration=integrations.HttpLambdaIntegration("Function", function),
        authorizer=spec.authorizer,
    )
    return api
