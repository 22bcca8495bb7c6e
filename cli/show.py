"""`gridcast show`: all that is known of one session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridcast.client import JSON, JSONObject, Problem, Service

from . import terminal
from .choose import service_with
from .exits import Exit
from .ls import done, since, status_with_place
from .steer import place
from .summary import tables
from .terminal import hms

SHOWN_COMMANDS = 20


async def show(name: str, *, url: str | None, as_json: bool) -> Exit:
    """Print the session that `name` means, who watches it and what was done to it.

    Raises:
        CliError: no one session is meant.
        ClientError: the service does not answer.
    """
    async with service_with(url, name) as (service, session):
        session_id = str(session["id"])
        watching, commands, kept = await asyncio.gather(
            service.viewers(session_id), service.commands(session_id), _kept(service, session_id)
        )
    if as_json:
        terminal.print_json({**session, "watching": watching, "commands": commands, "kept": kept})
        return Exit.OK
    console = terminal.out()
    facts = _table()
    for label, value in _facts(session, kept, now=time.time()):
        facts.add_row(label, value if isinstance(value, Text) else Text(value))
    console.print(facts)
    _print_watching(console, session, watching)
    _print_commands(console, session, commands)
    summary = session.get("summary")
    if isinstance(summary, dict):
        console.print(tables(summary, title="Summary"))
    return Exit.OK


async def _kept(service: Service, session_id: str) -> JSONObject:
    """How many ticks can be read, `{"ticks": n}`, or why not all of them, `{"problem": text}`."""
    try:
        past = await service.history(session_id, max_points=1, fields=["t_s"])
    except Problem as problem:
        return {"problem": str(problem)}
    return {"ticks": past.get("n_ticks_in_range")}


def _facts(session: JSONObject, kept: JSONObject, *, now: float) -> Iterator[tuple[str, str | Text]]:
    yield "id", str(session["id"])
    yield "title", str(session.get("title") or "")
    yield "scenario", _scenario(session)
    if overrides := session.get("overrides"):
        yield "overrides", _json(overrides)
    yield "seed", str(session.get("seed", "-"))
    yield "status", status_with_place(session)
    if reason := session.get("reason"):
        yield "reason", str(reason)
    yield "done", f"{done(session)}: {_progress(session)}"
    yield "speed", terminal.speed(session.get("speed"))
    yield "without viewers", {"continue": "it goes on"}.get(idle := str(session.get("on_idle")), f"{idle}s")
    yield "owner", str(session.get("owner") or "-")
    for name in ("created", "started", "ended"):
        if isinstance(then := session.get(name), (int, float)):
            yield name, f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(then))} ({since(then, now)} ago)"
    if isinstance(attempt := session.get("attempt"), int) and attempt > 1:
        yield "attempt", f"{attempt}: workers were lost or sent away {attempt - 1} times"
    if isinstance(parent := session.get("parent"), dict):
        yield "forked from", f"{parent.get('id')} at {place(session, parent.get('tick'))}"
    yield "kept", str(kept.get("problem") or f"all {kept.get('ticks')} ticks")
    yield "log", f"{session.get('head', 0)} entries, epoch {session.get('epoch')}"
    yield "page", str(session.get("url") or "-")


def _scenario(session: JSONObject) -> str:
    schema = session.get("schema")
    feeder = f", feeder {schema.get('feeder')}" if isinstance(schema, dict) and schema.get("feeder") else ""
    return f"{session.get('scenario')}{feeder}"


def _progress(session: JSONObject) -> str:
    schema, tick, n_ticks = session.get("schema"), session.get("tick"), session.get("n_ticks")
    told = f"{tick} of {n_ticks} ticks"
    tick_s = schema.get("tick_s") if isinstance(schema, dict) else None
    if isinstance(tick_s, (int, float)) and isinstance(tick, int) and isinstance(n_ticks, int):
        told += f", {hms(tick * tick_s)} of {hms(n_ticks * tick_s)} simulated"
    return told


def _print_watching(console: Console, session: JSONObject, watching: list[JSONObject]) -> None:
    """The service names those who are there longest."""
    if not watching:
        console.print("nobody watches", highlight=False)
        return
    now = time.time()
    names = ", ".join(
        f"{viewer.get('name') or viewer.get('id')} ({since(viewer.get('since'), now)})" for viewer in watching
    )
    viewers = session.get("viewers")
    more = max(0, viewers - len(watching)) if isinstance(viewers, int) else 0
    and_more = f" and {more} more" if more else ""
    console.print(Text(f"{len(watching) + more} watching: {names}{and_more}"), soft_wrap=True)


def _print_commands(console: Console, session: JSONObject, commands: list[JSONObject]) -> None:
    if not commands:
        console.print("no commands so far", highlight=False)
        return
    table = Table("tick", "by", "command", "arguments", box=None, pad_edge=False)
    for command in commands[-SHOWN_COMMANDS:]:
        args = command.get("args")
        table.add_row(
            place(session, command.get("tick")),
            Text(str(command.get("by") or "")),
            Text(str(command.get("command"))),
            Text(_json(args) if args else ""),
        )
    if len(commands) > SHOWN_COMMANDS:
        console.print(
            f"the newest {SHOWN_COMMANDS} of {len(commands)} commands (--json has all):", highlight=False
        )
    console.print(table)


def _table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _json(value: JSON) -> str:
    return orjson.dumps(value).decode()
