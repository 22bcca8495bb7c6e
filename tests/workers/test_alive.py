"""The health check of a worker's container."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.workers import Heartbeats
from tests.valkey import ValkeyServer


async def check(redis_url: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gridcast.workers.alive"),
        env={**os.environ, "GRIDCAST_REDIS_URL": redis_url},
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    return process.returncode, told.decode()


async def test_is_good_only_while_a_worker_of_this_host_says_that_it_lives(
    mortal_valkey: ValkeyServer,
) -> None:
    settings = Settings(redis_url=mortal_valkey.url)
    client = async_client(settings)
    beats = Heartbeats(client)
    for host, code in (("elsewhere", 1), (socket.gethostname(), 0)):
        await beats.beat({"id": f"w-{code}", "host": host, "pid": 1, "slots": 1, "sessions": []})
        # Beats end after seconds, and the check takes a while to start on a busy machine: say it on and on.
        checking = asyncio.create_task(check(settings.redis_url))
        while not checking.done():
            await beats.beat({"id": f"w-{code}", "host": host, "pid": 1, "slots": 1, "sessions": []})
            await asyncio.wait([checking], timeout=0.5)
        found, told = checking.result()
        assert found == code, told
        await beats.leave(f"w-{code}")
    await client.aclose()


async def test_says_why_where_there_is_no_broker() -> None:
    code, told = await check("redis://127.0.0.1:1/0")
    assert code == 1
    assert "the broker does not answer" in told
