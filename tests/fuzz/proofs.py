"""One mutated proof of origin, or one mutated challenge, and what must hold then."""

import json
import re
from collections.abc import Callable
from random import Random

from heed.adapter import Answer
from heed.flows.receive import HookRequest
from tests.functions.invocations import hook_event
from tests.fuzz.corpus import corpus
from tests.fuzz.gateway import gateway_of, recased
from tests.fuzz.intake import MAIN, VERIFY_TOKEN, Intake
from tests.fuzz.mutants import load
from tests.fuzz.offers import offer_of
from tests.fuzz.properties import check_refused, check_taken
from tests.fuzz.spellings import TEXTS
from tests.heed.platforms.samples import KEY

RECASED_SHARE, HANDSHAKE_SHARE = 0.01, 0.1
HOSTILE = (
    *("", "<script>alert(1)</script>", "1 2", "é", "\ud800", "a" * 129, "a" * 15, "1\n", "\0" * 20),
    *('{"for_user_id":"1"}', "[1]", "1158201444", "0123456789012345", "a" * 128, "A-_/+=" * 4),
    *("１" * 16, "../../../../etc/passwd", "subscribe", "a\r\nSet-Cookie: a=b", "%61" * 8),
    VERIFY_TOKEN,
)  # fmt: skip
TOKEN_KINDS = ("bit", "letter", "cut", "grow", "swap", "space", "case", "script", "double")
Query = dict[str, str]


def try_proof(intake: Intake, platform: str, rng: Random) -> tuple[str, str]:
    """Deliver a sample with a mutated proof; none may be accepted."""
    chance = rng.random()
    if chance < RECASED_SHARE:
        return _recased(intake, platform, rng)
    if chance < RECASED_SHARE + HANDSHAKE_SHARE:
        return _challenged(intake, platform, rng)
    adapter = load(platform)
    while True:
        kind, offer = offer_of(rng, adapter, corpus(platform))
        request = HookRequest(platform, offer.connection, "POST", {}, offer.headers, offer.body)
        taken = intake.take(request)
        if not offer.is_no_mutation():
            check_refused(taken, (401, 404) if offer.connection != MAIN else (401,))
            return kind, "refused"
        # Then it must be accepted, and another one is drawn in its place.
        check_taken(taken, intake.delivery(request), adapter)


def _recased(intake: Intake, platform: str, rng: Random) -> tuple[str, str]:
    """Header names in any case are no mutation: these are accepted."""
    body = rng.choice(corpus(platform)).body
    headers = recased(rng, load(platform).sign(body, KEY))
    event = hook_event("POST", f"{platform}/{MAIN}", body=body, headers=headers)
    taken, _ = gateway_of(intake).take(event)
    lowered = {name.lower(): value for name, value in headers.items()}
    request = HookRequest(platform, MAIN, "POST", {}, lowered, body)
    check_taken(taken, intake.delivery(request), load(platform))
    return "recased name", "accepted"


def _challenged(intake: Intake, platform: str, rng: Random) -> tuple[str, str]:
    """Ask for a handshake with a token that was bent, or with anything as the challenge."""
    query = _query(rng)
    taken = intake.take(HookRequest(platform, MAIN, "GET", query, {}, b""))
    expected = HANDSHAKES.get(platform, _none)(query)
    assert taken.table_calls == 0, "a challenge reached the table"
    if expected is None:
        check_refused(taken, (401, 404))
        return "handshake", "refused"
    assert taken.answer == expected, "another answer to a challenge"
    _check_worthless(intake, platform, query, taken.answer)
    return "handshake", "answered"


def _query(rng: Random) -> Query:
    challenge = rng.choice(HOSTILE)
    token = VERIFY_TOKEN
    if rng.random() < 0.6:
        kind = rng.choice(
            ("bit", "letter", "cut", "grow", "swap", "space", "case", "script", "double")
        )
        token = TEXTS[kind](rng, token)
    mode = "subscribe" if rng.random() < 0.8 else rng.choice(("unsubscribe", "", "SUBSCRIBE"))
    query = {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": challenge}
    query["crc_token"] = challenge
    for name in list(query):
        if rng.random() < 0.05:
            query[rng.choice((name.upper(), name.replace(".", "_")))] = query.pop(name)
    return query


def _check_worthless(intake: Intake, platform: str, query: Query, answer: Answer) -> None:
    """What a challenge was answered with proves no delivery: neither of the token nor of itself."""
    [name] = load(platform).sign(b"", KEY)
    told = [*re.findall(r"sha256=[\w+/=-]+", answer.body), answer.body]
    for body in (query.get("crc_token", ""), query.get("hub.challenge", ""), answer.body):
        for value in told:
            raw = body.encode("utf-8", "surrogatepass")
            request = HookRequest(platform, MAIN, "POST", {}, {name: value}, raw)
            check_refused(intake.take(request))


def _none(query: Query) -> Answer | None:
    del query
    return None


def _crc(query: Query) -> Answer | None:
    token = query.get("crc_token", "")
    if not re.fullmatch(r"[A-Za-z0-9+/=_-]{16,128}", token, re.ASCII):
        return None
    [signed] = load("x").sign(token.encode(), KEY).values()
    return Answer(200, json.dumps({"response_token": signed}, separators=(",", ":")), JSON_TYPE)


def _hub(query: Query) -> Answer | None:
    proved = query.get("hub.mode") == "subscribe" and query.get("hub.verify_token") == VERIFY_TOKEN
    challenge = query.get("hub.challenge", "")
    fits = re.fullmatch(r"[A-Za-z0-9_-]{1,128}", challenge, re.ASCII)
    return Answer(200, challenge) if proved and fits else None


JSON_TYPE = "application/json"
# What the platforms' challenges are answered with; None: not at all. Others ask none.
HANDSHAKES: dict[str, Callable[[Query], Answer | None]] = {"x": _crc, "facebook": _hub}
