"""One run: watch it, steer it, read its past."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .download import download
from .errors import RunFailed
from .fill import PAGE_TICKS, filled
from .follow import follow
from .history import History, history_of, joined_histories
from .messages import (
    OVER,
    CommandAnswer,
    Control,
    Gap,
    Schema,
    Status,
    Summary,
    answer_of,
    control_of,
    status_of,
)
from .operation import AsyncOperation
from .patience import patiently
from .results import Verification
from .sent import AsyncSent
from .sequel import Item, Sequel
from .service import ExportFormat, Service, WheelAction
from .session import Session, Viewer, Wheel, session_of, viewer_of, wheel_of
from .steering import new_command_id, steer
from .types import JSON, Entry

Since: TypeAlias = Literal["start", "now"] | History
"""Where a stream begins: with the first tick, with the next one, or where a piece of history ends."""


class AsyncRun:
    """A run of a service; made by `AsyncClient`.

    Raises (each method):
        Unreachable: nobody answered. Streams, commands and `wait` try again for the client's `give_up_s` first.
        Problem: the service refused, and said why.
    """

    def __init__(self, service: Service, session_id: str, *, give_up_s: float) -> None:
        self.id = session_id
        self._service = service
        self._give_up_s = give_up_s
        self._schema: Schema | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} at {self._service.url}>"

    async def session(self) -> Session:
        """What the service knows about it now."""
        session = session_of(await self._service.session(self.id))
        self._schema = session.schema or self._schema
        return session

    async def schema(self) -> Schema:
        """What it simulates; waits until it has begun.

        Raises:
            RunFailed: it ended before it had begun.
        """
        if self._schema is not None:
            return self._schema
        session = await patiently(self.session, self._give_up_s)
        if session.schema is not None:
            return session.schema
        if not session.over:
            async with aclosing(self.stream()) as items:
                async for item in items:
                    if isinstance(item, Schema):
                        self._schema = item
                        return item
        raise await self._failure()

    async def stream(self, *, since: Since = "start", fill_gaps: bool = True) -> AsyncGenerator[Item]:
        """Everything that happens in it, in order, until it is over; each tick exactly once.

        Lost connections are opened again where they stopped. What the log does not hold any more is read from the
        history, and told as a `Gap` where that has not got it either; without `fill_gaps`, always as a `Gap`.
        """
        offset, epoch, next_tick = 0, None, 0
        if isinstance(since, History):
            offset, epoch = since.next_offset or 0, since.epoch
            next_tick = since.ticks.last + 1 if len(since.ticks) else 0
        elif since == "now":
            session = await patiently(self.session, self._give_up_s)
            offset, epoch, next_tick = session.head, session.epoch, session.tick
        sequel = Sequel(next_tick, self._schema)
        async with aclosing(self._followed(since=offset, epoch=epoch)) as entries:
            async for entry in entries:
                if entry["type"] == "ticks" and sequel.schema is None:
                    sequel.schema = await self.schema()
                for item in sequel.take(entry):
                    if isinstance(item, Gap) and fill_gaps:
                        filling = filled(
                            self._service, self.id, item, await self.schema(), give_up_s=self._give_up_s
                        )
                        async with aclosing(filling):
                            async for found in filling:
                                yield found
                    else:
                        yield item

    async def wait(self, *, timeout_s: float | None = None) -> Summary:
        """Wait for its end.

        Raises:
            RunFailed: it failed, or was stopped before its first tick.
            TimeoutError: it took longer than `timeout_s` (s of wall time); it goes on.
        """
        async with asyncio.timeout(timeout_s):
            session = await patiently(self.session, self._give_up_s)
            if not session.over:
                async with aclosing(self._followed(since=session.head, epoch=session.epoch)) as entries:
                    async for _ in entries:
                        pass
                session = await patiently(self.session, self._give_up_s)
        if session.status == "failed" or session.summary is None:
            raise await self._failure()
        return session.summary

    async def history(
        self,
        *,
        from_tick: int | None = None,
        to_tick: int | None = None,
        max_points: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> History:
        """Ticks `from_tick` (default: 0) to `to_tick` (default: the newest), both included.

        Args:
            max_points: at most 4 x so many rows, chosen so that minima and maxima survive; default: every tick.
            fields: columns as a recording names them, or their beginnings at a dot (`v`, `v.671`, `dc.default.p_w`,
                `taps`, `events`); default: all.

        Raises:
            Problem: a range outside the run, an unknown field, ticks that are not there any more.
        """

        async def page(begin: int | None, end: int | None) -> History:
            document = await self._service.history(
                self.id, from_tick=begin, to_tick=end, max_points=max_points, fields=fields
            )
            return history_of(document)

        if max_points is not None:
            return await page(from_tick, to_tick)
        newest = (await self.session()).tick - 1
        begin, last = from_tick or 0, newest if to_tick is None else to_tick
        if last > newest:  # the service says what it has got
            return await page(from_tick, to_tick)
        pieces = []
        while last - begin >= PAGE_TICKS:
            pieces.append(await page(begin, begin + PAGE_TICKS - 1))
            begin += PAGE_TICKS
        pieces.append(await page(begin, to_tick))
        return joined_histories(pieces)

    async def export(self, path: str | os.PathLike[str], format: ExportFormat | None = None) -> Path:  # noqa: A002
        """Write the whole run to a file, as its name's ending says (`.csv`, `.parquet`, `.jsonl`) or as `format`.

        The file is there once it is whole. Memory does not grow with the run.

        Raises:
            ValueError: neither says which format.
        """
        return await download(partial(self._service.export, self.id), Path(path), format)

    async def command(self, command: str, /, **args: JSON) -> AsyncSent:
        """Send a command, such as `command("set_taps", regulators={"creg1a": 1.05})`; it takes effect once."""
        command_id = new_command_id()
        await patiently(
            lambda: self._service.command(self.id, command, args, command_id=command_id), self._give_up_s
        )
        return AsyncSent(
            id=command_id,
            session_id=self.id,
            command=command,
            args=args,
            service=self._service,
            give_up_s=self._give_up_s,
        )

    async def pause(self) -> CommandAnswer:
        """Pause it between two ticks, for everybody who watches; returns when that took effect, like all of these."""
        return await self._steer("pause")

    async def resume(self) -> CommandAnswer:
        """Go on."""
        return await self._steer("resume")

    async def stop(self) -> CommandAnswer:
        """End it; its recording is completed."""
        return await self._steer("stop")

    async def step(self, ticks: int) -> Status:
        """While paused: compute so many ticks. Returns when it has paused again, or is over."""
        return await self._steer_until_paused("step", {"ticks": ticks})

    async def run_until(
        self,
        *,
        t_s: float | None = None,
        bus: str | None = None,
        phase: str | None = None,
        below: float | None = None,
        above: float | None = None,
    ) -> Status:
        """Go on until a simulated time (s), or until the voltage of a bus is lower or higher (pu) than this.

        Returns when it has paused, there or because somebody paused it, or is over.
        """
        wanted: dict[str, JSON] = {"t_s": t_s, "bus": bus, "phase": phase, "below": below, "above": above}
        given = {name: value for name, value in wanted.items() if value is not None}
        return await self._steer_until_paused("run_until", given)

    async def speed(self, x: float | Literal["max"]) -> CommandAnswer:
        """Go at `x` simulated seconds per second; results stay the same."""
        return await self._steer("speed", {"x": x})

    async def fork(
        self,
        at_tick: int,
        *,
        overrides: Mapping[str, JSON] | None = None,
        commands: Sequence[Mapping[str, JSON]] = (),
    ) -> AsyncRun:
        """A new run that shares the first `at_tick` ticks of this one.

        Args:
            overrides: `duration_s`, `title`, `speed`.
            commands: take effect at `at_tick`, in this order: `{"command": "pause"}`, `{"command": ..., "args": {...}}`.
        """
        child = await self._service.fork_session(
            self.id, at_tick=at_tick, overrides=overrides, commands=commands
        )
        return AsyncRun(self._service, str(child["id"]), give_up_s=self._give_up_s)

    async def commands(self) -> list[Control]:
        """What people's commands took effect, at which ticks, in order."""
        return [control_of(item) for item in await self._service.commands(self.id)]

    async def viewers(self) -> list[Viewer]:
        """Who watches it, longest there first."""
        return [viewer_of(item) for item in await self._service.viewers(self.id)]

    async def wheel(self) -> Wheel:
        """Who alone steers it, and who has asked to."""
        return wheel_of(await self._service.wheel(self.id))

    async def turn_wheel(self, action: WheelAction, name: str | None = None) -> Wheel:
        """`take` it (from somebody else only as the owner), `ask` for it, `let-go` of it, `give` it to, or `refuse` it to,
        somebody of that `name` who has asked."""
        return wheel_of(await self._service.turn_wheel(self.id, action, name=name))

    async def verify(self) -> AsyncOperation[Verification]:
        """Have it computed again, once it is over; the operation's result says whether both are the same to the last bit."""
        document = await self._service.operations.verify(self.id)
        return AsyncOperation(self._service, str(document["id"]), give_up_s=self._give_up_s)

    async def delete(self) -> None:
        """Stop it, and delete all that is known of it, for good."""
        await self._service.delete_session(self.id)

    async def _steer(self, command: str, args: Mapping[str, JSON] | None = None) -> CommandAnswer:
        return answer_of(await steer(self._service, self.id, command, args, give_up_s=self._give_up_s))

    async def _steer_until_paused(self, command: str, args: Mapping[str, JSON]) -> Status:
        answer = await steer(self._service, self.id, command, args, give_up_s=self._give_up_s)
        async with aclosing(self._followed(since=answer["offset"])) as entries:
            async for entry in entries:
                if entry["type"] == "status" and (entry["status"] == "paused" or entry["status"] in OVER):
                    return status_of(entry)
        raise await self._failure()

    def _followed(self, *, since: Any, epoch: str | None = None) -> AsyncGenerator[Entry]:
        return follow(
            self._service.url,
            self.id,
            since=since,
            epoch=epoch,
            give_up_s=self._give_up_s,
            headers=self._service.headers,
        )

    async def _failure(self) -> RunFailed:
        session = await patiently(self.session, self._give_up_s)
        return RunFailed(self.id, session.status, session.tick, session.reason)
