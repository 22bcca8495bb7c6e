"""The sessions of one worker: take a job, claim the lease, have a child forked, and see each child to its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine

import structlog
from redis.asyncio import Redis

from gridcast.broadcaster import (
    AsyncLeases,
    BrokerUnavailable,
    Channel,
    Channels,
    Conflict,
    Fenced,
    LeaseHeld,
    LeaseLost,
    NoChannel,
    Settings,
    tracing,
)
from gridcast.broadcaster.client import channels_of
from gridcast.broadcaster.origin import words
from gridcast.broadcaster.reaper import Reaper
from gridcast.broadcaster.sessions import Sessions, SessionState, status_entry
from gridcast.broadcaster.totals import TOTALS
from gridcast.broadcaster.versions import STATE
from gridcast.broadcaster.workers import BEAT_S, Heartbeat, Heartbeats

from .children import CannotFork, Child, Children
from .exits import Ending, ending
from .orders import Exit, Order
from .retry import RETRY_S, TryLater

log = structlog.get_logger(__name__)

SLOTS_PER_CORE = 16
"""Paused and paced sessions cost next to nothing, so many more fit than run at full speed at once."""

CLAIMABLE = frozenset({"queued", "recovering"})
"""A session that is `starting` has a host, or a reaper will give it its next attempt."""

BUILD_S = 300.0
"""How long a child may build its scenario in one go; long training traces take seconds each."""


class SessionHost:
    """Hosts up to `slots` sessions in children of this worker."""

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        *,
        worker_id: str,
        children: Children,
        changed: Callable[[int], None],
    ) -> None:
        self._settings = settings
        self._id = worker_id
        self._changed = changed
        self._sessions = Sessions(redis)
        self._channels = Channels(channels_of(redis))
        self._leases = AsyncLeases(channels_of(redis), owner=worker_id, ttl_s=settings.lease_s)
        self._heartbeats = Heartbeats(redis)
        self.reaper = Reaper(redis, owner=worker_id, settings=settings)
        self._endings: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        self._starting = 0
        self.slots = settings.slots or SLOTS_PER_CORE * (os.cpu_count() or 1)
        self._children = children
        self._simulations: Callable[[], int] = lambda: 0
        children.hear("session", self._exited)

    def tell(self, *, simulations: Callable[[], int]) -> None:
        """How many simulations without viewers run here, for the heartbeat."""
        self._simulations = simulations

    @property
    def running(self) -> list[Child]:
        return self._children.running("session")

    @property
    def free(self) -> int:
        """Slots without a session, counting those whose children are just being forked."""
        return self.slots - len(self.running) - self._starting

    async def start_session(self, session_id: str, attempt: int, *, asked_s: float | None = None) -> None:
        """The job: start attempt `attempt` of a session, or do nothing where there is nothing to start. `asked_s` says when
        (unix seconds) it was asked for.

        Returns as soon as the child is forked; the child publishes everything from then on.

        Raises:
            TryLater: no slot is free, the broker is away, or somebody else holds the lease and may yet fail.
        """
        if self.free <= 0:
            raise TryLater(RETRY_S)
        self._starting += 1
        try:
            await self._start(session_id, attempt, asked_s)
        except BrokerUnavailable as error:
            log.warning("start_put_off", session=session_id, why=str(error))
            raise TryLater(RETRY_S) from error
        finally:
            self._starting -= 1
            self._changed(self.free)

    async def _start(self, session_id: str, attempt: int, asked_s: float | None) -> None:
        channel = Channel.session(session_id)
        await self._children.wait_ready()
        state = await self._sessions.get(session_id)
        if state is None or state.attempt != attempt or state.status not in CLAIMABLE:
            return
        if state.form > STATE:
            log.info("session_left_to_newer_workers", session=session_id, form=state.form, known=STATE)
            raise TryLater(RETRY_S)
        taken_s = time.time()
        # The job has a task, and so a context, of its own.
        structlog.contextvars.bind_contextvars(session=session_id, attempt=attempt, **words(state.origin))
        parent = state.origin.get("traceparent")
        try:
            with tracing.span("claim", parent, session=session_id):
                token = await self._leases.acquire(channel)
                state = await self._announce(channel, token)
        except LeaseHeld as error:
            raise TryLater(self._settings.lease_s) from error
        except (NoChannel, Fenced):
            return
        if state is None:
            await self._leases.release(channel, token)
            return
        order = Order(
            kind="session",
            id=session_id,
            attempt=attempt,
            token=token,
            owner=self._id,
            record=state.record,
            origin=state.origin,
        )
        if asked_s is not None:
            TOTALS.queue_wait_s.observe(taken_s - asked_s)
            tracing.told("queue", parent, began_s=asked_s, ended_s=taken_s, session=session_id)
        try:
            with tracing.span("fork", parent, session=session_id):
                child = await self._children.start(order)
        except CannotFork as error:
            await self._end(order, f"the worker could not start a process for this session: {error}")
            return
        log.info("session_started", child=child.pid)
        self._in_background(self._keep_while_building(child), self._keeping)

    async def _announce(self, channel: Channel, token: int) -> SessionState | None:
        """Publish `starting`, unless the session is recovering; `None` if it came to its end just before."""
        while True:
            state = await self._sessions.get(channel.id)
            if state is None:
                raise NoChannel(str(channel))
            if state.status not in CLAIMABLE:
                return None
            if state.status == "recovering":
                return state
            try:
                await self._channels.publish(
                    channel,
                    token=token,
                    expected=state.head + 1,
                    entries=[status_entry("starting", tick=state.tick, attempt=state.attempt)],
                    meta={"status": "starting"},
                )
                return state
            except Conflict:
                continue  # somebody wrote between our read and our write, with an older token: read again

    def _exited(self, child: Child, status: int) -> None:
        self._changed(self.free)
        order = child.order
        end = ending(status, tick=child.tick, last_words=child.last_words)
        log.info(
            "session_child_ended",
            session=order.id,
            child=child.pid,
            why=end.reason or "done",
            **words(order.origin),
        )
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == Exit.LOST:
            TOTALS.leases_lost += 1
        if not end.settled:
            self._in_background(self._settle(order, end), self._endings)

    async def _keep_while_building(self, child: Child) -> None:
        """Hold the lease for a child until it is heard of: while it builds it cannot renew it, and is not lost."""
        channel = Channel.session(child.order.id)
        deadline_s = time.monotonic() + BUILD_S
        while time.monotonic() < deadline_s:
            await asyncio.sleep(self._settings.lease_s / 3)
            if child.heard or not self._children.runs(child):
                return
            try:
                await self._leases.renew(channel, child.order.token)
            except BrokerUnavailable:
                continue
            except (NoChannel, LeaseLost):
                return
        state = await self._sessions.get(channel.id)
        if state is None or state.tick > 0:
            return  # it computes again what is in the log, and renews by itself as it does so
        await self._end(child.order, f"it was not built after {BUILD_S:g} s; a smaller scenario may help.")
        if self._children.runs(child):
            os.kill(child.pid, signal.SIGKILL)

    def _in_background(self, work: Coroutine[None, None, None], among: set[asyncio.Task[None]]) -> None:
        async def logged() -> None:
            try:
                await work
            except Exception:  # the outermost frame of a task that nobody awaits
                log.exception("session_not_settled")

        task = asyncio.create_task(logged())
        among.add(task)
        task.add_done_callback(among.discard)

    async def _settle(self, order: Order, end: Ending) -> None:
        """Give a session whose child ended too early its next attempt, or its last status if that is of no use."""
        channel = Channel.session(order.id)
        anew = False
        while True:
            try:
                tick = await self._sessions.count_end(order.id, token=order.token, own_fault=end.own_fault)
                if tick is not None:
                    await self._end(order, f"{end.reason} It happened again and again at tick {tick}.")
                    return
                attempt = await self._sessions.hand_over(order.id, token=order.token, anew=anew)
                await self._leases.release(channel, order.token)
                if attempt is not None:
                    TOTALS.recoveries["ended"] += 1
                    await self._sessions.enqueue(order.id, attempt)
                return
            except BrokerUnavailable:
                # The child is no more, which would have known whether the broker that is back has all that was written.
                anew = self._settings.channels_fail_over
                await asyncio.sleep(RETRY_S)
            except (NoChannel, Fenced, LeaseLost):
                return

    async def _end(self, order: Order, reason: str) -> None:
        """Mark a session without a child as failed, however long the broker is away."""
        channel = Channel.session(order.id)
        while True:
            try:
                await self._sessions.finish(order.id, token=order.token, status="failed", reason=reason)
                await self._leases.release(channel, order.token)
                return
            except BrokerUnavailable:
                await asyncio.sleep(RETRY_S)
            except Conflict:
                continue
            except (NoChannel, Fenced, LeaseLost):
                return

    async def beat(self) -> None:
        """Say every second that this worker is alive and what it runs, until cancelled.

        It says nothing before a child could start at once, and ends children whose sessions others have taken over: one that
        hangs in the solver, or was frozen, does not notice by itself.
        """
        await self._children.wait_ready()
        while True:
            try:
                await self._heartbeats.beat(self._heartbeat())
                await self._end_outlived()
            except BrokerUnavailable as error:
                log.warning("no_heartbeat", why=str(error))
            await asyncio.sleep(BEAT_S)

    async def _end_outlived(self) -> None:
        children = self.running
        newest = await self._sessions.tokens([child.order.id for child in children])
        for child, token in zip(children, newest, strict=True):
            if token is None or token > child.order.token:
                log.warning("child_outlived", session=child.order.id, child=child.pid)
                TOTALS.leases_lost += token is not None
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    async def drain(self, grace_s: float) -> None:
        """End all children at tick boundaries and settle their sessions."""
        await self._children.drain(grace_s)
        if self._endings:
            await asyncio.wait(self._endings, timeout=grace_s)

    async def leave(self) -> None:
        """Take this worker off the list."""
        try:
            await self._heartbeats.leave(self._id)
        except BrokerUnavailable:
            log.info("heartbeat_left_to_lapse")

    def _heartbeat(self) -> Heartbeat:
        return {
            "id": self._id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "slots": self.slots,
            "sessions": [
                {
                    "id": child.order.id,
                    "pid": child.pid,
                    "attempt": child.order.attempt,
                    "tick": child.tick,
                    "lag_s": round(child.lag_s, 3),
                    "recording": child.recording,
                }
                for child in self.running
            ],
            "figures": {
                "ticks": TOTALS.ticks,
                "publish_s": TOTALS.publish_s.told(),
                "queue_wait_s": TOTALS.queue_wait_s.told(),
                "recoveries": dict(TOTALS.recoveries),
                "leases_lost": TOTALS.leases_lost,
                "simulations": self._simulations(),
            },
        }
