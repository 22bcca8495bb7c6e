"""The client without `await`: the same methods, on an event loop in the background."""

from __future__ import annotations

import os
import weakref
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .aio import GIVE_UP_S, AsyncClient
from .background import Background
from .comparison import Comparison
from .history import History
from .messages import CommandAnswer, Control, Schema, State, Status, Summary
from .run import AsyncRun, Since
from .sent import AsyncSent
from .sequel import Item
from .service import ANSWER_S, ExportFormat
from .session import Scenario, Session, Viewer
from .sync_task import Task
from .task import TaskInfo, TaskStatus
from .types import JSON, JSONObject


class Sent:
    """A command that is stored for its run and takes effect once. See `AsyncSent`."""

    def __init__(self, sent: AsyncSent, background: Background) -> None:
        self.id = sent.id
        self._sent = sent
        self._background = background

    def wait_applied(self, *, timeout_s: float | None = None) -> CommandAnswer:
        """See `AsyncSent.wait_applied`."""
        return self._background.call(self._sent.wait_applied(timeout_s=timeout_s))


class Run:
    """A run of a service; made by `Client`. Its methods are those of `AsyncRun`, and raise the same."""

    def __init__(self, run: AsyncRun, background: Background) -> None:
        self.id = run.id
        self._run = run
        self._background = background

    def __repr__(self) -> str:
        return repr(self._run).replace("AsyncRun", "Run")

    def session(self) -> Session:
        """What the service knows about it now."""
        return self._background.call(self._run.session())

    def schema(self) -> Schema:
        """What it simulates; waits until it has begun. See `AsyncRun.schema`."""
        return self._background.call(self._run.schema())

    def stream(self, *, since: Since = "start", fill_gaps: bool = True) -> Generator[Item]:
        """Everything that happens in it, in order, until it is over; each tick exactly once. See `AsyncRun.stream`.

        Leave the loop whenever you like: what is open is closed with the generator.
        """
        return self._background.iterate(self._run.stream(since=since, fill_gaps=fill_gaps))

    def wait(self, *, timeout_s: float | None = None) -> Summary:
        """Wait for its end. See `AsyncRun.wait`."""
        return self._background.call(self._run.wait(timeout_s=timeout_s))

    def history(
        self,
        *,
        from_tick: int | None = None,
        to_tick: int | None = None,
        max_points: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> History:
        """Ticks `from_tick` (default: 0) to `to_tick` (default: the newest), both included. See `AsyncRun.history`."""
        return self._background.call(
            self._run.history(from_tick=from_tick, to_tick=to_tick, max_points=max_points, fields=fields)
        )

    def export(self, path: str | os.PathLike[str], format: ExportFormat | None = None) -> Path:  # noqa: A002
        """Write the whole run to a `.csv`, `.parquet` or `.jsonl` file. See `AsyncRun.export`."""
        return self._background.call(self._run.export(path, format))

    def command(self, command: str, /, **args: JSON) -> Sent:
        """Send a command, such as `command("set_taps", regulators={"creg1a": 1.05})`; it takes effect once."""
        return Sent(self._background.call(self._run.command(command, **args)), self._background)

    def pause(self) -> CommandAnswer:
        """Pause it between two ticks, for everybody who watches; returns when that took effect, like all of these."""
        return self._background.call(self._run.pause())

    def resume(self) -> CommandAnswer:
        """Go on."""
        return self._background.call(self._run.resume())

    def stop(self) -> CommandAnswer:
        """End it; its recording is completed."""
        return self._background.call(self._run.stop())

    def step(self, ticks: int) -> Status:
        """While paused: compute so many ticks. Returns when it has paused again, or is over."""
        return self._background.call(self._run.step(ticks))

    def run_until(
        self,
        *,
        t_s: float | None = None,
        bus: str | None = None,
        phase: str | None = None,
        below: float | None = None,
        above: float | None = None,
    ) -> Status:
        """Go on until a simulated time (s), or a voltage (pu) of a bus; returns when it has paused.

        See `AsyncRun.run_until`.
        """
        going = self._run.run_until(t_s=t_s, bus=bus, phase=phase, below=below, above=above)
        return self._background.call(going)

    def speed(self, x: float | Literal["max"]) -> CommandAnswer:
        """Go at `x` simulated seconds per second; results stay the same."""
        return self._background.call(self._run.speed(x))

    def fork(
        self,
        at_tick: int,
        *,
        overrides: Mapping[str, JSON] | None = None,
        commands: Sequence[Mapping[str, JSON]] = (),
    ) -> Run:
        """A new run that shares the first `at_tick` ticks of this one. See `AsyncRun.fork`."""
        fork = self._run.fork(at_tick, overrides=overrides, commands=commands)
        return Run(self._background.call(fork), self._background)

    def commands(self) -> list[Control]:
        """What people's commands took effect, at which ticks, in order."""
        return self._background.call(self._run.commands())

    def viewers(self) -> list[Viewer]:
        """Who watches it, longest there first."""
        return self._background.call(self._run.viewers())

    def delete(self) -> None:
        """Stop it, and delete all that is known of it, for good."""
        self._background.call(self._run.delete())


class Client:
    """A Gridcast service; use it as a context manager, or call `close`. Threads may share it.

    Its arguments and methods are those of `AsyncClient`, and raise the same; `RuntimeError` once it is closed.
    """

    def __init__(
        self, url: str | None = None, *, timeout_s: float = ANSWER_S, give_up_s: float = GIVE_UP_S
    ) -> None:
        self._client = AsyncClient(url, timeout_s=timeout_s, give_up_s=give_up_s)
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
