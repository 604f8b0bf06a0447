"""Outbound calls over real sockets: a server on loopback that behaves as badly as it is told."""

import contextlib
import datetime
import ipaddress
import logging
import re
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from heed.adapter import Call
from heed.errors import DoubtfulError, NotSentError, OutboundError, SettingsError
from heed.outbound import LIMITS, HttpSender, Limits, twins_of
from tests.acceptance import is_accepted

HOST = "api.example.com"
HOSTS = (HOST,)
TOKEN = "123:canary-Token_value"
# A busy machine must not turn an answer into a timeout; what is to time out does so quickly.
PATIENT = Limits(answer_bytes_max=10_000)
FAST = Limits(connect_s=0.2, total_s=0.3, answer_bytes_max=10_000)
LATE_S = 5.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Rate: 7\r\n\r\n{}"
Behaviour = Callable[[socket.socket], None]


@dataclass
class Server:
    """Takes one connection after the other and lets `behave` do what it likes with each."""

    behave: Behaviour
    context: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(2)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self.context is None:
            self.requests.append(read_request(connection))
            self.behave(connection)
            return
        with self.context.wrap_socket(connection, server_side=True) as secure:
            self.requests.append(read_request(secure))
            self.behave(secure)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: (\d+)", head)
    while found and len(body) < int(found[1]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def start(behave: Behaviour, context: ssl.SSLContext | None = None) -> Server:
            server = Server(behave, context)
            stack.callback(server.close)
            return server

        yield start


def says(*parts: bytes, pause_s: float = 0.0) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)

    return behave


def a_call(**fields: Any) -> Call:
    defaults: dict[str, Any] = {"method": "POST", "host": HOST, "path": "/2/tweets", "body": b"{}"}
    return Call(**{**defaults, **fields})


def sender_to(server: Server, **more: Any) -> HttpSender:
    return HttpSender({HOST: server.address}, stage="local", **{"limits": PATIENT, **more})


def fails(sender: HttpSender, call: Call, hosts: tuple[str, ...] = HOSTS) -> OutboundError:
    """Send, and check that nothing of the token is in the error or what hangs on it."""
    with pytest.raises(OutboundError) as caught:
        sender.send(call, TOKEN, hosts)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def test_an_answer_is_returned_as_it_is(serve: Serve) -> None:
    server = serve(says(OK))

    response = sender_to(server).send(a_call(), TOKEN, HOSTS)

    assert (response.status, response.body) == (200, b"{}")
    assert response.headers["x-rate"] == "7"
    assert all(name == name.lower() for name in response.headers)


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 429, 500, 503])
def test_any_status_is_an_answer(serve: Serve, status: int) -> None:
    server = serve(says(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()))

    assert sender_to(server).send(a_call(), TOKEN, HOSTS).status == status


def test_a_bearer_token_travels_in_its_header_only(serve: Serve) -> None:
    server = serve(says(OK))
    call = a_call(headers={"content-type": "application/json"}, body=b'{"text":"Hi"}')

    sender_to(server).send(call, TOKEN, HOSTS)

    [request] = server.requests
    lines = request.split(b"\r\n")
    assert lines[0] == b"POST /2/tweets HTTP/1.1"
    assert f"Authorization: Bearer {TOKEN}".encode() in lines
    assert b"content-type: application/json" in lines
    assert request.count(TOKEN.encode()) == 1
    assert request.endswith(b'\r\n\r\n{"text":"Hi"}')


def test_a_path_token_travels_in_the_path_only(serve: Serve) -> None:
    server = serve(says(OK))

    sender_to(server).send(a_call(path="/bot{token}/sendMessage", auth="path"), TOKEN, HOSTS)

    [request] = server.requests
    assert request.startswith(f"POST /bot{TOKEN}/sendMessage HTTP/1.1\r\n".encode())
    assert b"authorization" not in request.lower()
    assert request.count(TOKEN.encode()) == 1


def test_a_path_token_leads_nowhere_else(serve: Serve) -> None:
    server = serve(says(OK))

    sender_to(server).send(a_call(path="/bot{token}/getMe", auth="path"), "a/../b?c#d", HOSTS)

    assert server.requests[0].startswith(b"POST /bota%2F..%2Fb%3Fc%23d/getMe HTTP/1.1\r\n")


def test_a_call_without_a_body_sends_none(serve: Serve) -> None:
    server = serve(says(OK))

    sender_to(server).send(a_call(method="GET", path="/2/users/1?a=b%20c", body=b""), TOKEN, HOSTS)

    [request] = server.requests
    assert request.startswith(b"GET /2/users/1?a=b%20c HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n")


def test_every_call_has_a_connection_of_its_own(serve: Serve) -> None:
    server = serve(says(OK))
    sender = sender_to(server)

    for _ in range(3):
        sender.send(a_call(), TOKEN, HOSTS)

    assert server.connections == 3
    assert all(b"\r\nConnection: close\r\n" in request for request in server.requests)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("evil.example.com", "/x"),
        ("api.example.com.evil.com", "/x"),
        ("API.example.com", "/x"),
        ("", "/x"),
        (HOST, ".evil.com/x"),
        (HOST, "@evil.com/x"),
        (HOST, ""),
    ],
)
def test_a_host_that_the_platform_does_not_list_is_never_called(
    serve: Serve, host: str, path: str
) -> None:
    server = serve(says(OK))
    sender = HttpSender({HOST: server.address, host or "x": server.address}, stage="local")

    assert isinstance(fails(sender, a_call(host=host, path=path)), NotSentError)
    assert server.connections == 0


@pytest.mark.parametrize("token", ["line\nbreak", "with space", "é", "\ud800", "tab\t", "nul\x00"])
@pytest.mark.parametrize("auth", ["bearer", "path"])
def test_a_token_that_no_request_can_carry_is_not_sent(
    serve: Serve, token: str, auth: Literal["bearer", "path"]
) -> None:
    server = serve(says(OK))

    with pytest.raises(NotSentError, match="token"):
        sender_to(server).send(a_call(auth=auth), token, HOSTS)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("stage", "address"),
    [
        ("prod", "http://127.0.0.1:9000"),
        ("dev", "http://[::1]:9000"),
        ("local", "http://10.0.0.1:9000"),
        ("local", "http://example.com"),
        ("local", "http://127.0.0.1.evil.com"),
        ("local", "https://127.0.0.1:9000"),
        ("local", "file:///etc/passwd"),
        ("local", ""),
    ],
)
def test_a_twin_is_refused_off_the_local_stage_and_off_loopback(stage: str, address: str) -> None:
    with pytest.raises(SettingsError, match=HOST):
        HttpSender({HOST: address}, stage=stage)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9000", "http://[::1]:9000"])
def test_a_twin_on_loopback_is_taken_on_the_local_stage(address: str) -> None:
    assert is_accepted(lambda: HttpSender({HOST: address}, stage="local"))


def test_without_twins_any_stage_will_do() -> None:
    assert is_accepted(lambda: HttpSender({}, stage="prod"))


def test_the_setting_of_twins_is_read() -> None:
    assert twins_of('{"api.x.com": "http://127.0.0.1:1"}') == {"api.x.com": "http://127.0.0.1:1"}
    assert twins_of("{}") == {}


@pytest.mark.parametrize("setting", ["", "[]", "5", "{", "null"])
def test_a_setting_of_twins_that_is_no_object_is_a_clear_error(setting: str) -> None:
    with pytest.raises(SettingsError, match="HEED_PLATFORM_HOSTS"):
        twins_of(setting)


def test_a_refused_connection_means_that_nothing_was_sent(serve: Serve) -> None:
    server = serve(says(OK))
    server.close()

    assert isinstance(fails(sender_to(server), a_call()), NotSentError)


def test_a_name_that_cannot_be_resolved_means_that_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert isinstance(fails(HttpSender({}, stage="prod"), a_call()), NotSentError)


def test_a_connection_that_does_not_come_about_in_time_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        sender = HttpSender({HOST: f"http://127.0.0.1:{address[1]}"}, stage="local", limits=FAST)
        started = time.monotonic()

        assert isinstance(fails(sender, a_call()), NotSentError)

        assert time.monotonic() - started < LATE_S
        for one in waiting:
            one.close()


@pytest.mark.parametrize(
    "behave",
    [
        says(),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
        says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
    ids=["nothing", "half a body", "half the chunks", "no gzip", "no HTTP"],
)
def test_an_answer_that_does_not_come_whole_leaves_doubt(serve: Serve, behave: Behaviour) -> None:
    assert isinstance(fails(sender_to(serve(behave)), a_call()), DoubtfulError)


@pytest.mark.parametrize(
    "behave",
    [says(OK), says(b"HTTP/1.1 200 OK\r\nContent-Le"), says(), says(b"", pause_s=0.6)],
    ids=["answers", "half a head", "nothing", "says nothing"],
)
def test_no_token_reaches_a_log(
    serve: Serve, behave: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    call = a_call(path="/bot{token}/sendMessage", auth="path")

    with contextlib.suppress(OutboundError):
        sender_to(serve(behave), limits=FAST).send(call, TOKEN, HOSTS)

    assert "canary" not in caplog.text


def test_a_reset_after_the_request_leaves_doubt(serve: Serve) -> None:
    def reset(connection: socket.socket) -> None:
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    assert isinstance(fails(sender_to(serve(reset)), a_call()), DoubtfulError)


@pytest.mark.parametrize(
    "behave",
    [
        says(b"", pause_s=0.6),
        # Each byte comes well before a timeout of the socket would strike.
        says(*(bytes([byte]) for byte in OK * 4), pause_s=0.05),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", *[b"x"] * 40, pause_s=0.05),
        says(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 40, pause_s=0.05),
    ],
    ids=["says nothing", "trickles its head", "trickles its body", "never ends"],
)
def test_one_deadline_holds_for_all_of_a_call(serve: Serve, behave: Behaviour) -> None:
    server = serve(behave)
    started = time.monotonic()

    assert isinstance(fails(sender_to(server, limits=FAST), a_call()), DoubtfulError)

    assert time.monotonic() - started < LATE_S
    assert len(server.requests) == 1


def test_an_answer_that_is_too_long_leaves_doubt(serve: Serve) -> None:
    body = b"x" * (PATIENT.answer_bytes_max + 1)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    assert isinstance(fails(sender_to(serve(says(head, body))), a_call()), DoubtfulError)


def test_an_answer_of_exactly_the_limit_is_taken(serve: Serve) -> None:
    body = b"x" * PATIENT.answer_bytes_max
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    assert sender_to(serve(says(head, body))).send(a_call(), TOKEN, HOSTS).body == body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(serve: Serve, status: int) -> None:
    elsewhere = serve(says(OK))
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.address}/\r\nContent-Length: 0\r\n\r\n"
    server = serve(says(head.encode()))

    response = sender_to(server).send(a_call(), TOKEN, HOSTS)

    assert response.status == status
    assert (server.connections, elsewhere.connections) == (1, 0)


def test_nothing_is_ever_sent_twice(serve: Serve) -> None:
    server = serve(says())

    fails(sender_to(server), a_call())

    time.sleep(0.1)
    assert len(server.requests) == 1


def test_no_proxy_and_no_stored_password_of_the_machine_has_a_say(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serve(says(OK))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    sender_to(server).send(a_call(auth="path"), TOKEN, HOSTS)

    assert b"authorization" not in server.requests[0].lower()


def test_calls_in_parallel_do_not_disturb_each_other(serve: Serve) -> None:
    good, bad = serve(says(OK)), serve(says(b"", pause_s=3.5))
    twins = {HOST: good.address, "slow.example.com": bad.address}
    sender = HttpSender(twins, stage="local", limits=Limits(total_s=2.5))
    outcomes: list[str] = []

    def send(host: str) -> None:
        try:
            sender.send(a_call(host=host), TOKEN, tuple(twins))
        except OutboundError as error:
            outcomes.append(type(error).__name__)
        else:
            outcomes.append("answered")

    threads = [threading.Thread(target=send, args=(host,)) for host in [*twins, HOST, HOST]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["DoubtfulError", "answered", "answered", "answered"]


@dataclass(frozen=True)
class Certificate:
    """A certificate for loopback, for the server's side and for a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    pem.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return Certificate(server, ssl.create_default_context(cafile=str(pem)))


def over_tls(
    server: Server, trust: ssl.SSLContext | None, limits: Limits = PATIENT
) -> tuple[HttpSender, Call]:
    """Without a twin every call goes over TLS: the listed host is the server itself."""
    sender = HttpSender({}, stage="prod", limits=limits, trust=trust)
    return sender, a_call(host=f"127.0.0.1:{server.port}")


def test_a_certificate_that_we_trust_is_spoken_to(serve: Serve, certificate: Certificate) -> None:
    server = serve(says(OK), certificate.server)
    sender, call = over_tls(server, certificate.client)

    assert sender.send(call, TOKEN, (call.host,)).status == 200
    assert server.requests[0].startswith(b"POST /2/tweets HTTP/1.1\r\n")


def test_a_certificate_that_we_do_not_trust_gets_nothing(
    serve: Serve, certificate: Certificate
) -> None:
    server = serve(says(OK), certificate.server)
    sender, call = over_tls(server, None)

    assert isinstance(fails(sender, call, (call.host,)), NotSentError)
    assert server.requests == []


def test_what_speaks_no_tls_gets_nothing(serve: Serve) -> None:
    server = serve(says(OK))
    sender, call = over_tls(server, None, FAST)

    assert isinstance(fails(sender, call, (call.host,)), NotSentError)
    assert not any(TOKEN.encode() in request for request in server.requests)


@pytest.mark.parametrize(
    ("behave", "limits"),
    [
        (says(), PATIENT),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"), PATIENT),
        (says(b"", pause_s=1.5), Limits(total_s=1.0)),
    ],
    ids=["closes", "half a body", "says nothing"],
)
def test_trouble_of_tls_after_the_request_leaves_doubt(
    serve: Serve, certificate: Certificate, behave: Behaviour, limits: Limits
) -> None:
    server = serve(behave, certificate.server)
    sender, call = over_tls(server, certificate.client, limits)

    assert isinstance(fails(sender, call, (call.host,)), DoubtfulError)
    assert len(server.requests) == 1


def test_a_broken_record_of_tls_after_the_request_leaves_doubt(
    serve: Serve, certificate: Certificate
) -> None:
    def break_off(connection: socket.socket) -> None:
        # Below the encryption: the client sees an error of TLS, long after the handshake.
        socket.socket.send(connection, b"\x17\x03\x03\x00\x20" + b"\x00" * 32)

    server = serve(break_off, certificate.server)
    sender, call = over_tls(server, certificate.client)

    assert isinstance(fails(sender, call, (call.host,)), DoubtfulError)


def test_a_handshake_that_does_not_end_means_that_nothing_was_sent(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        sender = HttpSender({}, stage="prod", limits=FAST)
        started = time.monotonic()

        assert isinstance(fails(sender, a_call(host=host), (host,)), NotSentError)

        assert time.monotonic() - started < LATE_S


def test_a_deadline_that_passes_before_the_first_byte_means_that_nothing_was_sent(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(says(OK))
    resolve = socket.getaddrinfo

    def slow(*args: Any, **kwargs: Any) -> Any:
        time.sleep(0.2)
        return resolve(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    sender = sender_to(server, limits=Limits(total_s=0.1))

    assert isinstance(fails(sender, a_call()), NotSentError)
    assert not any(server.requests)


def test_the_limits_are_those_of_the_page() -> None:
    assert Limits(connect_s=3.0, total_s=10.0, answer_bytes_max=1_000_000) == LIMITS


def test_no_thread_outlives_its_call(serve: Serve) -> None:
    server = serve(says(OK))
    before = threading.active_count()

    sender_to(server).send(a_call(), TOKEN, HOSTS)

    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
