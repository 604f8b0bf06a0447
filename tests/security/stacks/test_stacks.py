"""What the synthesised stacks promise: checks 17 and 20 where the gateway does them, 26 to 28."""

from typing import Any

import pytest

from tests.infra.aws.conftest import FUNCTIONS
from tests.infra.aws.templates import Template, as_list

ROUTE, STAGE = "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage"


def test_check_17_the_gateway_leads_nothing_else_to_a_function(service: Template) -> None:
    """17: unknown path/method -> 404/405: what is not listed never reaches a function."""
    keys = {route["RouteKey"] for route in service.all(ROUTE).values()}

    hooks = {f"{method} /hooks/{{platform}}/{{connection}}" for method in ("GET", "POST")}
    methods = ("GET", "POST", "PUT", "DELETE", "PATCH")
    assert keys == hooks | {f"{method} /v1/{{proxy+}}" for method in methods}
    assert not service.all("AWS::Lambda::Url")


def test_check_20_the_gateway_asks_for_a_token_of_our_pool_and_our_client(
    service: Template,
) -> None:
    """20: agent without token, expired, wrong audience, alg none, wrong issuer: an HTTP API's JWT
    authorizer refuses each, if it knows issuer and audience and stands before every route."""
    (name,) = service.all("AWS::ApiGatewayV2::Authorizer")
    authorizer = service.one("AWS::ApiGatewayV2::Authorizer")
    token = authorizer["JwtConfiguration"]

    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert service.plain(token["Issuer"]).startswith("https://cognito-idp.${AWS::Region}.")
    assert [service.plain(one).partition("Ref")[2][:12] for one in token["Audience"]] == [
        "AgentsClient"
    ]
    for route in service.all(ROUTE).values():
        if "/hooks/" not in route["RouteKey"]:
            assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", {"Ref": name})


def test_check_20_a_token_is_short_lived_and_nobody_makes_one_for_himself(data: Template) -> None:
    """20: ... expired: eight hours at most; a brand is no attribute that an agent can write."""
    client = data.one("AWS::Cognito::UserPoolClient")

    assert client["TokenValidityUnits"]["IdToken"] == "minutes"
    assert client["IdTokenValidity"] <= 8 * 60
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert client["WriteAttributes"] == ["name"]
    pool = data.one("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


# Resources that end in a star, each with its reason.
OPEN_ENDED = {
    # A stream's name ends in the instant of its creation; ListStreams knows no narrower scope.
    "dynamodb:ListStreams": ":table/heed-prod/stream/*",
    # A secret's name ends in six characters that Secrets Manager chooses.
    "secretsmanager:GetSecretValue": "-??????",
    "secretsmanager:PutSecretValue": "-??????",
}


@pytest.mark.parametrize("word", FUNCTIONS)
def test_check_26_no_function_may_do_or_reach_just_anything(service: Template, word: str) -> None:
    """26: IAM policies: no star action or resource except documented."""
    for statement in service.statements(word):
        assert {"NotAction", "NotResource"}.isdisjoint(statement)
        for action in as_list(statement["Action"]):
            assert not set(action) & set("*?"), action
            assert action not in ("dynamodb:Scan", "dynamodb:DeleteItem")
            for resource in map(service.plain, as_list(statement["Resource"])):
                if set(resource) & set("*?"):
                    assert resource.endswith(OPEN_ENDED[action]), (action, resource)
                assert resource not in ("*", "")


def test_check_26_who_speaks_to_platforms_reads_tokens_and_only_receive_keys(
    service: Template,
) -> None:
    """26: IAM policies: nobody reads both kinds of secrets, and only who renews tokens writes."""
    readers = {
        word: service.plain(as_list(statement["Resource"])[0]).rpartition("/")[2]
        for word in FUNCTIONS
        for statement in service.statements(word)
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"])
    }

    assert readers == {
        "receive": "signing-??????",
        "reply": "token-??????",
        "poll": "token-??????",
    }
    writers = {
        word
        for word in FUNCTIONS
        for statement in service.statements(word)
        if "secretsmanager:PutSecretValue" in as_list(statement["Action"])
    }
    assert writers == {"reply"}


def test_check_26_a_function_is_called_only_by_what_it_is_for(service: Template) -> None:
    """26: IAM policies: the resource's side, too."""
    permissions = service.all("AWS::Lambda::Permission").values()

    assert {p["Principal"] for p in permissions} == {
        "apigateway.amazonaws.com",
        "events.amazonaws.com",
    }
    assert all("SourceArn" in p and p["Action"] == "lambda:InvokeFunction" for p in permissions)


def test_check_27_what_is_stored_is_encrypted_and_can_be_brought_back(data: Template) -> None:
    """27: table encrypted; PITR on; deletion protection on. A table is always encrypted: false
    stands for the key that AWS owns."""
    table = data.one("AWS::DynamoDB::GlobalTable")
    (replica,) = table["Replicas"]

    assert table["SSESpecification"] == {"SSEEnabled": False}
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert replica["DeletionProtectionEnabled"] is True
    assert data.one("AWS::Cognito::UserPool")["DeletionProtection"] == "ACTIVE"
    kinds = ("AWS::DynamoDB::GlobalTable", "AWS::SecretsManager::Secret")
    kept = [one for one in data.body["Resources"].values() if one["Type"] in kinds]
    assert {resource["DeletionPolicy"] for resource in kept} == {"Retain"}


def test_check_27_queues_and_topic_are_encrypted_on_disk_and_on_the_way(service: Template) -> None:
    """27: queues encrypted; TLS-only queue policy."""
    queues = service.all("AWS::SQS::Queue")
    refusing = {
        queue["Ref"]
        for policy in service.all("AWS::SQS::QueuePolicy").values()
        if any(map(_refuses_plain_http, policy["PolicyDocument"]["Statement"]))
        for queue in policy["Queues"]
    }
    topic = service.one("AWS::SNS::TopicPolicy")

    assert {queue["SqsManagedSseEnabled"] for queue in queues.values()} == {True}
    assert refusing == queues.keys()
    assert any(map(_refuses_plain_http, topic["PolicyDocument"]["Statement"]))


def _refuses_plain_http(statement: dict[str, Any]) -> bool:
    is_for_all = statement["Principal"] in ("*", {"AWS": "*"})
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return statement["Effect"] == "Deny" and is_for_all and statement["Condition"] == condition


def test_check_27_logs_end_and_hold_no_request(service: Template) -> None:
    """27: logs encrypted: CloudWatch encrypts every log group; ours end after 30 days, and the
    gateway, whose lines would hold queries, writes none."""
    groups = service.all("AWS::Logs::LogGroup").values()

    assert len(groups) == len(FUNCTIONS)
    assert {group["RetentionInDays"] for group in groups} == {30}
    assert not any("AccessLogSettings" in stage for stage in service.all(STAGE).values())
    for function in service.functions().values():
        variables = function["Environment"]["Variables"]
        debugging = {"POWERTOOLS_DEV", "POWERTOOLS_DEBUG", "POWERTOOLS_LOGGER_LOG_EVENT"}
        assert debugging.isdisjoint(variables)
        assert variables["POWERTOOLS_LOG_LEVEL"] == "INFO"


def test_check_27_no_secret_stands_in_a_template_or_an_environment(
    data: Template, service: Template
) -> None:
    """27: ... nor would encryption help what stands in the open."""
    for function in service.functions().values():
        names = function["Environment"]["Variables"].keys()
        assert not [n for n in names if n.endswith(("_TOKEN", "_KEY", "_SECRET", "_PASSWORD"))]
    for secret in data.all("AWS::SecretsManager::Secret").values():
        assert "SecretString" not in secret


def test_check_28_a_flood_is_throttled_and_every_lane_is_narrow(service: Template) -> None:
    """28: reserved concurrency and stage throttles present. Reserved concurrency is a switch, off
    by default, because a new account has none to reserve."""
    stages = service.all(STAGE).values()

    assert len(stages) == 2
    for stage in stages:
        limits = stage["DefaultRouteSettings"]
        assert 0 < limits["ThrottlingRateLimit"] <= 500
        assert 0 < limits["ThrottlingBurstLimit"] <= 1000
    for mapping in service.mappings("reply"):
        assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 5
