"""Secrets Manager and SNS: the stand-ins and moto."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.secrets import FakeSecretsManager
from tests.fakes.sns import FakeSns
from tests.fakes_spec.backends import moto_client


@pytest.fixture(params=["fake", "moto"])
def secrets(request: pytest.FixtureRequest, _moto: None) -> Any:
    return FakeSecretsManager() if request.param == "fake" else moto_client("secretsmanager")


def code_of(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def test_a_secret_has_a_current_and_a_previous_version(secrets: Any) -> None:
    created = secrets.create_secret(Name="heed/x/1", SecretString="one")
    first = secrets.get_secret_value(SecretId="heed/x/1")
    put = secrets.put_secret_value(SecretId=created["ARN"], SecretString="two")
    second = secrets.get_secret_value(SecretId=created["ARN"])
    previous = secrets.get_secret_value(SecretId="heed/x/1", VersionStage="AWSPREVIOUS")

    assert (first["SecretString"], first["Name"], first["ARN"]) == (
        "one",
        "heed/x/1",
        created["ARN"],
    )
    assert first["VersionId"] == created["VersionId"] == previous["VersionId"]
    assert put["VersionStages"] == second["VersionStages"] == ["AWSCURRENT"]
    assert (second["SecretString"], previous["SecretString"]) == ("two", "one")
    assert first["CreatedDate"].tzinfo is not None
    by_id = {"SecretId": "heed/x/1", "VersionId": first["VersionId"]}
    assert secrets.get_secret_value(**by_id)["SecretString"] == "one"


def test_a_pending_version_is_not_current(secrets: Any) -> None:
    secrets.create_secret(Name="heed/x/2", SecretBinary=b"\x00one")
    secrets.put_secret_value(SecretId="heed/x/2", SecretBinary=b"two", VersionStages=["AWSPENDING"])

    assert secrets.get_secret_value(SecretId="heed/x/2")["SecretBinary"] == b"\x00one"
    pending = secrets.get_secret_value(SecretId="heed/x/2", VersionStage="AWSPENDING")
    assert pending["SecretBinary"] == b"two"


def test_what_is_not_there_is_not_found(secrets: Any) -> None:
    secrets.create_secret(Name="heed/x/3")

    missing = "ResourceNotFoundException"
    assert code_of(secrets.get_secret_value, SecretId="heed/nope") == missing
    assert code_of(secrets.get_secret_value, SecretId="heed/x/3") == missing
    assert code_of(secrets.put_secret_value, SecretId="nope", SecretString="x") == missing
    secrets.put_secret_value(SecretId="heed/x/3", SecretString="first")
    assert secrets.get_secret_value(SecretId="heed/x/3")["SecretString"] == "first"


def test_refused_secrets(secrets: Any) -> None:
    secrets.create_secret(Name="heed/x/4", SecretString="x")

    exists = code_of(secrets.create_secret, Name="heed/x/4", SecretString="x")
    assert exists == "ResourceExistsException"
    assert code_of(secrets.put_secret_value, SecretId="heed/x/4") == "InvalidRequestException"


def test_a_token_names_the_version() -> None:
    secrets = FakeSecretsManager(lambda: 5000)
    secrets.create_secret(Name="a", SecretString="one")
    token = {"SecretId": "a", "ClientRequestToken": "t" * 32}

    for _ in range(2):
        assert secrets.put_secret_value(**token, SecretString="two")["VersionId"] == "t" * 32
    assert code_of(secrets.put_secret_value, **token, SecretString="3") == "ResourceExistsException"

    assert secrets.get_secret_value(SecretId="a")["CreatedDate"].timestamp() == 5
    previous = secrets.get_secret_value(SecretId="a", VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "one"
    assert secrets.calls[0] == ("create_secret", ("a",))


def test_a_version_must_carry_the_stage_that_is_asked_for() -> None:
    secrets = FakeSecretsManager()
    first = secrets.create_secret(Name="a", SecretString="one")["VersionId"]
    secrets.put_secret_value(SecretId="a", SecretString="two")

    wanted = {"SecretId": "a", "VersionId": first, "VersionStage": "AWSCURRENT"}
    assert code_of(secrets.get_secret_value, **wanted) == "InvalidRequestException"


@pytest.fixture(params=["fake", "moto"])
def topic(request: pytest.FixtureRequest, _moto: None) -> tuple[Any, str]:
    if request.param == "fake":
        arn = "arn:aws:sns:us-east-1:123456789012:alarms"
        return FakeSns(arn), arn
    client = moto_client("sns")
    return client, client.create_topic(Name="alarms")["TopicArn"]


def test_publishing(topic: tuple[Any, str]) -> None:
    sns, arn = topic

    assert sns.publish(TopicArn=arn, Message="hello", Subject="alarm")["MessageId"]

    if isinstance(sns, FakeSns):
        assert sns.messages == [{"TopicArn": arn, "Message": "hello", "Subject": "alarm"}]
        assert sns.calls == [("publish", (arn,))]


def test_refused_publishing(topic: tuple[Any, str]) -> None:
    sns, arn = topic

    assert code_of(sns.publish, TopicArn=arn + "x", Message="m") == "NotFound"
    assert code_of(sns.publish, TopicArn=arn, Message="m" * 262_145) == "InvalidParameter"
    too_long = {"TopicArn": arn, "Message": "m", "Subject": "s" * 101}
    assert code_of(sns.publish, **too_long) == "InvalidParameter"
    if isinstance(sns, FakeSns):
        # moto takes empty messages.
        assert code_of(sns.publish, TopicArn=arn, Message="") == "InvalidParameter"
        assert sns.messages == []
