"""An in-memory stand-in for the low-level DynamoDB client; the public part.

What is not here is refused, never ignored. Time comes from the caller, nothing is random, and
equal calls give equal answers.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.fakes.calls import CallRecorder, Effect
from tests.fakes.expressions import read_expressions
from tests.fakes.meter import Meter, consumed_since
from tests.fakes.queries import (
    build_answer,
    check_filter,
    examine,
    project,
    read_range,
    read_start,
)
from tests.fakes.refusals import ConditionFailedError, RefusalError
from tests.fakes.shapes import Answer, Call, CallHook, Clock, Item, Request
from tests.fakes.sizes import read_units
from tests.fakes.streams import Stream
from tests.fakes.tables import Table, TableSpec
from tests.fakes.transactions import BatchReader, TransactionWriter
from tests.fakes.trusting import TrustingCalls
from tests.fakes.writes import (
    Write,
    accept_key,
    attributes,
    prepare_delete,
    prepare_put,
    prepare_update,
)

ALL_RETURNS = ("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")


class FakeDynamo:
    """Takes the keyword arguments of a boto3 client's methods and gives answers of its shapes.

    `index_lag_ms` may be changed at any time: index queries see the state of that long ago.
    `checked` false trusts the callers, for a simulation that runs millions of calls: see
    `trusting`.
    """

    def __init__(
        self,
        now_ms: Clock,
        *,
        index_lag_ms: int = 0,
        on_call: CallHook | None = None,
        checked: bool = True,
    ) -> None:
        self.index_lag_ms = index_lag_ms
        self.meter = Meter()
        self._now_ms = now_ms
        self._tables: dict[str, Table] = {}
        self._recorder = CallRecorder("dynamodb", on_call, checked=checked)
        trusting = TrustingCalls(self._tables, lambda: now_ms() - self.index_lag_ms)
        self._trusting = {} if checked else trusting.effects
        self._transactions = TransactionWriter(self._table, self.meter, now_ms)
        self._batches = BatchReader(self._table, self.meter)

    def add_table(self, spec: TableSpec) -> None:
        """Create a table with its indexes and its stream."""
        self._tables[spec.name] = Table(
            spec, self.meter, self._now_ms, sized=self._recorder.checked
        )

    @property
    def calls(self) -> list[Call]:
        """All calls so far, as (operation, key); the list may be cleared."""
        return self._recorder.calls

    @property
    def call_counts(self) -> Counter[str]:
        """How often each operation was called."""
        return self._recorder.counts()

    def stream(self, table: str) -> Stream:
        """Return a table's stream."""
        return self._tables[table].stream

    def items(self, table: str) -> list[Item]:
        """Return copies of all items in key order: no call, no cost, no hook."""
        return self._tables[table].items()

    def raw_items(self, table: str) -> Iterator[Item]:
        """Yield all items as they lie there, in no order, for who only looks: quick, no copies."""
        return (row.item for row in self._tables[table].shelf.rows.values())

    def put_item(self, **request: Any) -> Answer:
        """Store a whole item."""
        return self._run("put_item", request, self._put_item)

    def get_item(self, **request: Any) -> Answer:
        """Read one item; the answer has no Item if there is none."""
        return self._run("get_item", request, self._get_item)

    def update_item(self, **request: Any) -> Answer:
        """Change or create an item."""
        return self._run("update_item", request, self._update_item)

    def delete_item(self, **request: Any) -> Answer:
        """Remove an item, if it is there."""
        return self._run("delete_item", request, self._delete_item)

    def query(self, **request: Any) -> Answer:
        """Read one partition of a table or an index, in order."""
        return self._run("query", request, self._query)

    def transact_write_items(self, **request: Any) -> Answer:
        """Do several writes or none."""
        return self._run("transact_write_items", request, self._transactions.write)

    def batch_get_item(self, **request: Any) -> Answer:
        """Read up to 100 items by key."""
        return self._run("batch_get_item", request, self._batches.read)

    def _run(self, operation: str, request: Request, effect: Effect) -> Answer:
        if operation in self._trusting:
            return self._recorder.run(operation, request, (), self._trusting[operation])
        level = request.get("ReturnConsumedCapacity", "NONE")
        measured = effect if level == "NONE" else self._measured(effect, level)
        return self._recorder.run(operation, request, self._call_key(request), measured)

    def _measured(self, effect: Effect, level: str) -> Effect:
        def run(request: Request) -> Answer:
            before = self.meter.totals()
            answer = effect(request)
            used = consumed_since(before, self.meter, level)
            answer["ConsumedCapacity"] = used[0] if "TableName" in request else used
            return answer

        return run

    def _call_key(self, request: Request) -> tuple[Any, ...]:
        """Say what a call is about; it may be refused later, so nothing is certain here."""
        item = request.get("Key") or request.get("Item")
        table = self._tables.get(request.get("TableName", ""))
        if item and table:
            return _raw_key(item, table.key_names)
        if "TransactItems" in request:
            pieces = [piece for one in request["TransactItems"] for piece in one.values()]
            return tuple(self._call_key(piece) for piece in pieces)
        return tuple(request[one] for one in ("TableName", "IndexName") if one in request)

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise RefusalError("Requested resource not found", "ResourceNotFoundException")
        return self._tables[name]

    def _put_item(self, request: Request) -> Answer:
        wanted = _return_values(request, ("NONE", "ALL_OLD"))
        return _write(prepare_put(self._table(request["TableName"]), request), wanted)

    def _update_item(self, request: Request) -> Answer:
        wanted = _return_values(request, ALL_RETURNS)
        return _write(prepare_update(self._table(request["TableName"]), request), wanted)

    def _delete_item(self, request: Request) -> Answer:
        wanted = _return_values(request, ("NONE", "ALL_OLD"))
        return _write(prepare_delete(self._table(request["TableName"]), request), wanted)

    def _get_item(self, request: Request) -> Answer:
        table = self._table(request["TableName"])
        plan, _ = read_expressions(request)
        row = table.shelf.rows.get(table.position_of(accept_key(request["Key"])))
        units = read_units(
            0 if row is None else row.size_bytes, consistent=request.get("ConsistentRead", False)
        )
        self.meter.read_units[table.spec.name] += units
        return {} if row is None else {"Item": project(row.item, plan)}

    def _query(self, request: Request) -> Answer:
        table = self._table(request["TableName"])
        index = request.get("IndexName")
        _check_query(request, table)
        plan, values = read_expressions(request)
        key_range = read_range(plan, values, table.spec, index)
        check_filter(plan, table, index)
        start = read_start(request, table, index, key_range.partition)
        if index is not None:
            table.indexes[index].settle(self._now_ms() - self.index_lag_ms)
        shelf = table.shelf if index is None else table.indexes[index].shelf
        page = examine(shelf, key_range, start, request)
        label = table.spec.name if index is None else table.indexes[index].label
        units = read_units(page.size_bytes, consistent=request.get("ConsistentRead", False))
        self.meter.read_units[label] += units
        names = table.key_names if index is None else table.indexes[index].projected
        answer = build_answer(page, plan, values, names)
        if request.get("Select") == "COUNT":
            del answer["Items"]
        return answer


def _write(write: Write, wanted: str) -> Answer:
    try:
        write.look()
    except ConditionFailedError:
        write.charge_refused()
        raise
    write.commit()
    return {} if wanted == "NONE" else attributes(write, wanted)


def _raw_key(item: Item, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple([next(iter(item.get(name, {}).values()), None) for name in names])


def _return_values(request: Request, allowed: tuple[str, ...]) -> str:
    wanted: str = request.get("ReturnValues", "NONE")
    if wanted not in allowed:
        raise RefusalError(
            "Return values set to invalid value"
            if wanted in ALL_RETURNS
            else f"1 validation error detected: Value '{wanted}' at 'returnValues' failed to "
            "satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(ALL_RETURNS)}]"
        )
    return wanted


def _check_query(request: Request, table: Table) -> None:
    index = request.get("IndexName")
    if index is not None and index not in table.indexes:
        raise RefusalError(f"The table does not have the specified index: {index}")
    if index is not None and request.get("ConsistentRead"):
        raise RefusalError("Consistent reads are not supported on global secondary indexes")
    if request.get("Select", "COUNT") not in ("COUNT", "SPECIFIC_ATTRIBUTES"):
        raise RefusalError("this stand-in knows Select COUNT and SPECIFIC_ATTRIBUTES only")
