"""Channels on a cluster: nothing else lies there, and what a failover of one of its masters costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import httpx2
import pytest

from gridcast.broadcaster import Channel, Hub, Reset, Settings, Writer
from gridcast.broadcaster.client import async_client, channels_of, sync_client
from tests.api.process import threaded_api
from tests.checker import judge
from tests.clusters import MASTERS, ClusterOfNodes, why_not
from tests.faults.reference import undisturbed, whole
from tests.machines.viewer import Viewer, following
from tests.valkey import ValkeyServer
from tests.waiting import PATIENCE_S, seen, until
from tests.workers.lab import Lab, of, worker_process
from tests.workers.tuning.specs import STEP

Given = ParamSpec("Given")
Found = TypeVar("Found")

SCENARIO = "ieee13-ofo-taps"
DURATION_S = 120
SPEED = 15.0

Run = tuple[list[Any], str]

if reason := why_not():
    pytest.skip(f"no cluster can be started: {reason}", allow_module_level=True)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterOfNodes]:
    started = ClusterOfNodes(tmp_path_factory.mktemp("cluster"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The broker of all but the channels."""
    server = ValkeyServer(tmp_path_factory.mktemp("main"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def split(nodes: ClusterOfNodes, main: ValkeyServer) -> Settings:
    return Settings(redis_url=main.url, channels_url=nodes.url, lease_s=1.0)


@pytest.fixture(scope="module")
def working(split: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One worker for all tests, so each finds it as the faults of those before have left it."""
    with worker_process(split, tmp_path_factory.mktemp("worker")):
        yield


@pytest.fixture(scope="module")
def api(split: Settings, working: None) -> Iterator[str]:
    """One API process, likewise; its address."""
    with threaded_api(split.redis_url, GRIDCAST_CHANNELS_URL=split.channels_url or "") as url:
        yield url


@pytest.fixture
async def lab(split: Settings) -> AsyncIterator[Lab]:
    redis = async_client(split)
    yield Lab(split, redis)
    await redis.aclose()


@pytest.fixture(scope="module")
def known() -> dict[str, Run]:
    return {}


@pytest.fixture
async def expected(lab: Lab, working: None, known: dict[str, Run]) -> Run:
    """The run that nobody disturbs; computed once, on the cluster too."""
    if SCENARIO not in known:
        known[SCENARIO] = await undisturbed(lab, SCENARIO, duration_s=DURATION_S)
    return known[SCENARIO]


class Here:
    """This machine, as a host of a viewer."""

    async def call(self, work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        return await asyncio.to_thread(work, *args, **kwargs)


def viewer_of(api: str, channel: Channel) -> Viewer:
    return Viewer(Here(), [api.removeprefix("http://")], channel.id)


async def log_of(lab: Lab, channel: Channel) -> dict[int, bytes]:
    log: dict[int, bytes] = {}
    while page := await lab.channels.page(channel, after=max(log, default=0)):
        log.update({entry.offset: entry.data for entry in page})
    return log


def saw_all(viewer: Viewer, log: dict[int, bytes]) -> None:
    """Each entry once and in order, or a reset that says from where on, and all from there."""
    resets = [place for place, item in enumerate(viewer.history) if isinstance(item, Reset)]
    if not resets:
        viewer.judge(log)
        return
    told = viewer.history[resets[-1]]
    assert isinstance(told, Reset)
    assert told.reason in ("ahead", "epoch")
    judge(
        viewer.history[resets[-1] + 1 :], {told.epoch: log}, epoch=told.epoch, since=told.earliest_offset - 1
    )


async def hurry(lab: Lab, channel: Channel, more_ticks: int = 100) -> None:
    """Let it go on as far as asked, then to its end as fast as it can."""
    state = await lab.state(channel)
    await lab.until_tick(channel, state.tick + more_ticks)
    await lab.command(channel, "speed", x="max")
    ended = await lab.until_over(channel)
    assert ended.status == "completed", ended.reason


async def sessions_at(lab: Lab, nodes: ClusterOfNodes, *masters: int) -> list[Channel]:
    return [
        await lab.create(SCENARIO, speed=SPEED, duration_s=DURATION_S, session_id=nodes.id_at(n))
        for n in masters
    ]


async def test_sessions_on_all_masters_are_watched_whole_and_commands_are_answered(
    lab: Lab, nodes: ClusterOfNodes, main: ValkeyServer, api: str, expected: Run
) -> None:
    channels = await sessions_at(lab, nodes, *range(MASTERS))
    viewers = [viewer_of(api, channel) for channel in channels]
    async with httpx2.AsyncClient(base_url=api) as http:
        async with following(*viewers):
            for viewer in viewers:
                await viewer.until_tick(20)
            await seen(lambda: http.get("/readyz"), lambda answer: answer.status_code == 200)
            listed = (await http.get("/api/sessions")).json()["items"]
            assert {session["id"] for session in listed} >= {channel.id for channel in channels}
            await asyncio.gather(*(hurry(lab, channel, 10) for channel in channels))
        for viewer, channel in zip(viewers, channels, strict=True):
            viewer.judge(await log_of(lab, channel))
            [answer] = of(await lab.entries(channel), "command")
            assert answer["status"] == "applied"
            assert await whole(lab, channel) == expected
        assert all(name.startswith("gridcast:{session:") for name in nodes.all_keys())
        with main.client() as client:
            assert not [raw for raw in client.scan_iter() if raw.startswith(b"gridcast:{")]
        for session in listed:
            assert (await http.delete(f"/api/sessions/{session['id']}")).status_code == 204
        assert not nodes.all_keys()


async def test_a_run_goes_on_at_the_replica_when_its_master_is_killed_and_others_hardly_notice(
    lab: Lab, nodes: ClusterOfNodes, api: str, expected: Run
) -> None:
    nodes.restore(0)
    struck, spared = await sessions_at(lab, nodes, 0, 1)
    viewers = [viewer_of(api, struck), viewer_of(api, spared)]
    async with following(*viewers):
        for viewer in viewers:
            await viewer.until_tick(100)
        nodes.kill(0)
        await viewers[1].until_tick(viewers[1].ticks + 20)
        await asyncio.to_thread(nodes.until_failed_over, 0)
        await asyncio.gather(hurry(lab, struck), hurry(lab, spared))
    saw_all(viewers[0], await log_of(lab, struck))
    viewers[1].judge(await log_of(lab, spared))
    assert [await whole(lab, struck), await whole(lab, spared)] == [expected, expected]


async def test_what_the_replica_did_not_have_yet_is_told_and_computed_again(
    lab: Lab, nodes: ClusterOfNodes, api: str, expected: Run
) -> None:
    """Replication is asynchronous: a failover may lose the last entries that the old master acknowledged."""
    nodes.restore(1)
    [channel] = await sessions_at(lab, nodes, 1)
    viewer = viewer_of(api, channel)
    async with following(viewer):
        await viewer.until_tick(50)
        nodes.cut_replication(1)
        await viewer.until_tick(viewer.ticks + 100)
        nodes.kill(1)
        nodes.replica(1).thaw()
        await asyncio.to_thread(nodes.until_failed_over, 1)
        await hurry(lab, channel)
    resets = [item for item in viewer.history if isinstance(item, Reset)]
    assert resets, "it saw more than the new master had"
    assert resets[-1].reason == "epoch"
    saw_all(viewer, await log_of(lab, channel))
    assert await whole(lab, channel) == expected


async def test_a_master_that_is_silent_is_left_for_its_replica(
    lab: Lab, nodes: ClusterOfNodes, api: str, expected: Run
) -> None:
    """A frozen machine, or one that is cut off, closes no connection: whoever waits for it has to look around by itself."""
    nodes.restore(2)
    [channel] = await sessions_at(lab, nodes, 2)
    viewer = viewer_of(api, channel)
    async with following(viewer):
        await viewer.until_tick(50)
        nodes.freeze(2)
        await asyncio.to_thread(nodes.until_failed_over, 2)
        await hurry(lab, channel, 50)
    saw_all(viewer, await log_of(lab, channel))
    assert await whole(lab, channel) == expected


async def test_a_listener_goes_to_another_node_than_the_one_of_its_address(
    lab: Lab, nodes: ClusterOfNodes, split: Settings
) -> None:
    """Each message reaches all nodes, and each node names the others; so an address may name one, and that may go."""
    nodes.restore(1)
    channel = await lab.create(enqueue=False, session_id=nodes.id_at(0))
    only = split.model_copy(update={"channels_url": f"redis+cluster://127.0.0.1:{nodes.replica(1).port}"})
    client = sync_client(split)
    writer = Writer(channels_of(client), channel, token=0, log_bytes=1 << 20)
    writer.open()
    try:
        async with Hub(only) as hub, hub.subscribe(channel, since="live") as subscription:
            await until(lambda: hub.healthy, what="a canary")
            nodes.kill_replica(1)
            await until(lambda: not hub.healthy, what="that the loss is seen")
            await until(lambda: hub.healthy, what="a canary by way of another node")
            for n in range(20):
                await asyncio.to_thread(writer.publish, [b'{"type":"ticks","n":%d}' % n], meta={})
            found: list[Any] = []
            while len(found) < 20:
                found += await subscription.next()
            assert [entry.offset for entry in found] == list(range(2, 22))
    finally:
        client.close()


async def test_tasks_and_operations_run_and_leave_nothing(
    lab: Lab, nodes: ClusterOfNodes, main: ValkeyServer, api: str
) -> None:
    """A task's channel, its study and the channels of its experiments lie at several masters."""
    async with httpx2.AsyncClient(base_url=api, timeout=PATIENCE_S) as http:
        scan = {"feeders": ["ieee13"], "scenarios": False, "duration_s": 5}
        operation = (await http.post("/api/operations/scan", json=scan)).json()
        assert operation["status"] == "completed"
        task = {
            "scenario": "ieee13-ofo",
            "space": {STEP: {"type": "float", "low": 0.1, "high": 5.0}},
            "overrides": {"duration_s": 5},
            "experiments": 4,
            "baseline": False,
        }
        created = await http.post("/api/tasks", json=task)
        assert created.status_code == 201, created.text
        at = f"/api/tasks/{created.json()['id']}"
        await seen(lambda: http.get(at), lambda answer: answer.json()["status"] == "completed")
        assert len((await http.get(f"{at}/experiments")).json()["items"]) == 4
        kinds = {name.split(":")[1].strip("{") for name in nodes.all_keys()}
        assert {"task", "experiment", "operation"} <= kinds
        for path in (at, f"/api/operations/{operation['id']}"):
            assert (await http.delete(path)).status_code == 204
        left = {name for name in nodes.all_keys() if not name.startswith("gridcast:{session:")}
        assert not left
