"""What stayed behind, once more: `heed replay quarantine` and `heed replay dead`."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeVar, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from heed import adapter as adapters
from heed import brand, registry
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.flows import replay
from heed.flows.handover import Handing
from heed.flows.replay import Replaying, Ringing
from heed.queues import SnsPager, SqsBells, SqsLanes
from heed.storage.conversations import TableConversations
from heed.storage.inbox import QUARANTINE_DAYS, TableInbox
from heed.storage.mentions import TableMentions
from heed.storage.outbox import TableOutbox
from heed.storage.quarantine import TableQuarantine
from heed.telemetry import CountingMeter, SystemTime
from infra.cli import place
from infra.cli.dead_letters import DeadLetters, Letter, Named
from infra.cli.errors import CommandError
from infra.cli.progress import Progress

LIMIT_MAX: Final = 100_000
KINDS: Final = ("reply", "work", "triage", "sweep")
_UNITS: Final = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_T = TypeVar("_T")


def quarantine(arguments: argparse.Namespace) -> int:
    """Run quarantined changes through today's code. Exit 1 when some stay behind."""
    if arguments.platform and arguments.platform not in adapters.names():
        known = ", ".join(adapters.names())
        raise CommandError(f"no platform is called {arguments.platform!r}; use one of {known}")
    since = _since(arguments.since, time.time_ns() // 1_000_000)
    table, connection = _place(arguments.stage)
    client = _client("dynamodb", connection)
    s = Replaying(
        accounts=registry.load(),
        quarantine=TableQuarantine(client, table),
        inbox=TableInbox(client, table),
        meter=CountingMeter(),
    )
    keys = _asked(
        lambda: s.quarantine.keys(platform=arguments.platform, since=since, limit=arguments.limit)
    )
    total: Counter[str] = Counter()
    try:
        with Progress("quarantine", len(keys)) as progress:
            for key in keys:
                total += _asked(partial(replay.take_in, key, s, is_dry=arguments.dry_run))
                progress.step()
    finally:
        # Also when somebody breaks it off: what is done is done.
        print(_told(total, arguments.dry_run))
    left = ("unreadable", "masked", "no_account", "incomplete")
    return 1 if any(total[word] for word in left) else 0


def dead(arguments: argparse.Namespace) -> int:
    """Ring again for what dead-letter queues name. Exit 1 when a message names nothing."""
    table, connection = _place(arguments.stage)
    sqs, streams = _client("sqs", connection), _client("dynamodbstreams", connection)
    letters = DeadLetters(sqs, streams, f"{table}-")
    base = _asked(lambda: letters.address("reply")).removesuffix("reply-dead")
    ringing = _ringing(_client("dynamodb", connection), sqs, table, base)
    total: Counter[str] = Counter()
    kinds = (arguments.queue,) if arguments.queue else KINDS
    try:
        for kind in kinds:
            limits = {"limit": arguments.limit, "is_dry": arguments.dry_run}
            total += _asked(partial(run_queue, kind, letters, ringing, **limits))
    finally:
        print(_told(total, arguments.dry_run))
    return 1 if total["unreadable"] else 0


def run_queue(
    kind: str, letters: DeadLetters, s: Ringing, *, limit: int, is_dry: bool
) -> Counter[str]:
    """Work through one dead-letter queue. A message is deleted after what it names was rung; one
    that names nothing stays for a person."""
    queue = letters.address(kind)
    total: Counter[str] = Counter()
    kept: list[Letter] = []
    try:
        with Progress(f"{kind}-dead", min(letters.count(queue), limit)) as progress:
            for letter in letters.letters(queue, limit):
                named = letters.named(kind, letter.body)
                total += _rung(kind, named, s, is_dry=is_dry)
                if named is None or is_dry:
                    kept.append(letter)
                else:
                    letters.delete(letter)
                progress.step()
    finally:
        for letter in kept:
            letters.give_back(letter)
    return total


def _rung(kind: str, named: list[Named] | None, s: Ringing, *, is_dry: bool) -> Counter[str]:
    if named is None:
        return Counter(unreadable=1)
    if is_dry:
        return Counter({"named": len(named)}) if named else Counter(gone=1)
    ring: dict[str, Callable[[Any, Ringing], str]] = {
        "reply": replay.ring_reply,
        "work": replay.ring_case,
        "triage": replay.look_again,
    }
    return Counter(ring[kind](one, s) for one in named) or Counter(gone=1)


def _ringing(dynamo: Any, sqs: Any, table: str, queue_base: str) -> Ringing:
    handing = Handing(
        mentions=TableMentions(dynamo, table),
        conversations=TableConversations(dynamo, table),
        lanes=SqsLanes(sqs, queue_base),
        bells=SqsBells(sqs, queue_base),
        # Nothing that is rung again pages anybody: there is no topic to know.
        pager=SnsPager(cast("Any", None), ""),
        time=SystemTime(),
        policies=brand.load().policies,
    )
    return Ringing(handing, TableOutbox(dynamo, table))


def _place(stage: str) -> tuple[str, dict[str, Any]]:
    """Find the table and the connection to AWS: of a deployed stage as boto3 finds it by itself,
    else of the local run. The two are never mixed."""
    if stage:
        return f"heed-{stage}", {}
    connection = {
        "region_name": place.find("AWS_REGION") or place.find("AWS_DEFAULT_REGION"),
        "endpoint_url": place.find("AWS_ENDPOINT_URL"),
        "aws_access_key_id": place.find("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": place.find("AWS_SECRET_ACCESS_KEY"),
    }
    try:
        return place.lookup("TABLE"), connection
    except CommandError as error:
        raise CommandError("no local run is up: start `make run`, or give --stage") from error


def _client(
    service: Literal["dynamodb", "dynamodbstreams", "sqs"], given: Mapping[str, Any]
) -> Any:
    return boto3.client(service, **given)


def _since(given: str, now: int) -> int:
    """Read an age such as 90m, 12h or 3d. Older than the time for which changes are kept, nothing
    is listed: deleting what is due is the table's own business and may be late."""
    oldest = now - QUARANTINE_DAYS * DAY_MS
    if not given:
        return oldest
    amount, unit = given[:-1], given[-1:]
    if unit not in _UNITS or not (amount.isascii() and amount.isdigit()):
        raise CommandError(f"--since {given!r} is no age: write 90m, 12h or 3d")
    return max(oldest, now - int(amount) * _UNITS[unit])


def _told(total: Counter[str], is_dry: bool) -> str:
    words = (f"{word.replace('_', ' ')} {amount}" for word, amount in sorted(total.items()))
    prefix = "would be: " if is_dry else ""
    return prefix + (", ".join(words) or "nothing was there")


def _asked(ask: Callable[[], _T]) -> _T:
    """Turn what AWS refuses into one sentence. Raises: CommandError."""
    try:
        return ask()
    except (ClientError, BotoCoreError) as error:
        print("broken off; what was done stays done, and running it again goes on", file=sys.stderr)
        raise CommandError(f"AWS refused or cannot be asked: {error}") from error
