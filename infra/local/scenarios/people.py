"""Scenarios about people: agents who vanish, answer from elsewhere, take words back."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from infra.local.scenarios.checks import Hold
from infra.local.scenarios.letters import Comment
from infra.local.scenarios.play import SWITCH_S, Play, StuckError, only
from infra.local.scenarios.shortcuts import end_lease
from infra.local.scenarios.stack import Answer

CLAIMS_MAX: Final = 50
COMPLAINT: Final = (
    "My flight was cancelled twice and nobody answers the phone. This is terrible service."
)
_UNDO_S: Final = 15


@dataclass(frozen=True, slots=True)
class Held:
    """A case as an agent holds it."""

    agent: str
    id: str
    epoch: int
    pending: tuple[str, ...]


def claim(play: Play, agent: str, comment: Comment) -> Held:
    """Let an agent claim this very case; others that come first are given back.

    Raises: StuckError when it does not come.
    """
    conversation = play.wait("the case", lambda: play.conversation(comment))
    others: list[Held] = []
    try:
        for _ in range(CLAIMS_MAX):
            held = play.wait("a case to claim", lambda: _next(play, agent))
            if held.id == conversation.id:
                case = play.case(comment)
                until = case.lease_until if case else 0
                play.holds.append(Hold(held.id, agent, held.epoch, play.now(), until))
                return held
            others.append(held)
    finally:
        for other in others:
            play.stack.ask(agent, "DELETE", f"/cases/{other.id}/lease?epoch={other.epoch}")
    raise StuckError(f"{agent} claimed {CLAIMS_MAX} cases and none was the right one")


def _next(play: Play, agent: str) -> Held | None:
    # By the index: a bell may belong to any other case.
    answer = play.stack.ask(agent, "POST", "/claims", {"platform": "facebook"})
    if answer.status != HTTPStatus.CREATED:
        return None
    case = answer.body["case"]
    return Held(agent, case["id"], case["epoch"], tuple(case["pending"]))


def answer(play: Play, held: Held, comment: Comment, text: str, reply_id: str) -> Answer:
    """Let an agent answer a mention of the case that was claimed."""
    body: dict[str, Any] = {
        "epoch": held.epoch,
        "mention": comment.id,
        "text": text,
        "reply_id": reply_id,
        "seen": list(held.pending),
    }
    return play.stack.ask(held.agent, "POST", f"/cases/{held.id}/replies", body)


def resolve(play: Play, held: Held) -> Answer:
    """Let an agent end the case."""
    body = {"epoch": held.epoch, "resolution": "solved", "seen": list(held.pending)}
    return play.stack.ask(held.agent, "PUT", f"/cases/{held.id}/resolution", body)


def agent_vanishes(play: Play) -> None:
    """Let an agent claim a case and disappear."""
    comment = play.comment(COMPLAINT)
    play.write(comment)
    play.wait_for_answer(comment)
    play.say("a customer complained; Heed acknowledged it and opened a case")
    ana = claim(play, "ana", comment)
    play.say(f"Ana claims it (epoch {ana.epoch}), goes to lunch and does not come back")
    end_lease(play, comment)
    play.say("her lease of 15 minutes is made to run out now (a local shortcut)")
    play.wait("sweep to give the case back", lambda: _is_open(play, comment, ana), sweeps=2)
    play.say("sweep gave the case back: it is open again, under a new epoch")
    ben = claim(play, "ben", comment)
    play.expect(ben.epoch > ana.epoch, f"Ben claims it (epoch {ben.epoch})")
    taken = answer(play, ben, comment, "Hello, this is Ben. You are rebooked for tonight.", "ben-1")
    play.expect(taken.status == HTTPStatus.ACCEPTED, "Ben answers")
    late = answer(play, ana, comment, "Hello, this is Ana. Which flight was it?", "ana-1")
    play.expect(
        late.status == HTTPStatus.CONFLICT and late.body.get("error") == "stale_epoch",
        "Ana comes back and answers too: 409 stale_epoch, nothing of it is sent",
    )
    play.wait("Ben's answer", lambda: only(play.posts(comment), machine=False), sweeps=2)
    play.wait("its record", lambda: _are_sent(play, comment))
    play.expect(resolve(play, ben).status == HTTPStatus.OK, "Ben's answer stands; he resolves it")
    texts = [post.text for post in only(play.posts(comment), machine=False)]
    play.expect(len(texts) == 1 and "Ben" in texts[0], "the customer sees one answer, Ben's")


def _is_open(play: Play, comment: Comment, before: Held) -> bool:
    case = play.case(comment)
    return case is not None and case.state == "open" and case.epoch > before.epoch


def _are_sent(play: Play, comment: Comment) -> bool:
    replies = play.replies(comment)
    return bool(replies) and all(r.sending.state in ("sent", "cancelled") for r in replies)


def answers_from_app(play: Play) -> None:
    """Let a colleague answer in the platform's own app before the machine does."""
    comment = play.comment(COMPLAINT)
    play.switch(paused=True)
    try:
        play.pass_time(SWITCH_S, "the brand is paused, so that the acknowledgement has to wait")
        play.write(comment)
        play.wait("the planned acknowledgement", lambda: play.is_in(comment, "planned"))
        play.say("a customer complained; the acknowledgement is planned, the case is open")
        play.answer_elsewhere(comment, "Kim, I am sorry. I have just rebooked you. Ana")
        play.say("Ana answers from the phone app; Facebook tells Heed of her comment")
        play.wait("its end", lambda: play.is_in(comment, "cancelled"))
        play.say("the planned acknowledgement is cancelled: a person was faster")
    finally:
        play.switch(paused=False)
    play.pass_time(SWITCH_S, "the brand answers again; a machine that forgot would speak now")
    case = play.case(comment)
    flags = case.flags if case else ()
    play.expect("answered_elsewhere" in flags, "the case says that it was answered elsewhere")
    play.expect(not play.posts(comment), "the machine said nothing after her")


def undo(play: Play) -> None:
    """Let an agent take a reply back within 15 seconds."""
    comment = play.comment(COMPLAINT)
    play.write(comment)
    play.wait_for_answer(comment)
    play.say("a customer complained; Heed acknowledged it and opened a case")
    ana = claim(play, "ana", comment)
    taken = answer(play, ana, comment, "Dear Mr Smith, your bag is in Oslo.", "first")
    play.expect(taken.status == HTTPStatus.ACCEPTED, "Ana answers, and sees: the wrong customer")
    back = play.stack.ask("ana", "DELETE", f"/cases/{ana.id}/replies/first")
    play.expect(back.status == HTTPStatus.OK, "she takes the reply back within 15 seconds")
    case = play.case(comment)
    play.expect(
        case is not None and comment.id in case.pending, "the customer waits for a person again"
    )
    play.pass_time(_UNDO_S + 10, "the reply would have left by now")
    play.expect(not only(play.posts(comment), machine=False), "nothing of it was ever visible")
    right = answer(play, ana, comment, "Hello, this is Ana. You fly tonight at 19:40.", "second")
    play.expect(right.status == HTTPStatus.ACCEPTED, "Ana writes the right answer")
    play.wait("her answer", lambda: only(play.posts(comment), machine=False), sweeps=2)
    play.wait("its record", lambda: _are_sent(play, comment))
    texts = [post.text for post in only(play.posts(comment), machine=False)]
    play.expect(len(texts) == 1 and "19:40" in texts[0], "the customer sees that one alone")
    play.expect(resolve(play, ana).status == HTTPStatus.OK, "she resolves the case")
