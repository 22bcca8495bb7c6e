"""Where one viewer looks, and its ear for where the others look. No I/O."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from .frames import Frame

MOVES_PER_S: Final = 4
"""A playhead that moves more often is told less often: it is there to be seen by people."""


class Playhead:
    """The tick at which a viewer looks, None at the newest; moves that come too fast are dropped."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.tick: int | None = None
        self.moved = False
        """Whether the other processes do not know yet."""
        self._clock = clock
        self._moves = float(MOVES_PER_S)
        self._counted_at = clock()

    def move(self, tick: int | None) -> None:
        """Look at another tick, unless four moves were made within the last second."""
        now = self._clock()
        self._moves = min(MOVES_PER_S, self._moves + MOVES_PER_S * (now - self._counted_at))
        self._counted_at = now
        if self._moves < 1:
            return
        self._moves -= 1
        if tick != self.tick:
            self.tick = tick
            self.moved = True


class Ear(Protocol):
    """Takes in who else watches."""

    def tell(self, news: Frame) -> bool:
        """Hand over a frame without waiting; False where this is not the time."""


class Sink(Protocol):
    """What a WebSocket's ear needs of its outlet."""

    @property
    def backlog(self) -> int: ...

    def beat(self, frame: Frame) -> None: ...


class SocketEar:
    """A WebSocket hears nothing while it is behind: what it would hear then is old once it arrives."""

    def __init__(self, outlet: Sink) -> None:
        self._outlet = outlet

    def tell(self, news: Frame) -> bool:
        if self._outlet.backlog > 0:
            return False
        self._outlet.beat(news)
        return True


class Mailbox:
    """Holds the newest frame until the event stream takes it."""

    def __init__(self) -> None:
        self._news: Frame | None = None
        self._came = asyncio.Event()

    def tell(self, news: Frame) -> bool:
        self._news = news
        self._came.set()
        return True

    async def take(self) -> Frame:
        """Wait for the next frame."""
        while self._news is None:
            await self._came.wait()
            self._came.clear()
        news, self._news = self._news, None
        return news
