"""The tuning tasks that `gridcast monitor` shows: how far each is, its best score over time, when it will be done."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass

from rich.table import Column, Table
from rich.text import Text

from gridcast.client import JSONObject, Problem, Service

from .terminal import hms, status_text
from .trace import sparkline

LISTED = 50
"""Newest tasks among which the running ones are looked for."""
SPARK_WIDTH = 32
OVER = frozenset({"completed", "failed", "cancelled"})
NOT_FOUND = 404


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSeen:
    """A task that is not over, the best score after each of its experiments, and the seconds until it is done."""

    task: JSONObject
    best: list[float | None]
    eta_s: float | None

    @property
    def iteration(self) -> str:
        done, total = _progress(self.task)
        return f"{done}/{total}"

    @property
    def best_now(self) -> str:
        score = self.best[-1] if self.best else None
        return "-" if score is None else f"{score:.6g}"

    @property
    def left(self) -> str:
        return "-" if self.eta_s is None else hms(self.eta_s)


async def running_tasks(service: Service) -> list[TaskSeen]:
    """All that are not over, newest first; none where the service knows no tasks.

    Raises:
        ClientError
    """
    found: list[TaskSeen] = []
    listed = 0
    try:
        async with aclosing(service.tasks.list()) as tasks:
            async for task in tasks:
                listed += 1
                if task.get("status") not in OVER:
                    best = await _best_over_time(service, str(task["id"]))
                    found.append(TaskSeen(task=task, best=best, eta_s=_eta_s(task)))
                if listed == LISTED:
                    break
    except Problem as problem:
        if problem.status != NOT_FOUND:
            raise
    return found


async def _best_over_time(service: Service, task_id: str) -> list[float | None]:
    found: list[float | None] = []
    best: float | None = None
    async with aclosing(service.tasks.experiments(task_id)) as experiments:
        async for one in experiments:
            if one.get("status") != "running":
                score = one.get("best")
                best = float(score) if isinstance(score, (int, float)) else best
                found.append(best)
    return found


def _eta_s(task: JSONObject) -> float | None:
    done, total = _progress(task)
    started = task.get("started")
    if not done or not isinstance(started, (int, float)):
        return None
    return max(0.0, (time.time() - started) / done * (total - done))


def _progress(task: JSONObject) -> tuple[int, int]:
    progress = task.get("progress")
    told = progress if isinstance(progress, dict) else {}
    done, total = told.get("done"), told.get("total")
    return (done if isinstance(done, int) else 0), (total if isinstance(total, int) else 0)


def task_table(tasks: list[TaskSeen], *, ascii_only: bool) -> Table:
    """One line for each task."""
    table = Table(
        Column("task", no_wrap=True),
        Column("title", no_wrap=True, overflow="ellipsis"),
        Column("status", no_wrap=True),
        Column("experiments", no_wrap=True, justify="right"),
        Column("best", no_wrap=True, justify="right"),
        Column("left", no_wrap=True, justify="right"),
        Column("best so far", no_wrap=True, width=SPARK_WIDTH),
        box=None,
        pad_edge=False,
    )
    for one in tasks:
        table.add_row(
            Text(str(one.task.get("id"))),
            Text(str(one.task.get("title") or "")),
            status_text(one.task.get("status")),
            one.iteration,
            one.best_now,
            one.left,
            Text(sparkline(_thinned(one.best), ascii_only=ascii_only)),
        )
    return table


def task_line(one: TaskSeen) -> str:
    """The same in one line, for a pipe."""
    return f"task {one.task.get('id')} {one.task.get('status')} {one.iteration}, best {one.best_now}, {one.left} left"


def _thinned(values: list[float | None]) -> list[float | None]:
    if len(values) <= SPARK_WIDTH:
        return values
    return [values[(n + 1) * len(values) // SPARK_WIDTH - 1] for n in range(SPARK_WIDTH)]
