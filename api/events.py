"""`/api/sessions/{id}/events`, `/api/tasks/{id}/events`, `/api/operations/{id}/events`: the same entries as Server-Sent
Events, for proxies that strip WebSockets and for curl."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gridcast.broadcaster import BrokerUnavailable, Channel, ChannelGone, Entry, Reset, Subscription, Viewer
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.names import Epoch, new_id
from gridcast.broadcaster.sessions import SessionState

from .budget import TooSlow
from .failures import Fault, invalid
from .frames import Frame, ends_channel, message
from .http import EXTENSION
from .models import EventsQuery, Since
from .operation_views import operation_state
from .outlet import PIECE_BYTES
from .playhead import Mailbox
from .replies import fails_with, first_of
from .services import Services, ServicesDep
from .task_views import task_state
from .users import present_user
from .views import channel_of, state_of

router = APIRouter(tags=["sessions"])

RETRY_MS = 1000
"""How long browsers wait before they come back."""

RETRY_S = 0.25
MAX_OFFSET_DIGITS = 19
"""No log has more entries; Python refuses to read numbers of thousands of digits."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def event(epoch: str, item: Entry | Reset) -> bytes:
    """One event; its id is where a browser goes on that has seen it."""
    if isinstance(item, Reset):
        return b"id: %b:%d\ndata: %b\n\n" % (item.epoch.encode(), item.earliest_offset - 1, item.encode())
    return b"id: %b:%d\ndata: %b\n\n" % (epoch.encode(), item.offset, item.data)


def aside(frame: Frame) -> bytes:
    """One event that is no entry, named so that who reads entries does not see it: it has no id, and no place in the log."""
    kind = orjson.loads(frame.payload)["type"].encode()
    return b"event: %b\ndata: %b\n\n" % (kind, frame.payload)


def last_seen(event_id: str) -> tuple[Epoch, int]:
    """Inverse of an event's id. Raises `Failure`."""
    epoch, _, offset = event_id.rpartition(":")
    if not epoch or not offset.isascii() or not offset.isdigit() or len(offset) > MAX_OFFSET_DIGITS:
        raise invalid([Fault(("Last-Event-ID",), "must be the id of an event of this stream, epoch:offset")])
    return Epoch(epoch), int(offset)


class EventStream(Response):
    """Streams a channel until its last entry, the client's leave or the server's end."""

    def __init__(self, services: Services, channel: Channel, *, since: Since, epoch: Epoch | None) -> None:
        super().__init__(status_code=200)
        self._services = services
        self._channel = channel
        self._since = since
        self._epoch = epoch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services = self._services
        viewer = Viewer(id=new_id(), name=present_user(), since=time.time())
        async with (
            services.hub.subscribe(self._channel, since=self._since, epoch=self._epoch) as subscription,
            services.audience.seat(self._channel, viewer, None) as seat,
        ):
            mailbox = Mailbox()
            if self._channel.kind == "session":
                seat.ear = mailbox
            await self._put(send, {"type": "http.response.start", "status": 200, "headers": _HEADERS})
            try:
                await first_of(
                    self._stream(subscription, send),
                    self._company(mailbox, send),
                    _left(receive),
                    _closing(services),
                )
                await self._body(send, b"", more=False)
            except (TimeoutError, TooSlow):
                services.stats.viewers_let_go += 1
                await _let_go(scope, receive)

    async def _stream(self, subscription: Subscription, send: Send) -> None:
        # The first heartbeat at once: it tells the server's clock, and that nothing on the way holds the stream back.
        await self._body(send, b"retry: %d\n\n" % RETRY_MS + aside(message("heartbeat", ts=time.time())))
        while True:
            try:
                async with asyncio.timeout(self._services.settings.heartbeat_s):
                    batch = await subscription.next(max_bytes=PIECE_BYTES)
            except TimeoutError:
                await self._body(send, aside(message("heartbeat", ts=time.time())))
            except BrokerUnavailable:
                await asyncio.sleep(RETRY_S)
            except ChannelGone:
                return
            else:
                await self._body(send, b"".join(event(subscription.epoch, item) for item in batch))
                if _over(batch) and subscription.at_head:
                    return

    async def _company(self, mailbox: Mailbox, send: Send) -> None:
        while True:
            await self._body(send, aside(await mailbox.take()))

    async def _body(self, send: Send, data: bytes, *, more: bool = True) -> None:
        with self._services.budget.waiting(len(data)):
            await self._put(send, {"type": "http.response.body", "body": data, "more_body": more})

    async def _put(self, send: Send, message: dict[str, object]) -> None:
        """Raises `TimeoutError` where the client makes no progress."""
        async with asyncio.timeout(self._services.settings.stall_s):
            await send(message)


def _over(batch: Sequence[Entry | Reset]) -> bool:
    last = batch[-1]
    return isinstance(last, Entry) and ends_channel(last)


async def _let_go(scope: Scope, receive: Receive) -> None:
    """Cut the connection, where the server offers that; it is no mistake then that the response has no end."""
    cut = (scope.get("extensions") or {}).get(EXTENSION)
    if cut is not None:
        cut()
        await _left(receive)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _closing(services: Services) -> None:
    await services.closing.wait()


@router.get(
    "/api/sessions/{session_id}/events",
    response_class=Response,
    responses={
        200: {"description": "Entries as `text/event-stream`", "content": {"text/event-stream": {}}},
        204: {"description": "Everything of a finished session was sent"},
        **fails_with(404, 422, 503),
    },
)
async def events(
    services: ServicesDep,
    session_id: str,
    query: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """A session's entries as they come. `Last-Event-ID` wins over `since` and `epoch`."""
    state = await state_of(services, session_id)
    return _stream(services, channel_of(session_id), state, query, last_event_id)


@router.get(
    "/api/tasks/{task_id}/events",
    response_class=Response,
    responses={
        200: {"description": "Events as `text/event-stream`", "content": {"text/event-stream": {}}},
        204: {"description": "Everything of a task that is over was sent"},
        **fails_with(404, 422, 503),
    },
)
async def task_events(
    services: ServicesDep,
    task_id: str,
    query: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """A task's events as they come. `Last-Event-ID` wins over `since` and `epoch`."""
    state = await task_state(services, task_id)
    return _stream(services, state.channel, state, query, last_event_id)


@router.get(
    "/api/operations/{operation_id}/events",
    response_class=Response,
    responses={
        200: {"description": "Entries as `text/event-stream`", "content": {"text/event-stream": {}}},
        204: {"description": "Everything of an operation that is over was sent"},
        **fails_with(404, 422, 503),
    },
    tags=["operations"],
)
async def operation_events(
    services: ServicesDep,
    operation_id: str,
    query: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """What an operation tells, as it comes. `Last-Event-ID` wins over `since` and `epoch`."""
    state = await operation_state(services, operation_id)
    return _stream(services, state.channel, state, query, last_event_id)


def _stream(
    services: Services,
    channel: Channel,
    state: SessionState | AnalysisState,
    query: EventsQuery,
    last_event_id: str | None,
) -> Response:
    since: Since = query.since
    epoch = None if query.epoch is None else Epoch(query.epoch)
    if last_event_id:
        epoch, since = last_seen(last_event_id)
    if state.over and since in ("live", state.head) and epoch in (None, state.epoch):
        return Response(status_code=204)
    return EventStream(services, channel, since=since, epoch=epoch)
