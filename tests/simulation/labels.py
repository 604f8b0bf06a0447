"""Names for outside calls: every contract that a flow is given says, while one of its methods runs,
which one it is. So a new contract, or a new method, makes new call sites by itself."""

import inspect
from functools import cache
from typing import Any, Final, Protocol, get_type_hints

from heed import ports
from tests.simulation.engine import Engine

# What never leaves the process, and why.
INSIDE: Final = {
    "Accounts": "a table of the brand file in memory",
    "Meter": "counts in memory",
    "Time": "the clock",
}


class Labelled:
    """A contract's implementation that tells the engine which method is being called."""

    def __init__(self, inner: Any, contract: str, engine: Engine) -> None:
        self._inner = inner
        self._contract = contract
        self._engine = engine

    def __getattr__(self, method: str) -> Any:
        """Offer a method under its name."""
        call, label, engine = (
            getattr(self._inner, method),
            f"{self._contract}.{method}",
            self._engine,
        )

        def labelled(*args: Any, **given: Any) -> Any:
            worker = engine.worker
            if worker is None:
                return call(*args, **given)
            outer, worker.port = worker.port, label
            try:
                return call(*args, **given)
            finally:
                worker.port = outer

        setattr(self, method, labelled)
        return labelled


def label_all(services: Any, engine: Engine) -> Any:
    """Label every contract among the fields of a flow's services; nested services too."""
    kind: Any = type(services)
    hints = _hints(kind)
    changed: dict[str, Any] = {}
    for name, hint in hints.items():
        value = getattr(services, name)
        if is_contract(hint):
            if hint.__name__ not in INSIDE:
                changed[name] = Labelled(value, hint.__name__, engine)
        elif hasattr(value, "__dataclass_fields__") and hint.__module__.startswith("heed.flows"):
            changed[name] = label_all(value, engine)
    for name, value in changed.items():
        # Frozen for the flows; here the one who builds them goes on building.
        object.__setattr__(services, name, value)
    return services


@cache
def _hints(services: type) -> dict[str, Any]:
    return get_type_hints(services)


def is_contract(hint: Any) -> bool:
    """Whether a type is one of the contracts in `heed.ports`."""
    return inspect.isclass(hint) and hint.__module__ == ports.__name__ and Protocol in hint.__mro__


def methods() -> list[str]:
    """List every method of every contract that leaves the process, as Contract.method."""
    contracts = [one for one in vars(ports).values() if is_contract(one)]
    return sorted(
        f"{contract.__name__}.{name}"
        for contract in contracts
        if contract.__name__ not in INSIDE
        for name, member in vars(contract).items()
        if inspect.isfunction(member) and not name.startswith("_")
    )
