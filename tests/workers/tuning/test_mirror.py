"""An experiment's log is the part of its task's log that is about it, whoever carried it and however often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Channels, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.task_events import Type, event
from gridcast.workers.tuning.mirror import Mirror

TASK = Channel("task", "t1")


class Script:
    """Publishes on the task's channel, with or without a mirror."""

    def __init__(self, redis: Redis) -> None:
        self.channels = Channels(redis)
        self.head = 0

    async def say(self, *told: tuple[Type, str | None], mirror: Mirror | None = None) -> None:
        entries = [
            event(kind, task_id="t1", experiment_id=one, message=f"{self.head + n}")
            for n, (kind, one) in enumerate(told)
        ]
        result = await self.channels.publish(TASK, token=0, expected=self.head + 1, entries=entries)
        self.head = result.head
        if mirror is not None:
            await mirror.carry(entries)

    async def log(self, ident: str) -> list[dict[str, Any]]:
        page = await self.channels.page(Channel("experiment", ident), after=0)
        return [orjson.loads(entry.data) for entry in page]


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    await Channels(client).create(TASK, meta={})
    yield client
    await client.aclose()


A: list[tuple[Type, str | None]] = [
    ("experiment_started", "t1-0"),
    ("task_progress", None),
    ("benchmark_started", "t1-0"),
    ("experiment_started", "t1-1"),
    ("benchmark_completed", "t1-0"),
    ("experiment_completed", "t1-0"),
]


async def test_each_experiment_gets_its_own_entries_and_the_last_says_so(redis: Redis) -> None:
    script, mirror = Script(redis), Mirror(redis, TASK)
    for one in A:
        await script.say(one, mirror=mirror)
    log = await script.log("t1-0")
    assert [(entry["offset"], entry["message"], "final" in entry) for entry in log] == [
        (1, "0", False),
        (2, "2", False),
        (3, "4", False),
        (4, "5", True),
    ]
    assert [entry["type"] for entry in await script.log("t1-1")] == ["experiment_started"]


@pytest.mark.parametrize("carried", range(len(A) + 1))
async def test_who_takes_over_carries_what_is_missing_and_nothing_twice(redis: Redis, carried: int) -> None:
    script, before = Script(redis), Mirror(redis, TASK)
    for n, one in enumerate(A):
        await script.say(one, mirror=before if n < carried else None)
    after = Mirror(redis, TASK)
    await after.catch_up()
    await after.catch_up()
    await script.say(("experiment_failed", "t1-1"), mirror=after)
    assert [entry["message"] for entry in await script.log("t1-0")] == ["0", "2", "4", "5"]
    assert [entry["message"] for entry in await script.log("t1-1")] == ["3", "6"]


async def test_the_last_word_of_a_task_ends_those_that_were_under_way(redis: Redis) -> None:
    script, mirror = Script(redis), Mirror(redis, TASK)
    await script.say(*A, ("task_cancelled", None), mirror=mirror)
    assert [entry["type"] for entry in await script.log("t1-1")] == ["experiment_started", "task_cancelled"]
    assert (await script.log("t1-1"))[-1]["final"]
    assert len(await script.log("t1-0")) == 4


async def test_two_who_carry_at_once_write_the_same(redis: Redis) -> None:
    script, one, other = Script(redis), Mirror(redis, TASK), Mirror(redis, TASK)
    entries = [event(kind, task_id="t1", experiment_id=ident, message="") for kind, ident in A]
    await script.channels.publish(TASK, token=0, expected=1, entries=entries)
    await one.carry(entries[:3])
    await other.catch_up()
    await one.carry(entries[3:])
    assert len(await script.log("t1-0")) == 4
