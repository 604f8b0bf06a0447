from collections.abc import Mapping

import pytest

from heed.domain.mention import MentionId
from heed.domain.policy import Control, Mode
from heed.errors import ForbiddenError, InvalidRequestError
from heed.flows.desk import Agent
from heed.flows.desk_controls import Switch, list_controls, set_control
from heed.storage.controls import TableControls
from tests.heed.flows.desks import ANA, BOTH, LEAD, STRANGER, make_world


def test_nothing_is_switched_at_first() -> None:
    world = make_world()

    (view,) = list_controls("", ANA, world.desk)

    assert (view.brand, view.paused, view.sombre, view.mode) == ("acme", False, False, None)
    assert view.modes == {}
    assert view.accounts == {"x#111": "draft", "facebook#page-acme": "live"}


def test_a_lead_pauses_and_what_is_not_named_stays() -> None:
    world = make_world()
    set_control("acme", Switch(sombre=True, modes={"x#111": "live"}), LEAD, world.desk)

    view = set_control("acme", Switch(paused=True), LEAD, world.desk)

    assert (view.paused, view.sombre) == (True, True)
    assert view.accounts["x#111"] == "live"
    assert list_controls("acme", ANA, world.desk) == (view,)
    assert world.meter.counts["controls_changed"] == 2


def test_a_switch_starts_from_what_another_process_wrote() -> None:
    world = make_world()
    list_controls("acme", LEAD, world.desk)
    client, table = world.backend.dynamo, world.backend.table
    other = TableControls(client, table, world.backend.clock)
    other.put("acme", Control(paused=True))

    assert set_control("acme", Switch(sombre=True), LEAD, world.desk).paused


@pytest.mark.parametrize(
    ("switch", "mode"),
    [(Switch(mode="live"), "live"), (Switch(mode="brand_file"), None), (Switch(), "watch")],
)
def test_the_mode_of_a_brand_is_set_cleared_or_left(switch: Switch, mode: Mode | None) -> None:
    world = make_world()
    set_control("acme", Switch(mode="watch"), LEAD, world.desk)

    assert set_control("acme", switch, LEAD, world.desk).mode == mode


def test_which_accounts_are_disabled_is_shown_and_stays() -> None:
    world = make_world()
    world.backend.dynamo.update_item(
        TableName=world.backend.table,
        Key={"pk": {"S": "control#acme"}, "sk": {"S": "-"}},
        UpdateExpression="ADD dis :one",
        ExpressionAttributeValues={":one": {"SS": ["x#111"]}},
    )

    assert set_control("acme", Switch(paused=True), LEAD, world.desk).disabled == ("x#111",)


def test_a_lead_ends_a_stop_by_letting_the_machine_answer() -> None:
    world = make_world()
    world.desk.controls.stop("acme", MentionId("x#111#post:1"), world.now, 0)
    (stopped,) = list_controls("acme", ANA, world.desk)

    paused = set_control("acme", Switch(paused=True), LEAD, world.desk)
    sombre = set_control("acme", Switch(sombre=True), LEAD, world.desk)
    resumed = set_control("acme", Switch(paused=False), LEAD, world.desk)

    told = [view.stopped_at for view in (stopped, paused, sombre, resumed)]
    assert told == [world.now, world.now, world.now, 0]
    assert world.desk.controls.get("acme").resumes == 1
    # Another resumption changes nothing: nothing stands still.
    set_control("acme", Switch(paused=False), LEAD, world.desk)
    assert world.desk.controls.get("acme").resumes == 1


@pytest.mark.parametrize("modes", [{"x#222": "live"}, {"x#111": "live", "nothing": "live"}])
def test_an_account_of_nobody_cannot_be_switched(modes: Mapping[str, Mode]) -> None:
    world = make_world()

    with pytest.raises(InvalidRequestError, match="no account of this brand"):
        set_control("acme", Switch(modes=modes), LEAD, world.desk)


@pytest.mark.parametrize("agent", [ANA, STRANGER])
def test_only_a_lead_of_the_brand_may_switch(agent: Agent) -> None:
    world = make_world()

    with pytest.raises(ForbiddenError):
        set_control("acme", Switch(paused=True), agent, world.desk)

    assert not list_controls("acme", BOTH, world.desk)[0].paused
