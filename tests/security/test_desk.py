"""Checks 20 to 24: what an agent may do. Each goes through the gateway's envelope and the handler;
the authorizer's own part of check 20 is in `stacks`."""

from dataclasses import replace
from typing import Any

import pytest

from heed.desk_routes import ROUTES, Route
from heed.domain import case as cases
from heed.flows.desk import Desk
from tests.functions.test_desk import (
    ANA,
    BEN,
    CONTEXT,
    LEAD,
    STRANGER,
    Client,
    claimed,
    make_client,
    reply_to,
)
from tests.heed.flows.bodies import X_ACCOUNT
from tests.heed.flows.desks import VOICE, World, make_case, make_draft, make_mention
from tests.heed.flows.world import World as WholeWorld
from tests.security.hooks import POST, Hooks

NOBODY: tuple[dict[str, Any], ...] = (
    {},
    {**ANA, "sub": ""},
    {**ANA, "sub": None},
    {**ANA, "sub": ["5f3c-ana"]},
    {**ANA, "token_use": "access"},
    {**ANA, "token_use": "refresh"},
    {**ANA, "token_use": None},
    {name: value for name, value in ANA.items() if name != "custom:brand"},
    {**ANA, "custom:brand": ["acme"]},
    {**ANA, "custom:brand": "*"},
    {**ANA, "custom:brand": "ACME"},
)
BODIES: dict[str, dict[str, Any]] = {
    "PUT /v1/cases/{case}/lease": {"epoch": 2},
    "POST /v1/cases/{case}/notes": {"text": "x", "epoch": 2},
    "PUT /v1/cases/{case}/resolution": {"epoch": 2, "resolution": "solved"},
    "PUT /v1/controls/{brand}": {"paused": True},
}
EPOCHS = ("/lease", "/replies", "/resolution")


def requested(route: Route, case: str, mention: str) -> tuple[str, str, Any]:
    """Write the request that a route's rightful user would make."""
    path = route.template.removeprefix("/v1").replace("{case}", case).replace("{brand}", "acme")
    path = path.replace("{mention}", mention).replace("{reply}", "r1")
    body = BODIES.get(route.name)
    if path.endswith("/replies"):
        body = reply_to(mention)
    if route.method == "DELETE" and path.endswith("/lease"):
        path += "?epoch=2"
    return route.method, path, body


def all_of(world: World) -> tuple[Any, ...]:
    queues = [world.bodies(f"work-{brand}-{band}") for brand in ("acme", "zenith")
              for band in ("urgent", "normal", "low")]  # fmt: skip
    return world.backend.dynamo.items(world.backend.table), queues, world.bodies("reply-x")


@pytest.mark.parametrize("claims", NOBODY)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_check_20_a_token_that_names_no_agent_opens_no_route(
    route: Route, claims: dict[str, Any]
) -> None:
    """20: agent without token, expired, wrong audience, alg none, wrong issuer. Whatever gets past
    the gateway's authorizer must still be the id token of somebody with a brand."""
    world, client = make_client()
    case, mention = claimed(world, client)
    make_draft(world, world.stored(mention))
    before = all_of(world)

    status, answer = Client(world, claims).call(*requested(route, case, mention))

    assert (status, answer["error"]) in [(403, "forbidden"), (422, "invalid_request")]
    assert "Sam Field" not in str(answer)
    assert all_of(world) == before


def test_check_20_an_event_that_no_authorizer_has_seen_is_refused() -> None:
    """20: agent without token: also where a route was deployed without its authorizer."""
    world, client = make_client()
    case, mention = claimed(world, client)
    before = all_of(world)

    seen: tuple[Any, ...] = (
        *({}, None, {"jwt": None}, {"jwt": {}}, {"jwt": {"claims": None}}),
        *({"lambda": ANA}, {"claims": ANA}, {"jwt": {"claims": [ANA]}}),
    )
    for authorizer in seen:
        for route in ROUTES:
            method, path, body = requested(route, case, mention)
            path, _, query = path.partition("?")
            context = {"http": {"method": method, "path": f"/v1{path}"}, "stage": "$default"}
            context |= {"authorizer": authorizer} if authorizer is not None else {}
            event = {"requestContext": context, "headers": {"authorization": "Bearer made.up"}}
            status, _ = client.call(method, f"{path}?{query}", body, **event)
            assert status in (403, 422), (route.name, authorizer)
    assert all_of(world) == before


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if "{" in r.template], ids=lambda route: route.name
)
def test_check_21_what_belongs_to_another_brand_does_not_exist(route: Route) -> None:
    """21: agent of brand A reads/claims case of brand B (object-level authorisation). Every route
    that names an object is asked, also one that is added later."""
    world, client = make_client()
    case, mention = claimed(world, client)
    make_draft(world, world.stored(mention))
    before = all_of(world)

    for claims in (STRANGER, {**LEAD, "custom:brand": "acm, acme2,zenith"}):
        status, answer = Client(world, claims).call(*requested(route, case, mention))

        assert status == (403 if "{brand}" in route.template else 404)
        assert "Sam Field" not in str(answer)
        assert "where is my bag" not in str(answer)
    assert all_of(world) == before


def test_check_21_no_list_and_no_claim_holds_what_is_another_brands() -> None:
    """21: agent of brand A reads/claims case of brand B."""
    world, client = make_client(STRANGER)
    stored = make_mention(world)
    make_case(world, stored, band="urgent")
    drafted = make_mention(world, author="8")
    make_case(world, drafted, rings=False, ack=True)
    make_draft(world, drafted)

    for path, name in (("/cases", "cases"), ("/drafts", "drafts")):
        assert client.call("GET", path) == (200, {name: []})
        assert client.call("GET", f"{path}?brand=acme")[0] == 403
    wishes: list[dict[str, str]] = [{}, {"platform": "x"}, {"band": "urgent"}, {"language": "en"}]
    for wish in wishes:
        assert client.call("POST", "/claims", wish) == (204, None)
        assert client.call("POST", "/claims", {**wish, "brand": "acme"})[0] == 403
    assert world.case(stored.conversation).state == "open"


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.template.endswith(EPOCHS)], ids=lambda route: route.name
)
@pytest.mark.parametrize("how", ["an old epoch", "a coming epoch", "a colleague", "a lapsed lease"])
def test_check_22_who_does_not_hold_the_case_writes_nothing(route: Route, how: str) -> None:
    """22: stale epoch reply -> 409."""
    world, client = make_client()
    case, mention = claimed(world, client)
    if how == "a colleague":
        client = Client(world, BEN)
    if how == "a lapsed lease":
        world.backend.clock.forward(ms=cases.LEASE_MS)
    epoch = {"an old epoch": 1, "a coming epoch": 3}.get(how, 2)
    method, path, body = requested(route, case, mention)
    before = all_of(world)

    path = path.replace("epoch=2", f"epoch={epoch}")
    status, answer = client.call(method, path, body and {**body, "epoch": epoch})

    assert (status, answer["error"], answer["epoch"]) == (409, "stale_epoch", 2)
    assert all_of(world) == before


def test_check_22_a_case_that_is_lost_in_the_last_moment_is_lost() -> None:
    """22: stale epoch reply -> 409: between the look at the case and the write, too."""
    world, client = make_client()
    case, mention = claimed(world, client)

    def taken_away() -> None:
        held = world.conversation(case)
        assert held.case is not None
        freed = cases.reopened(held.case, world.now)
        assert world.desk.handing.conversations.save(replace(held, case=freed))

    world.before("transact_write_items", taken_away)
    status, answer = client.call("POST", f"/cases/{case}/replies", reply_to(mention))

    assert (status, answer["error"], answer["epoch"]) == (409, "stale_epoch", 3)
    assert world.bodies("reply-x") == []
    assert world.desk.timeline.entries(world.conversation(case).id) == []


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", "empty"),
        (" \n\t\u200b\ufeff", "empty"),
        ("x" * 281, "too_long"),
        ("\U0001f469\u200d\U0001f680" * 141, "too_long"),
        *((f"a{one}b", "control_characters") for one in "\0\x07\x1b\x7f\x85\u2028\u2029\ufffe"),
        *((f"a{one}b", "control_characters")
          for one in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
        ("x" * 10_001, "text"),
        ("\ud800", "text"),
    ],
    ids=ascii,
)  # fmt: skip
def test_check_23_a_text_that_hides_something_or_is_too_long_does_not_leave(
    text: str, clause: str
) -> None:
    """23: agent reply text: length, control, bidi."""
    world, client = make_client()
    case, mention = claimed(world, client)
    before = all_of(world)

    status, answer = client.call("POST", f"/cases/{case}/replies", reply_to(mention, text=text))

    assert (status, answer.get("clause") or answer["field"]) == (422, clause)
    assert all_of(world) == before


def test_check_23_markup_is_data_wherever_it_comes_from() -> None:
    """23: ... markup shown escaped. The API answers JSON that no browser takes for a page; what
    turns a line around is taken out."""
    world, client = make_client()
    markup = "</script><img src=x onerror=alert(1)>"
    stored = make_mention(world, f"{markup}\u202egnp.exe\0", name=f"Sam {markup}\u2066")
    make_case(world, stored)
    case = client.call("POST", "/claims", {})[1]["case"]["id"]
    client.call("POST", f"/cases/{case}/replies", reply_to(stored.mention.id, text=markup))

    answer = client.ask("GET", f"/cases/{case}")
    _, read = client.call("GET", f"/cases/{case}")

    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    told, reply = read["timeline"]
    assert (told["text"], told["author_name"]) == (f"{markup}gnp.exe", f"Sam {markup}")
    assert reply["text"] == markup


FOREIGN = ("target", "to", "chat_id", "in_reply_to_tweet_id", "platform", "account", "author",
           "conversation", "route", "url", "host", "brand", "agent")  # fmt: skip


@pytest.mark.parametrize("field", FOREIGN)
def test_check_24_a_request_cannot_name_another_target(field: str) -> None:
    """24: reply target taken from stored item, not from request."""
    world, client = make_client()
    case, mention = claimed(world, client)
    before = all_of(world)
    body = reply_to(mention, **{field: "9"})

    status, answer = client.call("POST", f"/cases/{case}/replies", body)

    assert (status, answer["field"]) == (422, field)
    assert all_of(world) == before


@pytest.mark.parametrize("brand", ["acme", "zenith"])
def test_check_24_a_mention_of_another_case_is_no_target(brand: str) -> None:
    """24: reply target taken from stored item: the one that belongs to the case that is held."""
    world, client = make_client()
    other = make_mention(world, author="8", brand=brand)
    case, _ = claimed(world, client)
    before = all_of(world)

    reply = reply_to(other.mention.id)
    status, answer = client.call("POST", f"/cases/{case}/replies", reply)

    assert (status, answer["clause"]) == (422, "mention")
    assert all_of(world) == before


def desk_of(world: WholeWorld) -> Client:
    """Open a desk over the whole way of a mention."""
    desk = Desk(
        handing=world.handing,
        controls=world.controls,
        outbox=world.outbox,
        timeline=world.timeline,
        voices={"acme": VOICE},
        meter=world.meter,
    )
    behind: Any = _Behind(desk, world)
    return Client(behind, ANA)


class _Behind:
    """What a desk's client asks of a world."""

    def __init__(self, desk: Desk, world: WholeWorld) -> None:
        self.desk, self.meter = desk, world.meter


def test_check_24_the_reply_goes_where_the_mention_is_stored() -> None:
    """24: reply target taken from stored item, through every function to the platform."""
    hooks = Hooks()
    world = hooks.world
    mention = f"x#{X_ACCOUNT}#post:{POST}"
    body = hooks.body("x", "@acmeair how do I call a solicitor? @boltrail 2100000000000000009")
    world.twin("x").learn(body, account="")
    assert hooks.post("x", hooks.signed("x", body)) == 200
    world.triage()
    client = desk_of(world)
    case = client.call("POST", "/claims", {})[1]["case"]
    reply = reply_to(mention, epoch=case["epoch"], text="Hi @boltrail, see 42.", reply_id=POST[:-1])

    status, _ = client.call("POST", f"/cases/{case['id']}/replies", reply)
    # Until then it could be taken back.
    world.clock.forward(s=20)
    world.reply()

    assert status == 202
    assert world.targets() == [POST]
    assert {call.host for call in world.sender.calls} == {"api.x.com"}
    assert CONTEXT.function_name == "desk"
