"""`gridcast up`: a whole service on this machine, until it is told to end."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gridcast.client import JSONObject, Service

from . import environment, terminal
from .broker import public
from .exits import CliError, Exit
from .folder import Folder, Running
from .keeper import GaveUp
from .log import Log, TerminalLog
from .network import check_port, free_port
from .safety import check_host
from .sessions import Course, check_success, follow_to_end
from .signals import StopSignals
from .summary import print_summary
from .supervisor import Plan, Supervisor, plan

DEMO_SPEED = 30.0
"""Simulated seconds per second of a demo that people watch: an hour in two minutes. Scripts get full speed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpOptions:
    """The command line of `gridcast up`."""

    host: str
    port: int
    workers: int
    slots: int | None
    directory: Path
    demo: str | None
    exit_when_done: bool
    open_page: bool
    json: bool


async def up(options: UpOptions) -> Exit:
    """Run until a signal (or, with `exit_when_done`, the end of the demo); nothing is left running afterwards.

    Raises:
        CliError: it cannot start, or the demo failed.
        ClientError: the demo was refused.
    """
    await check_host(options.host, os.environ)
    folder = Folder(options.directory)
    with folder.held(), TerminalLog(colour=terminal.coloured(), as_json=environment.logs_json()) as log:
        if options.port:
            check_port(options.host, options.port)
        wanted = plan(
            host=options.host,
            port=options.port or free_port(options.host),
            workers=options.workers,
            slots=options.slots,
            directory=options.directory,
            external_redis=environment.external_broker(),
        )
        log.line("up", f"starting in {options.directory} with the broker {public(wanted.redis_url)}")
        stop = StopSignals()
        supervisor = Supervisor(wanted, log=log, changed=lambda pids: _write(folder, wanted, pids))
        with stop.heard():
            async with supervisor:
                serving = asyncio.create_task(_serve(options, supervisor, log))
                stopping = asyncio.create_task(stop.event.wait())
                await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
                stop.again = supervisor.hurry
                for task in (serving, stopping):
                    task.cancel()
                await asyncio.wait([serving, stopping])
                log.line("up", "ending; Ctrl-C once more to end at once")
                return stop.exit if serving.cancelled() else serving.result()


async def _serve(options: UpOptions, supervisor: Supervisor, log: Log) -> Exit:
    try:
        await supervisor.until_ready()
    except GaveUp as error:
        raise CliError(error.exit, f"{error}; the lines above say why") from error
    sys.stdout.write(f"ready {supervisor.plan.url}\n")
    sys.stdout.flush()
    async with Service(supervisor.plan.url) as service:
        demo = await _start_demo(options, service, log) if options.demo else None
        if options.open_page:
            await asyncio.to_thread(webbrowser.open, str(demo["url"]) if demo else service.url)
        if demo is None or not options.exit_when_done:
            await asyncio.get_running_loop().create_future()  # until cancelled
        assert demo is not None
        course = Course(session=demo)
        await follow_to_end(
            service, course, advanced=lambda entry: None, notice=lambda text: log.line("up", text)
        )
        print_summary(course, as_json=options.json)
        check_success(course)
        return Exit.OK


async def _start_demo(options: UpOptions, service: Service, log: Log) -> JSONObject:
    assert options.demo
    speed = "max" if options.exit_when_done else DEMO_SPEED
    session = await service.create_session(options.demo, speed=speed)
    log.line("up", f"demo {options.demo}: {session['url']}")
    return session


def _write(folder: Folder, wanted: Plan, pids: Mapping[str, list[int]]) -> None:
    folder.write(
        Running(
            url=wanted.url,
            redis_url=wanted.redis_url,
            broker_pid=next(iter(pids["broker"]), None),
            api_pids=pids["api"],
            worker_pids=pids["worker"],
        )
    )
