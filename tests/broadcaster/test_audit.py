"""Who did what: kept within bounds, read newest first, and never in the way of what it tells of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from structlog.testing import capture_logs

from gridcast.broadcaster import Settings
from gridcast.broadcaster.audit import MAX_ARGS_BYTES, Audit, record_now, record_of
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import AUDIT
from gridcast.broadcaster.totals import TOTALS
from tests.valkey import free_port


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


def everything(record: Any) -> bool:
    return True


async def filled(redis: Redis, settings: Settings, count: int) -> Audit:
    audit = Audit(redis, settings)
    for number in range(count):
        await audit.record("session.create", by=f"user:u{number % 2}", target=f"session:s{number}")
    return audit


async def test_the_newest_comes_first_page_by_page(redis: Redis, settings: Settings) -> None:
    audit = await filled(redis, settings, 5)
    first = await audit.page(before=None, limit=2, passes=everything)
    assert [record["target"] for record in first.items] == ["session:s4", "session:s3"]
    second = await audit.page(before=first.after, limit=10, passes=everything)
    assert [record["target"] for record in second.items] == ["session:s2", "session:s1", "session:s0"]
    assert second.after is None
    assert {"id", "ts", "action", "by", "target", "result", "request_id"} == set(first.items[0])


async def test_a_filter_is_looked_through_for(redis: Redis, settings: Settings) -> None:
    audit = await filled(redis, settings, 5)
    page = await audit.page(before=None, limit=1, passes=lambda record: record["by"] == "user:u1")
    assert [record["target"] for record in page.items] == ["session:s3"]
    rest = await audit.page(before=page.after, limit=9, passes=lambda record: record["by"] == "user:u1")
    assert [record["target"] for record in rest.items] == ["session:s1"]


async def test_it_keeps_no_more_than_the_setting_says(redis: Redis, settings: Settings) -> None:
    audit = await filled(redis, settings.model_copy(update={"audit_events": 100}), 1000)
    assert 100 <= await redis.xlen(AUDIT) < 300
    [newest] = (await audit.page(before=None, limit=1, passes=everything)).items
    assert newest["target"] == "session:s999"


async def test_it_tells_nothing_older_than_the_setting_says(redis: Redis, settings: Settings) -> None:
    await redis.xadd(AUDIT, {"e": b'{"action":"old"}'}, id="1000-0")
    audit = await filled(redis, settings, 1)
    assert [
        record["action"] for record in (await audit.page(before=None, limit=9, passes=everything)).items
    ] == ["session.create"]


async def test_it_can_be_off(redis: Redis, settings: Settings) -> None:
    off = settings.model_copy(update={"audit_events": 0})
    await filled(redis, off, 3)
    with BlockingRedis.from_url(settings.redis_url) as blocking:
        record_now(blocking, off, [record_of("x", by=None, target=None, result="done")])
    assert await redis.exists(AUDIT) == 0


async def test_a_session_child_writes_the_same(redis: Redis, settings: Settings) -> None:
    with BlockingRedis.from_url(settings.redis_url) as blocking:
        record_now(
            blocking,
            settings,
            [
                record_of(
                    "session.command", by="user:ada", target="session:s", result="applied", command_id="c1"
                )
            ],
        )
    [record] = (await Audit(redis, settings).page(before=None, limit=9, passes=everything)).items
    assert (record["result"], record["command_id"]) == ("applied", "c1")


@pytest.mark.parametrize(("size", "kept"), [(MAX_ARGS_BYTES, True), (MAX_ARGS_BYTES + 1, False)])
def test_of_long_arguments_only_the_size_is_kept(size: int, kept: bool) -> None:
    args = {"x": "y" * (size - len('{"x":""}'))}
    record = record_of("session.command", by=None, target=None, result="stored", args=args)
    assert record.get("args") == (args if kept else None)
    assert record.get("args_bytes") == (None if kept else size)


async def test_what_cannot_be_stored_stands_in_the_log_and_fails_nothing() -> None:
    nobody = Settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    client = async_client(nobody)
    before = TOTALS.audit_failures
    with capture_logs() as lines:
        await Audit(client, nobody).record("session.delete", by="user:ada", target="session:s")
        with BlockingRedis.from_url(nobody.redis_url) as blocking:
            record_now(
                blocking, nobody, [record_of("session.command", by=None, target=None, result="applied")]
            )
    await client.aclose()
    assert TOTALS.audit_failures == before + 2
    assert [line["record"]["action"] for line in lines] == ["session.delete", "session.command"]
