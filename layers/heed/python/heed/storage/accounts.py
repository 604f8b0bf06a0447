"""How accounts stand with their platforms: an item for each, written only while all is not well."""

from dataclasses import dataclass
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from heed.domain.account import (
    ROW_MS_MAX,
    AccountId,
    AccountState,
    Cause,
    is_row,
    open_ms,
)
from heed.domain.policy import CONTROL_CACHE_MS
from heed.ports import Time
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

_IS_CLOSED: Final = "(attribute_not_exists(ou) OR ou <= :now)"


def account_key(account: AccountId) -> Item:
    """Build the key of an account's item."""
    return key(f"account#{account.platform}#{id_part(account.id)}")


@dataclass(frozen=True, slots=True)
class _Cached:
    read_at: int
    state: AccountState


class TableAccounts:
    """`heed.ports.AccountStates` over the table, read at most every 15 seconds per account."""

    def __init__(self, client: DynamoClient, table: str, time: Time) -> None:
        self._client = client
        self._table = table
        self._time = time
        self._cache: dict[AccountId, _Cached] = {}

    def get(self, account: AccountId) -> AccountState:
        """Read how an account stands, as old as the cache allows."""
        now, cached = self._time.now(), self._cache.get(account)
        if cached and now - cached.read_at < CONTROL_CACHE_MS:
            return cached.state
        answer = self._client.get_item(
            TableName=self._table, Key=account_key(account), ConsistentRead=True
        )
        return self._keep(account, answer.get("Item") or {})

    def note_failure(self, account: AccountId) -> None:
        """Count a call without a clear answer; the third in a row opens the breaker, and so does
        every probe."""
        now = self._time.now()
        values = {":now": number(now), ":one": number(1)}
        counted = {**values, ":zero": number(0), ":row": number(now - ROW_MS_MAX)}
        if not self._update(
            account,
            ", fl = if_not_exists(fl, :zero) + :one, fa = :now",
            "attribute_not_exists(fa) OR fa > :row",
            counted,
        ):
            self._update(account, ", fl = :one, fa = :now", "", values)
        state = self.get(account)
        if is_row(state.failures, state.openings):
            openings = state.openings + 1
            self._update(
                account,
                ", wy = :why, ou = :until, op = :op REMOVE lb, lu",
                # Of several who fail at the same moment, the first opens it.
                _IS_CLOSED,
                {
                    ":why": text("down"),
                    ":until": number(now + open_ms(openings)),
                    ":op": number(openings),
                    ":now": number(now),
                },
            )

    def open(self, account: AccountId, cause: Cause, until: int) -> None:
        """Keep an account's replies back until an instant."""
        self._update(
            account,
            ", wy = :why, ou = :until REMOVE lb, lu",
            "",
            {":why": text(cause), ":until": number(until)},
        )

    def close(self, account: AccountId) -> None:
        """Note that all is well, unless somebody opened the breaker just now."""
        self._update(
            account,
            " REMOVE wy, ou, fl, fa, op, lb, lu, tl",
            _IS_CLOSED,
            {":now": number(self._time.now())},
        )

    def take(self, account: AccountId, by: str, until: int) -> bool:
        """Take the lease under which one worker probes or renews. False while another holds it."""
        return self._update(
            account,
            ", lb = :by, lu = :lu",
            # A repeat of our own write, after its answer was lost, is ours.
            "attribute_not_exists(lu) OR lu <= :now OR lb = :by",
            {":by": text(by), ":lu": number(until), ":now": number(self._time.now())},
        )

    def release(self, account: AccountId, by: str) -> None:
        """Give the lease back; whoever holds it by now keeps it."""
        self._update(account, " REMOVE lb, lu", "lb = :by", {":by": text(by)})

    def note_renewed(self, account: AccountId, by: str) -> None:
        """Note that the new token is stored, and give the lease back."""
        now = number(self._time.now())
        self._update(
            account, ", rn = :now REMOVE lb, lu", "lb = :by", {":by": text(by), ":now": now}
        )

    def note_told(self, account: AccountId, what: str) -> None:
        """Note what people were told."""
        self._update(account, ", tl = :what", "", {":what": text(what)})

    def _update(
        self, account: AccountId, update: str, condition: str, values: dict[str, Any]
    ) -> bool:
        given: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=account_key(account),
                UpdateExpression=f"SET v = :v{update}",
                ExpressionAttributeValues={**values, ":v": number(SCHEMA)},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **given,
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            response: Any = error.response
            self._keep(account, response.get("Item", {}))
            return False
        self._keep(account, answer["Attributes"])
        return True

    def _keep(self, account: AccountId, item: Item) -> AccountState:
        state = AccountState(
            cause=cast("Cause", string_of(item, "wy")),
            open_until=number_of(item, "ou"),
            failures=number_of(item, "fl"),
            openings=number_of(item, "op"),
            renewed_at=number_of(item, "rn"),
            told=string_of(item, "tl"),
        )
        self._cache[account] = _Cached(self._time.now(), state)
        return state
