"""The simulations without viewers of one worker: take a job, hold its lease, have a child forked, see it to its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine

import structlog
from redis.asyncio import Redis

from gridcast.broadcaster import BrokerUnavailable, Settings
from gridcast.broadcaster.simulations import Simulations

from .children import CannotFork, Child, Children
from .exits import Ending, ending
from .orders import Order
from .retry import RETRY_S, TryLater

log = structlog.get_logger(__name__)

TELL_S = 0.25
"""How often those who wait are told how far simulations are."""


class BatchHost:
    """Computes as many simulations at once as there are cores, in children of the worker's fork server."""

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        *,
        worker_id: str,
        children: Children,
        changed: Callable[[int], None],
    ) -> None:
        self._id = worker_id
        self._lease_s = settings.lease_s
        self._changed = changed
        self._children = children
        self._starting = 0
        self._endings: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        children.hear("simulation", self._exited)
        self.simulations = Simulations(redis, ttl_s=settings.results_ttl_s)
        self.slots = settings.batch_slots or os.cpu_count() or 1

    @property
    def running(self) -> list[Child]:
        return self._children.running("simulation")

    @property
    def free(self) -> int:
        """Slots without a simulation, counting those whose children are just being forked."""
        return self.slots - len(self.running) - self._starting

    async def start_simulation(self, key: str) -> None:
        """The job: compute a simulation, or do nothing where there is nothing to do. Returns when the child is forked.

        Raises:
            TryLater: no slot is free, or the broker is away.
        """
        if self.free <= 0:
            raise TryLater(RETRY_S)
        self._starting += 1
        try:
            await self._children.wait_ready()
            spec = await self.simulations.claim(key, owner=self._id, lease_s=self._lease_s)
            if spec is None:
                return
            order = Order(kind="simulation", id=key, attempt=1, token=0, owner=self._id, record=spec)
            try:
                child = await self._children.start(order)
            except CannotFork as error:
                await self.simulations.put_back(
                    key, blameless=False, why=f"no process could be started: {error}"
                )
                return
            self._in_background(self._keep(child), self._keeping)
        except BrokerUnavailable as error:
            raise TryLater(RETRY_S) from error
        finally:
            self._starting -= 1
            self._changed(self.free)

    async def tell(self) -> None:
        """Say now and then how far the running ones are, until cancelled. It is news that may be lost."""
        while True:
            await asyncio.sleep(TELL_S)
            done = {child.order.id: child.done for child in self.running if child.done}
            if done:
                with contextlib.suppress(BrokerUnavailable):
                    await self.simulations.tell(done)

    async def drain(self, grace_s: float) -> None:
        """Put back what the children, which were told to end, have left undone."""
        if self._endings:
            await asyncio.wait(self._endings, timeout=grace_s)

    def _exited(self, child: Child, status: int) -> None:
        self._changed(self.free)
        end = ending(status, tick=child.tick, last_words=child.last_words, of="simulation")
        if not end.settled:
            log.info("simulation_not_done", simulation=child.order.id, why=end.reason or "told to end")
            self._in_background(self._settle(child.order.id, end), self._endings)

    async def _keep(self, child: Child) -> None:
        """Hold the lease while the child computes; end it when nobody wants the result any more."""
        key = child.order.id
        while self._children.runs(child):
            await asyncio.sleep(self._lease_s / 3)
            try:
                wanted = await self.simulations.renew(key, owner=self._id, lease_s=self._lease_s)
            except BrokerUnavailable:
                continue
            if not wanted and self._children.runs(child):
                log.info("simulation_given_up", simulation=key)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                return

    def _in_background(self, work: Coroutine[None, None, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    async def _settle(self, key: str, end: Ending) -> None:
        drained = end.reason is None
        while True:
            try:
                await self.simulations.put_back(key, blameless=drained, why=end.reason)
                return
            except BrokerUnavailable:
                await asyncio.sleep(RETRY_S)
