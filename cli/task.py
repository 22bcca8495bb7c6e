"""`gridcast task`: how a tuning task is, and the best that it has found."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import orjson
from rich.table import Table
from rich.text import Text

from gridcast.client import JSONObject

from . import terminal
from .choose import service_at
from .exits import Exit


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOptions:
    """The command line of `gridcast task`."""

    task_id: str
    best: bool
    url: str | None
    json: bool


async def task(options: TaskOptions) -> Exit:
    """Print a task, or with `best` only its best experiment, ready for `gridcast run`.

    Raises:
        CliError: nothing names a service.
        ClientError: there is no such task, it has no best experiment, or nobody answers.
    """
    async with service_at(options.url) as service:
        found = await service.tasks.get(options.task_id)
        best = await service.tasks.best(options.task_id) if options.best or found.get("best") else None
    if options.best and best is not None:
        if options.json:
            terminal.print_json(best)
        else:
            terminal.out().print(Text(command_of(best)), soft_wrap=True)
        return Exit.OK
    print_task(found, best, as_json=options.json)
    return Exit.OK


def print_task(task: JSONObject, best: JSONObject | None, *, as_json: bool) -> None:
    """One task with what it found; `best` as `GET .../best` tells it."""
    if as_json:
        terminal.print_json({**task, "best": best})
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("task", Text(f"{task.get('id')}  {task.get('title')}"))
    table.add_row("status", terminal.status_text(task.get("status")))
    if task.get("reason"):
        table.add_row("reason", Text(str(task["reason"])))
    progress = task.get("progress")
    if isinstance(progress, dict):
        table.add_row("experiments", f"{progress.get('done')} of {progress.get('total')}")
    table.add_row("simulated", f"{task.get('calls')} simulations, {_number(task.get('cost'))} s")
    baseline = task.get("baseline")
    if isinstance(baseline, dict):
        table.add_row("baseline", f"score {_number(baseline.get('score'))}")
    if best is not None:
        table.add_row("best", f"score {_number(best.get('score'))}, experiment {best.get('number')}")
        for path, value in _items(best.get("params")):
            table.add_row("", Text(f"{path} = {_number(value)}"))
        for path, share in _items(task.get("importances")):
            table.add_row("importance", Text(f"{path} {share:.0%}" if isinstance(share, float) else path))
    terminal.out().print(table)
    if best is not None:
        terminal.out().print(Text(f"\n{command_of(best)}"), soft_wrap=True)


def command_of(best: JSONObject) -> str:
    """The command that runs an experiment as a session."""
    settings = [
        f"--set {shlex.quote(f'{path}={_text(value)}')}" for path, value in _items(best.get("overrides"))
    ]
    seed = [f"--seed {best['seed']}"] if best.get("seed") else []
    return " ".join(["gridcast run", str(best.get("scenario")), *settings, *seed])


def _items(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, dict) else []


def _text(value: object) -> str:
    return orjson.dumps(value).decode()


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "-" if value is None else str(value)
