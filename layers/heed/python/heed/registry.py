"""Which account of which brand belongs to which connection, read without pydantic.

`receive` pays for this at every cold start, so it reads only the few fields that it needs;
the whole file was checked by `heed.brand` before it could be deployed."""

import tomllib
from collections.abc import Iterable
from importlib import resources

from heed.domain.mention import Account


class Registry:
    """Accounts by (platform, connection) as the brand file lists them."""

    def __init__(self, accounts: Iterable[tuple[str, Account]]) -> None:
        self._by_connection: dict[tuple[str, str], list[Account]] = {}
        for connection, account in accounts:
            self._by_connection.setdefault((account.platform, connection), []).append(account)

    def accounts(self, platform: str, connection: str) -> tuple[Account, ...]:
        """Accounts of a connection; empty when the connection is not registered."""
        return tuple(self._by_connection.get((platform, connection), ()))


def load() -> Registry:
    """Read the installed package heed_brand. Source: brand.toml, checked at synth."""
    text = resources.files("heed_brand").joinpath("brand.toml").read_text(encoding="utf-8")
    return Registry(
        (
            account["connection"],
            Account(
                platform=account["platform"],
                id=account["id"],
                brand=brand,
                handle=account.get("handle", ""),
            ),
        )
        for brand, table in tomllib.loads(text)["brands"].items()
        for account in table["accounts"]
    )
