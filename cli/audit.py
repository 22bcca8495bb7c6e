"""`gridcast audit`: who did what, newest first."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSONObject

from . import terminal
from .choose import service_at
from .exits import Exit


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditOptions:
    """The command line of `gridcast audit`."""

    session: str | None
    user: str | None
    action: str | None
    limit: int
    url: str | None
    json: bool


async def audit(options: AuditOptions) -> Exit:
    """Print the newest records that pass the filters.

    Raises:
        CliError: nothing names a service.
        ClientError: it refused, or does not answer.
    """
    found: list[JSONObject] = []
    more = False
    async with service_at(options.url) as service:
        passing = service.audit(session=options.session, user=options.user, action=options.action)
        async with aclosing(passing) as records:
            async for record in records:
                more = len(found) == options.limit
                if more:
                    break
                found.append(record)
    if options.json:
        terminal.print_json(found)
        return Exit.OK
    if found:
        terminal.out().print(table(found))
    if more:
        terminal.say(f"and older ones; --limit shows more than {options.limit}")
    elif not found:
        terminal.say("nothing that passes is on record")
    return Exit.OK


def table(records: list[JSONObject]) -> Table:
    """One line for each record."""
    lines = Table(
        Column("when", no_wrap=True),
        Column("who", no_wrap=True),
        Column("what", no_wrap=True),
        Column("to", no_wrap=True),
        Column("result", no_wrap=True),
        Column("request", no_wrap=True),
        box=None,
        pad_edge=False,
    )
    for record in records:
        command = record.get("command")
        what = str(record.get("action")) if command is None else f"{record.get('action')} {command}"
        lines.add_row(
            _when(record.get("ts")),
            Text(str(record.get("by") or "-").removeprefix("user:")),
            Text(what),
            Text(str(record.get("target") or "-")),
            Text(str(record.get("result"))),
            Text(str(record.get("request_id") or "-")),
        )
    return lines


def _when(ts: object) -> str:
    if not isinstance(ts, int | float):
        return "-"
    return datetime.fromtimestamp(ts).isoformat(sep=" ", timespec="seconds")
