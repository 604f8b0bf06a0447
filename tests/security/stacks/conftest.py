"""The synthesised stacks. They stand apart because importing the CDK takes longer than a check."""

from tests.infra.aws.conftest import assembly, data, project, service

__all__ = ["assembly", "data", "project", "service"]
