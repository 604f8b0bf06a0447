"""The platforms of the simulation as one: X can be searched, with a lag; Telegram tells nothing;
parcel takes a key, for a while. They deliver, repeat, reorder, lose answers, and tell our own
posts back."""

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from heed import adapter as adapters
from heed.adapter import Adapter, Call, Response
from heed.errors import DoubtfulError, NotSentError
from infra.local.twins.limits import Limit
from infra.local.twins.telegram import telegram_twin
from infra.local.twins.wire import read_request
from infra.local.twins.world import TwinAccount
from infra.local.twins.x import x_twin
from infra.local.twins.x_rules import XRules
from tests.heed.flows import bodies
from tests.simulation import parcel
from tests.simulation.engine import EndedError, Engine
from tests.simulation.faults import FIRST_CHANCE, LATER_CHANCE, RARE_CHANCE, Faults, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.twins.core import Twin

PARCEL_ACME, PARCEL_BOLT = "41", "42"
KEYS: Final = {"x": "x-consumer-secret", "telegram": "telegram_secret", "parcel": "parcel-secret"}
ANSWER_MS_MAX: Final = 10_000
THROTTLED_MS: Final = 30_000
MACHINE_MARK: Final = "(automatic reply)"

SendFault = Literal[
    "crash_before", "crash_after", "lost_answer", "lost_request", "error_after", "error_before",
    "throttled", "slow", "late", "unreachable", "token_expired",
]  # fmt: skip
SEND_FAULTS: Final[tuple[SendFault, ...]] = (
    "crash_before", "crash_after", "lost_answer", "lost_request", "error_after", "error_before",
    "throttled", "slow", "late", "unreachable", "token_expired",
)  # fmt: skip
_LOOSE: Final = (Limit("loose", 1_000_000, 900),)
_ADAPTERS: Final[dict[str, Adapter]] = {
    "x": adapters.load("x"),
    "telegram": adapters.load("telegram"),
    "parcel": parcel.ADAPTER,
}


def load(name: str) -> Adapter:
    """Find an adapter, as `heed.adapter.load` does."""
    return _ADAPTERS[name]


@dataclass(frozen=True, slots=True)
class Visible:
    """One post of ours that a visitor sees. `target`: what it answers, or to whom it was sent."""

    platform: str
    account: str
    target: str
    text: str
    at_ms: int
    private: bool
    id: str

    @property
    def is_machines(self) -> bool:
        """Whether it says of itself that it is automatic."""
        return MACHINE_MARK in self.text


class Platforms:
    """All twins, and `heed.ports.Sender` towards them."""

    def __init__(self, engine: Engine, faults: Faults, rng: random.Random) -> None:
        self.tokens = {
            ("x", bodies.X_ACCOUNT): "token-x",
            ("x", bodies.BOLT_X): "token-bolt",
            ("telegram", bodies.BOT): f"{bodies.BOT}:token-telegram",
            ("parcel", PARCEL_ACME): "token-41",
            ("parcel", PARCEL_BOLT): "token-42",
        }
        self.on_post: Callable[[Visible], None] = lambda post: None
        self.on_expiry: Callable[[str, str], None] = lambda platform, account: None
        self._engine = engine
        self._faults = faults
        self._rng = rng
        now = engine.true_now
        x_accounts = [
            TwinAccount(bodies.X_ACCOUNT, "token-x", bodies.X_HANDLE, "Acme Air"),
            TwinAccount(bodies.BOLT_X, "token-bolt", bodies.BOLT_HANDLE, "Bolt Rail"),
        ]
        rules = XRules(
            # In half of all worlds X itself would refuse a doubled text: not in the other half.
            duplicate_window_s=86_400 if rng.random() < 0.3 else 0,
            lookup_lag_s=rng.choice((0, 5, 20, 50)),
            post_limits=_LOOSE,
            dm_limits=_LOOSE,
        )
        bot = TwinAccount(
            bodies.BOT, self.tokens["telegram", bodies.BOT], bodies.BOT_HANDLE, "Acme Air"
        )
        self.twins: dict[str, Twin] = {
            "api.x.com": x_twin(x_accounts, now_ms=now, rules=rules),
            "api.telegram.org": telegram_twin([bot], now_ms=now),
        }
        self.parcel = parcel.ParcelTwin(now)
        self.parcel.tokens = {PARCEL_ACME: "token-41", PARCEL_BOLT: "token-42"}
        self._seen: dict[str, int] = dict.fromkeys((*self.twins, parcel.HOST), 0)

    def learn(self, platform: str, body: bytes) -> None:
        """Let the twin know what a visitor wrote."""
        if platform != "parcel":
            host = "api.x.com" if platform == "x" else "api.telegram.org"
            self.twins[host].learn(body, account=bodies.BOT if platform == "telegram" else "")

    def visible(self) -> list[Visible]:
        """List every post of ours that a visitor sees."""
        found = [
            Visible(twin.name, p.account, p.target, p.text, p.at_ms, p.private, p.id)
            for twin in self.twins.values()
            for p in twin.accepted_posts()
        ]
        for p in self.parcel.posts:
            found.append(Visible("parcel", p.account, p.target, p.text, p.at_ms, False, p.id))
        return found

    def renew_token(self, platform: str, account: str) -> str:
        """Give an account another token; the old one is good for nothing."""
        token = f"{self.tokens[platform, account].split('~')[0]}~{self._engine.new_id()}"
        self.tokens[platform, account] = token
        if platform == "parcel":
            self.parcel.tokens[account] = token
        else:
            host = "api.x.com" if platform == "x" else "api.telegram.org"
            self.twins[host].world.grant_token(account, token)
        return token

    # heed.ports.Sender

    def send(self, call: Call, token: str, hosts: tuple[str, ...]) -> Response:
        """Carry a call to a twin, or not, or twice as slowly."""
        assert call.host in hosts
        worker = self._engine.worker
        if worker is None:
            return self._answer(call, token)
        action = "renew" if call.auth == "none" else "look" if call.method == "GET" else "post"
        site = (worker.kind, worker.port, f"{call.host.split('.')[1]} {action}")
        fault = self._strikes(site)
        wait_ms = 60 + int(self._rng.random() * 400)
        if fault is None:
            self._engine.pause(wait_ms)
            return self._answer(call, token)
        self._engine.trace.add(self._engine.now_ms, worker, f"FAULT {fault} at {'/'.join(site)}")
        self._engine.pause(wait_ms)
        return self._spoiled(fault, call, token)

    def _strikes(self, site: Site) -> SendFault | None:
        faults = self._faults
        faults.tally.visited[site] += 1
        if not faults.are_on:
            return None
        first = faults.tally.visited[site] <= 4
        chance = (1.5 * FIRST_CHANCE if first else 6 * LATER_CHANCE) * faults.intensity
        if site[2].endswith("renew") and first:
            chance = RARE_CHANCE
        if self._rng.random() >= chance:
            return None
        kind = SEND_FAULTS[int(self._rng.random() * len(SEND_FAULTS))]
        faults.note(kind, site)
        return kind

    def _spoiled(self, fault: SendFault, call: Call, token: str) -> Response:
        before: dict[str, Callable[[], Response]] = {
            "crash_before": lambda: _raise(EndedError("crash")),
            "lost_request": lambda: _raise(DoubtfulError("no answer")),
            "error_before": lambda: Response(503, {}, b"<html>"),
            "throttled": self._throttled,
            "unreachable": lambda: _raise(NotSentError("no connection")),
        }
        if fault in before:
            return before[fault]()
        if fault == "token_expired" and call.auth != "none":
            self._expire(call, token)
            return self._answer(call, token)
        if fault == "late":
            # It arrives when nobody waits for it any more, though well within the lease.
            delay_ms = ANSWER_MS_MAX + int(self._rng.random() * 8_000)
            self._engine.at(delay_ms, lambda: self._arrives_late(call, token))
            self._engine.pause(ANSWER_MS_MAX)
            raise DoubtfulError("no answer in time")
        answer = self._answer(call, token)
        if fault == "crash_after":
            raise EndedError("crash")
        if fault == "error_after" and answer.status < 400:
            return Response(502, {}, b"<html>")
        if fault == "slow":
            self._engine.pause(ANSWER_MS_MAX)
        raise DoubtfulError("no answer")

    def _throttled(self) -> Response:
        """Ask to wait half a minute, in every platform's own words."""
        ends_ms = self._engine.now_ms + THROTTLED_MS
        self._faults.note_wait(ends_ms)
        headers = {"retry-after": "30", "x-rate-limit-reset": str(ends_ms // 1000)}
        told = {"ok": False, "error_code": 429, "parameters": {"retry_after": 30}}
        return Response(429, headers, json.dumps(told).encode())

    def _arrives_late(self, call: Call, token: str) -> None:
        self._answer(call, token)

    def _expire(self, call: Call, token: str) -> None:
        for (platform, account), known in self.tokens.items():
            if known == token:
                host = {"x": "api.x.com", "telegram": "api.telegram.org"}.get(platform)
                if host:
                    self.twins[host].world.expire_token(account)
                else:
                    self.parcel.tokens[account] = ""
                self.on_expiry(platform, account)
                return

    def _answer(self, call: Call, token: str) -> Response:
        if call.path == "/tokens":
            answer = self.parcel.renew(call.body)
        elif call.host == parcel.HOST:
            account = call.path.split("/")[1]
            answer = self.parcel.post(account, token, call.headers["x-retry-key"], call.body)
        else:
            answer = self._twin_answer(call, token)
        self._tell_of_new(call.host)
        return answer

    def _twin_answer(self, call: Call, token: str) -> Response:
        headers, path = {**call.headers}, call.path
        if call.auth == "bearer":
            headers["Authorization"] = f"Bearer {token}"
        else:
            path = path.replace("{token}", token)
        request = read_request(call.method, path, headers=headers, body=call.body)
        answer = self.twins[call.host].handle(request)
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, names, answer.body)

    def _tell_of_new(self, host: str) -> None:
        posts: list[Any]
        posts = self.parcel.posts if host == parcel.HOST else self.twins[host].accepted_posts()
        name = "parcel" if host == parcel.HOST else self.twins[host].name
        for p in posts[self._seen[host] :]:
            private = getattr(p, "private", False)
            self.on_post(Visible(name, p.account, p.target, p.text, p.at_ms, private, p.id))
        self._seen[host] = len(posts)


def _raise(error: BaseException) -> Response:
    raise error
