"""`/metrics` for Prometheus: read from the services when asked, so that nothing is counted twice."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridcast.broadcaster import BrokerUnavailable

from .services import Services, ServicesDep
from .stats import Stats

router = APIRouter(tags=["health"])


class _Figures(Collector):
    def __init__(self, services: Services, *, paused: int | None) -> None:
        self._services = services
        self._paused = paused

    def collect(self) -> Iterator[Metric]:
        services, stats = self._services, self._services.stats
        gauges = {
            "viewers": ("Open WebSockets and event streams", len(services.audience)),
            "channels": ("Channels that somebody watches through this process", len(services.hub.channels)),
            "window_bytes": ("Newest entries kept in memory", services.hub.window_bytes),
            "full_cache_bytes": ("Entries translated into the full format", services.full.size_bytes),
            "live_tail_up": ("1 if the canary came back lately", float(services.hub.healthy)),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"gridcast_api_{name}", text, value=value)
        if self._paused is not None:
            yield GaugeMetricFamily(
                "gridcast_recordings_paused",
                "Sessions whose recording waits for its store, on all workers",
                value=self._paused,
            )
        counters = {
            "frames": ("Frames handed to viewers", stats.frames),
            "bytes": ("Bytes handed to viewers", stats.bytes),
            "viewers_let_go": ("Viewers cut because they did not keep up", stats.viewers_let_go),
            "sessions_created": ("Sessions created", stats.sessions_created),
            "commands": ("Commands stored", stats.commands),
        }
        for name, (text, total) in counters.items():
            yield CounterMetricFamily(f"gridcast_api_{name}", text, value=total)
        responses = CounterMetricFamily(
            "gridcast_api_responses", "HTTP responses", labels=["method", "status"]
        )
        for (method, status), count in sorted(stats.responses.items()):
            responses.add_metric([method, str(status)], count)
        yield responses


class ResponseCounter:
    """Counts HTTP responses by method and status."""

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

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                stats.responses[method, message["status"]] += 1
            await send(message)

        await self._app(scope, receive, counted)


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Figures of this process, and of all workers what their heartbeats tell, in Prometheus' text format."""
    try:
        beats = await services.heartbeats.alive()
        paused = sum(session.get("recording") == "paused" for beat in beats for session in beat["sessions"])
    except BrokerUnavailable:
        paused = None
    registry = CollectorRegistry()
    registry.register(_Figures(services, paused=paused))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
