"""Check 25: where we call, and how; and that no error tells the token with which we did."""

import ast
import ssl
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heed import adapter as adapters
from heed.adapter import Draft
from heed.domain.mention import Account
from heed.errors import NotSentError, OutboundError, SettingsError
from heed.outbound import LIMITS, HttpSender
from infra.local.twins.wire import TwinRequest, read_request
from tests.heed.storage.stores import a_mention
from tests.heed.test_outbound import (
    FAST,
    HOST,
    HOSTS,
    OK,
    TOKEN,
    Certificate,
    Serve,
    a_call,
    certificate,
    fails,
    over_tls,
    says,
    sender_to,
    serve,
)

__all__ = ["certificate", "serve"]

LIBRARY = Path(__file__).parents[2] / "layers/heed/python/heed"


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "localhost", f"{HOST}.evil.example", f"{HOST}@evil.example", "",
             f"evil.example/{HOST}", f"{HOST}:80", HOST.upper()],
)  # fmt: skip
def test_check_25_only_a_listed_host_is_called(serve: Serve, host: str) -> None:
    """25: outbound host allow-list."""
    server = serve(says(OK))
    sender = HttpSender({HOST: server.address, host: server.address}, stage="local")

    assert isinstance(fails(sender, a_call(host=host)), NotSentError)
    assert server.connections == 0


@pytest.mark.parametrize("platform", adapters.names())
def test_check_25_no_mention_leads_a_call_elsewhere(platform: str) -> None:
    """25: outbound host allow-list: what somebody wrote never becomes a part of an address."""
    adapter = adapters.load(platform)
    assert adapter.HOSTS
    assert all(host == host.lower() and ":" not in host and "." in host for host in adapter.HOSTS)
    for route in ("@evil.example/", "../../evil", "1?x=1#", "//evil.example", "1 2", "\r\nhost: a"):
        mention = a_mention(route, text="https://evil.example/")
        for private in (False, True):
            try:
                call = adapter.build_reply(mention, Draft("Hi", private), "key")
            except OutboundError:
                continue
            assert call.host in adapter.HOSTS
            assert "evil" not in call.path
            assert not set(call.path) & set("#\\ \r\n@")
    for step in adapter.connect(Account(platform, "1", "acme"), "https://hooks.example.com"):
        assert step.call is None or step.call.host in adapter.HOSTS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_check_25_no_redirect_is_followed(serve: Serve, status: int) -> None:
    """25: redirects off."""
    elsewhere = serve(says(OK))
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.address}/\r\nContent-Length: 0\r\n\r\n"

    response = sender_to(serve(says(head.encode()))).send(a_call(), TOKEN, HOSTS)

    assert (response.status, elsewhere.connections) == (status, 0)


def test_check_25_a_certificate_is_checked_before_a_byte_leaves(
    serve: Serve, certificate: Certificate
) -> None:
    """25: TLS verified: the authority, and the name."""
    server = serve(says(OK), certificate.server)
    stranger, call = over_tls(server, None)
    trusting, _ = over_tls(server, certificate.client)
    other_name = a_call(host=f"localhost:{server.port}")

    assert isinstance(fails(stranger, call, (call.host,)), NotSentError)
    assert isinstance(fails(trusting, other_name, (other_name.host,)), NotSentError)
    assert server.requests == []
    assert trusting.send(call, TOKEN, (call.host,)).status == 200


def test_check_25_every_call_ends_in_time(serve: Serve) -> None:
    """25: timeouts set."""
    began = time.monotonic()

    fails(sender_to(serve(says(b"", pause_s=0.6)), limits=FAST), a_call())

    assert time.monotonic() - began < 5
    assert (LIMITS.connect_s, LIMITS.total_s) == (3, 10)


@pytest.mark.parametrize("stage", ["prod", "dev", "test", ""])
def test_check_25_no_setting_leads_elsewhere_in_production(stage: str) -> None:
    """25: outbound host allow-list: a stand-in is for the local stage alone."""
    with pytest.raises(SettingsError):
        HttpSender({HOST: "http://127.0.0.1:1"}, stage=stage)


def test_check_25_nothing_else_in_the_library_speaks_http_to_the_world() -> None:
    """25: outbound host allow-list: there is one door."""
    doors = {"requests", "http", "socket", "urllib3", "aiohttp", "httpx", "ftplib", "smtplib"}
    found = {
        str(path.relative_to(LIBRARY))
        for path in LIBRARY.rglob("*.py")
        for name in _imported(path)
        if name.split(".")[0] in doors and name not in ("http.HTTPStatus", "urllib3.exceptions")
        and not name.startswith("urllib3.exceptions.")
    }  # fmt: skip

    # The lean client of AWS signs for the region's own endpoint.
    assert found == {"outbound.py", "storage/wire.py"}
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("auth", ["bearer", "path"])
@pytest.mark.parametrize(
    "behave", [says(), says(b"SSH-2.0\r\n"), says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")]
)
def test_no_error_of_a_call_tells_its_token(serve: Serve, behave: Any, auth: Any) -> None:
    path = "/bot{token}/sendMessage" if auth == "path" else "/2/tweets"

    error = fails(sender_to(serve(behave), limits=FAST), a_call(path=path, auth=auth))

    told = "".join(traceback.TracebackException.from_exception(error).format())
    assert not any(secret in told for secret in (TOKEN, "Bearer", "Authorization"))


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/bot1:canary/sendMessage", {}, b""),
        ("/v26.0/1/comments?access_token=canary", {}, b""),
        ("/2/tweets", {"authorization": "Bearer canary"}, b""),
        ("/v26.0/1/comments", {}, b"access_token=canary"),
        ("/hook?hub.verify_token=canary", {}, b""),
    ],
)
def test_a_call_to_a_stand_in_does_not_show_its_token(
    path: str, headers: dict[str, str], body: bytes
) -> None:
    request = read_request("POST", path, headers=headers, body=body)

    assert isinstance(request, TwinRequest)
    assert "canary" not in repr(request)
    assert "canary" not in str(ValueError(request))
