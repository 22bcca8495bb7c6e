"""`gridcast tune`: start a tuning task, follow it, print what it found."""

from __future__ import annotations

import tomllib
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from gridcast.client import Entry, JSONObject, Service, follow

from . import terminal
from .bar import StepBar, step_bar
from .exits import CliError, Exit
from .find import service_or_temporary
from .interrupted import taken_back
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
        async with taken_back(lambda: service.tasks.cancel(task_id)):
            await _follow(service, task_id)
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
    with step_bar() as line:
        bar = _Bar(line)
        followed = follow(
            service.url,
            task_id,
            kind="tasks",
            headers=service.headers,
            on_reconnect=lambda why: terminal.say(why),
        )
        async with aclosing(followed) as entries:
            async for entry in entries:
                bar.take(entry)


class _Bar:
    """How far the task is, the best so far, and when it will be done."""

    def __init__(self, line: StepBar) -> None:
        self._line = line
        self._began_s: float | None = None

    def take(self, entry: Entry) -> None:
        kind, data = entry["type"], entry.get("data")
        told = data if isinstance(data, dict) else {}
        if kind == "task_started":
            self._began_s = monotonic()
            self._line.show(state="running")
        elif kind == "task_progress":
            done, total = told["done"], told["total"]
            if isinstance(done, int) and isinstance(total, int):
                self._line.show(done=done, of=total, told=self._words(done, total, told["best_score"]))
        elif kind == "experiment_failed":
            terminal.say(f"{entry.get('experiment_id')}: {entry.get('message')}")

    def _words(self, done: int, total: int, best: object) -> str:
        words = f"{done} of {total}"
        if isinstance(best, (int, float)):
            words += f", best {best:.6g}"
        if self._began_s is not None and 0 < done < total:
            words += f", {hms((monotonic() - self._began_s) / done * (total - done))} left"
        return words
