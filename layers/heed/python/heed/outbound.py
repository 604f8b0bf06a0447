"""The only place that speaks HTTP to platforms: a fixed host list, no redirects, one deadline."""

import contextlib
import ipaddress
import json
import logging
import socket
import ssl
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from heed.adapter import Call, Response
from heed.errors import DoubtfulError, NotSentError, SettingsError

CONNECT_TIMEOUT_S: Final = 3.0
TOTAL_TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 1_000_000
CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take and how much it may bring. `total_s` counts from its beginning."""

    connect_s: float = CONNECT_TIMEOUT_S
    total_s: float = TOTAL_TIMEOUT_S
    answer_bytes_max: int = ANSWER_BYTES_MAX


LIMITS: Final = Limits()


class HttpSender:
    """`heed.ports.Sender` over requests.

    `twins` maps a platform's host to a loopback address, on the local stage only. `trust` are the
    authorities whose certificates count: those that come with requests, if not told.
    """

    def __init__(
        self,
        twins: Mapping[str, str],
        *,
        stage: str,
        limits: Limits = LIMITS,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        for host, address in twins.items():
            _refuse_foreign(host, address, stage)
        self._twins = twins
        self._limits = limits
        self._session = requests.Session()
        transport = _Transport(trust or ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH))
        self._session.mount("https://", transport)
        self._session.mount("http://", transport)
        # No proxy and no stored password of the machine has a say here.
        self._session.trust_env = False
        # Its warnings quote the URL, and with it a token in the path.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
        """Perform a call with the account's token, within ten seconds in all.

        Raises: NotSentError when nothing of the request left, DoubtfulError when it did and the
        answer did not come whole. Any HTTP answer is returned as it is.
        """
        if call.host not in hosts or not call.path.startswith("/"):
            raise NotSentError("the call names a host that the platform does not list")
        if not _is_sendable(token):
            raise NotSentError("the account's token holds characters that cannot be sent")
        with _Attempt(self._limits.total_s) as attempt:
            try:
                response = self._response(call, token)
            except requests.RequestException:
                response = None
        # Raised out here: in the handler they would hold the URL, and with it a token in the path.
        if not attempt.has_begun:
            raise NotSentError("the platform could not be reached")
        if response is None or attempt.is_over:
            raise DoubtfulError("the platform's answer did not come")
        if len(response.body) > self._limits.answer_bytes_max:
            raise DoubtfulError("the platform's answer is too long")
        return response

    def _response(self, call: Call, token: str) -> Response:
        # A connection that was kept may have died unnoticed while Lambda slept: each call has its
        # own, or an ordinary reply would end in doubt.
        headers = {**call.headers, "Connection": "close"}
        path = call.path
        if call.auth == "bearer":
            headers["Authorization"] = f"Bearer {token}"
        elif call.auth == "path":
            path = path.replace("{token}", quote(token, safe=":"))
        origin = self._twins.get(call.host, f"https://{call.host}")
        with self._session.request(
            call.method,
            origin + path,
            data=call.body or None,
            headers=headers,
            timeout=(self._limits.connect_s, self._limits.total_s),
            allow_redirects=False,
            stream=True,
        ) as answer:
            return Response(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=_body(answer, self._limits.answer_bytes_max),
            )


class _Attempt:
    """One call under way: whether a byte may have left, and an end to it at the deadline.

    Timeouts of sockets begin anew with every byte that comes, so they are no deadline.
    """

    def __init__(self, total_s: float) -> None:
        self.has_begun = False
        self.is_over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(total_s, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "_Attempt":
        self._before = _ATTEMPT.set(self)
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _ATTEMPT.reset(self._before)

    def begin(self, connection: Any) -> None:
        """Note that bytes are about to leave over a connection. Raises: TimeoutError."""
        # In this order: if the deadline passes from here on, it finds the socket to cut.
        self._socket = connection
        if self.is_over:
            raise TimeoutError("the deadline passed before anything was sent")
        self.has_begun = True

    def _cut(self) -> None:
        self.is_over = True
        if self._socket is not None:
            _shut(self._socket)


_ATTEMPT: ContextVar[_Attempt] = ContextVar("attempt")


class _WatchedHttp(HTTPConnection):
    """Tells the attempt before the first byte leaves."""

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _ATTEMPT.get().begin(self.sock)
        super().send(data)


class _WatchedHttps(HTTPSConnection):
    """As above; by then the other side has shown its certificate."""

    def send(self, data: Any) -> None:
        _ATTEMPT.get().begin(self.sock)
        super().send(data)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHttp

    def _put_conn(self, conn: Any) -> None:
        # Also where the other side forgot to say that it closes: none is used twice.
        if conn is not None:
            conn.close()
        super()._put_conn(None)


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHttps

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()
        super()._put_conn(None)


class _Transport(HTTPAdapter):
    """Connections that tell when they begin. It repeats nothing: that could be a second reply."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave the authorities to the context: requests would read them for each connection."""


def twins_of(setting: str) -> dict[str, str]:
    """Read HEED_PLATFORM_HOSTS. Raises: SettingsError when it is no JSON object of texts."""
    try:
        value = json.loads(setting)
    except ValueError as error:
        raise SettingsError("HEED_PLATFORM_HOSTS must be a JSON object, e.g. {}") from error
    if not isinstance(value, dict):
        raise SettingsError("HEED_PLATFORM_HOSTS must be a JSON object, e.g. {}")
    return {str(host): str(address) for host, address in value.items()}


def _refuse_foreign(host: str, address: str, stage: str) -> None:
    parts = urlsplit(address)
    try:
        is_loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_loopback = False
    if stage != "local" or parts.scheme != "http" or not is_loopback:
        raise SettingsError(
            f"{host} may be answered by a stand-in only on the local stage and on loopback"
        )


def _is_sendable(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


def _body(answer: requests.Response, bytes_max: int) -> bytes:
    """Read an answer, and of one that is too long only so much that this can be seen."""
    body = b""
    for chunk in answer.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > bytes_max:
            break
    return body


def _shut(connection: socket.socket) -> None:
    # On the plain socket, whatever lies over it: that wakes whoever waits for a byte.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
