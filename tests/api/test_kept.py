"""What becomes of recordings when a session is deleted, and what `/metrics` says of those that wait for their store."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster.names import LEFTOVERS
from gridcast.broadcaster.workers import Heartbeats, RecordingState
from gridcast.recordings.store import FolderStore
from tests.api.test_http import created, http, redis

__all__ = ["http", "redis"]


def store_of(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "recordings")


async def test_deleting_a_session_deletes_its_recording_at_once(
    http: httpx2.AsyncClient, redis: Redis, tmp_path: Path
) -> None:
    store = store_of(tmp_path)
    gone, kept = [(await created(http))["id"] for _ in range(2)]
    for session_id in (gone, kept):
        store.put(session_id, "0000000000-1.parquet", b"x")
    assert (await http.delete(f"/api/sessions/{gone}")).status_code == 204
    assert store.sessions() == [kept]
    assert await redis.zscore(LEFTOVERS, gone) is not None


async def test_files_that_cannot_be_deleted_now_are_left_to_the_workers(
    http: httpx2.AsyncClient, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: FolderStore, __: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(FolderStore, "delete_session", refuse)
    session_id = (await created(http))["id"]
    assert (await http.delete(f"/api/sessions/{session_id}")).status_code == 204
    assert (await http.get(f"/api/sessions/{session_id}")).status_code == 404
    assert await redis.zscore(LEFTOVERS, session_id) is not None


async def test_metrics_count_the_recordings_that_wait_for_their_store(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    async def beat(worker: str, *states: RecordingState) -> None:
        await Heartbeats(redis).beat(
            {
                "id": worker,
                "host": "lab",
                "pid": 1,
                "slots": 4,
                "sessions": [
                    {"id": f"s{n}", "pid": n, "attempt": 1, "tick": 1, "lag_s": 0.0, "recording": state}
                    for n, state in enumerate(states)
                ],
            }
        )

    await beat("a", "on", "paused")
    await beat("b", "paused", "off")
    assert "\ngridcast_recordings_paused 2.0\n" in (await http.get("/metrics")).text
