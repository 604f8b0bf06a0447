"""Twins on loopback: one listener per twin, so that paths are exactly the platform's.

Nothing here knows a platform. A stop closes every connection and leaves no thread behind.
"""

import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast

from infra.local.twins.control import PREFIX, control
from infra.local.twins.core import Twin
from infra.local.twins.wire import TwinRequest, TwinResponse, json_response, read_request

LOOPBACK = "127.0.0.1"
BODY_BYTES_MAX = 1_048_576
LENGTH_DIGITS_MAX = 18
IDLE_S = 30
STOP_POLL_S = 0.02


class TwinServer:
    """Serves twins while the `with` block runs; ports are chosen by the system unless given."""

    def __init__(self, twins: Iterable[Twin], *, ports: Mapping[str, int] | None = None) -> None:
        """Take twins with different names; nothing listens yet."""
        self._twins = list(twins)
        if len({twin.name for twin in self._twins}) < len(self._twins):
            raise ValueError("two twins have the same name")
        self._ports = dict(ports or {})
        self._listeners: dict[str, _Listener] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        try:
            for twin in self._twins:
                listener = _Listener(twin, self._ports.get(twin.name, 0))
                self._listeners[twin.name] = listener
                thread = threading.Thread(
                    target=listener.serve_forever, args=(STOP_POLL_S,), name=f"twin {twin.name}"
                )
                thread.start()
                self._threads.append(thread)
        except OSError:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def address(self, name: str) -> str:
        """Return the address that stands for the platform's scheme and host."""
        return f"http://{LOOPBACK}:{self._listeners[name].server_port}"

    def stop(self) -> None:
        """Close all listeners and connections and wait for their threads."""
        for listener in self._listeners.values():
            listener.stop()
        for thread in self._threads:
            thread.join()
        self._listeners.clear()
        self._threads.clear()


def wall_clock_ms() -> int:
    """Return the time of day, for twins that are served and not simulated."""
    return time.time_ns() // 1_000_000


class _Listener(ThreadingHTTPServer):
    """One port for one twin. Calls to the twin are made one at a time."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, twin: Twin, port: int) -> None:
        self.twin = twin
        self.turn = threading.Lock()
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__((LOOPBACK, port), _Handler)

    def process_request(self, request: object, client_address: object) -> None:
        """Remember the connection before its thread starts, so that a stop can close it."""
        connection = cast("socket.socket", request)
        with self._connections_lock:
            self._connections.add(connection)
        super().process_request(connection, cast("tuple[str, int]", client_address))

    def shutdown_request(self, request: object) -> None:
        """Forget a connection that is done."""
        connection = cast("socket.socket", request)
        with self._connections_lock:
            self._connections.discard(connection)
        super().shutdown_request(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet about callers that hung up; show everything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(cast("socket.socket", request), client_address)

    def stop(self) -> None:
        """Take no more calls, wake those that wait, close all connections."""
        self.stopping.set()
        self.shutdown()
        with self._connections_lock:
            for connection in self._connections:
                _hang_up(connection)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Reads a call, lets the twin answer it and writes the answer."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    # Without these two an answer waits some 40 ms for the acknowledgement of its own headers.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def version_string(self) -> str:
        """Say what answers here."""
        return "heed-twin"

    def log_message(self, *args: object) -> None:
        """Write nothing: the twin keeps the log, and query strings may hold tokens."""

    @property
    def _listener(self) -> _Listener:
        return cast("_Listener", self.server)

    def _serve(self) -> None:
        size = self._body_size()
        if isinstance(size, TwinResponse):
            # What follows on this connection is an unread body, not a request.
            self.close_connection = True
            self._write(size)
            return
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = read_request(self.command, self.path, headers=headers, body=body)
        response = self._ask(request)
        if response.delay_s:
            self._listener.stopping.wait(response.delay_s)
        if response.lost:
            self.close_connection = True
            _hang_up(self.connection)
            return
        self._write(response)

    def _ask(self, request: TwinRequest) -> TwinResponse:
        twin = self._listener.twin
        with self._listener.turn:
            if request.path.startswith(PREFIX):
                return control(twin, request)
            return twin.handle(request)

    def _body_size(self) -> int | TwinResponse:
        """Return the size of the body, or the answer to a call whose size is not acceptable."""
        if self.headers.get("transfer-encoding"):
            return json_response(HTTPStatus.LENGTH_REQUIRED, {"error": "send content-length"})
        stated = self.headers.get("content-length", "0")
        if not stated.isdecimal():
            return json_response(HTTPStatus.BAD_REQUEST, {"error": "content-length is no number"})
        if len(stated) > LENGTH_DIGITS_MAX or int(stated) > BODY_BYTES_MAX:
            message = f"the body has more than {BODY_BYTES_MAX} bytes"
            return json_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": message})
        return int(stated)

    def _write(self, response: TwinResponse) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(response.body)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster.
        return
