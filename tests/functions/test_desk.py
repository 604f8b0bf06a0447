import ast
import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from functions.desk import handler
from heed.desk_models import BODY_BYTES_MAX
from heed.desk_routes import ROUTES
from heed.domain.case import LEASE_MS
from heed.domain.mention import ConversationId
from heed.domain.reply import UNDO_MS, machine_reply
from heed.flows.handover import RACES_MAX
from heed.ports import AgentReply, Move
from heed.queues import lane_message
from tests.functions.conftest import Enter
from tests.heed.flows.desks import World, make_case, make_draft, make_mention, make_world, write

ROOT = Path(__file__).parents[2]
CONTEXT: Any = SimpleNamespace(
    function_name="desk",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:desk",
    aws_request_id="request",
    tenant_id=None,
)
ANA = {
    "sub": "5f3c-ana",
    "cognito:username": "ana",
    "custom:brand": "acme",
    "cognito:groups": "[agent]",
    "token_use": "id",
}
BEN = {**ANA, "sub": "77aa-ben", "cognito:username": "ben"}
LEAD = {**ANA, "cognito:groups": "[agent lead]"}
STRANGER = {**LEAD, "custom:brand": "zenith"}
ENVELOPE = json.loads((ROOT / "events/aws/desk-claim.json").read_text())


class Client:
    """Calls the handler as the gateway does: rawPath is decoded, except for %25."""

    def __init__(self, world: World, claims: dict[str, Any] | None = None) -> None:
        self.respond = handler.build(world.desk, world.meter)
        self.claims = ANA if claims is None else claims

    def call(self, method: str, path: str, body: Any = None, **changes: Any) -> tuple[int, Any]:
        answer = self.ask(method, path, body, **changes)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def ask(self, method: str, path: str, body: Any = None, **changes: Any) -> dict[str, Any]:
        event = json.loads(json.dumps(ENVELOPE))
        path, _, query = path.partition("?")
        event["rawPath"] = event["requestContext"]["http"]["path"] = f"/v1{path}"
        event["requestContext"]["http"]["method"] = method
        event["requestContext"]["authorizer"]["jwt"]["claims"] = self.claims
        event["queryStringParameters"] = dict(pair.split("=") for pair in query.split("&") if pair)
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        if body is None:
            del event["body"]
        return self.respond({**event, **changes}, CONTEXT)


@pytest.fixture
def fresh_logger(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let the handler make a logger that writes to where this test looks."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)


def make_client(claims: dict[str, Any] | None = None) -> tuple[World, Client]:
    world = make_world()
    return world, Client(world, claims)


def claimed(world: World, client: Client) -> tuple[str, str]:
    stored = make_mention(world)
    make_case(world, stored)
    status, answer = client.call("POST", "/claims", {})
    assert status == 201
    return answer["case"]["id"], stored.mention.id


def reply_to(mention: str, **fields: Any) -> dict[str, Any]:
    given = {"epoch": 2, "mention": mention, "text": "We are on it.", "reply_id": "r1"}
    return {**given, **fields}


def test_a_case_is_claimed_read_answered_and_resolved() -> None:
    world, client = make_client()

    case, mention = claimed(world, client)
    read_status, read = client.call("GET", f"/cases/{case}")
    reply_status, reply = client.call("POST", f"/cases/{case}/replies", reply_to(mention))
    again_status, again = client.call("POST", f"/cases/{case}/replies", reply_to(mention))
    ending = {"epoch": 2, "resolution": "solved", "seen": [mention]}
    end_status, end = client.call("PUT", f"/cases/{case}/resolution", ending)

    assert (read_status, read["case"]["pending"]) == (200, [mention])
    assert read["timeline"][0]["verdict"]["ruling"] == "allow"
    assert read["channel"]["text_max"] == 280
    planned = {"id": "r1", "state": "planned", "reason": "", "leaves_at": world.now + UNDO_MS}
    assert (reply_status, reply) == (202, {"reply": planned})
    assert (again_status, again) == (reply_status, reply)
    assert (end_status, end["case"]["state"]) == (200, "resolved")


def test_a_reply_is_taken_back_until_it_has_left() -> None:
    world, client = make_client()
    case, mention = claimed(world, client)
    client.call("POST", f"/cases/{case}/replies", reply_to(mention))
    path = f"/cases/{case}/replies/r1"

    status, undone = client.call("DELETE", path)

    cancelled = {"id": "r1", "state": "cancelled", "reason": "undone", "leaves_at": 0}
    assert (status, undone) == (200, {"reply": cancelled})
    assert client.call("DELETE", path) == (200, {"reply": cancelled})
    assert client.call("GET", f"/cases/{case}")[1]["case"]["pending"] == [mention]
    assert client.call("DELETE", f"/cases/{case}/replies/r2")[0] == 404
    assert Client(world, BEN).call("DELETE", path)[0] == 403
    again = client.call("POST", f"/cases/{case}/replies", reply_to(mention, reply_id="r2"))[1]
    assert again["reply"]["state"] == "planned"
    [written] = [e for e in world.desk.timeline.entries(ConversationId(case))
                 if isinstance(e, AgentReply) and e.ref.part.endswith("r2")]  # fmt: skip
    assert world.desk.outbox.move(written.ref, written.sending, Move("sent"))
    status, left = client.call("DELETE", f"/cases/{case}/replies/r2")
    assert (status, left["error"]) == (409, "conflict")
    assert "has left" in left["message"]


def test_a_lead_enables_an_account_again() -> None:
    world, client = make_client(LEAD)
    world.desk.controls.disable("acme", "x#111")
    assert client.call("GET", "/controls/acme")[1]["disabled"] == ["x#111"]

    status, switched = client.call("PUT", "/controls/acme", {"enabled": ["x#111"]})

    assert (status, switched["disabled"], switched["paused"]) == (200, [], False)
    status, refused = client.call("PUT", "/controls/acme", {"enabled": ["x#222"]})
    assert (status, refused["field"]) == (422, "enabled")


def test_no_work_is_204_without_a_body() -> None:
    _, client = make_client()

    answer = client.ask("POST", "/claims")

    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert "Content-Type" not in answer["headers"]


def test_a_lease_is_renewed_and_released() -> None:
    world, client = make_client()
    case, _ = claimed(world, client)

    status, renewed = client.call("PUT", f"/cases/{case}/lease", {"epoch": 2})

    assert (status, renewed["case"]["lease_until"]) == (200, world.now + LEASE_MS)
    assert client.call("DELETE", f"/cases/{case}/lease?epoch=2") == (204, None)
    assert world.case(case).state == "open"


def test_cases_are_listed() -> None:
    world, client = make_client()
    make_case(world, make_mention(world))

    status, found = client.call("GET", "/cases?state=open&brand=acme&limit=5")

    assert (status, len(found["cases"])) == (200, 1)
    assert client.call("GET", "/cases?state=claimed") == (200, {"cases": []})


def test_a_note_is_written() -> None:
    world, client = make_client()
    case, _ = claimed(world, client)

    status, answer = client.call("POST", f"/cases/{case}/notes", {"text": "called them"})

    assert (status, answer["note"]["text"], answer["note"]["agent"]) == (201, "called them", "ana")


@pytest.mark.parametrize("as_gateway", [True, False])
def test_a_mention_is_found_by_its_encoded_id(*, as_gateway: bool) -> None:
    world, client = make_client()
    stored = make_mention(world)
    # The gateway has decoded everything but %25 when the function sees the path.
    mention = stored.mention.id
    path = mention.replace("%", "%25") if as_gateway else quote(mention, safe="")

    status, found = client.call("GET", f"/mentions/{path}")

    assert (status, found["mention"]["id"], found["mention"]["state"]) == (200, mention, "new")


@pytest.mark.parametrize("path", ["x%23111%23post:%25C3%25A9/1", "x#111#post:%25C3%25A9/1"])
def test_an_id_with_percent_signs_and_slashes_is_decoded_once(path: str) -> None:
    route = next(route for route in ROUTES if route.template == "/v1/mentions/{mention}")

    assert route.values(f"/v1/mentions/{path}") == {"mention": "x#111#post:%C3%A9/1"}


def test_drafts_are_listed_approved_and_dropped() -> None:
    world, client = make_client()
    mentions = []
    for author in ("1", "2"):
        stored = make_mention(world, author=author)
        make_case(world, stored, rings=False, ack=True)
        make_draft(world, stored)
        mentions.append(stored.mention.id)

    status, found = client.call("GET", "/drafts?brand=acme")

    assert (status, [draft["id"] for draft in found["drafts"]]) == (200, mentions)
    assert client.call("POST", f"/drafts/{mentions[0]}/approval") == (
        202,
        {"draft": {"id": mentions[0], "state": "approved"}},
    )
    assert client.call("DELETE", f"/drafts/{mentions[1]}") == (204, None)
    assert client.call("GET", "/drafts") == (200, {"drafts": []})
    approved = machine_reply(world.stored(mentions[0]).mention.id)
    assert world.bodies("reply-x") == [lane_message(approved)]
    assert client.call("DELETE", f"/drafts/{mentions[0]}")[1]["error"] == "conflict"


def test_a_lead_switches_what_a_get_has_shown() -> None:
    _, client = make_client(LEAD)

    _, shown = client.call("GET", "/controls/acme")
    status, switched = client.call("PUT", "/controls/acme", {**shown, "paused": True})

    assert (status, switched["paused"], switched["sombre"]) == (200, True, False)
    assert client.call("GET", "/controls?brand=acme") == (200, {"controls": [switched]})
    assert client.call("PUT", "/controls/acme", {"mode": "live"})[1]["mode"] == "live"
    assert client.call("PUT", "/controls/acme", {"sombre": True})[1]["mode"] == "live"
    assert client.call("PUT", "/controls/acme", {"mode": None})[1]["mode"] is None


@pytest.mark.parametrize(
    "groups", ["[agent lead]", ["agent", "lead"], '["lead"]', "lead", "agent,lead"]
)
def test_a_lead_is_known_in_every_form_of_the_claim(groups: Any) -> None:
    _, client = make_client({**ANA, "cognito:groups": groups})

    assert client.call("PUT", "/controls/acme", {"paused": True})[0] == 200


@pytest.mark.parametrize("groups", ["[agent]", "", None, "[leader]", ["agent"], 5])
def test_who_is_no_lead_switches_nothing(groups: Any) -> None:
    _, client = make_client({**ANA, "cognito:groups": groups})

    status, answer = client.call("PUT", "/controls/acme", {"paused": True})

    assert (status, answer["error"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({}, "names nobody"),
        ({**ANA, "sub": 5}, "names nobody"),
        ({**ANA, "custom:brand": ""}, "heed agent add"),
        ({**ANA, "custom:brand": " , "}, "heed agent add"),
        ({**ANA, "token_use": "access"}, "id token"),
    ],
)
def test_a_token_that_is_not_enough_is_refused_with_advice(
    claims: dict[str, Any], says: str
) -> None:
    _, client = make_client(claims)

    status, answer = client.call("GET", "/cases")

    assert (status, answer["error"]) == (403, "forbidden")
    assert says in answer["message"]


def test_an_event_without_an_authorizer_is_refused() -> None:
    _, client = make_client()
    context = {"http": {"method": "GET", "path": "/v1/cases"}, "stage": "$default"}

    assert client.call("GET", "/cases", requestContext=context)[0] == 403
    odd = {**context, "authorizer": {"jwt": {"claims": "none"}}}
    assert client.call("GET", "/cases", requestContext=odd)[0] == 403


def test_an_agent_with_several_brands_and_no_name_is_known_by_the_subject() -> None:
    world, client = make_client({"sub": "s-1", "custom:brand": "zenith, acme"})
    make_case(world, make_mention(world))

    assert client.call("POST", "/claims", {})[1]["case"]["agent"] == "s-1"


def test_what_belongs_to_another_brand_does_not_exist() -> None:
    world, client = make_client()
    case, mention = claimed(world, client)
    stranger = Client(world, STRANGER)

    for method, path, body in (
        ("GET", f"/cases/{case}", None),
        ("PUT", f"/cases/{case}/lease", {"epoch": 2}),
        ("DELETE", f"/cases/{case}/lease?epoch=2", None),
        ("POST", f"/cases/{case}/replies", reply_to(mention)),
        ("POST", f"/cases/{case}/notes", {"text": "x"}),
        ("PUT", f"/cases/{case}/resolution", {"epoch": 2, "resolution": "solved"}),
        ("GET", f"/mentions/{mention}", None),
        ("POST", f"/drafts/{mention}/approval", None),
        ("DELETE", f"/drafts/{mention}", None),
    ):
        status, answer = stranger.call(method, path, body)
        assert (status, answer["error"]) == (404, "not_found"), (method, path)
    for path in ("/cases?brand=acme", "/drafts?brand=acme", "/controls?brand=acme"):
        assert stranger.call("GET", path)[0] == 403
    assert stranger.call("GET", "/controls/acme")[0] == 403
    assert stranger.call("PUT", "/controls/acme", {"paused": True})[0] == 403
    assert stranger.call("POST", "/claims", {"brand": "acme"})[0] == 403
    assert stranger.call("POST", "/claims", {}) == (204, None)
    assert world.case(case).epoch == 2


def test_conflicts_say_what_the_next_try_needs() -> None:
    world, client = make_client()
    case, mention = claimed(world, client)
    later = write(world, "and again", world.stored(mention))
    make_case(world, later)
    path = f"/cases/{case}/replies"

    stale = client.call("POST", path, reply_to(mention, epoch=1))
    unseen = client.call("POST", path, reply_to(mention))
    client.call("POST", path, reply_to(mention, seen=[later.mention.id]))
    other = client.call("POST", path, reply_to(mention, text="Other words."))

    assert (stale[0], stale[1]["error"], stale[1]["epoch"]) == (409, "stale_epoch", 2)
    assert (unseen[0], unseen[1]["error"]) == (409, "new_mention")
    assert unseen[1]["unseen"] == [later.mention.id]
    assert (other[0], other[1]["error"]) == (409, "conflict")


def test_a_race_without_end_is_a_conflict_not_a_fault() -> None:
    world, client = make_client()
    case, _ = claimed(world, client)
    world.backend.clock.forward(s=1)
    world.before("put_item", lambda: world.touch(case), times=RACES_MAX)

    status, answer = client.call("PUT", f"/cases/{case}/lease", {"epoch": 2})

    assert (status, answer["error"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", "empty"),
        ("x" * 281, "too_long"),
        ("a\u202eb", "control_characters"),
        ("order 1234567", "public_personal_data"),
    ],
)
def test_a_text_that_must_not_leave_names_its_clause(text: str, clause: str) -> None:
    world, client = make_client()
    case, mention = claimed(world, client)

    status, answer = client.call("POST", f"/cases/{case}/replies", reply_to(mention, text=text))

    assert (status, answer["error"], answer["clause"]) == (422, "invalid_request", clause)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/claims", {"brnd": "acme"}, "brnd"),
        ("POST", "/claims", {"band": "red"}, "band"),
        ("POST", "/claims", [], "body"),
        ("POST", "/claims", 5, "body"),
        ("POST", "/claims", {"\u00e9\u202e": 1}, "??"),
        ("PUT", "/cases/{case}/lease", {}, "epoch"),
        ("PUT", "/cases/{case}/lease", {"epoch": "2"}, "epoch"),
        ("PUT", "/cases/{case}/lease", {"epoch": True}, "epoch"),
        ("PUT", "/cases/{case}/lease", {"epoch": 10**30}, "epoch"),
        ("DELETE", "/cases/{case}/lease", None, "epoch"),
        ("DELETE", "/cases/{case}/lease?epoch=two", None, "epoch"),
        ("POST", "/cases/{case}/replies", reply_to("x", text=None), "text"),
        ("POST", "/cases/{case}/replies", reply_to("x", text="\ud800"), "text"),
        ("POST", "/cases/{case}/replies", reply_to("x", reply_id="a b"), "reply_id"),
        ("POST", "/cases/{case}/replies", reply_to("x", reply_id="r1\n"), "reply_id"),
        ("POST", "/cases/{case}/replies", reply_to("\u00e9"), "mention"),
        ("POST", "/cases/{case}/replies", reply_to("x", seen=["a", 5]), "seen.1"),
        ("POST", "/cases/{case}/replies", reply_to("x", target="y"), "target"),
        ("PUT", "/cases/{case}/resolution", {"epoch": 2, "resolution": 7}, "resolution"),
        ("GET", "/cases?limit=0", None, "limit"),
        ("GET", "/cases?state=resolved", None, "state"),
        ("GET", "/cases?stat=open", None, "stat"),
        ("PUT", "/controls/acme", {"modes": {"x#1": "live"}}, "modes"),
        ("PUT", "/controls/acme", {"mode": "loud"}, "mode"),
    ],
)
def test_a_wrong_shape_names_its_field(method: str, path: str, body: Any, field: str) -> None:
    world, client = make_client(LEAD)
    case, _ = claimed(world, client)

    status, answer = client.call(method, path.replace("{case}", case), body)

    assert (status, answer["error"], answer["field"]) == (422, "invalid_request", field)
    assert "pydantic" not in answer["message"]


@pytest.mark.parametrize(
    "body", ["{", "not json", '{"epoch": NaN}', "[" * 100_000, '{"epoch": 1' + "0" * 5_000 + "}"]
)
def test_what_is_not_json_is_400(body: str) -> None:
    world, client = make_client()
    case, _ = claimed(world, client)

    status, answer = client.call("PUT", f"/cases/{case}/lease", body)

    assert (status, answer["error"]) in [(400, "not_json"), (413, "too_large")]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"epoch": 2}', 200),
        (b'{"epoch": \xff}', 400),
        ('{"epoch": 2}'.encode("utf-16"), 400),
        (b"\xef\xbb\xbf{}", 400),
    ],
)
def test_a_body_in_base64_is_read_as_bytes(raw: bytes, status: int) -> None:
    world, client = make_client()
    case, _ = claimed(world, client)
    body = base64.b64encode(raw).decode()

    assert client.call("PUT", f"/cases/{case}/lease", body, isBase64Encoded=True)[0] == status


@pytest.mark.parametrize("body", ["%%%", "\u00e9\u00e9", "abc", "\ud800"])
def test_a_flag_about_base64_that_lies_is_400(body: str) -> None:
    _, client = make_client()

    status, answer = client.call("POST", "/claims", body, isBase64Encoded=True)

    assert (status, answer["error"]) == (400, "not_json")


def test_lone_surrogates_in_a_body_are_no_utf8() -> None:
    _, client = make_client()

    assert client.call("POST", "/claims", '{"brand": "\ud800"}')[0] == 400


@pytest.mark.parametrize(("more", "status"), [(0, 422), (1, 413), (BODY_BYTES_MAX, 413)])
def test_a_body_has_a_limit_in_bytes(more: int, status: int) -> None:
    _, client = make_client()
    size = BODY_BYTES_MAX + more - len('{"x": ""}')

    assert client.call("POST", "/claims", {"x": "y" * size})[0] == status


def test_the_limit_counts_bytes_not_letters() -> None:
    _, client = make_client()

    assert client.call("POST", "/claims", '"' + "é" * (BODY_BYTES_MAX // 2) + '"')[0] == 413


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/cases/not-a-case", "/cases/0", "/mentions/", "/cases/x/y", "/health"],
)
def test_an_unknown_path_is_404(path: str) -> None:
    _, client = make_client()

    status, answer = client.call("GET", path)

    assert (status, answer["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [f"/cases/{'0' * 32}", "/mentions/x%23111%23post:none", "/mentions/%C3%A9", "/mentions/a"],
)
def test_what_does_not_exist_is_404(path: str) -> None:
    _, client = make_client()

    assert client.call("GET", path)[0] == 404


def test_a_path_with_a_line_break_is_404_not_a_fault() -> None:
    _, client = make_client()

    assert client.call("GET", "/cases\n")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("GET", "/claims", "POST"),
        ("PATCH", "/controls/acme", "GET, PUT"),
        ("POST", f"/cases/{'0' * 32}/lease", "DELETE, PUT"),
        ("HEAD", "/cases", "GET"),
    ],
)
def test_a_wrong_method_is_405_and_says_the_right_one(method: str, path: str, methods: str) -> None:
    _, client = make_client()

    status, answer = client.call(method, path)

    assert (status, answer["error"]) == (405, "method")
    assert methods in answer["message"]


def test_every_answer_is_json_that_nobody_keeps_or_guesses() -> None:
    world, client = make_client()
    case, _ = claimed(world, client)

    for answer in (client.ask("GET", f"/cases/{case}"), client.ask("GET", "/nothing")):
        assert answer["headers"]["Content-Type"] == "application/json"
        assert answer["headers"]["Cache-Control"] == "no-store"
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        assert answer["body"].isascii()


def test_a_log_line_knows_route_agent_case_and_status_and_nothing_of_the_text(
    capsys: pytest.CaptureFixture[str], fresh_logger: None
) -> None:
    world, client = make_client()
    stored = make_mention(world, "canary-text", name="Canary Name", author="canary-author")
    make_case(world, stored)
    _, found = client.call("POST", "/claims", {})
    case = found["case"]["id"]
    reply = reply_to(stored.mention.id, text="canary-reply")
    client.call("POST", f"/cases/{case}/replies", reply)
    client.call(
        "POST", f"/cases/{case}/replies", reply_to(stored.mention.id, text="canary 1234567")
    )
    client.call("GET", "/nothing")

    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines()]

    assert "canary" not in printed.lower()
    assert '"ana"' not in printed
    assert [line["route"] for line in lines] == [
        "POST /v1/claims",
        "POST /v1/cases/{case}/replies",
        "POST /v1/cases/{case}/replies",
        "none",
    ]
    assert [line["status"] for line in lines] == [201, 202, 409, 404]
    assert {line.get("agent_id") for line in lines} == {"5f3c-ana", None}
    assert [line.get("case_id") for line in lines] == [case, case, case, None]
    assert all(line["duration_ms"] >= 0 for line in lines)
    assert lines[0]["counts"] == {"claimed": 1}


def test_a_refused_text_is_not_in_the_log_either(
    capsys: pytest.CaptureFixture[str], fresh_logger: None
) -> None:
    world, client = make_client()
    case, mention = claimed(world, client)

    client.call("POST", f"/cases/{case}/replies", reply_to(mention, text="canary 1234567"))
    client.call("POST", f"/cases/{case}/replies", {"canary": 1})

    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3
    assert "canary" not in printed


def test_a_metric_is_written_when_there_is_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Heed")
    world, client = make_client()
    world.meter.count("queued", 2)

    client.call("GET", "/cases")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["queued"] for line in lines if "_aws" in line] == [[2.0]]


def test_the_sample_event_claims_a_case() -> None:
    world = make_world()
    make_case(world, make_mention(world))

    answer = handler.build(world.desk, world.meter)(ENVELOPE, CONTEXT)

    assert answer["statusCode"] == 201


def test_the_function_composes_itself_from_its_environment_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler.compose.cache_clear()
    for name in ("STAGE", "TABLE", "QUEUE_BASE"):
        monkeypatch.setenv(f"HEED_{name}", "local")

    assert handler.compose() is handler.compose()
    event = json.loads(json.dumps(ENVELOPE))
    event["rawPath"] = "/v1/nothing"
    assert handler.lambda_handler(event, CONTEXT)["statusCode"] == 404
    handler.compose.cache_clear()


def test_docs_name_every_route() -> None:
    page = (ROOT / "docs/api.md").read_text()

    assert [
        r.name for r in ROUTES if f"{r.method} {r.template.removeprefix('/v1')}" not in page
    ] == []
    assert len(page.splitlines()) <= 150


def test_the_handler_is_short_and_imports_no_sibling() -> None:
    source = (ROOT / "functions/desk/handler.py").read_text()
    imported = [
        node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    ]

    assert len(source.splitlines()) <= 80
    assert not [name for name in imported if name and name.startswith("functions")]


def test_what_is_no_bell_is_counted_in_the_log_line(
    deployed: Enter, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = deployed("queue_base")
    url = backend.add_queues("work-acme-urgent") + "work-acme-urgent"
    backend.sqs.send_message(QueueUrl=url, MessageBody="no bell")
    handler.compose.cache_clear()

    answer = handler.lambda_handler({**ENVELOPE, "body": '{"band": "urgent"}'}, CONTEXT)

    handler.compose.cache_clear()
    assert answer["statusCode"] == 204
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["counts"]["bell_unreadable"] == 1
