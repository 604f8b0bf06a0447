"""The desk function: the agents' API, behind their sign-in."""

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers

from infra.aws.data_stack import CONVERSATION_INDEX, DESK_INDEX, DUE_INDEX
from infra.aws.function_factory import FunctionSpec
from infra.aws.gateway import ApiSpec, add_api
from infra.aws.grants import send, take
from infra.aws.parts import Parts
from infra.aws.queues import DESK_TIMEOUT_S, queue_base

MEMORY_MB = 512
PATH = "/v1/{proxy+}"
METHODS = (
    apigateway.HttpMethod.GET,
    apigateway.HttpMethod.POST,
    apigateway.HttpMethod.PUT,
    apigateway.HttpMethod.DELETE,
    apigateway.HttpMethod.PATCH,
)


def add_desk(parts: Parts) -> apigateway.HttpApi:
    """Add the function and its API; every route wants an id token of the agents' client."""
    grants, queues = parts.grants, parts.queues
    spec = FunctionSpec(
        name="desk",
        memory_mb=MEMORY_MB,
        timeout_s=DESK_TIMEOUT_S,
        environment={"HEED_QUEUE_BASE": queue_base(parts.deployment)},
        statements=[
            grants.items("GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"),
            grants.query_table(),
            grants.query(CONVERSATION_INDEX, DESK_INDEX, DUE_INDEX),
            take(queues.work.values()),
            send(queues.handed_over),
        ],
    )
    authorizer = authorizers.HttpUserPoolAuthorizer(
        "Agents", parts.agents.pool, user_pool_clients=[parts.agents.client]
    )
    api = ApiSpec("desk", PATH, METHODS, authorizer)
    return add_api(parts, api, function=parts.factory.make(spec))
