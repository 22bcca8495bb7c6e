"""Session state in meta, presence, heartbeats and the queue port."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import (
    AsyncLeases,
    Channel,
    CommandLog,
    Fenced,
    JobQueue,
    NoChannel,
    Presence,
    Viewer,
)
from gridcast.broadcaster.commands import READ_COUNT
from gridcast.broadcaster.errors import CommandIdReused
from gridcast.broadcaster.presence import TTL_S
from gridcast.broadcaster.sessions import Sessions
from gridcast.broadcaster.workers import DEAD_S, Heartbeat, Heartbeats
from tests.broadcaster.conftest import CHANNEL
from tests.waiting import PATIENCE_S


async def entries(sessions: Sessions, channel: Channel = CHANNEL) -> list[dict[str, object]]:
    return [orjson.loads(entry.data) for entry in await sessions._channels.page(channel, after=0)]


async def test_a_new_session_is_queued_and_says_so_first(redis: Redis) -> None:
    sessions = Sessions(redis)
    epoch = await sessions.create("k3v9", record={"title": "x"}, n_ticks=600, created=5.0)
    state = await sessions.get("k3v9")
    assert state is not None
    assert (state.status, state.epoch, state.head, state.n_ticks, state.record) == (
        "queued", epoch, 1, 600, {"title": "x"},
    )  # fmt: skip
    assert not state.over
    assert [(e["offset"], e["type"], e["status"], e["tick"]) for e in await entries(sessions)] == [
        (1, "status", "queued", 0)
    ]
    assert await sessions.get("nobody") is None


async def test_finishing_answers_more_commands_than_one_read_brings(redis: Redis) -> None:
    sessions, log = Sessions(redis), CommandLog(redis)
    await sessions.create("k3v9", record={}, n_ticks=600, created=5.0)
    ids = [f"c{n}" for n in range(2 * READ_COUNT + 1)]
    for command_id in ids:
        await log.append(CHANNEL, command_id=command_id, by="user:ada", command="pause", args={})
    token = await AsyncLeases(redis, owner="api", ttl_s=5).acquire(CHANNEL)
    await asyncio.wait_for(sessions.finish("k3v9", token=token, status="stopped", reason=None), PATIENCE_S)
    found = await redis.xrange(CHANNEL.log)
    answers = [orjson.loads(fields[b"e"]).get("command_id") for _, fields in found]
    assert answers == [None, *ids, None]


async def test_the_ids_of_a_script_are_taken(redis: Redis) -> None:
    sessions, log = Sessions(redis), CommandLog(redis)
    deed = {"tick": 5, "by": "user:ada", "command": "pause", "args": {}}
    script = [{**deed, "command_id": "a"}, {**deed, "command_id": None}]
    await sessions.create("k3v9", record={}, n_ticks=600, created=5.0, script=script)
    with pytest.raises(CommandIdReused):
        await log.append(CHANNEL, command_id="a", by="user:ada", command="pause", args={})
    assert await log.append(CHANNEL, command_id="b", by="user:ada", command="pause", args={})


async def test_finishing_answers_every_waiting_command_first(redis: Redis) -> None:
    sessions, log = Sessions(redis), CommandLog(redis)
    await sessions.create("k3v9", record={}, n_ticks=600, created=5.0)
    for command_id, command in (("a", "pause"), ("b", "stop")):
        await log.append(CHANNEL, command_id=command_id, by="user:ada", command=command, args={})
    token = await AsyncLeases(redis, owner="api", ttl_s=5).acquire(CHANNEL)
    await sessions.finish("k3v9", token=token, status="stopped", reason="stopped by user:ada")
    found = await entries(sessions)
    assert [e.get("command_id") for e in found] == [None, "a", "b", None]
    assert [e["status"] for e in found] == ["queued", "rejected", "applied", "stopped"]
    assert found[1]["error"] == "the session is stopped"
    state = await sessions.get("k3v9")
    assert state is not None
    assert state.over
    assert (state.reason, state.status) == ("stopped by user:ada", "stopped")
    assert state.ended is not None


async def test_finishing_twice_changes_nothing(redis: Redis) -> None:
    sessions = Sessions(redis)
    await sessions.create("k3v9", record={}, n_ticks=600, created=5.0)
    await sessions.finish("k3v9", token=0, status="failed", reason="first")
    await sessions.finish("k3v9", token=0, status="stopped", reason="second")
    state = await sessions.get("k3v9")
    assert state is not None
    assert (state.status, state.reason) == ("failed", "first")


async def test_finishing_needs_the_newest_token_and_a_session(redis: Redis) -> None:
    sessions = Sessions(redis)
    with pytest.raises(NoChannel):
        await sessions.finish("k3v9", token=0, status="stopped", reason=None)
    await sessions.create("k3v9", record={}, n_ticks=600, created=5.0)
    await AsyncLeases(redis, owner="w", ttl_s=5).acquire(CHANNEL)
    with pytest.raises(Fenced):
        await sessions.finish("k3v9", token=0, status="stopped", reason=None)


async def test_sessions_are_paged_newest_first_and_deleted_ones_vanish(redis: Redis) -> None:
    sessions = Sessions(redis)
    for i in range(7):
        await sessions.create(f"s{i}", record={}, n_ticks=1, created=float(i // 2))
    await sessions.delete("s4")
    seen: list[str] = []
    before = None
    while page := await sessions.page(before=before, limit=2):
        seen += [state.id for _, state in page]
        before = (page[-1][0], page[-1][1].id)
    assert seen == ["s6", "s5", "s3", "s2", "s1", "s0"]
    assert await redis.keys("*s4*") == []


async def test_a_viewer_counts_until_it_leaves_or_is_not_announced_any_more(redis: Redis) -> None:
    now = [100.0]
    presence = Presence(redis, now=lambda: now[0])
    ada, bob = (Viewer(id=name, name=name, since=1.0) for name in ("ada", "bob"))
    await presence.announce(CHANNEL, [ada, bob])
    assert await presence.count(CHANNEL) == 2
    await presence.leave(CHANNEL, ada)
    assert [viewer.name for viewer in (await presence.company(CHANNEL)).shown] == ["bob"]
    now[0] += TTL_S - 1
    assert await presence.counts([CHANNEL, Channel.session("other")]) == [1, 0]
    now[0] += 2
    assert await presence.count(CHANNEL) == 0


async def test_a_worker_is_listed_while_it_beats(redis: Redis) -> None:
    now = [100.0]
    heartbeats = Heartbeats(redis, now=lambda: now[0])
    beat = Heartbeat(id="w1", host="h", pid=1, slots=4, sessions=[])
    await heartbeats.beat(beat)
    assert await heartbeats.alive() == [beat]
    now[0] += DEAD_S + 1
    assert await heartbeats.alive() == []
    await heartbeats.beat(beat)
    await heartbeats.leave("w1")
    assert await heartbeats.alive() == []


async def test_the_queue_tells_each_session_its_place(redis: Redis) -> None:
    queue = JobQueue(redis)
    for name in ("a", "b", "c"):
        assert await queue.enqueue_session(name, 1, user="ada")
    assert not await queue.enqueue_session("b", 1, user="ada")
    assert sorted(n or 0 for n in await queue.positions([("a", 1), ("b", 1), ("c", 1)])) == [1, 2, 3]
    assert await queue.depth() == 3
    await queue.remove("b", 1)
    assert await queue.position("b", 1) is None
    assert await queue.depth() == 2


async def test_jobs_travel_as_json(redis: Redis) -> None:
    await JobQueue(redis).enqueue_session("a", 1, user="ada")
    raw = await redis.get("arq:job:a:1")
    assert orjson.loads(raw)["a"] == ["a", 1]
