"""What people switched while the system runs, and who does not want to hear from a machine."""

from typing import cast

from botocore.exceptions import ClientError

from heed.domain.account import AccountId
from heed.domain.mention import MentionId
from heed.domain.policy import CONTROL_CACHE_MS, Control, Mode
from heed.ports import AuthorKey, AuthorRecord, Time
from heed.storage.accounts import account_key
from heed.storage.table import (
    SCHEMA,
    DynamoClient,
    Item,
    id_part,
    is_condition_failure,
    key,
    number,
    number_of,
    string_of,
    text,
)


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
            stopped_by=string_of(item, "sb"),
            stopped_at=number_of(item, "sa"),
            resumes=number_of(item, "rn"),
        )
        self._cache[brand] = (now, control)
        return control

    def put(self, brand: str, control: Control) -> None:
        """Set the switches of a brand. Which accounts are disabled stays as it is; a stop can be
        ended here, not begun."""
        sets, removes = ["v = :v", "md = :md", "rn = :rn"], []
        values = {":v": number(SCHEMA), ":rn": number(control.resumes)}
        if not control.stopped_by:
            removes += ["sb", "sa"]
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

    def stop(self, brand: str, mention: MentionId, now: int, resumes: int) -> None:
        """Stop a brand's machine texts, unless they are stopped, or were resumed since."""
        unseen = " AND attribute_not_exists(rn)" if not resumes else " AND rn = :rn"
        values = {":sb": text(mention), ":sa": number(now), ":v": number(SCHEMA)}
        if resumes:
            values[":rn"] = number(resumes)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key(f"control#{brand}"),
                UpdateExpression="SET sb = :sb, sa = :sa, v = :v",
                ConditionExpression=f"attribute_not_exists(sb){unseen}",
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
        self._cache.pop(brand, None)

    def opted_out(self, brand: str, platform: str, author: str) -> bool:
        """Whether this author asked this brand's machine to be quiet."""
        return self.author(brand, platform, author).opted_out

    def author(self, brand: str, platform: str, author: str) -> AuthorRecord:
        """Read what a brand remembers of an author; no strong read, which costs twice as much."""
        answer = self._client.get_item(
            TableName=self._table, Key=_author_key(brand, platform, author)
        )
        item = answer.get("Item") or {}
        contacts = frozenset(int(at) for at in item.get("ca", {}).get("NS", []))
        return AuthorRecord("oo" in item, contacts)

    def note_contacts(self, author: AuthorKey, contacts: frozenset[int], *, anew: bool) -> None:
        """Add to an author's contacts, or begin anew with these."""
        self._client.update_item(
            TableName=self._table,
            Key=_author_key(author.brand, author.platform, author.id),
            UpdateExpression="SET v = :v, ca = :ca" if anew else "SET v = :v ADD ca :ca",
            ExpressionAttributeValues={
                ":v": number(SCHEMA),
                ":ca": {"NS": [str(at) for at in sorted(contacts)]},
            },
        )

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
