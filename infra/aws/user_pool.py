"""The people in the user pool: creating agents and signing them in, on AWS or the emulator."""

from collections.abc import Mapping
from typing import Any, Final

import boto3

GROUPS: Final = ("agent", "lead")


class UserPool:
    """One Cognito user pool with its client. Errors of AWS travel up as they are."""

    def __init__(self, pool: str, client: str, connection: Mapping[str, Any]) -> None:
        """Take the ids and boto3's client arguments (region, endpoint, credentials)."""
        self._pool = pool
        self._client = client
        self._cognito: Any = boto3.client("cognito-idp", **connection)

    def add(self, name: str, *, brands: str, is_lead: bool, password: str) -> None:
        """Create an agent, or change brands, role and password of an existing one.

        Shapes: `brands` are brand ids separated by commas.
        """
        user = {"UserPoolId": self._pool, "Username": name}
        attributes = [{"Name": "custom:brand", "Value": brands}]
        try:
            self._cognito.admin_create_user(
                **user, UserAttributes=attributes, MessageAction="SUPPRESS"
            )
        except self._cognito.exceptions.UsernameExistsException:
            self._cognito.admin_update_user_attributes(**user, UserAttributes=attributes)
        self._cognito.admin_set_user_password(**user, Password=password, Permanent=True)
        for group in GROUPS:
            if is_lead or group == GROUPS[0]:
                self._cognito.admin_add_user_to_group(**user, GroupName=group)
            else:
                self._cognito.admin_remove_user_from_group(**user, GroupName=group)

    def sign_in(self, name: str, password: str) -> str:
        """Sign an agent in; the ID token is what the desk API's authorizer asks for."""
        answer = self._cognito.initiate_auth(
            ClientId=self._client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return str(answer["AuthenticationResult"]["IdToken"])
