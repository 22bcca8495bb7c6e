"""What answers may keep in memory, however slowly their clients read."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx2
import pytest

from gridcast.api import desk as desk_module
from gridcast.api.desk import LARGE_BYTES, SMALL_BYTES, TINY_BYTES, Desk, Room
from gridcast.broadcaster import Settings
from tests.api.recorded import Recorder
from tests.api.serving import Api
from tests.recordings.made import Made
from tests.waiting import PATIENCE_S


async def waits(entering: asyncio.Task[None]) -> bool:
    """Whether it still waits after everybody else had a turn."""
    for _ in range(10):
        await asyncio.sleep(0)
    return not entering.done()


async def test_who_wants_more_than_is_left_waits_and_who_comes_later_does_not_overtake() -> None:
    room = Room(10)
    order: list[str] = []

    async def have(name: str, size: int) -> None:
        async with room.taken(size):
            order.append(name)

    async with AsyncExitStack() as first:
        await first.enter_async_context(room.taken(6))
        await have("fits", 4)
        large, small = asyncio.create_task(have("large", 5)), asyncio.create_task(have("small", 1))
        assert await waits(large)
        assert await waits(small)
    await asyncio.gather(large, small)
    assert order == ["fits", "large", "small"]
    await have("all", 11)


async def test_who_leaves_while_waiting_takes_nothing_with_it() -> None:
    room = Room(10)
    async with room.taken(10):
        gone = asyncio.create_task(room.taken(1).__aenter__())
        assert await waits(gone)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    async with room.taken(10):
        pass


async def test_tiny_answers_wait_for_nobody_and_no_number_of_small_ones_fills_the_memory() -> None:
    desk = Desk(None)
    async with AsyncExitStack() as kept:
        for _ in range(SMALL_BYTES // LARGE_BYTES):
            await kept.enter_async_context(desk.keeping(LARGE_BYTES))
        async with desk.keeping(TINY_BYTES), desk.keeping(LARGE_BYTES + 1):
            pass
        next_one = asyncio.create_task(desk.keeping(TINY_BYTES + 1).__aenter__())
        assert await waits(next_one)
    await next_one
    desk.close()


async def test_each_answer_gives_back_what_it_kept(
    api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "TINY_BYTES", 0)
    desk = api.services.desk
    monkeypatch.setattr(desk, "_small", Room(200 * 30 * 8))
    runs = [Recorder(settings, Made(200, session_id=name)) for name in ("one", "two")]
    for run in runs:
        await run.begin()
        await run.go(200)
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        for path in (*["/api/sessions/one/ticks"] * 3, *["/api/compare?ids=one,two"] * 3):
            response = await http.get(path)
            assert (response.status_code, len(response.content) > 1000) == (200, True)
    for run in runs:
        await run.aclose()
