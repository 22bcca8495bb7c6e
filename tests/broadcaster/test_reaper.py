"""The reaper: whoever lost its host gets a new attempt, once, before all that wait."""

from __future__ import annotations

import orjson
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import AsyncLeases, Channels, Fenced, JobQueue, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import ACTIVE, FINISHED, LEFTOVERS, SESSION_QUEUE
from gridcast.broadcaster.patrol import Outage
from gridcast.broadcaster.reaper import Reaper
from gridcast.broadcaster.sessions import Sessions, status_entry
from gridcast.broadcaster.totals import TOTALS
from tests.broadcaster.conftest import CHANNEL
from tests.valkey import ValkeyServer

ID = CHANNEL.id


def settings_with(lease_s: float) -> Settings:
    return Settings(session_ttl_s=3600, recordings_ttl_s=7200).model_copy(update={"lease_s": lease_s})


@pytest.fixture
def reaper(redis: Redis) -> Reaper:
    return Reaper(redis, owner="reaper", settings=settings_with(lease_s=0.5))


@pytest.fixture(autouse=True)
def an_old_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of tests are young; what happens then has a test of its own."""

    async def no(_: Reaper) -> bool:
        return False

    monkeypatch.setattr(Reaper, "_broker_is_young", no)


async def hosted(redis: Redis, *, status: str = "running") -> int:
    """A session that a worker has in hand; answers with its token."""
    sessions = Sessions(redis)
    await sessions.create(ID, record={}, n_ticks=100, created=1.0)
    token = await AsyncLeases(redis, owner="w1", ttl_s=60).acquire(CHANNEL)
    await Channels(redis).publish(
        CHANNEL,
        token=token,
        expected=2,
        entries=[status_entry("running", tick=7, attempt=1)],
        meta={"status": status, "tick": 7},
    )
    return token


async def test_a_session_with_a_live_lease_is_left_alone(redis: Redis, reaper: Reaper) -> None:
    await hosted(redis)
    assert await reaper.sweep() == []


@pytest.mark.parametrize("status", ["starting", "running", "paused"])
async def test_a_session_whose_lease_lapsed_gets_its_next_attempt(
    redis: Redis, reaper: Reaper, status: str
) -> None:
    old = await hosted(redis, status=status)
    await redis.delete(CHANNEL.lease)
    before = TOTALS.recoveries["lapsed"]
    assert await reaper.sweep() == [ID]
    assert TOTALS.recoveries["lapsed"] == before + 1
    state = await Sessions(redis).get(ID)
    assert state is not None
    assert (state.status, state.attempt, state.tick) == ("recovering", 2, 7)
    last = orjson.loads((await Channels(redis).page(CHANNEL, after=2))[-1].data)
    assert (last["type"], last["status"], last["attempt"], last["tick"]) == ("status", "recovering", 2, 7)
    assert await JobQueue(redis).position(ID, 2) == 1
    with pytest.raises(Fenced):
        await Channels(redis).publish(CHANNEL, token=old, expected=4, entries=[b'{"type":"ticks"}'])


async def test_two_reapers_give_one_attempt(redis: Redis, reaper: Reaper) -> None:
    await hosted(redis)
    await redis.delete(CHANNEL.lease)
    other = Reaper(redis, owner="other", settings=settings_with(lease_s=0.5))
    found = [await reaper.sweep(), await other.sweep(), await reaper.sweep()]
    assert sorted(found, key=len) == [[], [], [ID]]
    assert await JobQueue(redis).depth() == 1


async def test_recovery_goes_before_all_that_wait(redis: Redis, reaper: Reaper) -> None:
    await hosted(redis)
    await redis.delete(CHANNEL.lease)
    for i in range(3):
        await JobQueue(redis).enqueue_session(f"waits{i}", 1, user="ada")
    await reaper.sweep()
    assert [raw.decode() for raw in await redis.zrange(SESSION_QUEUE, 0, 0)] == [f"{ID}:2"]


async def test_a_queued_session_without_a_job_is_enqueued_at_the_second_look(
    redis: Redis, reaper: Reaper
) -> None:
    await Sessions(redis).create(ID, record={}, n_ticks=100, created=1.0)
    assert await reaper.sweep() == []
    assert await reaper.sweep() == [ID]
    assert await reaper.sweep() == []
    assert await JobQueue(redis).position(ID, 1) == 1


async def test_a_queued_session_with_a_job_is_left_alone(redis: Redis, reaper: Reaper) -> None:
    await Sessions(redis).create(ID, record={}, n_ticks=100, created=1.0)
    await JobQueue(redis).enqueue_session(ID, 1, user="ada")
    assert [await reaper.sweep() for _ in range(3)] == [[], [], []]


async def test_sessions_that_are_over_or_deleted_are_forgotten(redis: Redis, reaper: Reaper) -> None:
    token = await hosted(redis)
    await Sessions(redis).finish(ID, token=token, status="stopped", reason=None)
    await redis.sadd(ACTIVE, "deleted")  # type: ignore[misc]
    await redis.delete(CHANNEL.lease)
    assert [await reaper.sweep() for _ in range(2)] == [[], []]
    assert await redis.smembers(ACTIVE) == set()  # type: ignore[misc]
    assert 7000 < await redis.ttl(CHANNEL.log) <= 7200
    assert await redis.zscore(FINISHED, ID) is not None
    assert await redis.zscore(LEFTOVERS, ID) is not None


async def test_after_a_broker_restart_holders_get_a_lease_time_to_come_back(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    client = async_client(Settings(redis_url=valkey.url))
    await hosted(client)
    await client.delete(CHANNEL.lease)
    assert await Reaper(client, owner="reaper", settings=settings_with(lease_s=3600)).sweep() == []
    assert await Reaper(client, owner="reaper", settings=settings_with(lease_s=0)).sweep() == [ID]
    await client.aclose()


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(("fails_over", "anew"), [(True, True), (False, False)])
async def test_after_an_outage_too_and_what_is_taken_over_then_begins_anew_where_entries_may_be_gone(
    valkey: ValkeyServer, fails_over: bool, anew: bool
) -> None:
    """A replica that took over may lack entries that readers have; who wrote them would say so, but is no more."""
    clock = Clock()
    client = async_client(Settings(redis_url=valkey.url))
    settings = settings_with(lease_s=5)
    if fails_over:
        settings = settings.model_copy(update={"channels_url": "redis+cluster://a,b"})
    reaper = Reaper(client, owner="reaper", settings=settings)
    reaper.outage = Outage(clock_s=clock)
    await hosted(client)
    before = await Sessions(client).get(ID)
    await client.delete(CHANNEL.lease)
    reaper.outage.noticed()
    clock.now_s = 4.9
    assert await reaper.sweep() == []
    clock.now_s = 5.1
    assert await reaper.sweep() == [ID]
    after = await Sessions(client).get(ID)
    assert before is not None
    assert after is not None
    assert (before.epoch != after.epoch) == anew
    await client.aclose()
