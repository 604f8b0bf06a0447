"""How agents sign in: the user pool, its client and its groups."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.aws.deployment import Deployment

GROUPS = {"agent": "Works on the cases of their brands.", "lead": "An agent who may also steer."}
BRAND_ATTRIBUTE = "brand"
PASSWORD_CHARS_MIN = 12
TOKEN_HOURS = 8
REFRESH_HOURS = 12


@dataclass(frozen=True, slots=True)
class Agents:
    """The pool and the one client that asks it for tokens."""

    pool: cognito.UserPool
    client: cognito.UserPoolClient


def add_agents(scope: Construct, deployment: Deployment) -> Agents:
    """Add pool, groups and client. A lead adds agents; nobody signs up."""
    pool = cognito.UserPool(
        scope,
        "Agents",
        self_sign_up_enabled=False,
        sign_in_aliases=cognito.SignInAliases(username=True, email=True),
        custom_attributes={BRAND_ATTRIBUTE: cognito.StringAttribute(mutable=True, max_len=256)},
        sign_in_case_sensitive=False,
        # Where one rule is named, Cognito takes the others as not wanted.
        password_policy=cognito.PasswordPolicy(
            min_length=PASSWORD_CHARS_MIN,
            require_lowercase=True,
            require_uppercase=True,
            require_digits=True,
            require_symbols=False,
        ),
        account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
        deletion_protection=not deployment.is_local,
        removal_policy=deployment.removal,
    )
    for group, description in GROUPS.items():
        cognito.CfnUserPoolGroup(
            scope,
            f"Group-{group}",
            user_pool_id=pool.user_pool_id,
            group_name=group,
            description=description,
        )
    return Agents(pool=pool, client=_add_client(pool))


def _add_client(pool: cognito.UserPool) -> cognito.UserPoolClient:
    """Add the client of the `heed` command and of the console.

    It sends the **id token**, the only one that carries `custom:brand`. The authorizer would let
    an access token pass too (it takes `client_id` where there is no `aud`), so desk checks
    `token_use` itself.
    """
    readable = cognito.ClientAttributes().with_standard_attributes(email=True, fullname=True)
    return pool.add_client(
        "Client",
        generate_secret=False,
        disable_o_auth=True,
        auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
        id_token_validity=Duration.hours(TOKEN_HOURS),
        access_token_validity=Duration.hours(TOKEN_HOURS),
        refresh_token_validity=Duration.hours(REFRESH_HOURS),
        prevent_user_existence_errors=True,
        read_attributes=readable.with_custom_attributes(BRAND_ATTRIBUTE),
        # Without a list a client may write every mutable attribute, and with their own access token
        # agents could put themselves into any brand.
        write_attributes=cognito.ClientAttributes().with_standard_attributes(fullname=True),
    )
