"""`steer` against a real API: one answer to one command, also where the API goes away in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gridcast.broadcaster import Settings
from gridcast.client import JSONObject, Problem, Service, Unreachable, steer
from tests.api.producer import Producer
from tests.api.serving import serving
from tests.waiting import PATIENCE_S, until


@pytest.fixture
async def producer(settings: Settings) -> AsyncIterator[Producer]:
    found = Producer(settings)
    await found.begin()
    yield found
    await found.aclose()


class Impatient(Service):
    """Counts how often it sent a command."""

    asked = 0

    async def command(self, *arguments: Any, **named: Any) -> JSONObject:
        self.asked += 1
        return await super().command(*arguments, **named)


async def test_the_answer_is_the_command_entry(settings: Settings, producer: Producer) -> None:
    async with serving(settings) as api, Service(api.http, timeout_s=PATIENCE_S) as service:
        asking = asyncio.create_task(steer(service, "k3v9", "step", {"ticks": 3}))
        await until(lambda: api.services.stats.commands == 1, what="the command")
        await producer.ticks(2)
        assert await producer.answer() == ["step"]
        entry = await asking
    assert (entry["type"], entry["status"], entry["tick"]) == ("command", "applied", 10)
    assert entry["args"] == {"ticks": 3}


async def test_a_rejection_says_why(settings: Settings, producer: Producer) -> None:
    async with serving(settings) as api, Service(api.http, timeout_s=PATIENCE_S) as service:
        asking = asyncio.create_task(steer(service, "k3v9", "resume"))
        await until(lambda: api.services.stats.commands == 1, what="the command")
        await producer.answer(error="it is running")
        with pytest.raises(Problem, match="it is running") as caught:
            await asking
    assert caught.value.status == 409


async def test_a_long_wait_is_not_taken_for_a_lost_service(settings: Settings, producer: Producer) -> None:
    async with serving(settings) as api, Impatient(api.http, timeout_s=0.2) as service:
        asking = asyncio.create_task(steer(service, "k3v9", "resume", give_up_s=0.0))
        await until(lambda: service.asked == 3 or asking.done(), what="two unanswered requests")
        assert await producer.answer() == ["resume"]
        assert (await asking)["status"] == "applied"


async def test_a_command_survives_the_api_process_and_takes_effect_once(
    settings: Settings, producer: Producer
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with serving(settings) as first:
            service = await stack.enter_async_context(Service(first.http, timeout_s=PATIENCE_S))
            asking = asyncio.create_task(steer(service, "k3v9", "pause", give_up_s=PATIENCE_S))
            await until(lambda: first.services.stats.commands == 1, what="the command")
        async with serving(settings, port=first.port):
            assert await producer.answer() == ["pause"]
            assert (await asking)["status"] == "applied"
            assert await producer.answer() == []


async def test_who_finds_nobody_gives_up(settings: Settings, producer: Producer) -> None:
    async with serving(settings) as gone:
        pass
    async with Service(gone.http, timeout_s=PATIENCE_S) as service:
        with pytest.raises(Unreachable):
            await steer(service, "k3v9", "pause", give_up_s=0.0)
