"""`/metrics` for Prometheus: read from the services when asked, so that nothing is counted twice."""

from __future__ import annotations

import time

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .figures import Figures, elsewhere
from .services import ServicesDep
from .stats import Stats

router = APIRouter(tags=["health"])


class ResponseCounter:
    """Counts HTTP responses by method and status, and the time until they begin."""

    _METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stats: Stats = scope["app"].state.services.stats
        # A client may invent methods; labels must stay few.
        method = scope["method"] if scope["method"] in self._METHODS else "other"
        began_s = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                stats.responses[method, message["status"]] += 1
                stats.response_s.observe(time.perf_counter() - began_s)
            await send(message)

        await self._app(scope, receive, counted)


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Figures of this process, and of all workers what their heartbeats tell, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Figures(services, await elsewhere(services)))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
