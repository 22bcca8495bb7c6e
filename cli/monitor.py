"""`gridcast monitor`: a live view of all runs of a service, or of one, until q is pressed."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.live import Live

from gridcast.client import ClientError, Problem, Service

from . import keys, terminal
from .choose import NOT_FOUND, service_at, service_with
from .exits import CliError, Exit
from .observer import Observer, Picture
from .picture import document, lines, tables

EVERY_S = 1.0
PLAIN_EVERY_S = 10.0
"""Where lines pile up instead of being painted over."""
SHOWN = 100
ROWS_BESIDE = 8
"""Lines of a terminal that the sessions do not get: headings and workers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorOptions:
    """The command line of `gridcast monitor`; `name` None: all sessions."""

    name: str | None
    every_s: float | None
    once: bool
    url: str | None
    json: bool


async def monitor(options: MonitorOptions) -> Exit:
    """Show what runs, until it is told to end or the one session is over.

    Raises:
        CliError: no one session is meant, or it was deleted.
        ClientError: the service does not answer at the first look; later ones try again.
    """
    async with _meant(options) as (service, only):
        console = terminal.out()
        painted = console.is_terminal and not console.is_dumb_terminal and not options.json
        most = max(1, console.height - ROWS_BESIDE) if painted else SHOWN
        observer = Observer(service, only=only, most=most)
        picture = await observer.look()
        if options.once:
            if options.json:
                terminal.print_json(document(picture))
            else:
                console.print(tables(picture, console))
        elif painted:
            picture = await _paint(observer, picture, only=only, every_s=options.every_s or EVERY_S)
            console.print(tables(picture, console))
        else:
            await _print(observer, picture, only=only, options=options)
        return Exit.OK


@asynccontextmanager
async def _meant(options: MonitorOptions) -> AsyncIterator[tuple[Service, str | None]]:
    if options.name is None:
        async with service_at(options.url) as service:
            yield service, None
    else:
        async with service_with(options.url, options.name) as (service, session):
            yield service, str(session["id"])


async def _look(observer: Observer, last: Picture) -> tuple[Picture, str]:
    """The next picture, or the last one again with the reason why there is none."""
    try:
        return await observer.look(), ""
    except Problem as problem:
        if problem.status == NOT_FOUND:
            raise CliError(Exit.BAD_INPUT, f"the session is gone: {problem}") from problem
        return last, f"{problem}; trying again"
    except ClientError as error:
        return last, f"{error}; trying again"


def _finished(picture: Picture, only: str | None) -> bool:
    return only is not None and all(seen.over for seen in picture.seen)


async def _paint(observer: Observer, picture: Picture, *, only: str | None, every_s: float) -> Picture:
    console = terminal.out()
    leaving = asyncio.Event()

    def pressed(typed: bytes) -> None:
        if b"q" in typed.lower():
            leaving.set()

    note = ""
    with keys.heard(pressed), Live(console=console, screen=True, auto_refresh=False) as live:
        while not leaving.is_set() and not _finished(picture, only):
            live.update(tables(picture, console, note=note or "q ends"), refresh=True)
            if not await _pause(leaving, every_s):
                picture, note = await _look(observer, picture)
    return picture


async def _print(observer: Observer, picture: Picture, *, only: str | None, options: MonitorOptions) -> None:
    """Lines for a pipe or a terminal that cannot be painted on."""
    while True:
        if options.json:
            terminal.print_json({"ts": time.time(), **document(picture)})
        else:
            for line in lines(picture, time.strftime("%H:%M:%S")):
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
        if _finished(picture, only):
            return
        await asyncio.sleep(options.every_s or PLAIN_EVERY_S)
        picture, note = await _look(observer, picture)
        if note:
            terminal.say(note)


async def _pause(leaving: asyncio.Event, pause_s: float) -> bool:
    """Whether leaving was asked for meanwhile."""
    try:
        await asyncio.wait_for(leaving.wait(), pause_s)
    except TimeoutError:
        return False
    return True
