"""The application, put together. Nothing connects before its lifespan begins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from redis.asyncio import Redis

from gridcast.broadcaster import Settings

from . import (
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
    problems,
    scenarios,
    sessions,
    simstream,
    static,
    stream,
    task_feeds,
    tasks,
)
from .metrics import ResponseCounter
from .origin import OriginGuard
from .services import open_services


def create_app(settings: Settings, *, redis: Redis | None = None) -> FastAPI:
    """The ASGI application.

    Args:
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
    problems.install(app)
    app.add_middleware(OriginGuard, extra=settings.allowed_origins)
    app.add_middleware(ResponseCounter)
    for module in (
        scenarios,
        sessions,
        history,
        export,
        compare,
        forking,
        commands,
        tasks,
        experiments,
        task_feeds,
        events,
        health,
        metrics,
        simstream,
        following,
        stream,
    ):
        app.include_router(module.router)
    app.include_router(static.page_router(static.page_folder()))
    return app
