"""`/api/audit`, and the trail itself: every request that wants to change something leaves a record, whatever came of it.

Requests are recorded here, in one place, by their address; commands where they are taken in (`steering.py`), since they come
over sockets too, and again by the session that answers them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridcast.broadcaster.audit import Result
from gridcast.broadcaster.names import ID_PATTERN

from .failures import Fault, invalid
from .models import PageQuery
from .replies import fails_with, reply
from .services import Services, ServicesDep
from .users import author, present_user

router = APIRouter(prefix="/api/audit", tags=["audit"])

_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_VERIFYING: Final = frozenset({"GET"})
"""The one GET that makes something: an operation."""
_ADDRESS: Final = re.compile(r"/api/(session|task|operation)s(?:/([^/]+)(?:/([a-z]+)(?:/([^/]+))?)?)?")
_TURNS: Final = frozenset({"take", "ask", "give", "refuse", "let-go"})
"""What is done with the wheel of a session."""
_VERBS: Final = {"POST": "create", "PUT": "set", "PATCH": "change", "DELETE": "delete"}
NOT_UNDERSTOOD: Final = frozenset({400, 405, 408, 413, 415, 421, 422, 431})
"""Answers to what was no request for a deed, so that nothing was done or refused."""
UNRECORDED: Final = "gridcast.unrecorded"
"""In a request's scope: true where its answer leaves no record."""
TURNED_AWAY: Final = "gridcast.turned-away"
"""The same: true where the gate refused it, so that no route has seen it."""
WHO: Final = "gridcast.who"
"""The same: the name of who asks, where that is known, also if they were refused."""
_CURSOR: Final = re.compile(r"[0-9]{1,16}-[0-9]{1,16}")


class AuditRecord(BaseModel):
    """One record; commands also have `command_id`, `command`, `args`, and what was made has `made`."""

    id: str
    ts: float
    action: str = Field(
        description="What was done to what: `session.create`, `session.command`, `task.cancel`, ..."
    )
    by: str | None = Field(description="Who did it; null: nobody who said who they are.")
    target: str | None = Field(description="To which thing, such as `session:ID`.")
    result: Result
    request_id: str | None


class AuditPage(BaseModel):
    items: list[AuditRecord]
    next_cursor: str | None


class AuditQuery(PageQuery):
    session: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Only what was done to it."
    )
    user: Annotated[str, Field(max_length=200)] | None = Field(None, description="Only what they did.")
    action: Annotated[str, Field(max_length=64)] | None = Field(None, description="Only this.")


@router.get("", response_model=AuditPage, responses=fails_with(422, 503))
async def audit(services: ServicesDep, query: Annotated[AuditQuery, Query()]) -> Response:
    """Who did what, newest first; for admins."""
    if query.cursor is not None and not _CURSOR.fullmatch(query.cursor):
        raise invalid([Fault(("cursor",), "not a cursor of this list; leave it out to begin anew")])
    target = None if query.session is None else f"session:{query.session}"
    by = None if query.user is None else author(query.user)

    def passes(record: Mapping[str, Any]) -> bool:
        return (
            (target is None or target in (record["target"], record.get("made")))
            and (by is None or record["by"] == by)
            and (query.action is None or record["action"] == query.action)
        )

    page = await services.audit.page(before=query.cursor, limit=query.limit, passes=passes)
    return reply({"items": page.items, "next_cursor": page.after})


@dataclass(frozen=True, slots=True)
class Deed:
    """What a request wants to do, as far as its address tells."""

    action: str
    target: str | None


def deed_of(method: str, path: str) -> Deed | None:
    """What is recorded of a request; `None` for those that change nothing, or are recorded elsewhere."""
    if (found := _ADDRESS.fullmatch(path)) is None:
        return None
    kind, ident, part, deed = found.groups()
    if part == "commands" or method not in (_VERIFYING if part == "verify" else _CHANGING):
        return None
    verb = _VERBS.get(method, "")
    if kind == "operation" and method == "POST" and part is None:
        return Deed(f"{kind}.create", None)
    target = f"{kind}:{ident}" if ident is not None and ID_PATTERN.fullmatch(ident) else None
    if part is None:
        return Deed(f"{kind}.{verb}", target)
    if part == "wheel":
        return Deed(f"{kind}.wheel" + (f".{deed}" if deed in _TURNS else ""), target)
    name = part.removesuffix("s") if part == "shares" else part
    return Deed(f"{kind}.{name}" if method in ("GET", "POST", "PUT") else f"{kind}.{name}.{verb}", target)


def command_of(method: str, path: str) -> Deed | None:
    """The same of a command to a session."""
    found = _ADDRESS.fullmatch(path)
    if found is None or method != "POST" or found[3] != "commands" or not ID_PATTERN.fullmatch(found[2]):
        return None
    return Deed(f"{found[1]}.command", f"{found[1]}:{found[2]}")


def result_of(status: int) -> Result:
    return "done" if status < 400 else "refused" if status < 500 else "failed"


class AuditTrail:
    """Records requests that change something before their answers leave, so that who has the answer finds the record."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deed = deed_of(scope["method"], scope["path"])
        # Recorded where it is taken in, so here only if it never comes there.
        command = None if deed is not None else command_of(scope["method"], scope["path"])
        if deed is None and command is None:
            await self._app(scope, receive, send)
            return

        async def recorded(message: Message) -> None:
            begins = message["type"] == "http.response.start" and message["status"] not in NOT_UNDERSTOOD
            done = deed or (command if scope.get(TURNED_AWAY) else None)
            if begins and done is not None and not scope.get(UNRECORDED):
                await _record(scope, done, message)
            await send(message)

        await self._app(scope, receive, recorded)


async def _record(scope: Scope, deed: Deed, answer: Message) -> None:
    services = cast("Services", scope["app"].state.services)
    place = _ADDRESS.fullmatch(Headers(raw=answer["headers"]).get("location", ""))
    made = None if place is None else f"{place[1]}:{place[2]}"
    target = made if deed.target is None else deed.target
    await services.audit.record(
        deed.action,
        by=author(scope[WHO]) if WHO in scope else present_author(),
        target=target,
        result=result_of(answer["status"]),
        status=answer["status"],
        made=made if made != target else None,
    )


def present_author() -> str | None:
    """Who the present request comes from; `None` where nobody said who they are."""
    try:
        return author(present_user())
    except LookupError:
        return None
