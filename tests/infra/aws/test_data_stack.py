import json

from tests.infra.aws.templates import Template

TABLE = "AWS::DynamoDB::GlobalTable"


def resource_of(template: Template, kind: str) -> dict[str, object]:
    (found,) = [r for r in template.body["Resources"].values() if r["Type"] == kind]
    return dict(found)


def test_the_table_is_retained_and_protected(data: Template) -> None:
    table = data.one(TABLE)

    (replica,) = table["Replicas"]
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 7,
    }
    assert resource_of(data, TABLE)["DeletionPolicy"] == "Retain"
    assert resource_of(data, TABLE)["UpdateReplacePolicy"] == "Retain"


def test_the_table_streams_both_images_and_is_paid_by_request(data: Template) -> None:
    table = data.one(TABLE)

    assert table["TableName"] == "heed-prod"
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "exp", "Enabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": False}


def test_keys_and_indexes_are_those_of_the_store(data: Template) -> None:
    table = data.one(TABLE)
    types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}

    def keys(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
        return [(key["AttributeName"], types[key["AttributeName"]]) for key in schema]

    assert keys(table["KeySchema"]) == [("pk", "S"), ("sk", "S")]
    assert {i["IndexName"]: keys(i["KeySchema"]) for i in table["GlobalSecondaryIndexes"]} == {
        "due": [("dh", "S"), ("da", "N")],
        "desk": [("dk", "S"), ("ds", "S")],
        "by_conv": [("cv", "S"), ("ra", "N")],
    }
    assert {i["Projection"]["ProjectionType"] for i in table["GlobalSecondaryIndexes"]} == {
        "KEYS_ONLY"
    }


def test_every_connection_and_every_account_has_a_secret_of_its_own(data: Template) -> None:
    secrets = data.all("AWS::SecretsManager::Secret").values()

    assert {secret["Name"] for secret in secrets} == {
        "heed/prod/telegram/main/signing",
        "heed/prod/x/main/signing",
        "heed/prod/x/second-app/signing",
        "heed/prod/telegram/22/token",
        "heed/prod/x/11/token",
        "heed/prod/x/33/token",
        "heed/prod/x/44/token",
    }


def test_a_new_secret_fails_closed(data: Template) -> None:
    for secret in data.all("AWS::SecretsManager::Secret").values():
        generated = secret["GenerateSecretString"]

        field = "token" if secret["Name"].endswith("/token") else "current"
        assert json.loads(generated["SecretStringTemplate"]) == {field: ""}
        assert generated["GenerateStringKey"] == "placeholder"


def test_nothing_with_a_memory_goes_with_its_stack(data: Template) -> None:
    kept = {TABLE, "AWS::Cognito::UserPool", "AWS::SecretsManager::Secret"}
    policies = {
        name: resource.get("DeletionPolicy")
        for name, resource in data.body["Resources"].items()
        if resource["Type"] in kept
    }

    assert set(policies.values()) == {"Retain"}


def test_everything_goes_with_the_emulator(local_data: Template, local_service: Template) -> None:
    for template in (local_data, local_service):
        for resource in template.body["Resources"].values():
            assert resource.get("DeletionPolicy", "Delete") == "Delete"
    assert local_data.one("AWS::Cognito::UserPool")["DeletionProtection"] == "INACTIVE"
    (replica,) = local_data.one(TABLE)["Replicas"]
    assert replica["DeletionProtectionEnabled"] is False
