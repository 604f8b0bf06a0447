"""The desk API's routes: which method and path is which use case, and what its result or its
refusal looks like as HTTP. The handler adds the gateway around it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from heed import desk_models as models
from heed.errors import (
    ConflictError,
    DeskError,
    ForbiddenError,
    HeedError,
    InvalidRequestError,
    NewMentionError,
    NotFoundError,
    NotUnderstoodError,
    RefusedError,
    StaleEpochError,
    TooLargeError,
)
from heed.flows import (
    desk,
    desk_answers,
    desk_claims,
    desk_controls,
    desk_drafts,
    desk_views,
)
from heed.flows.desk import Agent, Desk

# Answers hold what customers wrote: nobody in between keeps them, no browser guesses their kind.
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# What a request may be refused with; everything else is a fault of ours.
REFUSALS: Final = (ConflictError, DeskError, NotUnderstoodError, RefusedError)


@dataclass(frozen=True, slots=True)
class Ask:
    """An agent's request. `path`: the values in the path, decoded."""

    agent: Agent
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What is answered. `body` None: nothing. `log`: what the log may know of it."""

    status: HTTPStatus
    body: Mapping[str, object] | None = None
    log: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as JSON in ASCII, which holds every character there is."""
        return "" if self.body is None else json.dumps(self.body)

    @property
    def content_type(self) -> str | None:
        """What the body is, if there is one."""
        return None if self.body is None else "application/json"


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `template` names the values in braces, as the log shows it."""

    method: str
    template: str
    run: Callable[[Ask, Desk], Result]

    @property
    def name(self) -> str:
        """How the log calls it."""
        return f"{self.method} {self.template}"

    @property
    def rule(self) -> str:
        """The template as a pattern without groups: a resolver's own patterns refuse the # that
        stands in every mention's id and that the gateway decodes."""
        return _VALUE.sub(lambda found: _VALUES[found[1]], self.template)

    def values(self, path: str) -> dict[str, str] | None:
        """Read the values from a path. None: it is another route's."""
        pattern = _VALUE.sub(lambda found: f"(?P<{found[1]}>{_VALUES[found[1]]})", self.template)
        found = re.fullmatch(pattern, path)
        return (
            {name: _decoded(value) for name, value in found.groupdict().items()} if found else None
        )


_VALUE = re.compile(r"\{(\w+)\}")
_VALUES: Final = {
    "case": "[0-9a-f]{32}",
    "brand": "[a-z][a-z0-9_]{0,30}",
    "reply": "[A-Za-z0-9_-]{1,64}",
    # Object ids may hold slashes; no id is longer.
    "mention": "[ -~]{1,700}",
}


def _decoded(value: str) -> str:
    """Decode a value once. The gateway has decoded everything except %25 already; an id that shows
    no # was not decoded at all."""
    return value.replace("%25", "%") if "#" in value else unquote(value)


def methods_of(path: str) -> tuple[str, ...]:
    """List the methods of a path, for who used another one. Empty: there is no such path."""
    return tuple(sorted({r.method for r in ROUTES if r.values(path) is not None}))


def _claim(ask: Ask, s: Desk) -> Result:
    wish = models.read_body(models.ClaimBody, ask.body).wish()
    found = desk_claims.claim(wish, ask.agent, s)
    if found is None:
        return Result(HTTPStatus.NO_CONTENT)
    return Result(HTTPStatus.CREATED, {"case": asdict(found)}, {"case_id": found.id})


def _list_cases(ask: Ask, s: Desk) -> Result:
    query = models.read_fields(models.CasesQuery, ask.query)
    found = desk_views.list_cases(query.state, query.brand, query.limit, agent=ask.agent, s=s)
    return Result(HTTPStatus.OK, {"cases": [asdict(one) for one in found]})


def _show_case(ask: Ask, s: Desk) -> Result:
    return Result(HTTPStatus.OK, asdict(desk_views.show_case(ask.path["case"], ask.agent, s)))


def _renew(ask: Ask, s: Desk) -> Result:
    epoch = models.read_body(models.EpochBody, ask.body).epoch
    return Result(
        HTTPStatus.OK, {"case": asdict(desk.renew(ask.path["case"], epoch, ask.agent, s))}
    )


def _release(ask: Ask, s: Desk) -> Result:
    epoch = models.read_fields(models.EpochQuery, ask.query).epoch
    desk.release(ask.path["case"], epoch, ask.agent, s)
    return Result(HTTPStatus.NO_CONTENT)


def _reply(ask: Ask, s: Desk) -> Result:
    wanted = models.read_body(models.ReplyBody, ask.body).answer()
    reply = desk_answers.answer(ask.path["case"], wanted, ask.agent, s)
    return Result(HTTPStatus.ACCEPTED, {"reply": asdict(reply)})


def _undo(ask: Ask, s: Desk) -> Result:
    reply = desk_answers.undo(ask.path["case"], ask.path["reply"], ask.agent, s)
    return Result(HTTPStatus.OK, {"reply": asdict(reply)})


def _note(ask: Ask, s: Desk) -> Result:
    body = models.read_body(models.NoteBody, ask.body)
    note = desk.add_note(ask.path["case"], body.epoch, body.text, agent=ask.agent, s=s)
    return Result(HTTPStatus.CREATED, {"note": asdict(desk_views.entry_of(note))})


def _resolve(ask: Ask, s: Desk) -> Result:
    ending = models.read_body(models.ResolutionBody, ask.body).ending()
    case = desk_answers.resolve(ask.path["case"], ending, ask.agent, s)
    return Result(HTTPStatus.OK, {"case": asdict(case)})


def _show_mention(ask: Ask, s: Desk) -> Result:
    mention = desk_views.show_mention(ask.path["mention"], ask.agent, s)
    return Result(HTTPStatus.OK, {"mention": asdict(mention)}, {"case_id": mention.case})


def _list_drafts(ask: Ask, s: Desk) -> Result:
    query = models.read_fields(models.DraftsQuery, ask.query)
    found = desk_drafts.list_drafts(query.brand, query.limit, ask.agent, s)
    return Result(HTTPStatus.OK, {"drafts": [asdict(one) for one in found]})


def _approve(ask: Ask, s: Desk) -> Result:
    desk_drafts.approve(ask.path["mention"], ask.agent, s)
    return Result(HTTPStatus.ACCEPTED, {"draft": {"id": ask.path["mention"], "state": "approved"}})


def _drop(ask: Ask, s: Desk) -> Result:
    desk_drafts.drop(ask.path["mention"], ask.agent, s)
    return Result(HTTPStatus.NO_CONTENT)


def _list_controls(ask: Ask, s: Desk) -> Result:
    brand = models.read_fields(models.BrandQuery, ask.query).brand
    found = desk_controls.list_controls(brand, ask.agent, s)
    return Result(HTTPStatus.OK, {"controls": [asdict(one) for one in found]})


def _show_control(ask: Ask, s: Desk) -> Result:
    (found,) = desk_controls.list_controls(ask.path["brand"], ask.agent, s)
    return Result(HTTPStatus.OK, asdict(found))


def _set_control(ask: Ask, s: Desk) -> Result:
    switch = models.read_body(models.ControlBody, ask.body).switch()
    return Result(
        HTTPStatus.OK, asdict(desk_controls.set_control(ask.path["brand"], switch, ask.agent, s))
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route("POST", "/v1/claims", _claim),
    Route("GET", "/v1/cases", _list_cases),
    Route("GET", "/v1/cases/{case}", _show_case),
    Route("PUT", "/v1/cases/{case}/lease", _renew),
    Route("DELETE", "/v1/cases/{case}/lease", _release),
    Route("POST", "/v1/cases/{case}/replies", _reply),
    Route("DELETE", "/v1/cases/{case}/replies/{reply}", _undo),
    Route("POST", "/v1/cases/{case}/notes", _note),
    Route("PUT", "/v1/cases/{case}/resolution", _resolve),
    Route("GET", "/v1/mentions/{mention}", _show_mention),
    Route("GET", "/v1/drafts", _list_drafts),
    Route("POST", "/v1/drafts/{mention}/approval", _approve),
    Route("DELETE", "/v1/drafts/{mention}", _drop),
    Route("GET", "/v1/controls", _list_controls),
    Route("GET", "/v1/controls/{brand}", _show_control),
    Route("PUT", "/v1/controls/{brand}", _set_control),
)

_REFUSED: Final[tuple[tuple[type[HeedError], HTTPStatus, str], ...]] = (
    (StaleEpochError, HTTPStatus.CONFLICT, "stale_epoch"),
    (NewMentionError, HTTPStatus.CONFLICT, "new_mention"),
    (ConflictError, HTTPStatus.CONFLICT, "conflict"),
    (NotFoundError, HTTPStatus.NOT_FOUND, "not_found"),
    (ForbiddenError, HTTPStatus.FORBIDDEN, "forbidden"),
    (NotUnderstoodError, HTTPStatus.BAD_REQUEST, "not_json"),
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"),
    (InvalidRequestError, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request"),
    (HeedError, HTTPStatus.BAD_REQUEST, "refused"),
)


def refusal(error: HeedError) -> Result:
    """Turn an error into a word, a sentence that says what to do, and what the next try needs."""
    status, word = next(
        (status, word) for kind, status, word in _REFUSED if isinstance(error, kind)
    )
    body: dict[str, Any] = {"error": word, "message": str(error)}
    match error:
        case StaleEpochError():
            body["epoch"] = error.epoch
        case NewMentionError():
            body["unseen"] = list(error.unseen)
        case InvalidRequestError():
            kind, _, name = error.clause.partition(":")
            body |= {"field": name} if name else {"clause": kind}
    return Result(status, body)


def answer(route: Route | None, path: str, event: Mapping[str, Any], s: Desk) -> Result:
    """Answer a gateway's event (payload version 2.0). A refusal is a result like any other.

    `route` None: no route takes this method on this path.
    """
    log = {"route": route.name if route else "none"}
    try:
        values = route.values(path) if route else None
        if route is None or values is None:
            return replace(_lost(path), log=log)
        if "case" in values:
            log["case_id"] = values["case"]
        agent = models.agent_of(models.claims_of(event))
        log["agent_id"] = agent.subject
        query = event.get("queryStringParameters") or {}
        result = route.run(Ask(agent, values, query, models.body_of(event)), s)
    except REFUSALS as error:
        result = refusal(error)
    return replace(result, log={**log, **result.log})


def _lost(path: str) -> Result:
    """Answer a wrong path, or a wrong method on a right one."""
    if methods := methods_of(path):
        message = f"this path takes {', '.join(methods)}"
        return Result(HTTPStatus.METHOD_NOT_ALLOWED, {"error": "method", "message": message})
    message = "there is nothing at this path; docs/api.md lists those that exist"
    return Result(HTTPStatus.NOT_FOUND, {"error": "not_found", "message": message})
