"""The switches of a brand: pause, sombre, modes. Only a lead changes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from heed.domain.policy import Control, Mode
from heed.errors import ForbiddenError, InvalidRequestError
from heed.flows import desk
from heed.flows.desk import Agent, Desk


@dataclass(frozen=True, slots=True)
class ControlView:
    """What is switched for a brand. `modes` and `disabled` name accounts as <platform>#<id>;
    `accounts`: the mode that counts for each account now."""

    brand: str
    paused: bool
    sombre: bool
    mode: Mode | None
    modes: Mapping[str, Mode]
    disabled: tuple[str, ...]
    accounts: Mapping[str, Mode]


@dataclass(frozen=True, slots=True)
class Switch:
    """What a lead wants to change; None leaves a switch as it is. `mode` brand_file: the brand file
    decides again. `enabled`: disabled accounts that may answer again."""

    paused: bool | None = None
    sombre: bool | None = None
    mode: Mode | Literal["brand_file"] | None = None
    modes: Mapping[str, Mode] | None = None
    enabled: tuple[str, ...] = ()


def list_controls(brand: str, agent: Agent, s: Desk) -> tuple[ControlView, ...]:
    """Show the switches of a brand, or of all the agent's brands. Raises: ForbiddenError."""
    return tuple(_view(one, s.controls.get(one), s) for one in desk.brands_of(agent, brand, s))


def set_control(brand: str, switch: Switch, agent: Agent, s: Desk) -> ControlView:
    """Change the switches of a brand.

    Raises: ForbiddenError for another brand and for who is no lead; InvalidRequestError for an
    account that is not the brand's.
    """
    desk.brands_of(agent, brand, s)
    if not agent.is_lead:
        raise ForbiddenError("only a lead may change controls; ask one of yours")
    known = {f"{platform}#{account}" for platform, account in s.handing.policies[brand].modes}
    for name, named in (("modes", switch.modes or {}), ("enabled", switch.enabled)):
        if unknown := sorted(set(named) - known):
            raise InvalidRequestError(f"{unknown[0]} is no account of this brand", f"field:{name}")
    for account in switch.enabled:
        s.controls.enable(brand, account)
    control = _switched(s.controls.get(brand), switch)
    s.controls.put(brand, control)
    s.meter.count("controls_changed")
    return _view(brand, control, s)


def _switched(control: Control, switch: Switch) -> Control:
    if switch.paused is not None:
        control = replace(control, paused=switch.paused)
    if switch.sombre is not None:
        control = replace(control, sombre=switch.sombre)
    if switch.mode is not None:
        control = replace(control, mode=None if switch.mode == "brand_file" else switch.mode)
    if switch.modes is not None:
        control = replace(control, modes=dict(switch.modes))
    return control


def _view(brand: str, control: Control, s: Desk) -> ControlView:
    policy = s.handing.policies[brand]
    return ControlView(
        brand=brand,
        paused=control.paused,
        sombre=control.sombre,
        mode=control.mode,
        modes=dict(control.modes),
        disabled=tuple(sorted(control.disabled)),
        accounts={f"{p}#{a}": control.mode_of(policy, p, a) for p, a in policy.modes},
    )
