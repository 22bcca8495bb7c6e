"""`GET /api/sessions/{id}/verify`: a second run of a session that has ended, as an operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Settings
from tests.api.operating import Operator
from tests.api.producer import Producer
from tests.api.serving import Api
from tests.waiting import PATIENCE_S, seen

Document = dict[str, Any]
PATH = "/api/sessions/k3v9/verify"


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def ended(http: httpx2.AsyncClient, settings: Settings) -> AsyncIterator[Producer]:
    """A real session's record, of which 10 of 600 ticks were done when it was stopped."""
    body = {"scenario": "ieee13", "overrides": {"duration_s": 60}, "on_idle": "stop", "title": "mine"}
    producer = Producer(settings, (await http.post("/api/sessions", json=body)).json()["id"])
    await producer.take()
    await producer.ticks(2)
    await producer.publish(
        {"type": "summary", "ts": 1.0, "digest": "d1"},
        meta={"summary": orjson.dumps({"digest": "d1", "ticks": 10})},
    )
    await producer.finish()
    yield producer
    await producer.aclose()


async def verified(http: httpx2.AsyncClient, producer: Producer) -> Document:
    response = await http.get(f"/api/sessions/{producer.channel.id}/verify?wait=false")
    assert response.status_code == 202, response.text
    document: Document = response.json()
    assert response.headers["location"] == f"/api/operations/{document['id']}"
    return document


async def replays(http: httpx2.AsyncClient) -> list[Document]:
    """Sessions that share ticks with another."""
    return [one for one in (await http.get("/api/sessions")).json()["items"] if "parent" in one]


async def test_a_verification_is_an_operation_beside_a_second_run_that_nobody_need_watch(
    api: Api, http: httpx2.AsyncClient, ended: Producer
) -> None:
    operation = await verified(http, ended)
    assert (operation["op"], operation["status"], operation["title"]) == ("verify", "queued", "Verify mine")
    assert operation["config"] == {"session_id": ended.channel.id}
    assert operation["progress"]["steps"] == 10
    [replay] = await replays(http)
    assert replay["parent"] == {"id": ended.channel.id, "tick": 10}
    assert (replay["speed"], replay["on_idle"], replay["title"]) == ("max", "continue", "Verify mine")
    [listed] = (await http.get("/api/operations?op=verify")).json()["items"]
    assert listed == operation


async def test_who_waits_gets_the_verdict(
    http: httpx2.AsyncClient, settings: Settings, ended: Producer
) -> None:
    asking = asyncio.create_task(http.get(f"/api/sessions/{ended.channel.id}/verify"))
    [operation] = await seen(lambda: _operations(http))
    operator = Operator(settings, operation["id"])
    await operator.take()
    await operator.complete()
    response = await asking
    assert (response.status_code, response.json()["status"]) == (200, "completed")
    assert response.json()["result"]["op"]
    await operator.redis.aclose()


async def test_who_goes_away_takes_the_second_run_along(http: httpx2.AsyncClient, ended: Producer) -> None:
    asking = asyncio.create_task(http.get(f"/api/sessions/{ended.channel.id}/verify"))
    await seen(lambda: _operations(http))
    asking.cancel()
    await seen(lambda: _operations(http, "?status=cancelled"))
    await seen(lambda: replays(http), lambda left: not left)


async def test_deleting_one_that_waits_takes_the_second_run_along(
    http: httpx2.AsyncClient, ended: Producer
) -> None:
    operation = await verified(http, ended)
    assert (await http.delete(f"/api/operations/{operation['id']}")).status_code == 204
    assert await replays(http) == []


@pytest.mark.parametrize("status", ["queued", "running", "failed"])
async def test_what_is_not_over_or_failed_cannot_be_verified(
    http: httpx2.AsyncClient, producer: Producer, status: str
) -> None:
    await producer.begin()
    await producer.ticks(1)
    await producer.publish(meta={"status": status})
    response = await http.get(PATH)
    assert (response.status_code, response.json()["type"]) == (409, "urn:gridcast:problem:not-verifiable")
    assert f"is {status}" in response.json()["detail"]


async def test_one_without_ticks_cannot_be_verified(http: httpx2.AsyncClient, producer: Producer) -> None:
    await producer.begin()
    await producer.finish()
    response = await http.get(PATH)
    assert (response.status_code, "first tick" in response.json()["detail"]) == (409, True)
    assert (await _operations(http)) == []


async def test_foreign_pages_and_unknown_sessions_are_refused(
    http: httpx2.AsyncClient, ended: Producer
) -> None:
    path = f"/api/sessions/{ended.channel.id}/verify"
    assert (await http.get(path, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await http.get("/api/sessions/nothing/verify")).status_code == 404
    assert (await http.get(f"{path}?wait=perhaps")).status_code == 422
    assert await replays(http) == []


async def _operations(http: httpx2.AsyncClient, query: str = "") -> list[Document]:
    items: list[Document] = (await http.get(f"/api/operations{query}")).json()["items"]
    return items
