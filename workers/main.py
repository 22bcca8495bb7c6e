"""The worker process, `python -m gridcast.workers.main`: wires ARQ, sessions and signals together; decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

import structlog
from arq import Retry, func
from arq.connections import ArqRedis
from arq.worker import Worker

from gridcast.broadcaster import Settings, load_settings
from gridcast.broadcaster.client import BROKER_ERRORS, async_client
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.names import SESSION_JOB, SESSION_QUEUE, new_id
from gridcast.broadcaster.queue import deserialize, serialize

from .logs import set_up_logs
from .sessions import SessionHost, TryLater
from .sweep import Sweep

log = structlog.get_logger(__name__)

POLL_S = 0.02
"""ARQ's default of 0.5 s is far too slow to start a session; 20 ms cost half a percent of a core."""

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


class SessionWorker:
    """One worker process's life: `run` until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = async_client(settings)
        self.id = f"{socket.gethostname()}-{os.getpid()}-{new_id(4)}".lower()
        self._stopping = asyncio.Event()
        self.host = SessionHost(settings, self._client, worker_id=self.id, changed=self._slots_changed)
        self._arq = self._make_arq()

    def stop(self) -> None:
        """Take no more sessions, end those that run at a tick boundary, then `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Host sessions until `stop`; a broker that is away is waited for."""
        settings = self._settings
        log.info("worker_started", id=self.id, slots=self.host.slots, broker=_place(settings.redis_url))
        try:
            async with asyncio.TaskGroup() as tasks:
                forking = tasks.create_task(self.host.children.run())
                beating = tasks.create_task(self.host.beat())
                picking = tasks.create_task(self._pick())
                reaping = tasks.create_task(self.host.reaper.run())
                sweeping = tasks.create_task(Sweep(self._client, settings).run())
                await self._stopping.wait()
                log.info("worker_stopping", sessions=len(self.host.children.running))
                self._arq.allow_pick_jobs = False
                await self._finish_jobs()
                picking.cancel()
                await self.host.drain(DRAIN_S)
                reaping.cancel()
                sweeping.cancel()
                beating.cancel()
                await self.host.leave()
                forking.cancel()
        finally:
            await self._client.aclose()
        log.info("worker_stopped", id=self.id)

    async def _pick(self) -> None:
        """Keep ARQ picking jobs, over every absence of the broker.

        Not before a child could start at once: a job would wait here that another worker could do now.
        """
        await self.host.children.wait_ready()
        pause_s = _RETRY_S[0]
        while True:
            try:
                await self._arq.main()
            except BROKER_ERRORS as error:
                if pause_s == _RETRY_S[0]:
                    log.warning("broker_away", broker=_place(self._settings.redis_url), error=str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _RETRY_S[1])
                with contextlib.suppress(*BROKER_ERRORS):
                    await self._client.ping()
                    log.info("broker_back", broker=_place(self._settings.redis_url))
                    pause_s = _RETRY_S[0]

    async def _finish_jobs(self) -> None:
        """Let starts that are under way come to their end: their sessions drain like the others."""
        under_way = list(self._arq.tasks.values())
        if under_way:
            await asyncio.wait(under_way, timeout=JOB_S)

    def _make_arq(self) -> Worker:
        pool = ArqRedis(
            self._client.connection_pool,
            job_serializer=serialize,
            job_deserializer=deserialize,
            default_queue_name=SESSION_QUEUE,
        )
        return Worker(
            functions=[func(self._start_session, name=SESSION_JOB, max_tries=TRIES)],
            queue_name=SESSION_QUEUE,
            redis_pool=pool,
            handle_signals=False,
            max_jobs=self.host.slots,
            job_timeout=JOB_S,
            keep_result=0,
            poll_delay=POLL_S,
            job_serializer=serialize,
            job_deserializer=deserialize,
        )

    async def _start_session(self, ctx: dict[Any, Any], *args: Any) -> None:
        session_id, attempt = args
        try:
            await self.host.start_session(str(session_id), int(attempt))
        except TryLater as later:
            raise Retry(defer=later.after_s) from later

    def _slots_changed(self, free: int) -> None:
        # ARQ counts a start under way as a job too, so this is never more than there are slots.
        self._arq.max_jobs = max(0, free)
        self._arq.allow_pick_jobs = free > 0 and not self._stopping.is_set()


def _place(redis_url: str) -> str:
    """Where the broker is, without the password."""
    parts = urlsplit(redis_url)
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"


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
    except BadSettings as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(BAD_INPUT)
    set_up_logs(settings)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
