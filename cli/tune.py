"""`gridcast tune`: start a tuning task, follow it, print what it found."""

from __future__ import annotations

import asyncio
import contextlib
import tomllib
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from gridcast.client import ClientError, Entry, JSONObject, Service, follow

from . import terminal
from .exits import CliError, Exit
from .find import service_or_temporary
from .task import print_task
from .terminal import hms


@dataclass(frozen=True, kw_only=True, slots=True)
class TuneOptions:
    """The command line of `gridcast tune`."""

    path: Path
    detach: bool
    url: str | None
    json: bool


async def tune(options: TuneOptions) -> Exit:
    """Run one task to its end; an interrupted `tune` cancels the task that it started.

    Raises:
        CliError: the file cannot be read, the task did not complete, or no service could be started.
        ClientError: the service refused, or was lost.
    """
    spec = read_spec(options.path)
    async with service_or_temporary(options.url) as url, Service(url) as service:
        task = await service.tasks.create(spec)
        task_id = str(task["id"])
        if options.detach:
            terminal.print_json(task) if options.json else terminal.out().print(task_id)
            return Exit.OK
        terminal.say(f"{task.get('title')}: {task.get('url') or task_id}")
        try:
            await _follow(service, task_id)
        except asyncio.CancelledError:
            with contextlib.suppress(ClientError):
                await service.tasks.cancel(task_id)
            raise
        task = await service.tasks.get(task_id)
        best = await service.tasks.best(task_id) if task.get("best") else None
        print_task(task, best, as_json=options.json)
        if task.get("status") != "completed":
            raise CliError(
                Exit.FAILED, f"the task {task.get('status')}: {task.get('reason') or 'no reason was told'}"
            )
        return Exit.OK


def read_spec(path: Path) -> JSONObject:
    """The task that a TOML file describes.

    Raises:
        CliError: there is no such file, or it is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(Exit.BAD_INPUT, f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise CliError(Exit.BAD_INPUT, f"{path} is no TOML: {error}") from error


async def _follow(service: Service, task_id: str) -> None:
    """Show a task's events until its last one."""
    with _bar() as bar:
        followed = follow(service.url, task_id, kind="tasks", on_reconnect=lambda why: terminal.say(why))
        async with aclosing(followed) as entries:
            async for entry in entries:
                bar.take(entry)


class _Bar:
    """How far the task is, the best so far, and when it will be done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("tune", total=None, told="", state="queued")
        self._began_s: float | None = None

    def take(self, entry: Entry) -> None:
        kind, data = entry["type"], entry.get("data")
        told = data if isinstance(data, dict) else {}
        if kind == "task_started":
            self._began_s = monotonic()
            self._progress.update(self._bar, state="running")
        elif kind == "task_progress":
            done, total = told["done"], told["total"]
            if isinstance(done, int) and isinstance(total, int):
                self._progress.update(
                    self._bar, completed=done, total=total, told=self._words(done, total, told["best_score"])
                )
        elif kind == "experiment_failed":
            terminal.say(f"{entry.get('experiment_id')}: {entry.get('message')}")

    def _words(self, done: int, total: int, best: object) -> str:
        words = f"{done} of {total}"
        if isinstance(best, (int, float)):
            words += f", best {best:.6g}"
        if self._began_s is not None and 0 < done < total:
            words += f", {hms((monotonic() - self._began_s) / done * (total - done))} left"
        return words


@contextmanager
def _bar() -> Iterator[_Bar]:
    console = terminal.err()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[state]}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}", markup=False),
        console=console,
    )
    bar = _Bar(progress)
    if not console.is_terminal or console.is_dumb_terminal:
        yield bar
        return
    with Live(progress, console=console, refresh_per_second=10):
        yield bar
