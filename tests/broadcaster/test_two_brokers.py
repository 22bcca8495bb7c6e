"""Channels at a broker of their own: what is written to both is mended where the one who writes dies in between."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import AsyncLeases, Channel, Settings
from gridcast.broadcaster.admission import Admission
from gridcast.broadcaster.analyses import Analyses
from gridcast.broadcaster.analysis_reaper import AnalysisReaper
from gridcast.broadcaster.channels import Channels
from gridcast.broadcaster.client import async_client, channels_of
from gridcast.broadcaster.names import ACTIVE, FINISHED, LEFTOVERS, UNFINISHED
from gridcast.broadcaster.patrol import Outage
from gridcast.broadcaster.reaper import Reaper
from gridcast.broadcaster.retention import Retention
from gridcast.broadcaster.sessions import Sessions
from tests.valkey import ValkeyServer

ONE = Channel.session("one")
RECORD = {"owner": "ada", "id": ONE.id}
SCRIPT = [{"tick": 1, "by": "user:ada", "command": "pause", "args": {}, "command_id": "c1"}]


class Died(Exception):
    """Stands for the end of the process."""


def dies(monkeypatch: pytest.MonkeyPatch, kind: type[Any], method: str) -> None:
    """Whoever calls it gets no further."""

    async def end(*_: object, **__: object) -> None:
        raise Died

    monkeypatch.setattr(kind, method, end)


@pytest.fixture
def settings(valkey: ValkeyServer) -> Settings:
    """Two databases of one server, which share as little as two servers do."""
    return Settings(
        redis_url=f"redis://127.0.0.1:{valkey.port}/0",
        channels_url=f"redis://127.0.0.1:{valkey.port}/1",
        session_ttl_s=3600,
        recordings_ttl_s=7200,
        lease_s=5,
    )


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


@pytest.fixture(autouse=True)
def an_old_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no(_: Reaper) -> bool:
        return False

    monkeypatch.setattr(Reaper, "_broker_is_young", no)


async def names(redis: Redis) -> set[str]:
    return {raw.decode() async for raw in redis.scan_iter()}


async def create(broker: Redis) -> None:
    await Sessions(broker).create(ONE.id, record=RECORD, n_ticks=10, created=time.time(), script=SCRIPT)


async def test_all_of_a_channel_lies_at_its_broker_and_nothing_else(broker: Redis) -> None:
    await create(broker)
    await Analyses(broker).create(Channel("task", "t"), record=RECORD, created=1.0, first=b'{"type":"x"}')
    assert not [name for name in await names(broker) if "{" in name]
    assert all("{" in name for name in await names(channels_of(broker)))
    assert ONE.script in await names(channels_of(broker))


async def test_a_session_whose_creator_died_is_taken_off_and_its_remains_end(
    broker: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        dies(patch, Channels, "create")
        with pytest.raises(Died):
            await create(broker)
    assert await Admission(broker).admit(ONE, "ada", of_user=1, of_all=0) == "in"
    reaper = Reaper(broker, owner="r", settings=settings)
    assert [await reaper.sweep() for _ in range(2)] == [[], []]
    assert not await broker.sismember(ACTIVE, ONE.id)  # type: ignore[misc]
    for key in (ONE.script, ONE.seen):
        assert 0 < await channels_of(broker).ttl(key) <= 7200
    assert await Admission(broker).admit(Channel.session("two"), "ada", of_user=1, of_all=0) == "in"


async def test_a_task_whose_creator_died_is_taken_off(
    broker: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        dies(patch, Channels, "create")
        with pytest.raises(Died):
            await Analyses(broker).create(
                Channel("task", "t"), record=RECORD, created=1.0, first=b'{"type":"x"}'
            )
    reaper = AnalysisReaper(broker, owner="r", settings=settings, outage=Outage())
    assert [await reaper.look() for _ in range(2)] == [[], []]
    assert not await broker.exists(UNFINISHED)


async def over(broker: Redis) -> None:
    await create(broker)
    token = await AsyncLeases(channels_of(broker), owner="w", ttl_s=60).acquire(ONE)
    await Sessions(broker).finish(ONE.id, token=token, status="stopped", reason=None)


async def test_a_session_that_a_dying_reaper_gave_an_end_is_retired_by_the_next(
    broker: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await over(broker)
    with monkeypatch.context() as patch:
        dies_at_main(patch, broker)
        with pytest.raises(Died):
            await Reaper(broker, owner="r", settings=settings).sweep()
    before = await channels_of(broker).ttl(ONE.commands), await channels_of(broker).ttl(ONE.meta)
    assert 0 < before[1] <= 7200
    assert await broker.sismember(ACTIVE, ONE.id)  # type: ignore[misc]
    await Reaper(broker, owner="r", settings=settings).sweep()
    assert await channels_of(broker).ttl(ONE.meta) <= before[1]
    assert not await broker.sismember(ACTIVE, ONE.id)  # type: ignore[misc]
    assert await broker.zscore(FINISHED, ONE.id) is not None


def dies_at_main(patch: pytest.MonkeyPatch, broker: Redis) -> None:
    """Whoever begins a transaction at the broker of the lists gets no further."""
    pipeline: Callable[..., Any] = broker.pipeline

    def begin(transaction: bool = True) -> Any:
        if transaction:
            raise Died
        return pipeline(transaction=False)

    patch.setattr(broker, "pipeline", begin)


async def test_chunks_that_a_dying_sweep_left_listed_still_count_and_keep_their_files(
    broker: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await over(broker)
    channeled, retention = channels_of(broker), Retention(broker)
    await channeled.rpush(ONE.chunks, b"a record")  # type: ignore[misc]
    await channeled.hset(ONE.meta, "recorded", "5")  # type: ignore[misc]
    await broker.zadd(FINISHED, {ONE.id: 1.0})
    with monkeypatch.context() as patch:
        patch.setattr(channeled, "pipeline", ended)
        with pytest.raises(Died):
            await retention.forget_recordings([ONE.id], now_s=7.0)
    assert await broker.zscore(LEFTOVERS, ONE.id) == 7.0
    assert await retention.listed(ONE.id) == [b"a record"]
    assert [kept.recorded_bytes for kept in await retention.kept()] == [5]
    await retention.forget_recordings([ONE.id], now_s=8.0)
    assert await retention.listed(ONE.id) == []
    assert [kept.recorded_bytes for kept in await retention.kept()] == [0]


def ended(*_: object, **__: object) -> Awaitable[None]:
    raise Died


async def test_a_deleted_session_leaves_nothing_at_either(broker: Redis) -> None:
    await over(broker)
    assert await Sessions(broker).delete(ONE.id)
    assert not await names(channels_of(broker))
    assert not [name for name in await names(broker) if name not in (LEFTOVERS,)]
