"""Random interleavings of publish, deliver, lose, repeat, trim, flush, join, leave and read, judged at the end."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gridcast.broadcaster import Entry, Reset, Subscription
from tests.broadcaster.conftest import CHANNEL
from tests.broadcaster.memory import MemoryBroker, hub_over
from tests.checker import judge

SPINS = 20
"""Turns of the loop after which a read that is not done waits for something that is not there."""


@dataclass
class Reader:
    subscription: Subscription
    leave: contextlib.AsyncExitStack
    epoch: str
    since: int
    ahead: bool
    history: list[Entry | Reset] = field(default_factory=list)
    following: bool = False

    def follow(self) -> None:
        """Be handed entries as they come, as viewers at the head are, until they do not continue what is here."""
        self.following = True
        self.subscription.follow(self.take)

    def take(self) -> None:
        self.history += self.subscription.ready()
        if not self.subscription.at_head:
            self.stop()

    def stop(self) -> None:
        if self.following:
            self.following = False
            self.subscription.unfollow(self.take)


class HubMachine(RuleBasedStateMachine):
    """The oracle is the list of everything appended; the judge compares each reader's history with it."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.broker = MemoryBroker(CHANNEL)
        self.hub = self.run(self.make_hub())
        self.readers: list[Reader] = []
        self.past: list[Reader] = []

    async def make_hub(self) -> Any:
        return hub_over(self.broker)

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(count=st.integers(1, 5))
    def append(self, count: int) -> None:
        for _ in range(count):
            self.broker.append()

    @precondition(lambda self: self.broker.in_flight)
    @rule(count=st.integers(1, 5))
    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.broker.in_flight))):
            self.hub._arrived(CHANNEL.live, self.broker.in_flight.popleft())
        self.hub._tell()

    @precondition(lambda self: self.broker.in_flight)
    @rule()
    def lose(self) -> None:
        self.broker.in_flight.popleft()

    @precondition(lambda self: self.broker.sent)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        delivered = len(self.broker.sent) - len(self.broker.in_flight)
        if delivered > 0:
            self.hub._arrived(CHANNEL.live, self.broker.sent[data.draw(st.integers(0, delivered - 1))])
            self.hub._tell()

    @rule()
    def reconnect(self) -> None:
        self.broker.in_flight.clear()
        self.run(self.hub._reconnected())

    @rule()
    def canary(self) -> None:
        self.run(self.hub._compare(patient=True))

    @rule(back=st.integers(0, 6))
    def trim(self, back: int) -> None:
        self.broker.trim(self.broker.head + 1 - back)

    @rule()
    def flush(self) -> None:
        self.broker.flush()
        self.run(self.hub._reconnected())

    @precondition(lambda self: len(self.readers) < 4)
    @rule(back=st.integers(-2, 12), live=st.booleans())
    def join(self, back: int, live: bool) -> None:
        since = max(0, self.broker.head - back)

        async def enter() -> Reader:
            stack = contextlib.AsyncExitStack()
            subscription = await stack.enter_async_context(
                self.hub.subscribe(CHANNEL, since="live" if live else since, epoch=self.broker.epoch)
            )
            return Reader(
                subscription,
                stack,
                self.broker.epoch,
                subscription.offset,
                not live and since > self.broker.head,
            )

        self.readers.append(self.run(enter()))

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 3), times=st.integers(1, 3))
    def read(self, which: int, times: int) -> None:
        reader = self.readers[which % len(self.readers)]
        reader.stop()
        for _ in range(times):
            self.run(self.try_to_read(reader))

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 3))
    def follow(self, which: int) -> None:
        reader = self.readers[which % len(self.readers)]
        if reader.subscription.at_head and not reader.following:
            reader.follow()

    async def try_to_read(self, reader: Reader) -> bool:
        task = asyncio.ensure_future(reader.subscription.next())
        for _ in range(SPINS):
            await asyncio.sleep(0)
            if task.done():
                reader.history += task.result()
                return True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False

    @precondition(lambda self: self.readers)
    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        reader = self.readers.pop(which % len(self.readers))
        reader.stop()
        self.run(reader.leave.aclose())
        judge(
            reader.history,
            self.broker.logs,
            epoch=reader.epoch,
            since=reader.since,
            complete=False,
            ahead=reader.ahead,
        )

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        while self.broker.in_flight:
            self.deliver(5)
        self.run(self.hub._compare(patient=False))
        for reader in self.readers:
            reader.stop()
            while self.run(self.try_to_read(reader)):
                pass
            trimmed_away = not self.broker.kept and self.broker.head > 0
            judge(
                reader.history,
                self.broker.logs,
                epoch=reader.epoch,
                since=reader.since,
                complete=not trimmed_away,
                ahead=reader.ahead,
            )
            self.run(reader.leave.aclose())
        self.loop.close()


TestHub = HubMachine.TestCase
TestHub.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
