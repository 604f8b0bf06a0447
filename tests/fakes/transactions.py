"""Calls on several items: transactions, all or nothing, and batched reads."""

from collections.abc import Callable
from typing import Any

from tests.fakes.expressions import Plan, read_expressions
from tests.fakes.meter import Meter
from tests.fakes.parameters import check_parameters
from tests.fakes.queries import project
from tests.fakes.refusals import (
    ConditionFailedError,
    InvalidItemError,
    RefusalError,
    TransactionCanceledError,
)
from tests.fakes.shapes import Answer, Clock, Item, Request
from tests.fakes.shelves import Row
from tests.fakes.sizes import read_units
from tests.fakes.tables import Table
from tests.fakes.writes import (
    Write,
    accept_key,
    prepare_check,
    prepare_delete,
    prepare_put,
    prepare_update,
)

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
ACTIONS_MAX = 100
PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
TOKEN_LIFE_MS = 10 * 60 * 1000
TOKEN_CHARACTERS_MAX = 36
# Every action is prepared and committed, and both are charged.
TRANSACTION_FACTOR = 2

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
BATCH_KEYS_MAX = 100
BATCH_BYTES_MAX = 16 * 1024 * 1024

Reason = dict[str, Any]
FindTable = Callable[[str], Table]

_PREPARE = {
    "Put": prepare_put,
    "Update": prepare_update,
    "Delete": prepare_delete,
    "ConditionCheck": prepare_check,
}


class TransactionWriter:
    """Runs TransactWriteItems and remembers the tokens of the last ten minutes."""

    def __init__(self, find_table: FindTable, meter: Meter, now_ms: Clock) -> None:
        self._find_table = find_table
        self._meter = meter
        self._now_ms = now_ms
        self._done: dict[str, tuple[int, str]] = {}

    def write(self, request: Request) -> Answer:
        """Do all actions or none.

        Raises: TransactionCanceledError with one reason per action.
        """
        token = request.get("ClientRequestToken")
        content = "" if token is None else repr(request["TransactItems"])
        if token is not None and self._is_repeated(token, content):
            self._charge_repeated(request["TransactItems"])
            return {}
        writes = self._prepare(request["TransactItems"])
        reasons = [_refusal(write) for write in writes]
        if any(reasons):
            for write in writes:
                write.charge_refused(TRANSACTION_FACTOR)
            raise TransactionCanceledError([reason or {"Code": "None"} for reason in reasons])
        for write in writes:
            write.commit(TRANSACTION_FACTOR)
        if token is not None:
            self._done[token] = (self._now_ms(), content)
        return {}

    def _is_repeated(self, token: str, content: str) -> bool:
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise RefusalError(
                "1 validation error detected: Value at 'clientRequestToken' failed to satisfy "
                f"constraint: Member must have length less than or equal to {TOKEN_CHARACTERS_MAX}"
            )
        done_ms, done_content = self._done.get(token, (-TOKEN_LIFE_MS, ""))
        if self._now_ms() - done_ms >= TOKEN_LIFE_MS:
            return False
        if done_content != content:
            raise RefusalError(
                "The provided parameters do not match the parameters of the first request with "
                "this ClientRequestToken",
                "IdempotentParameterMismatchException",
            )
        return True

    def _charge_repeated(self, actions: list[Request]) -> None:
        """Charge reads for a call that was already done, as AWS does."""
        for write in self._prepare(actions):
            row = write.table.shelf.rows.get(write.position)
            units = read_units(0 if row is None else row.size_bytes, consistent=True)
            self._meter.read_units[write.table.spec.name] += TRANSACTION_FACTOR * units

    def _prepare(self, actions: list[Request]) -> list[Write]:
        """Check all actions before any of them looks at the table."""
        if len(actions) > ACTIONS_MAX:
            raise RefusalError(
                "1 validation error detected: Value at 'transactItems' failed to satisfy "
                f"constraint: Member must have length less than or equal to {ACTIONS_MAX}"
            )
        writes: list[Write] = []
        invalid: tuple[int, InvalidItemError] | None = None
        for at, action in enumerate(actions):
            try:
                writes.append(self._prepare_one(action))
            except InvalidItemError as refusal:
                # AWS names the first such action only.
                invalid = invalid or (at, refusal)
        _check_together(writes)
        if invalid is not None:
            at, first = invalid
            reasons: list[Reason] = [{"Code": "None"} for _ in actions]
            reasons[at] = _validation_reason(first)
            raise TransactionCanceledError(reasons)
        return writes

    def _prepare_one(self, action: Request) -> Write:
        if len(action) != 1 or not action.keys() <= _PREPARE.keys():
            raise RefusalError("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, piece),) = action.items()
        check_parameters(kind, piece)
        return _PREPARE[kind](self._find_table(piece["TableName"]), piece)


def _check_together(writes: list[Write]) -> None:
    if len({(write.table.spec.name, write.position) for write in writes}) != len(writes):
        raise RefusalError("Transaction request cannot include multiple operations on one item")
    if sum(write.payload_bytes() for write in writes) > PAYLOAD_BYTES_MAX:
        raise RefusalError("Transaction payload size cannot exceed 4 MB")


def _refusal(write: Write) -> Reason | None:
    """Return why an action cannot be done, if so."""
    try:
        write.look()
    except ConditionFailedError as refusal:
        shown = {} if refusal.item is None else {"Item": refusal.item}
        return {"Code": "ConditionalCheckFailed", "Message": refusal.message, **shown}
    except InvalidItemError as refusal:
        return _validation_reason(refusal)
    return None


def _validation_reason(refusal: InvalidItemError) -> Reason:
    return {"Code": "ValidationError", "Message": refusal.message}


class BatchReader:
    """Runs BatchGetItem.

    AWS promises no order, so items come back in the reverse of the request, which shows code
    that counts on one.
    """

    def __init__(self, find_table: FindTable, meter: Meter) -> None:
        self._find_table = find_table
        self._meter = meter

    def read(self, request: Request) -> Answer:
        """Read items of one or more tables; absent ones are left out."""
        wanted = request["RequestItems"]
        for part in wanted.values():
            check_parameters("Keys", part)
        count = sum(len(part["Keys"]) for part in wanted.values())
        if not 1 <= count <= BATCH_KEYS_MAX:
            raise RefusalError(
                "Too many items requested for the BatchGetItem call"
                if count
                else "1 validation error detected: Value at 'requestItems' failed to satisfy "
                "constraint: Member must have length greater than or equal to 1"
            )
        answer: Answer = {"Responses": {}, "UnprocessedKeys": {}}
        room_bytes = BATCH_BYTES_MAX
        for name, part in wanted.items():
            room_bytes = self._read_table(self._find_table(name), part, answer, room_bytes)
        return answer

    def _read_table(self, table: Table, part: Request, answer: Answer, room_bytes: int) -> int:
        plan, _ = read_expressions(part)
        positions = [table.position_of(accept_key(key)) for key in part["Keys"]]
        if len(set(positions)) != len(positions):
            raise RefusalError("Provided list of item keys contains duplicates")
        found: list[Item] = []
        unread: list[Item] = []
        for key, position in zip(part["Keys"], positions, strict=True):
            row = table.shelf.rows.get(position)
            room_bytes -= 0 if row is None else row.size_bytes
            if room_bytes < 0:
                unread.append(key)
            else:
                found += self._read_row(table, row, plan, part)
        answer["Responses"][table.spec.name] = found[::-1]
        if unread:
            answer["UnprocessedKeys"][table.spec.name] = {**part, "Keys": unread}
        return room_bytes

    def _read_row(self, table: Table, row: Row | None, plan: Plan, part: Request) -> list[Item]:
        units = read_units(
            0 if row is None else row.size_bytes, consistent=part.get("ConsistentRead", False)
        )
        self._meter.read_units[table.spec.name] += units
        return [] if row is None else [project(row.item, plan)]
