"""`/api/tasks`: create tuning tasks, list them, look at them, cancel, resume, delete."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from gridcast.broadcaster import Channel, Fenced, LeaseHeld, NoChannel
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.errors import ChannelEnded, ChannelExists
from gridcast.broadcaster.names import new_id
from gridcast.broadcaster.task_events import event
from gridcast.scenarios import ScenarioError, catalogue
from gridcast.scenarios.tuning import TaskSpec, fitting_errors

from .bodies import StrictRoute
from .creating import MAX_RECORD_BYTES, Claim
from .cursors import decode_cursor, encode_cursor
from .failures import GONE, TASK_STATE, Failure, Fault, invalid
from .replies import fails_with, reply
from .services import Services, ServicesDep
from .task_models import TaskListQuery, TaskObject, TaskPage, TaskRequest
from .task_views import no_progress, task_channel, task_object, task_state
from .users import LOCAL_USER, author
from .views import Base

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/api/tasks", tags=["tasks"], route_class=StrictRoute)

SCAN_LIMIT = 2000
"""Tasks that one list request looks at when a filter lets few of them pass."""


@router.post("", status_code=201, response_model=TaskObject, responses=fails_with(409, 413, 422, 503))
async def create(
    request: Request,
    services: ServicesDep,
    wanted: TaskRequest,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Start a task. All that does not fit its scenario is told at once, before anything is computed."""
    record = await asyncio.to_thread(_record, wanted)
    task_id = new_id()
    if idempotency_key is None:
        await _start(services, task_id, record)
    else:
        claim = Claim(services, LOCAL_USER, idempotency_key, record["spec"])
        before = await claim.take(task_id)
        task_id = before["id"] if before else task_id
        if before is None or not before["done"]:
            await _start(services, task_id, record)
            await claim.done(task_id)
    state = await services.analyses.get(task_channel(task_id))
    if state is None:
        raise Failure(GONE, f"task {task_id}, which this Idempotency-Key created, was deleted")
    return reply(
        task_object(state, base=Base.of(request)), status=201, headers={"Location": f"/api/tasks/{task_id}"}
    )


def _record(wanted: TaskSpec) -> dict[str, Any]:
    if errors := fitting_errors(wanted):
        raise ScenarioError(errors)
    record = {
        "title": wanted.title or catalogue()[wanted.scenario].title,
        "owner": LOCAL_USER,
        "spec": wanted.model_dump(mode="json"),
        "total": wanted.total,
    }
    size = len(orjson.dumps(record))
    if size > MAX_RECORD_BYTES:
        raise invalid([Fault((), f"the task would have {size} bytes, and may have {MAX_RECORD_BYTES}")])
    return record


async def _start(services: Services, task_id: str, record: dict[str, Any]) -> None:
    channel = task_channel(task_id)
    first = event("task_progress", task_id=task_id, message="queued", **no_progress(record["total"]))
    # It exists where we repeat ourselves under the same key; the job's id is the same too, so it runs once.
    with contextlib.suppress(ChannelExists):
        await services.analyses.create(channel, record=record, created=time.time(), first=first)
    await services.analyses.enqueue(channel, 1)


@router.get("", response_model=TaskPage, responses=fails_with(422, 503))
async def list_tasks(
    request: Request, services: ServicesDep, query: Annotated[TaskListQuery, Query()]
) -> Response:
    """Tasks, newest first."""
    place = None if query.cursor is None else decode_cursor(query.cursor)
    found: list[AnalysisState] = []
    scanned, more = 0, True
    while more and len(found) < query.limit and scanned < SCAN_LIMIT:
        page = await services.analyses.page("task", before=place, limit=query.limit)
        more = len(page) == query.limit
        for created, state in page:
            scanned += 1
            place = (created, state.id)
            if _passes(state, query):
                found.append(state)
                if len(found) == query.limit:
                    more = more or place != (page[-1][0], page[-1][1].id)
                    break
    base = Base.of(request)
    items = [task_object(state, base=base) for state in found]
    return reply({"items": items, "next_cursor": encode_cursor(place) if more and place else None})


def _passes(state: AnalysisState, query: TaskListQuery) -> bool:
    return (query.status is None or state.status == query.status) and (
        query.scenario is None or state.record["spec"]["scenario"] == query.scenario
    )


@router.get("/{task_id}", response_model=TaskObject, responses=fails_with(404, 503))
async def get(request: Request, services: ServicesDep, task_id: str) -> Response:
    """One task: how far it is, its best experiment, and once it has ended what mattered."""
    return reply(task_object(await task_state(services, task_id), base=Base.of(request)))


@router.post(
    "/{task_id}/cancel", status_code=202, response_model=TaskObject, responses=fails_with(404, 409, 503)
)
async def cancel(request: Request, services: ServicesDep, task_id: str) -> Response:
    """End a task with what it has found. Its last event says when that has happened."""
    state = await task_state(services, task_id)
    over = Failure(TASK_STATE, f"task {task_id} is over already; look at its status")
    if state.over:
        raise over
    try:
        # One id for each attempt: cancelled twice is cancelled once.
        await services.commands.append(
            state.channel,
            command_id=f"cancel-{state.attempt}",
            by=author(LOCAL_USER),
            command="cancel",
            args={},
        )
    except ChannelEnded:
        raise over from None
    await _cancel_queued(services, state.channel)
    return reply(task_object(await task_state(services, task_id), base=Base.of(request)), status=202)


async def _cancel_queued(services: Services, channel: Channel) -> None:
    """End a task that waits for a worker: nobody else is there to do it.

    Holding the lease, we are the task's one writer, so a worker that picks the job meanwhile finds it taken.
    """
    state = await task_state(services, channel.id)
    if state.status != "queued":
        return
    try:
        token = await services.leases.acquire(channel)
    except (LeaseHeld, NoChannel):
        return  # a worker has just taken it
    reason = "cancelled before a worker took it"
    entry = event("task_cancelled", task_id=channel.id, message=reason)
    try:
        with contextlib.suppress(Fenced, NoChannel):
            await services.analyses.end_waiting(channel, token=token, entry=entry, reason=reason)
    finally:
        await services.leases.release(channel, token)


@router.post(
    "/{task_id}/resume", status_code=202, response_model=TaskObject, responses=fails_with(404, 409, 503)
)
async def resume(request: Request, services: ServicesDep, task_id: str) -> Response:
    """Go on with a task that was cancelled, or that failed with experiments left to do."""
    state = await task_state(services, task_id)
    if not state.over or state.status == "completed":
        raise Failure(TASK_STATE, f"task {task_id} is {state.status}; only cancelled and failed ones go on")
    progress = state.told.get("progress") or no_progress(state.record["total"])
    if progress["done"] >= progress["total"]:
        raise Failure(TASK_STATE, f"task {task_id} has tried all that it was asked to; start another one")
    entry = event("task_progress", task_id=task_id, message="resumed", **progress)
    token = await services.leases.acquire(state.channel)
    try:
        attempt = await services.analyses.again(state.channel, token=token, status="queued", entries=[entry])
    finally:
        await services.leases.release(state.channel, token)
    if attempt is not None:
        await services.analyses.enqueue(state.channel, attempt)
    return reply(task_object(await task_state(services, task_id), base=Base.of(request)), status=202)


@router.delete("/{task_id}", status_code=204, response_class=Response, responses=fails_with(404, 503))
async def delete(services: ServicesDep, task_id: str) -> Response:
    """End a task and delete all that is known of it, its study included, for good; viewers are told (close code 4404)."""
    channel = task_channel(task_id)
    if not await services.analyses.delete(channel):
        raise NoChannel(str(channel))
    if services.feeds is not None:
        try:
            await asyncio.to_thread(services.feeds.delete, task_id)
        except OSError as error:
            log.warning("feed_left_over", task=task_id, why=str(error))
    return Response(status_code=204)
