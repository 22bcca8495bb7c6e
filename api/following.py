"""`/api/ws/tasks/{id}`, `/api/ws/experiments/{id}`, `/api/ws/operations/{id}`: what happens there on a WebSocket, the past
first."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.responses import Response

from gridcast.broadcaster import Channel, NoChannel, Subscription, Viewer
from gridcast.broadcaster.names import Epoch, new_id, task_of
from gridcast.broadcaster.versions import PROTOCOL

from .frames import Frame, ends_channel, message
from .inbound import Refusal, parse
from .models import EventsQuery, PingFrame
from .operation_views import operation_object, operation_state
from .outlet import Outlet
from .problems import validated
from .replies import fails_with, first_of, reply
from .services import Services, ServicesDep, services_of
from .stream import serve
from .task_models import Subscribers
from .task_views import experiment_channel, task_object, task_state
from .users import present_role, present_user
from .views import Base
from .visit import FINISHED, End, listen, outlet_for, pass_on, visit

router = APIRouter(tags=["tasks"])

DELETED = End(4404, "it was deleted")


async def follow(
    services: Services,
    outlet: Outlet,
    channel: Channel,
    wish: EventsQuery,
    *,
    greeting: Callable[[Subscription], Awaitable[Sequence[Frame]]],
    reading: Callable[[], Coroutine[Any, Any, End]],
    heartbeat_s: float = math.inf,
) -> None:
    """Serve one viewer of a channel until either side ends.

    Args:
        greeting: makes the frames that come before the entries.
        reading: listens to the viewer until it leaves.
        heartbeat_s: silence after which it gets a heartbeat, where that is earlier than usual.

    Raises:
        NoChannel, BrokerUnavailable: before the first frame; the caller refuses the socket.
    """
    viewer = Viewer(id=new_id(), name=present_user(), since=time.time())
    epoch = None if wish.epoch is None else Epoch(wish.epoch)
    async with (
        services.hub.subscribe(channel, since=wish.since, epoch=epoch) as subscription,
        services.audience.seat(channel, viewer, outlet) as seat,
    ):
        seat.heartbeat_s = heartbeat_s
        first = await greeting(subscription)
        seen_all = subscription.at_head and await _is_over(services, channel, subscription)
        async with visit(services, seat, outlet, deleted=DELETED) as here:
            await outlet.send(first)
            here.end = FINISHED
            if not seen_all:
                here.end = await first_of(pass_on(subscription, outlet), reading())


async def _stream(websocket: WebSocket, services: Services, channel: Channel, about: dict[str, Any]) -> None:
    """Serve an accepted WebSocket; `about` says in `hello` what it is that is followed."""
    outlet = outlet_for(websocket, services)

    async def greeting(subscription: Subscription) -> Sequence[Frame]:
        [newest] = await services.channels.heads([channel])
        if newest is None:
            raise NoChannel(str(channel))
        head = max(subscription.head, newest[1])
        return [message("hello", **about, epoch=newest[0], head=head, role=present_role(), protocol=PROTOCOL)]

    await follow(
        services,
        outlet,
        channel,
        validated(EventsQuery, websocket.query_params),
        greeting=greeting,
        reading=lambda: listen(websocket, outlet, judge=_judge),
    )


async def _is_over(services: Services, channel: Channel, subscription: Subscription) -> bool:
    """Whether the last entry so far is the channel's last."""
    newest = await services.channels.page(channel, after=max(0, subscription.head - 1))
    return bool(newest) and ends_channel(newest[-1])


def _judge(text: str | None) -> PingFrame | Refusal:
    """Viewers may ping; there is nothing else that they could ask for."""
    told = parse(text)
    if isinstance(told, PingFrame | Refusal):
        return told
    return Refusal(code="bad_frame", detail="what runs here is only followed; POST .../cancel ends it")


async def task_stream(websocket: WebSocket) -> None:
    """Serve one viewer of a task."""

    async def work() -> None:
        services, task_id = services_of(websocket), websocket.path_params["task_id"]
        state = await task_state(services, task_id)
        about = {"task": task_object(state, base=Base.of(websocket))}
        await _stream(websocket, services, state.channel, about)

    await serve(websocket, work)


async def experiment_stream(websocket: WebSocket) -> None:
    """Serve one viewer of an experiment."""

    async def work() -> None:
        ident = websocket.path_params["experiment_id"]
        about = {"experiment": {"id": ident, "task_id": task_of(ident)}}
        await _stream(websocket, services_of(websocket), experiment_channel(ident), about)

    await serve(websocket, work)


async def operation_stream(websocket: WebSocket) -> None:
    """Serve one viewer of an operation."""

    async def work() -> None:
        services = services_of(websocket)
        state = await operation_state(services, websocket.path_params["operation_id"])
        about = {"operation": operation_object(state, base=Base.of(websocket))}
        await _stream(websocket, services, state.channel, about)

    await serve(websocket, work)


@router.get("/api/ws/tasks/{task_id}/subscribers", response_model=Subscribers, responses=fails_with(404, 503))
async def subscribers(services: ServicesDep, task_id: str) -> Response:
    """How many follow a task, across all API processes."""
    state = await task_state(services, task_id)
    count = await services.presence.count(state.channel)
    return reply({"task_id": task_id, "subscribers": count})


router.add_websocket_route("/api/ws/tasks/{task_id}", task_stream)
router.add_websocket_route("/api/ws/experiments/{experiment_id}", experiment_stream)
router.add_websocket_route("/api/ws/operations/{operation_id}", operation_stream)
