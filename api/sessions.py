"""`/api/sessions`: create, list, look at, delete."""

from __future__ import annotations

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from gridcast.broadcaster import Channel, Entry, NoChannel
from gridcast.broadcaster.sessions import SessionState
from gridcast.recordings.store import store_at

from .bodies import StrictRoute
from .company import listing
from .creating import create_session
from .cursors import newest_first
from .frames import ends_channel
from .models import ListQuery, SessionObject, SessionPage, SessionRequest, WaitQuery
from .replies import fails_with, reply, while_connected
from .services import Services, ServicesDep
from .users import lists_of, may_see, present_user
from .views import Base, channel_of, show, state_of

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/api/sessions", tags=["sessions"], route_class=StrictRoute)


@router.post("", status_code=201, response_model=SessionObject, responses=fails_with(409, 413, 422, 429, 503))
async def create(
    request: Request,
    services: ServicesDep,
    wanted: SessionRequest,
    query: Annotated[WaitQuery, Query()],
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Start a session. With `wait=true` the answer comes when it has ended, with its summary."""
    state = await create_session(services, wanted, owner=present_user(), key=idempotency_key)
    if query.wait:
        state = await while_connected(request, _ended(services, state))
    [document] = await show(services, [state], base=Base.of(request))
    return reply(document, status=201, headers={"Location": f"/api/sessions/{state.id}"})


async def _ended(services: Services, state: SessionState) -> SessionState:
    async with services.hub.subscribe(Channel.session(state.id), since="live") as subscription:
        state = await state_of(services, state.id)
        while not state.over:
            batch = await subscription.next()
            if any(isinstance(entry, Entry) and ends_channel(entry) for entry in batch):
                state = await state_of(services, state.id)
    return state


@router.get("", response_model=SessionPage, responses=fails_with(422, 503))
async def list_sessions(
    request: Request, services: ServicesDep, query: Annotated[ListQuery, Query()]
) -> Response:
    """Sessions, newest first, without their schemas."""
    lists = lists_of("session")
    found, cursor = await newest_first(
        lambda place: services.sessions.page(before=place, limit=query.limit, among=lists),
        query,
        passes=lambda state: may_see(state.record["owner"], state.visibility) and _passes(state, query),
    )
    items = await show(services, found, base=Base.of(request), brief=True)
    return reply({"items": items, "next_cursor": cursor})


def _passes(state: SessionState, query: ListQuery) -> bool:
    return (
        (query.status is None or state.status == query.status)
        and (query.owner is None or state.record["owner"] == query.owner)
        and (query.scenario is None or state.record["scenario"] == query.scenario)
    )


@router.get("/{session_id}", response_model=SessionObject, responses=fails_with(404, 503))
async def get(request: Request, services: ServicesDep, session_id: str) -> Response:
    """One session with its schema and, once it has ended, its summary."""
    [document] = await show(services, [await state_of(services, session_id)], base=Base.of(request))
    return reply(document)


@router.delete("/{session_id}", status_code=204, response_class=Response, responses=fails_with(404, 503))
async def delete(services: ServicesDep, session_id: str) -> Response:
    """Stop a session and delete its log and its recording, for good; who watches it is told (close code 4404).

    Where the store does not take the files away now, workers try again until it does.
    """
    state = await state_of(services, session_id)
    if not await services.sessions.delete(session_id):
        raise NoChannel(str(channel_of(session_id)))
    # A child that still runs ends at its next publish, which finds no channel; a job that waits is taken back.
    await services.queue.remove(session_id, state.attempt)
    if (where := services.settings.recordings_at) is not None:
        try:
            await asyncio.to_thread(lambda: store_at(where).delete_session(session_id))
        except (OSError, ValueError) as error:
            log.warning("files_left_over", session=session_id, why=str(error))
    return Response(status_code=204)


@router.get("/{session_id}/viewers", responses=fails_with(404, 503))
async def viewers(services: ServicesDep, session_id: str) -> Response:
    """How many are watching, across all API processes, and the 50 that are there longest, with their playheads."""
    await state_of(services, session_id)
    return reply(listing(await services.presence.company(channel_of(session_id))))
