"""How many there may be at once: who is let in, and what makes room."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.admission import Admission
from gridcast.broadcaster.analyses import Analyses
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import ACTIVE, open_key
from gridcast.broadcaster.operation_events import progress, progress_of
from gridcast.broadcaster.sessions import Sessions

ONE, OTHER = Channel.session("one"), Channel.session("other")


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


async def verdict(
    admission: Admission, channel: Channel, *, owner: str = "ada", of_user: int = 1, of_all: int = 0
) -> str:
    return await admission.admit(channel, owner, of_user=of_user, of_all=of_all)


async def create(redis: Redis, channel: Channel) -> None:
    record = {"id": channel.id, "owner": "ada"}
    await Sessions(redis).create(channel.id, record=record, n_ticks=10, created=1.0)


async def test_the_last_place_is_given_once(redis: Redis) -> None:
    admission = Admission(redis)
    assert await verdict(admission, ONE) == "in"
    assert await verdict(admission, OTHER) == "user"
    assert await verdict(admission, OTHER, owner="bob") == "in"
    assert await verdict(admission, Channel.session("third"), owner="eve", of_all=2) == "all"
    assert await verdict(admission, Channel.session("third"), owner="eve", of_all=3) == "in"


async def test_who_asks_again_for_the_same_is_in(redis: Redis) -> None:
    admission = Admission(redis)
    assert [await verdict(admission, ONE, of_all=1) for _ in range(2)] == ["in", "in"]


async def test_sessions_that_reapers_retire_make_room(redis: Redis, settings: Settings) -> None:
    admission = Admission(redis)
    assert await verdict(admission, ONE) == "in"
    await create(redis, ONE)
    await Sessions(redis).finish(ONE.id, token=0, status="stopped", reason=None)
    await Sessions(redis).retire([ONE.id], settings=settings)
    assert await redis.exists(open_key("sessions", "ada"), ACTIVE) == 0


async def test_analyses_that_reapers_retire_make_room(redis: Redis, settings: Settings) -> None:
    admission, analyses, channel = Admission(redis), Analyses(redis), Channel("operation", "one")
    assert await verdict(admission, channel) == "in"
    assert await verdict(admission, Channel("task", "other")) == "user"
    first = progress("one", progress_of(0, 1, "queued"))
    await analyses.create(channel, record={"owner": "ada"}, created=1.0, first=first)
    await analyses.retire([channel], settings=settings)
    assert await verdict(admission, Channel("task", "other")) == "in"


async def test_what_is_just_being_made_keeps_its_place_and_what_never_was_does_not(redis: Redis) -> None:
    now = 0.0
    admission = Admission(redis, clock=lambda: now)
    assert await verdict(admission, ONE) == "in"
    assert await verdict(admission, OTHER) == "user"
    # Its creator died, and a reaper has taken it off the list of what is not over.
    await redis.srem(ACTIVE, ONE.id)  # type: ignore[misc]
    now += 2.0
    assert await verdict(admission, OTHER) == "in"


async def test_a_full_user_is_looked_at_once_a_second_at_most(redis: Redis) -> None:
    now = 0.0
    admission = Admission(redis, clock=lambda: now)
    assert await verdict(admission, ONE) == "in"
    await create(redis, ONE)
    assert await verdict(admission, OTHER) == "user"
    await Sessions(redis).finish(ONE.id, token=0, status="stopped", reason=None)
    assert await verdict(admission, OTHER) == "user"
    now += 1.0
    assert await verdict(admission, OTHER) == "in"
