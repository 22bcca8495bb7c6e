"""Following a session by WebSocket, over any number of broken connections."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from time import monotonic
from typing import Literal

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from .cursor import Cursor, Hole, may_reconnect
from .errors import Unreachable
from .identity import headers_of
from .net import base_url, is_loopback, websocket_url
from .types import Entry

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
LARGEST_FRAME = 64 << 20
"""An entry holds a few hundred ticks at most: far below this."""
CLOSE_S = 0.1
"""What a service has for its part of the closing handshake. Who leaves with unread frames would not get to see it at all."""
PING_S = 10.0
"""A service that does not answer a ping in this time counts as gone, so that a half-open connection is noticed."""


async def follow(
    url: str,
    ident: str,
    *,
    kind: Literal["sessions", "tasks", "experiments", "operations"] = "sessions",
    since: int = 0,
    epoch: str | None = None,
    give_up_s: float = 60.0,
    headers: Mapping[str, str] | None = None,
    on_reconnect: Callable[[str], None] = lambda reason: None,
) -> AsyncGenerator[Entry]:
    """Yield each entry of a session's (task's, experiment's, operation's) log from `since` on, in order, to its end.

    A lost connection is opened again, with full-jitter back-off, where the last one stopped: no entry is missed or
    repeated, or a `reset` entry says exactly what is missing. `on_reconnect` is told why, each time.
    `headers` say who one is, as `Service.headers` does; default: GRIDCAST_TOKEN.

    Raises:
        Unreachable: nothing was heard from the service for `give_up_s`.
        StreamRefused: no such thing, not allowed, or the like.
    """
    base = base_url(url)
    told = headers_of() if headers is None else dict(headers)
    cursor = Cursor(since, epoch)
    heard = monotonic()
    wait_s = FIRST_WAIT_S
    while True:
        try:
            address = websocket_url(base, f"/api/ws/{kind}/{ident}?{cursor.query}")
            async with connect(
                address,
                compression=None,
                max_size=LARGEST_FRAME,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=CLOSE_S,
                proxy=None if is_loopback(base) else True,
                additional_headers=told,
            ) as socket:
                async for text in socket:
                    wait_s = FIRST_WAIT_S
                    entry = cursor.take(orjson.loads(text))
                    if entry is not None:
                        yield entry
                    heard = monotonic()  # what the caller did meanwhile is not the service's silence
                # `async for` ends quietly on 1000 and 1001 (a server going away).
                code, reason = socket.close_code or 1006, socket.close_reason or ""
            if not may_reconnect(code, reason):
                return
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            reason = closed.rcvd.reason if closed.rcvd else "the connection broke"
            if not may_reconnect(code, reason):
                return
        except Hole as hole:
            reason = str(hole)
        except InvalidURI as error:
            raise Unreachable(base, str(error)) from error
        except (OSError, InvalidHandshake) as error:
            reason = str(error) or type(error).__name__
        if monotonic() - heard > give_up_s:
            raise Unreachable(base, reason or "it closes every connection")
        on_reconnect(reason or "the service is going away")
        await asyncio.sleep(random.uniform(0, wait_s))
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
