"""Commands to a session: stored for its child, or answered here where it has no child yet."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from gridcast.broadcaster import Channel, Fenced, LeaseHeld, NoChannel, Reset, Subscription
from gridcast.broadcaster.errors import ChannelEnded, ChannelError
from gridcast.broadcaster.names import new_id

from .failures import GONE, Failure
from .frames import ends_channel
from .services import Services
from .users import counted, present_user

log = structlog.get_logger(__name__)

STOPPED_IN_QUEUE = "stopped before a worker took it"


async def accept(
    services: Services, channel: Channel, *, command_id: str, by: str, command: str, args: Mapping[str, Any]
) -> bool:
    """Take in a command of the present asker; its one answer will be an entry of the session. False if it was stored before.

    Raises:
        Failure: they send too many.
        NoChannel, ChannelEnded, CommandIdReused, TooManyCommands, WheelHeld: nothing was stored.
        BrokerUnavailable: unknown; the same command with the same id may be sent again.
    """
    await services.limits.command(counted())
    steers = (present_user(), services.settings.wheel_grace_s)
    sent: dict[str, Any] = {"command_id": command_id, "by": by, "command": command, "args": args}
    return await _store(services, channel, **sent, steers=steers)


async def turn_away(
    services: Services, channel: Channel, *, command_id: str, by: str, command: str, args: Mapping[str, Any]
) -> None:
    """Record a command of somebody who may not steer; it counts as one, so that a flood does not wash out other records.

    Raises:
        Failure: they send too many.
    """
    await services.limits.command(counted())
    sent: dict[str, Any] = {"command_id": command_id, "by": by, "command": command, "args": args}
    await _record(services, channel, result="refused", why="Forbidden", **sent)


async def _record(services: Services, channel: Channel, **told: Any) -> None:
    await services.audit.record("session.command", target=str(channel), **told)


async def _store(
    services: Services,
    channel: Channel,
    *,
    command_id: str,
    by: str,
    command: str,
    args: Mapping[str, Any],
    steers: tuple[str, float] | None = None,
) -> bool:
    sent: dict[str, Any] = {"command_id": command_id, "by": by, "command": command, "args": args}
    try:
        fresh = await services.commands.append(channel, **sent, steers=steers)
    except ChannelError as error:
        await _record(services, channel, result="refused", why=type(error).__name__, **sent)
        raise
    services.stats.commands += fresh
    if fresh:
        await _record(services, channel, result="stored", **sent)
        log.info("command_stored", session=channel.id, command_id=command_id, command=command, by=by)
    if command == "stop":
        await stop_queued(services, channel)
    return fresh


async def stop_queued(services: Services, channel: Channel) -> None:
    """End a session that waits in the queue, if there is one: nobody else is there to answer its commands.

    Holding the lease, we are the session's one writer, so a worker that picks the job meanwhile finds it taken.
    """
    state = await services.sessions.get(channel.id)
    if state is None or state.status != "queued":
        return
    try:
        token = await services.leases.acquire(channel)
    except (LeaseHeld, NoChannel):
        # A worker has just taken it; its child will answer.
        return
    try:
        state = await services.sessions.get(channel.id)
        if state is not None and state.status == "queued":
            with contextlib.suppress(Fenced, NoChannel):
                await services.sessions.finish(
                    channel.id, token=token, status="stopped", reason=STOPPED_IN_QUEUE
                )
                await services.queue.remove(channel.id, state.attempt)
    finally:
        await services.leases.release(channel, token)


async def stop_unwatched(services: Services, channel: Channel, *, by: str) -> None:
    """Stop a session that nobody watches any more; one that has ended already is left alone."""
    if await services.presence.count(channel):
        return
    with contextlib.suppress(ChannelEnded, NoChannel):
        await _store(services, channel, command_id=f"idle-{new_id()}", by=by, command="stop", args={})


async def answer(
    services: Services, channel: Channel, *, command_id: str, by: str, command: str, args: Mapping[str, Any]
) -> dict[str, Any]:
    """Send a command and wait for the `command` entry that answers it, however long that takes.

    Raises: what `accept` raises.
    """
    sent: dict[str, Any] = {"command_id": command_id, "by": by, "command": command, "args": args}
    async with services.hub.subscribe(channel, since="live") as live:
        if await accept(services, channel, **sent):
            return await _answer_in(live, command_id)
    async with services.hub.subscribe(channel, since=0) as whole:
        return await _answer_in(whole, command_id)


async def _answer_in(subscription: Subscription, command_id: str) -> dict[str, Any]:
    while True:
        for entry in await subscription.next():
            if isinstance(entry, Reset):
                continue
            if entry.type == "command":
                found: dict[str, Any] = orjson.loads(entry.data)
                if found["command_id"] == command_id:
                    return found
            elif ends_channel(entry):
                raise Failure(GONE, f"the answer to command {command_id} is not in the log any more")
