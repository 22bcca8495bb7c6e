"""A task for those who poll: its feed, what it says in one answer, its picture, and what is left when the broker forgot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import httpx2
import orjson
import pytest

from gridcast.api.trajectory import trajectory
from gridcast.broadcaster import Settings
from tests.api.coordinating import SPEC, STEP, Coordinator, record
from tests.api.serving import Api
from tests.waiting import PATIENCE_S


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


async def test_the_feed_has_a_line_for_each_experiment_that_is_over(
    http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    path = f"/api/tasks/{coordinator.channel.id}"
    assert (await http.get(f"{path}/progress.jsonl")).text == ""
    await coordinator.finish(-1, 5.0)
    await coordinator.finish(0, 3.0, best=3.0)
    response = await http.get(f"{path}/progress.jsonl")
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line) for line in response.text.splitlines()] == [
        {
            "iter": 1,
            "score": 5.0,
            "best": None,
            "experiment_id": f"{coordinator.channel.id}-base",
            "params": {},
            "ts": 99.0,
        },
        {
            "iter": 2,
            "score": 3.0,
            "best": 3.0,
            "experiment_id": f"{coordinator.channel.id}-0",
            "params": {STEP: 0.5},
            "ts": 100.0,
        },
    ]


async def test_one_answer_says_all_that_a_poller_needs(
    http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    path = f"/api/tasks/{coordinator.channel.id}/live.json"
    before = (await http.get(path)).json()
    assert (before["active"], before["iteration"], before["best"]) == (True, 0, None)
    await coordinator.finish(0, 3.0, best=3.0)
    live = (await http.get(path)).json()
    assert {name: live[name] for name in ("active", "iteration", "best", "cost", "calls")} == {
        "active": True,
        "iteration": 1,
        "best": 3.0,
        "cost": 20.0,
        "calls": 1,
    }
    assert live["chart"].startswith("<svg")
    await coordinator.end()
    assert not (await http.get(path)).json()["active"]


async def test_a_task_that_the_broker_forgot_is_told_from_its_file(
    api: Api, http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    task_id = coordinator.channel.id
    await coordinator.finish(0, 3.0, best=3.0)
    text = (await http.get(f"/api/tasks/{task_id}/progress.jsonl")).text
    feeds = api.services.feeds
    assert feeds is not None
    feeds.append(task_id, text.encode() + b'{"iter": 9, "half a li')
    await coordinator.redis.delete(*coordinator.channel.keys)
    assert (await http.get(f"/api/tasks/{task_id}/progress.jsonl")).text == text
    live = (await http.get(f"/api/tasks/{task_id}/live.json")).json()
    assert (live["active"], live["iteration"], live["best"]) == (False, 1, 3.0)


async def test_a_task_without_any_feed_is_told_from_what_it_kept(
    http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    await coordinator.finish(-1, 5.0)
    await coordinator.finish(0, 3.0, best=3.0)
    await coordinator.redis.delete(coordinator.channel.applied)
    lines = (await http.get(f"/api/tasks/{coordinator.channel.id}/progress.jsonl")).text.splitlines()
    assert [orjson.loads(line)["score"] for line in lines] == [5.0, 3.0]


async def test_the_picture_shows_every_score_the_best_and_the_baseline(
    http: httpx2.AsyncClient, coordinator: Coordinator
) -> None:
    path = f"/api/tasks/{coordinator.channel.id}/trajectory.svg"
    assert "No score yet" in (await http.get(path)).text
    await coordinator.finish(-1, 5.0)
    for n, score in enumerate([3.0, None, 4.0]):
        await coordinator.finish(n, score, best=3.0)
    response = await http.get(path)
    assert response.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(response.text)
    kinds = [element.get("class") for element in root.iter()]
    assert (kinds.count("p"), kinds.count("x"), kinds.count("l"), kinds.count("b")) == (2, 1, 1, 1)
    assert "prefers-color-scheme:dark" in response.text


@pytest.mark.parametrize(
    "scores", [[0.0], [0.0, 0.0], [-3.0, 5.0], [1e-9, 1e9], [1e300, -1e300], [7.0] * 500]
)
def test_any_scores_can_be_drawn_within_the_picture(scores: list[float]) -> None:
    lines = [record("t", n, score, best=min(scores)) for n, score in enumerate(scores)]
    root = ET.fromstring(trajectory(lines, title="<&>"))
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(circle.get("cx", "nan")) <= 720
        assert 0 <= float(circle.get("cy", "nan")) <= 320
