"""The broker goes away and comes back: the service says so, keeps its viewers, and they catch up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.workers import Heartbeat, Heartbeats
from tests.api.producer import Producer
from tests.api.serving import receive, receive_all, receive_until, serving
from tests.valkey import ValkeyServer, free_port
from tests.waiting import PATIENCE_S

WORKER: Heartbeat = {"id": "w1", "host": "lab", "pid": 7, "slots": 4, "sessions": []}


@pytest.fixture
def mortal(mortal_valkey: ValkeyServer, tmp_path: Path) -> Settings:
    return Settings(redis_url=mortal_valkey.url, dir=tmp_path)


async def ready(http: httpx2.AsyncClient, url: str, status: int) -> httpx2.Response:
    """`/readyz` as soon as it answers with `status`."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            response = await http.get(f"{url}/readyz")
            if response.status_code == status:
                return response
            await asyncio.sleep(0.02)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as client:
        yield client


async def test_it_starts_without_a_broker_and_says_so(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    absent = Settings(redis_url=f"redis://127.0.0.1:{free_port()}/0", dir=tmp_path)
    async with serving(absent) as api:
        assert (await http.get(f"{api.http}/healthz")).status_code == 200
        response = await ready(http, api.http, 503)
        assert {error["loc"][0] for error in response.json()["errors"]} == {"broker", "live"}
        for method, path in (
            ("GET", "/api/sessions"),
            ("GET", "/api/sessions/k3v9"),
            ("GET", "/api/workers"),
        ):
            refused = await http.request(method, f"{api.http}{path}")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        refused = await http.post(f"{api.http}/api/sessions", json={"scenario": "ieee13"})
        assert refused.status_code == 503
        assert "broker" in refused.json()["detail"]
        assert (await http.get(f"{api.http}/api/scenarios")).status_code == 200
        async with api.watch() as viewer:
            assert await receive_all(viewer) == ([], 1013)


async def test_viewers_keep_their_socket_over_a_restart_of_the_broker_and_catch_up(
    mortal: Settings, mortal_valkey: ValkeyServer, http: httpx2.AsyncClient
) -> None:
    producer = Producer(mortal)
    await producer.begin()
    client = async_client(mortal)
    await Heartbeats(client).beat(WORKER)
    async with serving(mortal) as api, api.watch() as viewer:
        await ready(http, api.http, 200)
        await receive_until(viewer, offset=3)
        # Written to disk once a second: the test's own flush makes sure that this much survives.
        await client.config_set("appendfsync", "always")
        await producer.ticks(5)
        mortal_valkey.kill()
        await ready(http, api.http, 503)
        mortal_valkey.start()
        await producer.ticks(5)
        await Heartbeats(client).beat(WORKER)
        seen: list[int] = []
        while len(seen) < 10:
            frame = await receive(viewer)
            assert frame["type"] != "reset"
            seen.append(frame["offset"])
        assert seen == list(range(4, 14))
        await Heartbeats(client).beat(WORKER)
        await ready(http, api.http, 200)
    await client.aclose()
    await producer.aclose()


async def test_a_flushed_broker_shows_as_4404_never_as_silence(
    mortal: Settings, mortal_valkey: ValkeyServer
) -> None:
    producer = Producer(mortal)
    await producer.begin()
    async with serving(mortal) as api, api.watch("?since=live") as viewer:
        await receive(viewer)
        with mortal_valkey.client() as client:
            client.flushall()
        await asyncio.wait_for(viewer.wait_closed(), PATIENCE_S)
        assert viewer.close_code == 4404
    await producer.aclose()


async def test_a_command_sent_while_the_broker_is_frozen_is_stored_once_when_it_is_back(
    mortal: Settings, mortal_valkey: ValkeyServer
) -> None:
    producer = Producer(mortal)
    await producer.begin()
    async with serving(mortal) as api, api.watch("?since=live") as viewer:
        await receive(viewer)
        mortal_valkey.kill()
        await viewer.send('{"type":"command","id":"c1","command":"pause"}')
        await viewer.send('{"type":"ping"}')
        mortal_valkey.start()
        # Frames are answered in order, so the pong says that the command was stored.
        await receive_until(viewer, type="pong")
        assert await producer.answer() == ["pause"]
        assert (await receive_until(viewer, type="command"))["command_id"] == "c1"
    await producer.aclose()
