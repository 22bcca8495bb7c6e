"""Tasks over HTTP: created once, listed, cancelled, resumed, deleted; every wrong field is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.names import COORDINATE_QUEUE, UNFINISHED, listing_key, study_prefix
from tests.api.coordinating import SPEC, STEP, Coordinator
from tests.api.serving import Api
from tests.waiting import PATIENCE_S


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


async def created(http: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await http.post("/api/tasks", json={**SPEC, **changes})
    assert response.status_code == 201, response.text
    document: dict[str, Any] = response.json()
    return document


@pytest.fixture
async def coordinator(http: httpx2.AsyncClient, settings: Settings) -> AsyncIterator[Coordinator]:
    """Of a task that was just created."""
    found = Coordinator(settings, (await created(http))["id"])
    yield found
    await found.redis.aclose()


def named(response: httpx2.Response) -> set[str]:
    """Dotted paths of the fields that a problem names."""
    assert response.headers["content-type"] == "application/problem+json"
    return {".".join(map(str, error["loc"])) for error in response.json().get("errors", [])}


async def test_a_new_task_is_queued_with_its_whole_spec_and_asks_for_a_coordinator(
    api: Api, http: httpx2.AsyncClient
) -> None:
    task = await created(http, title="steps")
    assert (task["status"], task["title"], task["scenario"]) == ("queued", "steps", "ieee13-ofo")
    assert task["spec"]["sampler"] == "tpe"
    assert task["progress"] == {
        "done": 0,
        "total": 4,
        "pct": 0.0,
        "best_score": None,
        "best_experiment_id": None,
    }
    assert task["ws_url"] == f"{api.http.replace('http', 'ws')}/api/ws/tasks/{task['id']}"
    assert task["url"] == f"{api.http}/tasks/{task['id']}"
    assert await api.services.redis.zcard(COORDINATE_QUEUE) == 1
    assert (await http.get(f"/api/tasks/{task['id']}")).json() == task


async def test_the_same_key_makes_one_task_and_another_body_is_refused(http: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await http.post("/api/tasks", json=SPEC, headers=key)
    again = await http.post("/api/tasks", json=SPEC, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert len((await http.get("/api/tasks")).json()["items"]) == 1
    other = await http.post("/api/tasks", json={**SPEC, "seed": 3}, headers=key)
    assert other.status_code == 409
    await http.delete(f"/api/tasks/{first.json()['id']}")
    assert (await http.post("/api/tasks", json=SPEC, headers=key)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"space": {}}, {"space"}),
        ({"space": {STEP: {"type": "float", "low": 2, "high": 1}}}, {f"space.{STEP}.low"}),
        ({"space": {STEP: {"type": "float", "low": -1, "high": 1}}}, {f"space.{STEP}.low"}),
        ({"space": {STEP: {"type": "float", "low": 0, "high": 1e13}}}, {f"space.{STEP}.high"}),
        ({"space": {STEP: {"type": "float", "low": 0, "high": 1, "log": True}}}, {f"space.{STEP}.low"}),
        ({"space": {STEP: {"type": "flat", "low": 0, "high": 1}}}, {f"space.{STEP}"}),
        (
            {"space": {STEP: {"type": "float", "low": "a", "high": 1, "x": 1}}},
            {f"space.{STEP}.low", f"space.{STEP}.x"},
        ),
        (
            {"space": {"datacenters.3.bus": {"type": "categorical", "choices": ["671"]}}},
            {"space.datacenters.3.bus.choices.0"},
        ),
        ({"space": {STEP: {"type": "categorical", "choices": [1, 1.0]}}}, {f"space.{STEP}.choices"}),
        (
            {"space": {STEP: {"type": "float", "low": 0, "high": 1}}, "sampler": "grid"},
            {f"space.{STEP}.step"},
        ),
        ({"space": {"seed": {"type": "int", "low": 0, "high": 2**50}}, "sampler": "grid"}, {"space"}),
        ({"overrides": {STEP: 1.0}}, {f"space.{STEP}"}),
        ({"overrides": {"nothing": 1}}, {"nothing"}),
        ({"phases": [{"overrides": {STEP: 1.0}}]}, {f"phases.0.overrides.{STEP}"}),
        ({"phases": [{}, {"overrides": {"duration_s": 0}}]}, {"phases.1"}),
        ({"scenario": "ieee14"}, {"scenario"}),
        ({"objectives": [{"metric": "beauty"}]}, {"objectives.0.metric"}),
        ({"constraints": [{"metric": "worst_vmin", "min": 1.0, "max": 0.9}]}, {"constraints.0"}),
        ({"sampler": "nsga2"}, {"sampler"}),
        ({"experiments": 0}, {"experiments"}),
        ({"experiments": 5001}, {"experiments"}),
        ({"parallelism": 257}, {"parallelism"}),
        ({"stop": {"max_s": 0}}, {"stop.max_s"}),
        ({"colour": "red"}, {"colour"}),
        ({"seed": 1.5}, {"seed"}),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_created(
    api: Api, http: httpx2.AsyncClient, changes: dict[str, Any], fields: set[str]
) -> None:
    response = await http.post("/api/tasks", json={**SPEC, **changes})
    assert response.status_code == 422
    assert named(response) == fields
    assert not await api.services.redis.exists(listing_key("task"), UNFINISHED)


async def test_a_body_that_is_none_is_refused(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/api/tasks", content=b"{")).status_code == 422
    assert (await http.post("/api/tasks", json=[])).status_code == 422
    assert (await http.post("/api/tasks", json={**SPEC, "title": "x" * 201})).status_code == 422


async def test_lists_are_paged_newest_first_and_filtered(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    ids = [(await created(http))["id"] for _ in range(3)]
    coordinator = Coordinator(settings, ids[1])
    await coordinator.take()
    await coordinator.redis.aclose()
    first = (await http.get("/api/tasks?limit=2")).json()
    rest = (await http.get(f"/api/tasks?limit=2&cursor={first['next_cursor']}")).json()
    assert [task["id"] for task in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    running = (await http.get("/api/tasks?status=running")).json()["items"]
    assert [task["id"] for task in running] == [ids[1]]
    assert (await http.get("/api/tasks?scenario=ieee34")).json()["items"] == []
    assert (await http.get("/api/tasks?status=lost")).status_code == 422
    assert (await http.get("/api/tasks?cursor=x")).status_code == 422


async def test_a_task_that_waits_is_cancelled_at_once(api: Api, http: httpx2.AsyncClient) -> None:
    task = await created(http)
    cancelled = await http.post(f"/api/tasks/{task['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    assert await api.services.redis.zcard(COORDINATE_QUEUE) == 0
    assert (await http.post(f"/api/tasks/{task['id']}/cancel")).status_code == 409


async def test_a_running_task_is_told_once_that_it_is_cancelled(
    http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    await coordinator.take()
    path = f"/api/tasks/{coordinator.channel.id}/cancel"
    assert (await http.post(path)).json()["status"] == "running"
    assert (await http.post(path)).status_code == 202
    assert [c.command for c in await coordinator.commands.read_all(coordinator.channel)] == ["cancel"]
    await coordinator.end("task_cancelled", "cancelled")
    assert (await http.post(path)).status_code == 409


async def test_a_cancelled_task_is_resumed_with_all_that_it_knows(
    api: Api, http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    await coordinator.take()
    await coordinator.finish(0, 2.0, best=2.0)
    path = f"/api/tasks/{coordinator.channel.id}"
    assert (await http.post(f"{path}/resume")).status_code == 409
    await coordinator.end("task_cancelled", "cancelled")
    await coordinator.analyses.retire([coordinator.channel], settings=api.services.settings)
    assert await coordinator.redis.pttl(coordinator.channel.meta) > 0
    resumed = await http.post(f"{path}/resume")
    assert resumed.status_code == 202
    assert (resumed.json()["status"], resumed.json()["attempt"]) == ("queued", 2)
    assert resumed.json()["best"]["score"] == 2.0
    assert "ended" not in resumed.json()
    assert await coordinator.redis.pttl(coordinator.channel.meta) == -1
    assert await coordinator.redis.sismember(UNFINISHED, str(coordinator.channel))  # type: ignore[misc]
    assert (await http.post(f"{path}/cancel")).json()["status"] == "cancelled"  # commands are taken again


@pytest.mark.parametrize(("done", "status"), [(3, 409), (2, 202)])
async def test_a_failed_task_goes_on_only_where_experiments_are_left(
    http: httpx2.AsyncClient, coordinator: Coordinator, done: int, status: int
) -> None:
    await coordinator.take()
    await coordinator.finish(done, None)
    await coordinator.end("task_failed", "failed")
    assert (await http.post(f"/api/tasks/{coordinator.channel.id}/resume")).status_code == status


async def test_a_completed_task_is_not_resumed(http: httpx2.AsyncClient, coordinator: Coordinator) -> None:
    await coordinator.take()
    await coordinator.end()
    response = await http.post(f"/api/tasks/{coordinator.channel.id}/resume")
    assert response.status_code == 409
    assert "completed" in response.json()["detail"]


async def test_a_deleted_task_leaves_nothing(
    api: Api, http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    task_id = coordinator.channel.id
    await coordinator.take()
    await coordinator.finish(0, 2.0, best=2.0)
    await coordinator.experiment(0, "experiment_started", "experiment_completed")
    prefix = study_prefix(task_id)
    await coordinator.redis.mset(
        {f"{prefix}:log_number": 1, f"{prefix}:log:0": "{}", f"{prefix}:log:1": "{}"}
    )
    feeds = api.services.feeds
    assert feeds is not None
    feeds.append(task_id, b"{}\n")
    assert (await http.delete(f"/api/tasks/{task_id}")).status_code == 204
    assert [key async for key in coordinator.redis.scan_iter(f"*{task_id}*")] == []
    assert feeds.read(task_id) is None
    assert not await coordinator.redis.exists(UNFINISHED, listing_key("task"))
    for path in ("", "/experiments", "/best", "/progress.jsonl", "/live.json", "/trajectory.svg", "/events"):
        assert (await http.get(f"/api/tasks/{task_id}{path}")).status_code == 404
    assert (await http.delete(f"/api/tasks/{task_id}")).status_code == 404


async def test_every_key_of_a_task_that_is_over_has_a_time_to_live(
    api: Api, coordinator: Coordinator
) -> None:
    await coordinator.take()
    await coordinator.finish(0, 2.0, best=2.0)
    await coordinator.experiment(0, "experiment_started", "experiment_completed")
    prefix = study_prefix(coordinator.channel.id)
    await coordinator.redis.mset({f"{prefix}:log_number": 0, f"{prefix}:log:0": "{}"})
    await coordinator.end()
    await coordinator.analyses.retire([coordinator.channel], settings=api.services.settings)
    keys = [key async for key in coordinator.redis.scan_iter(f"*{coordinator.channel.id}*")]
    assert len(keys) >= 6
    queued = f"task:{coordinator.channel.id}".encode()
    assert [
        key for key in keys if await coordinator.redis.pttl(key) < 0 and queued not in key.split(b"{")[0]
    ] == []


@pytest.mark.parametrize(
    "path", ["", "/experiments", "/best", "/live.json", "/trajectory.svg", "/progress.jsonl"]
)
@pytest.mark.parametrize("task_id", ["nothing", "NO", "a:b"])
async def test_what_does_not_exist_is_not_found(http: httpx2.AsyncClient, task_id: str, path: str) -> None:
    assert (await http.get(f"/api/tasks/{task_id}{path}")).status_code == 404


async def test_experiments_are_sorted_filtered_and_paged(
    http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    task_id = coordinator.channel.id
    await coordinator.take()
    for n, (score, best) in enumerate([(5.0, None), (3.0, 3.0), (None, 3.0), (4.0, 3.0)], start=-1):
        await coordinator.finish(n, score, best=best)
    running = [{"id": f"{task_id}-3", "number": 3, "params": {STEP: 1.0}, "began": 7.0}]
    await coordinator.say("task_progress", running=orjson.dumps(running))

    async def numbers(query: str) -> list[int]:
        response = await http.get(f"/api/tasks/{task_id}/experiments{query}")
        return [one["number"] for one in response.json()["items"]]

    assert await numbers("") == [-1, 0, 1, 2, 3]
    assert await numbers("?sort=score") == [0, 2, -1, 1, 3]
    assert await numbers("?sort=-score") == [-1, 2, 0, 1, 3]
    assert await numbers("?sort=-elapsed_s&status=completed") == [-1, 0, 2]
    assert await numbers("?status=running") == [3]
    assert await numbers("?status=failed") == [1]
    page = (await http.get(f"/api/tasks/{task_id}/experiments?limit=2")).json()
    rest = (await http.get(f"/api/tasks/{task_id}/experiments?limit=3&cursor={page['next_cursor']}")).json()
    assert [one["number"] for one in page["items"] + rest["items"]] == [-1, 0, 1, 2, 3]
    assert rest["next_cursor"] is None
    baseline = page["items"][0]
    assert (baseline["baseline"], baseline["status"], baseline["score"]) == (True, "completed", 5.0)
    for query in ("?sort=beauty", "?status=lost", "?cursor=-1", "?limit=0"):
        assert (await http.get(f"/api/tasks/{task_id}/experiments{query}")).status_code == 422


async def test_the_best_and_any_other_come_with_the_sessions_that_compute_the_same(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    phases = [{"seed": 1}, {"name": "hot", "overrides": {"v_max": 1.04}}]
    task = await created(http, phases=phases, seed=7, title="T")
    path = f"/api/tasks/{task['id']}"
    assert (await http.get(f"{path}/best")).status_code == 409
    coordinator = Coordinator(settings, task["id"])
    await coordinator.take()
    await coordinator.finish(0, 2.0, best=2.0)
    best = (await http.get(f"{path}/best")).json()
    assert best["overrides"] == {"duration_s": 20, STEP: 0.5}
    assert (best["scenario"], best["seed"], best["score"]) == ("ieee13-ofo", 1, 2.0)
    assert [(one["seed"], one["overrides"].get("v_max")) for one in best["sessions"]] == [
        (1, None),
        (7, 1.04),
    ]
    assert best["sessions"][1]["title"] == "T, experiment 0, hot"
    assert (await http.post("/api/sessions", json=best["sessions"][1])).status_code == 201
    assert (await http.get(f"{path}/experiments/{task['id']}-0")).json() == best
    assert (await http.get(f"{path}/experiments/{task['id']}-9")).status_code == 404
    await coordinator.redis.aclose()


async def test_subscribers_are_counted(api: Api, http: httpx2.AsyncClient, coordinator: Coordinator) -> None:
    path = f"/api/ws/tasks/{coordinator.channel.id}"
    assert (await http.get(f"{path}/subscribers")).json() == {
        "task_id": coordinator.channel.id,
        "subscribers": 0,
    }
    async with api.connect(path) as viewer:
        await viewer.recv()
        assert (await http.get(f"{path}/subscribers")).json()["subscribers"] == 1
    assert (await http.get("/api/ws/tasks/nothing/subscribers")).status_code == 404
