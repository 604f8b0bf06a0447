"""What people switched while the system runs, and who does not want to hear from a machine."""

from typing import cast

from heed.domain.account import AccountId
from heed.domain.policy import CONTROL_CACHE_MS, Control, Mode
from heed.ports import Time
from heed.storage.accounts import account_key
from heed.storage.table import SCHEMA, DynamoClient, Item, id_part, key, number, string_of, text


class TableControls:
    """`heed.ports.Controls` over the table, read at most every 15 seconds per brand.

    `cache_ms` 0 reads every time: who changes the switches must start from what they are now, or
    one lead's change takes back another's.
    """

    def __init__(
        self, client: DynamoClient, table: str, time: Time, *, cache_ms: int = CONTROL_CACHE_MS
    ) -> None:
        self._client = client
        self._table = table
        self._time = time
        self._cache_ms = cache_ms
        self._cache: dict[str, tuple[int, Control]] = {}

    def get(self, brand: str) -> Control:
        """Read the switches of a brand, as old as the cache allows."""
        now = self._time.now()
        read_at, control = self._cache.get(brand, (0, Control()))
        if read_at and now - read_at < self._cache_ms:
            return control
        answer = self._client.get_item(
            TableName=self._table, Key=key(f"control#{brand}"), ConsistentRead=True
        )
        item = answer.get("Item") or {}
        modes = {name: value["S"] for name, value in item.get("md", {}).get("M", {}).items()}
        control = Control(
            paused="pa" in item,
            sombre="so" in item,
            mode=cast("Mode | None", string_of(item, "mo") or None),
            modes=modes,
            disabled=frozenset(item.get("dis", {}).get("SS", [])),
        )
        self._cache[brand] = (now, control)
        return control

    def put(self, brand: str, control: Control) -> None:
        """Set the switches of a brand. Which accounts are disabled stays as it is."""
        sets, removes = ["v = :v", "md = :md"], []
        values = {":v": number(SCHEMA)}
        values[":md"] = {"M": {name: text(mode) for name, mode in control.modes.items()}}
        for name, is_set in (("pa", control.paused), ("so", control.sombre)):
            if is_set:
                sets.append(f"{name} = :yes")
                values[":yes"] = number(1)
            else:
                removes.append(name)
        if control.mode:
            sets.append("mo = :mo")
            values[":mo"] = text(control.mode)
        else:
            removes.append("mo")
        update = f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else "")
        self._client.update_item(
            TableName=self._table,
            Key=key(f"control#{brand}"),
            UpdateExpression=update,
            ExpressionAttributeValues=values,
        )
        self._cache.pop(brand, None)

    def disable(self, brand: str, account: str) -> None:
        """Stop every reply of an account (platform#id) until a person enables it."""
        self._change(brand, "SET v = :v ADD dis :account", account)

    def enable(self, brand: str, account: str) -> None:
        """Let an account answer again."""
        platform, _, account_id = account.partition("#")
        # First, so that people hear of it if the platform refuses again.
        self._client.update_item(
            TableName=self._table,
            Key=account_key(AccountId(platform, account_id)),
            UpdateExpression="SET v = :v REMOVE tl",
            ExpressionAttributeValues={":v": number(SCHEMA)},
        )
        self._change(brand, "SET v = :v DELETE dis :account", account)

    def _change(self, brand: str, update: str, account: str) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=key(f"control#{brand}"),
            UpdateExpression=update,
            ExpressionAttributeValues={":v": number(SCHEMA), ":account": {"SS": [account]}},
        )
        self._cache.pop(brand, None)

    def opted_out(self, brand: str, platform: str, author: str) -> bool:
        """Whether this author asked this brand's machine to be quiet."""
        answer = self._client.get_item(
            TableName=self._table, Key=_author_key(brand, platform, author)
        )
        return "oo" in (answer.get("Item") or {})

    def opt_out(self, brand: str, platform: str, author: str, at: int) -> None:
        """Remember that an author does not want machine answers from a brand."""
        self._client.update_item(
            TableName=self._table,
            Key=_author_key(brand, platform, author),
            UpdateExpression="SET oo = if_not_exists(oo, :at), v = :v",
            ExpressionAttributeValues={":at": number(at), ":v": number(SCHEMA)},
        )


def _author_key(brand: str, platform: str, author: str) -> Item:
    return key(f"author#{brand}#{platform}#{id_part(author)}")
