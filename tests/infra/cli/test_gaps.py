import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from heed import brand
from heed.domain.clock import DAY_MS, HOUR_MS
from heed.domain.mention import MentionId
from heed.ports import Cursor, LedgerHour
from heed.storage.ledger import TableLedger
from heed.storage.polls import TableCursors
from heed.telemetry import SystemTime
from infra.cli.main import main
from tests.backends import table_request
from tests.heed.flows.bodies import PAGE, X_ACCOUNT

TABLE = "heed-test"
NOW = SystemTime().now()
HOUR = LedgerHour("acme", "x", X_ACCOUNT, (NOW - HOUR_MS) // HOUR_MS * HOUR_MS)
A, B = (MentionId(f"x#{X_ACCOUNT}#post:{one}") for one in "AB")
Output = pytest.CaptureFixture[str]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A table in which every account was read again a moment ago."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TABLE", TABLE)
    with mock_aws(config={"core": {"mock_credentials": False}}):
        client: Any = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(**table_request(TABLE))
        for platform, account in (("x", X_ACCOUNT), ("facebook", PAGE)):
            read_again(client, platform, account, at=NOW)
        yield client
        # Another test's stand-in may still be on around this one: then it would stay.
        client.delete_table(TableName=TABLE)


def read_again(client: Any, platform: str, account: str, *, at: int, trouble: str = "") -> None:
    cursors, place = TableCursors(client, TABLE), Cursor(platform, account, by="t")
    assert cursors.take(place, now=NOW - DAY_MS, lease_until=NOW)
    told = Cursor(platform, account, by="t", read_to=at, trouble=trouble)
    assert cursors.release(told, not_before=0)


def test_nothing_missed_is_told_with_status_0(client: Any, capsys: Output) -> None:
    TableLedger(client, TABLE).note(HOUR, by_webhook=[A, B], only_reread=[])

    assert main(["gaps"]) == 0

    heading, row, _, x, facebook = capsys.readouterr().out.splitlines()
    assert heading.split("  ")[0] == "brand"
    assert row.split()[:2] == ["acme", "x"]
    assert row.split()[-3:] == ["2", "2", "0"]
    assert x.startswith(f"acme         x          {X_ACCOUNT}: read again up to 20")
    assert "facebook" in facebook


def test_an_open_gap_is_told_with_status_1_and_a_closed_one_with_its_instant(
    client: Any, capsys: Output
) -> None:
    ledger = TableLedger(client, TABLE)
    ledger.note(HOUR, by_webhook=[A], only_reread=[B])

    assert main(["gaps"]) == 1
    assert capsys.readouterr().out.splitlines()[1].split()[-4:] == ["1", "2", "1", "open"]

    ledger.close(HOUR, 1_795_170_000_000)
    assert main(["gaps"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith(" 1  2026-11-20 10:20")


def test_only_so_many_hours_are_shown(client: Any, capsys: Output) -> None:
    TableLedger(client, TABLE).note(HOUR, by_webhook=[A], only_reread=[B])

    assert main(["gaps", "--hours", "0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_an_account_that_is_overdue_is_told_with_status_1(client: Any, capsys: Output) -> None:
    read_again(client, "facebook", PAGE, at=NOW - 2 * HOUR_MS, trouble="refused_token")

    assert main(["gaps"]) == 1
    assert capsys.readouterr().out.endswith(", refused_token, OVERDUE\n")


def test_an_account_that_was_never_read_again_is_told(client: Any, capsys: Output) -> None:
    client.delete_item(
        TableName=TABLE, Key={"pk": {"S": f"poll#facebook#{PAGE}"}, "sk": {"S": "-"}}
    )

    assert main(["gaps"]) == 0
    assert capsys.readouterr().out.endswith(f"{PAGE}: not read again yet\n")


def test_a_table_that_is_not_there_is_one_line(
    client: Any, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE", "another")

    assert main(["gaps"]) == 2
    assert "heed gaps: the table cannot be read: ResourceNotFound" in capsys.readouterr().err


def test_an_unusable_address_is_one_line(
    client: Any, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")

    assert main(["gaps"]) == 2
    assert capsys.readouterr().err.startswith("heed gaps: AWS cannot be asked")


def test_the_brand_file_of_the_project_reads_x_and_facebook_every_quarter_of_an_hour() -> None:
    minutes = {account.platform: account.reread_minutes for _, account in brand.load().accounts}

    assert json.dumps(minutes) == '{"x": 15, "facebook": 15, "telegram": 15}'
