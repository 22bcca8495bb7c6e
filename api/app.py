"""The application, put together. Nothing connects before its lifespan begins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from redis.asyncio import Redis

from gridcast.broadcaster import Settings

from . import (
    accounts,
    asyncapi,
    audit,
    commands,
    compare,
    events,
    experiments,
    export,
    following,
    forking,
    health,
    history,
    metrics,
    operations,
    problems,
    progress,
    scenarios,
    sessions,
    simstream,
    static,
    stream,
    task_feeds,
    tasks,
    verify,
    wheel,
)
from .audit import AuditTrail
from .auth.gate import Gate
from .hosts import HostGuard
from .metrics import ResponseCounter
from .origin import OriginGuard
from .requests import RequestContext
from .services import open_services


def create_app(settings: Settings, *, redis: Redis | None = None, host: str = "127.0.0.1") -> FastAPI:
    """The ASGI application.

    Args:
        host: the address that it is served on; browsers reach it by no other name but those that the settings allow.
        redis: a client of the broker to use instead of one that the settings name.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, redis=redis) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Gridcast",
        description="Live, shared, scalable simulations of AI datacenters on power grids.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.host = host
    problems.install(app)
    app.add_middleware(Gate)
    app.add_middleware(AuditTrail)
    app.add_middleware(OriginGuard, extra=settings.allowed_origins)
    app.add_middleware(HostGuard, own=host, extra=settings.allowed_hosts)
    app.add_middleware(RequestContext)
    app.add_middleware(ResponseCounter)
    for module in (
        scenarios,
        sessions,
        history,
        export,
        compare,
        forking,
        commands,
        wheel,
        tasks,
        experiments,
        task_feeds,
        operations,
        verify,
        events,
        accounts,
        health,
        metrics,
        asyncapi,
        audit,
        simstream,
        progress,
        following,
        stream,
    ):
        app.include_router(module.router)
    app.include_router(static.page_router(static.page_folder()))
    return app
