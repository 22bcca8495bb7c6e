"""The HTTP interface on fakeredis: what is created, what is refused and how, without a server or a broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fakeredis
import httpx2
import orjson
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from gridcast.api.app import create_app
from gridcast.api.failures import PROBLEM_TYPE
from gridcast.broadcaster import AsyncLeases, Channel, JobQueue, Settings
from gridcast.broadcaster.names import AUDIT, LEFTOVERS, SESSION_QUEUE, turns_key
from gridcast.broadcaster.workers import Heartbeats
from tests.valkey import free_port

SHORT = {"scenario": "ieee13", "overrides": {"duration_s": 60}}


@pytest.fixture
def redis() -> Redis:
    return fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), protocol=2)


@pytest.fixture
async def http(redis: Redis, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application; its hub finds no broker, the routes have a fake one."""
    settings = Settings(redis_url=f"redis://127.0.0.1:{free_port()}/0", dir=tmp_path, max_body_bytes=4096)
    app = create_app(settings, redis=redis, host="lab")
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://lab:8000") as client,
    ):
        yield client


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM_TYPE)
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:gridcast:problem:")
    assert document["title"]
    assert document["detail"]
    return document


async def created(http: httpx2.AsyncClient, **more: Any) -> dict[str, Any]:
    response = await http.post("/api/sessions", json={**SHORT, **more})
    assert response.status_code == 201, response.text
    session: dict[str, Any] = response.json()
    return session


async def test_a_new_session_is_queued_with_its_place_and_its_addresses(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    await created(http)
    session = await created(http, seed=7, speed=10, title="Mine")
    assert session["status"] == "queued"
    assert session["queue_position"] == 2
    assert (session["seed"], session["speed"], session["title"], session["n_ticks"]) == (7, 10, "Mine", 600)
    assert session["ws_url"] == f"ws://lab:8000/api/ws/sessions/{session['id']}"
    assert session["url"] == f"http://lab:8000/sessions/{session['id']}"
    assert await JobQueue(redis).position(session["id"], 1) == 2
    assert (await http.get(f"/api/sessions/{session['id']}")).json() == session


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["scenario"]),
        ({"scenario": "nope"}, ["scenario"]),
        ({"scenario": 13}, ["scenario"]),
        ({"scenario": "ieee13", "sede": 1}, ["sede"]),
        ({"scenario": "ieee13", "seed": "1"}, ["seed"]),
        ({"scenario": "ieee13", "seed": -1}, ["seed"]),
        ({"scenario": "ieee13", "seed": 1.5}, ["seed"]),
        ({"scenario": "ieee13", "speed": 0}, ["speed"]),
        ({"scenario": "ieee13", "speed": "fast"}, ["speed"]),
        ({"scenario": "ieee13", "speed": True}, ["speed"]),
        ({"scenario": "ieee13", "on_idle": "sleep"}, ["on_idle"]),
        ({"scenario": "ieee13", "overrides": [1]}, ["overrides"]),
        ({"scenario": "ieee13", "overrides": {"duration_s": -5}}, ["duration_s"]),
        ({"scenario": "ieee13", "overrides": {"datacenters.0.bus": "999"}}, ["datacenters", 0, "bus"]),
        ({"scenario": "ieee13", "title": "x" * 201}, ["title"]),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_created(
    http: httpx2.AsyncClient, redis: Redis, body: dict[str, Any], loc: list[Any]
) -> None:
    document = problem(await http.post("/api/sessions", json=body), 422)
    assert any(error["loc"][: len(loc)] == loc and error["msg"] for error in document["errors"]), document
    assert await redis.keys() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"scenario":NaN}',
        b'{"seed":Infinity}',
        b"\xff\xfe",
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
async def test_what_is_no_json_object_is_refused(http: httpx2.AsyncClient, content: bytes) -> None:
    response = await http.post("/api/sessions", content=content, headers={"Content-Type": "application/json"})
    problem(response, 422)


async def test_a_body_of_another_type_is_refused(http: httpx2.AsyncClient) -> None:
    response = await http.post(
        "/api/sessions", content=orjson.dumps(SHORT), headers={"Content-Type": "text/plain"}
    )
    assert "application/json" in problem(response, 422)["detail"]


async def test_a_body_over_the_limit_is_refused_and_one_of_just_the_limit_read(
    http: httpx2.AsyncClient,
) -> None:
    async def chunked(size: int) -> AsyncIterator[bytes]:
        body = orjson.dumps({"scenario": "ieee13", "title": ""})
        for piece in (body[:-2], b"x" * (size - len(body)), body[-2:]):
            yield piece

    headers = {"Content-Type": "application/json"}
    document = problem(await http.post("/api/sessions", content=chunked(4097), headers=headers), 413)
    assert "4096" in document["detail"]
    document = problem(await http.post("/api/sessions", content=chunked(4096), headers=headers), 422)
    assert document["errors"][0]["loc"] == ["title"]


async def test_the_same_idempotency_key_creates_once(http: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = (await http.post("/api/sessions", json=SHORT, headers=headers)).json()
    again = await http.post("/api/sessions", json=SHORT, headers=headers)
    assert (again.status_code, again.json()) == (201, first)
    assert len((await http.get("/api/sessions")).json()["items"]) == 1
    problem(await http.post("/api/sessions", json={"scenario": "ieee34"}, headers=headers), 409)
    await http.delete(f"/api/sessions/{first['id']}")
    assert "deleted" in problem(await http.post("/api/sessions", json=SHORT, headers=headers), 409)["detail"]
    problem(await http.post("/api/sessions", json=SHORT, headers={"Idempotency-Key": "\t"}), 422)


async def test_a_refused_request_does_not_use_the_key_up(http: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    problem(await http.post("/api/sessions", json={"scenario": "nope"}, headers=headers), 422)
    assert (await http.post("/api/sessions", json=SHORT, headers=headers)).status_code == 201


async def test_lists_are_paged_newest_first_and_filtered(http: httpx2.AsyncClient) -> None:
    made = [(await created(http))["id"] for _ in range(5)]
    made.append((await created(http, scenario="ieee34"))["id"])
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        page = (
            await http.get("/api/sessions", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        pages += 1
    assert seen == made[::-1]
    found = (await http.get("/api/sessions", params={"scenario": "ieee34"})).json()["items"]
    assert [item["id"] for item in found] == made[5:]
    assert (await http.get("/api/sessions", params={"status": "running"})).json()["items"] == []
    assert len((await http.get("/api/sessions", params={"owner": "local"})).json()["items"]) == 6
    filtered: list[str] = []
    cursor = None
    while not filtered or cursor is not None:
        query: dict[str, Any] = {"scenario": "ieee13", "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/api/sessions", params=query)).json()
        filtered += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert filtered == made[4::-1]


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=201", "limit=x", "cursor=%25", "cursor=e30", "status=done", "foo=1"),
        "cursor=WyJuYW4iLCJ4Il0",  # ["nan","x"]
        "cursor=WzEsMl0",  # [1,2]
    ],
)
async def test_a_wrong_query_is_refused(http: httpx2.AsyncClient, query: str) -> None:
    document = problem(await http.get(f"/api/sessions?{query}"), 422)
    assert document["errors"][0]["loc"] == [query.split("=")[0]]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/sessions/nobody", 404),
        ("GET", "/api/sessions/No_Id", 404),
        ("DELETE", "/api/sessions/nobody", 404),
        ("GET", "/api/sessions/nobody/events", 404),
        ("GET", "/api/sessions/nobody/viewers", 404),
        ("GET", "/api/sessions/nobody/commands", 404),
        ("GET", "/api/scenarios/nope", 404),
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/sessions", 405),
        ("POST", "/api/scenarios", 405),
        ("POST", "/api/nothing", 404),
        ("PATCH", "/api/sessions/k3v9", 405),
    ],
)
async def test_what_is_not_there_is_a_problem_document(
    http: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    problem(await http.request(method, path), status)


async def test_a_405_names_all_that_is_allowed(http: httpx2.AsyncClient) -> None:
    assert (await http.put("/api/sessions")).headers["allow"] == "GET, POST"
    assert (await http.patch("/api/sessions/k3v9")).headers["allow"] == "DELETE, GET"


async def test_a_foreign_page_may_look_but_not_change(http: httpx2.AsyncClient) -> None:
    foreign = {"Origin": "http://evil.example"}
    problem(await http.post("/api/sessions", json=SHORT, headers=foreign), 403)
    assert (await http.get("/api/sessions", headers=foreign)).json()["items"] == []
    own = {"Origin": "http://lab:8000"}
    assert (await http.post("/api/sessions", json=SHORT, headers=own)).status_code == 201


async def test_a_command_is_stored_for_the_child_once_per_id(http: httpx2.AsyncClient) -> None:
    session = await created(http)
    path = f"/api/sessions/{session['id']}/commands"
    response = await http.post(path, json={"command": "speed", "args": {"x": 2}, "id": "c1"})
    assert (response.status_code, response.json()) == (202, {"id": "c1"})
    assert (await http.post(path, json={"command": "speed", "args": {"x": 2}, "id": "c1"})).status_code == 202
    problem(await http.post(path, json={"command": "speed", "args": {"x": 3}, "id": "c1"}), 409)
    problem(await http.post("/api/sessions/nobody/commands", json={"command": "stop"}), 404)
    assert (await http.get(path)).json() == {"items": [], "next_cursor": None}


async def test_an_unknown_command_is_refused_with_the_known_ones(http: httpx2.AsyncClient) -> None:
    session = await created(http)
    document = problem(
        await http.post(f"/api/sessions/{session['id']}/commands", json={"command": "explode"}), 422
    )
    assert "'pause', 'resume', 'stop', 'step'" in document["errors"][0]["msg"]


async def test_stopping_a_queued_session_ends_it_at_once(http: httpx2.AsyncClient, redis: Redis) -> None:
    session = await created(http)
    path = f"/api/sessions/{session['id']}"
    assert (await http.post(f"{path}/commands", json={"command": "stop"})).status_code == 202
    ended = (await http.get(path)).json()
    assert (ended["status"], ended["reason"]) == ("stopped", "stopped before a worker took it")
    assert "queue_position" not in ended
    assert await JobQueue(redis).depth() == 0
    problem(await http.post(f"{path}/commands", json={"command": "stop"}), 409)


async def test_a_stop_is_left_to_the_worker_that_holds_the_session(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    session = await created(http)
    await AsyncLeases(redis, owner="worker", ttl_s=5).acquire(Channel.session(session["id"]))
    path = f"/api/sessions/{session['id']}"
    assert (await http.post(f"{path}/commands", json={"command": "stop"})).status_code == 202
    assert (await http.get(path)).json()["status"] == "queued"


async def test_a_deleted_session_leaves_nothing_behind(http: httpx2.AsyncClient, redis: Redis) -> None:
    session = await created(http)
    assert (await http.delete(f"/api/sessions/{session['id']}")).status_code == 204
    problem(await http.get(f"/api/sessions/{session['id']}"), 404)
    # Only a note, for ten minutes, that no late file of it must stay; who did it; and whose turn was last, for a day.
    turns = turns_key(SESSION_QUEUE)
    assert sorted(await redis.keys()) == sorted(key.encode() for key in (AUDIT, LEFTOVERS, turns))


async def test_workers_are_listed_from_their_heartbeats(http: httpx2.AsyncClient, redis: Redis) -> None:
    assert (await http.get("/api/workers")).json() == {"queue_depth": 0, "workers": []}
    await Heartbeats(redis).beat({"id": "w1", "host": "lab", "pid": 7, "slots": 4, "sessions": []})
    await created(http)
    document = (await http.get("/api/workers")).json()
    assert document["queue_depth"] == 1
    assert document["workers"] == [{"id": "w1", "host": "lab", "pid": 7, "slots": 4, "sessions": []}]


async def test_health_and_figures_are_told(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    document = problem(await http.get("/readyz"), 503)
    assert [error["loc"] for error in document["errors"]] == [["workers"], ["live"]]
    await created(http)
    text = (await http.get("/metrics")).text
    assert "gridcast_api_sessions_created_total 1.0" in text
    assert 'gridcast_api_responses_total{method="POST",status="201"} 1.0' in text


async def test_scenarios_are_described_whole(http: httpx2.AsyncClient) -> None:
    names = [item["name"] for item in (await http.get("/api/scenarios")).json()["items"]]
    assert {"ieee13", "ieee34-ofo", "ieee123-load-shift"} <= set(names)
    scenario = (await http.get("/api/scenarios/ieee13")).json()
    assert scenario["config"]["duration_s"] == 3600
    assert scenario["feeder"]["buses"]
    assert (await http.get("/api/scenarios/schema")).json()["type"] == "object"


async def test_openapi_names_every_route_of_the_protocol(http: httpx2.AsyncClient) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    assert set(paths) == {
        "/api/compare",
        "/api/me",
        "/api/operations",
        "/api/operations/characterize",
        "/api/operations/heatmap",
        "/api/operations/scan",
        "/api/operations/{operation_id}",
        "/api/operations/{operation_id}/cancel",
        "/api/operations/{operation_id}/events",
        "/api/scenarios",
        "/api/scenarios/schema",
        "/api/scenarios/{name}",
        "/api/sessions",
        "/api/sessions/{session_id}",
        "/api/sessions/{session_id}/commands",
        "/api/sessions/{session_id}/events",
        "/api/sessions/{session_id}/export",
        "/api/sessions/{session_id}/fork",
        "/api/sessions/{session_id}/ticks",
        "/api/sessions/{session_id}/verify",
        "/api/sessions/{session_id}/viewers",
        "/api/sessions/{session_id}/wheel",
        "/api/sessions/{session_id}/wheel/ask",
        "/api/sessions/{session_id}/wheel/give",
        "/api/sessions/{session_id}/wheel/let-go",
        "/api/sessions/{session_id}/wheel/refuse",
        "/api/sessions/{session_id}/wheel/take",
        "/api/tasks",
        "/api/tasks/{task_id}",
        "/api/tasks/{task_id}/best",
        "/api/tasks/{task_id}/cancel",
        "/api/tasks/{task_id}/events",
        "/api/tasks/{task_id}/experiments",
        "/api/tasks/{task_id}/experiments/{experiment_id}",
        "/api/tasks/{task_id}/live.json",
        "/api/tasks/{task_id}/progress.jsonl",
        "/api/tasks/{task_id}/resume",
        "/api/tasks/{task_id}/trajectory.svg",
        "/api/tickets",
        "/api/workers",
        "/api/{things}/{thing_id}/shares",
        "/api/{things}/{thing_id}/shares/{share_id}",
        "/api/{things}/{thing_id}/visibility",
        "/api/ws/tasks/{task_id}/subscribers",
        "/api/audit",
        "/asyncapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
    }


async def test_a_mistake_of_ours_shows_no_traceback(http: httpx2.AsyncClient, redis: Redis) -> None:
    session = await created(http)
    await redis.hset(Channel.session(session["id"]).meta, "record", "not json")  # type: ignore[misc]
    with capture_logs() as logged:
        response = await http.get(f"/api/sessions/{session['id']}")
    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["a request failed"]
    problem(response, 500)
    assert "Traceback" not in response.text
    assert "JSONDecodeError" not in response.text
