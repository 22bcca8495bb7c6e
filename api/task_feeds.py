"""`/api/tasks/{id}/progress.jsonl`, `/live.json`, `/trajectory.svg`: a task for those who poll, and for `<img>`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from gridcast.broadcaster import NoChannel
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.recordings.feeds import feed_line

from .replies import fails_with, reply
from .services import Services, ServicesDep
from .task_models import Live
from .task_views import task_channel
from .trajectory import trajectory

router = APIRouter(prefix="/api/tasks/{task_id}", tags=["tasks"])

_FRESH = {"cache-control": "no-cache"}


@dataclass(frozen=True, slots=True)
class _Feed:
    """A task's lines, and what the broker still knows of it."""

    raw: bytes
    state: AnalysisState | None
    task_id: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.raw.splitlines()]

    def chart(self) -> str:
        title = f"Task {self.task_id}" if self.state is None else str(self.state.record["title"])
        return trajectory(self.lines, title=title)


async def _feed(services: Services, task_id: str) -> _Feed:
    """From the broker; where that has forgotten, from the file beside the recordings, else the best that the task kept.

    Raises:
        NoChannel: nothing is left of it.
    """
    channel = task_channel(task_id)
    state = await services.analyses.get(channel)
    told = {} if state is None else state.told
    raw: bytes | None = None
    if state is not None:
        raw = b"".join(map(feed_line, await services.analyses.records(channel)))
        if raw or not told.get("progress", {}).get("done"):
            return _Feed(raw, state, task_id)
    if services.feeds is not None:
        raw = await asyncio.to_thread(services.feeds.read, task_id)
    if not raw and state is None:
        raise NoChannel(str(channel))
    if not raw:
        kept = [told[name] for name in ("baseline", "best") if told.get(name)]
        raw = b"".join(map(feed_line, kept))
    return _Feed(raw, state, task_id)


@router.get(
    "/progress.jsonl",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}}, **fails_with(404, 503)},
)
async def progress(services: ServicesDep, task_id: str) -> Response:
    """One line for each finished experiment: `iter, score, best, experiment_id, params, ts`."""
    feed = await _feed(services, task_id)
    return Response(feed.raw, media_type="application/x-ndjson", headers=_FRESH)


@router.get("/live.json", response_model=Live, responses=fails_with(404, 503))
async def live(services: ServicesDep, task_id: str) -> Response:
    """What a poller needs, in one answer."""
    feed = await _feed(services, task_id)
    lines, told = feed.lines, {} if feed.state is None else feed.state.told
    return reply(
        {
            "active": feed.state is not None and not feed.state.over,
            "iteration": len(lines),
            "best": lines[-1]["best"] if lines else None,
            "cost": told.get("cost", 0.0),
            "calls": told.get("calls", 0),
            "chart": feed.chart(),
        },
        headers=_FRESH,
    )


@router.get(
    "/trajectory.svg",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, **fails_with(404, 503)},
)
async def picture(services: ServicesDep, task_id: str) -> Response:
    """The trajectory as a picture."""
    feed = await _feed(services, task_id)
    return Response(feed.chart(), media_type="image/svg+xml", headers=_FRESH)
