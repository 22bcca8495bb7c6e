"""The tasks and operations that one worker coordinates: take a job, claim the chair, see it to its end or hand it over."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from gridcast.broadcaster import (
    AsyncLeases,
    BrokerUnavailable,
    Channel,
    Conflict,
    Fenced,
    LeaseHeld,
    LeaseLost,
    NoChannel,
    Settings,
)
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.client import channels_of
from gridcast.broadcaster.errors import GridcastError
from gridcast.broadcaster.origin import words
from gridcast.broadcaster.patrol import WAITING

from .chair import Chair
from .retry import RETRY_S, TryLater

log = structlog.get_logger(__name__)

MAX_COORDINATED = 64
"""In one worker: a coordinator mostly waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Craft:
    """How one kind of channel is coordinated: `coordinate` brings it to its end as the holder of the chair, `failed` makes
    its last entry where that went wrong, for a reason."""

    coordinate: Callable[[Chair, AnalysisState], Awaitable[None]]
    failed: Callable[[AnalysisState, str], bytes]


class Coordinators:
    """Hosts coordinators as tasks of the worker's own loop: they decide and wait, others compute."""

    def __init__(
        self, settings: Settings, redis: Redis, *, worker_id: str, kinds: Mapping[str, Craft]
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._id = worker_id
        self._kinds = kinds
        self._analyses = Analyses(redis)
        self._leases = AsyncLeases(channels_of(redis), owner=worker_id, ttl_s=settings.lease_s)
        self._hosting: set[asyncio.Task[None]] = set()

    @property
    def hosted(self) -> int:
        """How many there are here now."""
        return len(self._hosting)

    async def start(self, channel: Channel, attempt: int) -> None:
        """The job: become the coordinator, or do nothing where there is nothing to do. Returns at once.

        Raises:
            TryLater: there are too many here, the broker is away, or somebody else holds the lease and may yet fail.
        """
        if len(self._hosting) >= MAX_COORDINATED:
            raise TryLater(RETRY_S)
        try:
            state = await self._analyses.get(channel)
            if state is None or state.attempt != attempt or state.status not in WAITING:
                return
            token = await self._leases.acquire(channel)
            state = await self._analyses.get(channel)
        except BrokerUnavailable as error:
            raise TryLater(RETRY_S) from error
        except LeaseHeld as error:
            raise TryLater(self._settings.lease_s) from error
        except NoChannel:
            return
        if state is None:
            return
        task = asyncio.create_task(self._host(state, token))
        self._hosting.add(task)
        task.add_done_callback(self._hosting.discard)

    async def drain(self) -> None:
        """Hand everything over to other workers, at once."""
        for task in self._hosting:
            task.cancel()
        if self._hosting:
            await asyncio.wait(self._hosting)

    async def _host(self, state: AnalysisState, token: int) -> None:
        channel = state.channel
        # A task, and so a context, of its own.
        about = {channel.kind: channel.id, "attempt": state.attempt, **words(state.origin)}
        structlog.contextvars.bind_contextvars(**about)
        chair = Chair(self._settings, self._redis, state, owner=self._id, token=token)
        try:
            await self._coordinate(chair, state)
        except asyncio.CancelledError:
            with contextlib.suppress(GridcastError):
                attempt = await self._analyses.again(channel, token=token)
                await chair.release()
                if attempt is not None:
                    await self._analyses.enqueue(channel, attempt)
            raise
        except (Fenced, LeaseLost, NoChannel, Conflict) as error:
            log.info("chair_lost", why=str(error))
        except Exception as error:  # the outermost frame: whoever watches is told
            log.exception("coordinator_failed")
            reason = (
                f"unexpected error: {type(error).__name__}. "
                "This is a fault of Gridcast; the worker's log has the details."
            )
            with contextlib.suppress(GridcastError):
                await chair.say(
                    [self._kinds[channel.kind].failed(state, reason)],
                    meta={"status": "failed", "ended": repr(time.time()), "reason": reason},
                )
        await chair.release()

    async def _coordinate(self, chair: Chair, state: AnalysisState) -> None:
        """Run the coordinator beside what keeps its chair; whichever ends first ends the others."""
        helpers = [asyncio.create_task(chair.hold()), asyncio.create_task(chair.listen())]
        work = asyncio.ensure_future(self._kinds[state.channel.kind].coordinate(chair, state))
        try:
            done, _ = await asyncio.wait([work, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in [work, *helpers]:
                task.cancel()
            await asyncio.gather(work, *helpers, return_exceptions=True)
