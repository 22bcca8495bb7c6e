"""Options and help of the commands about tuning tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .ending import finish
from .options import Json, Url

app = typer.Typer()


@app.command(
    epilog="Example:  gridcast tune docs/examples/ieee13-ofo.toml   |   gridcast tune SPEC.toml --detach"
)
def tune(
    path: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="The task: docs/examples has one.")],
    detach: Annotated[bool, typer.Option("--detach", help="Only start it and print its id.")] = False,
    url: Url = None,
    json: Annotated[
        bool, typer.Option("--json", help="The task with its best experiment on stdout, one line of JSON.")
    ] = False,
) -> None:
    """Search parameters of a scenario, follow the search, print the best. Ctrl-C cancels the task.

    Uses the service that --url or GRIDCAST_URL names, else the `up` of this folder, else a temporary one that ends
    with the task.
    """
    from .tune import TuneOptions
    from .tune import tune as search

    finish(lambda: search(TuneOptions(path=path, detach=detach, url=url, json=json)))


@app.command(epilog="Example:  gridcast task k3v9w2m7qa --best")
def task(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="A task's id.")],
    best: Annotated[
        bool, typer.Option("--best", help="Only the best experiment, as the command that runs it.")
    ] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show how a tuning task is, and the best that it has found so far."""
    from .task import TaskOptions
    from .task import task as show

    finish(lambda: show(TaskOptions(task_id=task_id, best=best, url=url, json=json)))
