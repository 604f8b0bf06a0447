"""A reply in hand without the flow around it, and a store that notes what is written."""

from dataclasses import dataclass, field, replace
from typing import Any

from heed import adapter as adapters
from heed.domain.mention import ConversationId
from heed.domain.reply import ReplyRef, ReplyState, Sending, agent_reply, machine_reply
from heed.flows.sending import Job
from heed.ports import Claim, Move
from tests.heed.flows.bodies import COMPLAINT, X_ACCOUNT, x_post
from tests.heed.flows.world import World

A = "2100000000000000001"
MA = f"x#{X_ACCOUNT}#post:{A}"
PERSONS: ReplyRef = agent_reply(ConversationId("c1"), 42, "r1")


@dataclass
class NotingOutbox:
    """Lets everybody have everything, and notes it."""

    moves: list[Move] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    is_lost: bool = False

    def move(self, ref: ReplyRef, seen: Sending, to: Move) -> bool:
        self.moves.append(to)
        return not self.is_lost

    def claim(self, ref: ReplyRef, seen: Sending, claim: Claim) -> Sending | None:
        self.claims.append(claim)
        if self.is_lost:
            return None
        return replace(seen, state=claim.state, epoch=seen.epoch + 1)


def decided_world() -> World:
    """A world with a complaint that waits for its acknowledgement to leave."""
    world = World()
    world.deliver("x", x_post(A, COMPLAINT, at=world.clock.now()))
    assert world.triage() == ["acknowledge"]
    return world


def a_job(world: World, state: ReplyState = "planned", **fields: Any) -> Job:
    stored = world.stored(MA)
    defaults: dict[str, Any] = {
        "ref": machine_reply(stored.mention.id),
        "sending": Sending(state),
        "stored": stored,
        "adapter": adapters.load("x"),
    }
    return Job(**{**defaults, **fields})
