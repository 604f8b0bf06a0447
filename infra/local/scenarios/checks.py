"""What must hold after every scenario: computed from the table, the twins and the claims, never
from what was sent. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from heed.domain.conversation import Conversation
from heed.domain.mention import ConversationId, MentionId
from heed.domain.reply import FINAL
from heed.ports import AgentReply, StoredMention
from infra.local.facts import MARKER

# States in which the machine is done and a person must be able to find the mention.
_WITH_PEOPLE = ("queued", "refused", "parked")


@dataclass(frozen=True, slots=True)
class Post:
    """One post of ours that a visitor sees. `target`: what it answers."""

    id: str
    target: str
    text: str

    @property
    def is_machines(self) -> bool:
        """Whether it says of itself that it is automatic."""
        return self.text.endswith(MARKER)


@dataclass(frozen=True, slots=True)
class Hold:
    """A time during which somebody held a case. Instants in epoch milliseconds."""

    case: str
    agent: str
    epoch: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a scenario left behind. `told`: what Heed said 200 for; `stored`: every item that holds
    one of these objects, under whatever key."""

    told: tuple[MentionId, ...]
    stored: tuple[StoredMention, ...] = ()
    conversations: Mapping[ConversationId, Conversation] | None = None
    replies: tuple[AgentReply, ...] = ()
    posts: tuple[Post, ...] = ()
    holds: tuple[Hold, ...] = ()


def broken(found: Found) -> dict[str, list[str]]:
    """Check every invariant. Returns, by its name, each breach in one sentence; none = it holds."""
    return {
        "no mention lost": list(_lost(found)),
        "no mention stored twice": list(_stored_twice(found)),
        "no reply visible twice": list(_visible_twice(found.posts)),
        "never two holders of a case": list(_held_twice(found.holds)),
        "nothing without an end": list(_endless(found)),
    }


def _lost(found: Found) -> Iterator[str]:
    known = {one.mention.id for one in found.stored}
    for mention in found.told:
        if mention not in known:
            yield f"{mention} was taken with 200 and is not stored"


def _stored_twice(found: Found) -> Iterator[str]:
    counted = Counter((one.mention.platform, one.mention.object_id) for one in found.stored)
    for (platform, object_id), times in counted.items():
        if times > 1:
            yield f"{platform} {object_id} is stored {times} times"


def _visible_twice(posts: Sequence[Post]) -> Iterator[str]:
    machines = Counter(post.target for post in posts if post.is_machines)
    people = Counter((post.target, post.text) for post in posts if not post.is_machines)
    for target, times in machines.items():
        if times > 1:
            yield f"{target} has {times} answers by the machine"
    for (target, _), times in people.items():
        if times > 1:
            yield f"{target} has the same answer of a person {times} times"


def _held_twice(holds: Sequence[Hold]) -> Iterator[str]:
    in_order = sorted(holds, key=lambda hold: (hold.case, hold.since))
    for one, next_one in pairwise(in_order):
        if one.case != next_one.case or one.agent == next_one.agent:
            continue
        if next_one.since < one.until or next_one.epoch <= one.epoch:
            yield (
                f"case {one.case} was held by {one.agent} (epoch {one.epoch}) and by"
                f" {next_one.agent} (epoch {next_one.epoch}) at once"
            )


def _endless(found: Found) -> Iterator[str]:
    for one in found.stored:
        state = one.sending.state
        if state not in FINAL:
            yield f"{one.mention.id} is still {state}"
        elif state in _WITH_PEOPLE and not one.gone_at and not _has_case(one, found):
            yield f"{one.mention.id} is {state} and no case tells people of it"
        elif state == "silent" and not one.reasons:
            yield f"{one.mention.id} is silent without a reason"
    for reply in found.replies:
        if reply.sending.state not in FINAL:
            yield f"the reply of {reply.agent} is still {reply.sending.state}"


def _has_case(stored: StoredMention, found: Found) -> bool:
    conversation = (found.conversations or {}).get(stored.conversation)
    return conversation is not None and conversation.case is not None
