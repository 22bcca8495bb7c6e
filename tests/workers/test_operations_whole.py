"""Operations from the request to the result: a real API, a real worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.operation_events import progress, progress_of
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_all, receive_until, serving
from tests.waiting import PATIENCE_S, seen
from tests.workers.lab import Lab, WorkerProcess

Document = dict[str, Any]
HEATMAP: Document = {
    "name": "ieee13",
    "duration_s": 5,
    "metric": "worst_vmin",
    "param_x": "datacenters.0.base_kw_per_phase",
    "x_min": 100,
    "x_max": 300,
    "x_steps": 2,
    "param_y": "source_pu",
    "y_min": 0.98,
    "y_max": 1.02,
    "y_steps": 3,
}
HOUR_S = 3600


@pytest.fixture
async def api(settings: Settings, worker: WorkerProcess) -> AsyncIterator[Api]:
    async with serving(settings) as running:
        yield running


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=2 * PATIENCE_S) as client:
        yield client


async def run(http: httpx2.AsyncClient, duration_s: int = 10, **body: Any) -> str:
    """The id of a session that has come to its end."""
    asked = {"scenario": "ieee13", "overrides": {"duration_s": duration_s}, **body}
    response = await http.post("/api/sessions?wait=true", json=asked)
    assert response.json()["status"] == "completed", response.text
    return str(response.json()["id"])


async def test_a_heatmap_fills_in_on_the_socket_that_asked_for_it(api: Api) -> None:
    async with api.connect("/ws/progress") as viewer:
        await viewer.send(orjson.dumps({"op": "heatmap", "config": HEATMAP}).decode())
        frames, code = await receive_all(viewer)
    entries = [frame for frame in frames if frame["type"] != "heartbeat"]
    assert code == 1000
    assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
    cells = {(e["point"]["x"], e["point"]["y"]): e["point"]["value"] for e in entries if "point" in e}
    assert len(cells) == 6
    pct = [entry["pct"] for entry in entries]
    assert (pct[0], pct[-1], pct == sorted(pct)) == (0.0, 100, True)
    result = entries[-1]["result"]
    assert [[cells[x, y] for x in range(2)] for y in range(3)] == result["values"]


async def test_the_blocking_form_gives_the_same_without_a_socket(http: httpx2.AsyncClient) -> None:
    asked = {"feeders": ["ieee13"], "scenarios": False, "duration_s": 5}
    operation = (await http.post("/api/operations/scan", json=asked)).json()
    assert (operation["status"], operation["progress"]["pct"]) == ("completed", 100)
    result = operation["result"]
    assert len(result["sites"]) == sum(result["counts"].values()) == operation["simulations"] == 7
    again = (await http.post("/api/operations/scan", json=asked)).json()
    assert (again["cached"], again["result"]["sites"]) == (7, result["sites"])


async def test_leaving_the_socket_ends_the_work(api: Api, http: httpx2.AsyncClient) -> None:
    config = {**HEATMAP, "duration_s": 10 * HOUR_S}
    async with api.connect("/ws/progress") as viewer:
        await viewer.send(orjson.dumps({"op": "heatmap", "config": config}).decode())
        operation_id = (await receive(viewer))["operation_id"]
        await receive_until(viewer, msg="started")
    path = f"/api/operations/{operation_id}"

    async def looked() -> Document:
        document: Document = (await http.get(path)).json()
        return document

    await seen(looked, lambda operation: operation["status"] == "cancelled")


async def test_an_ended_session_is_verified_with_the_commands_that_it_was_given(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    session_id = (await http.post("/api/sessions", json={"scenario": "ieee13", "speed": 10})).json()["id"]
    for command, args in (("set_taps", {"regulators": {"creg1a": 1.0}}), ("stop", {})):
        path = f"/api/sessions/{session_id}/commands?wait=true"
        assert (await http.post(path, json={"command": command, "args": args})).status_code == 200
    await lab.until_over(Channel.session(session_id))
    operation = (await http.get(f"/api/sessions/{session_id}/verify")).json()
    result = operation["result"]
    assert (operation["op"], operation["status"], result["identical"]) == ("verify", "completed", True)
    assert operation["progress"]["pct"] == 100
    assert (result["session_id"], result["replay_id"]) == (session_id, None)
    assert (result["replay_ticks"], result["replay_digest"]) == (result["ticks"], result["digest"])
    assert [one["id"] for one in (await http.get("/api/sessions")).json()["items"]] == [session_id]


async def test_a_session_that_comes_out_differently_is_told_and_the_second_run_is_kept(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    session_id = await run(http)
    key = f"gridcast:{{session:{session_id}}}:meta"
    state = await lab.sessions.get(session_id)
    assert state is not None
    tampered = orjson.dumps({**(state.summary or {}), "digest": "another"})
    await lab.redis.hset(key, mapping={"summary": tampered})  # type: ignore[misc]
    operation = (await http.get(f"/api/sessions/{session_id}/verify")).json()
    result = operation["result"]
    assert (result["identical"], result["digest"], result["ticks"]) == (False, "another", 100)
    kept = (await http.get(f"/api/sessions/{result['replay_id']}")).json()
    assert (kept["parent"]["id"], kept["summary"]["digest"]) == (session_id, result["replay_digest"])
    assert (await http.delete(f"/api/operations/{operation['id']}")).status_code == 204
    assert (await http.get(f"/api/sessions/{result['replay_id']}")).status_code == 404


@pytest.fixture
async def second_run(settings: Settings) -> AsyncIterator[Producer]:
    """A second run that goes as far as a test wants."""
    producer = Producer(settings)
    await producer.begin()
    yield producer
    await producer.aclose()


async def followed(lab: Lab, second_run: Producer) -> Callable[[], Awaitable[AnalysisState]]:
    """A look at an operation that looks on."""
    channel = Channel("operation", "v3r1")
    record = {
        "op": "verify",
        "title": "Verify it",
        "owner": "local",
        "config": {"session_id": "first"},
        "steps": 10,
        "recorded": {"ticks": 10, "digest": "d1"},
        "replay_id": second_run.channel.id,
    }
    analyses = Analyses(lab.redis)
    first = progress(channel.id, progress_of(0, 10, "queued"))
    await analyses.create(channel, record=record, created=5.0, first=first)

    async def look() -> AnalysisState:
        state = await analyses.get(channel)
        assert state is not None
        return state

    await second_run.ticks(1)
    await seen(look, lambda state: state.told.get("progress", {}).get("step") == 5)
    return look


async def test_a_second_run_that_is_taken_away_fails_the_verification(
    lab: Lab, worker: WorkerProcess, second_run: Producer
) -> None:
    look = await followed(lab, second_run)
    await lab.sessions.delete(second_run.channel.id)
    failed = await seen(look, lambda state: state.over)
    assert (failed.status, failed.reason) == ("failed", "the second run was deleted")


async def test_a_second_run_that_fails_fails_the_verification_with_its_reason(
    lab: Lab, worker: WorkerProcess, second_run: Producer
) -> None:
    look = await followed(lab, second_run)
    await second_run.publish(meta={"status": "failed", "reason": "other versions"})
    failed = await seen(look, lambda state: state.over)
    assert (failed.status, failed.reason) == ("failed", "the second run failed: other versions")


async def test_who_cancels_a_verification_ends_the_second_run(
    lab: Lab, worker: WorkerProcess, second_run: Producer
) -> None:
    look = await followed(lab, second_run)
    await lab.command((await look()).channel, "cancel")
    assert (await seen(look, lambda state: state.over)).status == "cancelled"
    assert await lab.sessions.get(second_run.channel.id) is None
