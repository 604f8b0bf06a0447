import pytest

from heed.settings import (
    DeskSettings,
    PollSettings,
    ReceiveSettings,
    ReplySettings,
    Settings,
    SweepSettings,
    TallySettings,
    TriageSettings,
)
from infra.aws.vendor import PYTHON_VERSION
from tests.infra.aws.conftest import FUNCTIONS, PLATFORM_HOSTS, VENDORED
from tests.infra.aws.templates import Template

SETTINGS: dict[str, type[Settings]] = {
    "receive": ReceiveSettings,
    "triage": TriageSettings,
    "reply": ReplySettings,
    "desk": DeskSettings,
    "sweep": SweepSettings,
    "tally": TallySettings,
    "poll": PollSettings,
}

SIZES = {
    "receive": (512, 10),
    "triage": (512, 60),
    "reply": (512, 60),
    "desk": (512, 29),
    "sweep": (256, 60),
    "tally": (256, 60),
    "poll": (256, 180),
}


def environment(template: Template, word: str) -> dict[str, str]:
    variables = template.functions()[word]["Environment"]["Variables"]
    return {name: template.plain(value) for name, value in variables.items()}


def settings(template: Template, word: str) -> Settings:
    return SETTINGS[word].read(environment(template, word))


def test_there_are_the_functions_of_the_architecture(service: Template) -> None:
    assert service.functions().keys() == set(FUNCTIONS)


@pytest.mark.parametrize("word", FUNCTIONS)
def test_a_function_runs_on_what_the_wheels_were_made_for(service: Template, word: str) -> None:
    function = service.functions()[word]

    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == f"python{PYTHON_VERSION}"
    assert function["Handler"] == "handler.lambda_handler"
    assert (function["MemorySize"], function["Timeout"]) == SIZES[word]
    assert "ReservedConcurrentExecutions" not in function


@pytest.mark.parametrize("word", FUNCTIONS)
def test_an_environment_fits_its_settings(service: Template, word: str) -> None:
    read = settings(service, word)

    assert (read.stage, read.table) == ("prod", "heed-prod")


@pytest.mark.parametrize("word", ["triage", "reply", "desk", "sweep"])
def test_a_queue_is_found_by_appending_its_short_name(service: Template, word: str) -> None:
    base = environment(service, word)["HEED_QUEUE_BASE"]

    assert base == ("https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/heed-prod-")


@pytest.mark.parametrize("word", ["triage", "reply", "sweep"])
def test_a_function_that_pages_knows_the_topic(service: Template, word: str) -> None:
    assert environment(service, word)["HEED_PAGE_TOPIC"] == "topic heed-prod-pages"


def test_reply_knows_its_own_timeout_and_no_other_hosts(service: Template) -> None:
    reply = settings(service, "reply")

    assert isinstance(reply, ReplySettings)
    assert reply.timeout_s == service.functions()["reply"]["Timeout"]
    assert reply.platform_hosts == "{}"
    assert reply.secret_prefix == "heed/prod/"


def test_poll_knows_its_own_timeout_and_no_other_hosts(service: Template) -> None:
    poll = settings(service, "poll")

    assert isinstance(poll, PollSettings)
    assert poll.timeout_s == service.functions()["poll"]["Timeout"]
    assert (poll.platform_hosts, poll.secret_prefix) == ("{}", "heed/prod/")


def test_twins_are_known_only_in_the_embedded_run(local_service: Template) -> None:
    for word in ("reply", "poll"):
        assert environment(local_service, word)["HEED_PLATFORM_HOSTS"] == PLATFORM_HOSTS


def test_tally_knows_the_one_shard_of_the_embedded_run_without_its_name(
    service: Template, local_service: Template
) -> None:
    assert environment(service, "tally")["HEED_ONE_SHARD"] == "0"
    assert environment(local_service, "tally")["HEED_ONE_SHARD"] == "1"


@pytest.mark.parametrize("word", FUNCTIONS)
def test_powertools_names_the_function_alike(service: Template, word: str) -> None:
    found = environment(service, word)

    assert found["POWERTOOLS_SERVICE_NAME"] == word
    assert found["POWERTOOLS_METRICS_NAMESPACE"] == "Heed"
    assert found["POWERTOOLS_LOG_LEVEL"] == "INFO"


@pytest.mark.parametrize("word", FUNCTIONS)
def test_a_function_ships_its_own_folder_without_bytecode(service: Template, word: str) -> None:
    files = service.asset_files(service.functions()[word]["Code"])

    console = {"console/index.html"} if word == "desk" else set()
    assert files == {"handler.py"} | console


def test_layers_ship_python_and_nothing_beside_it(service: Template) -> None:
    layers = service.all("AWS::Lambda::LayerVersion").values()

    assert sorted(sorted(service.asset_files(layer["Content"])) for layer in layers) == [
        [f"python/{VENDORED}"],
        ["python/heed/__init__.py"],
        ["python/heed_brand/brand.toml", "python/heed_brand/replies/en.toml"],
    ]
    for layer in layers:
        assert layer["CompatibleRuntimes"] == [f"python{PYTHON_VERSION}"]
        assert layer["CompatibleArchitectures"] == ["arm64"]


def test_every_function_has_three_layers_and_two_in_the_emulator(
    service: Template, local_service: Template
) -> None:
    for template, layers in ((service, 3), (local_service, 2)):
        assert len(template.all("AWS::Lambda::LayerVersion")) == layers
        for function in template.functions().values():
            assert len(function["Layers"]) == layers


def test_every_function_logs_into_a_group_of_its_own_for_30_days(service: Template) -> None:
    groups = service.all("AWS::Logs::LogGroup")
    used = {f["LoggingConfig"]["LogGroup"]["Ref"] for f in service.functions().values()}

    assert used == groups.keys()
    assert len(used) == len(FUNCTIONS)
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
