"""One viewer of one channel over a WebSocket: a cursor that writes, a reader that listens; the first to end ends both."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.websockets import WebSocket

from gridcast.broadcaster import BrokerUnavailable, Channel, Subscription, Viewer
from gridcast.broadcaster.errors import ChannelEnded, CommandIdReused, TooManyCommands, WheelHeld
from gridcast.broadcaster.names import Epoch, new_id
from gridcast.broadcaster.versions import PROTOCOL

from .audience import Seat
from .encoders import AllMode, Encode, FullEncoder, LatestMode, verbatim
from .failures import RATE_LIMITED, Failure, held_by
from .frames import Frame, message
from .inbound import Refusal
from .models import CommandFrame, StreamQuery
from .outlet import Outlet, outlet_of
from .playhead import SocketEar
from .replies import first_of
from .seek import since_of_tick
from .services import Services
from .steering import accept, turn_away
from .users import author, may_steer, present_role, present_user
from .views import Base, channel_of, show, state_of
from .visit import FINISHED, RETRY_S, Asked, End, listen, pass_on, visit

LATEST_BYTES = 64 << 10
"""Soft bound in `mode=latest`: what lies in a buffer is old news there."""

COMMAND_PATIENCE_S = 30.0
"""How long a viewer's command waits for the broker before the viewer is sent away to try again."""

DELETED = End(4404, "the session was deleted")


async def watch(websocket: WebSocket, services: Services, session_id: str, wish: StreamQuery) -> None:
    """Serve an accepted WebSocket until either side ends.

    Raises:
        NoChannel, BrokerUnavailable: before the first frame; the caller refuses the socket.
    """
    channel = channel_of(session_id)
    settings = services.settings
    outlet = outlet_of(
        websocket,
        soft_bytes=LATEST_BYTES if wish.mode == "latest" else settings.viewer_bytes,
        stall_s=settings.stall_s,
        crowds=services.crowds,
        budget=services.budget,
        stats=services.stats,
    )
    viewer = Viewer(id=new_id(), name=present_user(), since=time.time())
    since = wish.since
    if wish.since_tick is not None:
        since = await since_of_tick(services.channels, channel, wish.since_tick)
    epoch = None if wish.epoch is None else Epoch(wish.epoch)
    async with (
        services.hub.subscribe(channel, since=since, epoch=epoch) as subscription,
        services.audience.seat(channel, viewer, outlet) as seat,
    ):
        hello, mode = await _greeting(websocket, services, session_id, subscription, wish)
        async with visit(services, seat, outlet, deleted=DELETED) as here:
            await outlet.send([hello])
            del hello  # Kilobytes, which would stay for as long as the viewer does.
            here.end = await first_of(
                _write(subscription, wish, mode, outlet), _read(websocket, services, seat, outlet)
            )


async def _greeting(
    websocket: WebSocket, services: Services, session_id: str, subscription: Subscription, wish: StreamQuery
) -> tuple[Frame, AllMode | LatestMode | None]:
    """The first frame, and how entries become frames; None where the session ended and the viewer has seen everything."""
    state = await state_of(services, session_id)
    [session] = await show(services, [state], base=Base.of(websocket))
    hello = message(
        "hello",
        session=session,
        epoch=state.epoch,
        head=max(subscription.head, state.head),
        role=present_role(),
        protocol=PROTOCOL,
    )
    if state.over and subscription.epoch == state.epoch and subscription.offset == subscription.head:
        return hello, None
    encode: Encode = verbatim
    if wish.format == "full":
        encode = FullEncoder(
            services.full,
            Channel.session(state.id),
            state.epoch,
            bus_phases=None if state.schema is None else state.schema["bus_phases"],
            since_tick=wish.since_tick,
        )
    return hello, LatestMode(encode) if wish.mode == "latest" else AllMode(encode)


async def _write(
    subscription: Subscription, wish: StreamQuery, mode: AllMode | LatestMode | None, outlet: Outlet
) -> End:
    """Hand entries over as the viewer wants them, and end after the last one that the session will have."""
    if mode is None:
        return FINISHED
    if wish.format == "compact" and wish.mode == "all":
        return await pass_on(subscription, outlet)
    while True:
        try:
            batch = await subscription.next(max_bytes=outlet.room)
        except BrokerUnavailable:
            await asyncio.sleep(RETRY_S)
            continue
        at_head = subscription.offset >= subscription.head
        # A translated entry is many times larger: entry by entry, so that bounds and other viewers have their turn.
        parts = [batch] if wish.format == "compact" else [[entry] for entry in batch]
        frames: list[Frame] = []
        for i, part in enumerate(parts, start=1):
            frames = mode.frames(part, at_head=at_head and i == len(parts))
            await outlet.send(frames)
            if wish.format == "full":
                await asyncio.sleep(0)
        if frames and frames[-1].final:
            await outlet.finish()
            return FINISHED


async def _read(websocket: WebSocket, services: Services, seat: Seat, outlet: Outlet) -> End:
    """Do what the viewer's frames ask for, until it leaves."""

    async def take(frame: Asked) -> Refusal | None:
        if isinstance(frame, CommandFrame):
            return await _command(services, seat.channel, frame)
        seat.playhead.move(frame.tick)
        # Who tells where it looks wants to know of the others. Clients that never heard of this hear nothing of it.
        seat.ear = seat.ear or SocketEar(outlet)
        return None

    return await listen(websocket, outlet, take=take)


async def _command(services: Services, channel: Channel, frame: CommandFrame) -> Refusal | None:
    """Store a command; its answer comes as an entry. Raises `NoChannel`, or `BrokerUnavailable` after long patience."""
    deadline = time.monotonic() + COMMAND_PATIENCE_S
    sent: dict[str, Any] = {"command_id": frame.id, "command": frame.command, "args": frame.args}
    while True:
        try:
            if not may_steer():
                await turn_away(services, channel, by=author(present_user()), **sent)
                return Refusal(
                    code="forbidden", detail="you may watch this session, not steer it", command_id=frame.id
                )
            await accept(services, channel, by=author(present_user()), **sent)
            return None
        except ChannelEnded:
            return Refusal(
                code="ended", detail="the session has ended and takes no more commands", command_id=frame.id
            )
        except CommandIdReused:
            return Refusal(
                code="id_reused",
                detail="this command id was used before with another body; take a new id",
                command_id=frame.id,
            )
        except WheelHeld as held:
            return Refusal(code="wheel_held", detail=held_by(held.holder), command_id=frame.id)
        except TooManyCommands:
            return Refusal(
                code="rate_limited",
                detail="too many commands wait for their answers; wait for some of them",
                command_id=frame.id,
            )
        except Failure as failure:
            if failure.kind is not RATE_LIMITED:
                raise
            return Refusal(code="rate_limited", detail=failure.detail, command_id=frame.id)
        except BrokerUnavailable:
            # Whether it was stored is unknown. Under the same id it is stored once, so it is simply sent again; the
            # viewer's next frames wait meanwhile.
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(RETRY_S)
