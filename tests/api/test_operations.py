"""Operations over HTTP: waited for or not, created once, listed, cancelled, deleted; every wrong field is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.names import COORDINATE_QUEUE, UNFINISHED, listing_key
from gridcast.scenarios import catalogue
from tests.api.operating import HEATMAP, RESULT, Operator, X
from tests.api.serving import Api, receive, receive_all, receive_raw, serving
from tests.valkey import ValkeyServer
from tests.waiting import PATIENCE_S, seen, until

Document = dict[str, Any]


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def operator(http: httpx2.AsyncClient, settings: Settings) -> AsyncIterator[Operator]:
    """Of an operation that was just created."""
    found = Operator(settings, (await created(http))["id"])
    yield found
    await found.redis.aclose()


async def created(
    http: httpx2.AsyncClient,
    op: str = "heatmap",
    config: Document | None = HEATMAP,
    *,
    key: str | None = None,
) -> Document:
    headers = None if key is None else {"Idempotency-Key": key}
    response = await http.post(f"/api/operations/{op}?wait=false", json=config, headers=headers)
    assert response.status_code == 202, response.text
    document: Document = response.json()
    assert response.headers["location"] == f"/api/operations/{document['id']}"
    return document


async def newest(http: httpx2.AsyncClient) -> Document:
    """The operation created last, as soon as there is one."""
    [found] = await seen(lambda: listed(http, "?limit=1"))
    return found


async def listed(http: httpx2.AsyncClient, query: str = "") -> list[Document]:
    items: list[Document] = (await http.get(f"/api/operations{query}")).json()["items"]
    return items


def named(response: httpx2.Response) -> set[str]:
    """Dotted paths of the fields that a problem names."""
    assert response.headers["content-type"] == "application/problem+json"
    return {".".join(map(str, error["loc"])) for error in response.json().get("errors", [])}


async def test_a_new_operation_is_queued_with_its_whole_config_and_asks_for_a_coordinator(
    api: Api, http: httpx2.AsyncClient
) -> None:
    operation = await created(http)
    assert (operation["op"], operation["status"], operation["attempt"]) == ("heatmap", "queued", 1)
    assert (operation["config"]["metric"], operation["config"]["x_max"]) == ("integral_violation_pu_s", 300)
    assert operation["progress"] == {"step": 0, "steps": 4, "pct": 0.0, "msg": "queued"}
    assert (operation["simulations"], operation["cached"]) == (0, 0)
    assert operation["ws_url"] == f"{api.http.replace('http', 'ws')}/api/ws/operations/{operation['id']}"
    assert operation["url"] == f"{api.http}/operations/{operation['id']}"
    assert await api.services.redis.zcard(COORDINATE_QUEUE) == 1
    assert (await http.get(f"/api/operations/{operation['id']}")).json() == operation


@pytest.mark.parametrize(
    ("op", "config", "steps"),
    [
        ("characterize", {"name": "ieee13"}, 51),
        ("characterize", {"name": "ieee13", "pv_points": 2, "sensitivity": False}, 3),
        ("scan", None, 91 + len(catalogue())),
        ("scan", {"scenarios": False}, 91),
        ("scan", {"feeders": ["ieee13"], "scenarios": False}, 7),
    ],
)
async def test_each_operation_says_from_the_start_how_many_points_it_has(
    http: httpx2.AsyncClient, op: str, config: Document | None, steps: int
) -> None:
    operation = await created(http, op, config)
    assert (operation["op"], operation["progress"]["steps"]) == (op, steps)


async def test_who_waits_gets_the_operation_with_its_result(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    asking = asyncio.create_task(http.post("/api/operations/heatmap", json=HEATMAP))
    operator = Operator(settings, (await newest(http))["id"])
    await operator.take()
    await operator.step(2, point={"part": "cell", "x": 0, "y": 0, "value": 1.0, "status": "done"})
    await operator.complete()
    response = await asking
    assert response.status_code == 200
    operation = response.json()
    assert (operation["id"], operation["status"]) == (operator.channel.id, "completed")
    assert (operation["result"], operation["simulations"], operation["cached"]) == (RESULT, 4, 1)
    assert (await http.get(f"/api/operations/{operation['id']}")).json()["result"] == RESULT
    await operator.redis.aclose()


async def test_who_waits_for_one_that_fails_learns_why(http: httpx2.AsyncClient, settings: Settings) -> None:
    asking = asyncio.create_task(http.post("/api/operations/scan"))
    operator = Operator(settings, (await newest(http))["id"])
    await operator.take()
    await operator.fail("no worker can do it")
    operation = (await asking).json()
    assert (operation["status"], operation["reason"]) == ("failed", "no worker can do it")
    assert "result" not in operation
    await operator.redis.aclose()


async def test_who_goes_away_while_it_waits_in_the_queue_cancels_it(
    api: Api, http: httpx2.AsyncClient
) -> None:
    asking = asyncio.create_task(http.post("/api/operations/heatmap", json=HEATMAP))
    await newest(http)
    asking.cancel()
    operation = await seen(lambda: newest(http), lambda one: one["status"] == "cancelled")
    assert operation["reason"] == "cancelled before a worker took it"
    assert await api.services.redis.zcard(COORDINATE_QUEUE) == 0


async def test_who_goes_away_while_it_runs_has_its_coordinator_told(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    asking = asyncio.create_task(http.post("/api/operations/heatmap", json=HEATMAP))
    operator = Operator(settings, (await newest(http))["id"])
    await operator.take()
    asking.cancel()
    assert await seen(operator.commands_so_far) == ["cancel"]
    await operator.redis.aclose()


async def test_a_server_that_goes_away_names_the_operation_and_lets_it_go_on(settings: Settings) -> None:
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
        async with serving(settings) as api:
            asking = asyncio.create_task(http.post(f"{api.http}/api/operations/heatmap", json=HEATMAP))
            http.base_url = httpx2.URL(api.http)
            operator = Operator(settings, (await newest(http))["id"])
        response = await asking
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert f"/api/operations/{operator.channel.id}" in response.json()["detail"]
    assert (await operator.state()).status == "queued"
    assert await operator.commands_so_far() == []
    await operator.redis.aclose()


async def test_who_waits_outlasts_a_broker_that_is_away(mortal_valkey: ValkeyServer, tmp_path: Path) -> None:
    mortal = Settings(redis_url=mortal_valkey.url, dir=tmp_path)
    async with serving(mortal) as api, httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        asking = asyncio.create_task(http.post("/api/operations/heatmap", json=HEATMAP))
        operator = Operator(mortal, (await newest(http))["id"])
        await operator.take()
        mortal_valkey.restart()
        await operator.complete()
        assert (await asking).json()["result"] == RESULT
        await operator.redis.aclose()


async def test_who_waits_for_one_that_is_deleted_is_told(http: httpx2.AsyncClient) -> None:
    asking = asyncio.create_task(http.post("/api/operations/heatmap", json=HEATMAP))
    operation = await newest(http)
    await http.delete(f"/api/operations/{operation['id']}")
    response = await asking
    assert (response.status_code, "deleted" in response.json()["detail"]) == (409, True)


async def test_the_same_key_makes_one_operation_and_another_body_is_refused(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await created(http, key="k1")
    assert (await created(http, key="k1"))["id"] == first["id"]
    assert len(await listed(http)) == 1
    waiting = asyncio.create_task(http.post("/api/operations/heatmap", json=HEATMAP, headers=key))
    operator = Operator(settings, first["id"])
    await operator.take()
    await operator.complete()
    assert (await waiting).json()["result"] == RESULT
    other = await http.post("/api/operations/heatmap", json={**HEATMAP, "seed": 3}, headers=key)
    assert other.status_code == 409
    assert (await http.post("/api/operations/scan", headers=key)).status_code == 409
    await http.delete(f"/api/operations/{first['id']}")
    assert (await http.post("/api/operations/heatmap", json=HEATMAP, headers=key)).status_code == 409
    await operator.redis.aclose()


@pytest.mark.parametrize(
    ("op", "config", "fields"),
    [
        ("heatmap", {}, {*HEATMAP}),
        ("heatmap", {**HEATMAP, "x_min": 300}, {"x_min"}),
        ("heatmap", {**HEATMAP, "y_min": 0.99, "y_max": 0.9}, {"y_min"}),
        ("heatmap", {**HEATMAP, "x_steps": 1}, {"x_steps"}),
        ("heatmap", {**HEATMAP, "x_steps": 10**9}, {"x_steps"}),
        ("heatmap", {**HEATMAP, "x_steps": 50, "y_steps": 50}, {"x_steps"}),
        ("heatmap", {**HEATMAP, "x_max": "a"}, {"x_max"}),
        ("heatmap", {**HEATMAP, "param_x": "datacenters.0.beauty"}, {"param_x"}),
        ("heatmap", {**HEATMAP, "param_y": X}, {"param_y"}),
        ("heatmap", {**HEATMAP, "metric": "beauty"}, {"metric"}),
        ("heatmap", {**HEATMAP, "colour": "red"}, {"colour"}),
        ("characterize", {"name": "ieee14"}, {"name"}),
        ("characterize", {"name": "ieee13", "params": {"nothing": 1}}, {"params.nothing"}),
        ("characterize", {"name": "ieee13", "pv_points": 0}, {"pv_points"}),
        ("characterize", {"name": "ieee13", "duration_s": 0}, {"duration_s"}),
        ("scan", {"feeders": []}, {"feeders"}),
        ("scan", {"feeders": ["ieee14"]}, {"feeders.0"}),
        ("scan", {"duration_s": 10**12}, {"duration_s"}),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_created(
    api: Api, http: httpx2.AsyncClient, op: str, config: Document, fields: set[str]
) -> None:
    response = await http.post(f"/api/operations/{op}", json=config)
    assert response.status_code == 422
    assert named(response) == fields
    assert not await api.services.redis.exists(listing_key("operation"), UNFINISHED)


async def test_an_unknown_operation_is_named_with_those_that_there_are(http: httpx2.AsyncClient) -> None:
    response = await http.post("/api/operations/explode", json={})
    assert (response.status_code, named(response)) == (404, {"op"})
    assert "characterize, heatmap, scan" in response.json()["detail"]


async def test_bodies_that_are_none_and_foreign_pages_are_refused(api: Api, http: httpx2.AsyncClient) -> None:
    assert (await http.post("/api/operations/heatmap", content=b"{")).status_code == 422
    assert (await http.post("/api/operations/heatmap", json=[])).status_code == 422
    assert (await http.post("/api/operations/heatmap")).status_code == 422
    untyped = await http.post("/api/operations/heatmap", content=orjson.dumps(HEATMAP))
    assert "Content-Type: application/json" in untyped.json()["detail"]
    large = {"name": "ieee13", "params": {"x" * 100: "y" * api.services.settings.max_body_bytes}}
    assert (await http.post("/api/operations/characterize", json=large)).status_code == 413
    foreign = {"Origin": "http://evil.example"}
    assert (await http.post("/api/operations/scan", headers=foreign)).status_code == 403
    assert await listed(http) == []


async def test_lists_are_paged_newest_first_filtered_and_without_results(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    ids = [(await created(http))["id"] for _ in range(2)] + [(await created(http, "scan", None))["id"]]
    operator = Operator(settings, ids[1])
    await operator.take()
    await operator.complete()
    await operator.redis.aclose()
    first = (await http.get("/api/operations?limit=2")).json()
    rest = (await http.get(f"/api/operations?limit=2&cursor={first['next_cursor']}")).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert [one["id"] for one in await listed(http, "?op=scan")] == [ids[2]]
    [done] = await listed(http, "?status=completed")
    assert (done["id"], "result" in done) == (ids[1], False)
    for query in ("?status=lost", "?op=explode", "?cursor=x", "?limit=0", "?x=1"):
        assert (await http.get(f"/api/operations{query}")).status_code == 422


async def test_one_that_waits_is_cancelled_at_once(api: Api, http: httpx2.AsyncClient) -> None:
    operation = await created(http)
    path = f"/api/operations/{operation['id']}"
    async with api.connect(operation["ws_url"].removeprefix(f"ws://127.0.0.1:{api.port}")) as viewer:
        cancelled = await http.post(f"{path}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
        entries, code = await receive_all(viewer)
    assert (entries[-1]["type"], entries[-1]["code"], entries[-1]["final"]) == ("error", "cancelled", True)
    assert code == 1000
    again = await http.post(f"{path}/cancel")
    assert (again.status_code, "over" in again.json()["detail"]) == (409, True)


async def test_one_that_runs_is_told_once_that_it_is_cancelled(
    http: httpx2.AsyncClient, operator: Operator
) -> None:
    await operator.take()
    path = f"/api/operations/{operator.channel.id}"
    assert (await http.post(f"{path}/cancel")).json()["status"] == "running"
    assert (await http.post(f"{path}/cancel")).status_code == 202
    assert await operator.commands_so_far() == ["cancel"]
    await operator.cancelled()
    assert (await http.post(f"{path}/cancel")).status_code == 409
    assert (await http.get(path)).json()["status"] == "cancelled"


async def test_several_watch_one_and_who_comes_late_gets_the_very_same(api: Api, operator: Operator) -> None:
    path = f"/api/ws/operations/{operator.channel.id}"
    async with api.connect(path) as early, api.connect(path) as other:
        hello = await receive(early)
        assert (hello["type"], hello["operation"]["id"], hello["head"]) == ("hello", operator.channel.id, 1)
        await receive(other)
        await operator.take()
        await operator.step(1, point={"part": "cell", "x": 0, "y": 0, "value": 1.0, "status": "done"})
        await operator.complete()
        told = await receive_raw(early, 4)
        assert await receive_raw(other, 4) == told
        assert (await receive_all(early))[1] == 1000
    async with api.connect(path) as late:
        await receive(late)
        assert await receive_raw(late, 4) == told
        assert (await receive_all(late))[1] == 1000
    entries = [orjson.loads(text) for text in told]
    assert [entry["type"] for entry in entries] == ["progress", "progress", "progress", "complete"]
    assert (entries[0]["msg"], entries[2]["point"]["value"], entries[3]["pct"]) == ("queued", 1.0, 100)
    async with api.connect(f"{path}?since=3&epoch={hello['epoch']}") as again:
        rest, code = await receive_all(again)
        assert ([entry.get("offset") for entry in rest[1:]], code) == ([4], 1000)


async def test_event_streams_carry_the_same_and_end_with_the_operation(
    api: Api, http: httpx2.AsyncClient, operator: Operator
) -> None:
    path = f"/api/operations/{operator.channel.id}/events"
    reading = asyncio.create_task(http.get(path))
    await until(lambda: len(api.services.audience) == 1, what="the reader")
    await operator.take()
    await operator.complete()
    text = (await reading).text
    told = [orjson.loads(line[6:]) for line in text.splitlines() if line.startswith('data: {"offset"')]
    assert [entry["offset"] for entry in told] == [1, 2, 3]
    assert (await http.get(f"{path}?since=3")).status_code == 204


async def test_a_deleted_operation_leaves_nothing(
    api: Api, http: httpx2.AsyncClient, operator: Operator
) -> None:
    ident = operator.channel.id
    await operator.take()
    await operator.step(1, point={"part": "cell"})
    async with api.connect(f"/api/ws/operations/{ident}?since=live") as viewer:
        await receive(viewer)
        assert (await http.delete(f"/api/operations/{ident}")).status_code == 204
        assert (await receive_all(viewer))[1] == 4404
    assert [key async for key in operator.redis.scan_iter(f"*{ident}*")] == []
    assert not await operator.redis.exists(UNFINISHED, listing_key("operation"))
    assert (await http.delete(f"/api/operations/{ident}")).status_code == 404


@pytest.mark.parametrize("ident", ["nothing", "NO", "a:b"])
async def test_what_does_not_exist_is_not_found(api: Api, http: httpx2.AsyncClient, ident: str) -> None:
    for path in (ident, f"{ident}/events"):
        assert (await http.get(f"/api/operations/{path}")).status_code == 404
    assert (await http.post(f"/api/operations/{ident}/cancel")).status_code == 404
    async with api.connect(f"/api/ws/operations/{ident}") as viewer:
        assert (await receive_all(viewer))[1] == 4404
