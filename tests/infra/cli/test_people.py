"""Agents and switches, against the emulator's user pool and a desk that only listens."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.cli.main import main
from tests.backends import open_backend

Output = pytest.CaptureFixture[str]
PASSWORD = "a-Long-enough-1"  # Made up.


@pytest.fixture
def pool(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> tuple[Any, str]:
    """A user pool as the data stack makes it, told to the command by .heed/env."""
    endpoint = open_backend("ministack", request).endpoint
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    made = cognito.create_user_pool(
        PoolName="agents",
        Schema=[{"Name": "brand", "AttributeDataType": "String", "Mutable": True}],
    )
    name = made["UserPool"]["Id"]
    for group in ("agent", "lead"):
        cognito.create_group(UserPoolId=name, GroupName=group)
    client = cognito.create_user_pool_client(
        UserPoolId=name, ClientName="heed", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".heed").mkdir()
    values = {"POOL": name, "CLIENT": client, "AWS_ENDPOINT_URL": endpoint}
    lines = "".join(f"export {key}='{value}'\n" for key, value in values.items())
    (tmp_path / ".heed" / "env").write_text(f"# written by heed up\n{lines}", encoding="utf-8")
    return cognito, name


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found


def groups_of(pool: tuple[Any, str], name: str) -> set[str]:
    cognito, pool_id = pool
    groups = cognito.admin_list_groups_for_user(UserPoolId=pool_id, Username=name)["Groups"]
    return {group["GroupName"] for group in groups}


def test_an_agent_signs_in_with_a_brand(
    pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("HEED_PASSWORD", PASSWORD)

    assert main(["agent", "add", "ana", "--brand", "acme"]) == 0
    assert PASSWORD not in "".join(capsys.readouterr())
    assert main(["token", "ana"]) == 0

    claims = claims_of(capsys.readouterr().out.strip())
    assert claims["custom:brand"] == "acme"
    assert claims["token_use"] == "id"
    assert groups_of(pool, "ana") == {"agent"}


def test_adding_again_changes_the_role(
    pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("HEED_PASSWORD", PASSWORD)

    assert main(["agent", "add", "ben", "--brand", "acme", "--lead"]) == 0
    assert groups_of(pool, "ben") == {"agent", "lead"}
    assert main(["agent", "add", "ben", "--brand", "acme"]) == 0
    assert groups_of(pool, "ben") == {"agent"}
    assert "ben: agent of acme" in capsys.readouterr().err


def test_without_a_password_one_is_made_up_and_told_once(
    pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.delenv("HEED_PASSWORD", raising=False)

    assert main(["agent", "add", "cleo", "--brand", "acme"]) == 0

    told = capsys.readouterr().out.removeprefix("password: ").strip()
    monkeypatch.setenv("HEED_PASSWORD", told)
    assert main(["token", "cleo"]) == 0
    assert capsys.readouterr().out.count(".") == 2


def test_a_wrong_password_is_one_line(
    pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("HEED_PASSWORD", "wrong")

    assert main(["token", "nobody"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("heed token: ")
    assert error.count("\n") == 1


def test_an_unknown_brand_is_named(pool: tuple[Any, str], capsys: Output) -> None:
    assert main(["agent", "add", "ana", "--brand", "acme,other"]) == 2
    assert "no brand is called 'other'; there is acme" in capsys.readouterr().err


def test_aws_out_of_reach_is_one_line(
    pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("HEED_PASSWORD", PASSWORD)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    assert main(["token", "ana"]) == 2
    assert "AWS cannot be asked" in capsys.readouterr().err


class Listening(HTTPServer):
    """A server that answers everything alike and keeps what it was asked."""

    status = 200
    body = b"{}"
    asked: list[tuple[str, str, bytes, str]]


class Answering(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        server = self.server
        assert isinstance(server, Listening)
        size = int(self.headers.get("content-length", 0))
        token = self.headers.get("authorization", "")
        server.asked.append((self.command, self.path, self.rfile.read(size), token))
        self.send_response(server.status)
        self.send_header("content-length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    do_POST = do_PUT  # noqa: N815  # The library's name for it.

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Listening]:
    server = Listening(("127.0.0.1", 0), Answering)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.chdir(tmp_path)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("DESK", f"{address}/v1")
    monkeypatch.setenv("HOOKS", f"{address}/hooks")
    monkeypatch.setenv("TOKEN", "a-token")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_pause_and_resume_switch_only_that(desk: Listening, capsys: Output) -> None:
    desk.body = b'{"paused": true, "disabled": []}'
    assert main(["pause", "acme"]) == 0
    desk.body = b'{"paused": false, "disabled": []}'
    assert main(["resume", "acme"]) == 0

    assert capsys.readouterr().out == "acme: paused\nacme: answering\n"
    assert [json.loads(body) for _, _, body, _ in desk.asked] == [
        {"paused": True},
        {"paused": False},
    ]
    assert {(path, token) for _, path, _, token in desk.asked} == {
        ("/v1/controls/acme", "Bearer a-token")
    }


def test_resume_enables_an_account_and_names_those_that_are_disabled(
    desk: Listening, capsys: Output
) -> None:
    desk.body = b'{"paused": true, "disabled": ["x#2"]}'

    assert main(["resume", "acme", "--account", "x#1"]) == 0

    assert [json.loads(body) for _, _, body, _ in desk.asked] == [{"enabled": ["x#1"]}]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "acme: paused"
    assert "heed resume acme --account 'x#2'" in said[1]


@pytest.mark.parametrize(
    ("body", "says"),
    [(b'{"message": "only a lead may"}', "only a lead may"), (b"<html>", "<html>")],
)
def test_what_the_desk_refuses_is_passed_on(
    body: bytes, says: str, desk: Listening, capsys: Output
) -> None:
    desk.status, desk.body = 403, body

    assert main(["pause", "acme"]) == 2
    assert f"the desk said 403: {says}" in capsys.readouterr().err


def test_no_desk_is_one_line(
    desk: Listening, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("DESK", "http://127.0.0.1:9/v1")

    assert main(["pause", "acme"]) == 2
    assert "is the system up?" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 1)])
def test_send_delivers_a_signed_body(
    status: int, code: int, desk: Listening, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:  # fmt: skip
    desk.status, desk.body = status, b"said"
    Path("body.json").write_bytes(b"{}")
    Path("headers.json").write_text('{"User-Agent": "sample"}', encoding="utf-8")
    monkeypatch.setenv("HEED_SIGNING_SECRET", "DDD")

    assert main(["send", "x", "body.json", "--headers", "headers.json"]) == code

    assert capsys.readouterr().out == f"{status} said\n"
    assert [(method, path, body) for method, path, body, _ in desk.asked] == [
        ("POST", "/hooks/x/main", b"{}")
    ]


@pytest.mark.parametrize(
    ("text", "says"), [("[1]", "must hold a JSON object"), ("{", "is not JSON")]
)
def test_headers_that_cannot_be_read_are_explained(
    text: str, says: str, desk: Listening, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "body.json").write_bytes(b"{}")
    (tmp_path / "headers.json").write_text(text, encoding="utf-8")

    assert main(["parse", "x", "body.json", "--headers", "headers.json"]) == 2
    assert says in capsys.readouterr().err
