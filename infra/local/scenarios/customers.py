"""Scenarios about what comes in: edits, deletions, changes that nobody can read, forgeries."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from heed.storage.codec import unpack
from infra.local.scenarios.letters import PLATFORM, Comment, delivery
from infra.local.scenarios.people import COMPLAINT
from infra.local.scenarios.play import Play, only
from infra.local.scenarios.sending import QUESTION
from infra.local.scenarios.stack import Hit

BATCH: Final = 10
FORGED: Final = 60
THANKS: Final = "Thanks!"
LAWYER: Final = "Nobody helped me. My lawyer will write to you."
# What each platform shows as proof, made up.
_FORGERIES: Final = {
    "facebook": {"x-hub-signature-256": f"sha256={'0' * 64}"},
    "x": {"x-twitter-webhooks-signature": f"sha256={'A' * 43}="},
    "telegram": {"x-telegram-bot-api-secret-token": "guessed"},
}


def customer_edits(play: Play) -> None:
    """Let a customer edit a question into a threat with a lawyer."""
    comment = play.comment(QUESTION)
    play.write(comment)
    play.wait_for_answer(comment)
    play.say("a customer asks a question; Heed acknowledges it and opens a case")
    play.edit(comment, LAWYER)
    play.say(f'the customer edits it: "{LAWYER}"')
    play.wait("the urgent case", lambda: _is_urgent(play, comment))
    play.say("the case is urgent now: this is for people")
    play.pass_time(10, "a second machine text would come within this time")
    play.expect(len(play.posts(comment)) == 1, "the edit brought no second machine text")
    play.edit(comment, LAWYER)
    play.say("Facebook tells of the same edit again: nothing changes")
    play.expect(_is_urgent(play, comment), "one case, still urgent")


def _is_urgent(play: Play, comment: Comment) -> bool:
    case = play.case(comment)
    return case is not None and case.band == "urgent"


def author_deletes(play: Play) -> None:
    """Let authors delete: after the answer, and before Heed has heard of the comment."""
    answered, early = play.comment(COMPLAINT), play.comment(COMPLAINT)
    play.write(answered)
    play.wait_for_answer(answered)
    play.say("a customer complains and is acknowledged")
    play.delete(answered)
    play.say("the customer deletes the complaint")
    play.wait("the chore", lambda: _has_chore(play, answered))
    stored = play.stored(answered)
    play.expect(stored is not None and not stored.mention.text, "Heed keeps no word of the text")
    play.say("people are asked to delete our answer, which stands below nothing")
    play.delete(early)
    play.write(early)
    play.say("another deletion overtakes its own comment: Heed hears of the deletion first")
    play.wait("the tombstone", lambda: play.is_in(early, "gone"))
    play.pass_time(10, "an answer would come within this time")
    play.expect(not play.posts(early), "what is gone is not answered")
    play.expect(play.is_in(early, "gone"), "the late comment does not bring it back")


def _has_chore(play: Play, comment: Comment) -> bool:
    case = play.case(comment)
    return case is not None and "delete_ours" in case.chores


def poison_in_batch(play: Play) -> None:
    """Deliver a batch in which one change cannot be read."""
    comments = [play.comment(THANKS) for _ in range(BATCH - 1)]
    changes = [comment.change() for comment in comments]
    poison = play.comment(THANKS).change()
    mark = poison["value"].pop("comment_id")
    poison["value"]["note"] = mark
    changes.insert(BATCH // 2, poison)
    play.say(f"Facebook delivers {BATCH} comments at once; one of them has no id")
    play.deliver(delivery(comments[0].page, play.now(), *changes))
    play.told += [comment.id for comment in comments]
    play.say("the delivery is taken with 200: the platform need not come again")
    play.wait("the others", lambda: all(play.stored(comment) for comment in comments))
    play.say(f"{len(comments)} are stored")
    kept = [change for change in _quarantined(play) if mark in change]
    play.expect(len(kept) == 1, "the unreadable one is kept whole, in quarantine")
    play.wait("their ends", lambda: all(play.is_in(c, "silent", "sent") for c in comments))
    play.say("the others went their way (kind words need no machine's answer)")


def _quarantined(play: Play) -> Iterator[str]:
    for item in play.stack.items():
        if item["pk"]["S"].startswith("quarantine#"):
            content: dict[str, Any] = unpack(bytes(item["c"]["B"]))
            yield content["c"]


def forged_flood(play: Play) -> None:
    """Let somebody deliver by the dozen who does not know the secrets."""
    forged = [play.comment(COMPLAINT) for _ in range(FORGED)]
    hits = [
        Hit(platform, delivery(one.page, one.at_ms, one.change()), _FORGERIES[platform])
        for one, platform in zip(forged, [*_FORGERIES] * (FORGED // len(_FORGERIES)), strict=True)
    ]
    genuine = play.comment(COMPLAINT)
    play.say(f"{FORGED} forged deliveries hit the addresses of {', '.join(_FORGERIES)}")
    statuses = play.stack.post(hits)
    refused = statuses.count(HTTPStatus.UNAUTHORIZED)
    play.expect(refused == FORGED, f"{refused} of {FORGED} are refused with 401")
    play.write(genuine)
    play.say(f"a genuine one on {PLATFORM} comes right after them")
    play.wait_for_answer(genuine)
    play.expect(len(only(play.posts(genuine), machine=True)) == 1, "it is answered as ever")
    table = str(play.stack.items())
    traces = [one for one in forged if one.object_id in table]
    play.expect(not traces, "nothing of the forged ones is stored anywhere")
