"""A local system without emulator: the flows over the stand-ins of AWS, the real twins with their
real control, the desk's real routes, and a clock that only sleeping moves."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from heed.desk_routes import REFUSALS, ROUTES, Ask, refusal
from heed.flows.desk import Agent, Desk
from heed.flows.receive import HookRequest, receive
from heed.flows.sending import Replying
from heed.storage.controls import TableControls
from heed.triage.verdict import judge
from infra.local.scenarios.stack import Answer, Hit
from infra.local.twins.control import PREFIX, control
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.facebook_rules import FacebookRules
from infra.local.twins.wire import read_request
from infra.local.twins.world import TwinAccount
from tests.heed.flows.bodies import PAGE
from tests.heed.flows.world import KEYS, World

SWEEP_MS = 60_000


class WorldStack:
    """`infra.local.scenarios.stack.Stack` over a world."""

    def __init__(self, wrap: Callable[[Replying], Replying] | None = None) -> None:
        """Begin with nothing stored. `wrap` puts a naive sender in the place of the real one."""
        self.world = World(judge=judge)
        # As in the emulator, the stream shows a record once.
        self.world.repeats_records = False
        # A platform that refuses a doubled text would hide a double.
        page = TwinAccount(PAGE, "token-facebook", "", "Acme Air")
        rules = FacebookRules(duplicate_window_s=0)
        twin = facebook_twin([page], now_ms=self.world.clock.now, rules=rules)
        self.world.twins["graph.facebook.com"] = twin
        if wrap:
            self.world.replying = wrap(self.world.replying)
        self.dynamo: Any = self.world.dynamo
        self.table = self.world.table
        self.time: Any = self.world.clock
        self.signing: Mapping[str, str] = KEYS
        self._desk = _desk(self.world)
        self._sweeps_at = self.time.now() + SWEEP_MS

    def sleep(self, seconds: float) -> None:
        """Let time pass, with everything that happens by itself."""
        until = self.time.now() + int(seconds * 1000)
        while self.time.now() < until:
            step = min(1000, until - self.time.now())
            self.world.clock.forward(ms=step)
            if self.time.now() >= self._sweeps_at:
                self._sweeps_at += SWEEP_MS
                self.world.sweep()
            self._pump()

    def post(self, hits: Sequence[Hit]) -> list[int]:
        """Deliver one after the other."""
        statuses = []
        for hit in hits:
            request = HookRequest(hit.platform, "main", "POST", {}, hit.headers, hit.body)
            statuses.append(receive(_lowered(request), self.world.receiving).status)
        self._pump()
        return statuses

    def control(self, platform: str, method: str, name: str, body: Any = None) -> dict[str, Any]:
        """Ask a twin."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = control(
            self.world.twin(platform), read_request(method, f"{PREFIX}{name}", body=data)
        )
        assert answer.status == 200, answer.body
        told: dict[str, Any] = json.loads(answer.body)
        return told

    def ask(self, agent: str, method: str, path: str, body: Any = None) -> Answer:
        """Ask the desk."""
        who = Agent(agent, f"sub-{agent}", ("acme",), is_lead=True)
        place, _, query = f"/v1{path}".partition("?")
        routes = [r for r in ROUTES if r.method == method and r.values(place) is not None]
        data = json.dumps(body).encode() if body is not None else b""
        values = routes[0].values(place) or {}
        try:
            result = routes[0].run(Ask(who, values, dict(parse_qsl(query)), data), self._desk)
        except REFUSALS as error:
            result = refusal(error)
        self._pump()
        return Answer(int(result.status), json.loads(result.text or "{}"))

    def items(self) -> list[dict[str, Any]]:
        """Read the whole table."""
        return self.world.items()

    def _pump(self) -> None:
        while self.world.triage() or self.world.reply():
            pass


def _lowered(request: HookRequest) -> HookRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return HookRequest(request.platform, request.connection, "POST", {}, headers, request.body)


def _desk(world: World) -> Desk:
    return Desk(
        handing=world.handing,
        controls=TableControls(world.dynamo, world.table, world.clock, cache_ms=0),
        outbox=world.outbox,
        timeline=world.timeline,
        voices=world.replying.voices,
        meter=world.meter,
    )
