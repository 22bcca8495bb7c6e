"""`/api/operations`: start long analyses, with or without waiting for them; list them, look at them, cancel, delete."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from gridcast.broadcaster import BrokerUnavailable, ChannelGone, Entry, NoChannel, Subscription
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.operation_events import error, progress, progress_of
from gridcast.scenarios import ScenarioError
from gridcast.scenarios.errors import listed
from gridcast.scenarios.operations import (
    OPERATIONS,
    OperationConfig,
    ScanConfig,
    fitting_errors,
    steps_of,
    title_of,
)

from . import analyses
from .analyses import channel_at, create_once, state_at
from .bodies import StrictRoute
from .failures import GONE, NOT_FOUND, Failure, Fault
from .frames import ends_channel
from .operation_models import (
    CharacterizeRequest,
    HeatmapRequest,
    OperationListQuery,
    OperationObject,
    OperationPage,
    OperationWaitQuery,
    ScanRequest,
)
from .operation_views import operation_object, operation_state, whole_operation
from .replies import ClientGone, fails_with, reply, while_connected
from .services import Services, ServicesDep
from .users import present_user
from .views import Base
from .visit import RETRY_S

router = APIRouter(prefix="/api/operations", tags=["operations"], route_class=StrictRoute)

Key = Annotated[str | None, Header(alias="Idempotency-Key")]
Wait = Annotated[OperationWaitQuery, Query()]

STARTED: dict[int | str, dict[str, Any]] = {
    202: {"model": OperationObject, "description": "With `wait=false`: what was started"}
}
_ANSWERS = {**STARTED, **fails_with(409, 413, 422, 429, 503)}

LEAVE_S = 10.0
"""How long it is tried to cancel what nobody waits for any more, where the broker is away."""


@router.post("/characterize", response_model=OperationObject, responses=_ANSWERS)
async def characterize(
    request: Request, services: ServicesDep, wanted: CharacterizeRequest, query: Wait, key: Key = None
) -> Response:
    """A scenario as it is, its P-V curve, and what matters most. Who goes away while waiting cancels it."""
    return await _operate(request, services, wanted, query, key)


@router.post("/heatmap", response_model=OperationObject, responses=_ANSWERS)
async def heatmap(
    request: Request, services: ServicesDep, wanted: HeatmapRequest, query: Wait, key: Key = None
) -> Response:
    """A metric over two numbers of a scenario. Who goes away while waiting cancels it."""
    return await _operate(request, services, wanted, query, key)


@router.post("/scan", response_model=OperationObject, responses=_ANSWERS)
async def scan(
    request: Request, services: ServicesDep, query: Wait, wanted: ScanRequest | None = None, key: Key = None
) -> Response:
    """The voltage pattern of every site and scenario. Needs no body. Who goes away while waiting cancels it."""
    return await _operate(request, services, wanted or ScanConfig(), query, key)


@router.post("/{op}", include_in_schema=False)
async def unknown(op: str) -> Response:
    """Whatever is none of those."""
    words = f"there is no operation {op[:40]!r}; operations: {listed(OPERATIONS)}"
    raise Failure(NOT_FOUND, words, errors=[Fault(("op",), words)])


async def _operate(
    request: Request,
    services: Services,
    wanted: OperationConfig,
    query: OperationWaitQuery,
    key: str | None,
) -> Response:
    if errors := await asyncio.to_thread(fitting_errors, wanted):
        raise ScenarioError(errors)
    state = await start(services, wanted, owner=present_user(), key=key)
    return await answer(request, services, state, wait=query.wait)


async def start(
    services: Services, wanted: OperationConfig, *, owner: str, key: str | None = None
) -> AnalysisState:
    """Create and enqueue an operation that fits its scenario; with a key seen before, the one that it created.

    Raises: what `create_once` raises.
    """
    config = wanted.model_dump(mode="json")
    steps = await asyncio.to_thread(steps_of, wanted)
    record = {"title": title_of(wanted), "owner": owner, "op": wanted.op, "config": config, "steps": steps}
    return await create_once(
        services,
        "operation",
        record,
        key=key,
        asked={"op": wanted.op, "config": config},
        first=lambda operation_id: progress(operation_id, progress_of(0, steps, "queued")),
    )


async def answer(request: Request, services: Services, state: AnalysisState, *, wait: bool) -> Response:
    """What was started, or how it ended. Who goes away while waiting cancels it.

    Raises:
        Failure: this process goes away; the operation does not.
    """
    where = f"/api/operations/{state.id}"
    if not wait:
        return reply(operation_object(state, base=Base.of(request)), status=202, headers={"Location": where})
    waiting = ended(services, state)
    words = f"operation {state.id} goes on, look at GET {where}"
    try:
        state = await while_connected(request, waiting, if_closing=words)
    except ClientGone:
        await leave(services, state)
        raise
    document = await whole_operation(services, state, base=Base.of(request))
    return reply(document, headers={"Location": where})


async def ended(services: Services, state: AnalysisState) -> AnalysisState:
    """The state of an operation once it is over, however long that takes and the broker is away.

    Raises:
        Failure: it was deleted.
    """
    try:
        async with services.hub.subscribe(state.channel, since="live") as subscription:
            while True:
                try:
                    state = await state_at(services, state.channel)
                    if state.over:
                        return state
                    await _last_word(subscription)
                except BrokerUnavailable:
                    await asyncio.sleep(RETRY_S)
    except (NoChannel, ChannelGone):
        raise Failure(GONE, f"operation {state.id} was deleted while it ran") from None


async def _last_word(subscription: Subscription) -> None:
    while True:
        for entry in await subscription.next():
            if not isinstance(entry, Entry) or ends_channel(entry):
                return


async def leave(services: Services, state: AnalysisState) -> None:
    """Cancel what nobody waits for any more, unless it is over or gone; where the broker stays away, it goes on."""
    try:
        async with asyncio.timeout(LEAVE_S):
            while True:
                try:
                    await cancel_operation(services, state.id)
                    return
                except BrokerUnavailable:
                    await asyncio.sleep(RETRY_S)
    except (TimeoutError, NoChannel, Failure):
        return


async def cancel_operation(services: Services, operation_id: str) -> AnalysisState:
    """Have an operation end without a result. Raises what `analyses.cancel` raises."""
    state = await analyses.cancel(
        services,
        channel_at("operation", operation_id),
        user=present_user(),
        last=lambda reason: error(operation_id, reason, "cancelled"),
    )
    if state.over:  # it has waited, so nobody else is there to clear away
        await _clear_away(services, state)
    return state


async def _clear_away(services: Services, state: AnalysisState) -> None:
    """Delete the second run of a verification; there is nothing else that an operation makes."""
    replay_id = state.record.get("replay_id")
    replay = None if replay_id is None else await services.sessions.get(replay_id)
    if replay is not None:
        await services.sessions.delete(replay.id)
        await services.queue.remove(replay.id, replay.attempt)


@router.get("", response_model=OperationPage, responses=fails_with(422, 503))
async def list_operations(
    request: Request, services: ServicesDep, query: Annotated[OperationListQuery, Query()]
) -> Response:
    """Operations, newest first, without their results."""
    found, cursor = await analyses.seen_by_asker(
        services, "operation", query, passes=lambda state: _passes(state, query)
    )
    base = Base.of(request)
    return reply({"items": [operation_object(one, base=base) for one in found], "next_cursor": cursor})


def _passes(state: AnalysisState, query: OperationListQuery) -> bool:
    return (query.status is None or state.status == query.status) and (
        query.op is None or state.record["op"] == query.op
    )


@router.get("/{operation_id}", response_model=OperationObject, responses=fails_with(404, 503))
async def get(request: Request, services: ServicesDep, operation_id: str) -> Response:
    """One operation: how far it is, and once it has completed its result."""
    state = await operation_state(services, operation_id)
    return reply(await whole_operation(services, state, base=Base.of(request)))


@router.post(
    "/{operation_id}/cancel",
    status_code=202,
    response_model=OperationObject,
    responses=fails_with(404, 409, 503),
)
async def cancel(request: Request, services: ServicesDep, operation_id: str) -> Response:
    """End an operation without a result. Its last entry says when that has happened."""
    return reply(
        operation_object(await cancel_operation(services, operation_id), base=Base.of(request)), status=202
    )


@router.delete("/{operation_id}", status_code=204, response_class=Response, responses=fails_with(404, 503))
async def delete(services: ServicesDep, operation_id: str) -> Response:
    """End an operation and delete all that is known of it, for good; viewers are told (close code 4404)."""
    state = await operation_state(services, operation_id)
    if not await services.analyses.delete(state.channel):
        raise NoChannel(str(state.channel))
    await _clear_away(services, state)
    return Response(status_code=204)
