"""The client without `await`: the same methods, on an event loop in the background."""

from __future__ import annotations

import weakref
from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from .aio import GIVE_UP_S, AsyncClient
from .background import Background
from .comparison import Comparison
from .messages import State
from .operation import OperationInfo, OperationStatus
from .operations import Op
from .results import Characterization, Heatmap, Result, Scan
from .service import ANSWER_S
from .session import Scenario, Session
from .sync_operation import Operation
from .sync_run import Run
from .sync_task import Task
from .task import TaskInfo, TaskStatus
from .types import JSON, JSONObject


class Client:
    """A Gridcast service; use it as a context manager, or call `close`. Threads may share it.

    Its arguments and methods are those of `AsyncClient`, and raise the same; `RuntimeError` once it is closed.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        share: str | None = None,
        timeout_s: float = ANSWER_S,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        self._client = AsyncClient(url, token=token, share=share, timeout_s=timeout_s, give_up_s=give_up_s)
        self._background = Background()
        # So that one that was forgotten, or is still open at the interpreter's end, leaves nothing behind either.
        self._finalizer = weakref.finalize(self, self._background.close, self._client.aclose)

    @property
    def url(self) -> str:
        return self._client.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every stream and connection, and end the thread."""
        self._finalizer()

    def scenarios(self) -> list[Scenario]:
        """The catalogue."""
        return self._background.call(self._client.scenarios())

    def scenario(self, name: str) -> JSONObject:
        """One scenario with its whole default `config`, whose dotted paths are what `overrides` may name."""
        return self._background.call(self._client.scenario(name))

    def create(
        self,
        scenario: str,
        *,
        overrides: Mapping[str, JSON] | None = None,
        seed: int | None = None,
        speed: float | Literal["max"] = "max",
        title: str | None = None,
        on_idle: Literal["continue", "pause", "stop"] = "continue",
    ) -> Run:
        """Start a run. See `AsyncClient.create`."""
        created = self._client.create(
            scenario, overrides=overrides, seed=seed, speed=speed, title=title, on_idle=on_idle
        )
        return Run(self._background.call(created), self._background)

    def run(self, session_id: str) -> Run:
        """The run with this id. See `AsyncClient.run`."""
        return Run(self._client.run(session_id), self._background)

    def sessions(
        self, *, status: State | None = None, owner: str | None = None, scenario: str | None = None
    ) -> Generator[Session]:
        """Runs, newest first, without their schemas; read page by page, as far as one goes."""
        return self._background.iterate(self._client.sessions(status=status, owner=owner, scenario=scenario))

    def tune(self, spec: Mapping[str, JSON]) -> Task:
        """Start a tuning task. See `AsyncClient.tune`."""
        return Task(self._background.call(self._client.tune(spec)), self._background)

    def task(self, task_id: str) -> Task:
        """The task with this id. See `AsyncClient.task`."""
        return Task(self._client.task(task_id), self._background)

    def tasks(self, *, status: TaskStatus | None = None, scenario: str | None = None) -> Generator[TaskInfo]:
        """Tasks, newest first; read page by page, as far as one goes."""
        return self._background.iterate(self._client.tasks(status=status, scenario=scenario))

    def characterize(
        self,
        name: str,
        *,
        params: Mapping[str, JSON] | None = None,
        seed: int | None = None,
        duration_s: float | None = None,
        pv_points: int | None = None,
        pv_max_scale: float | None = None,
        sensitivity: bool | None = None,
        step: float | None = None,
    ) -> Operation[Characterization]:
        """Start the characterization of a scenario. See `AsyncClient.characterize`."""
        started = self._client.characterize(
            name,
            params=params,
            seed=seed,
            duration_s=duration_s,
            pv_points=pv_points,
            pv_max_scale=pv_max_scale,
            sensitivity=sensitivity,
            step=step,
        )
        return Operation(self._background.call(started), self._background)

    def heatmap(
        self,
        name: str,
        *,
        param_x: str,
        x_min: float,
        x_max: float,
        x_steps: int,
        param_y: str,
        y_min: float,
        y_max: float,
        y_steps: int,
        metric: str | None = None,
        params: Mapping[str, JSON] | None = None,
        seed: int | None = None,
        duration_s: float | None = None,
    ) -> Operation[Heatmap]:
        """Start a sweep of two numbers of a scenario. See `AsyncClient.heatmap`."""
        started = self._client.heatmap(
            name,
            param_x=param_x,
            x_min=x_min,
            x_max=x_max,
            x_steps=x_steps,
            param_y=param_y,
            y_min=y_min,
            y_max=y_max,
            y_steps=y_steps,
            metric=metric,
            params=params,
            seed=seed,
            duration_s=duration_s,
        )
        return Operation(self._background.call(started), self._background)

    def scan(
        self,
        *,
        feeders: Sequence[str] | None = None,
        scenarios: bool | None = None,
        params: Mapping[str, JSON] | None = None,
        duration_s: float | None = None,
    ) -> Operation[Scan]:
        """Start a scan of every candidate site, and of the catalogue. See `AsyncClient.scan`."""
        started = self._client.scan(
            feeders=feeders, scenarios=scenarios, params=params, duration_s=duration_s
        )
        return Operation(self._background.call(started), self._background)

    def operation(self, operation_id: str) -> Operation[Result]:
        """The operation with this id. See `AsyncClient.operation`."""
        return Operation(self._client.operation(operation_id), self._background)

    def operations(
        self, *, op: Op | None = None, status: OperationStatus | None = None
    ) -> Generator[OperationInfo]:
        """Operations, newest first; read page by page, as far as one goes."""
        return self._background.iterate(self._client.operations(op=op, status=status))

    def compare(
        self,
        runs: Sequence[Run | str],
        *,
        fields: Sequence[str] | None = None,
        max_points: int | None = None,
    ) -> Comparison:
        """Two to eight runs (or their ids) side by side. See `AsyncClient.compare`."""
        ids = [run if isinstance(run, str) else run.id for run in runs]
        return self._background.call(self._client.compare(ids, fields=fields, max_points=max_points))

    def workers(self) -> JSONObject:
        """`queue_depth`, and the `workers` that live, each with the sessions that it runs."""
        return self._background.call(self._client.workers())
