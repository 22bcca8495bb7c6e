"""`/api/ws/tasks/{id}` and `/api/ws/experiments/{id}`: the events of a task on a WebSocket, those that are past first."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.responses import Response

from gridcast.broadcaster import BrokerUnavailable, Channel, NoChannel, Subscription, Viewer
from gridcast.broadcaster.names import Epoch, new_id, task_of

from .frames import ends_channel, frame_of, message
from .inbound import Refusal, parse
from .models import EventsQuery, PingFrame
from .outlet import Outlet, outlet_of
from .problems import validated
from .replies import fails_with, first_of, reply
from .services import Services, ServicesDep, services_of
from .stream import serve
from .task_models import Subscribers
from .task_views import experiment_channel, task_channel, task_object, task_state
from .users import LOCAL_ROLE, LOCAL_USER
from .views import Base
from .visit import FINISHED, PROTOCOL, RETRY_S, End, listen, visit

router = APIRouter(tags=["tasks"])

DELETED = End(4404, "it was deleted")


async def follow(
    websocket: WebSocket, services: Services, channel: Channel, wish: EventsQuery, about: dict[str, Any]
) -> None:
    """Serve an accepted WebSocket until either side ends; `about` says in `hello` what it is that is followed.

    Raises:
        NoChannel, BrokerUnavailable: before the first frame; the caller refuses the socket.
    """
    settings = services.settings
    outlet = outlet_of(
        websocket,
        soft_bytes=settings.viewer_bytes,
        stall_s=settings.stall_s,
        crowds=services.crowds,
        budget=services.budget,
        stats=services.stats,
    )
    viewer = Viewer(id=new_id(), name=LOCAL_USER, since=time.time())
    epoch = None if wish.epoch is None else Epoch(wish.epoch)
    async with (
        services.hub.subscribe(channel, since=wish.since, epoch=epoch) as subscription,
        services.audience.seat(channel, viewer, outlet) as seat,
    ):
        [newest] = await services.channels.heads([channel])
        if newest is None:
            raise NoChannel(str(channel))
        hello = message(
            "hello",
            **about,
            epoch=newest[0],
            head=max(subscription.head, newest[1]),
            role=LOCAL_ROLE,
            protocol=PROTOCOL,
        )
        seen_all = subscription.at_head and await _is_over(services, channel, subscription)
        async with visit(services, seat, outlet, deleted=DELETED) as here:
            await outlet.send([hello])
            here.end = FINISHED
            if not seen_all:
                here.end = await first_of(_write(subscription, outlet), _read(websocket, outlet))


async def _is_over(services: Services, channel: Channel, subscription: Subscription) -> bool:
    """Whether the last entry so far is the channel's last."""
    newest = await services.channels.page(channel, after=max(0, subscription.head - 1))
    return bool(newest) and ends_channel(newest[-1])


async def _write(subscription: Subscription, outlet: Outlet) -> End:
    """Hand entries over as they come, and end behind the last one, unless the task went on behind it."""
    while True:
        if subscription.at_head and await outlet.ride(subscription):
            await outlet.finish()
            return FINISHED
        try:
            batch = await subscription.next(max_bytes=outlet.room)
        except BrokerUnavailable:
            await asyncio.sleep(RETRY_S)
            continue
        frames = [frame_of(item) for item in batch]
        await outlet.send(frames)
        if frames and frames[-1].final and subscription.at_head:
            await outlet.finish()
            return FINISHED


async def _read(websocket: WebSocket, outlet: Outlet) -> End:
    """Answer pings until the viewer leaves; there is nothing else that it could ask for."""

    def judge(text: str | None) -> PingFrame | Refusal:
        told = parse(text)
        if isinstance(told, PingFrame | Refusal):
            return told
        return Refusal(code="bad_frame", detail="tasks are followed here; POST .../cancel ends one")

    return await listen(websocket, outlet, judge=judge)


async def task_stream(websocket: WebSocket) -> None:
    """Serve one viewer of a task."""

    async def work() -> None:
        services, task_id = services_of(websocket), websocket.path_params["task_id"]
        state = await task_state(services, task_id)
        about = {"task": task_object(state, base=Base.of(websocket))}
        await follow(websocket, services, task_channel(task_id), _wish(websocket), about)

    await serve(websocket, work)


async def experiment_stream(websocket: WebSocket) -> None:
    """Serve one viewer of an experiment."""

    async def work() -> None:
        ident = websocket.path_params["experiment_id"]
        about = {"experiment": {"id": ident, "task_id": task_of(ident)}}
        channel = experiment_channel(ident)
        await follow(websocket, services_of(websocket), channel, _wish(websocket), about)

    await serve(websocket, work)


def _wish(websocket: WebSocket) -> EventsQuery:
    return validated(EventsQuery, websocket.query_params)


@router.get("/api/ws/tasks/{task_id}/subscribers", response_model=Subscribers, responses=fails_with(404, 503))
async def subscribers(services: ServicesDep, task_id: str) -> Response:
    """How many follow a task, across all API processes."""
    state = await task_state(services, task_id)
    count = await services.presence.count(state.channel)
    return reply({"task_id": task_id, "subscribers": count})


router.add_websocket_route("/api/ws/tasks/{task_id}", task_stream)
router.add_websocket_route("/api/ws/experiments/{experiment_id}", experiment_stream)
