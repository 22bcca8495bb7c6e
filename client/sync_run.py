"""A run without `await`."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from .background import Background
from .history import History
from .messages import CommandAnswer, Control, Schema, Status, Summary
from .results import Verification
from .run import AsyncRun, Since
from .sent import AsyncSent
from .sequel import Item
from .service import ExportFormat, WheelAction
from .session import Session, Viewer, Wheel
from .sync_operation import Operation
from .types import JSON


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

    def wheel(self) -> Wheel:
        """Who alone steers it, and who has asked to."""
        return self._background.call(self._run.wheel())

    def turn_wheel(self, action: WheelAction, name: str | None = None) -> Wheel:
        """Change who alone steers it. See `AsyncRun.turn_wheel`."""
        return self._background.call(self._run.turn_wheel(action, name))

    def verify(self) -> Operation[Verification]:
        """Have it computed again, once it is over. See `AsyncRun.verify`."""
        return Operation(self._background.call(self._run.verify()), self._background)

    def delete(self) -> None:
        """Stop it, and delete all that is known of it, for good."""
        self._background.call(self._run.delete())
