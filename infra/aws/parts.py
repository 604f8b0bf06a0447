"""What the functions are put together from."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns

from infra.aws.deployment import Deployment
from infra.aws.function_factory import FunctionFactory
from infra.aws.grants import Grants
from infra.aws.queues import Queues
from infra.aws.sign_in import Agents


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that functions share, made before the first of them."""

    stack: Stack
    deployment: Deployment
    table: dynamodb.ITableV2
    agents: Agents
    queues: Queues
    pages: sns.Topic
    factory: FunctionFactory
    grants: Grants
