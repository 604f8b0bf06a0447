"""What a person sees of the local run: one line per thing that happened, then the summary."""

import time
from typing import Any

from heed.domain.mention import mask_cards
from heed.storage.codec import conversation_of, stored_mention
from infra.local.facts import Facts
from infra.local.player import Played

TEXT_CHARS_MAX = 48


def heading() -> str:
    """Name the columns of `line`."""
    return f"{'delivery':<40} {'in':<3} {'decided':<22} {'answered':<8} {'waits':<7} text"


def line(played: Played) -> str:
    """Show one sample: what came in, what was decided, what was answered, what waits."""
    happened = played.happened
    text = next((m.text for m in played.told), "")
    sign = " " if played.is_as_expected else "!"
    return (
        f"{sign}{played.sample.title:<39} {happened.stored:<3} {happened.reason:<22}"
        f" {happened.answered:<8} {happened.case or '-':<7} {_short(text)}"
    )


class Watch:
    """Prints every change of the table while the system stays up."""

    def __init__(self, facts: Facts) -> None:
        """Take what is there already as known."""
        self._facts = facts
        self._known = dict(self._states())

    def print_changes(self) -> None:
        """Print what changed since the last look."""
        for key, state in self._states():
            if self._known.get(key) != state:
                print(f"{time.strftime('%H:%M:%S')} {state}", flush=True)
                self._known[key] = state

    def _states(self) -> list[tuple[str, str]]:
        found = []
        for item in self._facts.everything():
            key, state = item["pk"]["S"], _state(item)
            if state:
                found.append((key, state))
        return found


def _state(item: dict[str, Any]) -> str:
    pk = item["pk"]["S"]
    if pk.startswith("mention#") and "st" in item:
        stored = stored_mention(item)
        why = ", ".join(stored.reasons) or "-"
        text = _short(stored.draft_text or stored.mention.text)
        return f"mention {stored.mention.id}: {stored.sending.state} ({why}) {text}"
    if pk.startswith("conv#") and item["sk"]["S"] == "case":
        case = conversation_of(item).case
        if case:
            return (
                f"case {pk.removeprefix('conv#')}: {case.state} {case.band} {case.reason},"
                f" {len(case.pending)} unseen{', held by ' + case.agent if case.agent else ''}"
            )
    return ""


def _short(text: str) -> str:
    one_line = " ".join(mask_cards(text).split())
    return one_line if len(one_line) <= TEXT_CHARS_MAX else f"{one_line[: TEXT_CHARS_MAX - 1]}…"
