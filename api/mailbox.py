"""A queue for one reader that is nearly always empty: `asyncio.Queue` takes four kilobytes for that, of each connection."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Letter = TypeVar("Letter")


class Mailbox(Generic[Letter]):
    """Letters are taken in the order in which they came. One task reads; nobody waits to put one in."""

    __slots__ = ("_arrival", "_letters")

    def __init__(self) -> None:
        self._letters: list[Letter] = []
        self._arrival: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._letters

    def put_nowait(self, letter: Letter) -> None:
        self._letters.append(letter)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def get(self) -> Letter:
        """The next letter, once there is one. Cancelled, it takes none."""
        while not self._letters:
            self._arrival = asyncio.get_running_loop().create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        return self._letters.pop(0)
