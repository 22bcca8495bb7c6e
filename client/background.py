"""An event loop in a thread of its own, for code without `await`."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from typing import Any, Final, TypeVar

T = TypeVar("T")

_END: Final = object()
CLOSED = "this client is closed"


class Background:
    """Runs coroutines and async generators for any thread. Everything that is open ends with `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="gridcast-client", daemon=True)
        self._open: set[_Open] = set()
        self._closing: set[asyncio.Task[Any] | None] = set()
        self._closed = False
        # What is submitted before `close` is cancelled by it. Reentrant: a garbage collection in between may submit too.
        self._submitting = threading.RLock()
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; it is cancelled if this thread is interrupted meanwhile.

        Raises:
            RuntimeError: closed, before or meanwhile.
        """
        future = self._submit(coroutine)
        if future is None:
            raise RuntimeError(CLOSED)
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError(CLOSED) from None
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncGenerator[T]) -> Generator[T]:
        """The items of an async generator, which is closed with the one that this returns, at whatever moment."""
        opened = _Open(items)
        self._open.add(opened)
        try:
            while (item := self.call(opened.step())) is not _END:
                yield item
        finally:
            closing = self._submit(self._close(opened))
            # The garbage collector may get here in the loop's own thread, which must not wait for itself.
            if closing is not None and threading.current_thread() is not self._thread:
                with contextlib.suppress(CancelledError):
                    closing.result()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel what runs, close what is open, run `last`, end the thread. Closing twice is fine."""
        with self._submitting:
            if not self._closed:
                self._submit(self._end(last))
                self._closed = True
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T] | None:
        """Let a coroutine run; None where everything is closed."""
        with self._submitting:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        coroutine.close()
        return None

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()

    async def _close(self, opened: _Open) -> None:
        closing = asyncio.current_task()
        self._closing.add(closing)
        try:
            await opened.close()
        finally:
            self._open.discard(opened)
            self._closing.discard(closing)

    async def _end(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        current = asyncio.current_task()
        running = [task for task in asyncio.all_tasks() if task is not current]
        for task in running:
            # One that closes its connection already would leave it open if it were cancelled in that.
            if task not in self._closing and not task.cancelling():
                task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for opened in list(self._open):
            await opened.close()
        await last()
        self._loop.stop()


class _Open:
    """An async generator with a lock: it must not be closed while it takes a step, not even one that is cancelled."""

    def __init__(self, items: AsyncGenerator[Any]) -> None:
        self._items = items
        self._lock = asyncio.Lock()

    async def step(self) -> Any:
        async with self._lock:
            return await anext(self._items, _END)

    async def close(self) -> None:
        async with self._lock:
            await self._items.aclose()
