"""`/api/tasks`: create tuning tasks, list them, look at them, cancel, resume, delete."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from gridcast.broadcaster import NoChannel
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.task_events import event
from gridcast.scenarios import ScenarioError, catalogue
from gridcast.scenarios.tuning import TaskSpec, fitting_errors

from . import analyses
from .analyses import create_once
from .bodies import StrictRoute
from .failures import TASK_STATE, Failure
from .replies import fails_with, reply
from .services import ServicesDep
from .task_models import TaskListQuery, TaskObject, TaskPage, TaskRequest
from .task_views import no_progress, task_channel, task_object, task_state
from .users import present_user
from .views import Base

log = structlog.get_logger(__name__)
PATIENCE_S: Final = 2.0
"""How long a resume waits for the task's coordinator, which has just ended it, to let go of it."""

router = APIRouter(prefix="/api/tasks", tags=["tasks"], route_class=StrictRoute)


@router.post("", status_code=201, response_model=TaskObject, responses=fails_with(409, 413, 422, 429, 503))
async def create(
    request: Request,
    services: ServicesDep,
    wanted: TaskRequest,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Start a task. All that does not fit its scenario is told at once, before anything is computed."""
    record = await asyncio.to_thread(_record, wanted)
    state = await create_once(
        services,
        "task",
        record,
        key=idempotency_key,
        asked=record["spec"],
        first=lambda task_id: event(
            "task_progress", task_id=task_id, message="queued", **no_progress(record["total"])
        ),
    )
    return reply(
        task_object(state, base=Base.of(request)), status=201, headers={"Location": f"/api/tasks/{state.id}"}
    )


def _record(wanted: TaskSpec) -> dict[str, Any]:
    if errors := fitting_errors(wanted):
        raise ScenarioError(errors)
    return {
        "title": wanted.title or catalogue()[wanted.scenario].title,
        "owner": present_user(),
        "spec": wanted.model_dump(mode="json"),
        "total": wanted.total,
    }


@router.get("", response_model=TaskPage, responses=fails_with(422, 503))
async def list_tasks(
    request: Request, services: ServicesDep, query: Annotated[TaskListQuery, Query()]
) -> Response:
    """Tasks, newest first."""
    found, cursor = await analyses.seen_by_asker(
        services, "task", query, passes=lambda state: _passes(state, query)
    )
    base = Base.of(request)
    items = [task_object(state, base=base) for state in found]
    return reply({"items": items, "next_cursor": cursor})


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
    state = await analyses.cancel(
        services,
        task_channel(task_id),
        user=present_user(),
        last=lambda reason: event("task_cancelled", task_id=task_id, message=reason),
    )
    return reply(task_object(state, base=Base.of(request)), status=202)


@router.post(
    "/{task_id}/resume", status_code=202, response_model=TaskObject, responses=fails_with(404, 409, 429, 503)
)
async def resume(request: Request, services: ServicesDep, task_id: str) -> Response:
    """Go on with a task that was cancelled, or that failed with experiments left to do."""
    state = await task_state(services, task_id)
    if not state.over or state.status == "completed":
        raise Failure(TASK_STATE, f"task {task_id} is {state.status}; only cancelled and failed ones go on")
    progress = state.told.get("progress") or no_progress(state.record["total"])
    if progress["done"] >= progress["total"]:
        raise Failure(TASK_STATE, f"task {task_id} has tried all that it was asked to; start another one")
    await services.limits.new(state.channel, state.record["owner"])
    entry = event("task_progress", task_id=task_id, message="resumed", **progress)
    token = await services.leases.acquire(state.channel, patience_s=PATIENCE_S)
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
