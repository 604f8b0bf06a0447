from infra.aws.deployment import Account
from infra.aws.outputs import token_output, webhook_output
from tests.infra.aws.templates import Template

DESCRIPTION_CHARS_MAX = 1024


def test_every_connection_has_its_address_and_its_next_step(service: Template) -> None:
    outputs = service.body["Outputs"]
    webhooks = {name: o for name, o in outputs.items() if name.startswith("Webhook")}

    assert webhooks.keys() == {"WebhookTelegramMain", "WebhookXMain", "WebhookXSecondApp"}
    second = webhooks[webhook_output("x", "second-app")]
    address = service.plain(second["Value"])
    assert address.startswith("${Hooks")
    assert address.endswith(".ApiEndpoint}/hooks/x/second-app")
    assert (
        "aws secretsmanager put-secret-value --secret-id heed/prod/x/second-app/signing"
        " --secret-string file://secret.json" in second["Description"]
    )
    assert "register this address with x" in second["Description"]


def test_every_account_names_the_token_that_is_missing(data: Template) -> None:
    outputs = data.body["Outputs"]
    tokens = {name: o["Value"] for name, o in outputs.items() if name.startswith("Token")}

    assert tokens == {
        "TokenTelegram22": "heed/prod/telegram/22/token",
        "TokenX11": "heed/prod/x/11/token",
        "TokenX33": "heed/prod/x/33/token",
        "TokenX44": "heed/prod/x/44/token",
    }
    assert '{"token": "..."}' in outputs[token_output(Account("x", "main", "11"))]["Description"]


def test_programs_find_the_rest(data: Template, service: Template) -> None:
    assert {"TableName", "UserPoolId", "UserPoolClientId"} <= data.body["Outputs"].keys()
    assert {"DeskAddress", "PageTopicArn"} <= service.body["Outputs"].keys()
    address = service.plain(service.body["Outputs"]["DeskAddress"]["Value"])
    assert address.startswith("${Desk")
    assert address.endswith(".ApiEndpoint}/v1")


def test_descriptions_fit_into_an_output(data: Template, service: Template) -> None:
    for template in (data, service):
        for output in template.body["Outputs"].values():
            assert len(output.get("Description", "")) <= DESCRIPTION_CHARS_MAX
