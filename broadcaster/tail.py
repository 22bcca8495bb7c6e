"""The live tail: one Pub/Sub connection for a whole process, supervised.

redis-py connects, authenticates and selects; after that `replies.py` reads in its place. A lost connection is opened again
with back-off; a dead one that looks idle is found by a canary that the process sends to itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

from .client import ANSWER_S, BROKER_ERRORS
from .errors import BrokerUnavailable
from .replies import Replies

log = structlog.get_logger(__name__)

CANARY_S = 2.0
"""How often a process sends a canary to itself."""

SILENT_S = 3 * CANARY_S
"""A connection that brought no canary for this long is dead."""


@dataclass(slots=True)
class _Wanted:
    """One subscription; live once the confirmation of its own SUBSCRIBE came, which may stand behind older ones'."""

    awaited: int = 0
    live: asyncio.Event = field(default_factory=asyncio.Event)


class Tail:
    """Delivers messages of subscribed channels to `on_message`, in order, synchronously.

    `on_read` is called when all messages of one read were delivered, so that what they cause can be done for all at once.
    `on_connected` runs after every (re)connect, when all subscriptions are confirmed again: messages of the time in
    between are lost, so it must look at the logs.
    """

    def __init__(
        self,
        client: Redis,
        *,
        canary: str,
        on_message: Callable[[str, bytes], None],
        on_read: Callable[[], None],
        on_connected: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._canary = canary
        self._on_message = on_message
        self._on_read = on_read
        self._on_connected = on_connected
        self._clock = clock
        self._wanted: dict[str, _Wanted] = {}
        self._unconfirmed: Counter[str] = Counter()
        self._connection: AbstractConnection | None = None
        self._heard = -math.inf
        self._proven = False
        self._warned = False
        self._catching_up: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether the canary came back lately: what is published now does arrive here."""
        return self._connection is not None and self._clock() - self._heard < SILENT_S

    async def subscribe(self, name: str) -> None:
        """Return once the broker has confirmed that `name` is delivered here.

        Raises:
            BrokerUnavailable: not within `ANSWER_S`. The subscription stays wanted until `unsubscribe`.
        """
        wanted = self._wanted.get(name)
        if wanted is None:
            wanted = self._wanted[name] = _Wanted()
            await self._send_subscribe([name])
        try:
            async with asyncio.timeout(ANSWER_S):
                await wanted.live.wait()
        except TimeoutError:
            raise BrokerUnavailable("the broker did not confirm a subscription") from None

    async def unsubscribe(self, name: str) -> None:
        """Stop delivering `name`."""
        if self._wanted.pop(name, None) is not None:
            await self._send("UNSUBSCRIBE", name)

    async def run(self) -> None:
        """Keep the connection up until cancelled."""
        delay_s = 0.05
        while True:
            try:
                await self._live()
                delay_s = 0.05
            except BROKER_ERRORS as error:
                if not self._warned:
                    log.warning("broker lost, reconnecting", error=str(error))
                    self._warned = True
                if self._proven:
                    delay_s = 0.05
            finally:
                await self._close()
            await asyncio.sleep(random.uniform(0.5, 1.0) * delay_s)
            delay_s = min(1.0, 2 * delay_s)

    async def _live(self) -> None:
        """One connection's life; raises when it ends."""
        connection: AbstractConnection = self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._proven = False
        async with asyncio.timeout(ANSWER_S):
            await connection.connect()  # type: ignore[no-untyped-call]
        self._connection = connection
        self._unconfirmed.clear()
        transport = cast("asyncio.Transport", connection._writer.transport)  # type: ignore[union-attr]  # connected
        replies = Replies(transport, handle=self._handle, handled=self._read_done)
        transport.set_protocol(replies)
        self._heard = self._clock()
        await connection.send_command("SUBSCRIBE", self._canary)
        await self._send_subscribe(list(self._wanted))
        try:
            while True:
                await asyncio.wait([replies.ended], timeout=CANARY_S)
                if replies.ended.done():
                    replies.ended.result()
                if self._clock() - self._heard > SILENT_S:
                    raise ConnectionError(f"no canary for {SILENT_S:g} s on the live tail")
                if self._catching_up is not None and self._catching_up.done():
                    self._catching_up.result()
        finally:
            replies.ended.cancel()
            catching_up, self._catching_up = self._catching_up, None
            if catching_up is not None:
                catching_up.cancel()
                with contextlib.suppress(asyncio.CancelledError, BrokerUnavailable, *BROKER_ERRORS):
                    await catching_up

    def _read_done(self) -> None:
        self._on_read()
        if self._catching_up is None and self._all_live():
            self._warned = False
            self._catching_up = asyncio.get_running_loop().create_task(self._caught_up())

    def _all_live(self) -> bool:
        return self._connection is not None and all(wanted.live.is_set() for wanted in self._wanted.values())

    async def _caught_up(self) -> None:
        with contextlib.suppress(BrokerUnavailable):
            await self._on_connected()

    def _handle(self, reply: object) -> None:
        if isinstance(reply, Exception):
            raise ConnectionError(f"the broker refused the live tail: {reply}")
        if not isinstance(reply, list) or len(reply) != 3:
            return
        kind, raw_name, data = reply
        if kind == b"message":
            name = raw_name.decode()
            if name == self._canary:
                self._heard = self._clock()
                self._proven = True
            elif name in self._wanted:
                self._on_message(name, data)
        elif kind == b"subscribe":
            name = raw_name.decode()
            self._unconfirmed[name] -= 1
            wanted = self._wanted.get(name)
            if wanted is not None:
                wanted.awaited -= 1
                if wanted.awaited <= 0:
                    wanted.live.set()

    async def _send_subscribe(self, names: list[str]) -> None:
        if not names or self._connection is None:
            return
        for name in names:
            self._unconfirmed[name] += 1
            self._wanted[name].awaited = self._unconfirmed[name]
        await self._send("SUBSCRIBE", *names)

    async def _send(self, *words: str) -> None:
        connection = self._connection
        if connection is None:
            return
        # A failed send shows at the reader too, which reconnects and subscribes to all that is wanted.
        with contextlib.suppress(*BROKER_ERRORS):
            await connection.send_command(*words)

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        for wanted in self._wanted.values():
            wanted.live.clear()
        if connection is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                await connection.disconnect(nowait=True)
