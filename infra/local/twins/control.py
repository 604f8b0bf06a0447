"""What a scenario may ask a running twin over HTTP: /_twin/posts, log, faults, objects, learn.

Input is checked closely, because a typing error in a scenario must not pass as a quiet platform.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus

from infra.local.twins.core import Twin
from infra.local.twins.faults import ACTIONS, KINDS, Fault
from infra.local.twins.wire import JsonObject, TwinRequest, TwinResponse, json_response, read_json
from infra.local.twins.world import TwinAccount, TwinObject

PREFIX = "/_twin/"
WAIT_MAX_S = 3_600

OBJECT_TEXTS = (
    "id",
    "author_id",
    "author_handle",
    "text",
    "parent_id",
    "target_id",
    "thread_id",
)
OBJECT_FLAGS = ("private", "deleted")
OBJECT_FIELDS = frozenset({*OBJECT_TEXTS, *OBJECT_FLAGS, "summons", "at_ms"})
ACCOUNT_FIELDS = frozenset({"id", "token", "handle", "name", "expired"})
FAULT_FIELDS = frozenset({"kind", "wait_s", "on", "code"})


class ControlError(ValueError):
    """A scenario asked for something that a twin does not understand."""


def control(twin: Twin, request: TwinRequest) -> TwinResponse:
    """Answer a call to a path under /_twin/; every refusal is JSON and says what to write."""
    handlers = CONTROLS.get(request.path.removeprefix(PREFIX))
    if handlers is None:
        return _error(HTTPStatus.NOT_FOUND, f"unknown; there are {', '.join(sorted(CONTROLS))}")
    handler = handlers.get(request.method)
    if handler is None:
        allowed = ", ".join(handlers)
        response = _error(HTTPStatus.METHOD_NOT_ALLOWED, f"use {allowed}")
        return TwinResponse(response.status, {**response.headers, "allow": allowed}, response.body)
    try:
        return json_response(HTTPStatus.OK, handler(twin, request))
    except ControlError as problem:
        return _error(HTTPStatus.BAD_REQUEST, str(problem))


def read_fault(value: object, where: str) -> Fault:
    """Return a fault as a scenario writes it. Raises ControlError."""
    fields = _object(value, where, FAULT_FIELDS)
    kind = next((kind for kind in KINDS if kind == fields.get("kind")), None)
    if kind is None:
        raise ControlError(f"{where}.kind: one of {', '.join(KINDS)}")
    action = next((action for action in ACTIONS if action == fields.get("on", "post")), None)
    if action is None:
        raise ControlError(f"{where}.on: one of {', '.join(ACTIONS)}")
    wait_s = fields.get("wait_s", 0)
    if isinstance(wait_s, bool) or not isinstance(wait_s, int | float):
        raise ControlError(f"{where}.wait_s: a number of seconds")
    if not math.isfinite(wait_s) or not 0 <= wait_s <= WAIT_MAX_S:
        raise ControlError(f"{where}.wait_s: from 0 to {WAIT_MAX_S}")
    code = fields.get("code", 0)
    if isinstance(code, bool) or not isinstance(code, int):
        raise ControlError(f"{where}.code: a whole number")
    return Fault(kind, float(wait_s), action, code)


def read_object(value: object, where: str) -> TwinObject:
    """Return an object as a scenario writes it. Raises ControlError."""
    fields = _object(value, where, OBJECT_FIELDS)
    texts = {name: _text(fields, name, where) for name in OBJECT_TEXTS}
    flags = {name: fields.get(name, False) for name in OBJECT_FLAGS}
    summons, at_ms = fields.get("summons", []), fields.get("at_ms", 0)
    if not texts["id"]:
        raise ControlError(f"{where}.id: is missing")
    if any(not isinstance(flag, bool) for flag in flags.values()):
        raise ControlError(f"{where}: private and deleted are true or false")
    if isinstance(at_ms, bool) or not isinstance(at_ms, int):
        raise ControlError(f"{where}.at_ms: milliseconds, a whole number")
    return TwinObject(
        **texts,
        private=flags["private"] is True,
        deleted=flags["deleted"] is True,
        summons=frozenset(_texts(summons, f"{where}.summons")),
        at_ms=at_ms,
        versions=(),
        unlisted=False,
    )


def _posts(twin: Twin, request: TwinRequest) -> JsonObject:
    return {"posts": [asdict(post) for post in twin.accepted_posts()]}


def _log(twin: Twin, request: TwinRequest) -> JsonObject:
    meter = twin.world.meter
    calls = [asdict(call) for call in twin.calls()]
    return {"calls": calls, "spent_micro_usd": meter.total_micro_usd, "spent": meter.lines}


def _add_faults(twin: Twin, request: TwinRequest) -> JsonObject:
    fields = _object(read_json(request.body), "body", frozenset({"faults"}))
    values = _list(fields.get("faults"), "faults")
    faults = [read_fault(value, f"faults[{index}]") for index, value in enumerate(values)]
    twin.faults.add(*faults)
    return {"waiting": len(twin.faults)}


def _clear_faults(twin: Twin, request: TwinRequest) -> JsonObject:
    twin.faults.clear()
    return {"waiting": len(twin.faults)}


def _add_objects(twin: Twin, request: TwinRequest) -> JsonObject:
    """Register what exists. Everything is read before anything is changed."""
    names = frozenset({"objects", "deleted", "blocked", "accounts"})
    fields = _object(read_json(request.body), "body", names)
    lists = {name: _list(fields.get(name, []), name) for name in names}
    items = [read_object(value, f"objects[{at}]") for at, value in enumerate(lists["objects"])]
    accounts = [
        _object(value, f"accounts[{at}]", ACCOUNT_FIELDS)
        for at, value in enumerate(lists["accounts"])
    ]
    read_accounts = [_read_account(value, f"accounts[{at}]") for at, value in enumerate(accounts)]
    deleted, blocked = (_texts(lists[name], name) for name in ("deleted", "blocked"))
    for account, is_expired in read_accounts:
        twin.world.accounts[account.id] = account
        twin.world.expired_tokens.discard(account.token)
        if is_expired:
            twin.world.expire_token(account.id)
    for item in items:
        twin.register_object(item)
    for object_id in deleted:
        twin.delete_object(object_id)
    twin.world.blocked.update(blocked)
    return {name: len(values) for name, values in lists.items()}


def _learn(twin: Twin, request: TwinRequest) -> JsonObject:
    seen = twin.learn(request.body, account=request.query.get("account", ""))
    return {"learned": [asdict(item) for item in seen]}


Handler = Callable[[Twin, TwinRequest], JsonObject]
CONTROLS: Mapping[str, Mapping[str, Handler]] = {
    "posts": {"GET": _posts},
    "log": {"GET": _log},
    "faults": {"POST": _add_faults, "DELETE": _clear_faults},
    "objects": {"POST": _add_objects},
    "learn": {"POST": _learn},
}


def _read_account(fields: JsonObject, where: str) -> tuple[TwinAccount, bool]:
    texts = {name: _text(fields, name, where) for name in ("id", "token", "handle", "name")}
    if not texts["id"] or not texts["token"]:
        raise ControlError(f"{where}: id and token are needed")
    is_expired = fields.get("expired", False)
    if not isinstance(is_expired, bool):
        raise ControlError(f"{where}.expired: true or false")
    return TwinAccount(**texts), is_expired


def _object(value: object, where: str, names: frozenset[str]) -> JsonObject:
    if not isinstance(value, dict):
        raise ControlError(f"{where}: a JSON object")
    unknown = sorted(value.keys() - names)
    if unknown:
        raise ControlError(f"{where}.{unknown[0]}: unknown; there are {', '.join(sorted(names))}")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise ControlError(f"{where}: a JSON array")
    return value


def _text(fields: JsonObject, name: str, where: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ControlError(f"{where}.{name}: a text")
    return value


def _texts(value: object, where: str) -> list[str]:
    values = _list(value, where)
    if any(not isinstance(item, str) for item in values):
        raise ControlError(f"{where}: an array of texts")
    return [item for item in values if isinstance(item, str)]


def _error(status: HTTPStatus, message: str) -> TwinResponse:
    return json_response(status, {"error": message})
