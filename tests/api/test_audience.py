"""The keeper of all viewers: heartbeats for the idle, the end for those that stall. Times are the test's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import fakeredis
import orjson
import pytest

from gridcast.api.audience import Audience
from gridcast.api.frames import Frame
from gridcast.broadcaster import Channel, Presence, Viewer

CHANNEL = Channel.session("k3v9")


class Outlet:
    def __init__(self) -> None:
        self.written = 0
        self.unread = 0
        self.beats: list[Frame] = []
        self.aborted = False

    def beat(self, frame: Frame) -> None:
        self.beats.append(frame)
        self.written += len(frame.wire)

    def abort(self) -> None:
        self.aborted = True


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def presence() -> Presence:
    return Presence(fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), protocol=2))


@pytest.fixture
def audience(presence: Presence, clock: Clock) -> Audience:
    return Audience(presence, stall_s=10.0, heartbeat_s=15.0, clock=clock)


VIEWER = Viewer(id="v1", name="ada", since=1.0)


async def test_a_viewer_is_announced_while_it_sits_and_not_after(
    audience: Audience, presence: Presence
) -> None:
    async with audience.seat(CHANNEL, VIEWER, None):
        assert (await presence.company(CHANNEL)).shown == [VIEWER]
        assert len(audience) == 1
    assert (await presence.company(CHANNEL)).shown == []
    assert len(audience) == 0


async def test_who_leaves_while_all_are_announced_is_not_listed_again(
    audience: Audience, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce = presence.announce
    async with contextlib.AsyncExitStack() as sitting:
        await sitting.enter_async_context(audience.seat(CHANNEL, VIEWER, None))

        async def late(channel: Channel, viewers: Iterable[Viewer]) -> None:
            await sitting.aclose()
            await announce(channel, viewers)

        monkeypatch.setattr(presence, "announce", late)
        await audience.announce_all()
    assert (await presence.company(CHANNEL)).shown == []


async def test_who_heard_nothing_for_15_s_gets_a_heartbeat_and_no_sooner(
    audience: Audience, clock: Clock
) -> None:
    outlet = Outlet()
    async with audience.seat(CHANNEL, VIEWER, outlet):
        clock.now += 14.9
        audience.look_round()
        assert outlet.beats == []
        clock.now += 0.1
        audience.look_round()
        assert [orjson.loads(beat.payload)["type"] for beat in outlet.beats] == ["heartbeat"]
        clock.now += 10
        outlet.written += 100
        audience.look_round()
        clock.now += 14.9
        audience.look_round()
        assert len(outlet.beats) == 1
        clock.now += 0.2
        audience.look_round()
        assert len(outlet.beats) == 2


async def test_who_takes_nothing_for_10_s_is_cut_and_no_sooner(audience: Audience, clock: Clock) -> None:
    outlet = Outlet()
    async with audience.seat(CHANNEL, VIEWER, outlet) as seat:
        outlet.written = outlet.unread = 5000
        audience.look_round()
        clock.now += 9.4
        audience.look_round()
        assert (outlet.aborted, seat.let_go) == (False, False)
        clock.now += 0.1
        audience.look_round()
        assert (outlet.aborted, seat.let_go) == (True, True)


async def test_a_viewer_that_reads_slowly_stays(audience: Audience, clock: Clock) -> None:
    outlet = Outlet()
    async with audience.seat(CHANNEL, VIEWER, outlet):
        outlet.written = outlet.unread = 5000
        for _ in range(20):
            clock.now += 9.0
            outlet.unread -= 1
            audience.look_round()
        assert not outlet.aborted


async def test_more_bytes_handed_over_are_no_progress(audience: Audience, clock: Clock) -> None:
    outlet = Outlet()
    async with audience.seat(CHANNEL, VIEWER, outlet):
        outlet.written = outlet.unread = 5000
        for _ in range(11):
            clock.now += 1.0
            outlet.written += 1000
            outlet.unread += 1000
            audience.look_round()
        assert outlet.aborted
