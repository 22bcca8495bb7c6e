"""Where the past is read: in a few threads, so that the loop that serves live viewers goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from gridcast.recordings.store import Store, store_at

P = ParamSpec("P")
R = TypeVar("R")

READERS: Final = 2
"""Answers that are being made at once; others wait. Each holds a chunk and what it has gathered."""

EXPORTS: Final = 4
"""Exports under way at once; each holds a chunk or two for as long as its client takes."""

LARGE_BYTES: Final = 8 << 20
LARGE_AT_ONCE: Final = 2
"""Answers larger than that which are kept until their clients have them; others wait."""


class Desk:
    """Threads, their bounds, and the store of the recordings."""

    def __init__(self, where: str | None) -> None:
        self._where = where
        self._store: Store | None = None
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="history")
        self.reading = asyncio.Semaphore(READERS)
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self.exports = asyncio.Semaphore(EXPORTS)

    async def run(self, work: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """Do a piece of work, of some ten milliseconds, in a thread.

        Who is cancelled does not wait for the piece that is being done; none of its further pieces is begun.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args, **options))

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
