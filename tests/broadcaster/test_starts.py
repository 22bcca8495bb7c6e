"""How many sessions run at once: which of those that wait may start, and what makes room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import LOCAL_USER, STARTED, started_key
from gridcast.broadcaster.sessions import Sessions
from gridcast.broadcaster.starts import AGAIN_S, Full, Starts

MANY = 100


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


class Hall:
    """A worker's door, and a clock that the test turns."""

    def __init__(self, redis: Redis, settings: Settings, *, of_user: int = 0, of_all: int = 0) -> None:
        self.sessions = Sessions(redis)
        self.now_s = 0.0
        limited = settings.model_copy(
            update={"user_running_sessions": of_user, "all_running_sessions": of_all}
        )
        self.starts = Starts(redis, limited, clock=lambda: self.now_s)

    async def queue(self, owner: str, *names: str) -> None:
        for name in names:
            await self.sessions.create(name, record={"owner": owner}, n_ticks=10, created=1.0)

    async def may(self, *names: str, room: int = MANY) -> list[str]:
        self.now_s += AGAIN_S
        jobs = [f"{name}:1" for name in names]
        return [job.rpartition(":")[0] for job in await self.starts.allowed(jobs, room=room)]


async def test_a_user_runs_so_many_and_others_go_past_those_that_wait(
    redis: Redis, settings: Settings
) -> None:
    hall = Hall(redis, settings, of_user=2)
    await hall.queue("ada", "a1", "a2", "a3")
    await hall.queue("bob", "b1")
    assert await hall.may("a1", "a2", "a3", "b1") == ["a1", "b1", "a2"]
    assert await hall.starts.full(["ada", "bob"]) == {"ada": Full("ada", 2)}


async def test_all_together_run_so_many(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings, of_all=2)
    await hall.queue("ada", "a1", "a2")
    await hall.queue("bob", "b1")
    assert await hall.may("a1", "a2", "b1") == ["a1", "b1"]
    assert await hall.starts.full(["ada"]) == {"ada": Full(None, 2)}


async def test_no_bound_is_any_number(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings)
    names = [f"a{n}" for n in range(5)]
    await hall.queue("ada", *names)
    assert await hall.may(*names) == names


async def test_without_accounts_everybody_is_one_user_without_a_bound(
    redis: Redis, settings: Settings
) -> None:
    hall = Hall(redis, settings, of_user=1)
    await hall.queue(LOCAL_USER, "l1", "l2")
    assert await hall.may("l1", "l2") == ["l1", "l2"]


async def test_a_worker_lets_no_more_start_than_it_has_room_for(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings, of_all=2)
    await hall.queue("ada", "a1", "a2", "a3")
    assert await hall.may("a1", "a2", "a3", room=1) == ["a1"]
    other = Hall(redis, settings, of_all=2)
    assert await other.may("a2", "a3", room=1) == ["a2"]
    assert await other.may("a3") == []


async def test_what_was_let_start_may_start_again_and_counts_once(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings, of_user=1)
    await hall.queue("ada", "a1")
    assert await hall.may("a1") == await hall.may("a1") == ["a1"]


async def test_what_lost_its_worker_goes_on_whatever_the_bounds_say(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings, of_user=1, of_all=1)
    await hall.queue("ada", "a1", "a2")
    assert await hall.may("a1") == ["a1"]
    await redis.hset(Channel.session("a2").meta, "status", "recovering")  # type: ignore[misc]
    assert await hall.may("a2") == ["a2"]
    assert await redis.scard(STARTED) == 2  # type: ignore[misc]


@pytest.mark.parametrize("way", ["over", "deleted", "vanished"])
async def test_what_is_over_or_gone_makes_room(redis: Redis, settings: Settings, way: str) -> None:
    hall = Hall(redis, settings, of_user=1, of_all=1)
    await hall.queue("ada", "a1", "a2")
    assert await hall.may("a1", "a2") == ["a1"]
    match way:
        case "over":
            await hall.sessions.finish("a1", token=0, status="stopped", reason=None)
            await hall.sessions.retire(["a1"], settings=settings)
            assert await redis.exists(STARTED, started_key("ada")) == 0
        case "deleted":
            await hall.sessions.delete("a1")
            assert await redis.exists(STARTED, started_key("ada")) == 0
        case _:
            await redis.delete(Channel.session("a1").meta)
            await hall.sessions.retire(["a1"], settings=settings)
    assert await hall.may("a2") == ["a2"]


async def test_who_has_to_wait_is_asked_about_four_times_a_second_at_most(
    redis: Redis, settings: Settings
) -> None:
    hall = Hall(redis, settings, of_user=1)
    await hall.queue("ada", "a1", "a2")
    assert await hall.may("a1", "a2") == ["a1"]
    await hall.sessions.delete("a1")
    assert await hall.starts.allowed(["a2:1"], room=1) == []
    hall.now_s += AGAIN_S
    assert await hall.starts.allowed(["a2:1"], room=1) == ["a2:1"]


async def test_who_comes_while_others_wait_is_asked_about_at_once(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings, of_user=1)
    await hall.queue("ada", "a1", "a2")
    assert await hall.may("a1", "a2") == ["a1"]
    await hall.queue("bob", "b1")
    assert await hall.starts.allowed(["a2:1", "b1:1"], room=1) == ["b1:1"]


async def test_what_has_nothing_to_start_is_not_counted(redis: Redis, settings: Settings) -> None:
    hall = Hall(redis, settings, of_user=1)
    await hall.queue("ada", "a1")
    await hall.sessions.finish("a1", token=0, status="stopped", reason=None)
    assert await hall.may("a1", "never-was") == ["a1", "never-was"]
    assert await redis.exists(STARTED) == 0


async def test_the_next_place_goes_to_who_runs_nothing_and_else_to_who_waits_longest(
    redis: Redis, settings: Settings
) -> None:
    hall = Hall(redis, settings)
    await hall.queue("ada", "a1", "a2", "a3")
    assert await hall.may("a1", "a2", "a3", room=1) == ["a1"]
    await hall.queue("bob", "b1", "b2")
    assert await hall.may("a2", "a3", "b1", "b2", room=1) == ["b1"]
    assert await hall.may("a2", "a3", "b2", room=1) == ["a2"]
    # However many come who run nothing: once ada runs nothing either, she is the first of them.
    await hall.sessions.delete("a1")
    await hall.sessions.delete("a2")
    await hall.queue("eve", "e1")
    assert await hall.may("a3", "b2", "e1", room=1) == ["a3"]


async def test_what_ends_while_it_is_asked_about_is_not_counted(
    redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = Hall(redis, settings, of_user=1)
    await hall.queue("ada", "a1", "a2")
    script = hall.starts._script

    async def late(**asked: Any) -> Any:
        await hall.sessions.retire(["a1"], settings=settings)
        return await script(**asked)

    monkeypatch.setattr(hall.starts, "_script", late)
    assert await hall.may("a1") == ["a1"]
    assert await redis.smembers(STARTED) == set()  # type: ignore[misc]
    assert await hall.may("a2") == ["a2"]
