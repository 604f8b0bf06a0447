"""Scenarios about the way out: lost answers, platforms that are down, repeats, the stop button."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from heed.domain.policy import PUBLIC_AGE_MS_MAX
from infra.local.scenarios.letters import Comment, delivery
from infra.local.scenarios.people import COMPLAINT
from infra.local.scenarios.play import DELIVERIES_MAX, SWITCH_S, Play
from infra.local.scenarios.shortcuts import end_wait_of_account, wake

REPEATS: Final = 100
ANSWERED: Final = 3
QUESTION: Final = "Can I still change the name on a booking for Saturday?"
# How long the oldest customer's words may still be answered by machine when they come.
_LEFT_S: Final = 10
_AGE_S_MAX: Final = PUBLIC_AGE_MS_MAX // 1000
_OUTAGE_CALLS_MAX: Final = 50
_HOUR_S: Final = 3600


def answer_lost(play: Play) -> None:
    """Let the platform post, then lose its answer."""
    comment = play.comment(COMPLAINT)
    play.fail({"kind": "lose_answer"}, {"kind": "error_before", "on": "lookup"})
    play.say("Facebook will take the next post and hang up; its first look-up will fail too")
    try:
        play.write(comment)
        play.say("a customer complains")
        play.wait("the doubt", lambda: play.is_in(comment, "doubt"))
        play.expect(len(play.posts(comment)) == 1, "Heed's answer is visible, but Heed cannot know")
        play.say("the reply is in doubt: nothing is sent again unseen, Heed will look for it")
        play.wait("the first look", lambda: _looks_for(play, comment), sweeps=2)
        play.say("first look among our own comments: Facebook answers 503; still in doubt")
        play.wait_for_answer(comment, sweeps=2)
    finally:
        play.recover()
    stored, posts = play.stored(comment), play.posts(comment)
    looks = len(_looks_for(play, comment))
    play.expect(looks > 1, "second look: found; the reply is recorded as sent")
    is_same = stored is not None and [stored.sending.reply_id] == [post.id for post in posts]
    play.expect(is_same, "what is recorded is the one post that stands there")
    sends = play.calls("post", target=comment.object_id)
    play.expect(len(sends) == 1, "Heed posted once in all")


def platform_down(play: Play) -> None:
    """Let the platform fail, then refuse everything for an hour."""
    customers = [play.comment(QUESTION) for _ in range(ANSWERED)]
    customers.append(play.comment(QUESTION, age_s=_AGE_S_MAX - _LEFT_S))
    try:
        _outage(play, customers)
    finally:
        play.recover()
        end_wait_of_account(play)
    play.say("the hour is over and Facebook works again (a local shortcut: the waits end now)")
    play.pass_time(SWITCH_S, "functions believe what they read of an account for 15 seconds")
    for comment in customers:
        wake(play, comment)
    _recovery(play, customers)


def _outage(play: Play, customers: Sequence[Comment]) -> None:
    doubtful, refused, waiting, ageing = customers
    play.fail({"kind": "error_before"})
    play.write(doubtful)
    play.wait("the doubt", lambda: play.is_in(doubtful, "doubt"))
    play.say("customer 1 writes; Facebook answers 503: nobody can tell whether Heed's reply stands")
    play.fail(*({"kind": "throttle", "wait_s": _HOUR_S} for _ in range(_OUTAGE_CALLS_MAX)))
    play.write(refused)
    play.wait("the wait", lambda: play.is_in(refused, "planned"))
    play.say("customer 2 writes; Facebook refuses every call and says: come back in an hour")
    play.write(waiting)
    play.write(ageing)
    play.say("customer 3 writes, and customer 4, whose words are almost two hours old")
    play.wait("the third", lambda: play.is_in(waiting, "planned"))
    play.wait("the fourth", lambda: play.is_in(ageing, "planned", "queued"))
    tried = len(play.calls("post"))
    play.say(f"Heed keeps back what the account has to say; it made {tried} calls")
    play.pass_time(_LEFT_S, "customer 4's words become two hours old")
    play.expect(len(play.calls("post")) == tried, "meanwhile Heed left the platform alone")


def _recovery(play: Play, customers: Sequence[Comment]) -> None:
    doubtful, refused, waiting, ageing = customers
    play.wait("customer 2's answer", lambda: play.is_in(refused, "sent"), sweeps=2)
    play.wait("customer 3's answer", lambda: play.is_in(waiting, "sent"), sweeps=1)
    play.say("customers 2 and 3 are answered")
    play.wait("customer 4's case", lambda: play.is_in(ageing, "queued"), sweeps=1)
    play.expect(not play.posts(ageing), "customer 4 gets no late machine text: a case for people")
    play.wait("the first look", lambda: _looks_for(play, doubtful), sweeps=1)
    play.say("customer 1: Heed looks for its reply and does not find it; a second look must agree")
    wake(play, doubtful)
    play.say("(a local shortcut: the minute for Facebook's index is left out)")
    play.wait_for_answer(doubtful, sweeps=2)
    play.say("customer 1: not found twice, so it is sent again, and stands")
    targets = [post.target for post in play.posts(*customers)]
    play.expect(
        len(targets) == len(set(targets)) == ANSWERED, "customers 1 to 3 have one answer each"
    )


def _looks_for(play: Play, comment: Comment) -> list[object]:
    below = f"/{comment.object_id}/comments"
    return [call for call in play.calls("lookup") if call["path"].endswith(below)]


def hundred_times(play: Play) -> None:
    """Deliver the same thing a hundred times, many at once."""
    comment = play.comment(COMPLAINT)
    body = delivery(comment.page, comment.at_ms, comment.change())
    play.learn(body)
    hit = play.signed(body)
    play.say(f"Facebook delivers the same comment {REPEATS} times, many at once")
    taken, tries = 0, 0
    for _ in range(DELIVERIES_MAX):
        # As the platform does: what was not taken comes again.
        statuses = play.stack.post([hit] * (REPEATS - taken))
        taken, tries = taken + statuses.count(HTTPStatus.OK), tries + len(statuses)
        if taken == REPEATS:
            break
        play.stack.sleep(1)
    play.told.append(comment.id)
    play.expect(taken == REPEATS, f"{REPEATS} times 200 ({tries} tries)")
    play.wait_for_answer(comment)
    play.pass_time(10, "a second answer would come within this time")
    play.expect(len(play.posts(comment)) == 1, "one comment stored, one answer visible")
    sends = play.calls("post", target=comment.object_id)
    play.expect(len(sends) == 1, "Heed called the platform once")


def pause_and_resume(play: Play) -> None:
    """Stop every machine answer of a brand, then let the machine go on."""
    comment = play.comment(QUESTION)
    play.switch(paused=True)
    try:
        play.pass_time(SWITCH_S, "the brand is paused; every function knows it within 15 seconds")
        play.write(comment)
        play.wait("the planned answer", lambda: play.is_in(comment, "planned"))
        play.say("a customer asks; the answer is planned and waits")
        play.expect(not play.posts(comment), "nothing is visible")
    finally:
        play.switch(paused=False)
    play.say("the lead resumes the brand")
    play.wait_for_answer(comment, sweeps=2)
    play.expect(len(play.posts(comment)) == 1, "the answer left by itself, once")
