"""What `/metrics` tells, that its documentation names all of it, and that the dashboard names nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gridcast.broadcaster.histogram import LONG_S, Histogram
from gridcast.broadcaster.workers import Heartbeat, Heartbeats
from tests.api.producer import Producer
from tests.api.serving import Api, receive_until
from tests.waiting import PATIENCE_S, until

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\b(?:gridcast|process)_[a-z_]+[a-z]\b")


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


def heartbeat() -> Heartbeat:
    publish, waited = Histogram(), Histogram(LONG_S)
    for value in (0.002, 0.002, 20.0):
        publish.observe(value)
    waited.observe(0.04)
    return {
        "id": "w1",
        "host": "lab",
        "pid": 7,
        "slots": 4,
        "sessions": [
            {"id": "k3v9", "pid": 8, "attempt": 1, "tick": 5, "lag_s": lag_s, "recording": "on"}
            for lag_s in (0.5, 2.5)
        ],
        "figures": {
            "ticks": 1234,
            "publish_s": publish.told(),
            "queue_wait_s": waited.told(),
            "recoveries": {"lapsed": 2},
            "leases_lost": 1,
            "simulations": 3,
        },
    }


async def scrape(http: httpx2.AsyncClient) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    text = (await http.get("/metrics")).text
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_workers_tell_their_figures_by_their_heartbeats(http: httpx2.AsyncClient, api: Api) -> None:
    await Heartbeats(api.services.redis).beat(heartbeat())
    found = await scrape(http)
    assert found["gridcast_workers",] == 1
    assert found["gridcast_worker_sessions", "w1"] == 2
    assert found["gridcast_worker_lag_seconds", "w1"] == 2.5
    assert found["gridcast_worker_ticks_total", "w1"] == 1234
    assert found["gridcast_worker_simulations", "w1"] == 3
    assert found["gridcast_worker_recoveries_total", "lapsed", "w1"] == 2
    assert found["gridcast_worker_leases_lost_total", "w1"] == 1
    assert found["gridcast_worker_publish_seconds_bucket", "0.001", "w1"] == 0
    assert found["gridcast_worker_publish_seconds_bucket", "0.0025", "w1"] == 2
    assert found["gridcast_worker_publish_seconds_bucket", "10.0", "w1"] == 2
    assert found["gridcast_worker_publish_seconds_bucket", "+Inf", "w1"] == 3
    assert found["gridcast_worker_queue_wait_seconds_count", "w1"] == 1


async def test_the_list_of_workers_is_not_told_figures(http: httpx2.AsyncClient, api: Api) -> None:
    await Heartbeats(api.services.redis).beat(heartbeat())
    [worker] = (await http.get("/api/workers")).json()["workers"]
    assert set(worker) == {"id", "host", "pid", "slots", "sessions"}


async def test_viewers_and_what_they_were_handed_are_counted(
    http: httpx2.AsyncClient, api: Api, producer: Producer
) -> None:
    await producer.begin()
    async with api.watch() as one, api.watch() as other:
        for viewer in (one, other):
            await receive_until(viewer, type="status", status="running")
        await until(lambda: sum(len(crowd) for crowd in api.services.crowds._crowds.values()) == 2)
        before = await scrape(http)
        await producer.ticks(3)
        for viewer in (one, other):
            await receive_until(viewer, type="ticks", first=10)
        after = await scrape(http)
    assert (after["gridcast_api_viewers",], after["gridcast_api_websockets",]) == (2, 2)
    assert after["gridcast_api_subscribers",] == 2
    assert after["gridcast_api_live_tail_up",] == 1
    assert after["gridcast_api_channels",] == 1
    assert after["gridcast_api_frames_total",] - before["gridcast_api_frames_total",] == 6
    # Once for each batch, whoever watches; the tail may bring several entries as one.
    delivered = after["gridcast_api_delivery_seconds_count",] - before["gridcast_api_delivery_seconds_count",]
    assert 1 <= delivered <= 3


async def test_what_waits_is_counted_by_its_queue_and_what_was_asked_by_its_kind(
    http: httpx2.AsyncClient, api: Api
) -> None:
    session = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
    made = [(await http.post("/api/sessions", json=session)).json()["id"] for _ in range(2)]
    scan = await http.post("/api/operations/scan?wait=false", json={})
    assert scan.status_code == 202, scan.text
    await http.post(f"/api/sessions/{made[0]}/commands", json={"command": "pause"})
    found = await scrape(http)
    queues = {queue: found["gridcast_queue_depth", queue] for queue in ("sessions", "simulations")}
    assert queues | {"coordinators": found["gridcast_queue_depth", "coordinators"]} == {
        "sessions": 2,
        "simulations": 0,
        "coordinators": 1,
    }
    assert found["gridcast_api_sessions_created_total",] == 2
    assert found["gridcast_api_commands_total",] == 1
    assert found["gridcast_api_response_seconds_count",] >= 4


async def test_resets_are_counted_by_their_reason(
    http: httpx2.AsyncClient, api: Api, producer: Producer
) -> None:
    await producer.begin()
    before = (await scrape(http))["gridcast_api_resets_total", "ahead"]
    async with api.watch("?since=1000") as viewer:
        await receive_until(viewer, type="reset")
    assert (await scrape(http))["gridcast_api_resets_total", "ahead"] == before + 1


async def test_every_metric_is_documented_and_no_other(http: httpx2.AsyncClient, api: Api) -> None:
    await Heartbeats(api.services.redis).beat(heartbeat())
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families((await http.get("/metrics")).text)
    }
    rows = [line for line in (DOCS / "metrics.md").read_text().splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in NAME.findall(row.split("|")[1])}
    assert {name for name in told if name.startswith("gridcast_")} == {
        name for name in named if name.startswith("gridcast_")
    }
    assert {name for name in named if name.startswith("process_")} <= told


async def test_the_dashboard_names_metrics_that_exist(http: httpx2.AsyncClient, api: Api) -> None:
    await Heartbeats(api.services.redis).beat(heartbeat())
    await http.get("/healthz")  # so that there is a response to count
    samples = {name for name, *_ in await scrape(http)}
    dashboard = json.loads((DOCS / "grafana" / "gridcast.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expression in expressions for name in NAME.findall(expression)}
    assert named
    assert named <= samples
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
