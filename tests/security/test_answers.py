"""Checks 16 to 19: what is told to whoever asks, and to the log."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from functions.receive import handler
from heed.storage.inbox import TableInbox
from heed.storage.secrets import CachedSecrets
from tests.canaries import found_in
from tests.fakes.refusals import client_error
from tests.functions.invocations import hook_event, lane_event, make_context, stream_event
from tests.functions.test_desk import LEAD, Client, make_client, reply_to
from tests.functions.test_receive import Refusing
from tests.heed.flows.desks import make_case, make_mention
from tests.heed.flows.world import KEYS, SECRET_PREFIX
from tests.security.hooks import CONTEXT, PLATFORMS, Hooks

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "layers/heed/python/heed"
VERIFY = "hub.mode=subscribe&hub.verify_token=verify-facebook&hub.challenge="
MARKUP = ("<script>alert(1)</script>", "<b>1</b>", "1<!--", "1\n2", "1 2", "1;2", "é", "\u0661",
          "%3Csvg%3E", "1'", '1"', "1&2", "", "1" * 129, "../1", "{{1}}", "1\r\nset-cookie: a=b",
          "1\n", "1<svg/onload=alert(1)>")  # fmt: skip


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


def challenged(hooks: Hooks, platform: str, query: str) -> dict[str, Any]:
    return hooks.ask(hook_event("GET", f"{platform}/main", query=query))


@pytest.mark.parametrize("challenge", MARKUP)
def test_check_16_what_could_be_markup_is_not_echoed(hooks: Hooks, challenge: str) -> None:
    """16: challenge endpoint echoes only digits/safe text as text/plain (no XSS)."""
    asked = quote(challenge, safe="")

    answer = challenged(hooks, "facebook", VERIFY + asked)

    assert answer["statusCode"] == 401
    assert not challenge or challenge not in answer["body"]
    assert answer["headers"]["content-type"] == "text/plain; charset=utf-8"
    assert challenged(hooks, "x", f"crc_token={asked}")["statusCode"] == 401


def test_check_16_a_good_challenge_is_echoed_as_plain_text(hooks: Hooks) -> None:
    """16: challenge endpoint echoes only digits/safe text as text/plain."""
    answer = challenged(hooks, "facebook", VERIFY + "1158201444")

    assert (answer["statusCode"], answer["body"]) == (200, "1158201444")
    assert answer["headers"]["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "token", ["", "verify-facebook2", "verify-faceboo", "VERIFY-FACEBOOK", "verify-x", "app-secret"]
)
def test_check_16_only_the_verify_token_opens(hooks: Hooks, token: str) -> None:
    """16: ... and compares verify token."""
    query = f"hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1"

    assert challenged(hooks, "facebook", query)["statusCode"] == 401
    assert challenged(hooks, "facebook", "hub.mode=subscribe&hub.challenge=1")["statusCode"] == 401


SECRET_NAME = re.compile(r"(?i).*(secrets?|verify_token|signature|digest|keys)|current|previous")
UNEQUAL = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


def comparisons_of_secrets(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, UNEQUAL) for op in node.ops):
            names = [n.id if isinstance(n, ast.Name) else n.attr if isinstance(n, ast.Attribute)
                     else n.value if isinstance(n, ast.Constant) else None
                     for n in ast.walk(node)]  # fmt: skip
            if any(isinstance(name, str) and SECRET_NAME.fullmatch(name) for name in names):
                yield ast.unparse(node)


def test_check_16_no_secret_is_compared_but_in_constant_time() -> None:
    """16: ... in constant time. An early end of a comparison tells how much of a guess is right."""
    verifying = ["signatures.py", "meta.py", "adapter.py", "flows/receive.py", "storage/secrets.py"]
    paths = [LIBRARY / name for name in verifying]
    paths += [LIBRARY.parents[3] / "functions/receive/handler.py"]
    paths += (LIBRARY / "platforms").glob("*.py")

    found = {path.name: [*comparisons_of_secrets(path.read_text("utf-8"))] for path in paths}

    assert {name: texts for name, texts in found.items() if texts} == {}
    assert (LIBRARY / "signatures.py").read_text("utf-8").count("hmac.compare_digest(") == 2
    assert [*comparisons_of_secrets("if query.get('hub.verify_token') != s.verify_token: pass")]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "post", "CONNECT"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_check_17_another_method_is_405(hooks: Hooks, platform: str, method: str) -> None:
    """17: unknown path/method -> 404/405 without stack trace."""
    body, headers = hooks.signed(platform)

    answer = hooks.ask(hook_event(method, f"{platform}/main", body=body, headers=headers))

    assert (answer["statusCode"], answer["body"]) == (405, "this address takes GET and POST")
    assert hooks.world.items() == []


@pytest.mark.parametrize(
    "place", ["y/main", "x/other", "X/main", "../main", "x/", "/", "os/main", "_x_posts/main",
              "heed.platforms.x/main", "x\0/main", "%00/main", "é/main", "x/main%2f..", "-/-"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_check_17_an_unknown_path_is_404(hooks: Hooks, place: str, method: str) -> None:
    """17: unknown path/method -> 404/405 without stack trace."""
    answer = hooks.ask(hook_event(method, place, body=b"{}", query="hub.challenge=1&crc_token=2"))

    assert answer["statusCode"] == 404
    assert len(answer["body"].splitlines()) == 1


def test_check_17_the_desk_knows_its_paths_and_methods() -> None:
    """17: unknown path/method -> 404/405 without stack trace."""
    _, client = make_client(LEAD)

    for path in ("/", "/nothing", "/../v1/cases", "/cases/%00", "/cases/" + "0" * 33, "/\ud800"):
        answer = client.ask("GET", path)
        assert (answer["statusCode"], answer["body"].count("\n")) == (404, 0)
    for method in ("TRACE", "PATCH", "OPTIONS", "PURGE"):
        assert client.ask(method, "/cases")["statusCode"] == 405


# File names, dotted names of modules, class names of errors, addresses, names in the cloud.
INTERNALS = re.compile(
    r"Traceback|\.py\b|\bline \d|\bheed\.\w|\b[A-Z]\w+(?:Error|Exception)\b|boto|dynamo|pydantic"
    r"|arn:|/signing|/token|https?://|(?:^|\s)/(?:tmp|var|opt|home)|<\w+ object",
    re.IGNORECASE,
)


def refusals_of_receive(hooks: Hooks) -> Iterator[dict[str, Any]]:
    body, headers = hooks.signed("x")
    for place in ("y/main", "x/other", "os.path/main"):
        yield hooks.ask(hook_event("POST", place, body=body, headers=headers))
    for more in ({}, {"content-encoding": "gzip"}, {"x-twitter-webhooks-signature": "sha256=%"}):
        yield hooks.ask(hook_event("POST", "x/main", body=body, headers=more))
    event = hook_event("POST", "x/main", body=body, headers=headers)
    yield hooks.ask({**event, "body": "%%%"})
    yield hooks.ask(hook_event("POST", "x/main", body=b" " * 1_000_001))
    yield hooks.ask(hook_event("PUT", "x/main", body=body))
    yield hooks.ask(hook_event("GET", "x/main"))
    yield hooks.ask(hook_event("GET", "x/main", query="crc_token=<svg>"))
    hooks.world.store_secret("telegram/main/signing", current="")
    yield hooks.ask(hooks.event("telegram", hooks.signed("telegram")))
    for code in ("ThrottlingException", "AccessDeniedException", "ResourceNotFoundException"):
        says = "User: arn:aws:sts::123456789012:x is not authorized to perform dynamodb:UpdateItem"
        refusing = Refusing(client_error("update_item", code, says))
        inbox = TableInbox(refusing, hooks.world.table)
        secrets = CachedSecrets(refusing, SECRET_PREFIX, hooks.world.clock)
        for change in ({"inbox": inbox}, {"secrets": secrets}):
            receiving = replace(hooks.world.receiving, meter=hooks.meter, **change)
            yield handler.build(receiving, hooks.meter)(event, CONTEXT)


def test_check_18_what_receive_refuses_says_nothing_of_our_inside(hooks: Hooks) -> None:
    """18: error bodies carry no internals."""
    answers = [*refusals_of_receive(hooks)]

    assert {answer["statusCode"] for answer in answers} == {400, 401, 404, 405, 413, 415, 503}
    assert [a["body"] for a in answers if INTERNALS.search(a["body"]) or len(a["body"]) > 80] == []
    assert not any(key in answer["body"] for answer in answers for key in KEYS.values())


def test_check_18_what_the_desk_refuses_says_nothing_of_our_inside() -> None:
    """18: error bodies carry no internals."""
    world, client = make_client()
    stored = make_mention(world)
    make_case(world, stored)
    case = client.call("POST", "/claims", {})[1]["case"]["id"]
    at, mention = f"/cases/{case}", stored.mention.id
    asked: list[tuple[str, str, Any]] = [
        ("POST", f"{at}/replies", reply_to(mention, epoch=1)),
        ("POST", f"{at}/replies", reply_to(mention, text="\u202e")),
        ("POST", f"{at}/replies", reply_to("x#1")),
        ("POST", f"{at}/replies", reply_to(mention, target={"a": [None]})),
        ("PUT", f"{at}/lease", "{"),
        ("PUT", f"{at}/lease", "[" * 50_000),
        ("PUT", f"{at}/lease", {"epoch": "__class__"}),
        ("POST", "/claims", {"brand": "../../etc/passwd"}),
        ("POST", "/claims", {"brand": "zenith"}),
        ("GET", f"/cases/{'0' * 32}", None),
        ("GET", "/nothing", None),
        ("PATCH", "/cases", None),
        ("GET", "/cases?limit=x", None),
        ("PUT", "/controls/acme", {"paused": True}),
        ("POST", "/claims", "x" * 70_000),
    ]

    answers = [client.ask(*one) for one in asked]
    answers.append(Client(world, {}).ask("GET", "/cases"))

    assert {a["statusCode"] for a in answers} == {400, 403, 404, 405, 409, 413, 422}
    assert [a["body"] for a in answers if INTERNALS.search(a["body"])] == []


def test_check_19_the_whole_way_of_a_mention_tells_the_log_nothing_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """19: logs free of canary secret, token, body text; `tests/canaries.py` asks the same of every
    other test."""
    from functions.reply import handler as replies
    from functions.sweep import handler as sweeps
    from functions.triage import handler as triages

    # Made here: a logger keeps the stream that it meets first.
    hooks = Hooks()
    world = hooks.world
    text = "@acmeair canary-text, this is terrible. Card 4111 1111 1111 1111"
    body = hooks.body("x", text, name="Canary Name", at=world.clock.now())
    world.twin("x").learn(body, account="")
    request = hooks.signed("x", body)
    event = {**hooks.event("x", request), "rawQueryString": "canary=query"}
    event["headers"]["Authorization"] = "Bearer canary"
    for one in (event, event, {**event, "body": "canary%"}, {**event, "isBase64Encoded": False}):
        hooks.ask(one)
    hooks.ask(hooks.event("x", hooks.signed("x", b"canary, no JSON")))
    records = [*world.dynamo.stream(world.table).drain()]
    broken = {**records[0], "dynamodb": {**records[0]["dynamodb"]}}
    broken["dynamodb"]["NewImage"] = {"pk": {"S": "canary"}, "todo": {"S": "new"}}
    triages.build(world.triaging, world.meter)(
        stream_event([*(r for r in records if "todo" in r["dynamodb"]["NewImage"]), broken]),
        make_context("triage"),
    )
    lanes = [*world.sqs.bodies(f"{world.backend.prefix}reply-x"), "canary, no message"]
    replies.build(world.replying, world.meter)(lane_event(*lanes), make_context("reply"))
    world.clock.forward(s=3600)
    sweeps.build(world.sweeping, world.meter)({}, make_context("sweep"))

    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert len([line for line in lines if '"level"' in line]) >= 8
    assert [line for line in lines if found_in(line)] == []
    secrets = [*KEYS.values(), "token-x", request[1]["x-twitter-webhooks-signature"]]
    assert not any(secret in printed for secret in secrets)
