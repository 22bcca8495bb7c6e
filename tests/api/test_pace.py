"""Who comes too fast waits, and loses nothing."""

from __future__ import annotations

import asyncio

import pytest

from gridcast.api.pace import Pace

PER_S, BURST = 100, 1000


async def test_beyond_a_burst_it_goes_on_at_the_pace() -> None:
    now = 0.0
    slept: list[float] = []

    async def sleep(pause_s: float) -> None:
        nonlocal now
        slept.append(pause_s)
        now += pause_s

    pace = Pace(PER_S, BURST, clock=lambda: now, sleep=sleep)
    for _ in range(BURST):
        await pace.spend()
    assert slept == []
    for _ in range(PER_S):
        await pace.spend()
    assert len(slept) == PER_S
    assert now == pytest.approx(1.0)
    now += 60.0
    for _ in range(BURST):
        await pace.spend()
    assert len(slept) == PER_S


async def test_those_who_come_at_once_go_on_one_after_the_other() -> None:
    slept: list[float] = []

    async def sleep(pause_s: float) -> None:
        slept.append(pause_s)

    pace = Pace(10, 1, clock=lambda: 0.0, sleep=sleep)
    await asyncio.gather(*(pace.spend() for _ in range(4)))
    assert slept == pytest.approx([0.1, 0.2, 0.3])
