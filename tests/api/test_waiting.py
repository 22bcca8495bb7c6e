"""`?wait=true` answers when it is done, and `/sim/stream` frees the worker when its viewer leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import pytest

from gridcast.api.failures import Failure
from gridcast.api.simstream import wanted_session
from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_all, receive_until, serving
from tests.waiting import PATIENCE_S, until


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


async def newest(http: httpx2.AsyncClient) -> dict[str, Any]:
    """The session created last, as soon as there is one."""
    while True:
        items = (await http.get("/api/sessions")).json()["items"]
        if items:
            found: dict[str, Any] = items[0]
            return found


async def test_create_and_wait_answers_with_the_finished_session(
    api: Api, settings: Settings, http: httpx2.AsyncClient
) -> None:
    asking = asyncio.create_task(http.post("/api/sessions?wait=true", json={"scenario": "ieee13"}))
    producer = Producer(settings, (await newest(http))["id"])
    await producer.take()
    await producer.ticks(2)
    await producer.publish({"type": "summary", "ts": 1.0}, meta={"summary": orjson.dumps({"ticks": 10})})
    await producer.finish()
    response = await asking
    assert response.status_code == 201
    assert (response.json()["status"], response.json()["summary"]) == ("completed", {"ticks": 10})
    await producer.aclose()


@pytest.mark.parametrize(("error", "status"), [(None, 200), ("it is running", 409)])
async def test_command_and_wait_answers_with_the_entry(
    api: Api, producer: Producer, http: httpx2.AsyncClient, error: str | None, status: int
) -> None:
    await producer.begin()
    body = {"command": "resume", "id": "c1"}
    asking = asyncio.create_task(http.post("/api/sessions/k3v9/commands?wait=true", json=body))
    await until(lambda: api.services.stats.commands == 1, what="the command")
    await producer.ticks(1)
    await producer.answer(error=error)
    response = await asking
    assert response.status_code == status
    if error is None:
        assert (response.json()["command_id"], response.json()["status"]) == ("c1", "applied")
    else:
        assert response.json()["detail"] == error
    again = await http.post("/api/sessions/k3v9/commands?wait=true", json=body)
    first, second = ({**r.json(), "instance": None} for r in (response, again))
    assert (again.status_code, second) == (response.status_code, first)


async def test_who_waits_is_told_when_the_server_goes_away(settings: Settings, producer: Producer) -> None:
    await producer.begin()
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
        async with serving(settings) as api:
            url = f"{api.http}/api/sessions/k3v9/commands?wait=true"
            asking = asyncio.create_task(http.post(url, json={"command": "pause"}))
            await until(lambda: api.services.stats.commands == 1, what="the command")
        response = await asking
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


async def test_sim_stream_starts_streams_in_full_and_stops_when_left(
    api: Api, settings: Settings, http: httpx2.AsyncClient
) -> None:
    async with api.connect("/sim/stream?scenario=ieee13&duration_s=60&seed=3") as viewer:
        hello = await receive(viewer)
        session = hello["session"]
        assert (session["overrides"], session["seed"], session["on_idle"]) == ({"duration_s": 60}, 3, "stop")
        producer = Producer(settings, session["id"])
        await producer.take()
        await producer.publish(
            {"type": "schema", "ts": 1.0, "bus_phases": [["1", p] for p in "abc"] + [["2", "a"], ["2", "b"]]}
        )
        await producer.status("running")
        await producer.ticks(1, each=2)
        assert (await receive_until(viewer, type="tick"))["tick"] == 0
        assert (await receive(viewer))["tick"] == 1
        await viewer.send('{"type":"command","id":"p","command":"pause"}')
        await until(lambda: api.services.stats.commands == 1, what="the command")
        assert await producer.answer() == ["pause"]
        assert (await receive_until(viewer, type="command"))["command_id"] == "p"
    await until(lambda: api.services.stats.commands == 2, what="the stop")
    assert await producer.answer() == ["stop"]
    await producer.aclose()


async def test_sim_stream_leaves_a_session_running_that_others_watch(api: Api, settings: Settings) -> None:
    config = quote(orjson.dumps({"scenario": "ieee13", "overrides": {"duration_s": 60}}).decode())
    async with api.connect(f"/sim/stream?config={config}") as starter:
        session_id = (await receive(starter))["session"]["id"]
        async with api.watch(session_id=session_id) as other:
            await receive(other)
            await starter.close()
            await until(lambda: len(api.services.audience) == 1, what="the starter's leaving")
            assert api.services.stats.commands == 0
            await other.send('{"type":"ping"}')
            await receive_until(other, type="pong")


async def test_a_sim_stream_left_in_the_queue_is_stopped_at_once(api: Api, http: httpx2.AsyncClient) -> None:
    async with api.connect("/sim/stream?scenario=ieee13") as viewer:
        await receive(viewer)
    await until(lambda: api.services.stats.commands == 1, what="the stop")
    while (await newest(http))["status"] != "stopped":
        pass


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "scenario"),
        ({"scenario": "ieee13", "seed": "x"}, "seed"),
        ({"config": "{"}, "config"),
        ({"config": "[]"}, ""),
        ({"config": '{"scenario":"ieee13","x":1}'}, "x"),
        ({"config": '{"scenario":"ieee13"}', "seed": "1"}, "seed"),
    ],
)
def test_a_wrong_query_of_sim_stream_is_named(query: dict[str, str], named: str) -> None:
    with pytest.raises(Failure) as caught:
        wanted_session(query)
    assert [".".join(map(str, fault.loc)) for fault in caught.value.errors] == [named]


async def test_sim_stream_refuses_an_impossible_scenario(api: Api, http: httpx2.AsyncClient) -> None:
    async with api.connect("/sim/stream?scenario=ieee13&duration_s=-1") as viewer:
        frames, code = await receive_all(viewer)
    assert code == 1008
    assert "duration_s" in frames[0]["detail"]
    assert (await http.get("/api/sessions")).json()["items"] == []
