"""The `gridcast` command: its options and help. What each command does stands in the module of its name."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from . import look_commands, operation_commands, set_commands, steer_commands, task_commands, token_commands
from .ending import finish, finish_now
from .options import Json, Url

HELP = """Live, shared simulations of AI datacenters on power grids.

Start a service and a run to look at:  `gridcast up --demo ieee13 --open`

Exit codes: 0 done; 1 the run or a check failed; 2 bad input; 3 the service or broker does not answer;
4 refused, such as a second `up` in one folder; 130 interrupted.
"""

app = typer.Typer(
    name="gridcast",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Slots = Annotated[
    int | None,
    typer.Option(min=1, max=4096, help="Sessions per worker; default 16 for each core.", show_default=False),
]
Folder = Annotated[
    Path | None,
    typer.Option("--dir", help="Folder for the broker's files and run.json.", show_default=".gridcast"),
]

app.add_typer(look_commands.app)
app.add_typer(steer_commands.app)
app.add_typer(task_commands.app)
app.add_typer(operation_commands.app)
app.add_typer(set_commands.app, name="set")
app.add_typer(token_commands.app, name="token")


def main() -> None:
    """Entry point of the command."""
    app()


@app.command(
    epilog="Examples:  gridcast up --demo ieee13 --open   |   gridcast up --port 0 --workers 2   |   "
    "gridcast up --demo ieee13-ofo --exit-when-done --json"
)
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    slots: Slots = None,
    directory: Folder = None,
    demo: Annotated[
        str | None, typer.Option(metavar="SCENARIO", help="Start a session of it and print its link.")
    ] = None,
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="End after the demo and print its summary on stdout.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --exit-when-done: the summary as one line of JSON.")
    ] = False,
) -> None:
    """Start everything on this machine: broker, API with the page, workers. Ctrl-C ends it all.

    Prints the one line `ready http://HOST:PORT` on stdout once the service can serve; logs go to stderr. A process
    that dies is started again. GRIDCAST_REDIS_URL names a broker to use instead of the embedded one. A demo runs at
    30 times real time so that it can be watched, with --exit-when-done at full speed.
    """
    from .environment import folder
    from .up import UpOptions
    from .up import up as start

    if exit_when_done and not demo:
        raise typer.BadParameter("needs --demo SCENARIO", param_hint="--exit-when-done")
    options = UpOptions(
        host=host,
        port=port,
        workers=workers,
        slots=slots,
        directory=folder(directory),
        demo=demo,
        exit_when_done=exit_when_done,
        open_page=open_page,
        json=json,
    )
    finish(lambda: start(options))


@app.command(
    epilog="Example:  gridcast run ieee13-ofo --set duration_s=600 --set datacenters.0.bus=671 --json"
)
def run(
    scenario: Annotated[str, typer.Argument(help="A name that `gridcast scenarios` lists.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Override a field of the scenario; may be repeated."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the run.", show_default=False)] = None,
    speed: Annotated[str, typer.Option(help="`max`, or simulated seconds per second (0.1 to 1000).")] = "max",
    title: Annotated[str | None, typer.Option(help="Title of the session.", show_default=False)] = None,
    url: Url = None,
    json: Annotated[
        bool, typer.Option("--json", help="The summary entry alone on stdout, one line of JSON.")
    ] = False,
) -> None:
    """Start a session, follow it in the terminal, print its summary. Ctrl-C stops the session.

    Uses the service that --url or GRIDCAST_URL names, else the `up` of this folder, else a temporary one that ends
    with the run.
    """
    from .run import RunOptions, parse_overrides, parse_speed
    from .run import run as follow

    finish(
        lambda: follow(
            RunOptions(
                scenario=scenario,
                overrides=parse_overrides(settings or ()),
                seed=seed,
                speed=parse_speed(speed),
                title=title,
                url=url,
                json=json,
            )
        )
    )


@app.command(epilog="Example:  gridcast scenarios --json")
def scenarios(url: Url = None, json: Json = False) -> None:
    """List the scenarios that can be run."""
    from .scenarios import scenarios as listing

    finish(lambda: listing(url, as_json=json))


@app.command(epilog="Example:  gridcast doctor --json")
def doctor(json: Json = False) -> None:
    """Print every setting with its value and meaning, and check that all that is needed is here."""
    from .doctor import doctor as examine

    finish(lambda: examine(as_json=json))


@app.command(epilog="Example:  GRIDCAST_REDIS_URL=redis://broker:6379/0 gridcast api --host 0.0.0.0")
def api(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run one API process alone, on the broker of GRIDCAST_REDIS_URL or of the `up` of this folder."""
    from .roles import become_api

    finish_now(lambda: become_api(host, port))


@app.command(epilog="Example:  GRIDCAST_REDIS_URL=redis://broker:6379/0 gridcast worker --slots 32")
def worker(slots: Slots = None) -> None:
    """Run one worker process alone, on the broker of GRIDCAST_REDIS_URL or of the `up` of this folder."""
    from .roles import become_worker

    finish_now(lambda: become_worker(slots))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gridcast {importlib.metadata.version('gridcast')}")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command."""
