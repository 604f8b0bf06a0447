"""What somebody writes who has not thought about it: two senders that differ from the real one in
the named step only. They show that the simulation can see a doubled reply."""

from dataclasses import replace
from typing import Any, Final

from heed.domain.reply import ReplyRef, Sending, is_stranded
from heed.flows.sending import Replying
from heed.ports import AgentReply, Claim, Move, StoredMention, Time


class _Passing:
    """Passes everything on but what is said otherwise below."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        """Take the real one's."""
        return getattr(self._inner, name)


class _SendFirst(_Passing):
    """send-then-record: nothing is written before the call; the record follows it."""

    def claim(self, ref: ReplyRef, seen: Sending, claim: Claim) -> Sending | None:
        """Take the reply without telling anybody."""
        del ref
        return replace(seen, key=seen.key or claim.by, fingerprint=claim.fingerprint)

    def move(self, ref: ReplyRef, seen: Sending, to: Move) -> bool:
        """Record what became of it; whatever is not known to be sent is simply still to send."""
        if to.state == "doubt":
            return True
        return bool(self._inner.move(ref, seen, to))


def send_then_record(replying: Replying) -> Replying:
    """Replace the claim before the call by nothing."""
    return replace(replying, outbox=_SendFirst(replying.outbox))


class _LockLapses(_Passing):
    """lock-with-expiry: a claim that ran out is simply free again, and a timeout means "failed"."""

    def __init__(self, inner: Any, time: Time) -> None:
        super().__init__(inner)
        self._time = time
        self._locked: dict[str, Sending] = {}

    def get(self, mention: Any) -> StoredMention | None:
        """Read a mention; a lock that ran out does not show."""
        stored: StoredMention | None = self._inner.get(mention)
        if stored is None or not is_stranded(stored.sending, self._time.now()):
            return stored
        return replace(stored, sending=replace(stored.sending, state="planned"))

    def get_reply(self, ref: ReplyRef) -> AgentReply | None:
        """Read a person's reply; a lock that ran out does not show."""
        written: AgentReply | None = self._inner.get_reply(ref)
        if written is None or not is_stranded(written.sending, self._time.now()):
            return written
        return replace(written, sending=replace(written.sending, state="planned"))

    def claim(self, ref: ReplyRef, seen: Sending, claim: Claim) -> Sending | None:
        """Lock; also what somebody else had locked, once the lock ran out."""
        held: Sending | None = self._inner.claim(ref, seen, claim)
        if held is None and seen.state == "planned":
            held = self._inner.claim(ref, replace(seen, state="sending"), claim)
        return held

    def move(self, ref: ReplyRef, seen: Sending, to: Move) -> bool:
        """Record what became of it; what timed out keeps its lock until that runs out."""
        return True if to.state == "doubt" else bool(self._inner.move(ref, seen, to))


def lock_with_expiry(replying: Replying) -> Replying:
    """Replace the doubt after a lapsed claim by another send."""
    time = replying.handing.time
    mentions: Any = _LockLapses(replying.handing.mentions, time)
    outbox: Any = _LockLapses(replying.outbox, time)
    return replace(replying, handing=replace(replying.handing, mentions=mentions), outbox=outbox)


VARIANTS: Final = {
    "send-then-record": send_then_record,
    "lock-with-expiry": lock_with_expiry,
}
