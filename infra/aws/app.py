"""The CDK app. Started from the project's root, by the CDK command or by the embedded run."""

import sys
from pathlib import Path

from aws_cdk import App

from heed.errors import SetupError
from infra.aws.data_stack import DataStack
from infra.aws.deployment import Deployment, DeploymentError, read_deployment
from infra.aws.service_stack import ServiceStack
from infra.aws.vendor import VendorError, is_current

CONTEXT = ("stage", "local", "platform_hosts", "receive_concurrency")


def main() -> None:
    """Synthesise into the folder that CDK_OUTDIR names; without one, nowhere that would last."""
    app = App(analytics_reporting=False)
    try:
        add_stacks(app, deployment_of(app, Path.cwd()))
    except (SetupError, DeploymentError, VendorError) as error:
        sys.exit(str(error))
    app.synth()


def deployment_of(app: App, root: Path) -> Deployment:
    """Read the app's context and the brand file under the project's root."""
    return read_deployment(root, {name: app.node.try_get_context(name) for name in CONTEXT})


def add_stacks(app: App, deployment: Deployment) -> None:
    """Add both stacks.

    Raises: VendorError when the functions would be deployed without what they import.
    """
    if not deployment.is_local and not is_current(deployment.root):
        raise VendorError(
            "layers/vendor is not built from the present requirements.lock: run `make vendor`"
        )
    data = DataStack(app, deployment=deployment)
    ServiceStack(app, deployment=deployment, data=data)


if __name__ == "__main__":
    main()
