"""One tuning task: follow it, read what it found, end it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from .ending import until_over
from .errors import TaskFailed
from .follow import follow
from .service import Service
from .types import JSON, known

TaskStatus: TypeAlias = Literal["queued", "running", "recovering", "completed", "failed", "cancelled"]
TASK_OVER: Final[frozenset[str]] = frozenset({"completed", "failed", "cancelled"})
ExperimentStatus: TypeAlias = Literal["running", "completed", "pruned", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEvent:
    """Something that happened. `message` is for people, `data` for programs; `timestamp` in Unix seconds."""

    offset: int
    type: str
    task_id: str
    timestamp: float
    message: str
    data: Mapping[str, Any]
    experiment_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """One parameter set. Metrics are means over its phases; `broken` is by how much it breaks each constraint.

    `overrides` and `seed` make the session that computes the same; only `Task.best` has them.
    """

    id: str
    number: int
    baseline: bool
    status: ExperimentStatus
    params: Mapping[str, JSON]
    iter: int | None = None
    metrics: Mapping[str, float | None] | None = None
    score: float | None = None
    broken: tuple[float, ...] = ()
    error: str | None = None
    elapsed_s: float | None = None
    overrides: Mapping[str, JSON] | None = None
    seed: int | None = None
    scenario: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInfo:
    """A task as it was when it was asked for. `done` of `total` experiments are over; `cost` in simulated seconds, `calls`
    in simulations; `importances` tell each parameter's share in what made scores good."""

    id: str
    title: str
    scenario: str
    status: TaskStatus
    done: int
    total: int
    best: Experiment | None
    baseline: Experiment | None
    cost: float
    calls: int
    created: float
    url: str
    reason: str | None = None
    started: float | None = None
    ended: float | None = None
    importances: Mapping[str, float] | None = None

    @property
    def over(self) -> bool:
        """It has completed, failed, or was cancelled. The last two can be resumed."""
        return self.status in TASK_OVER


class AsyncTask:
    """A task of a service; made by `AsyncClient.tune`.

    Raises (each method):
        Unreachable: nobody answered. `events` and `wait` try again for the client's `give_up_s` first.
        Problem: the service refused, and said why.
    """

    def __init__(self, service: Service, task_id: str, *, give_up_s: float) -> None:
        self.id = task_id
        self._service = service
        self._give_up_s = give_up_s

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} at {self._service.url}>"

    async def info(self) -> TaskInfo:
        """What the service knows about it now."""
        return info_of(await self._service.tasks.get(self.id))

    async def events(self, *, since: int = 0) -> AsyncGenerator[TaskEvent]:
        """Everything that happens in it after offset `since`, those that are past first, until it is over."""
        followed = follow(
            self._service.url,
            self.id,
            kind="tasks",
            since=since,
            give_up_s=self._give_up_s,
            headers=self._service.headers,
        )
        async with aclosing(followed) as entries:
            async for entry in entries:
                if entry["type"] != "reset":
                    yield event_of(entry)

    async def experiments(
        self, *, status: ExperimentStatus | None = None, sort: str | None = None
    ) -> list[Experiment]:
        """In the order in which they ended, those under way last; `sort="score"`, `"-score"`, ... for another order."""
        async with aclosing(self._service.tasks.experiments(self.id, status=status, sort=sort)) as listed:
            return [experiment_of(document) async for document in listed]

    async def best(self) -> Experiment:
        """The best so far, with the `overrides` and `seed` that make a session of it."""
        return experiment_of(await self._service.tasks.best(self.id))

    async def cancel(self) -> TaskInfo:
        """End it with what it has found; returns when it is asked for, `wait` when it has happened."""
        return info_of(await self._service.tasks.cancel(self.id))

    async def resume(self) -> TaskInfo:
        """Go on, after it was cancelled, or failed with experiments left to do."""
        return info_of(await self._service.tasks.resume(self.id))

    async def wait(self) -> TaskInfo:
        """Wait for its end.

        Raises:
            TaskFailed: no experiment gave a score, or something went wrong; the message says what.
        """
        info = await until_over(self.info, self.events, self._give_up_s)
        if info.status == "failed":
            raise TaskFailed(self.id, info.reason or "no reason was told")
        return info

    async def delete(self) -> None:
        """End it, and delete all that is known of it, for good."""
        await self._service.tasks.delete(self.id)


def event_of(entry: Mapping[str, Any]) -> TaskEvent:
    """An entry of a task's or experiment's log."""
    return known(TaskEvent, entry)


def experiment_of(document: Mapping[str, Any]) -> Experiment:
    """An experiment object of the protocol."""
    return known(Experiment, document, broken=tuple(document.get("broken") or ()))


def info_of(document: Mapping[str, Any]) -> TaskInfo:
    """A task object of the protocol."""
    best, baseline, progress = document["best"], document["baseline"], document["progress"]
    return known(
        TaskInfo,
        document,
        done=progress["done"],
        total=progress["total"],
        best=None if best is None else experiment_of(best),
        baseline=None if baseline is None else experiment_of(baseline),
    )
