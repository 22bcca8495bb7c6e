"""The worker process, `python -m gridcast.workers.main`: wires ARQ, sessions, simulations, coordinators and signals
together; decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog
from arq import Retry, func
from arq.connections import ArqRedis

from gridcast.broadcaster import BrokerUnavailable, Channel, JobQueue, Settings, load_settings, tracing
from gridcast.broadcaster.address import place
from gridcast.broadcaster.analysis_reaper import AnalysisReaper
from gridcast.broadcaster.client import BROKER_ERRORS, async_client
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.logs import set_up_logs
from gridcast.broadcaster.names import (
    BATCH_QUEUE,
    COORDINATE_JOB,
    COORDINATE_QUEUE,
    SESSION_JOB,
    SESSION_QUEUE,
    SIMULATION_JOB,
    new_id,
)
from gridcast.broadcaster.queue import deserialize, serialize
from gridcast.broadcaster.simulation_reaper import SimulationReaper
from gridcast.broadcaster.starts import Starts

from .batch import BatchHost
from .children import Children
from .coordinators import MAX_COORDINATED, Coordinators
from .operations.craft import operation_craft
from .picker import Allowed, Picker, listen
from .retry import TryLater
from .sessions import SessionHost
from .sweep import Sweep
from .tasks import task_craft

log = structlog.get_logger(__name__)

JOB_S = 20
"""A start takes milliseconds. A worker that dies within them leaves the job to others after this and 10 s more."""

TRIES = 1000
"""A start that is repeated does nothing twice: it looks at the session first. With one try, a worker that dies or is
stopped between taking a job and claiming the lease would leave its session queued for ever."""

DRAIN_S = 8.0
"""Below the 10 s that most process managers wait before they kill."""

BAD_INPUT = 2
"""Exit code where a setting is not valid: starting again changes nothing."""

_RETRY_S = (0.1, 2.0)

_Job = Callable[..., Coroutine[Any, Any, None]]


class SessionWorker:
    """One worker process's life: `run` until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = async_client(settings)
        self.id = f"{socket.gethostname()}-{os.getpid()}-{new_id(4)}".lower()
        self._stopping = asyncio.Event()
        self._queue = JobQueue(self._client)
        self._put_off: set[asyncio.Task[None]] = set()
        self._children = Children(settings)
        self.host = SessionHost(
            settings,
            self._client,
            worker_id=self.id,
            children=self._children,
            changed=lambda free: self._set_room(self._sessions, free),
        )
        self.batch = BatchHost(
            settings,
            self._client,
            worker_id=self.id,
            children=self._children,
            changed=lambda free: self._set_room(self._simulations, free),
        )
        self.host.tell(simulations=lambda: len(self.batch.running))
        self.coordinators = Coordinators(
            settings,
            self._client,
            worker_id=self.id,
            kinds={
                "task": task_craft(settings, self._client),
                "operation": operation_craft(settings, self._client),
            },
        )
        self._sessions = self._picker(
            SESSION_QUEUE,
            SESSION_JOB,
            self._start_session,
            jobs=self.host.slots,
            busy=lambda: 1 - self.host.free / self.host.slots,
            allowed=Starts(self._client, settings).allowed,
        )
        self._simulations = self._picker(
            BATCH_QUEUE,
            SIMULATION_JOB,
            self._start_simulation,
            jobs=self.batch.slots,
            busy=lambda: 1 - self.batch.free / self.batch.slots,
        )
        self._chairs = self._picker(
            COORDINATE_QUEUE,
            COORDINATE_JOB,
            self._coordinate,
            jobs=MAX_COORDINATED,
            busy=lambda: self.coordinators.hosted / MAX_COORDINATED,
        )

    def stop(self) -> None:
        """Take no more sessions, end those that run at a tick boundary, then `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`; a broker that is away is waited for."""
        settings = self._settings
        channels = {} if settings.channels_url is None else {"channels": place(settings.channels_url)}
        log.info(
            "worker_started", id=self.id, slots=self.host.slots, broker=place(settings.redis_url), **channels
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                forking = tasks.create_task(self._children.run())
                keeping = [tasks.create_task(work) for work in self._keepers()]
                picking = [tasks.create_task(self._pick(arq)) for arq in self._pickers]
                await self._stopping.wait()
                log.info(
                    "worker_stopping", sessions=len(self.host.running), simulations=len(self.batch.running)
                )
                for arq in self._pickers:
                    await arq.stop_picking()
                await self._finish_jobs()
                for task in picking:
                    task.cancel()
                await self.coordinators.drain()
                await self.host.drain(DRAIN_S)
                await self.batch.drain(DRAIN_S)
                for task in keeping:
                    task.cancel()
                await self.host.leave()
                forking.cancel()
        finally:
            await self._client.aclose()
        log.info("worker_stopped", id=self.id)

    def _keepers(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on until the worker ends."""
        simulations = SimulationReaper(self._client, settings=self._settings)
        analyses = AnalysisReaper(
            self._client, owner=self.id, settings=self._settings, outage=self.host.reaper.outage
        )
        return [
            self.host.beat(),
            self.batch.tell(),
            listen(self._client, self._pickers),
            self.host.reaper.run(simulations.sweep, analyses.look),
            Sweep(self._client, self._settings).run(),
        ]

    @property
    def _pickers(self) -> list[Picker]:
        return [self._sessions, self._simulations, self._chairs]

    async def _pick(self, arq: Picker) -> None:
        """Keep ARQ picking jobs, over every absence of the broker.

        Not before a child could start at once: a job would wait here that another worker could do now.
        """
        await self._children.wait_ready()
        pause_s = _RETRY_S[0]
        while True:
            try:
                await arq.main()
            except BROKER_ERRORS as error:
                if pause_s == _RETRY_S[0]:
                    log.warning("broker_away", broker=place(self._settings.redis_url), error=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _RETRY_S[1])
                with contextlib.suppress(*BROKER_ERRORS):
                    await self._client.ping()
                    log.info("broker_back", broker=place(self._settings.redis_url))
                    pause_s = _RETRY_S[0]

    async def _finish_jobs(self) -> None:
        """Let starts that are under way come to their end: what they start drains like the others."""
        under_way = [task for arq in self._pickers for task in arq.tasks.values()]
        if under_way:
            await asyncio.wait(under_way, timeout=DRAIN_S)
        await asyncio.gather(*self._put_off)

    def _picker(
        self,
        queue: str,
        job: str,
        work: _Job,
        *,
        jobs: int,
        busy: Callable[[], float],
        allowed: Allowed | None = None,
    ) -> Picker:
        pool = ArqRedis(
            self._client.connection_pool,
            job_serializer=serialize,
            job_deserializer=deserialize,
            default_queue_name=queue,
        )
        return Picker(
            allowed=allowed,
            functions=[func(work, name=job, max_tries=TRIES)],
            queue_name=queue,
            redis_pool=pool,
            handle_signals=False,
            max_jobs=jobs,
            job_timeout=JOB_S,
            keep_result=0,
            busy=busy,
            job_serializer=serialize,
            job_deserializer=deserialize,
        )

    async def _start_session(self, ctx: dict[Any, Any], *args: Any) -> None:
        session_id, attempt = args
        async with self._again(SESSION_QUEUE, ctx):
            asked: datetime = ctx["enqueue_time"]
            await self.host.start_session(str(session_id), int(attempt), asked_s=asked.timestamp())

    async def _start_simulation(self, ctx: dict[Any, Any], *args: Any) -> None:
        async with self._again(BATCH_QUEUE, ctx):
            await self.batch.start_simulation(str(args[0]))

    async def _coordinate(self, ctx: dict[Any, Any], *args: Any) -> None:
        name, attempt = args
        async with self._again(COORDINATE_QUEUE, ctx):
            await self.coordinators.start(Channel.parse(str(name)), int(attempt))

    @contextlib.asynccontextmanager
    async def _again(self, queue: str, ctx: dict[Any, Any]) -> AsyncIterator[None]:
        """Have ARQ bring a job again that came too early: then before all that wait, as it has had its turn."""
        try:
            yield
        except TryLater as later:
            task = asyncio.create_task(self._bring_forward(queue, ctx["job_id"], later.after_s))
            self._put_off.add(task)
            task.add_done_callback(self._put_off.discard)
            raise Retry(defer=later.after_s) from later

    async def _bring_forward(self, queue: str, job: str, after_s: float) -> None:
        """ARQ puts a job off by giving it a later due time, which is a place behind all that wait; so correct it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await self._stopping.wait()
        try:
            await self._queue.bring_forward(queue, job)
        except BrokerUnavailable as error:
            log.warning("put_off_behind_all", job=job, why=str(error))

    def _set_room(self, arq: Picker, free: int) -> None:
        # ARQ counts a start under way as a job too, so this is never more than there are slots.
        arq.max_jobs = max(0, free)
        arq.allow_pick_jobs = free > 0 and not self._stopping.is_set()
        if arq.allow_pick_jobs:
            arq.wake()


async def serve(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    worker = SessionWorker(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()


def main() -> None:
    try:
        settings = load_settings()
        tracing.set_up_traces(settings, process="worker")
    except BadSettings as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(BAD_INPUT)
    set_up_logs(settings, process="worker")
    try:
        asyncio.run(serve(settings))
    finally:
        tracing.shut_down()


if __name__ == "__main__":
    main()
