"""What all viewers on a WebSocket have in common: how they are listened to, and how their time ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel
from starlette.websockets import WebSocket

from gridcast.broadcaster import BrokerUnavailable, NoChannel, Subscription

from .audience import Seat
from .budget import TooSlow
from .frames import message, piece_of
from .inbound import BURST, FRAMES_PER_S, MAX_BAD_IN_A_ROW, Patience, Refusal, parse
from .models import CommandFrame, PingFrame, PlayheadFrame
from .outlet import Gone, Outlet, outlet_of
from .pace import Pace
from .services import Services

RETRY_S = 0.25
"""How long a viewer waits before the broker is asked again for what it could not give."""

Asked = CommandFrame | PlayheadFrame
"""What a session's viewer may ask for beside a sign of life."""

A = TypeVar("A", bound=BaseModel)
"""What the viewers of one kind may ask for."""


@dataclass(frozen=True, slots=True)
class End:
    """How a viewer's time ended; without a code the connection is gone already."""

    code: int | None
    reason: str = ""


GONE = End(None)
FINISHED = End(1000, "finished")
TOO_SLOW = End(1013, "too slow; reconnect with since")
BROKER_AWAY = End(1013, "the broker does not answer; reconnect with since")


@dataclass(slots=True)
class Visit:
    """One viewer's time; whoever serves it sets `end`."""

    end: End = GONE


def outlet_for(websocket: WebSocket, services: Services) -> Outlet:
    """The way out of an accepted WebSocket, with the bounds that viewers have."""
    return outlet_of(
        websocket,
        soft_bytes=services.settings.viewer_bytes,
        stall_s=services.settings.stall_s,
        crowds=services.crowds,
        budget=services.budget,
        stats=services.stats,
    )


@contextlib.asynccontextmanager
async def visit(services: Services, seat: Seat, outlet: Outlet, *, deleted: End) -> AsyncIterator[Visit]:
    """Serve a viewer in the block, within all viewers' bounds; what ends it there becomes the way its socket is closed.

    `deleted`: the end where there is no such channel any more.
    """
    found = Visit()
    try:
        with services.budget.shared_by(outlet):
            yield found
    except Gone:
        found.end = GONE
    except TooSlow:
        found.end = TOO_SLOW
    except NoChannel:
        found.end = deleted
    except BrokerUnavailable:
        found.end = BROKER_AWAY
    services.stats.viewers_let_go += seat.let_go or found.end is TOO_SLOW
    if found.end is TOO_SLOW:
        # An orderly close would keep its backlog until a peer that does not read has read it.
        outlet.abort()
    if found.end.code is not None:
        await outlet.close(found.end.code, found.end.reason)


async def pass_on(subscription: Subscription, outlet: Outlet) -> End:
    """Hand entries over as they are, as they come, and end behind the channel's last one.

    A viewer that has everything rides with the others that have; one that is behind is served by itself, here, with what
    others at the same place are given too. A task that goes on behind its last entry has another one.
    """
    while True:
        if subscription.at_head and await outlet.ride(subscription):
            await outlet.finish()
            return FINISHED
        try:
            piece = piece_of(await subscription.next_batch(max_bytes=outlet.room))
        except BrokerUnavailable:
            await asyncio.sleep(RETRY_S)
            continue
        await outlet.send_piece(piece)
        if piece.final and subscription.at_head:
            await outlet.finish()
            return FINISHED


async def listen(
    websocket: WebSocket,
    outlet: Outlet,
    *,
    judge: Callable[[str | None], A | PingFrame | Refusal] = parse,  # type: ignore[assignment]  # where A is `Asked`
    take: Callable[[A], Awaitable[Refusal | None]] | None = None,
) -> End:
    """Answer a viewer's frames until it leaves; always reading is also what notices that it left.

    `judge` says what a frame is, and `take` does what a good one asks for: what it refuses was no bad frame. Without `take`
    the judge lets pings through only.
    """
    patience, pace = Patience(), Pace(FRAMES_PER_S, BURST)
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return GONE
        told = judge(received.get("text"))
        if isinstance(told, Refusal):
            patience.bad()
            await outlet.send([told.frame()])
            if told.code == "too_large":
                return End(1009, "the frame is too large")
            if patience.exhausted:
                return End(1008, f"{MAX_BAD_IN_A_ROW} bad frames in a row")
            await pace.spend()
            continue
        patience.good()
        if isinstance(told, PingFrame):
            await outlet.send([message("pong", ts=time.time())])
        elif take is not None and (refusal := await take(told)) is not None:
            await outlet.send([refusal.frame()])
        elif isinstance(told, CommandFrame):
            continue  # which are counted for each user, not for each socket
        await pace.spend()
