"""`/sim/stream`: start a session and stream it on one socket; the worker is freed when the socket closes unwatched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, WebSocket
from pydantic import ValidationError

from gridcast.broadcaster import BrokerUnavailable

from .bodies import loads
from .creating import create_session
from .delivery import watch
from .failures import Fault, invalid
from .models import SessionRequest, StreamQuery
from .problems import faults
from .services import services_of
from .steering import stop_unwatched
from .stream import serve
from .users import author, present_user
from .views import channel_of

log = structlog.get_logger(__name__)
router = APIRouter()

_FIELDS = frozenset({"scenario", "seed", "speed", "on_idle", "title"})


def wanted_session(query: Mapping[str, str]) -> SessionRequest:
    """The session that a query asks for: `config=` holds the whole body of a POST, else each parameter is one field.

    What is no field of the body is an override, by dotted path: `duration_s=600`. Values are JSON where they can be
    read as such, else text.

    Raises:
        Failure: it is no valid request.
    """
    if "config" in query:
        others = sorted(set(query) - {"config"})
        if others:
            raise invalid([Fault((name,), "goes into config, where that is given") for name in others])
        try:
            body = loads(query["config"])
        except orjson.JSONDecodeError as error:
            raise invalid([Fault(("config",), f"not JSON: {error.msg}")]) from None
    else:
        body = {name: _value(name, text) for name, text in query.items() if name in _FIELDS}
        body["overrides"] = {name: _value(name, text) for name, text in query.items() if name not in _FIELDS}
    if isinstance(body, dict):
        body = {"on_idle": "stop", **body}
    try:
        return SessionRequest.model_validate(body)
    except ValidationError as error:
        raise invalid(faults(error.errors())) from None


def _value(name: str, text: str) -> Any:
    if name in ("scenario", "title", "on_idle"):
        return text
    try:
        return loads(text)
    except orjson.JSONDecodeError:
        return text


@router.websocket("/sim/stream")
async def sim_stream(websocket: WebSocket) -> None:
    """Serve one starter and viewer."""
    services = services_of(websocket)

    async def work() -> None:
        wanted = wanted_session(websocket.query_params)
        state = await create_session(services, wanted, owner=present_user())
        # The audit's trail sees requests; this is a socket.
        made = f"session:{state.id}"
        await services.audit.record("session.create", by=author(present_user()), target=made)
        try:
            await watch(websocket, services, state.id, StreamQuery(format="full"))
        finally:
            if wanted.on_idle == "stop":
                try:
                    await stop_unwatched(services, channel_of(state.id), by=author(present_user()))
                except BrokerUnavailable:
                    log.warning("could not stop an unwatched session: the broker is away", session=state.id)

    await serve(websocket, work)
