"""A viewer on a host of its own: follows a session over every loss of its connection, and remembers what it was given."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import ParamSpec, Protocol, TypeVar

import orjson
import websockets
from websockets.asyncio.client import ClientConnection

from gridcast.broadcaster import Entry, Reset
from gridcast.broadcaster.entries import offset_of
from gridcast.broadcaster.names import Epoch
from tests.checker import judge
from tests.machines.plant import OWNER, signed_in
from tests.waiting import PATIENCE_S, until

Given = ParamSpec("Given")
Found = TypeVar("Found")

CONNECT_S = 2.0
PONG_S = 3.0
PAUSE_S = 0.1


class Place(Protocol):
    """Where a viewer is."""

    async def call(self, work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """`work(...)`, done there."""
        ...


class Viewer:
    """One reader. `doors` are taken in turn, each time that a connection is lost or refused."""

    def __init__(self, host: Place, doors: Sequence[str], session_id: str) -> None:
        self.history: list[Entry | Reset] = []
        self.epoch: Epoch | None = None
        self.began_in: Epoch | None = None
        self.connections = 0
        self.ticks = 0
        """How many are done, as far as it was told."""
        self._host = host
        self._doors = itertools.cycle(doors)
        self.session_id = session_id
        self._path = f"/api/ws/sessions/{session_id}"
        self.at = 0
        """Offset of the last entry that it was given."""
        self._socket: ClientConnection | None = None

    async def follow(self) -> None:
        """Return when the session is over and everything was sent."""
        while True:
            door = next(self._doors)
            try:
                if await self._once(door):
                    return
            except (OSError, TimeoutError, websockets.InvalidHandshake):
                pass
            await asyncio.sleep(PAUSE_S)

    async def _once(self, door: str) -> bool:
        address, _, port = door.partition(":")
        query = f"?since={self.at}" + (f"&epoch={self.epoch}" if self.epoch else "")
        connected = await self._host.call(socket.create_connection, (address, int(port)), CONNECT_S)
        connected.setblocking(False)
        async with websockets.connect(
            f"ws://{door}{self._path}{query}",
            sock=connected,
            additional_headers=signed_in(OWNER),
            compression=None,
            max_size=None,
            proxy=None,
            open_timeout=CONNECT_S,
            close_timeout=0.5,
            ping_interval=1.0,
            ping_timeout=PONG_S,
        ) as viewer:
            self._socket = viewer
            self.connections += 1
            try:
                async for frame in viewer:
                    self.take(frame.encode() if isinstance(frame, str) else frame)
            except websockets.ConnectionClosedError:
                pass
            finally:
                self._socket = None
            return viewer.close_code == 1000

    def take(self, frame: bytes) -> None:
        """One frame, as it came."""
        if frame.startswith(b'{"offset":'):
            self.at = offset_of(frame)
            entry = Entry(self.at, frame)
            self.history.append(entry)
            if entry.type == "ticks":
                told = orjson.loads(frame)
                self.ticks = told["first"] + len(told["t_s"])
            return
        told = orjson.loads(frame)
        if told["type"] == "hello":
            self.epoch = self.epoch or told["epoch"]
            self.began_in = self.began_in or told["epoch"]
        elif told["type"] == "reset":
            self.epoch, self.at = told["epoch"], told["earliest_offset"] - 1
            self.history.append(
                Reset(
                    epoch=told["epoch"],
                    earliest_offset=told["earliest_offset"],
                    earliest_tick=told["earliest_tick"],
                    reason=told["reason"],
                )
            )

    async def say(self, **frame: object) -> None:
        """Send a frame on the connection that there is, or will be."""
        await until(lambda: self._socket is not None, what="a connection")
        assert self._socket is not None
        await self._socket.send(orjson.dumps(frame).decode())

    async def until_tick(self, tick: int) -> None:
        """Wait until it has seen so many ticks."""
        await until(lambda: self.ticks > tick, what=f"tick {tick} at a viewer")

    def judge(self, log: dict[int, bytes]) -> None:
        """It was given the whole log, each entry once, in order, byte for byte, and nothing was called missing."""
        assert self.began_in is not None
        judge(self.history, {self.began_in: log}, epoch=self.began_in)
        assert not [item for item in self.history if isinstance(item, Reset)]


@contextlib.asynccontextmanager
async def following(*viewers: Viewer) -> AsyncIterator[None]:
    """The viewers follow within the block; at its end each must have seen its session's end."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(viewer.follow()) for viewer in viewers]
        try:
            yield
            async with asyncio.timeout(2 * PATIENCE_S):
                await asyncio.gather(*started)
        finally:
            for task in started:
                task.cancel()
