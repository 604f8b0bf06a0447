"""The embedded AWS: ministack as a child process on loopback, with everything that it starts."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import urllib3

ACCOUNT = "123456789012"
REGION = "us-east-1"
READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 5

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


class EmulatorError(Exception):
    """The emulator did not start; the text says where to look."""


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def emulator(log: Path, port: int | None = None) -> Iterator[str]:
    """Run the emulator while the block runs; yields its address. A stop leaves no process.

    Raises: EmulatorError when it does not answer within a minute.
    """
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    log.parent.mkdir(parents=True, exist_ok=True)
    # The emulator unpacks functions and layers into the temporary folder and leaves them there.
    with tempfile.TemporaryDirectory(prefix="heed-aws-") as folder, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env={
                **os.environ,
                **CREDENTIALS,
                # Without it the emulator listens on every interface.
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "AWS_ENDPOINT_URL": address,
                "LOG_LEVEL": "WARNING",
                "PERSIST_STATE": "0",
                "TMPDIR": folder,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            # Its own group: the functions that it starts end with it.
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, address, log)
            yield address
        finally:
            _stop(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    pool = urllib3.PoolManager(retries=False)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if (
                pool.request("GET", f"{address}/_ministack/health", timeout=1).status
                < HTTPStatus.INTERNAL_SERVER_ERROR
            ):
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    raise EmulatorError(f"the embedded AWS does not answer on {address}: see {log}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            continue
        # The leader is gone; what it started may need the second signal.
        time.sleep(0.1)
    process.wait()
