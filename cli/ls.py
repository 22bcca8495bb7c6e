"""`gridcast ls`: the sessions of a service, or its tuning tasks, one line each."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSONObject

from . import terminal
from .choose import service_at
from .exits import Exit


@dataclass(frozen=True, kw_only=True, slots=True)
class ListOptions:
    """The command line of `gridcast ls`."""

    status: str | None
    scenario: str | None
    owner: str | None
    limit: int
    tasks: bool
    url: str | None
    json: bool


async def ls(options: ListOptions) -> Exit:
    """Print the newest sessions, or tasks, that pass the filters.

    Raises:
        CliError: nothing names a service.
        ClientError: it refused, or does not answer.
    """
    async with service_at(options.url) as service:
        passing = (
            service.tasks.list(status=options.status, scenario=options.scenario)
            if options.tasks
            else service.sessions(status=options.status, scenario=options.scenario, owner=options.owner)
        )
        found, more = await newest(passing, options.limit)
    if options.json:
        terminal.print_json(found)
        return Exit.OK
    if found:
        now = time.time()
        terminal.out().print(task_table(found, now=now) if options.tasks else table(found, now=now))
    filtered = options.status or options.scenario or options.owner
    if more:
        terminal.say(f"and older ones; --limit shows more than {options.limit}")
    elif not found:
        kind, command = ("task", "tune") if options.tasks else ("session", "run")
        terminal.say(
            f"no {kind} passes these filters"
            if filtered
            else f"no {kind} yet; `gridcast {command}` starts one"
        )
    return Exit.OK


async def newest(items: AsyncGenerator[JSONObject], limit: int) -> tuple[list[JSONObject], bool]:
    """The first `limit` of them, and whether there are more."""
    found: list[JSONObject] = []
    async with aclosing(items):
        async for item in items:
            if len(found) == limit:
                return found, True
            found.append(item)
    return found, False


def table(sessions: list[JSONObject], *, now: float) -> Table:
    """One line for each session."""
    lines = Table(
        Column("id", no_wrap=True),
        Column("title", no_wrap=True, overflow="ellipsis"),
        Column("scenario", no_wrap=True, overflow="ellipsis"),
        Column("status", no_wrap=True),
        Column("ticks", justify="right", no_wrap=True),
        Column("done", justify="right", no_wrap=True),
        Column("speed", justify="right", no_wrap=True),
        Column("viewers", justify="right", no_wrap=True),
        Column("age", justify="right", no_wrap=True),
        Column("owner", no_wrap=True, overflow="ellipsis"),
        box=None,
        pad_edge=False,
    )
    for session in sessions:
        lines.add_row(
            Text(str(session.get("id"))),
            Text(str(session.get("title") or "")),
            Text(str(session.get("scenario") or "")),
            status_with_place(session),
            f"{session.get('tick', 0)}/{session.get('n_ticks', 0)}",
            done(session),
            terminal.speed(session.get("speed")),
            str(session.get("viewers", 0)),
            since(session.get("created"), now),
            Text(str(session.get("owner") or "")),
        )
    return lines


def task_table(tasks: list[JSONObject], *, now: float) -> Table:
    """One line for each tuning task."""
    lines = Table(
        Column("id", no_wrap=True),
        Column("title", no_wrap=True, overflow="ellipsis"),
        Column("scenario", no_wrap=True, overflow="ellipsis"),
        Column("status", no_wrap=True),
        Column("experiments", justify="right", no_wrap=True),
        Column("best", justify="right", no_wrap=True),
        Column("age", justify="right", no_wrap=True),
        box=None,
        pad_edge=False,
    )
    for task in tasks:
        progress = task.get("progress")
        told = progress if isinstance(progress, dict) else {}
        best = told.get("best_score")
        lines.add_row(
            Text(str(task.get("id"))),
            Text(str(task.get("title") or "")),
            Text(str(task.get("scenario") or "")),
            terminal.status_text(task.get("status")),
            f"{told.get('done', 0)}/{told.get('total', 0)}",
            f"{best:.6g}" if isinstance(best, (int, float)) else "-",
            since(task.get("created"), now),
        )
    return lines


def status_with_place(session: JSONObject) -> Text:
    """`queued (3rd)` tells more than `queued`."""
    place = session.get("queue_position")
    text = terminal.status_text(session.get("status"))
    return text.append(f" (place {place})") if isinstance(place, int) else text


def done(session: JSONObject) -> str:
    progress = session.get("progress")
    return f"{progress:.0%}" if isinstance(progress, (int, float)) else "-"


def since(then: object, now: float) -> str:
    return terminal.age(now - then) if isinstance(then, (int, float)) else "-"
