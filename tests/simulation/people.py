"""Who acts in a world: visitors who write, edit, delete and say stop; a colleague who answers on
the platform itself; strangers who forge; three agents, some of whom vanish; a lead who pauses."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from heed.domain.mention import MentionId
from heed.errors import (
    ConflictError,
    HeedError,
    InvalidRequestError,
    NewMentionError,
    StaleEpochError,
)
from heed.flows import desk, desk_answers, desk_claims, desk_controls, desk_drafts, desk_views
from heed.flows.desk import Agent, CaseView
from heed.flows.desk_answers import Answer, Ending
from heed.flows.desk_claims import Wish
from heed.flows.desk_controls import Switch
from tests.heed.flows import bodies
from tests.simulation import platforms
from tests.simulation.engine import Worker
from tests.simulation.platforms import KEYS, PARCEL_ACME, PARCEL_BOLT, Visible
from tests.simulation.world import BRANDS, MINUTE_MS, Delivered, World

SECOND_MS: Final = 1_000
TEXTS: Final = (
    "my order never came, this is terrible",
    "nobody answers, terrible service",
    "when does it leave tomorrow?",
    "can you help me with my booking?",
    "wonderful crew today",
    "thanks",
    "the battery burned my hand",
    "my solicitor will write to you",
    "see you at eight",
    "STOP",
)
_HANDLE: Final = {bodies.X_ACCOUNT: bodies.X_HANDLE, bodies.BOLT_X: bodies.BOLT_HANDLE}
_PARCEL: Final = {"acme": PARCEL_ACME, "bolt": PARCEL_BOLT}
_X: Final = {"acme": bodies.X_ACCOUNT, "bolt": bodies.BOLT_X}


@dataclass(frozen=True, slots=True)
class Written:
    """Something a visitor wrote: enough to edit it, answer it or take it back."""

    platform: str
    account: str
    object_id: str
    author: str
    thread: str
    at_ms: int
    private: bool = False

    @property
    def mention(self) -> str:
        """The key under which Heed keeps it."""
        kind = {"x": "message" if self.private else "post", "parcel": "comment"}
        return f"{self.platform}#{self.account}#{kind.get(self.platform, 'message')}:" + (
            self.object_id
        )


@dataclass(slots=True)
class Visitors:
    """Everybody who writes from outside."""

    world: World
    rng: random.Random
    written: list[Written] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    forged: set[str] = field(default_factory=set)
    answered_natively: int = 0
    _number: int = 0

    def begin(self, mentions: int, over_ms: int) -> None:
        """Put everything that they will do on the agenda."""
        at = self.world.engine.at
        for _ in range(mentions):
            at(self.rng.randrange(over_ms), self.write)
        for act, times in ((self.edit, 5), (self.delete, 3), (self.answer_natively, 3),
                           (self.forge, 2), (self.babble, 1)):  # fmt: skip
            for _ in range(times):
                at(self.rng.randrange(over_ms), act)
        self.world.platforms.on_post = self.echo

    # What they do.

    def write(self) -> None:
        """Write something new, or go on in a thread."""
        rng, now = self.rng, self.world.engine.now_ms
        self._number += 1
        platform = rng.choice(("x", "x", "x", "telegram", "parcel", "parcel"))
        brand = "acme" if platform == "telegram" else rng.choice(BRANDS)
        author = str(1_500_000_000 + rng.randrange(14))
        text = f"{rng.choice(TEXTS)} ({self._number})"
        if text.startswith("STOP"):
            text = "STOP"
        # Senders' clocks are up to ten minutes wrong.
        at_ms = now + rng.choice((0, 0, 0, rng.randint(-600_000, 600_000)))
        if platform == "x":
            one = self._write_x(brand, author, text, at_ms)
        elif platform == "telegram":
            one = Written("telegram", bodies.BOT, f"{author}:{self._number}", author, "", at_ms)
            body = bodies.telegram_message(self._number, text, at=at_ms, author=int(author))
            self._send(one, body)
        else:
            root = self._root("parcel", brand, author)
            account = _PARCEL[brand]
            one = Written("parcel", account, f"c{self._number}", author, root, at_ms)
            self._send(one, self.parcel_body(one, "new", text))
        self.written.append(one)

    def _write_x(self, brand: str, author: str, text: str, at_ms: int) -> Written:
        account, object_id = _X[brand], str(2_100_000_000_000_000_000 + self._number)
        if self.rng.random() < 0.25:
            one = Written("x", account, object_id, author, "", at_ms, private=True)
            self._send(one, bodies.x_message(object_id, text, at=at_ms, author=author,
                                             account=account))  # fmt: skip
            return one
        root = self._root("x", brand, author)
        one = Written("x", account, object_id, author, root, at_ms)
        event = "post.mention.create"
        if self.rng.random() < 0.85:
            text = f"@{_HANDLE[account]} {text}"
        else:
            event = "post.create"
        body = bodies.x_post(object_id, text, at=at_ms, author=author, account=account,
                             root=root, event=event)  # fmt: skip
        self._send(one, body)
        return one

    def _root(self, platform: str, brand: str, author: str) -> str:
        account = (_X if platform == "x" else _PARCEL)[brand]
        mine = [
            one.thread or one.object_id
            for one in self.written
            if (one.platform, one.account, one.author) == (platform, account, author)
            and not one.private
        ]
        return self.rng.choice(mine) if mine and self.rng.random() < 0.5 else ""

    def parcel_body(self, one: Written, do: str, text: str, **more: Any) -> bytes:
        """Write a delivery of parcel with one change."""
        now = self.world.engine.now_ms
        change = {"id": one.object_id, "do": do, "author": one.author, "text": text,
                  "at": one.at_ms if do == "new" else max(now, one.at_ms + 1),
                  "thread": one.thread, **more}  # fmt: skip
        return json.dumps({"account": one.account, "changes": [change]}).encode()

    def edit(self) -> None:
        """Say it differently; some become graver, some harmless."""
        able = [one for one in self.written if one.platform != "x" or not one.private]
        if not able:
            return
        one = self.rng.choice(able)
        self.changed.add(one.mention)
        now = max(self.world.engine.now_ms, one.at_ms + 1_000)
        text = f"{self.rng.choice(TEXTS[:-1])} (changed)"
        if one.platform == "x":
            text = f"@{_HANDLE[one.account]} {text}"
            body = bodies.x_post(
                one.object_id, text, at=now, author=one.author, account=one.account,
                root=one.thread, versions=(one.object_id, one.object_id + "5"),
            )  # fmt: skip
        elif one.platform == "telegram":
            number = int(one.object_id.split(":")[1])
            body = bodies.telegram_message(
                number, text, at=one.at_ms, author=int(one.author), kind="edited_message",
                edit_date=now // 1000,
            )  # fmt: skip
        else:
            body = self.parcel_body(one, "edit", text)
        self._send(one, body)

    def delete(self) -> None:
        """Take something back."""
        able = [one for one in self.written if one.platform != "telegram" and not one.private]
        if not able:
            return
        one = self.rng.choice(able)
        self.deleted.add(one.mention)
        if one.platform == "x":
            body = bodies.x_deletion(one.object_id, author=one.author, account=one.account)
        else:
            self.world.platforms.parcel.gone.add(one.object_id)
            body = self.parcel_body(one, "delete", "")
        self._send(one, body)

    def answer_natively(self) -> None:
        """A colleague answers on the platform itself."""
        able = [one for one in self.written if one.platform == "x"]
        if not able:
            return
        one = self.rng.choice(able)
        self.answered_natively += 1
        number = str(2_199_000_000_000_000_000 + self.answered_natively)
        now = self.world.engine.now_ms
        if one.private:
            body = bodies.x_own_message(number, "I look into it", at=now, to=one.author,
                                        account=one.account)  # fmt: skip
        else:
            body = bodies.x_post(
                number, "I look into it", at=now, author=one.account, account=one.account,
                event="post.create", answers=one.object_id, root=one.thread or one.object_id,
            )  # fmt: skip
        self._deliver("x", body, ())

    def forge(self) -> None:
        """A stranger sends what no platform signed."""
        self._number += 1
        number = str(2_100_000_000_000_000_000 + self._number)
        body = bodies.x_post(number, "@acmeair terrible", at=self.world.engine.now_ms)
        headers = platforms.load("x").sign(body + b" ", KEYS["x"])
        self.forged.add(f"x#{bodies.X_ACCOUNT}#post:{number}")
        delivery = Delivered("x", body, headers, is_forged=True)
        self.world.deliver(delivery, 0)

    def babble(self) -> None:
        """A platform sends a change that nobody can read, between two good ones."""
        now = self.world.engine.now_ms
        good = []
        for _ in range(2):
            self._number += 1
            author = str(1_500_000_100 + self._number)
            one = Written("parcel", PARCEL_ACME, f"c{self._number}", author, "", now)
            self.written.append(one)
            good.append({"id": one.object_id, "do": "new", "author": author, "at": now,
                         "text": f"terrible ({self._number})"})  # fmt: skip
        changes = [good[0], {"id": "c?", "do": "sing"}, good[1]]
        body = json.dumps({"account": PARCEL_ACME, "changes": changes}).encode()
        names = tuple(one.mention for one in self.written[-2:])
        self._deliver("parcel", body, names)

    def echo(self, post: Visible) -> None:
        """The platform tells of our own post."""
        if self.rng.random() >= 0.4 or post.platform == "telegram":
            return
        if post.platform == "parcel":
            one = Written("parcel", post.account, post.id, post.account, "", post.at_ms)
            body = self.parcel_body(one, "new", post.text, own=True, answers=post.target)
        elif post.private:
            body = bodies.x_own_message(post.id, post.text, at=post.at_ms, to=post.target,
                                        account=post.account)  # fmt: skip
        else:
            body = bodies.x_post(
                post.id, post.text, at=post.at_ms, author=post.account, account=post.account,
                event="post.create", answers=post.target, root=post.target,
            )  # fmt: skip
        self._deliver(post.platform, body, ())

    def _send(self, one: Written, body: bytes) -> None:
        self._deliver(one.platform, body, (one.mention,))

    def deliver_once(self, one: Written, body: bytes) -> None:
        """Deliver at once and only once, as on a good day."""
        self.world.platforms.learn(one.platform, body)
        headers = platforms.load(one.platform).sign(body, KEYS[one.platform])
        delivery = Delivered(one.platform, body, headers, (one.mention,))
        self.world.deliver(delivery, self.rng.randrange(100, 1_000))

    def _deliver(self, platform: str, body: bytes, mentions: tuple[str, ...]) -> None:
        """Deliver once or more often, at once or late: so events overtake each other."""
        world, rng = self.world, self.rng
        world.platforms.learn(platform, body)
        headers = platforms.load(platform).sign(body, KEYS[platform])
        delivery = Delivered(platform, body, headers, mentions)
        late = rng.random() < 0.15
        first_ms = rng.randrange(5 * MINUTE_MS) if late else rng.randrange(100, 2_000)
        world.deliver(delivery, first_ms)
        while rng.random() < 0.15:
            world.attempt(delivery, first_ms + rng.randrange(10 * MINUTE_MS))


AGENTS: Final = (
    Agent(id="ana", subject="sub-ana", brands=("acme",)),
    Agent(id="ben", subject="sub-ben", brands=("acme", "bolt"), is_lead=True),
    Agent(id="bo", subject="sub-bo", brands=("bolt", "acme")),
)


@dataclass(slots=True)
class Held:
    """A case in an agent's hands, as the agent last saw it."""

    case: CaseView
    claimed_ms: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A write of an agent that the desk took: what it was, under which epoch."""

    what: str
    agent: str
    case: str
    epoch: int
    at_ms: int
    reply_id: str = ""


@dataclass(slots=True)
class Desk:
    """Three agents at work through the desk's flows."""

    world: World
    rng: random.Random
    ends_ms: int
    accepted: list[Accepted] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    at_home: set[str] = field(default_factory=set)
    refused_stale: int = 0
    _replies: int = 0

    def begin(self) -> None:
        """Let everybody sit down, and a lead pause a brand for some minutes."""
        at, rng = self.world.engine.at, self.rng
        for agent in AGENTS:
            at(rng.randrange(MINUTE_MS, 4 * MINUTE_MS), partial(self.claim, agent))
        if rng.random() < 0.4:
            at(rng.randrange(20 * MINUTE_MS), self.pause)
        if rng.random() < 0.15:
            at(rng.randrange(20 * MINUTE_MS), self.revoke)

    def _call(
        self,
        work: Callable[[Any], Any],
        then: Callable[[Any], None],
        failed: Callable[[HeedError], None],
        tries: int = 4,
    ) -> None:
        """Make a request of the API; a program repeats one that got no good answer."""

        def ended(worker: Worker) -> None:
            if worker.outcome == "done":
                then(worker.result)
            elif worker.outcome == "failed" and isinstance(worker.result, HeedError):
                failed(worker.result)
            elif tries:
                again = self.rng.randrange(SECOND_MS, 20 * SECOND_MS)
                self.world.engine.at(again, lambda: self._call(work, then, failed, tries - 1))
            else:
                failed(HeedError("the desk did not answer"))

        self.world.invoke("desk", work, ended)

    def _later(self, low_s: int, high_s: int, act: Callable[[], None]) -> None:
        self.world.engine.at(self.rng.randrange(low_s, high_s) * SECOND_MS, act)

    def claim(self, agent: Agent) -> None:
        """Ask for work, as long as the shift lasts."""
        if self.world.engine.now_ms > self.ends_ms:
            self.at_home.add(agent.id)
            return
        rng = self.rng
        wish = Wish(
            platform="x" if rng.random() < 0.1 else "",
            language="en" if rng.random() < 0.1 else "",
        )

        def got(case: CaseView | None) -> None:
            if case is None:
                self._later(60, 300, lambda: self.look_around(agent))
                return
            now = self.world.engine.now_ms
            self._took("claim", agent, case.id, case.epoch)
            self._later(10, 300, lambda: self.go_on(agent, Held(case, now)))

        self._call(
            lambda s: desk_claims.claim(wish, agent, s),
            got,
            lambda error: self._later(20, 60, lambda: self.claim(agent)),
        )

    def look_around(self, agent: Agent) -> None:
        """Read lists while there is nothing to do, and decide drafts."""
        brand = agent.brands[0]

        def read(s: Any) -> list[str]:
            desk_views.list_cases("open", brand, 5, agent=agent, s=s)
            return [draft.id for draft in desk_drafts.list_drafts(brand, 5, agent, s)]

        def got(drafts: list[str]) -> None:
            for one in drafts:
                act = desk_drafts.drop if self.rng.random() < 0.3 else desk_drafts.approve
                self._call(partial(act, one, agent), lambda _: None, lambda _: None)
            self._later(20, 120, lambda: self.claim(agent))

        self._call(read, got, lambda error: self._later(20, 60, lambda: self.claim(agent)))

    def go_on(self, agent: Agent, held: Held) -> None:
        """Do the next thing about a case."""
        draw = self.rng.random()
        if draw < 0.12:
            # Gone for lunch; back when the lease may have run out, with the old epoch.
            self._later(60, 1_500, lambda: self.answer(agent, held))
        elif draw < 0.22:
            self.renew(agent, held)
        elif draw < 0.32:
            self.release(agent, held)
        elif draw < 0.45:
            self.note(agent, held)
        elif draw < 0.55:
            self.resolve(agent, held)
        else:
            self.answer(agent, held)

    def _took(self, what: str, agent: Agent, case: str, epoch: int, reply_id: str = "") -> None:
        now = self.world.engine.now_ms
        self.accepted.append(Accepted(what, agent.id, case, epoch, now, reply_id))

    def _done(self, agent: Agent) -> None:
        self._later(20, 150, lambda: self.claim(agent))

    def _refused(self, agent: Agent, held: Held) -> Callable[[HeedError], None]:
        def refused(error: HeedError) -> None:
            if isinstance(error, NewMentionError):
                self._later(5, 60, lambda: self.answer(agent, held))
                return
            if isinstance(error, StaleEpochError):
                self.refused_stale += 1
            self._done(agent)

        return refused

    def renew(self, agent: Agent, held: Held) -> None:
        """Say that one is still at it."""
        case = held.case

        def renewed(_: Any) -> None:
            self._took("renew", agent, case.id, case.epoch)
            self._later(5, 120, lambda: self.answer(agent, held))

        self._call(
            lambda s: desk.renew(case.id, case.epoch, agent, s), renewed, self._refused(agent, held)
        )

    def release(self, agent: Agent, held: Held) -> None:
        """Give the case back."""
        case = held.case
        self._call(
            lambda s: desk.release(case.id, case.epoch, agent, s),
            lambda _: self._done(agent),
            self._refused(agent, held),
        )

    def note(self, agent: Agent, held: Held) -> None:
        """Write a line for colleagues, then answer."""
        case = held.case
        self._call(
            lambda s: desk.add_note(case.id, case.epoch, "called them", agent=agent, s=s),
            lambda _: self._later(5, 60, lambda: self.answer(agent, held)),
            self._refused(agent, held),
        )

    def answer(self, agent: Agent, held: Held) -> None:
        """Read the case and answer the newest mention, naming what was read."""
        case_id = held.case.id

        def read(s: Any) -> tuple[CaseView, list[str]]:
            detail = desk_views.show_case(case_id, agent, s)
            known: list[str] = [
                e.id for e in detail.timeline if e.kind == "mention" and not e.deleted_at
            ]
            return detail.case, known

        def got(found: tuple[CaseView, list[str]]) -> None:
            case, known = found
            if not known:
                self.resolve(agent, held)
                return
            self._replies += 1
            reply_id = f"r{self._replies}"
            text = f"We have found it, dear customer, and mend it now ({reply_id})"
            wanted = Answer(
                epoch=held.case.epoch, mention=known[-1], text=text, reply_id=reply_id,
                seen=tuple(case.pending),
            )  # fmt: skip
            self.answers[reply_id] = text
            self._later(3, 40, lambda: self._answer(agent, held, wanted))

        self._call(read, got, self._refused(agent, held))

    def _answer(self, agent: Agent, held: Held, wanted: Answer) -> None:
        case = held.case

        def answered(_: Any) -> None:
            self._took("answer", agent, case.id, case.epoch, wanted.reply_id)
            if self.rng.random() < 0.1:
                # Second thoughts, mostly in time.
                self._later(1, 20, lambda: self.undo(agent, held, wanted.reply_id))
                return
            self._later(2, 90, lambda: self.resolve(agent, held))

        def refused(error: HeedError) -> None:
            if isinstance(error, InvalidRequestError):
                self._later(2, 30, lambda: self.resolve(agent, held))
            else:
                self._refused(agent, held)(error)

        self._call(lambda s: desk_answers.answer(case.id, wanted, agent, s), answered, refused)

    def undo(self, agent: Agent, held: Held, reply_id: str) -> None:
        """Take a reply back; whoever was in time must not find it on the platform."""

        def undone(_: Any) -> None:
            self.undone.add(reply_id)
            self._later(5, 60, lambda: self.answer(agent, held))

        self._call(
            lambda s: desk_answers.undo(held.case.id, reply_id, agent, s),
            undone,
            lambda error: self.resolve(agent, held),
        )

    def resolve(self, agent: Agent, held: Held) -> None:
        """End the case; what came meanwhile is read first."""
        case = held.case

        def resolved(_: Any) -> None:
            self._done(agent)

        def refused(error: HeedError) -> None:
            if isinstance(error, ConflictError) and not isinstance(error, NewMentionError):
                self._refused(agent, held)(error)
            else:
                self.release(agent, held)

        ending = Ending(case.epoch, "solved", tuple(MentionId(one) for one in case.pending))
        self._call(lambda s: desk_answers.resolve(case.id, ending, agent, s), resolved, refused)

    def revoke(self) -> None:
        """A platform takes a permission back; after a while a lead has it again, and says so."""
        revoked, account = self.world.platforms.parcel.revoked, PARCEL_BOLT
        revoked.add(account)

        def enabled(_: Any) -> None:
            self.world.faults.note_wait(self.world.engine.now_ms)

        def enable() -> None:
            revoked.discard(account)
            switch = Switch(enabled=(f"parcel#{account}",))
            self._call(
                lambda s: desk_controls.set_control("bolt", switch, AGENTS[1], s),
                enabled,
                lambda _: self._later(5, 20, enable),
            )

        self._later(120, 900, enable)

    def pause(self) -> None:
        """A lead stops a brand for some minutes."""
        lead, brand = AGENTS[1], self.rng.choice(BRANDS)

        def switched(_: Any) -> None:
            # Waiting for a lead is no fault of ours.
            self.world.faults.note_wait(self.world.engine.now_ms)

        def switch(paused: bool) -> None:
            self._call(
                lambda s: desk_controls.set_control(brand, Switch(paused=paused), lead, s),
                switched,
                lambda _: self._later(5, 20, lambda: switch(paused)),
            )

        switch(True)
        self._later(60, 400, lambda: switch(False))
