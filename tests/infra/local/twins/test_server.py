import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from infra.local.twins.server import BODY_BYTES_MAX, TwinServer, wall_clock_ms
from infra.local.twins.telegram import telegram_twin
from infra.local.twins.x import x_twin
from tests.infra.local.twins.worlds import BRAND, mention

REPLY = {"text": "Hello", "reply": {"in_reply_to_tweet_id": "500"}}
Connect = Callable[..., http.client.HTTPConnection]
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def server() -> Iterator[TwinServer]:
    x = x_twin([BRAND], now_ms=wall_clock_ms)
    x.register_object(mention("500"))
    with TwinServer([x, telegram_twin([BRAND], now_ms=wall_clock_ms)]) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as opened:

        def connect(server: TwinServer, name: str = "x") -> http.client.HTTPConnection:
            host = server.address(name).removeprefix("http://")
            return opened.enter_context(closing(http.client.HTTPConnection(host, timeout=10)))

        yield connect


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, payload: object = None
) -> Answer:
    body = None if payload is None else json.dumps(payload)
    connection.request(method, path, body, {"Authorization": f"Bearer {BRAND.token}"})
    response = connection.getresponse()
    headers = {key.lower(): value for key, value in response.getheaders()}
    return response.status, headers, response.read()


def test_each_twin_answers_at_its_own_address(server: TwinServer, connect: Connect) -> None:
    x, telegram = connect(server), connect(server, "telegram")

    status, headers, body = _ask(x, "POST", "/2/tweets", REPLY)
    refused, _, _ = _ask(telegram, "POST", f"/bot{BRAND.token}/sendMessage", {"chat_id": 1})

    assert (status, refused) == (201, 400)
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body)["data"]["text"] == "Hello"
    assert server.address("x").startswith("http://127.0.0.1:")
    assert server.address("x") != server.address("telegram")


def test_posts_log_faults_and_objects_are_within_reach(
    server: TwinServer, connect: Connect
) -> None:
    connection = connect(server)
    objects = {"objects": [{"id": "501", "author_id": "9001", "summons": [BRAND.id]}]}
    faults = {"faults": [{"kind": "error_before"}]}

    statuses = [
        _ask(connection, "POST", "/_twin/objects", objects)[0],
        _ask(connection, "POST", "/_twin/faults", faults)[0],
        _ask(connection, "POST", "/2/tweets", REPLY)[0],
        _ask(connection, "POST", "/2/tweets", REPLY)[0],
        _ask(connection, "POST", "/_twin/faults", {"faults": [{}]})[0],
        _ask(connection, "GET", "/_twin/nothing")[0],
    ]
    posts = json.loads(_ask(connection, "GET", "/_twin/posts")[2])["posts"]
    calls = json.loads(_ask(connection, "GET", "/_twin/log")[2])["calls"]

    assert statuses == [200, 200, 503, 201, 400, 404]
    assert [post["target"] for post in posts] == ["500"]
    assert [call["status"] for call in calls] == [503, 201]


def test_a_lost_answer_closes_the_connection_and_the_post_stays(
    server: TwinServer, connect: Connect
) -> None:
    connection = connect(server)
    _ask(connection, "POST", "/_twin/faults", {"faults": [{"kind": "lose_answer"}]})

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        _ask(connection, "POST", "/2/tweets", REPLY)

    posts = json.loads(_ask(connect(server), "GET", "/_twin/posts")[2])["posts"]
    assert len(posts) == 1


def test_a_slow_answer_keeps_only_its_own_caller_waiting(
    server: TwinServer, connect: Connect
) -> None:
    connection, other = connect(server), connect(server)
    faults = {"faults": [{"kind": "slow", "wait_s": 0.3}]}
    _ask(connection, "POST", "/_twin/faults", faults)
    started_at_s = time.monotonic()
    slow = threading.Thread(target=_ask, args=(connection, "POST", "/2/tweets", REPLY))
    slow.start()

    _ask(other, "GET", "/_twin/log")
    quick_s = time.monotonic() - started_at_s
    slow.join()
    slow_s = time.monotonic() - started_at_s

    assert quick_s < 0.3 <= slow_s


def test_answers_on_one_connection_do_not_wait_for_acknowledgements(
    server: TwinServer, connect: Connect
) -> None:
    connection = connect(server)
    _ask(connection, "GET", "/_twin/log")
    started_at_s = time.monotonic()

    for _ in range(25):
        _ask(connection, "GET", "/_twin/log")

    assert time.monotonic() - started_at_s < 25 * 0.04


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (f"Content-Length: {BODY_BYTES_MAX + 1}", 413),
        (f"Content-Length: {'9' * 5_000}", 413),
        ("Content-Length: -1", 400),
        ("Content-Length: many", 400),
        ("Transfer-Encoding: chunked", 411),
    ],
)
def test_a_body_of_no_acceptable_size_is_not_read(
    server: TwinServer, headers: str, status: int
) -> None:
    call = f"POST /2/tweets HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode()

    answer = _send_raw(server, call)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_a_caller_that_hangs_up_early_does_no_harm(server: TwinServer, connect: Connect) -> None:
    call = b"POST /2/tweets HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"

    assert _send_raw(server, call) == b""
    assert _ask(connect(server), "GET", "/_twin/log")[0] == 200


def test_a_fault_of_the_twin_itself_is_shown(
    connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken_clock_ms() -> int:
        raise RuntimeError("the clock is broken")

    broken = x_twin([BRAND], now_ms=broken_clock_ms)
    with TwinServer([broken]) as running, pytest.raises(http.client.RemoteDisconnected):
        _ask(connect(running), "GET", "/2/tweets")

    assert "the clock is broken" in capsys.readouterr().err


def test_a_stop_leaves_no_thread_even_with_callers_connected_and_waiting(connect: Connect) -> None:
    before = set(threading.enumerate())
    x = x_twin([BRAND], now_ms=wall_clock_ms)
    x.register_object(mention("500"))
    started_at_s = time.monotonic()

    with TwinServer([x]) as running:
        idle, waiting = connect(running), connect(running)
        _ask(idle, "GET", "/_twin/log")
        faults = {"faults": [{"kind": "slow", "wait_s": 600}]}
        _ask(waiting, "POST", "/_twin/faults", faults)
        headers = {"Authorization": f"Bearer {BRAND.token}"}
        waiting.request("POST", "/2/tweets", json.dumps(REPLY), headers)
        while not x.visible_posts():
            time.sleep(0.01)

    assert set(threading.enumerate()) <= before
    assert time.monotonic() - started_at_s < 5


def test_a_chosen_port_is_used_and_free_again_after_the_stop() -> None:
    with TwinServer([x_twin([BRAND], now_ms=wall_clock_ms)]) as running:
        port = int(running.address("x").rpartition(":")[2])

    with TwinServer([x_twin([BRAND], now_ms=wall_clock_ms)], ports={"x": port}) as running:
        assert running.address("x") == f"http://127.0.0.1:{port}"


def test_a_port_in_use_stops_the_start_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        twins = [telegram_twin([BRAND], now_ms=wall_clock_ms), x_twin([BRAND], now_ms=lambda: 0)]
        server = TwinServer(twins, ports={"x": taken.getsockname()[1]})

        with pytest.raises(OSError, match="in use"):
            server.__enter__()

    assert set(threading.enumerate()) <= before


def test_two_twins_with_one_name_are_refused() -> None:
    twins = [x_twin([BRAND], now_ms=wall_clock_ms) for _ in range(2)]

    with pytest.raises(ValueError, match="same name"):
        TwinServer(twins)


def _send_raw(server: TwinServer, call: bytes) -> bytes:
    host, _, port = server.address("x").removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(call)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))
