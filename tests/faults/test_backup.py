"""Backup and restore as docs/operations.md tells it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from gridcast.broadcaster import Channel
from tests.faults.reference import undisturbed, whole
from tests.valkey import ValkeyServer
from tests.waiting import until
from tests.workers.lab import Lab, worker_process

SCENARIO = "ieee13-ofo-taps"
DURATION_S = 120


async def back_up(server: ValkeyServer, to: Path) -> None:
    with server.client() as client:
        before = client.lastsave()
        # LASTSAVE counts whole seconds.
        await until(lambda: client.time()[0] > before.timestamp(), what="the next second")
        client.bgsave()
        await until(lambda: client.lastsave() != before, what="the picture")
    shutil.copy(server.folder / "dump.rdb", to)


async def restore(server: ValkeyServer, picture: Path) -> None:
    """Into an empty folder."""
    shutil.rmtree(server.folder)
    server.folder.mkdir()
    shutil.copy(picture, server.folder / "dump.rdb")
    server.append_only = False
    await asyncio.to_thread(server.start)
    with server.client() as client:
        client.config_set("appendonly", "yes")

        def written() -> bool:
            told = client.info("persistence")
            return bool(told["aof_rewrite_in_progress"] == 0 and told["aof_last_bgrewrite_status"] == "ok")

        await until(written, what="the append-only file")
    server.append_only = True
    await asyncio.to_thread(server.restart)
    with server.client() as client:
        for key in client.scan_iter(match="gridcast:{*}:meta"):
            client.hset(key, "epoch", "another-life")


async def test_a_session_goes_on_from_a_restored_picture_of_the_broker(
    mortal: Lab, mortal_valkey: ValkeyServer, tmp_path: Path
) -> None:
    with worker_process(mortal.settings, tmp_path) as worker:
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        channel: Channel = await mortal.create(SCENARIO, speed=15, duration_s=DURATION_S)
        await mortal.until_tick(channel, 100)
        picture = tmp_path / "picture.rdb"
        await back_up(mortal_valkey, picture)
        seen = (await mortal.state(channel)).tick
        await mortal.until_tick(channel, seen + 100)
        worker.end()
    mortal_valkey.kill()
    await restore(mortal_valkey, picture)
    state = await mortal.state(channel)
    assert state.tick < seen + 100
    assert state.epoch == "another-life"
    with worker_process(mortal.settings, tmp_path):
        await mortal.command(channel, "speed", x="max")
        state = await mortal.until_over(channel)
    assert state.status == "completed", state.reason
    assert await whole(mortal, channel) == expected
