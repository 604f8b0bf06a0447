"""What a person or a program needs after a deployment: addresses, names and the next steps."""

import re

from aws_cdk import CfnOutput
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.aws.deployment import Account, Deployment
from infra.aws.sign_in import Agents

TABLE_NAME = "TableName"
USER_POOL_ID = "UserPoolId"
USER_POOL_CLIENT_ID = "UserPoolClientId"
PAGE_TOPIC_ARN = "PageTopicArn"
DESK_ADDRESS = "DeskAddress"

# The field of a secret that a person has to fill, by heed.storage.secrets.
SIGNING_FIELD = "current"
TOKEN_FIELD = "token"  # noqa: S105  # The name of a field, no secret.


def webhook_output(platform: str, connection: str) -> str:
    """Name the output that holds a connection's webhook address."""
    return f"Webhook{_camel(platform)}{_camel(connection)}"


def token_output(account: Account) -> str:
    """Name the output that holds the name of an account's token secret."""
    return f"Token{_camel(account.platform)}{_camel(account.id)}"


def add_data_outputs(scope: Construct, deployment: Deployment, *, agents: Agents) -> None:
    """Say where the data is, how agents sign in and which tokens are missing."""
    CfnOutput(scope, TABLE_NAME, value=deployment.table_name, description="The one table.")
    CfnOutput(
        scope,
        USER_POOL_ID,
        value=agents.pool.user_pool_id,
        description="The agents' user pool. Next: add the first agent with `heed agent add`.",
    )
    CfnOutput(
        scope,
        USER_POOL_CLIENT_ID,
        value=agents.client.user_pool_client_id,
        description="The client that agents sign in through; the API wants its id token.",
    )
    for account in deployment.accounts:
        secret = deployment.token_secret(account)
        CfnOutput(
            scope,
            token_output(account),
            value=secret,
            description=(
                f"Store the token with which {account.platform} account {account.id} answers;"
                f" until then nothing is sent: {_put_secret(secret, TOKEN_FIELD)}"
            ),
        )


def add_service_outputs(
    scope: Construct, deployment: Deployment, *, hooks: apigateway.HttpApi, desk: apigateway.HttpApi
) -> None:
    """Name every address, and for each connection what to do with it."""
    CfnOutput(
        scope,
        DESK_ADDRESS,
        value=f"{desk.api_endpoint}/v1",
        description="The agents' API. Send an id token as `Authorization: Bearer ...`.",
    )
    for platform, connection in deployment.connections:
        secret = deployment.signing_secret(platform, connection)
        CfnOutput(
            scope,
            webhook_output(platform, connection),
            value=f"{hooks.api_endpoint}/hooks/{platform}/{connection}",
            description=(
                f"First store the signing secret of {platform} connection {connection}:"
                f" {_put_secret(secret, SIGNING_FIELD)} Where {platform} asks for a verify token,"
                f" it stands there as verify_token. Then register this address with {platform};"
                " until the secret is there every delivery is refused."
            ),
        )


def add_page_output(scope: Construct, pages: sns.Topic) -> None:
    """Name the topic, to which somebody has to subscribe."""
    CfnOutput(
        scope,
        PAGE_TOPIC_ARN,
        value=pages.topic_arn,
        description="Alarms and urgent cases. Next: subscribe whoever is on call.",
    )


def _put_secret(secret: str, field: str) -> str:
    """Write the command that fills a secret: from a file, never from an argument."""
    return (
        f"aws secretsmanager put-secret-value --secret-id {secret}"
        f' --secret-string file://secret.json (with {{"{field}": "..."}} in it).'
    )


def _camel(text: str) -> str:
    """Make a part of an output's name, which allows letters and digits only."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text))
