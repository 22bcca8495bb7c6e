"""Viewers at the head ride together: one piece of bytes for all, and off they get where they cannot go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import orjson
import pytest

from gridcast.api.crowd import Crowds, Ride
from gridcast.api.frames import frame_of
from gridcast.api.stats import Stats
from gridcast.api.websocket import Broadcast, FramePort, FrameProtocol
from gridcast.broadcaster import Entry, Hub, Reset, Subscription
from tests.broadcaster.conftest import CHANNEL
from tests.broadcaster.memory import MemoryBroker, hub_over
from tests.checker import judge


class Connection:
    """A protocol and its transport in one, whose peer takes everything or nothing, as the test says."""

    def __init__(self) -> None:
        self.transport = self
        self.port = FramePort(cast("FrameProtocol", self))
        self.broadcast: Broadcast | None = None
        self.close_sent = self.closing = self.saturated = False
        self.pieces: list[bytes] = []
        self.full_after = 1 << 30

    def is_closing(self) -> bool:
        return self.closing

    def write(self, piece: bytes) -> None:
        self.pieces.append(piece)
        if len(self.pieces) >= self.full_after and not self.saturated:
            self.saturated = True
            assert self.broadcast is not None
            self.broadcast.filled(self.port)

    def lose(self) -> None:
        self.closing = True
        self._closed()

    def say_goodbye(self) -> None:
        self.close_sent = True
        self._closed()

    def _closed(self) -> None:
        assert self.broadcast is not None
        self.broadcast.closed(self.port)


class Rider:
    """One viewer: what it was written, and where it is."""

    def __init__(self, subscription: Subscription, crowds: Crowds) -> None:
        self.connection = Connection()
        self.port = self.connection.port
        self.subscription = subscription
        self.crowds = crowds
        self.riding = contextlib.ExitStack()

    def board(self) -> Ride:
        return self.riding.enter_context(self.crowds.ride(self.port, self.subscription))


class Scene:
    """A channel in memory, its hub and the crowds over it."""

    def __init__(self) -> None:
        self.broker = MemoryBroker(CHANNEL)
        self.hub: Hub = hub_over(self.broker)
        self.stats = Stats()
        self.crowds = Crowds(self.stats)
        self.stack = contextlib.AsyncExitStack()

    async def rider(self) -> Rider:
        return Rider(await self.stack.enter_async_context(self.hub.subscribe(CHANNEL)), self.crowds)

    def publish(self, count: int = 1, *, lose: int = 0) -> None:
        """Entries that arrive in one read of the tail, without the first `lose`."""
        for _ in range(count):
            self.broker.append()
        for _ in range(lose):
            self.broker.in_flight.popleft()
        while self.broker.in_flight:
            self.hub._arrived(CHANNEL.live, self.broker.in_flight.popleft())
        self.hub._tell()

    def entries(self) -> list[Entry]:
        return [Entry(offset, data) for offset, data in sorted(self.broker.kept.items())]

    @property
    def followers(self) -> int:
        return sum(len(shared.followers) for shared in self.hub._shared.values())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    found = Scene()
    yield found
    await found.stack.aclose()


async def test_all_are_written_the_same_piece_and_counted(scene: Scene) -> None:
    riders = [await scene.rider() for _ in range(3)]
    rides = [rider.board() for rider in riders]
    scene.publish()
    pieces = [rider.connection.pieces[0] for rider in riders]
    assert pieces[0] == frame_of(scene.entries()[0]).wire
    assert pieces[0] is pieces[1] is pieces[2]
    assert [ride.written for ride in rides] == 3 * [len(pieces[0])]
    assert (scene.stats.frames, scene.stats.bytes) == (3, 3 * len(pieces[0]))


async def test_what_arrives_together_is_written_together(scene: Scene) -> None:
    rider = await scene.rider()
    rider.board()
    scene.publish(5)
    assert rider.connection.pieces == [b"".join(frame_of(entry).wire for entry in scene.entries())]
    assert scene.stats.frames == 5


async def test_who_is_saturated_gets_off_behind_what_it_got_and_the_others_go_on(scene: Scene) -> None:
    slow, quick = await scene.rider(), await scene.rider()
    slow.connection.full_after = 2
    ride = slow.board()
    quick.board()
    for _ in range(4):
        scene.publish()
    assert (len(slow.connection.pieces), len(quick.connection.pieces)) == (2, 4)
    assert (ride.over.result(), ride.written) == (False, sum(map(len, slow.connection.pieces)))
    assert (slow.subscription.offset, slow.subscription.at_head) == (2, False)
    assert scene.stats.catch_ups == 1
    assert [item.offset for item in await slow.subscription.next() if isinstance(item, Entry)] == [3, 4]


async def test_nothing_is_written_to_who_is_closed(scene: Scene) -> None:
    left, gone = await scene.rider(), await scene.rider()
    rides = [left.board(), gone.board()]
    scene.publish()
    left.connection.say_goodbye()
    gone.connection.lose()
    scene.publish()
    assert [len(rider.connection.pieces) for rider in (left, gone)] == [1, 1]
    assert [ride.over.done() for ride in rides] == [True, True]


async def test_a_hole_puts_everyone_off_where_they_were(scene: Scene) -> None:
    rider = await scene.rider()
    ride = rider.board()
    scene.publish(2)
    scene.publish(3, lose=1)
    assert (ride.over.result(), rider.subscription.offset, len(rider.connection.pieces)) == (False, 2, 1)
    history: list[Entry | Reset] = list(scene.entries()[:2])
    while rider.subscription.offset < 5:
        history += await rider.subscription.next()
    judge(history, scene.broker.logs, epoch=scene.broker.epoch)
    assert rider.subscription.at_head


async def test_another_life_of_the_log_puts_everyone_off_before_any_of_its_entries(scene: Scene) -> None:
    rider = await scene.rider()
    ride = rider.board()
    scene.publish(2)
    scene.broker.flush()
    await scene.hub._reconnected()
    scene.publish()
    assert (ride.over.result(), len(rider.connection.pieces)) == (False, 1)
    [reset] = await rider.subscription.next()
    assert isinstance(reset, Reset)
    assert reset.reason == "epoch"


async def test_the_last_status_ends_every_ride(scene: Scene) -> None:
    riders = [await scene.rider() for _ in range(2)]
    rides = [rider.board() for rider in riders]
    last = {"offset": 1, "type": "status", "status": "completed", "tick": 0, "attempt": 1}
    scene.hub._arrived(CHANNEL.live, orjson.dumps(last))
    scene.hub._tell()
    assert [ride.over.result() for ride in rides] == [True, True]
    assert [len(rider.connection.pieces) for rider in riders] == [1, 1]


async def test_who_comes_back_to_the_head_rides_with_the_others(scene: Scene) -> None:
    one, two = await scene.rider(), await scene.rider()
    one.board()
    scene.publish(3)
    while not two.subscription.at_head:
        await two.subscription.next()
    two.board()
    assert len(scene.crowds) == 1
    scene.publish()
    assert one.connection.pieces[-1] is two.connection.pieces[-1]


async def test_the_last_to_leave_takes_the_crowd_along(scene: Scene) -> None:
    riders = [await scene.rider() for _ in range(2)]
    for rider in riders:
        rider.board()
    assert (scene.followers, len(scene.crowds)) == (1, 1)
    riders[0].riding.close()
    assert (scene.followers, len(scene.crowds)) == (1, 1)
    riders[1].riding.close()
    assert (scene.followers, len(scene.crowds)) == (0, 0)


async def test_a_rider_that_is_cancelled_is_where_the_crowd_was(scene: Scene) -> None:
    rider = await scene.rider()

    async def ride() -> None:
        with scene.crowds.ride(rider.port, rider.subscription) as riding:
            await riding.over

    task = asyncio.create_task(ride())
    await asyncio.sleep(0)
    scene.publish(3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (rider.subscription.offset, rider.subscription.at_head, scene.followers) == (3, True, 0)
