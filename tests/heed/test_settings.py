from dataclasses import fields

import pytest

from heed import settings
from heed.errors import SettingsError
from heed.settings import PREFIX, ReceiveSettings, ReplySettings, Settings

RECEIVE = {
    "HEED_STAGE": "prod",
    "HEED_TABLE": "heed-prod",
    "HEED_SECRET_PREFIX": "heed/prod/",
}
REPLY = {
    **RECEIVE,
    "HEED_QUEUE_BASE": "https://sqs.example/1/heed-prod-",
    "HEED_PAGE_TOPIC": "arn:aws:sns:eu-west-1:1:heed",
    "HEED_PLATFORM_HOSTS": "{}",
    "HEED_TIMEOUT_S": "30",
}
ALL = [
    kind
    for kind in vars(settings).values()
    if isinstance(kind, type) and issubclass(kind, Settings) and kind is not Settings
]


def test_settings_are_read_from_their_names() -> None:
    read = ReceiveSettings.read({**RECEIVE, "PATH": "/bin", "AWS_REGION": "eu-west-1"})

    assert read == ReceiveSettings(stage="prod", table="heed-prod", secret_prefix="heed/prod/")


def test_a_number_is_read_as_one() -> None:
    assert ReplySettings.read(REPLY).timeout_s == 30


@pytest.mark.parametrize("value", ["", "3.5", "-1", "ten", "1e3"])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="HEED_TIMEOUT_S must be a whole number"):
        ReplySettings.read({**REPLY, "HEED_TIMEOUT_S": value})


@pytest.mark.parametrize("name", RECEIVE)
def test_a_missing_name_is_refused_and_named(name: str) -> None:
    rest = {key: value for key, value in RECEIVE.items() if key != name}

    with pytest.raises(SettingsError, match=f"set {name}: ReceiveSettings needs them"):
        ReceiveSettings.read(rest)


def test_an_unknown_name_of_ours_is_refused_and_named() -> None:
    with pytest.raises(SettingsError, match="remove HEED_COLOUR"):
        ReceiveSettings.read({**RECEIVE, "HEED_COLOUR": "red"})


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_no_setting_has_a_default_that_could_hide_a_wrong_deployment(kind: type[Settings]) -> None:
    given = {PREFIX + field.name.upper(): "7" for field in fields(kind)}

    assert kind.read(given).table == "7"
    for name in given:
        with pytest.raises(SettingsError, match=name):
            kind.read({key: value for key, value in given.items() if key != name})
