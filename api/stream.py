"""`/api/ws/sessions/{id}`: a session's entries on a WebSocket, commands and their answers on the same socket."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from . import hosts
from .delivery import watch
from .failures import (
    FOREIGN_ORIGIN,
    INTERNAL,
    INVALID,
    MISDIRECTED,
    NOT_FOUND,
    RATE_LIMITED,
    TOO_MANY,
    Failure,
    Fault,
    as_failure,
    invalid,
)
from .inbound import Code, Refusal
from .models import StreamQuery
from .origin import allowed, refusal
from .problems import validated
from .services import services_of

log = structlog.get_logger(__name__)
router = APIRouter()

_CODES: Mapping[str, Code] = {
    INVALID.slug: "bad_frame",
    FOREIGN_ORIGIN.slug: "forbidden",
    MISDIRECTED.slug: "forbidden",
    RATE_LIMITED.slug: "rate_limited",
    TOO_MANY.slug: "too_many",
}
_REASON_BYTES = 120
"""A close frame has room for 123."""


async def serve(
    websocket: WebSocket, work: Callable[[], Awaitable[None]], *, refuse_with: type[Refusal] = Refusal
) -> None:
    """Accept a WebSocket, check who opened it, do the work, and close it with the right code if one of these fails.

    Accepted also where it is refused: a browser sees a close code only after that. `refuse_with` says it in this
    socket's words.
    """
    await websocket.accept()
    try:
        origin, host = websocket.headers.get("origin"), websocket.headers.get("host")
        settings = services_of(websocket).settings
        own = websocket.app.state.host
        foreign = hosts.stranger(websocket.headers, own=own, extra=settings.allowed_hosts)
        if foreign is not None:
            raise hosts.refusal(foreign)
        if not allowed(origin, host=host, extra=settings.allowed_origins):
            raise refusal(origin)
        await work()
    except WebSocketDisconnect:
        return
    except Exception as error:
        failure = as_failure(error)
        if failure is None:
            log.exception("a WebSocket failed", path=websocket.url.path)
            failure = Failure(INTERNAL, "this failed by a mistake of ours; it was logged")
        await _refuse(websocket, failure, refuse_with)


async def _refuse(websocket: WebSocket, failure: Failure, refuse_with: type[Refusal]) -> None:
    # The viewer may be gone already, which is as good.
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        code = _CODES.get(failure.kind.slug)
        if code is not None:
            frame = refuse_with(code=code, detail=failure.detail).frame()
            await websocket.send_text(frame.payload.decode())
        reason = failure.detail.encode()[:_REASON_BYTES].decode(errors="ignore")
        await websocket.close(failure.kind.close_code, reason)


def stream_query(websocket: WebSocket) -> StreamQuery:
    """The query parameters of a stream. Raises `Failure`."""
    query = validated(StreamQuery, websocket.query_params)
    if query.since_tick is not None and query.format != "full":
        raise invalid([Fault(("since_tick",), "goes with format=full; use since, an offset, otherwise")])
    return query


async def session_stream(websocket: WebSocket) -> None:
    """Serve one viewer."""

    async def work() -> None:
        session_id = websocket.path_params["session_id"]
        await watch(websocket, services_of(websocket), session_id, stream_query(websocket))

    await serve(websocket, work)


async def nothing(websocket: WebSocket) -> None:
    """There is no such stream; said so that a browser sees the code."""

    async def work() -> None:
        raise Failure(NOT_FOUND, f"there is no WebSocket at {websocket.url.path}")

    await serve(websocket, work)


# Starlette's routes: FastAPI's keep dependencies and exit stacks for as long as a viewer watches, a tenth of what it costs.
router.add_websocket_route("/api/ws/sessions/{session_id}", session_stream)
router.add_websocket_route("/{path:path}", nothing)
