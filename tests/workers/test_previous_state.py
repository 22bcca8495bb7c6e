"""Sessions that an earlier release left behind are continued by this one; those of a later release are left to it.

`GRIDCAST_WRITE_GOLDEN=1` writes tests/golden/state/N.json where there is none yet: the keys of a session whose host was
killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import ACTIVE, SESSIONS
from gridcast.broadcaster.versions import STATE
from gridcast.workers.versions import versions
from tests.goldens import FOLDER
from tests.valkey import ValkeyServer
from tests.waiting import seen, until
from tests.workers.lab import Lab, alive, assert_contiguous, of, statuses, worker_process

DURATION_S = 10
ID = "g0lden"
CHANNEL = Channel.session(ID)
SPAN = [number for number in (STATE - 1, STATE) if number > 0]
"""This release goes on with what these left."""


@pytest.fixture
async def lab(mortal_valkey: ValkeyServer) -> AsyncIterator[Lab]:
    """On a broker at which no other worker looks."""
    settings = Settings(redis_url=mortal_valkey.url, lease_s=1.0)
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


def file_of(number: int) -> Path:
    return FOLDER / "state" / f"{number}.json"


async def dump(redis: Redis) -> dict[str, Any]:
    """The keys of the one session, whatever type they have."""
    found: dict[str, Any] = {}
    client = cast("Any", redis)
    async for key in client.scan_iter(match=f"*{CHANNEL}*"):
        kind = (await client.type(key)).decode()
        value: Any = None
        if kind == "hash":
            value = {k.decode(): v.decode() for k, v in (await client.hgetall(key)).items()}
        elif kind == "list":
            value = [item.decode() for item in await client.lrange(key, 0, -1)]
        elif kind == "stream":
            rows = await client.xrange(key)
            value = [[i.decode(), {k.decode(): v.decode() for k, v in fields.items()}] for i, fields in rows]
        elif key.decode() != CHANNEL.lease:
            continue
        if value is not None:
            found[key.decode()] = {"type": kind, "value": value}
    return found


async def restore(redis: Redis, keys: dict[str, Any]) -> None:
    """The broker as an earlier release left it, with the session unfinished and its host gone."""
    client = cast("Any", redis)
    for key, about in keys.items():
        value = about["value"]
        if about["type"] == "hash":
            await client.hset(key, mapping=value)
        elif about["type"] == "list":
            await client.rpush(key, *value)
        else:
            for stream_id, fields in value:
                await client.xadd(key, fields, id=stream_id)
    await client.zadd(SESSIONS, {ID: 1.0})
    await client.sadd(ACTIVE, ID)


@pytest.mark.skipif("GRIDCAST_WRITE_GOLDEN" not in os.environ, reason="writes a golden file, when asked to")
async def test_write_the_state_of_this_release(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if file_of(STATE).exists():
        pytest.skip("it stays as the first release with this number wrote it")
    monkeypatch.setattr("tests.workers.lab.new_id", lambda: ID)
    with worker_process(lab.settings, tmp_path) as worker:
        await lab.create("ieee13", speed=5, duration_s=DURATION_S)
        await lab.until_tick(CHANNEL, 10)
        await lab.command(CHANNEL, "set_taps", "one", regulators={"creg1a": 1.0})
        await lab.command(CHANNEL, "speed", "two", x=4)
        await seen(lambda: lab.entries(CHANNEL), lambda entries: len(of(entries, "command")) == 2)
        await lab.until_tick(CHANNEL, 30)
        child = await lab.child_pid(CHANNEL)
        os.kill(worker.pid, signal.SIGKILL)
        await until(lambda: not alive(child), what="the end of the child")
    text = orjson.dumps(await dump(lab.redis), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    file_of(STATE).write_bytes(text + b"\n")


@pytest.mark.parametrize("number", SPAN)
async def test_a_session_that_an_earlier_release_left_is_continued(
    lab: Lab, tmp_path: Path, number: int
) -> None:
    keys = orjson.loads(file_of(number).read_bytes())
    meta = keys[CHANNEL.meta]["value"]
    assert int(meta["form"]) == number
    # Another release of ours is no obstacle; the libraries are those of here, whatever they were then.
    meta["versions"] = orjson.dumps({**versions(), "gridcast": "0.0.1"}).decode()
    before = [row[1]["e"] for row in keys[CHANNEL.log]["value"]]
    await restore(lab.redis, keys)
    with worker_process(lab.settings, tmp_path):
        await lab.command(CHANNEL, "speed", "three", x="max")
        state = await lab.until_over(CHANNEL)
    assert (state.status, state.reason, state.attempt) == ("completed", None, 2)
    entries = await lab.entries(CHANNEL)
    assert_contiguous(entries, 10 * DURATION_S)
    assert [orjson.loads(entry) for entry in before] == entries[: len(before)]
    assert statuses(entries)[-3:] == ["recovering", "running", "completed"]
    assert [answer["command_id"] for answer in of(entries, "command")] == ["one", "two", "three"]


async def test_a_session_of_a_later_release_is_left_to_later_workers(lab: Lab, tmp_path: Path) -> None:
    channel = await lab.create(duration_s=1, enqueue=False)
    await cast("Any", lab.redis).hset(channel.meta, "form", STATE + 1)
    await lab.queue.enqueue_session(channel.id, 1, user="ada")
    log = tmp_path / "worker.log"
    with worker_process(lab.settings, tmp_path):
        await until(
            lambda: log.read_text().count("session_left_to_newer_workers") > 1, what="the second look"
        )
        assert (await lab.state(channel)).status == "queued"
        await cast("Any", lab.redis).hset(channel.meta, "form", STATE)
        assert (await lab.until_over(channel)).status == "completed"
