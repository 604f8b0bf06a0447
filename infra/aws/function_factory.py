"""The one place where a Lambda function is made: code, layers, role and log group of each alike."""

from dataclasses import dataclass, field
from pathlib import Path

from aws_cdk import Duration, IgnoreMode
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.aws.deployment import Deployment
from infra.aws.grants import write_logs

METRICS_NAMESPACE = "Heed"
HANDLER = "handler.lambda_handler"
LOG_RETENTION = logs.RetentionDays.ONE_MONTH

_RUNTIME = lambda_.Runtime.PYTHON_3_13
_ARCHITECTURE = lambda_.Architecture.ARM_64
# Bytecode changes with every run and belongs to another Python.
_BYTECODE = ["__pycache__", "*.pyc"]
# A layer ships its python/ folder and nothing that stands beside it.
_BESIDE_PYTHON = ["/*", "!/python"]


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What makes one function different from the others. `environment` holds the names of its
    settings model; `name` is also its folder under functions/."""

    name: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str]
    statements: list[iam.PolicyStatement] = field(default_factory=list)
    reserved_concurrency: int | None = None


class FunctionFactory:
    """Makes functions that share the layers of one stack."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        self._scope = scope
        self._deployment = deployment
        # The emulator runs functions in the development environment, and wheels for arm64 on the
        # import path would break it.
        names = ["heed", "brand"] if deployment.is_local else ["vendor", "heed", "brand"]
        self._layers = [self._layer(name) for name in names]

    def make(self, spec: FunctionSpec) -> lambda_.Function:
        """Add a function with its log group and its role."""
        scope = Construct(self._scope, spec.name)
        group = logs.LogGroup(
            scope, "Logs", retention=LOG_RETENTION, removal_policy=self._deployment.removal
        )
        return lambda_.Function(
            scope,
            "Function",
            runtime=_RUNTIME,
            architecture=_ARCHITECTURE,
            handler=HANDLER,
            code=_code(self._deployment.root / "functions" / spec.name, _BYTECODE),
            layers=self._layers,
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_s),
            environment=self._environment(spec),
            role=_role(scope, [*spec.statements, write_logs(group)]),
            log_group=group,
            reserved_concurrent_executions=spec.reserved_concurrency,
        )

    def _layer(self, name: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self._scope,
            f"Layer-{name}",
            code=_code(self._deployment.root / "layers" / name, [*_BESIDE_PYTHON, *_BYTECODE]),
            compatible_runtimes=[_RUNTIME],
            compatible_architectures=[_ARCHITECTURE],
        )

    def _environment(self, spec: FunctionSpec) -> dict[str, str]:
        return {
            "HEED_STAGE": self._deployment.stage,
            "HEED_TABLE": self._deployment.table_name,
            **spec.environment,
            "POWERTOOLS_SERVICE_NAME": spec.name,
            "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }


def _role(scope: Construct, statements: list[iam.PolicyStatement]) -> iam.Role:
    return iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"grants": iam.PolicyDocument(statements=statements)},
    )


def _code(folder: Path, exclude: list[str]) -> lambda_.Code:
    return lambda_.Code.from_asset(str(folder), exclude=exclude, ignore_mode=IgnoreMode.GIT)
