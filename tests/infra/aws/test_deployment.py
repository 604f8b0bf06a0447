from pathlib import Path

import pytest

from infra.aws.deployment import Account, Deployment, DeploymentError, read_deployment


def deployment(
    stage: str = "prod", accounts: tuple[Account, ...] = (Account("x", "main", "1"),)
) -> Deployment:
    return Deployment(root=Path(), stage=stage, is_local=False, brands=("acme",), accounts=accounts)


def test_without_context_it_is_production_on_aws(project: Path) -> None:
    read = read_deployment(project, {})

    assert (read.stage, read.is_local, read.platform_hosts) == ("prod", False, "{}")
    assert read.receive_concurrency is None
    assert read.brands == ("acme", "zenith")
    assert read.platforms == ("telegram", "x")
    assert read.connections == (("telegram", "main"), ("x", "main"), ("x", "second-app"))


@pytest.mark.parametrize(("given", "is_local"), [(True, True), ("true", True), ("false", False)])
def test_the_local_switch_comes_as_text_or_as_json(
    project: Path, given: object, is_local: bool
) -> None:
    assert read_deployment(project, {"local": given}).is_local is is_local


def test_hosts_are_left_out_where_there_are_no_twins(project: Path) -> None:
    hosts = '{"api.x.com":"http://127.0.0.1:9"}'

    assert read_deployment(project, {"platform_hosts": hosts}).platform_hosts == "{}"
    local = read_deployment(project, {"platform_hosts": hosts, "local": "true"})
    assert local.platform_hosts == '{"api.x.com": "http://127.0.0.1:9"}'


def test_concurrency_is_reserved_only_on_demand(project: Path) -> None:
    assert read_deployment(project, {"receive_concurrency": "20"}).receive_concurrency == 20


@pytest.mark.parametrize(
    ("context", "complaint"),
    [
        ({"local": "yes"}, "context local: write true or false, not 'yes'"),
        ({"receive_concurrency": "many"}, "context receive_concurrency: write a whole number"),
        ({"local": True, "platform_hosts": "{"}, "context platform_hosts: not JSON"),
        ({"local": True, "platform_hosts": "[]"}, "write a JSON object, host to address"),
        ({"stage": "Prod"}, "context stage: 'Prod' must be at most 16 small letters"),
    ],
)
def test_a_context_that_cannot_be_meant_is_refused(
    project: Path, context: dict[str, object], complaint: str
) -> None:
    with pytest.raises(DeploymentError, match=complaint):
        read_deployment(project, context)


def test_an_account_that_no_secret_can_be_named_after_is_refused() -> None:
    with pytest.raises(DeploymentError, match="account 'urn:li:1' cannot be part of a secret"):
        deployment(accounts=(Account("linkedin", "main", "urn:li:1"),))


def test_names_carry_the_stage() -> None:
    test = deployment("test")

    assert test.table_name == "heed-test"
    assert test.name_prefix == "heed-test-"
    assert test.signing_secret("x", "main") == "heed/test/x/main/signing"
    assert test.token_secret(Account("x", "main", "1")) == "heed/test/x/1/token"
