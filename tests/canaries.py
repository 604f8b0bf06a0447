"""Watch every log line of a test run for what must never stand in one: the secrets, tokens, cards
and words that the tests' worlds use. `tests/conftest.py` puts the watch on; a test under which one
of them reaches a line fails and is named."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.heed.flows.bodies import COMPLAINT, HANDLES, MARTA, QUESTION

WORD = "canary"
"""Whatever a test calls so is one, in any casing; the list below is for what has another name."""

KEYS = ("x-consumer-secret", "app-secret", "telegram_secret", "rotated-secret")
TOKENS = (
    *("token-x", "token-bolt", "token-facebook", "token-telegram", "made.up.token", "Bearer "),
    *("verify-x", "verify-facebook", "verify-telegram"),
)
CARDS = ("4111 1111 1111 1111", "4111111111111111", "4111-1111-1111-1111")
TEXTS = (COMPLAINT, QUESTION, "where is my bag?", "We are on it.")
PEOPLE = (HANDLES[MARTA], "Zoë Dvořák", "Sam Field")
CANARIES = (WORD, *KEYS, *TOKENS, *CARDS, *TEXTS, *PEOPLE)

# Functions name themselves in their lines, and in tests they carry the test's name.
_SERVICE = re.compile(r'"service":\s*"(?:[^"\\]|\\.)*"')
_ESCAPED = (json.dumps(one)[1:-1] for one in CANARIES)
_ANY = re.compile("|".join(map(re.escape, {*CANARIES, *_ESCAPED})), re.IGNORECASE)
_FUNCTION_LINE = re.compile(r'\{.*"(?:level|_aws)":.*\}\s*')


def found_in(line: str) -> str | None:
    """Name the canary in a line of a log."""
    found = _ANY.search(_SERVICE.sub("", line))
    return found[0] if found else None


class CanaryWatch:
    """Collects the lines with a canary until somebody asks whose they are."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def see(self, line: str) -> None:
        """Look at a line of a log."""
        if found := found_in(line):
            self._lines.append(f"{found!r} in the log line: {line.strip()[:500]}")

    def see_output(self, text: str) -> None:
        """Look at what was printed: lines that a function wrote. People's commands may print what
        their users ask for."""
        for line in text.splitlines():
            if _FUNCTION_LINE.fullmatch(line):
                self.see(line)

    def take(self) -> list[str]:
        """Tell what was found since the last time."""
        lines, self._lines = self._lines, []
        return lines

    @contextmanager
    def on_logs(self) -> Iterator[None]:
        """See every line as it is formatted, by whatever handler, wherever it is written."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(logging.Handler, "format", self._seeing(logging.Handler.format))
            yield

    def _seeing(
        self, write: Callable[[logging.Handler, logging.LogRecord], str]
    ) -> Callable[[logging.Handler, logging.LogRecord], str]:
        def seeing(handler: logging.Handler, record: logging.LogRecord) -> str:
            line = write(handler, record)
            self.see(line.replace(record.name, ""))
            return line

        return seeing

    @contextmanager
    def on_capture(self, capture: pytest.CaptureFixture[str]) -> Iterator[None]:
        """See what a test takes away before a report could hold it."""
        read = capture.readouterr

        def readouterr() -> Any:
            taken = read()
            self.see_output(taken.out)
            self.see_output(taken.err)
            return taken

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(capture, "readouterr", readouterr)
            yield

    def judge(
        self, report: pytest.TestReport, sections: Iterable[tuple[str, str]]
    ) -> pytest.TestReport:
        """Fail the test under which a canary reached a line."""
        for title, text in sections:
            if "log" not in title:
                self.see_output(text)
        if lines := self.take():
            told = "\n".join(dict.fromkeys(lines))
            report.outcome = "failed"
            report.longrepr = f"{report.nodeid} lets out what no log may hold\n{told}"
        return report
