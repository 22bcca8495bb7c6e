"""`/api/tasks/{id}/experiments` and `/best`: the parameter sets of a task, and the one that won."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridcast.broadcaster import NoChannel

from .failures import TASK_STATE, Failure, Fault, invalid
from .replies import fails_with, reply
from .services import ServicesDep
from .task_models import ExperimentDetail, ExperimentPage, ExperimentsQuery, Sort
from .task_views import detail, experiments_of, finished, task_state
from .views import Base

router = APIRouter(prefix="/api/tasks/{task_id}", tags=["tasks"])


@router.get("/experiments", response_model=ExperimentPage, responses=fails_with(404, 422, 503))
async def experiments(
    request: Request, services: ServicesDep, task_id: str, query: Annotated[ExperimentsQuery, Query()]
) -> Response:
    """Experiments, those under way last. While a task runs, pages of any order but `iter` may shift."""
    begin = _place(query.cursor)
    found = await experiments_of(services, await task_state(services, task_id), base=Base.of(request))
    if query.status is not None:
        found = [one for one in found if one["status"] == query.status]
    page = _sorted(found, query.sort)[begin : begin + query.limit]
    end = begin + len(page)
    return reply({"items": page, "next_cursor": str(end) if end < len(found) else None})


@router.get("/experiments/{experiment_id}", response_model=ExperimentDetail, responses=fails_with(404, 503))
async def experiment(request: Request, services: ServicesDep, task_id: str, experiment_id: str) -> Response:
    """One experiment, with the bodies of `POST /api/sessions` that compute the same ticks."""
    state = await task_state(services, task_id)
    for one in await experiments_of(services, state, base=Base.of(request)):
        if one["id"] == experiment_id:
            return reply(detail(state, one))
    raise NoChannel(f"experiment:{experiment_id}")


@router.get("/best", response_model=ExperimentDetail, responses=fails_with(404, 409, 503))
async def best(request: Request, services: ServicesDep, task_id: str) -> Response:
    """The best experiment so far; its `overrides` and `seed` are what `POST /api/sessions` takes."""
    state = await task_state(services, task_id)
    record = state.told.get("best")
    if record is None:
        raise Failure(TASK_STATE, f"no experiment of task {task_id} has a score yet; it is {state.status}")
    return reply(detail(state, finished(record, base=Base.of(request))))


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise invalid([Fault(("cursor",), "not a cursor of this list; leave it out to begin anew")])
    return int(cursor)


def _sorted(found: list[dict[str, Any]], sort: Sort) -> list[dict[str, Any]]:
    name, backwards = sort.removeprefix("-"), sort.startswith("-")
    value: Callable[[dict[str, Any]], Any] = lambda one: one.get(name)  # noqa: E731
    known = [one for one in found if value(one) is not None]
    return sorted(known, key=value, reverse=backwards) + [one for one in found if value(one) is None]
