"""Everything that one `up` runs: a broker, an API process and workers, kept running and ended together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from gridcast.client import Service, Unreachable

from . import environment
from .broker import EmbeddedBroker, answers, public
from .keeper import GaveUp, Keeper
from .log import Log
from .network import service_url
from .process import Program

POLL_S = 0.03
TELL_S = 10.0
"""How often to say what `up` still waits for."""
GRACE_S = 10.0
"""For sessions to reach a tick boundary and sockets to close, before SIGKILL."""
BROKER_GRACE_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to run. `broker` is None where GRIDCAST_REDIS_URL names one."""

    url: str
    redis_url: str
    broker: Program | None
    others: Sequence[Program]


def plan(
    *, host: str, port: int, workers: int, slots: int | None, directory: Path, external_redis: str | None
) -> Plan:
    """The processes of a service at `host:port` whose files are in `directory`."""
    embedded = None if external_redis else EmbeddedBroker.create(directory / "broker")
    redis_url = embedded.url if embedded else str(external_redis)
    env = environment.of_children(redis_url=redis_url, directory=directory, slots=slots)
    return Plan(
        url=service_url(host, port),
        redis_url=redis_url,
        broker=embedded.program() if embedded else None,
        others=[
            Program(
                name="api", role="api", command=[*api_command(), "--host", host, "--port", str(port)], env=env
            ),
            *(
                Program(name=f"worker-{n}", role="worker", command=worker_command(), env=env)
                for n in range(1, workers + 1)
            ),
        ],
    )


def api_command() -> list[str]:
    return [sys.executable, "-m", "gridcast.api.main"]


def worker_command() -> list[str]:
    return [sys.executable, "-m", "gridcast.workers.main"]


class Supervisor:
    """Runs a plan while the context is open; afterwards nothing of it is left.

    `changed` is told the process ids by role: when the service is ready, and then each time that one of them changes.
    """

    def __init__(self, plan: Plan, *, log: Log, changed: Callable[[Mapping[str, list[int]]], None]) -> None:
        self.plan = plan
        self._log = log
        self._changed = changed
        self._keepers: list[Keeper] = []
        self._tasks: dict[Keeper, asyncio.Task[None]] = {}
        self._broken: asyncio.Future[GaveUp] = asyncio.get_running_loop().create_future()
        self._hurry = asyncio.Event()
        self._ready = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ending = asyncio.create_task(self._end())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:  # of an impatient person, or of the loop's end
            self.hurry()
            await ending
            raise

    async def until_ready(self) -> None:
        """Start everything; return when `/readyz` answers 200.

        Raises:
            GaveUp: a process does not start.
        """
        if self.plan.broker:
            self._start(self.plan.broker)
        await self._wait_for("the broker", self._broker_missing)
        for program in self.plan.others:
            self._start(program)
        async with Service(self.plan.url, timeout_s=TELL_S) as service:

            async def missing() -> str | None:
                try:
                    state = await service.readiness()
                except Unreachable as error:
                    return error.reason
                return None if state.ready else "; ".join(state.reasons)

            await self._wait_for("the service", missing)
        self._ready = True
        self._tell()

    def hurry(self) -> None:
        """Kill what has not ended yet, without further grace."""
        self._hurry.set()

    def _tell(self) -> None:
        if not self._ready:
            return
        found: dict[str, list[int]] = {"broker": [], "api": [], "worker": []}
        for keeper in self._keepers:
            if keeper.pid is not None:
                found[keeper.program.role].append(keeper.pid)
        self._changed(found)

    async def _broker_missing(self) -> str | None:
        reason = await answers(self.plan.redis_url)
        return None if reason is None else f"{public(self.plan.redis_url)}: {reason}"

    async def _wait_for(self, what: str, missing: Callable[[], Awaitable[str | None]]) -> None:
        told = monotonic()
        while (reason := await missing()) is not None:
            if self._broken.done():
                raise self._broken.result()
            if monotonic() - told > TELL_S:
                told = monotonic()
                self._log.line("up", f"still waiting for {what}: {reason}")
            await asyncio.wait([self._broken], timeout=POLL_S)

    def _start(self, program: Program) -> None:
        keeper = Keeper(
            program,
            log=self._log,
            changed=self._tell,
            proven=lambda: self._ready,
        )
        self._keepers.append(keeper)
        self._tasks[keeper] = asyncio.create_task(self._keep(keeper), name=program.name)

    async def _keep(self, keeper: Keeper) -> None:
        try:
            await keeper.run()
        except GaveUp as error:
            if not self._broken.done():
                self._broken.set_result(error)

    async def _end(self) -> None:
        """The broker last: the others still have something to say to it."""
        brokers = [keeper for keeper in self._keepers if keeper.program.role == "broker"]
        others = [keeper for keeper in self._keepers if keeper.program.role != "broker"]
        for keepers, grace_s in ((others, GRACE_S), (brokers, BROKER_GRACE_S)):
            await asyncio.gather(*(keeper.end(grace_s, self._hurry) for keeper in keepers))
            await asyncio.gather(*(self._tasks[keeper] for keeper in keepers))
