"""What must outlive a deployment: the table, the agents and the secrets. No code runs here."""

import json

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.aws.deployment import Deployment
from infra.aws.outputs import SIGNING_FIELD, TOKEN_FIELD, add_data_outputs
from infra.aws.sign_in import Agents, add_agents

RECOVERY_DAYS = 7
TTL_ATTRIBUTE = "exp"

DUE_INDEX, DESK_INDEX, CONVERSATION_INDEX = "due", "desk", "by_conv"

_TEXT, _NUMBER = dynamodb.AttributeType.STRING, dynamodb.AttributeType.NUMBER
_INDEXES = (
    (DUE_INDEX, ("dh", _TEXT), ("da", _NUMBER)),
    (DESK_INDEX, ("dk", _TEXT), ("ds", _TEXT)),
    (CONVERSATION_INDEX, ("cv", _TEXT), ("ra", _NUMBER)),
)


class DataStack(Stack):
    """`table` and `agents` are what the service stack builds on."""

    def __init__(self, scope: Construct, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"Heed-{deployment.stage}-Data",
            description="Heed: the table, the agents and the secrets. Retained.",
            termination_protection=not deployment.is_local,
        )
        self.table: dynamodb.TableV2 = _add_table(self, deployment)
        self.agents: Agents = add_agents(self, deployment)
        _add_secrets(self, deployment)
        add_data_outputs(self, deployment, agents=self.agents)


def _add_table(stack: Stack, deployment: Deployment) -> dynamodb.TableV2:
    return dynamodb.TableV2(
        stack,
        "Table",
        table_name=deployment.table_name,
        partition_key=dynamodb.Attribute(name="pk", type=_TEXT),
        sort_key=dynamodb.Attribute(name="sk", type=_TEXT),
        billing=dynamodb.Billing.on_demand(),
        dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        # The key that AWS owns costs nothing per call; a customer's key would add up to $3/M items.
        encryption=dynamodb.TableEncryptionV2.dynamo_owned_key(),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True, recovery_period_in_days=RECOVERY_DAYS
        ),
        time_to_live_attribute=TTL_ATTRIBUTE,
        global_secondary_indexes=[
            dynamodb.GlobalSecondaryIndexPropsV2(
                index_name=name,
                partition_key=dynamodb.Attribute(name=hash_key, type=hash_type),
                sort_key=dynamodb.Attribute(name=range_key, type=range_type),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
            for name, (hash_key, hash_type), (range_key, range_type) in _INDEXES
        ],
        deletion_protection=not deployment.is_local,
        removal_policy=deployment.removal,
    )


def _add_secrets(stack: Stack, deployment: Deployment) -> None:
    fields = {deployment.signing_secret(*pair): SIGNING_FIELD for pair in deployment.connections}
    fields |= {deployment.token_secret(account): TOKEN_FIELD for account in deployment.accounts}
    for name, field in fields.items():
        secretsmanager.Secret(
            stack,
            name.removeprefix(deployment.secret_prefix).replace("/", "-"),
            secret_name=name,
            # The field that Heed reads is empty, so it fails closed until a person stores the real
            # value. CDK wants to generate something: it stands under a key that nobody reads.
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({field: ""}), generate_string_key="placeholder"
            ),
            removal_policy=deployment.removal,
        )
