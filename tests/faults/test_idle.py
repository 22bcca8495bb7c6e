"""A session that nobody watches does what its maker asked for, and what people want goes before that."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from gridcast.broadcaster import Channel, Presence, Settings, Viewer
from gridcast.broadcaster.client import async_client
from tests.valkey import ValkeyServer
from tests.workers.lab import Lab, assert_contiguous, of, worker_process

GRACE_S = 0.3
DURATION_S = 3600
SPEED = 10


@pytest.fixture(scope="module")
def short_grace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker and a worker with a short grace time, for all tests of this module: none of them hurts either."""
    folder = tmp_path_factory.mktemp("idle")
    broker = ValkeyServer(folder / "valkey")
    broker.start()
    settings = Settings(redis_url=broker.url, lease_s=2.0)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GRIDCAST_IDLE_GRACE_S", str(GRACE_S))
        with worker_process(settings, folder):
            yield settings
    broker.stop()


@pytest.fixture
async def lab(short_grace: Settings) -> AsyncIterator[Lab]:
    redis = async_client(short_grace)
    yield Lab(short_grace, redis)
    await redis.aclose()


async def idle_session(lab: Lab, policy: str) -> Channel:
    """A session without viewers that is under way."""
    channel = await lab.create(duration_s=DURATION_S, speed=SPEED, record={"on_idle": policy})
    await lab.until_tick(channel)
    return channel


@asynccontextmanager
async def watched(lab: Lab, channel: Channel) -> AsyncIterator[None]:
    """Somebody watches while the block lasts."""
    viewer = Viewer(id="v1", name="ada", since=time.time())
    presence = Presence(lab.redis)
    await presence.announce(channel, [viewer])
    yield
    await presence.leave(channel, viewer)


async def until_paused(lab: Lab, channel: Channel, *, after: int = -1) -> int:
    """The tick at which it pauses, once that is beyond `after`."""
    return (await lab.until(channel, lambda state: state.status == "paused" and state.tick > after)).tick


async def until_answered(lab: Lab, channel: Channel, command: str, command_id: str, **args: object) -> None:
    """Command, and return when it was answered."""
    before = (await lab.state(channel)).answered
    await lab.command(channel, command, command_id, **args)
    await lab.until(channel, lambda state: state.answered != before)


async def kill_child(lab: Lab, channel: Channel) -> None:
    """SIGKILL, and return when the next attempt has gone on."""
    attempt = (await lab.state(channel)).attempt
    os.kill(await lab.child_pid(channel, attempt), signal.SIGKILL)
    await lab.until(
        channel, lambda state: state.attempt == attempt + 1 and state.status in {"running", "paused"}
    )


async def looked_twice(lab: Lab, channel: Channel) -> None:
    """Return when the child has had more than one occasion to see who watches.

    A child at rest shows no sign of it; it looks once a second.
    """
    await asyncio.sleep(2.5)
    assert not (await lab.state(channel)).over


async def test_a_session_that_continues_does_not_mind(lab: Lab) -> None:
    channel = await idle_session(lab, "continue")
    tick = (await lab.state(channel)).tick
    state = await lab.until_tick(channel, tick + 3 * 10 * SPEED)
    assert state.status == "running"
    assert await lab.commands.applied(channel) == []


async def test_a_session_pauses_after_the_grace_time_and_goes_on_when_somebody_comes(lab: Lab) -> None:
    channel = await idle_session(lab, "pause")
    tick = await until_paused(lab, channel)
    async with watched(lab, channel):
        await lab.until_tick(channel, tick + 50)
    again = await until_paused(lab, channel, after=tick)
    await looked_twice(lab, channel)
    entries = await lab.entries(channel)
    assert_contiguous(entries, again)
    assert [(entry["status"], entry.get("reason")) for entry in of(entries, "status")[2:]] == [
        ("running", None),
        ("paused", "nobody watches"),
        ("running", "somebody watches again"),
        ("paused", "nobody watches"),
    ]
    done = await lab.commands.applied(channel)
    assert [(deed["by"], deed["command"], deed["tick"]) for deed in done] == [
        ("session:on_idle", "pause", tick),
        ("session:on_idle", "resume", tick),
        ("session:on_idle", "pause", again),
    ]


async def test_a_watched_session_does_not_pause(lab: Lab) -> None:
    channel = await lab.create(duration_s=DURATION_S, speed=SPEED, record={"on_idle": "pause"}, enqueue=False)
    async with watched(lab, channel):
        await lab.queue.enqueue_session(channel.id, 1, user="ada")
        state = await lab.until_tick(channel, 3 * 10 * SPEED)
        assert state.status == "running"
        assert await lab.commands.applied(channel) == []
    await until_paused(lab, channel)


async def test_a_session_stops_after_the_grace_time(lab: Lab) -> None:
    channel = await idle_session(lab, "stop")
    state = await lab.until_over(channel)
    assert (state.status, state.reason) == ("stopped", "nobody watches")
    assert state.summary is not None
    assert_contiguous(await lab.entries(channel), state.tick)


async def test_a_pause_of_a_person_is_not_undone_by_a_viewer(lab: Lab) -> None:
    channel = await lab.create(duration_s=DURATION_S, speed=SPEED, record={"on_idle": "pause"}, enqueue=False)
    async with watched(lab, channel):
        await lab.queue.enqueue_session(channel.id, 1, user="ada")
        await lab.until_tick(channel, 5)
        await lab.command(channel, "pause", "mine")
        tick = await until_paused(lab, channel)
    await looked_twice(lab, channel)
    async with watched(lab, channel):
        await looked_twice(lab, channel)
        state = await lab.state(channel)
        assert (state.status, state.tick) == ("paused", tick)
        assert [deed["command_id"] for deed in await lab.commands.applied(channel)] == ["mine"]


async def test_who_resumes_an_idle_session_without_watching_has_the_grace_time(lab: Lab) -> None:
    channel = await idle_session(lab, "pause")
    tick = await until_paused(lab, channel)
    await lab.command(channel, "resume", "go")
    again = await until_paused(lab, channel, after=tick)
    assert again > tick
    done = await lab.commands.applied(channel)
    assert [(deed["by"], deed["command"]) for deed in done] == [
        ("session:on_idle", "pause"),
        ("user:ada", "resume"),
        ("session:on_idle", "pause"),
    ]


async def test_an_idle_pause_is_undone_by_a_viewer_over_a_recovery(lab: Lab) -> None:
    channel = await idle_session(lab, "pause")
    tick = await until_paused(lab, channel)
    await kill_child(lab, channel)
    assert (await lab.state(channel)).status == "paused"
    async with watched(lab, channel):
        state = await lab.until_tick(channel, tick + 20)
        assert state.attempt == 2


@pytest.mark.parametrize("killed", [False, True])
async def test_steps_of_a_person_end_in_a_pause_of_a_person(lab: Lab, killed: bool) -> None:
    """Who steps through an idle session has taken the helm, and keeps it over a recovery."""
    channel = await idle_session(lab, "pause")
    tick = await until_paused(lab, channel)
    await until_answered(lab, channel, "step", "mine", ticks=5)
    assert await until_paused(lab, channel, after=tick) == tick + 5
    if killed:
        await kill_child(lab, channel)
    async with watched(lab, channel):
        await looked_twice(lab, channel)
        state = await lab.state(channel)
        assert (state.status, state.tick) == ("paused", tick + 5)


@pytest.mark.parametrize("killed", [False, True])
async def test_a_condition_of_a_person_pauses_for_a_person(lab: Lab, killed: bool) -> None:
    channel = await idle_session(lab, "pause")
    tick = await until_paused(lab, channel)
    async with watched(lab, channel):
        await lab.until_tick(channel, tick + 10)
        at = (await lab.state(channel)).tick + 50
        await until_answered(lab, channel, "run_until", "mine", t_s=at / 10)
        assert await until_paused(lab, channel, after=tick) == at
        if killed:
            await kill_child(lab, channel)
        await looked_twice(lab, channel)
        state = await lab.state(channel)
        assert (state.status, state.tick) == ("paused", at)


@pytest.mark.parametrize(("command", "args"), [("speed", {"x": SPEED}), ("resume", {"why": "?"})])
async def test_a_command_that_pauses_nothing_does_not_keep_an_idle_session_paused(
    lab: Lab, command: str, args: dict[str, object]
) -> None:
    channel = await idle_session(lab, "pause")
    tick = await until_paused(lab, channel)
    await until_answered(lab, channel, command, "mine", **args)
    async with watched(lab, channel):
        await lab.until_tick(channel, tick + 5)
