"""A scripted agent: claims, reads, answers and resolves one case over HTTP, like a tool would."""

from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT_S = 30
TEXT = (
    "Hello, this is Ana. I have looked at it and put it right; tell me if anything is still open."
)


class AgentError(Exception):
    """The desk API did not do what the agent asked; the text says which call and what came."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What the agent did: the case, the mention that was answered, how the case ended."""

    case: str
    mention: str
    state: str


class Desk:
    """The desk API with a token."""

    def __init__(self, address: str, token: str) -> None:
        """Take the address, which ends in /v1, and an ID token."""
        self._address = address
        self._session = requests.Session()
        self._session.headers["authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call a route. Returns its JSON, None for 204. Raises: AgentError."""
        try:
            answer = self._session.request(
                method, f"{self._address}{path}", json=body, timeout=TIMEOUT_S
            )
        except requests.RequestException as error:
            raise AgentError(f"{method} {path}: {type(error).__name__}") from error
        if not answer.ok:
            raise AgentError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.content else None


def work_one(desk: Desk) -> Worked:
    """Claim the next case, answer its first mention, twice with the same id, and resolve it.

    Raises: AgentError when there is no case or a call is refused.
    """
    claimed = desk.call("POST", "/claims", {})
    if claimed is None:
        raise AgentError("POST /claims: no case waits, though there should be some")
    case = claimed["case"]
    path = f"/cases/{case['id']}"
    pending = case["pending"]
    answer = {
        "epoch": case["epoch"],
        "mention": pending[0],
        "text": TEXT,
        "reply_id": "first-answer",
        "seen": pending,
    }
    for _ in range(2):
        desk.call("POST", f"{path}/replies", answer)
    ending = {"epoch": case["epoch"], "resolution": "solved", "seen": pending}
    resolved = desk.call("PUT", f"{path}/resolution", ending)
    return Worked(case=case["id"], mention=pending[0], state=resolved["case"]["state"])
