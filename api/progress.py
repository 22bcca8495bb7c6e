"""`/ws/progress`: ask for an operation and be told how far it is, on one socket that ends with it.

The entries of the operation's channel go out as they are. Without `detach` the operation ends with the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, WebSocket

from gridcast.broadcaster import BrokerUnavailable, NoChannel, Subscription
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.scenarios import ScenarioError
from gridcast.scenarios.operations import OPERATIONS, parse_operation

from .budget import TooSlow
from .failures import TOO_MANY, Failure, Fault
from .following import follow
from .frames import Frame, message
from .inbound import Code, Refusal, document_of
from .models import EventsQuery, PingFrame
from .operation_models import CancelFrame, OperationFrame, ProgressFrame
from .operation_views import operation_object
from .operations import cancel_operation, leave, start
from .outlet import Gone
from .problems import validated
from .services import services_of
from .stream import serve
from .users import author, present_user
from .views import Base
from .visit import End, listen, outlet_for

router = APIRouter()

HEARTBEAT_S: Final = 5.0
"""Silence after which a heartbeat is sent: a step may take longer, and somebody looks at a bar."""

_FORMS: Final = (
    f'{{"op":{"|".join(f"{chr(34)}{op}{chr(34)}" for op in OPERATIONS)},"config":{{...}},"detach"?:bool}}, '
    '{"type":"cancel"} or {"type":"ping"}'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressRefusal(Refusal):
    """An `error` frame of this socket: `msg` for people, `errors` for whoever filled in a form."""

    errors: Sequence[Fault] = ()

    def frame(self) -> Frame:
        told = [{"loc": list(fault.loc), "msg": fault.msg} for fault in self.errors]
        return message("error", code=self.code, msg=self.detail, **({"errors": told} if told else {}))


def judge(text: str | None) -> ProgressFrame | PingFrame | Refusal:
    """Judge one client frame, but for what is in its config."""
    document = document_of(text)
    if isinstance(document, Refusal):
        return ProgressRefusal(code=document.code, detail=document.detail)
    if not isinstance(document, dict) or not document.keys() & {"op", "type"}:
        return ProgressRefusal(code="bad_frame", detail=f"a frame is {_FORMS}")
    forms: dict[str, type[ProgressFrame | PingFrame]] = {"cancel": CancelFrame, "ping": PingFrame}
    try:
        return validated(forms.get(str(document.get("type")), OperationFrame), document)
    except Failure as failure:
        return _refusal("bad_frame", failure.errors, hint=f"a frame is {_FORMS}")


def _refusal(code: Code, errors: Sequence[Fault], *, hint: str = "") -> ProgressRefusal:
    named = [f"{'.'.join(map(str, fault.loc))}: {fault.msg}" if fault.loc else fault.msg for fault in errors]
    more = [f"and {len(named) - 3} more"] if len(named) > 3 else []
    words = "; ".join([*named[:3], *more, *([hint] if hint else [])])
    return ProgressRefusal(code=code, detail=words, errors=errors)


_AWAY = ProgressRefusal(
    code="unavailable", detail="the broker does not answer; nothing was started, ask again in a moment"
)


class Asking:
    """One socket: requests that are refused, then the one that is carried out, to its end."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._services = services_of(websocket)
        self._outlet = outlet_for(websocket, self._services)
        self._started = asyncio.Event()
        self._state: AnalysisState | None = None
        self._detach = False

    async def serve(self) -> None:
        """Until either side ends. Raises `NoChannel`, `BrokerUnavailable`."""
        reading = asyncio.create_task(listen(self._websocket, self._outlet, judge=judge, take=self._take))
        starting = asyncio.create_task(self._started.wait())
        try:
            await asyncio.wait([reading, starting], return_when=asyncio.FIRST_COMPLETED)
            if self._state is None:
                await self._nothing_asked(reading)
            else:
                await self._serve(self._state, reading)
        finally:
            for task in (reading, starting):
                task.cancel()
            await asyncio.gather(reading, starting, return_exceptions=True)

    async def _nothing_asked(self, reading: asyncio.Task[End]) -> None:
        try:
            end = await reading
        except (Gone, TooSlow):
            self._outlet.abort()
            return
        if end.code is not None:
            await self._outlet.close(end.code, end.reason)

    async def _serve(self, state: AnalysisState, reading: asyncio.Task[End]) -> None:
        async def greeting(subscription: Subscription) -> list[Frame]:
            return [self._detached(state)] if self._detach else []

        async def left() -> End:
            return await reading

        try:
            await follow(
                self._services,
                self._outlet,
                state.channel,
                EventsQuery(),
                greeting=greeting,
                reading=left,
                heartbeat_s=HEARTBEAT_S,
            )
        finally:
            # A server that goes away is no wish of the viewer's: then the operation goes on, and others can serve it.
            if not self._detach and not self._services.closing.is_set():
                await leave(self._services, state)

    def _detached(self, state: AnalysisState) -> Frame:
        shown = operation_object(state, base=Base.of(self._websocket))
        return message("detached", operation_id=state.id, ws_url=shown["ws_url"], url=shown["url"])

    async def _take(self, asked: ProgressFrame) -> Refusal | None:
        if not isinstance(asked, OperationFrame):
            return await self._cancel()
        if self._state is not None:
            return ProgressRefusal(
                code="bad_frame", detail="this socket has its operation; open another one for the next"
            )
        try:
            wanted = await asyncio.to_thread(parse_operation, asked.op, asked.config)
            self._state = await start(self._services, wanted, owner=present_user())
            # The audit's trail sees requests; this is a socket.
            made = f"operation:{self._state.id}"
            await self._services.audit.record("operation.create", by=author(present_user()), target=made)
        except ScenarioError as error:
            code: Code = "bad_config" if asked.op in OPERATIONS else "unknown_op"
            return _refusal(code, [Fault(tuple(e.loc), e.msg) for e in error.errors])
        except Failure as failure:
            if failure.kind is TOO_MANY:
                return ProgressRefusal(code="too_many", detail=failure.detail)
            return _refusal("bad_config", failure.errors)
        except BrokerUnavailable:
            return _AWAY
        self._detach = asked.detach
        self._started.set()
        return None

    async def _cancel(self) -> Refusal | None:
        if self._state is None:
            return ProgressRefusal(code="bad_frame", detail=f"nothing runs here yet; a frame is {_FORMS}")
        try:
            # What is over or gone already tells so itself.
            with contextlib.suppress(NoChannel, Failure):
                await cancel_operation(self._services, self._state.id)
        except BrokerUnavailable:
            return ProgressRefusal(
                code="unavailable", detail="the broker does not answer; cancel again in a moment"
            )
        return None


async def progress_socket(websocket: WebSocket) -> None:
    """Serve one who asks for an operation."""
    await serve(websocket, lambda: Asking(websocket).serve(), refuse_with=ProgressRefusal)


router.add_websocket_route("/ws/progress", progress_socket)
