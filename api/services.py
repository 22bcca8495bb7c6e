"""What the routes work with: one broker client, the hub and the views on the broker, opened and closed with the app."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends
from redis.asyncio import Redis
from starlette.requests import HTTPConnection

from gridcast.broadcaster import (
    AsyncLeases,
    Channels,
    CommandLog,
    Hub,
    JobQueue,
    Presence,
    Settings,
    Subscription,
    tracing,
)
from gridcast.broadcaster.analyses import Analyses
from gridcast.broadcaster.audit import Audit
from gridcast.broadcaster.client import async_client, channels_of
from gridcast.broadcaster.names import new_id
from gridcast.broadcaster.sessions import Sessions
from gridcast.broadcaster.wheel import Wheels
from gridcast.broadcaster.workers import Heartbeats
from gridcast.recordings.feeds import Feeds, feeds_at

from .audience import Audience
from .auth.accounts import Accounts, open_accounts
from .budget import Budget
from .company import Herald, keep_wheels
from .crowd import Crowds
from .desk import Desk
from .first_tick import FirstTicks
from .full import FullCache
from .limits import Limits
from .stats import Stats


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a route may need. `closing` is set when the server begins to shut down."""

    settings: Settings
    redis: Redis
    """The broker of all but the channels, as those that are made of it below find out."""
    hub: Hub
    channels: Channels
    sessions: Sessions
    analyses: Analyses
    commands: CommandLog
    queue: JobQueue
    presence: Presence
    heartbeats: Heartbeats
    leases: AsyncLeases
    accounts: Accounts
    audience: Audience
    full: FullCache
    desk: Desk
    feeds: Feeds | None
    crowds: Crowds
    stats: Stats
    audit: Audit
    limits: Limits
    wheels: Wheels
    budget: Budget = field(default_factory=Budget)
    closing: asyncio.Event = field(default_factory=asyncio.Event)


@contextlib.asynccontextmanager
async def open_services(settings: Settings, *, redis: Redis | None = None) -> AsyncIterator[Services]:
    """Open all of them; works also while the broker is away, each call then fails by itself until it is back.

    Args:
        redis: a client to use instead of one that the settings name; the hub makes its own.
    """
    client = redis or async_client(settings)
    channeled = channels_of(client)
    presence, stats = Presence(channeled), Stats()
    wheels = Wheels(channeled, grace_s=settings.wheel_grace_s)
    accounts = await open_accounts(settings, client)
    async with Hub(settings) as hub:
        services = Services(
            settings=settings,
            redis=client,
            hub=hub,
            channels=Channels(channeled),
            sessions=Sessions(client),
            analyses=Analyses(client),
            commands=CommandLog(channeled),
            queue=JobQueue(client),
            presence=presence,
            heartbeats=Heartbeats(client),
            leases=AsyncLeases(channeled, owner=f"api:{new_id()}", ttl_s=settings.lease_s),
            accounts=accounts,
            audience=Audience(presence, stall_s=settings.stall_s, heartbeat_s=settings.heartbeat_s),
            full=FullCache(),
            crowds=Crowds(stats),
            stats=stats,
            audit=Audit(client, settings),
            wheels=wheels,
            limits=Limits(settings, client, per_user=accounts.on),
            desk=Desk(settings.recordings_at),
            feeds=feeds_at(settings.recordings_at),
        )
        if tracing.enabled():
            Subscription.watcher = FirstTicks(services.sessions).watch
        keepers = [
            asyncio.create_task(services.audience.run()),
            asyncio.create_task(
                Herald(presence, services.audience, wheels=wheels if accounts.on else None).run()
            ),
            asyncio.create_task(keep_wheels(wheels, services.audience)),
            asyncio.create_task(services.limits.sockets.run()),
            *map(asyncio.create_task, accounts.keepers()),
        ]
        try:
            yield services
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            Subscription.watcher = None
            services.desk.close()
            if redis is None:
                await client.aclose()


def services_of(connection: HTTPConnection) -> Services:
    """The services of the app that serves this request or WebSocket."""
    return cast("Services", connection.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]
