"""Local shortcuts: waits that are too long to be watched end now. Each changes one instant in the
table, through the library's own storage and under its conditions; a scenario says where."""

from dataclasses import replace
from typing import Final

from heed.domain.reply import FINAL, machine_reply
from heed.ports import Move
from heed.storage.accounts import TableAccounts
from heed.storage.conversations import TableConversations
from heed.storage.outbox import TableOutbox
from infra.local.scenarios.letters import Comment
from infra.local.scenarios.play import Play, StuckError

RACES_MAX: Final = 10
_WAITING: Final = ("planned", "doubt")


def wake(play: Play, comment: Comment) -> None:
    """Make the machine's waiting reply due now; what has ended meanwhile stays as it is.

    Raises: StuckError.
    """
    play.wait("a reply that nobody works on", lambda: _is_awake(play, comment))


def _is_awake(play: Play, comment: Comment) -> bool:
    stored = play.stored(comment)
    if stored is None or stored.sending.state not in _WAITING:
        return stored is not None and stored.sending.state in FINAL
    reason = stored.reasons[-1] if stored.reasons else ""
    sending = stored.sending
    move = Move(sending.state, look_at=play.now(), reason=reason, looks=sending.looks)
    outbox = TableOutbox(play.stack.dynamo, play.stack.table)
    return outbox.move(machine_reply(comment.id), sending, move)


def end_wait_of_account(play: Play) -> None:
    """Let the wait that the platform has asked for end now."""
    accounts = TableAccounts(play.stack.dynamo, play.stack.table, play.stack.time)
    accounts.open(play.account, "throttled", play.now())


def end_lease(play: Play, comment: Comment) -> None:
    """Let the lease of a claimed case run out now. Raises: StuckError."""
    conversations = TableConversations(play.stack.dynamo, play.stack.table)
    for _ in range(RACES_MAX):
        conversation, now = play.conversation(comment), play.now()
        if conversation is None or conversation.case is None:
            break
        case = replace(conversation.case, lease_until=now)
        if conversations.save(replace(conversation, case=case)):
            play.holds = [
                replace(one, until=now) if one.epoch == case.epoch else one for one in play.holds
            ]
            return
    raise StuckError("the lease could not be ended: there is no case, or others are writing it")
