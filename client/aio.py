"""The client with `await`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Literal, Self

from .comparison import Comparison, comparison_of
from .here import service_url
from .messages import State
from .patience import patiently
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
        timeout_s: a request that got no answer in this time counts as unanswered.
        give_up_s: how long streams, commands and waits try to reach a service that is away.

    Raises:
        NoService: nothing names a service, and none runs here.
        Unreachable (each method): nobody answered.
        Problem (each method): the service refused, and said why.
    """

    def __init__(
        self, url: str | None = None, *, timeout_s: float = ANSWER_S, give_up_s: float = GIVE_UP_S
    ) -> None:
        self.service = Service(service_url(url), timeout_s=timeout_s)
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
