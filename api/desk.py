"""Where the past is read: in a few threads, so that the loop that serves live viewers goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Final, ParamSpec, TypeVar

from gridcast.recordings.store import Store, store_at

from .places import Places

P = ParamSpec("P")
R = TypeVar("R")

READERS: Final = 2
"""Answers that are being made at once; others wait. Each holds two chunks and what it has gathered."""

EXPORTS: Final = 4
"""Exports under way at once; each holds two or three chunks for as long as its client takes."""

LARGE_BYTES: Final = 8 << 20
LARGE_AT_ONCE: Final = 2
"""Answers larger than that which are kept until their clients have them; others wait."""

SMALL_BYTES: Final = 64 << 20
"""Of all smaller ones that are kept; others wait. However many clients read slowly, no more memory is theirs."""

TINY_BYTES: Final = 256 << 10
"""Answers up to that are handed to their connections in one go, and wait for nobody."""


class Room:
    """Memory that answers share: first come, first served."""

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = self._free_bytes = total_bytes
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @contextlib.asynccontextmanager
    async def taken(self, size_bytes: int) -> AsyncIterator[None]:
        """Have so much of it, at most all, for as long as the block lasts; waits until that is free."""
        size_bytes = min(size_bytes, self._total_bytes)
        async with self._turn:
            while self._free_bytes < size_bytes:
                self._freed.clear()
                await self._freed.wait()
            self._free_bytes -= size_bytes
        try:
            yield
        finally:
            self._free_bytes += size_bytes
            self._freed.set()


class Desk:
    """Threads, their bounds, and the store of the recordings."""

    def __init__(self, where: str | None) -> None:
        self._where = where
        self._store: Store | None = None
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="history")
        self.reading = asyncio.Semaphore(READERS)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._small = Room(SMALL_BYTES)
        self.exports = Places(EXPORTS)

    async def run(self, work: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """Do a piece of work, of some ten milliseconds, in a thread.

        Who is cancelled does not wait for the piece that is being done; none of its further pieces is begun.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args, **options))

    def keeping(self, size_bytes: int) -> AbstractAsyncContextManager[None]:
        """To be entered before an answer of about that size is made, and left when its client has it."""
        if size_bytes <= TINY_BYTES:
            return contextlib.nullcontext()
        return self._large if size_bytes > LARGE_BYTES else self._small.taken(size_bytes)

    def store(self) -> Store | None:
        """The store, for use in a thread; `None` where nothing is recorded.

        Raises:
            OSError: it does not answer.
            ValueError: the setting names none.
        """
        if self._store is None and self._where is not None:
            self._store = store_at(self._where)
        return self._store

    def close(self) -> None:
        """Begin nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
