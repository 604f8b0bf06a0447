"""How far a long command has come: a bar on a terminal, now and then a line elsewhere."""

import sys
from types import TracebackType
from typing import Final, Self, TextIO

WIDTH: Final = 30
# Where nobody watches, a line for each so many steps is enough.
LINE_EVERY: Final = 100


class Progress:
    """Counts steps on standard error, whose product is not the command's."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._done = 0

    def __enter__(self) -> Self:
        self._show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_terminal:
            self._stream.write("\n")

    def step(self) -> None:
        """Note that one more thing is done. More than expected may come."""
        self._done += 1
        self._total = max(self._total, self._done)
        if self._is_terminal or self._done % LINE_EVERY == 0:
            self._show()

    def _show(self) -> None:
        text = f"{self._label}: {self._done} of {self._total}"
        if self._is_terminal:
            filled = WIDTH * self._done // max(self._total, 1)
            text = f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {text}"
        self._stream.write(text if self._is_terminal else f"{text}\n")
        self._stream.flush()
