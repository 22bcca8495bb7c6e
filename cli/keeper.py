"""Keeps one program running: starts it again when it dies, until told to end it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from .exits import Exit
from .log import Log
from .process import Process, Program, describe_exit

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
STEADY_S = 10.0
"""A program that ran this long was healthy: its next restart is a quick one again."""
TRIES_AT_START = 3
"""Deaths in a row, before the service was ready once, after which starting it has failed."""


class GaveUp(Exception):
    """A program dies again and again before it has ever served, or says itself that it cannot."""

    def __init__(self, name: str, code: int) -> None:
        why = (
            "a setting is not valid"
            if code == Exit.BAD_INPUT
            else f"it {describe_exit(code)} {TRIES_AT_START} times in a row"
        )
        super().__init__(f"{name} does not start: {why}")
        self.exit = Exit.BAD_INPUT if code == Exit.BAD_INPUT else Exit.FAILED


class RestartPolicy:
    """Decides what follows a death; knows no clock and no process."""

    def __init__(self) -> None:
        self._quick_deaths = 0

    def after_death(self, lived_s: float, *, proven: bool) -> float | None:
        """Seconds to wait before the next start, or None to give up; `proven` once the service was ready."""
        self._quick_deaths = 1 if lived_s >= STEADY_S else self._quick_deaths + 1
        if not proven and self._quick_deaths >= TRIES_AT_START:
            return None
        return float(min(FIRST_WAIT_S * 2 ** (self._quick_deaths - 1), LONGEST_WAIT_S))


class Keeper:
    """One program over all its lives. `changed` is called whenever `pid` has changed."""

    def __init__(
        self, program: Program, *, log: Log, changed: Callable[[], None], proven: Callable[[], bool]
    ) -> None:
        self.program = program
        self._log = log
        self._changed = changed
        self._proven = proven
        self._process: Process | None = None
        self._ending = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now, or None between two lives."""
        return self._process.pid if self._process else None

    async def run(self) -> None:
        """Return only when `end` was called.

        Raises:
            GaveUp: it died too often before the service was ready for the first time, or of a setting.
        """
        policy = RestartPolicy()
        while not self._ending.is_set():
            started = monotonic()
            process = await Process.start(self.program, self._log)
            self._set(process)
            if self._ending.is_set():  # `end` came while the process was being made and did not see it
                await process.end(0, self._ending)
            code = await process.wait()
            self._set(None)
            if self._ending.is_set():
                return
            proven = self._proven()
            wait_s = policy.after_death(monotonic() - started, proven=proven)
            if code == Exit.BAD_INPUT and not proven:
                wait_s = None
            if wait_s is None:
                raise GaveUp(self.program.name, code)
            self._log.line(
                "up", f"{self.program.name} (pid {process.pid}) {describe_exit(code)}; starting it again"
            )
            await _wait(self._ending, wait_s)

    async def end(self, grace_s: float, hurry: asyncio.Event) -> None:
        """End the program for good; `run` returns."""
        self._ending.set()
        if self._process:
            await self._process.end(grace_s, hurry)

    def _set(self, process: Process | None) -> None:
        self._process = process
        self._changed()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
