"""The commands that look at sessions: their options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .ending import finish
from .options import Json, SessionName, Url

app = typer.Typer(rich_markup_mode="markdown")

Status = Literal[
    "queued", "starting", "running", "paused", "recovering", "completed", "stopped", "cancelled", "failed"
]


@app.command(
    epilog="Examples:  gridcast ls --status running   |   gridcast ls --scenario ieee13-ofo --limit 100   |   "
    "gridcast ls --json | jq -r '.[].id'"
)
def ls(
    status: Annotated[
        Status | None, typer.Option(help="Only sessions of this status.", show_default=False)
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Only sessions of this scenario.", show_default=False)
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only sessions that this user started.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Sessions to list, newest first.")] = 20,
    tasks: Annotated[bool, typer.Option("--tasks", help="List tuning tasks instead.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """List sessions, newest first. With --json: a list of session (or task) objects."""
    from .ls import ListOptions
    from .ls import ls as listing

    options = ListOptions(
        status=status, scenario=scenario, owner=owner, limit=limit, tasks=tasks, url=url, json=json
    )
    finish(lambda: listing(options))


@app.command(epilog="Examples:  gridcast show last   |   gridcast show last --json | jq .summary.metrics")
def show(session: SessionName, url: Url = None, json: Json = False) -> None:
    """Tell all about one session: its state, who watches it, what was done to it, its summary.

    With --json: the session object with `watching` and `commands`.
    """
    from .show import show as tell

    finish(lambda: tell(session, url=url, as_json=json))


@app.command(
    epilog="Examples:  gridcast watch last   |   gridcast watch last --jsonl --live | jq -c .t_s   |   "
    "gridcast watch last --json && echo completed"
)
def watch(
    session: SessionName,
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help="Every entry of its log on stdout, one line of JSON each, as it comes."),
    ] = False,
    since: Annotated[
        int | None,
        typer.Option(min=0, metavar="OFFSET", help="Begin after this entry of the log.", show_default=False),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live/--from-start", help="Begin with what comes next, or with the first entry.")
    ] = False,
    url: Url = None,
    json: Annotated[
        bool, typer.Option("--json", help="The summary entry alone on stdout at the end, one line of JSON.")
    ] = False,
) -> None:
    """Follow a session to its end. Exit code 0: it completed; 1: it was stopped, or failed. Ctrl-C leaves it running.

    A lost connection is resumed where it broke; entries that the log does not hold any more are told as a `reset`.
    """
    from .watch import WatchOptions
    from .watch import watch as follow

    if live and since is not None:
        raise typer.BadParameter("say where to begin with one of them", param_hint="--live / --since")
    if jsonl and json:
        raise typer.BadParameter(
            "the log with --jsonl holds the summary of --json", param_hint="--jsonl / --json"
        )
    options = WatchOptions(name=session, since=since or 0, live=live, jsonl=jsonl, url=url, json=json)
    finish(lambda: follow(options))


@app.command(
    epilog="Examples:  gridcast monitor   |   gridcast monitor last   |   gridcast monitor --once   |   "
    "gridcast monitor --json --every 5 | jq -c '.sessions[] | [.id, .vmin_now_pu]'"
)
def monitor(
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="One session: its id, the beginning of it, or `last`. None: all."
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One picture, then end.")] = False,
    every: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=3600,
            metavar="SECONDS",
            help="Time between two looks.",
            show_default="1; 10 in a pipe",
        ),
    ] = None,
    url: Url = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout, one line for each look.")] = False,
) -> None:
    """Watch all runs, or one: progress, speed, lag, the lowest voltage now and over the run, events, workers, queue.

    In a terminal it is a live view that q or Ctrl-C ends; in a pipe it prints lines now and then. With ID it ends with
    the session.
    """
    from .monitor import MonitorOptions
    from .monitor import monitor as look

    options = MonitorOptions(name=session, every_s=every, once=once, url=url, json=json)
    finish(lambda: look(options))


@app.command(
    epilog="Examples:  gridcast export last   |   gridcast export last -o run.parquet   |   "
    "gridcast export last -o - --format jsonl | head"
)
def export(
    session: SessionName,
    file: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where to; `-` is stdout.", show_default="ID.csv, here"
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the option's name
        Literal["csv", "parquet", "jsonl"] | None,
        typer.Option(help="How it is written.", show_default="by the ending of FILE; else csv"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    url: Url = None,
    json: Annotated[
        bool, typer.Option("--json", help="What was written: session, file, format, bytes; one line of JSON.")
    ] = False,
) -> None:
    """Write a whole run, one row for each tick, as a file with named columns and their units.

    The file is there once it is whole: a run that is lost on the way leaves none. Exit code 4: FILE is there already.
    """
    from .export import ExportOptions
    from .export import export as write

    options = ExportOptions(name=session, file=file, format=format, force=force, url=url, json=json)
    finish(lambda: write(options))


@app.command(
    epilog="Examples:  gridcast compare 5tqw8ft78k last   |   "
    "gridcast compare a1 b2 c3 --json | jq '.differences.violation_time_s'"
)
def compare(
    sessions: Annotated[
        list[str], typer.Argument(metavar="ID ID...", help="Two to eight: ids, their beginnings, or `last`.")
    ],
    url: Url = None,
    json: Annotated[
        bool, typer.Option("--json", help="All of it, with aligned series; one line of JSON.")
    ] = False,
) -> None:
    """Compare runs with the first of them: the parameters that differ, and each metric with its difference."""
    from .compare import CompareOptions
    from .compare import compare as tell

    finish(lambda: tell(CompareOptions(names=sessions, url=url, json=json)))


@app.command(
    epilog="Examples:  gridcast audit --user ada   |   gridcast audit --session 5tqw8ft78k --json | jq -r '.[].action'"
)
def audit(
    session: Annotated[
        str | None, typer.Option(metavar="ID", help="Only what was done to it.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only what they did.", show_default=False)] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this, such as session.delete.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Records to list, newest first.")] = 50,
    url: Url = None,
    json: Json = False,
) -> None:
    """List who did what to which session or task, and what came of it; for admins. With --json: a list of records."""
    from .audit import AuditOptions
    from .audit import audit as listing

    options = AuditOptions(session=session, user=user, action=action, limit=limit, url=url, json=json)
    finish(lambda: listing(options))
