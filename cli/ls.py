"""`gridcast ls`: the sessions of a service, one line each."""

from __future__ import annotations

import time
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
    url: str | None
    json: bool


async def ls(options: ListOptions) -> Exit:
    """Print the newest sessions that pass the filters.

    Raises:
        CliError: nothing names a service.
        ClientError: it refused, or does not answer.
    """
    found: list[JSONObject] = []
    more = False
    async with service_at(options.url) as service:
        passing = service.sessions(status=options.status, scenario=options.scenario, owner=options.owner)
        async with aclosing(passing) as listed:
            async for session in listed:
                more = len(found) == options.limit
                if more:
                    break
                found.append(session)
    if options.json:
        terminal.print_json(found)
        return Exit.OK
    if found:
        terminal.out().print(table(found, now=time.time()))
    filtered = options.status or options.scenario or options.owner
    if more:
        terminal.say(f"and older ones; --limit shows more than {options.limit}")
    elif not found:
        terminal.say(
            "no session passes these filters" if filtered else "no session yet; `gridcast run` starts one"
        )
    return Exit.OK


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
