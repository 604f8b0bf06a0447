from tests.infra.aws.templates import Template

POOL, CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"


def test_nobody_signs_up_alone(data: Template) -> None:
    pool = data.one(POOL)

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["AliasAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}


def test_passwords_are_long_and_mixed(data: Template) -> None:
    assert data.one(POOL)["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 12,
        "RequireLowercase": True,
        "RequireUppercase": True,
        "RequireNumbers": True,
        "RequireSymbols": False,
    }


def test_an_agent_belongs_to_brands_and_groups(data: Template) -> None:
    (attribute,) = data.one(POOL)["Schema"]
    groups = {group["GroupName"] for group in data.all("AWS::Cognito::UserPoolGroup").values()}

    assert (attribute["Name"], attribute["Mutable"]) == ("brand", True)
    assert groups == {"agent", "lead"}


def test_agents_cannot_move_themselves_into_another_brand(data: Template) -> None:
    client = data.one(CLIENT)

    assert "custom:brand" in client["ReadAttributes"]
    assert client["WriteAttributes"] == ["name"]


def test_the_client_has_no_secret_and_only_two_ways_in(data: Template) -> None:
    client = data.one(CLIENT)

    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert client["ExplicitAuthFlows"] == [
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ]
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_an_id_token_lasts_one_shift(data: Template) -> None:
    client = data.one(CLIENT)

    assert (client["IdTokenValidity"], client["TokenValidityUnits"]["IdToken"]) == (480, "minutes")
    assert client["RefreshTokenValidity"] > client["IdTokenValidity"]
