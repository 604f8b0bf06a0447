"""`heed gaps`: what the webhooks missed, and whether every account is still read again."""

import argparse
import time
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from heed import adapter as adapters
from heed import brand, composition
from heed.domain.clock import HOUR_MS
from heed.flows.poll import Polled, is_overdue
from heed.ports import Cursor, LedgerLine
from heed.storage.ledger import TableLedger
from heed.storage.polls import TableCursors
from infra.cli import place
from infra.cli.errors import CommandError

_ROW = "{:12} {:10} {:16} {:>8} {:>8} {:>12}  {}"


def gaps(arguments: argparse.Namespace) -> int:
    """Print the ledger. Returns 1 when a gap is open or an account is overdue."""
    client, now = _client(), time.time_ns() // 1_000_000
    table = place.lookup("TABLE")
    try:
        lines, standings = _read(client, table, since=now - arguments.hours * HOUR_MS)
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the table cannot be read: {type(error).__name__}") from error
    heading = ("brand", "platform", "hour (UTC)", "webhook", "reread", "reread only", "closed at")
    print(_ROW.format(*heading))
    for line in lines:
        print(_ledger_row(line))
    print()
    is_late = False
    for polled, cursor in standings:
        overdue = cursor is not None and is_overdue(cursor, polled, now)
        is_late = is_late or overdue
        print(_standing_row(polled, cursor, overdue=overdue))
    return int(is_late or any(line.is_open for line in lines))


def _read(
    client: Any, table: str, *, since: int
) -> tuple[list[LedgerLine], list[tuple[Polled, Cursor | None]]]:
    ledger, cursors = TableLedger(client, table), TableCursors(client, table)
    polled = [one for one in composition.polled(brand.load()) if _is_read_again(one)]
    places = dict.fromkeys((one.account.brand, one.account.platform) for one in polled)
    lines = [line for key in places for line in ledger.lines(*key, since)]
    looks = [(one, cursors.look(one.account.platform, one.account.id)) for one in polled]
    return lines, looks


def _is_read_again(one: Polled) -> bool:
    return bool(one.every_minutes) and adapters.load(one.account.platform).REREADING is not None


def _ledger_row(line: LedgerLine) -> str:
    closed = "open" if line.is_open else _written(line.closed_at)
    met = line.by_webhook + line.only_reread
    hour = line.hour
    numbers = line.by_webhook, met, line.only_reread
    return _ROW.format(hour.brand, hour.platform, _written(hour.at), *numbers, closed).rstrip()


def _standing_row(polled: Polled, cursor: Cursor | None, *, overdue: bool) -> str:
    account = polled.account
    said = "not read again yet"
    if cursor is not None:
        said = f"read again up to {_written(cursor.read_to) or 'nothing yet'}"
        said += f", {cursor.trouble}" if cursor.trouble else ""
        said += ", OVERDUE" if overdue else ""
    return f"{account.brand:12} {account.platform:10} {account.id}: {said}"


def _written(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}" if at else ""


def _client() -> Any:
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    endpoint, access, secret = (place.find(name) for name in names)
    region = place.find("AWS_REGION") or place.find("AWS_DEFAULT_REGION")
    try:
        return boto3.client(
            "dynamodb",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
        )
    except (BotoCoreError, ValueError) as error:
        raise CommandError(f"AWS cannot be asked: {error}") from error
