"""What is cleared away, when, and what is left alone."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gridcast.broadcaster import AsyncLeases, Channel, Channels, Entry, Hub, Reset
from gridcast.broadcaster.names import (
    ACTIVE,
    AUDIT,
    FINISHED,
    LEFTOVERS,
    PREFIX,
    SESSIONS,
    SWEEP,
    Kind,
    listing_key,
    owned_key,
    public_key,
)
from gridcast.broadcaster.retention import LOOK_AFTER_S, Kept, Retention
from gridcast.recordings.chunks import Chunk, file_name
from gridcast.recordings.feeds import Feeds
from gridcast.recordings.store import FolderStore, Store
from gridcast.workers.sweep import Sweep, beyond
from tests.recordings.stores import FULL, MemoryStore
from tests.waiting import seen
from tests.workers.lab import Lab, WorkerProcess

ENTRY = b'{"type":"ticks","first":0,"x":"' + b"y" * 100_000 + b'"}'


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def sweep_of(lab: Lab, store: Store, *, now: float | None = None, **more: object) -> Sweep:
    settings = lab.settings.model_copy(update={"recordings": "memory", **more})
    at = time.time() if now is None else now
    return Sweep(lab.redis, settings, open_store=lambda _: store, now=lambda: at)


async def ended(lab: Lab, store: Store, *, files: int = 1, log_entries: int = 2) -> Channel:
    """A session that is over, with some chunks and a log of 100 kB entries."""
    channel = await lab.create(enqueue=False)
    leases = AsyncLeases(lab.redis, owner="w", ttl_s=60)
    token = await leases.acquire(channel)
    chunks = []
    for n in range(files):
        name = file_name(10 * n, token)
        store.put(channel.id, name, b"x" * 1000)
        chunks.append(
            Chunk(
                name=name, first=10 * n, ticks=10, size_bytes=1000, digest="d", head=2, token=token
            ).encode()
        )
    await lab.channels.publish(
        channel,
        token=token,
        expected=2,
        entries=[ENTRY] * log_entries,
        chunks=chunks,
        meta={"recorded": 1000 * files},
    )
    await lab.sessions.finish(channel.id, token=token, status="completed", reason=None)
    await leases.release(channel, token)
    await lab.sessions.retire([channel.id], settings=lab.settings)
    return channel


async def offsets(lab: Lab, channel: Channel) -> list[int]:
    return [entry["offset"] for entry in await lab.entries(channel)]


@pytest.mark.parametrize(
    ("at_most", "going"), [(60, []), (59, ["a"]), (50, ["a"]), (49, ["a", "b"]), (0, ["a", "b", "d"])]
)
def test_the_oldest_go_until_the_rest_fits(at_most: int, going: list[str]) -> None:
    sizes = {"a": 10, "b": 20, "c": 0, "d": 30}
    kept = [Kept(id=name, ended=1.0, log_bytes=size, recorded_bytes=0) for name, size in sizes.items()]
    found = beyond(kept, lambda s: s.log_bytes, others=0, at_most=at_most)
    assert [session.id for session in found] == going


def test_what_runs_counts_and_never_goes() -> None:
    kept = [Kept(id="a", ended=1.0, log_bytes=10, recorded_bytes=0)]
    assert beyond(kept, lambda s: s.log_bytes, others=90, at_most=100) == []
    assert beyond(kept, lambda s: s.log_bytes, others=91, at_most=100) == kept
    assert beyond(kept, lambda s: s.log_bytes, others=1000, at_most=100) == kept


async def test_one_worker_of_all_sweeps_at_a_time(lab: Lab) -> None:
    turns = [await Retention(lab.redis).turn(60.0) for _ in range(3)]
    assert turns == [True, False, False]
    assert 0 < await lab.redis.ttl(SWEEP) <= 60


async def test_an_old_log_keeps_its_last_words_and_says_what_is_missing(lab: Lab, store: MemoryStore) -> None:
    channel = await ended(lab, store, log_entries=3)
    session_ttl_s = lab.settings.session_ttl_s
    await sweep_of(lab, store, now=time.time() + session_ttl_s - 60).sweep()
    assert await offsets(lab, channel) == [1, 2, 3, 4, 5]
    await sweep_of(lab, store, now=time.time() + session_ttl_s + 60).sweep()
    assert await offsets(lab, channel) == [4, 5]
    async with Hub(lab.settings) as hub, hub.subscribe(channel) as subscription:
        [reset] = await subscription.next()
        assert isinstance(reset, Reset)
        assert (reset.reason, reset.earliest_offset) == ("trimmed", 4)
        left: list[Entry | Reset] = []
        while len(left) < 2:
            left += await subscription.next()
        assert [entry.offset for entry in left if isinstance(entry, Entry)] == [4, 5]


async def test_the_oldest_logs_go_first_when_all_are_too_large(lab: Lab, store: MemoryStore) -> None:
    channels = [await ended(lab, store) for _ in range(3)]
    one = await lab.redis.memory_usage(channels[0].log)
    assert one is not None
    await sweep_of(lab, store, logs_bytes=3 * one + 1000).sweep()
    assert [len(await offsets(lab, channel)) for channel in channels] == [4, 4, 4]
    await sweep_of(lab, store, logs_bytes=2 * one + 20_000).sweep()
    assert [len(await offsets(lab, channel)) for channel in channels] == [2, 4, 4]
    assert len(store.sessions()) == 3


async def test_the_oldest_recordings_go_first_when_all_are_too_large(lab: Lab, store: MemoryStore) -> None:
    channels = [await ended(lab, store, files=2) for _ in range(3)]
    await sweep_of(lab, store, recordings_bytes=6000).sweep()
    assert len(store.held) == 6
    await sweep_of(lab, store, recordings_bytes=5999).sweep()
    assert store.sessions() == sorted(channel.id for channel in channels[1:])
    assert await lab.redis.exists(channels[0].chunks) == 0
    assert (await lab.state(channels[0])).status == "completed"
    await sweep_of(lab, store, recordings_bytes=5999).sweep()
    assert len(store.held) == 4


async def test_files_that_no_list_names_go_some_time_after_the_end(lab: Lab, store: MemoryStore) -> None:
    channel = await ended(lab, store)
    [listed] = store.held
    for name in (file_name(10, 99), file_name(0, 1) + ".4711.part"):
        store.put(channel.id, name, b"from a zombie")
    await sweep_of(lab, store, now=time.time() + LOOK_AFTER_S - 60).sweep()
    assert len(store.held) == 3
    await sweep_of(lab, store, now=time.time() + LOOK_AFTER_S + 60).sweep()
    assert list(store.held) == [listed]
    assert await lab.redis.exists(LEFTOVERS) == 0


async def test_files_written_after_a_session_was_deleted_go_too(lab: Lab, store: MemoryStore) -> None:
    channel = await ended(lab, store)
    assert await lab.sessions.delete(channel.id)
    await sweep_of(lab, store).sweep()
    assert store.sessions() == [channel.id]
    await sweep_of(lab, store, now=time.time() + LOOK_AFTER_S + 60).sweep()
    assert store.sessions() == []
    left = await lab.redis.keys(f"{PREFIX}:*")
    # A worker of the test before may have told of itself once more.
    assert [key for key in left if not key.startswith(f"{PREFIX}:worker".encode())] == []


async def test_a_store_that_does_not_delete_is_asked_again(
    lab: Lab, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await ended(lab, store)
    await lab.sessions.delete(channel.id)

    def refuse(_: str) -> None:
        raise FULL

    soon = time.time() + LOOK_AFTER_S + 60
    with monkeypatch.context() as patch:
        patch.setattr(store, "delete_session", refuse)
        await sweep_of(lab, store, now=soon).sweep()
    assert store.sessions() == [channel.id]
    await sweep_of(lab, store, now=soon + LOOK_AFTER_S + 1).sweep()
    assert store.sessions() == []


async def test_what_others_put_into_one_folder_keeps_no_other_from_being_cleared(
    lab: Lab, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path)
    channels = [await ended(lab, store) for _ in range(3)]
    for channel in channels[:2]:
        (tmp_path / channel.id / ".DS_Store").write_bytes(b"x")
    (tmp_path / channels[1].id / "notes").mkdir()
    for channel in channels:
        store.put(channel.id, file_name(0, 99), b"never listed")
        (tmp_path / channel.id / f"{file_name(10, 99)}.7.part").write_bytes(b"unfinished")
    await lab.redis.rpush(channels[1].chunks, b"no record")  # type: ignore[misc]
    soon = time.time() + LOOK_AFTER_S + 60
    await sweep_of(lab, store, now=soon).sweep()
    for channel, others in zip(channels, ([".DS_Store"], None, []), strict=True):
        listed = Chunk.decode((await Retention(lab.redis).listed(channel.id) or [])[0]).name
        if others is not None:
            assert {file.name for file in store.files(channel.id)} == {listed, *others}
    assert await lab.redis.zrange(LEFTOVERS, 0, -1) == [channels[1].id.encode()]


async def test_a_stranger_that_cannot_be_deleted_keeps_no_other(lab: Lab, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name in ("aaaa", "bbbb"):
        store.put(name, file_name(0, 1), b"x")
    (tmp_path / "aaaa" / "notes").mkdir()
    await sweep_of(lab, store, now=time.time() + lab.settings.recordings_ttl_s + 60).sweep()
    assert store.sessions() == ["aaaa"]


async def test_a_flushed_broker_costs_no_recording_before_its_time(lab: Lab, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    kept, old = [await ended(lab, store) for _ in range(2)]
    await lab.redis.flushall()
    await sweep_of(lab, store).sweep()
    assert len(store.sessions()) == 2
    later = time.time() + lab.settings.recordings_ttl_s + 60
    store.put(kept.id, file_name(10, 1), b"x")
    young = tmp_path / kept.id / file_name(10, 1)
    os.utime(young, (later, later))
    await sweep_of(lab, store, now=later).sweep()
    assert store.sessions() == [kept.id]
    assert old.id != kept.id


async def test_a_feed_goes_when_its_task_is_forgotten_and_its_time_is_over(lab: Lab, tmp_path: Path) -> None:
    feeds = Feeds(tmp_path)
    feeds.append("t1", b"{}\n")
    feeds.append("t2", b"{}\n")
    await Channels(lab.redis).create(Channel("task", "t1"), meta={})
    store = FolderStore(tmp_path)
    where = str(tmp_path)
    await sweep_of(lab, store, recordings=where).sweep()
    assert feeds.read("t2")
    later = time.time() + lab.settings.recordings_ttl_s + 60
    await sweep_of(lab, store, recordings=where, now=later).sweep()
    assert list(feeds.written()) == ["t1"]


async def test_what_the_broker_forgot_is_taken_off_the_lists(lab: Lab, store: MemoryStore) -> None:
    channel = await ended(lab, store)
    await lab.redis.delete(*channel.keys)
    await sweep_of(lab, store).sweep()
    assert await lab.redis.exists(FINISHED, SESSIONS) == 0


async def test_what_expired_is_taken_off_the_lists_of_its_owner_and_of_all(
    lab: Lab, store: MemoryStore
) -> None:
    redis, long_ago = lab.redis, time.time() - lab.settings.session_ttl_s - 60
    forgotten = await ended(lab, store)
    kept = await ended(lab, store)
    for channel in (forgotten, kept):
        await redis.zadd(owned_key("session", "ada"), {channel.id: long_ago})
        await redis.zadd(public_key("session"), {channel.id: long_ago})
    await redis.delete(*forgotten.keys)
    for kind in ANALYSES:
        for key in (listing_key(kind), owned_key(kind, "ada"), owned_key(kind, "bob")):
            # More than one page of them, and one that is being made just now.
            await redis.zadd(key, {f"gone{n}": long_ago for n in range(1001)} | {"kept": long_ago})
            await redis.zadd(key, {"new": time.time()})
        await Channels(redis).create(Channel(kind, "kept"), meta={})
    await sweep_of(lab, store).sweep()
    for key in (owned_key("session", "ada"), public_key("session")):
        assert await redis.zrange(key, 0, -1) == [kept.id.encode()]
    for kind in ANALYSES:
        for key in (listing_key(kind), owned_key(kind, "ada"), owned_key(kind, "bob")):
            assert await redis.zrange(key, 0, -1) == [b"kept", b"new"]


async def test_without_recordings_leftovers_are_not_collected(lab: Lab, store: MemoryStore) -> None:
    await ended(lab, store, files=0)
    await sweep_of(lab, store, recordings="off", now=time.time() + LOOK_AFTER_S + 60).sweep()
    assert await lab.redis.exists(LEFTOVERS) == 0


ANALYSES: tuple[Kind, ...] = ("task", "operation")

OWNED = {
    SESSIONS: "listing and sweeps take off what is gone",
    FINISHED: "sweeps take off what is gone",
    LEFTOVERS: "sweeps take off what they have looked at",
    ACTIVE: "reapers take off what is over",
    f"{PREFIX}:workers": "each heartbeat takes off the dead",
    AUDIT: "each record takes off the oldest",
    owned_key("session", "ada"): "listing and sweeps take off what is gone",
}
"""Keys without a TTL, and who sees to it that they stay small."""


async def test_every_key_has_a_time_to_live_or_an_owner(
    lab: Lab, worker: WorkerProcess, tmp_path: Path
) -> None:
    """After all kinds of ends, and while nothing runs any more."""
    assert worker.pid
    completed = await lab.create(duration_s=5)
    stopped = await lab.create(duration_s=3600, speed=5)
    await lab.until_tick(stopped, 3)
    await lab.command(stopped, "set_taps", "t", regulators={"creg1a": 1.0})
    await lab.command(stopped, "stop", "s")
    failed = await lab.create(duration_s=5, record={"config": {"broken": True}})
    deleted = await lab.create(duration_s=3600, speed=5)
    await lab.until_tick(deleted, 3)
    await lab.sessions.delete(deleted.id)
    for channel in (completed, stopped, failed):
        await lab.until_over(channel)
    await seen(lambda: lab.redis.exists(ACTIVE), lambda there: not there)
    unowned = []
    for raw in await lab.redis.keys("*"):
        key = raw.decode()
        if await lab.redis.ttl(key) < 0 and key not in OWNED:
            unowned.append(key)
    assert unowned == []
    lasting = {completed.meta, completed.chunks, completed.log, stopped.applied, failed.meta}
    for key in lasting:
        assert await lab.redis.ttl(key) > lab.settings.session_ttl_s
    assert await lab.redis.ttl(stopped.seen) <= lab.settings.session_ttl_s
    assert not [key for key in await lab.redis.keys("*") if deleted.id.encode() in key]
