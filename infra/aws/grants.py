"""What a function may do, action by action. The grant_* helpers of CDK are not used: they give
scans, batch writes and look-ups that nobody here makes."""

from collections.abc import Iterable
from typing import Literal

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.aws.deployment import Deployment

SecretKind = Literal["signing", "token"]
TableAction = Literal["GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"]

# Secrets Manager appends a hyphen and six characters to a secret's name.
_SECRET_SUFFIX = "-??????"  # noqa: S105  # A pattern for names, no secret.


class Grants:
    """Statements for one deployment. ARNs are formed from names, not from constructs, so that the
    data stack exports nothing but what has no name of ours."""

    def __init__(self, stack: Stack, deployment: Deployment) -> None:
        self._stack = stack
        self._deployment = deployment

    def items(self, *actions: TableAction) -> iam.PolicyStatement:
        """Allow actions on single items of the table; a transaction needs the same ones."""
        return _allow("dynamodb", actions, [self._table()])

    def query(self, *indexes: str) -> iam.PolicyStatement:
        """Allow Query on indexes."""
        return _allow("dynamodb", ["Query"], [self._table(f"/index/{name}") for name in indexes])

    def query_table(self) -> iam.PolicyStatement:
        """Allow Query on the table's own key."""
        return _allow("dynamodb", ["Query"], [self._table()])

    def stream(self, stream_arn: str) -> list[iam.PolicyStatement]:
        """Allow what an event source mapping asks for.

        Source: AWS SAM, policy template DynamoDBStreamReadPolicy, for the scope of ListStreams.
        """
        reads = ["DescribeStream", "GetRecords", "GetShardIterator"]
        return [
            _allow("dynamodb", reads, [stream_arn]),
            _allow("dynamodb", ["ListStreams"], [self._table("/stream/*")]),
        ]

    def secrets(self, kind: SecretKind) -> iam.PolicyStatement:
        """Allow to read every secret of one kind of this stage."""
        return _allow("secretsmanager", ["GetSecretValue"], [self._secrets(kind)])

    def store_secrets(self, kind: SecretKind) -> iam.PolicyStatement:
        """Allow to store new values in the secrets of one kind of this stage."""
        return _allow("secretsmanager", ["PutSecretValue"], [self._secrets(kind)])

    def _secrets(self, kind: SecretKind) -> str:
        return self._stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{self._deployment.secret_prefix}*/*/{kind}{_SECRET_SUFFIX}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _table(self, rest: str = "") -> str:
        name = self._deployment.table_name + rest
        return self._stack.format_arn(service="dynamodb", resource="table", resource_name=name)


def send(queues: Iterable[sqs.IQueue]) -> iam.PolicyStatement:
    """Allow to put messages into queues."""
    return _allow("sqs", ["SendMessage"], [queue.queue_arn for queue in queues])


def take(queues: Iterable[sqs.IQueue]) -> iam.PolicyStatement:
    """Allow to receive and delete messages by hand."""
    return _allow("sqs", ["ReceiveMessage", "DeleteMessage"], [q.queue_arn for q in queues])


def consume(queues: Iterable[sqs.IQueue]) -> iam.PolicyStatement:
    """Allow what an event source mapping does with a queue.

    Source: AWS managed policy AWSLambdaSQSQueueExecutionRole, read 2026-11-22.
    """
    actions = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
    return _allow("sqs", actions, [queue.queue_arn for queue in queues])


def publish(topic: sns.ITopic) -> iam.PolicyStatement:
    """Allow to page."""
    return _allow("sns", ["Publish"], [topic.topic_arn])


def write_logs(group: logs.ILogGroup) -> iam.PolicyStatement:
    """Allow to write to the function's own log group, which exists already."""
    return _allow("logs", ["CreateLogStream", "PutLogEvents"], [group.log_group_arn])


def _allow(service: str, actions: Iterable[str], arns: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[f"{service}:{name}" for name in actions], resources=arns)
