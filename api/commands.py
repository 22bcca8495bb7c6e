"""`/api/sessions/{id}/commands`: steer a session, and see who steered it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridcast.broadcaster.names import new_id

from .bodies import StrictRoute
from .failures import REJECTED, Failure
from .models import CommandAccepted, CommandRequest, WaitQuery
from .replies import fails_with, reply, while_connected
from .services import ServicesDep
from .steering import accept, answer
from .users import author, present_user
from .views import channel_of, state_of

router = APIRouter(prefix="/api/sessions/{session_id}/commands", tags=["commands"], route_class=StrictRoute)


@router.post(
    "", status_code=202, response_model=CommandAccepted, responses=fails_with(404, 409, 413, 422, 429, 503)
)
async def command(
    request: Request,
    services: ServicesDep,
    session_id: str,
    body: CommandRequest,
    query: Annotated[WaitQuery, Query()],
) -> Response:
    """Send a command. With `wait=true` the answer is the `command` entry: 200 if applied, 409 if rejected."""
    channel = channel_of(session_id)
    command_id = body.id or new_id()
    sent: dict[str, Any] = {
        "command_id": command_id,
        "by": author(present_user()),
        "command": body.command,
        "args": body.args,
    }
    if not query.wait:
        await accept(services, channel, **sent)
        return reply({"id": command_id}, status=202)
    entry = await while_connected(request, answer(services, channel, **sent))
    if entry["status"] == "rejected":
        raise Failure(REJECTED, str(entry.get("error", "no reason was given")))
    return reply(entry)


@router.get("", responses=fails_with(404, 503))
async def applied(services: ServicesDep, session_id: str) -> Response:
    """What was applied, by whom, at which tick, in order."""
    await state_of(services, session_id)
    return reply({"items": await services.commands.applied(channel_of(session_id)), "next_cursor": None})
