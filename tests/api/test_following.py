"""Tasks and experiments on WebSockets and as event streams: the past first, then what comes, to the last word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Settings
from tests.api.coordinating import SPEC, Coordinator
from tests.api.serving import Api, receive, receive_all
from tests.waiting import PATIENCE_S, until


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def coordinator(http: httpx2.AsyncClient, settings: Settings) -> AsyncIterator[Coordinator]:
    found = Coordinator(settings, (await http.post("/api/tasks", json=SPEC)).json()["id"])
    await found.take()
    yield found
    await found.redis.aclose()


def path_of(coordinator: Coordinator) -> str:
    return f"/api/ws/tasks/{coordinator.channel.id}"


async def test_who_comes_late_gets_the_past_first_and_is_closed_behind_the_last_word(
    api: Api, coordinator: Coordinator
) -> None:
    async with api.connect(path_of(coordinator)) as early, api.connect(path_of(coordinator)) as late:
        hello = await receive(early)
        assert (hello["type"], hello["task"]["id"], hello["head"]) == ("hello", coordinator.channel.id, 2)
        assert [(await receive(early))["offset"] for _ in range(2)] == [1, 2]
        await coordinator.finish(0, 2.0, best=2.0)
        await coordinator.end()
        seen, code = await receive_all(early)
        assert [entry["offset"] for entry in seen] == [3, 4]
        assert (seen[-1]["type"], seen[-1]["final"], code) == ("task_completed", True, 1000)
        everything, code = await receive_all(late)
        assert ([entry["offset"] for entry in everything[1:]], code) == ([1, 2, 3, 4], 1000)
    async with api.connect(f"{path_of(coordinator)}?since=3&epoch={hello['epoch']}") as again:
        rest, code = await receive_all(again)
        assert ([entry["offset"] for entry in rest[1:]], code) == ([4], 1000)
    async with api.connect(f"{path_of(coordinator)}?since=4") as again:
        rest, code = await receive_all(again)
        assert ([entry["type"] for entry in rest], code) == (["hello"], 1000)


async def test_a_last_word_behind_which_the_task_went_on_ends_nothing(
    api: Api, http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    await coordinator.end("task_cancelled", "cancelled")
    await http.post(f"/api/tasks/{coordinator.channel.id}/resume")
    async with api.connect(path_of(coordinator)) as viewer:
        entries = [await receive(viewer) for _ in range(5)]
        assert [entry.get("type") for entry in entries[1:]] == [
            "task_progress",
            "task_started",
            "task_cancelled",
            "task_progress",
        ]
        await coordinator.take()
        assert (await receive(viewer))["offset"] == 5


async def test_an_experiment_is_followed_alone(api: Api, coordinator: Coordinator) -> None:
    channel = await coordinator.experiment(
        0, "experiment_started", "benchmark_started", "experiment_completed"
    )
    async with api.connect(f"/api/ws/experiments/{channel.id}") as viewer:
        seen, code = await receive_all(viewer)
    assert seen[0]["experiment"] == {"id": channel.id, "task_id": coordinator.channel.id}
    assert [entry["type"] for entry in seen[1:]] == [
        "experiment_started",
        "benchmark_started",
        "experiment_completed",
    ]
    assert code == 1000


@pytest.mark.parametrize(
    "path",
    ["tasks/nothing", "tasks/NO", "experiments/nothing-1", "experiments/nothing", "tasks/a/b"],
)
async def test_what_does_not_exist_is_closed_with_4404(api: Api, path: str) -> None:
    async with api.connect(f"/api/ws/{path}") as viewer:
        assert (await receive_all(viewer))[1] == 4404


async def test_a_query_that_is_none_is_refused(api: Api, coordinator: Coordinator) -> None:
    async with api.connect(f"{path_of(coordinator)}?since=-1") as viewer:
        frames, code = await receive_all(viewer)
        assert (frames[0]["code"], code) == ("bad_frame", 1008)


async def test_a_viewer_may_ping_and_nothing_else(api: Api, coordinator: Coordinator) -> None:
    async with api.connect(f"{path_of(coordinator)}?since=live") as viewer:
        await receive(viewer)
        await viewer.send('{"type":"ping"}')
        assert (await receive(viewer))["type"] == "pong"
        await viewer.send('{"type":"command","id":"c1","command":"stop","args":{}}')
        assert (await receive(viewer))["code"] == "bad_frame"
        await viewer.send('{"type":"ping"}')
        assert (await receive(viewer))["type"] == "pong"


async def test_viewers_of_a_deleted_task_are_told(
    api: Api, http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    async with api.connect(f"{path_of(coordinator)}?since=live") as viewer:
        await receive(viewer)
        await http.delete(f"/api/tasks/{coordinator.channel.id}")
        assert (await receive_all(viewer))[1] == 4404


async def test_event_streams_carry_the_same_and_end_with_the_task(
    api: Api, http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    path = f"/api/tasks/{coordinator.channel.id}/events"
    reading = asyncio.create_task(http.get(path))
    await until(lambda: len(api.services.audience) == 1, what="the reader")
    await coordinator.finish(0, 2.0, best=2.0)
    await coordinator.end()
    text = (await reading).text
    told = [orjson.loads(line[6:]) for line in text.splitlines() if line.startswith('data: {"offset"')]
    assert [entry["offset"] for entry in told] == [1, 2, 3, 4]
    assert (await http.get(f"{path}?since=4")).status_code == 204
    assert (await http.get("/api/tasks/nothing/events")).status_code == 404
