"""One scenario while it is played: what is delivered, waited for, said and found."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final, TypeVar

from heed import adapter as adapters
from heed import registry
from heed.domain.account import AccountId
from heed.domain.case import Case
from heed.domain.conversation import Conversation
from heed.domain.mention import MentionId
from heed.ports import AgentReply, StoredMention
from heed.storage.codec import stored_mention
from heed.storage.conversations import TableConversations
from heed.storage.mentions import TableMentions
from heed.storage.timeline import TableTimeline
from infra.local.scenarios.checks import Found, Hold, Post
from infra.local.scenarios.letters import PLATFORM, Comment, delivery
from infra.local.scenarios.stack import CONNECTION, Hit, Stack, StackError

# What needs no timer takes a second or two; a busy machine gets more.
PATIENCE_S: Final = 60
SWEEP_S: Final = 60
# A warm function believes in the switches that it has read for so long.
SWITCH_S: Final = 16
POLL_S: Final = 0.5
# As platforms do: who was not told 200 delivers again.
DELIVERIES_MAX: Final = 10

_T = TypeVar("_T")


class StuckError(Exception):
    """Something did not happen in the allowed time; the text says what was waited for."""


@dataclass
class Play:
    """A scenario at work. `tell` prints one line; `patience_s`: how long a thing that needs no
    timer may take."""

    stack: Stack
    tell: Callable[[str], None]
    patience_s: float = PATIENCE_S
    told: list[MentionId] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the account that is played on, and numbers that nobody has used before."""
        self._began_at = self.now()
        self._page = registry.load().accounts(PLATFORM, CONNECTION)[0]
        self._numbers = itertools.count(self._began_at)
        client, table = self.stack.dynamo, self.stack.table
        self.account = AccountId(PLATFORM, self._page.id)
        self._mentions = TableMentions(client, table)
        self._conversations = TableConversations(client, table)
        self._timeline = TableTimeline(client, table)

    @property
    def brand(self) -> str:
        """The brand whose Page is played on."""
        return self._page.brand

    # Saying, expecting, waiting.

    def now(self) -> int:
        """Tell the time in epoch milliseconds."""
        return self.stack.time.now()

    def say(self, text: str) -> None:
        """Tell one step."""
        self.tell(f"{(self.now() - self._began_at) / 1000:6.1f} s  {text}")

    def expect(self, holds: bool, text: str) -> None:
        """Tell that something is so, or note that it is not."""
        if holds:
            self.say(text)
        else:
            self.faults.append(f"not so: {text}")
            self.say(f"NOT SO: {text}")

    def wait(self, what: str, look: Callable[[], _T | None], *, sweeps: int = 0) -> _T:
        """Look until there is something, and return it. `sweeps`: how many of them it may take.

        Raises: StuckError when the time is over.
        """
        seconds = self.patience_s + sweeps * SWEEP_S
        deadline, is_told = self.now() + seconds * 1000, not sweeps
        while not (found := look()):
            if not is_told:
                self.say(f"... waiting for {what}; sweep comes once a minute")
                is_told = True
            if self.now() >= deadline:
                raise StuckError(f"{what}: not within {seconds:g} s")
            self.stack.sleep(POLL_S)
        return found

    def pass_time(self, seconds: float, why: str) -> None:
        """Let time pass."""
        self.say(f"... {seconds:g} s pass: {why}")
        self.stack.sleep(seconds)

    # What comes in.

    def comment(self, text: str, *, age_s: float = 0, post: int = 0) -> Comment:
        """Make a comment by a new customer. `post`: below which post, else a new one."""
        number = next(self._numbers)
        return Comment(
            page=self._page.id,
            post=post or number,
            number=number * 10,
            text=text,
            at_ms=int(self.now() - age_s * 1000),
            author=f"24{number}",
        )

    def signed(self, body: bytes, platform: str = PLATFORM) -> Hit:
        """Sign a delivery as its platform does."""
        headers = adapters.load(platform).sign(body, self.stack.signing[platform])
        return Hit(platform, body, headers)

    def learn(self, body: bytes) -> None:
        """Let the twin know of what is about to be delivered."""
        self.stack.control(PLATFORM, "POST", "learn", body)

    def deliver(self, body: bytes) -> None:
        """Deliver until it is taken. Raises: StuckError when it never is."""
        self.learn(body)
        for _ in range(DELIVERIES_MAX):
            (status,) = self.stack.post([self.signed(body)])
            if status == HTTPStatus.OK:
                return
            self.stack.sleep(1)
        raise StuckError(f"the webhook takes no delivery: {status}")

    def write(self, *comments: Comment) -> None:
        """Let customers write, in one delivery."""
        changes = (comment.change() for comment in comments)
        self.deliver(delivery(self._page.id, comments[-1].at_ms, *changes))
        self.told += [comment.id for comment in comments]

    def edit(self, comment: Comment, text: str) -> None:
        """Let a customer change what stands there."""
        changed = replace(comment, text=text)
        self.deliver(delivery(self._page.id, self.now(), changed.change("edited")))

    def delete(self, comment: Comment) -> None:
        """Let a customer delete a comment."""
        self.deliver(delivery(self._page.id, self.now(), comment.change("remove")))

    def answer_elsewhere(self, comment: Comment, text: str) -> None:
        """Let a colleague answer in the platform's own app."""
        own = comment.answered(text, self.now())
        self.deliver(delivery(self._page.id, own.at_ms, own.change()))

    # What the platform does.

    def fail(self, *faults: dict[str, Any]) -> None:
        """Let the next calls of the platform fail."""
        self.stack.control(PLATFORM, "POST", "faults", {"faults": list(faults)})

    def recover(self) -> None:
        """Let the platform work again."""
        self.stack.control(PLATFORM, "DELETE", "faults")

    def calls(self, action: str, *, target: str = "") -> list[dict[str, Any]]:
        """List the calls of this scenario that the platform has seen: post, lookup."""
        calls = self.stack.control(PLATFORM, "GET", "log")["calls"]
        mine = (call for call in calls if call["at_ms"] >= self._began_at)
        return [c for c in mine if c["action"] == action and target in ("", c["target"])]

    def posts(self, *comments: Comment) -> list[Post]:
        """List our visible posts below comments."""
        targets = {comment.object_id for comment in comments}
        return [post for post in self._visible() if post.target in targets]

    def _visible(self) -> list[Post]:
        posts = self.stack.control(PLATFORM, "GET", "posts")["posts"]
        return [Post(p["id"], p["target"], p["text"]) for p in posts if not p["deleted"]]

    # What Heed holds.

    def stored(self, comment: Comment) -> StoredMention | None:
        """Read a mention."""
        return self._mentions.get(comment.id)

    def is_in(self, comment: Comment, *states: str) -> bool:
        """Tell whether a mention is in one of these states."""
        stored = self.stored(comment)
        return stored is not None and stored.sending.state in states

    def conversation(self, comment: Comment) -> Conversation | None:
        """Read a mention's conversation."""
        stored = self.stored(comment)
        return self._conversations.get(stored.conversation) if stored else None

    def case(self, comment: Comment) -> Case | None:
        """Read a mention's case."""
        conversation = self.conversation(comment)
        return conversation.case if conversation else None

    def replies(self, comment: Comment) -> list[AgentReply]:
        """Read what people wrote here."""
        conversation = self.conversation(comment)
        entries = self._timeline.entries(conversation.id) if conversation else []
        return [entry for entry in entries if isinstance(entry, AgentReply)]

    def wait_for_answer(self, comment: Comment, *, sweeps: int = 0) -> None:
        """Wait until the machine's answer is sent."""
        self.wait("the acknowledgement", lambda: self.is_in(comment, "sent"), sweeps=sweeps)

    # Switches.

    def switch(self, **switches: object) -> None:
        """Set the brand's switches as a lead does. Raises: StackError."""
        answer = self.stack.ask("ana", "PUT", f"/controls/{self.brand}", switches)
        if answer.status != HTTPStatus.OK:
            raise StackError(f"the switches are not taken: {answer.status} {answer.body}")

    # The end.

    def found(self) -> Found:
        """Collect what the scenario left behind."""
        keys = {one.split("#", 1)[0] + one.rsplit(":", 1)[1] for one in self.told}
        stored = [
            stored_mention(item)
            for item in self.stack.items()
            if item["pk"]["S"].startswith("mention#") and "st" in item
        ]
        ours = [s for s in stored if s.mention.platform + s.mention.object_id in keys]
        found = {one.conversation for one in ours if one.conversation}
        known = {one: self._conversations.get(one) for one in found}
        entries = [entry for one in found for entry in self._timeline.entries(one)]
        targets = {one.mention.object_id for one in ours}
        return Found(
            told=tuple(self.told),
            stored=tuple(ours),
            conversations={one: held for one, held in known.items() if held},
            replies=tuple(entry for entry in entries if isinstance(entry, AgentReply)),
            posts=tuple(post for post in self._visible() if post.target in targets),
            holds=tuple(self.holds),
        )


def only(posts: Sequence[Post], *, machine: bool) -> list[Post]:
    """Pick the posts of the machine, or those of people."""
    return [post for post in posts if post.is_machines == machine]
