"""A client that remembers what it was asked, for what no answer of the stand-ins shows."""

from collections.abc import Callable
from typing import Any


class Spy:
    """Hands every call on and keeps its request in `requests`."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def called(**request: Any) -> Any:
            self.requests.append((operation, request))
            return getattr(self._client, operation)(**request)

        return called
