"""The bounds of one viewer's way out, on both sides; the transport is the test's own."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from gridcast.api.budget import Budget, TooSlow
from gridcast.api.crowd import Crowds
from gridcast.api.frames import Frame
from gridcast.api.outlet import HARD_FACTOR, Gone, PortOutlet
from gridcast.api.stats import Stats
from gridcast.api.websocket import FramePort

SOFT = 1000


class Transport:
    """A port whose peer reads when the test says so."""

    def __init__(self) -> None:
        self.unsent: list[bytes] = []
        self.closed = False
        self.high = 0
        self.waiting = 0
        self._open = asyncio.Event()

    def limit(self, backlog_bytes: int) -> None:
        self.high = backlog_bytes

    def write(self, frame: bytes) -> None:
        self.unsent.append(frame)

    def backlog(self) -> int:
        return sum(map(len, self.unsent))

    @property
    def saturated(self) -> bool:
        return self.backlog() > self.high

    async def drained(self) -> None:
        self.waiting += 1
        if self.saturated:
            self._open.clear()
            await self._open.wait()
        self.waiting -= 1

    def read_all(self) -> None:
        self.unsent.clear()
        self._open.set()

    def lose(self) -> None:
        self.closed = True
        self.read_all()


def outlet_on(transport: Transport, stats: Stats | None = None, budget: Budget | None = None) -> PortOutlet:
    stats = stats or Stats()
    return PortOutlet(
        cast("FramePort", transport),
        soft_bytes=SOFT,
        crowds=Crowds(stats),
        budget=budget or Budget(),
        stats=stats,
    )


def frame(wire_bytes: int) -> Frame:
    """A frame of this many bytes on the wire; two or four of them are its header."""
    found = Frame(b"x" * (wire_bytes - (2 if wire_bytes < 128 else 4)))
    assert len(found.wire) == wire_bytes
    return found


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_up_to_the_soft_bound_nothing_waits() -> None:
    transport, stats = Transport(), Stats()
    outlet = outlet_on(transport, stats)
    await outlet.send([frame(500), frame(500)])
    assert (outlet.backlog, outlet.written, stats.frames, stats.bytes) == (SOFT, SOFT, 2, SOFT)


async def test_above_it_no_frame_more_is_written_before_the_peer_has_read() -> None:
    transport = Transport()
    outlet = outlet_on(transport)
    sending = asyncio.create_task(outlet.send([frame(500), frame(501), frame(500)]))
    await turns()
    assert (transport.backlog(), transport.waiting, sending.done()) == (1001, 1, False)
    transport.read_all()
    await sending
    assert transport.backlog() == 500


async def test_up_to_the_hard_bound_a_viewer_may_stay_and_above_it_is_too_slow() -> None:
    transport = Transport()
    sending = asyncio.create_task(outlet_on(transport).send([frame(HARD_FACTOR * SOFT)]))
    await turns()
    assert not sending.done()
    transport.read_all()
    await sending
    with pytest.raises(TooSlow):
        await outlet_on(Transport()).send([frame(HARD_FACTOR * SOFT + 1)])


async def test_a_viewer_that_is_lost_while_it_is_waited_for_is_gone() -> None:
    transport = Transport()
    sending = asyncio.create_task(outlet_on(transport).send([frame(1001), frame(10)]))
    await turns()
    transport.lose()
    with pytest.raises(Gone):
        await sending


async def test_finishing_waits_for_the_last_byte() -> None:
    transport = Transport()
    outlet = outlet_on(transport)
    await outlet.send([frame(10)])
    finishing = asyncio.create_task(outlet.finish())
    await turns()
    assert not finishing.done()
    transport.read_all()
    await finishing


async def test_room_is_what_is_left_to_the_soft_bound_and_never_nothing() -> None:
    transport = Transport()
    outlet = outlet_on(transport)
    assert outlet.room == SOFT
    await outlet.send([frame(400)])
    assert outlet.room == SOFT - 400
    await outlet.send([frame(600)])
    assert outlet.room == 1


async def test_frames_that_come_together_are_written_together() -> None:
    transport = Transport()
    await outlet_on(transport).send([frame(300), frame(300), frame(300)])
    assert [len(piece) for piece in transport.unsent] == [900]


async def test_a_share_makes_the_soft_bound_smaller_and_never_larger() -> None:
    transport = Transport()
    outlet = outlet_on(transport)
    outlet.limit(10 * SOFT)
    assert (transport.high, outlet.room) == (SOFT, SOFT)
    outlet.limit(SOFT // 2)
    assert (transport.high, outlet.room) == (SOFT // 2, SOFT // 2)


async def test_what_waits_is_counted_with_all_that_waits_behind_it() -> None:
    transport, budget = Transport(), Budget(2001)
    sending = asyncio.create_task(outlet_on(transport, budget=budget).send([frame(1001), frame(1000)]))
    await turns()
    assert budget.waiting_bytes == 2001
    transport.read_all()
    await sending
    assert budget.waiting_bytes == 0
    with pytest.raises(TooSlow):
        await outlet_on(Transport(), budget=budget).send([frame(1001), frame(1001)])
    assert budget.waiting_bytes == 0
