"""A run leaves one whole recording, whatever dies on the way; a store that fails costs nothing but what it did not take."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.sessions import SessionState
from tests.faults.recording import assert_whole, chunks_of, digest_of
from tests.valkey import ValkeyServer
from tests.waiting import seen, until
from tests.workers.lab import Lab, of, statuses, worker_process

SCENARIO = "ieee13-ofo-taps"
DURATION_S = 240
N_TICKS = 10 * DURATION_S
LOG_BYTES = 1 << 20
"""Small, so that the runs of these tests have several chunks."""


@pytest.fixture
def settings(mortal_valkey: ValkeyServer, tmp_path: Path) -> Settings:
    return Settings(
        redis_url=mortal_valkey.url,
        lease_s=1.0,
        log_bytes=LOG_BYTES,
        dir=tmp_path,
        recordings=str(tmp_path / "kept"),
    )


@pytest.fixture
async def lab(settings: Settings) -> AsyncIterator[Lab]:
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


def folder_of(lab: Lab, channel: Channel) -> Path:
    return Path(lab.settings.recordings_at or "") / channel.id


async def until_recorded(lab: Lab, channel: Channel, chunks: int) -> None:
    await seen(lambda: chunks_of(lab, channel), lambda found: len(found) >= chunks)


async def events_of(lab: Lab, channel: Channel) -> list[dict[str, Any]]:
    entries = of(await lab.entries(channel), "ticks")
    return [e for entry in entries for e in entry["events"] if e["topic"].startswith("recording.")]


def attempted(attempt: int) -> Callable[[SessionState], bool]:
    return lambda state: state.attempt == attempt and state.status == "running"


async def whole_digest(lab: Lab, channel: Channel) -> tuple[str, str]:
    """Of the files, and of the summary."""
    state = await lab.until_over(channel)
    chunks = await chunks_of(lab, channel)
    assert_whole(chunks, state.tick)
    assert state.summary is not None
    return digest_of(folder_of(lab, channel), chunks), state.summary["digest"]


async def test_an_undisturbed_run_is_recorded_to_the_last_bit_before_its_last_status(
    lab: Lab, tmp_path: Path
) -> None:
    with worker_process(lab.settings, tmp_path):
        channel = await lab.create(SCENARIO, duration_s=DURATION_S)
        recorded, told = await whole_digest(lab, channel)
        state = await lab.state(channel)
        chunks = await chunks_of(lab, channel)
        assert recorded == told
        assert len(chunks) > 3
        assert state.reason is None
        meta = await lab.channels.meta(channel)
        assert meta is not None
        assert int(meta["recorded"]) == sum(chunk.size_bytes for chunk in chunks)
        assert {path.name for path in folder_of(lab, channel).iterdir()} == {c.name for c in chunks}
        about = orjson.loads(pq.read_schema(folder_of(lab, channel) / chunks[0].name).metadata[b"gridcast"])
        assert (about["record"]["scenario"], about["epoch"], about["schema"]) == (
            SCENARIO,
            state.epoch,
            state.schema,
        )
        assert about["versions"] == state.versions


async def test_a_chunk_ends_with_the_log_entry_that_it_names(lab: Lab, tmp_path: Path) -> None:
    with worker_process(lab.settings, tmp_path):
        channel = await lab.create(SCENARIO, duration_s=60)
        await lab.until_over(channel)
        ends = {
            entry["offset"]: entry["first"] + len(entry["t_s"])
            for entry in of(await lab.entries(channel), "ticks")
        }
        for chunk in await chunks_of(lab, channel):
            assert ends[chunk.head] == chunk.after


async def test_kills_at_random_ticks_leave_one_recording_without_gap_or_overlap(
    lab: Lab, tmp_path: Path
) -> None:
    dice = random.Random(7)
    with worker_process(lab.settings, tmp_path):
        calm = await lab.create(SCENARIO, duration_s=DURATION_S)
        expected = await whole_digest(lab, calm)
        channel = await lab.create(SCENARIO, speed=40, duration_s=DURATION_S)
        for attempt in (1, 2, 3):
            await lab.until(channel, attempted(attempt))
            await until_recorded(lab, channel, attempt)
            state = await lab.state(channel)
            await lab.until_tick(channel, state.tick + dice.randint(1, 400))
            os.kill(await lab.child_pid(channel, attempt), signal.SIGKILL)
        await lab.until(channel, attempted(4))
        await lab.command(channel, "speed", x="max")
        assert await whole_digest(lab, channel) == expected
        assert len({chunk.token for chunk in await chunks_of(lab, channel)}) > 1


async def test_a_worker_that_is_told_to_stop_hands_over_and_nothing_is_lost(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with worker_process(lab.settings, tmp_path) as worker:
        channel = await lab.create(SCENARIO, speed=40, duration_s=DURATION_S)
        await until_recorded(lab, channel, 1)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        state = await lab.state(channel)
        assert (state.status, state.attempt) == ("recovering", 2)
        before = await chunks_of(lab, channel)
    with worker_process(lab.settings, tmp_path / "other"):
        await lab.command(channel, "speed", x="max")
        recorded, told = await whole_digest(lab, channel)
        assert recorded == told
        assert (await chunks_of(lab, channel))[: len(before)] == before


async def test_a_thawed_writer_overwrites_nothing_and_lists_nothing(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with worker_process(lab.settings, tmp_path) as other:
        other.signal(signal.SIGSTOP)
        with worker_process(lab.settings, tmp_path / "other") as worker:
            channel = await lab.create(SCENARIO, speed=40, duration_s=DURATION_S)
            await until_recorded(lab, channel, 1)
            pid = await lab.child_pid(channel)
            for frozen in (worker.pid, pid):
                os.kill(frozen, signal.SIGSTOP)
            other.signal(signal.SIGCONT)
            await lab.until(channel, lambda state: state.attempt == 2 and state.status == "running")
            await lab.command(channel, "speed", x="max")
            recorded, told = await whole_digest(lab, channel)
            assert recorded == told
            chunks = await chunks_of(lab, channel)
            files = {path.name: path.read_bytes() for path in folder_of(lab, channel).iterdir()}
            for thawed in (pid, worker.pid):
                os.kill(thawed, signal.SIGCONT)
            await until(lambda: not Path(f"/proc/{pid}").exists(), what="the end of the thawed child")
            assert await chunks_of(lab, channel) == chunks
            assert {name: (folder_of(lab, channel) / name).read_bytes() for name in files} == files


async def test_a_stopped_run_has_a_whole_recording_with_its_commands(lab: Lab, tmp_path: Path) -> None:
    with worker_process(lab.settings, tmp_path):
        channel = await lab.create("ieee13", speed=40, duration_s=DURATION_S)
        await lab.until_tick(channel, 30)
        await lab.command(channel, "set_taps", "one", regulators={"creg1a": 1.0})
        await lab.command(channel, "stop", "two")
        recorded, told = await whole_digest(lab, channel)
        assert recorded == told
        names = [folder_of(lab, channel) / chunk.name for chunk in await chunks_of(lab, channel)]
        done = [
            command["command_id"]
            for name in names
            for command in orjson.loads(pq.read_schema(name).metadata[b"gridcast"])["commands"]
        ]
        assert done == ["one", "two"]


async def test_a_store_that_takes_nothing_stops_no_run_and_is_told(lab: Lab, tmp_path: Path) -> None:
    """A file stands where the folder should be: also root cannot write below it."""
    (tmp_path / "kept").write_text("in the way")
    with worker_process(lab.settings, tmp_path):
        channel = await lab.create(SCENARIO, speed=40, duration_s=DURATION_S)
        await lab.until_tick(channel, 1000)
        events = await seen(lambda: events_of(lab, channel))
        assert [event["topic"] for event in events] == ["recording.paused"]
        assert "directory" in events[0]["data"]["reason"].lower()
        await seen(
            lab.heartbeats,
            lambda beats: [s["recording"] for b in beats for s in b["sessions"]] == ["paused"],
        )
        await lab.command(channel, "speed", x="max")
        state = await lab.until_over(channel)
        assert (state.status, state.tick) == ("completed", N_TICKS)
        assert (state.reason or "").startswith(f"its recording lacks ticks 0 to {N_TICKS - 1}: ")
        assert await chunks_of(lab, channel) == []
        assert statuses(await lab.entries(channel))[-1] == "completed"


async def test_recording_goes_on_when_the_store_is_back(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("in the way")
    with worker_process(lab.settings, tmp_path):
        channel = await lab.create(SCENARIO, speed=40, duration_s=3600)
        await seen(lambda: events_of(lab, channel))
        (tmp_path / "kept").unlink()
        events = await seen(lambda: events_of(lab, channel), lambda events: len(events) == 2)
        assert events[1]["topic"] == "recording.resumed"
        assert events[1]["data"] == {"from_tick": 0, "missing": []}
        await lab.command(channel, "stop")
        recorded, told = await whole_digest(lab, channel)
        assert recorded == told


async def test_the_next_attempt_records_what_a_full_disk_did_not_take(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("in the way")
    with worker_process(lab.settings, tmp_path):
        channel = await lab.create(SCENARIO, speed=40, duration_s=DURATION_S)
        await lab.until_tick(channel, 1200)
        (tmp_path / "kept").unlink()
        os.kill(await lab.child_pid(channel), signal.SIGKILL)
        await lab.until(channel, lambda state: state.attempt == 2 and state.status == "running")
        await lab.command(channel, "speed", x="max")
        recorded, told = await whole_digest(lab, channel)
        assert recorded == told


def children_and_their_threads(pid: int) -> dict[int, int]:
    tasks = Path(f"/proc/{pid}/task")
    children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    return {child: len(list(Path(f"/proc/{child}/task").iterdir())) for child in children}


async def test_the_fork_server_has_one_thread_though_it_can_write_parquet(lab: Lab, tmp_path: Path) -> None:
    """A fork copies only the thread that calls it; what others held would stay locked for ever."""
    with worker_process(lab.settings, tmp_path) as worker:
        await lab.until_over(await lab.create(duration_s=1))
        assert list(children_and_their_threads(worker.pid).values()) == [1]


async def test_nothing_is_recorded_where_it_is_switched_off(lab: Lab, tmp_path: Path) -> None:
    off = lab.settings.model_copy(update={"recordings": "off"})
    with worker_process(off, tmp_path):
        channel = await lab.create(duration_s=30)
        state = await lab.until_over(channel)
        assert (state.status, state.reason) == ("completed", None)
        assert await chunks_of(lab, channel) == []
        assert not (tmp_path / "kept").exists()
        assert not (tmp_path / "recordings").exists()
