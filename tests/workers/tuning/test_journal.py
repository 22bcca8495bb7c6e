"""A study lies in the broker as Optuna's own tools expect it, and only the task's coordinator writes there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalRedisBackend
from redis.asyncio import Redis

from gridcast.broadcaster import AsyncLeases, Channel, Channels, Fenced, NoChannel, Settings
from gridcast.broadcaster.client import async_client, sync_client
from gridcast.broadcaster.names import study_keys, study_prefix
from gridcast.workers.tuning.journal import Journal
from gridcast.workers.tuning.study import Study
from tests.workers.tuning.specs import task_spec

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

TASK = Channel("task", "t1")


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    await Channels(client).create(TASK, meta={})
    yield client
    await client.aclose()


async def token(redis: Redis) -> int:
    leases = AsyncLeases(redis, owner="w", ttl_s=60)
    found = await leases.acquire(TASK)
    await leases.release(TASK, found)
    return found


async def test_optunas_own_tools_open_a_study(settings: Settings, redis: Redis) -> None:
    with sync_client(settings) as client:
        study = Study(task_spec(), name="t1", storage=Journal(client, TASK, token=await token(redis)))
        asked = [study.ask() for _ in range(3)]
        study.tell(asked[0].number, scores=[2.0], broken=[])
    theirs = JournalStorage(JournalRedisBackend(settings.redis_url, prefix=study_prefix("t1")))
    opened = optuna.load_study(study_name="t1", storage=theirs)
    assert [trial.params for trial in opened.trials] == [one.params for one in asked]
    assert opened.best_value == 2.0


async def test_who_was_replaced_writes_nothing(settings: Settings, redis: Redis) -> None:
    with sync_client(settings) as client:
        old = Journal(client, TASK, token=await token(redis))
        new = Journal(client, TASK, token=await token(redis))
        new.append_logs([{"a": 1}])
        with pytest.raises(Fenced):
            old.append_logs([{"a": 2}])
        assert list(new.read_logs(0)) == [{"a": 1}]


async def test_a_deleted_task_gets_no_study_back(settings: Settings, redis: Redis) -> None:
    with sync_client(settings) as client:
        journal = Journal(client, TASK, token=await token(redis))
        journal.append_logs([{"a": 1}])
        await Channels(redis).delete(TASK)
        await redis.delete(*study_keys("t1", entries=1)[1:])
        with pytest.raises(NoChannel):
            list(journal.read_logs(0))
        with pytest.raises(NoChannel):
            journal.append_logs([{"a": 2}])


async def test_what_is_sent_again_after_a_lost_reply_is_there_once(settings: Settings, redis: Redis) -> None:
    with sync_client(settings) as client:
        journal = Journal(client, TASK, token=await token(redis))
        journal.append_logs([{"a": 1}])
        for _ in range(2):
            journal.append_logs([{"a": 2}, {"a": 3}])
        assert list(journal.read_logs(1)) == [{"a": 2}, {"a": 3}]
