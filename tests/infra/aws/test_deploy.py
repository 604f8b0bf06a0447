"""infra/local/deploy.py, and with it the proof that the templates work and not only synthesise."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from infra.local.deploy import (
    DeployError,
    deploy,
    for_emulator,
    local_address,
    synthesise,
)
from infra.local.emulator import ACCOUNT, emulator
from tests.infra.aws.templates import Template

EFFECT_S_MAX = 15.0
PASSWORD = "Correct-horse-7"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The emulator with the stacks in it."""

    endpoint: str
    outputs: dict[str, str]

    def client(self, service: Any) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint)

    def call(self, method: str, output: str, path: str = "", token: str = "") -> requests.Response:
        address = local_address(self.outputs[output], self.endpoint) + path
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(method, address, headers=headers, timeout=EFFECT_S_MAX)

    def trace(self, word: str) -> dict[str, Any]:
        """The event with which a function ran last; waits for the first."""
        table, key = self.client("dynamodb"), {"pk": {"S": f"ran#{word}"}, "sk": {"S": "-"}}
        item = _eventually(lambda: table.get_item(TableName="heed-prod", Key=key).get("Item"))
        event: dict[str, Any] = json.loads(item["e"]["S"])
        return event


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator of its own."""
    with emulator(tmp_path_factory.mktemp("emulator") / "emulator.log") as address:
        yield address


@pytest.fixture(scope="session")
def deployed(endpoint: str, local_assembly: Path) -> Deployed:
    return Deployed(endpoint, deploy(local_assembly, endpoint))


def test_a_platform_reaches_receive_with_the_layer_under_it(deployed: Deployed) -> None:
    answer = deployed.call("POST", "WebhookXSecondApp")

    assert answer.json() == {"word": "receive", "from_layer": True}
    event = deployed.trace("receive")
    assert event["pathParameters"] == {"platform": "x", "connection": "second-app"}
    assert deployed.call("PUT", "WebhookXSecondApp").status_code == 404


def test_an_agent_reaches_the_desk_with_an_id_token_only(deployed: Deployed) -> None:
    token = _id_token(deployed)

    assert deployed.call("GET", "DeskAddress", "/cases").status_code == 401
    assert deployed.call("GET", "DeskAddress", "/cases", token + "x").status_code == 401
    assert deployed.call("GET", "DeskAddress", "/cases", token).json()["word"] == "desk"
    claims = deployed.trace("desk")["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["token_use"], claims["custom:brand"]) == ("id", "acme,zenith")
    assert claims["cognito:groups"] == "[lead]"


def test_a_record_wakes_triage_only_if_it_carries_todo(deployed: Deployed) -> None:
    table = deployed.client("dynamodb")
    for pk, more in (("mention#done", {}), ("mention#new", {"todo": {"S": "triage"}})):
        item = {"pk": {"S": pk}, "sk": {"S": "-"}, **more}
        table.put_item(TableName="heed-prod", Item=item)

    records = deployed.trace("triage")["Records"]

    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in records] == ["mention#new"]


def test_tally_is_woken_by_mentions_and_by_visible_words_of_people_only(
    deployed: Deployed,
) -> None:
    table = deployed.client("dynamodb")
    for pk, more in (
        ("conv#quiet", {"mi": {"S": "x"}, "st": {"S": "planned"}}),
        ("tally#acme", {}),
        ("conv#loud", {"mi": {"S": "x"}, "st": {"S": "sent"}}),
    ):
        item = {"pk": {"S": pk}, "sk": {"S": "-"}, **more}
        table.put_item(TableName="heed-prod", Item=item)

    seen = _eventually(
        lambda: [
            record["dynamodb"]["Keys"]["pk"]["S"]
            for record in deployed.trace("tally")["Records"]
            if record["dynamodb"]["Keys"]["pk"]["S"].startswith(("conv#", "tally#"))
        ]
    )

    assert seen == ["conv#loud"]


def test_a_message_on_a_lane_wakes_reply(deployed: Deployed) -> None:
    queues = deployed.client("sqs")
    url = queues.get_queue_url(QueueName="heed-prod-reply-telegram")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody="mention#1")

    (record,) = deployed.trace("reply")["Records"]

    assert record["body"] == "mention#1"


def test_the_address_of_a_queue_is_what_the_functions_build(deployed: Deployed) -> None:
    base = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/heed-prod-"

    answer = deployed.client("sqs").send_message(
        QueueUrl=f"{base}work-acme-urgent", MessageBody="case 1"
    )

    assert answer["MessageId"]


def test_the_timers_of_sweep_and_poll_are_on(deployed: Deployed) -> None:
    rules = deployed.client("events").list_rules()["Rules"]

    assert len(rules) == 2
    for rule in rules:
        assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")


def test_secrets_are_there_and_empty(deployed: Deployed) -> None:
    secret = deployed.client("secretsmanager").get_secret_value(
        SecretId="heed/prod/x/second-app/signing"
    )

    value = json.loads(secret["SecretString"])
    assert value["current"] == ""
    assert value.keys() == {"current", "placeholder"}


def test_a_second_deployment_says_that_there_is_one(
    deployed: Deployed, local_assembly: Path
) -> None:
    with pytest.raises(DeployError, match=r"^Heed-prod-Data: .*already exists"):
        deploy(local_assembly, deployed.endpoint)


def test_a_failed_stack_names_what_failed_first(endpoint: str, tmp_path: Path) -> None:
    _write_assembly(tmp_path, {"Broken": []}, {"VisibilityTimeout": 1_000_000})

    with pytest.raises(DeployError, match=r"^Broken: Thing \(AWS::SQS::Queue\): Invalid value"):
        deploy(tmp_path, endpoint)


def test_stacks_that_wait_for_each_other_are_refused(endpoint: str, tmp_path: Path) -> None:
    _write_assembly(tmp_path, {"Hen": ["Egg"], "Egg": ["Hen"]})

    with pytest.raises(DeployError, match=r"stacks depend on each other: \['Egg', 'Hen'\]"):
        deploy(tmp_path, endpoint)


@pytest.mark.parametrize(
    "address", ["https://sqs.us-east-1.amazonaws.com", "http://10.0.0.1:4566", "nonsense"]
)
def test_nothing_is_deployed_beyond_this_machine(tmp_path: Path, address: str) -> None:
    with pytest.raises(DeployError, match="is not on this machine"):
        deploy(tmp_path, address)


def test_only_alarms_over_metric_math_stay_out_of_the_emulator(local_service: Template) -> None:
    alarms = "AWS::CloudWatch::Alarm"
    left_out = (
        local_service.body["Resources"].keys()
        - for_emulator(local_service.body)["Resources"].keys()
    )

    kinds = {local_service.body["Resources"][name]["Type"] for name in left_out}
    assert kinds == {alarms}
    assert {name.partition("Alarm")[0] for name in left_out} == {"DeadLetters", "OldestUrgent"}


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (
            "https://abc.execute-api.us-east-1.amazonaws.com/hooks/x/main",
            "http://127.0.0.1:9/restapis/abc/$default/_user_request_/hooks/x/main",
        ),
        (
            "http://abc.execute-api.localhost:9/v1",
            "http://127.0.0.1:9/restapis/abc/$default/_user_request_/v1",
        ),
        ("heed-prod", "heed-prod"),
    ],
)
def test_an_address_is_turned_into_one_that_the_emulator_serves(address: str, local: str) -> None:
    assert local_address(address, "http://127.0.0.1:9") == local


def test_the_app_is_synthesised_in_a_process_of_its_own(project: Path, tmp_path: Path) -> None:
    assembly = synthesise(project, tmp_path, {"stage": "local", "local": "true"})

    assert (assembly / "Heed-local-Service.template.json").is_file()


def test_what_the_app_complains_about_is_passed_on(project: Path, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="could not be synthesised: context stage: 'No good'"):
        synthesise(project, tmp_path, {"stage": "No good"})


def _id_token(deployed: Deployed) -> str:
    people, pool = deployed.client("cognito-idp"), deployed.outputs["UserPoolId"]
    who = {"UserPoolId": pool, "Username": "ana"}
    brands = [{"Name": "custom:brand", "Value": "acme,zenith"}]
    people.admin_create_user(**who, UserAttributes=brands, MessageAction="SUPPRESS")
    people.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
    people.admin_add_user_to_group(**who, GroupName="lead")
    answer = people.initiate_auth(
        ClientId=deployed.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": PASSWORD},
    )
    return str(answer["AuthenticationResult"]["IdToken"])


def _write_assembly(
    folder: Path, stacks: dict[str, list[str]], properties: dict[str, int] | None = None
) -> None:
    artifacts = {
        name: {
            "type": "aws:cloudformation:stack",
            "dependencies": needed,
            "properties": {"templateFile": "t.json"},
        }
        for name, needed in stacks.items()
    }
    queue = {"Type": "AWS::SQS::Queue", "Properties": properties or {}}
    template = {"Resources": {"Thing": queue}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    (folder / "t.json").write_text(json.dumps(template), encoding="utf-8")


def _eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + EFFECT_S_MAX
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing was seen for {EFFECT_S_MAX} s")
