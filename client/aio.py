"""The client with `await`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Literal, Self

from .comparison import Comparison, comparison_of
from .here import service_url
from .messages import State
from .operation import AsyncOperation, OperationInfo, OperationStatus
from .operation import info_of as operation_info_of
from .operations import Analysis, Op
from .patience import patiently
from .results import Characterization, Heatmap, Result, Scan
from .run import AsyncRun
from .service import ANSWER_S, Service
from .session import Scenario, Session, scenario_of, session_of
from .steering import new_command_id
from .task import AsyncTask, TaskInfo, TaskStatus, info_of
from .types import JSON, JSONObject

GIVE_UP_S = 60.0


class AsyncClient:
    """A Gridcast service; use it as an async context manager.

    Args:
        url: its address; default: GRIDCAST_URL, else the `gridcast up` of this folder.
        token: says who one is, where the service has accounts; default: GRIDCAST_TOKEN.
        share: the secret of a share link (what stands behind `?share=`), alone or beside a token.
        timeout_s: a request that got no answer in this time counts as unanswered.
        give_up_s: how long streams, commands and waits try to reach a service that is away.

    Raises:
        NoService: nothing names a service, and none runs here.
        Unreachable (each method): nobody answered.
        Problem (each method): the service refused, and said why.
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
        self.service = Service(service_url(url), timeout_s=timeout_s, token=token, share=share)
        self._give_up_s = give_up_s

    @property
    def url(self) -> str:
        return self.service.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self.service.aclose()

    async def scenarios(self) -> list[Scenario]:
        """The catalogue."""
        return [scenario_of(item) for item in await self.service.scenarios()]

    async def scenario(self, name: str) -> JSONObject:
        """One scenario with its whole default `config`, whose dotted paths are what `overrides` may name."""
        return await self.service.scenario(name)

    async def create(
        self,
        scenario: str,
        *,
        overrides: Mapping[str, JSON] | None = None,
        seed: int | None = None,
        speed: float | Literal["max"] = "max",
        title: str | None = None,
        on_idle: Literal["continue", "pause", "stop"] = "continue",
    ) -> AsyncRun:
        """Start a run.

        Args:
            overrides: by dotted path into the scenario's config: `{"duration_s": 600, "datacenters.0.bus": "671"}`.
            speed: simulated seconds per second, 0.1 to 1000, or `max`.
            on_idle: what the run does while nobody watches.
        """
        document = await self.service.create_session(
            scenario, overrides=overrides, seed=seed, speed=speed, title=title, on_idle=on_idle
        )
        return self.run(str(document["id"]))

    def run(self, session_id: str) -> AsyncRun:
        """The run with this id. Nothing is asked yet: an id that does not exist is a `Problem` of what is asked of it."""
        return AsyncRun(self.service, session_id, give_up_s=self._give_up_s)

    async def sessions(
        self, *, status: State | None = None, owner: str | None = None, scenario: str | None = None
    ) -> AsyncGenerator[Session]:
        """Runs, newest first, without their schemas; read page by page, as far as one goes."""
        listed = self.service.sessions(status=status, owner=owner, scenario=scenario)
        async with aclosing(listed):
            async for document in listed:
                yield session_of(document)

    async def tune(self, spec: Mapping[str, JSON]) -> AsyncTask:
        """Start a tuning task; `spec` is the body of `POST /api/tasks` (docs/sdk.md).

        Raises:
            Problem: it is not valid; `errors` names each field.
        """
        key = new_command_id()
        document = await patiently(lambda: self.service.tasks.create(spec, key=key), self._give_up_s)
        return self.task(str(document["id"]))

    def task(self, task_id: str) -> AsyncTask:
        """The task with this id. Nothing is asked yet, as with `run`."""
        return AsyncTask(self.service, task_id, give_up_s=self._give_up_s)

    async def tasks(
        self, *, status: TaskStatus | None = None, scenario: str | None = None
    ) -> AsyncGenerator[TaskInfo]:
        """Tasks, newest first; read page by page, as far as one goes."""
        async with aclosing(self.service.tasks.list(status=status, scenario=scenario)) as listed:
            async for document in listed:
                yield info_of(document)

    async def characterize(
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
    ) -> AsyncOperation[Characterization]:
        """Start the characterization of a scenario: how it runs, its P-V curve, and its strongest parameters.

        Args (what is None is the service's default, as docs/analyses.md has it):
            params: overrides by dotted path, as in `create`.
            duration_s: what each point simulates (s).
            pv_points: points of the P-V curve, whose last has `pv_max_scale` times the datacenters' power.
            sensitivity: whether parameters are varied, each by the relative change `step`.

        Raises:
            Problem: it is not valid; `errors` names each field.
        """
        wanted: dict[str, JSON] = {
            "name": name,
            "params": None if params is None else dict(params),
            "seed": seed,
            "duration_s": duration_s,
            "pv_points": pv_points,
            "pv_max_scale": pv_max_scale,
            "sensitivity": sensitivity,
            "step": step,
        }
        return AsyncOperation(
            self.service, await self._operate("characterize", wanted), give_up_s=self._give_up_s
        )

    async def heatmap(
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
    ) -> AsyncOperation[Heatmap]:
        """Start a sweep of two numbers of a scenario, each named by its dotted path.

        Args:
            metric: one of a summary's; default: `integral_violation_pu_s`.
            params, duration_s: as in `characterize`.

        Raises:
            Problem: it is not valid; `errors` names each field.
        """
        wanted: dict[str, JSON] = {
            "name": name,
            "param_x": param_x,
            "x_min": x_min,
            "x_max": x_max,
            "x_steps": x_steps,
            "param_y": param_y,
            "y_min": y_min,
            "y_max": y_max,
            "y_steps": y_steps,
            "metric": metric,
            "params": None if params is None else dict(params),
            "seed": seed,
            "duration_s": duration_s,
        }
        return AsyncOperation(self.service, await self._operate("heatmap", wanted), give_up_s=self._give_up_s)

    async def scan(
        self,
        *,
        feeders: Sequence[str] | None = None,
        scenarios: bool | None = None,
        params: Mapping[str, JSON] | None = None,
        duration_s: float | None = None,
    ) -> AsyncOperation[Scan]:
        """Start a scan of every candidate site of the feeders (default: all), and of the catalogue's `scenarios`.

        Args:
            params, duration_s: as in `characterize`.

        Raises:
            Problem: it is not valid; `errors` names each field.
        """
        wanted: dict[str, JSON] = {
            "feeders": None if feeders is None else list(feeders),
            "scenarios": scenarios,
            "params": None if params is None else dict(params),
            "duration_s": duration_s,
        }
        return AsyncOperation(self.service, await self._operate("scan", wanted), give_up_s=self._give_up_s)

    async def _operate(self, op: Analysis, wanted: Mapping[str, JSON]) -> str:
        """Start an operation with what has a value; its id."""
        config = {field: value for field, value in wanted.items() if value is not None}
        key = new_command_id()
        document = await patiently(
            lambda: self.service.operations.create(op, config, key=key), self._give_up_s
        )
        return str(document["id"])

    def operation(self, operation_id: str) -> AsyncOperation[Result]:
        """The operation with this id. Nothing is asked yet, as with `run`."""
        return AsyncOperation(self.service, operation_id, give_up_s=self._give_up_s)

    async def operations(
        self, *, op: Op | None = None, status: OperationStatus | None = None
    ) -> AsyncGenerator[OperationInfo]:
        """Operations, newest first; read page by page, as far as one goes."""
        async with aclosing(self.service.operations.list(op=op, status=status)) as listed:
            async for document in listed:
                yield operation_info_of(document)

    async def compare(
        self,
        runs: Sequence[AsyncRun | str],
        *,
        fields: Sequence[str] | None = None,
        max_points: int | None = None,
    ) -> Comparison:
        """Two to eight runs (or their ids) side by side; differences are to the first of them.

        Args:
            fields: columns whose means are wanted too, named as in `AsyncRun.history`.
            max_points: so many points of each series at most.
        """
        ids = [run if isinstance(run, str) else run.id for run in runs]
        return comparison_of(await self.service.compare(ids, fields=fields, max_points=max_points))

    async def workers(self) -> JSONObject:
        """`queue_depth`, and the `workers` that live, each with the sessions that it runs."""
        return await self.service.workers()
