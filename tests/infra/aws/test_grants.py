from collections import defaultdict
from typing import Any

import pytest

from tests.infra.aws.conftest import FUNCTIONS
from tests.infra.aws.templates import ACCOUNT_ARN, Template, as_list

TABLE = f"arn:${{AWS::Partition}}:dynamodb:{ACCOUNT_ARN}:table/heed-prod"
SECRET = f"arn:${{AWS::Partition}}:secretsmanager:{ACCOUNT_ARN}:secret:heed/prod/*/*/"
STREAM = "Heed-prod-Data:PublishOutputFnGetAttTableCD117FA1StreamArn"
LANES = {"queue heed-prod-reply-telegram", "queue heed-prod-reply-x"}
WORK = {
    f"queue heed-prod-work-{brand}-{band}"
    for brand in ("acme", "zenith")
    for band in ("urgent", "normal", "low")
}
PAGES = {"topic heed-prod-pages"}

# All that each function may do, beside writing its own log.
GRANTS: dict[str, dict[str, set[str]]] = {
    "receive": {
        "dynamodb:PutItem": {TABLE},
        "dynamodb:UpdateItem": {TABLE},
        "secretsmanager:GetSecretValue": {f"{SECRET}signing-??????"},
    },
    "triage": {
        "dynamodb:GetItem": {TABLE},
        "dynamodb:PutItem": {TABLE},
        "dynamodb:UpdateItem": {TABLE},
        "dynamodb:Query": {TABLE},
        "dynamodb:DescribeStream": {STREAM},
        "dynamodb:GetRecords": {STREAM},
        "dynamodb:GetShardIterator": {STREAM},
        "dynamodb:ListStreams": {f"{TABLE}/stream/*"},
        "sqs:SendMessage": LANES | WORK | {"queue heed-prod-triage-dead"},
        "sns:Publish": PAGES,
    },
    "reply": {
        "dynamodb:GetItem": {TABLE},
        "dynamodb:PutItem": {TABLE},
        "dynamodb:UpdateItem": {TABLE},
        "dynamodb:Query": {TABLE},
        "secretsmanager:GetSecretValue": {f"{SECRET}token-??????"},
        "secretsmanager:PutSecretValue": {f"{SECRET}token-??????"},
        "sqs:ReceiveMessage": LANES,
        "sqs:DeleteMessage": LANES,
        "sqs:GetQueueAttributes": LANES,
        "sqs:SendMessage": LANES | WORK,
        "sns:Publish": PAGES,
    },
    "desk": {
        "dynamodb:GetItem": {TABLE},
        "dynamodb:PutItem": {TABLE},
        "dynamodb:UpdateItem": {TABLE},
        "dynamodb:ConditionCheckItem": {TABLE},
        "dynamodb:Query": {
            TABLE,
            f"{TABLE}/index/by_conv",
            f"{TABLE}/index/desk",
            f"{TABLE}/index/due",
        },
        "sqs:ReceiveMessage": WORK,
        "sqs:DeleteMessage": WORK,
        "sqs:SendMessage": LANES | WORK,
    },
    "sweep": {
        "dynamodb:GetItem": {TABLE},
        "dynamodb:PutItem": {TABLE},
        "dynamodb:UpdateItem": {TABLE},
        "dynamodb:Query": {f"{TABLE}/index/due"},
        "sqs:SendMessage": LANES | WORK | {"queue heed-prod-sweep-dead"},
        "sns:Publish": PAGES,
    },
}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}


def granted(template: Template, word: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for statement in template.statements(word):
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            found[action] |= {template.plain(r) for r in as_list(statement["Resource"])}
    return dict(found)


@pytest.mark.parametrize("word", FUNCTIONS)
def test_a_function_may_do_exactly_this(service: Template, word: str) -> None:
    found = granted(service, word)

    assert {a: found[a] for a in found if a not in LOGS} == GRANTS[word]


@pytest.mark.parametrize("word", FUNCTIONS)
def test_a_function_writes_only_its_own_log(service: Template, word: str) -> None:
    group = service.functions()[word]["LoggingConfig"]["LogGroup"]["Ref"]

    found = granted(service, word)

    assert {action: found[action] for action in LOGS} == {a: {f"${{{group}.Arn}}"} for a in LOGS}


def test_every_function_has_a_role_of_its_own_and_no_other_policy(service: Template) -> None:
    roles = service.all("AWS::IAM::Role")
    used = [function["Role"]["Fn::GetAtt"][0] for function in service.functions().values()]

    assert sorted(used) == sorted(roles)
    assert all("ManagedPolicyArns" not in role for role in roles.values())
    assert not service.all("AWS::IAM::Policy")
    assert not service.all("AWS::IAM::ManagedPolicy")


def test_no_action_and_no_resource_is_only_a_star(data: Template, service: Template) -> None:
    statements = [
        statement
        for template in (data, service)
        for statement in _statements(template.body["Resources"])
    ]

    assert statements
    for statement in statements:
        assert "*" not in as_list(statement["Action"])
        assert "*" not in as_list(statement.get("Resource", "none"))
        assert "NotAction" not in statement
        assert "NotResource" not in statement


def _statements(value: Any) -> list[dict[str, Any]]:
    """Find every policy statement, wherever a template keeps one."""
    if isinstance(value, list):
        return [found for item in value for found in _statements(item)]
    if not isinstance(value, dict):
        return []
    below = [found for item in value.values() for found in _statements(item)]
    return [value, *below] if {"Effect", "Action"} <= value.keys() else below
