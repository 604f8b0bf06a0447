"""The same deliveries inside the gateway's envelope: flags that lie, names in any case, doubles."""

import base64
import contextlib
import gzip
import io
import json
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

from functions.receive import handler
from heed.adapter import Answer
from tests.functions.invocations import hook_event, make_context
from tests.fuzz.intake import MAIN, Intake, Taken

# What the handler writes: its logger keeps the stream that it found first.
PRINTED = io.StringIO()
ENVIRONMENT = {"POWERTOOLS_SERVICE_NAME": "fuzz", "POWERTOOLS_METRICS_NAMESPACE": "Heed"}
_CONTEXT = make_context("receive")


class Gateway:
    """The handler of `receive` over an intake. Needs ENVIRONMENT."""

    def __init__(self, intake: Intake) -> None:
        with contextlib.redirect_stdout(PRINTED):
            self._respond = handler.build(intake.receiving, intake.meter)
        self._intake = intake

    def take(self, event: dict[str, Any]) -> tuple[Taken, str]:
        """Hand an event to the handler. Returns also what it wrote into its log."""
        PRINTED.seek(0)
        PRINTED.truncate()
        with contextlib.redirect_stdout(PRINTED):
            taken = self._intake.watch(lambda: self._answer(event))
        log = PRINTED.getvalue()
        [line] = [line for line in map(json.loads, log.splitlines()) if "_aws" not in line]
        assert line["status"] == taken.answer.status
        # The handler has forgotten its counts with the line that told them.
        return replace(taken, counts=Counter(line["counts"])), log

    def _answer(self, event: dict[str, Any]) -> Answer:
        told = self._respond(event, _CONTEXT)
        assert set(told) == {"statusCode", "headers", "body"}
        assert set(told["headers"]) == {"content-type"}
        return Answer(told["statusCode"], told["body"], told["headers"]["content-type"])


@lru_cache(maxsize=1)
def gateway_of(intake: Intake) -> Gateway:
    """Get the gateway of an intake, made once."""
    return Gateway(intake)


def recased(rng: Random, headers: dict[str, str]) -> dict[str, str]:
    """Write header names as nobody has to: that is no mutation."""
    return {
        "".join(char.upper() if rng.random() < 0.5 else char for char in name): value
        for name, value in headers.items()
    }


def envelope(
    rng: Random, platform: str, body: bytes, headers: dict[str, str]
) -> tuple[str, dict[str, Any], bytes | None]:
    """Put a body into an event. Returns how, the event, and the bytes that it stands for; None when
    it stands for none."""
    how = rng.choice(("base64", "text", "lie_plain", "lie_base64", "gzip"))
    if how == "text" and not _is_text(body):
        how = "base64"
    in_base64 = base64.b64encode(body).decode()
    written: tuple[str, bool, bytes | None] = (in_base64, True, body)
    if how == "text":
        written = (body.decode(), False, body)
    elif how == "lie_plain":
        written = (in_base64, False, in_base64.encode())
    elif how == "lie_base64":
        text = body.decode("utf-8", "replace")
        written = (text, True, _from_base64(text))
    elif how == "gzip":
        packed = gzip.compress(body, 1, mtime=0)
        written = (base64.b64encode(packed).decode(), True, packed)
        headers = {**headers, "content-encoding": "gzip"}
    event = hook_event("POST", f"{platform}/{MAIN}", headers=recased(rng, headers))
    event["body"], event["isBase64Encoded"], arrived = written
    return how, event, arrived


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
