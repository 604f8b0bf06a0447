"""The functions' events as AWS writes them, every field of them: one mention on its whole way."""

import base64
import json
from pathlib import Path
from typing import Any

from functions.poll import handler as poll
from functions.receive import handler as receive
from functions.reply import handler as reply
from functions.sweep import handler as sweep
from functions.tally import handler as tally
from functions.triage import handler as triage
from heed import adapter as adapters
from heed.flows.tally import Tallying
from heed.storage.counters import TableCounters
from tests.functions.invocations import failed_ids, make_context
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import KEYS, World

FOLDER = Path(__file__).parents[2] / "events/aws"
POST = "2123700000000000001"
MENTION = f"x#{X_ACCOUNT}#post:{POST}"


def envelope(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return event


def test_one_mention_passes_through_every_function_in_aws_own_envelopes() -> None:
    world = World()
    body = x_post(POST, COMPLAINT, at=world.clock.now())
    world.twin("x").learn(body)

    hook = envelope("receive-post")
    hook["headers"] |= adapters.load("x").sign(body, KEYS["x"])
    hook["body"] = base64.b64encode(body).decode()
    answer = receive.build(world.receiving, world.meter)(hook, make_context("receive"))

    stream = envelope("triage-batch")
    [record] = world.dynamo.stream(world.table).drain()
    for name in ("Keys", "NewImage"):
        stream["Records"][0]["dynamodb"][name] = record["dynamodb"][name]
    triaged = triage.build(world.triaging, world.meter)(stream, make_context("triage"))

    lane = envelope("reply-batch")
    [lane["Records"][0]["body"]] = world.sqs.bodies(f"{world.backend.prefix}reply-x")
    replied = reply.build(world.replying, world.meter)(lane, make_context("reply"))

    counters = TableCounters(world.dynamo, world.table)
    counting = envelope("tally-window")
    for name in ("Keys", "NewImage"):
        counting["Records"][0]["dynamodb"][name] = record["dynamodb"][name]
    count = tally.build(Tallying(counters, world.meter), world.meter, one_shard=False)
    tallied = count(counting, make_context("tally"))

    minute = envelope("sweep-minute")
    swept = sweep.build(world.sweeping, world.meter)(minute, make_context("sweep"))

    timer = envelope("poll-timer")
    polled = poll.build(world.polling, world.meter)(timer, make_context("poll"))

    assert (answer["statusCode"], swept) == (200, {"due": 0})
    assert polled == {"accounts": 3, "gaps": 0}
    assert failed_ids(triaged) == failed_ids(replied) == failed_ids(tallied) == []
    [counts] = counters.read("acme", 0, 9_999_999).values()
    assert (tallied["state"], counts["received"]) == ({}, 1)
    assert world.state(MENTION) == "sent"
    assert len(world.posts()) == 1
