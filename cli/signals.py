"""Signals that ask `up` to end, heard by the event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .exits import Exit

EXITS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.OK, signal.SIGHUP: Exit.OK}
"""Ctrl-C interrupts; a service manager that ends a service did what it wanted."""


class StopSignals:
    """`event` is set by the first signal; each later one calls `again`."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.exit = Exit.OK
        self.again: Callable[[], None] = lambda: None

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear the signals while the context is open."""
        loop = asyncio.get_running_loop()
        for number in EXITS:
            loop.add_signal_handler(number, self._hear, number)
        try:
            yield
        finally:
            for number in EXITS:
                loop.remove_signal_handler(number)

    def _hear(self, number: signal.Signals) -> None:
        if self.event.is_set():
            self.again()
            return
        self.exit = EXITS[number]
        self.event.set()
