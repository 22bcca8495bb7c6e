"""Commands of many people, over every end of what carries them out: each answered once, each done once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.steering.dice import Dice
from gridcast.broadcaster import AsyncLeases, Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.commands import Command
from gridcast.broadcaster.sessions import command_entry
from tests.faults.reference import rows, undisturbed, whole
from tests.valkey import ValkeyServer
from tests.workers.lab import Entry, Lab, assert_contiguous, of, statuses, worker_process

PEOPLE = 8
COMMANDS = 1000
SCENARIO = "ieee13-ofo-taps"
BATTERY = {
    "name": "battery",
    "bus": "671",
    "rated_power_kw": 300.0,
    "capacity_kwh": 100.0,
    "apparent_power_kva": 500.0,
}
PACING = {"pause", "resume", "step", "run_until", "speed", "stop"}
SPEED = 15.0

Scripted = dict[str, Any]
"""`{tick, by, command, args, command_id}`."""


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker and a worker for all tests that kill no more than children."""
    folder = tmp_path_factory.mktemp("commands")
    broker = ValkeyServer(folder / "valkey")
    broker.start()
    settings = Settings(redis_url=broker.url, lease_s=2.0)
    with worker_process(settings, folder):
        yield settings
    broker.stop()


@pytest.fixture
async def lab(steady: Settings) -> AsyncIterator[Lab]:
    redis = async_client(steady)
    yield Lab(steady, redis)
    await redis.aclose()


async def scripted(
    lab: Lab, script: Sequence[Scripted], *, shared: int, speed: float | str = "max", **overrides: Any
) -> Channel:
    """A fork that shares `shared` ticks: it does at its ticks what the script says."""
    channel = await lab.create(
        SCENARIO,
        speed=speed,
        enqueue=False,
        record={"parent": {"id": "aaaaaaaaaa", "tick": shared}},
        **overrides,
    )
    await lab.redis.set(channel.script, orjson.dumps(script))
    await lab.queue.enqueue_session(channel.id, 1, user="ada")
    return channel


def deed(tick: int, command: str, command_id: str, **args: Any) -> Scripted:
    return {"tick": tick, "by": "user:ada", "command": command, "args": args, "command_id": command_id}


def answers(entries: list[Entry]) -> list[tuple[str, str]]:
    """(id, status) of each answer, in order."""
    return [(entry["command_id"], entry["status"]) for entry in of(entries, "command")]


def controls_by_people(entries: list[Entry]) -> list[str]:
    """Ids of the commands that touched the simulation, in order."""
    return [
        control["command_id"]
        for entry in of(entries, "ticks")
        for control in entry["controls"]
        if control["by"].startswith("user:")
    ]


async def kill_child(lab: Lab, channel: Channel) -> None:
    """SIGKILL, and return when the next attempt has gone on."""
    attempt = (await lab.state(channel)).attempt
    os.kill(await lab.child_pid(channel, attempt), signal.SIGKILL)
    await lab.until(
        channel, lambda state: state.attempt == attempt + 1 and state.status in {"running", "paused"}
    )


async def send(
    lab: Lab, channel: Channel, by: str, command_id: str, command: str, args: Mapping[str, Any]
) -> None:
    await lab.commands.append(channel, command_id=command_id, by=by, command=command, args=args)


async def test_random_commands_of_many_are_answered_once_and_their_record_gives_the_same_run(
    lab: Lab,
) -> None:
    channel = await lab.create(SCENARIO, speed=20, duration_s=300, storages=[BATTERY])
    schema = (await lab.until_tick(channel)).schema
    assert schema is not None
    sound: dict[str, bool] = {}

    async def person(n: int) -> None:
        dice, pauses = Dice(schema, seed=n), random.Random(n)
        for i in range(COMMANDS // PEOPLE):
            command, args, sound[f"{n}.{i}"] = dice.roll()
            await send(lab, channel, f"user:{n}", f"{n}.{i}", command, args)
            await asyncio.sleep(pauses.uniform(0, 0.04))

    await asyncio.gather(*map(person, range(PEOPLE)))
    await lab.command(channel, "pause", "pause")
    await lab.command(channel, "speed", "fast", x="max")
    await lab.command(channel, "resume", "go")
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert_contiguous(entries, 3000)
    told = dict(answers(entries))
    assert len(told) == len(of(entries, "command"))
    assert told.keys() == {*sound, "pause", "fast", "go"}
    assert {told[name] for name, good in sound.items() if not good} == {"rejected"}
    accepted = [name for name, status in answers(entries) if status == "applied"]
    assert len(accepted) > COMMANDS // 4
    applied = await lab.commands.applied(channel)
    assert [done["command_id"] for done in applied] == accepted
    touched = [done for done in applied if done["command"] not in PACING]
    assert controls_by_people(entries) == [done["command_id"] for done in touched]
    again = await scripted(lab, touched, shared=3000, duration_s=300, storages=[BATTERY])
    await lab.until_over(again)
    assert await whole(lab, again) == await whole(lab, channel)


async def test_people_who_command_at_once_see_one_order(lab: Lab) -> None:
    channel = await lab.create(SCENARIO, speed=5, duration_s=60)
    await lab.until_tick(channel)
    people = ("user:ada", "user:bob")

    async def person(by: str) -> None:
        for n in range(50):
            taps = {"creg1a": 1.0 if by == people[0] else 1.05}
            await send(lab, channel, by, f"{by[5:]}.{n}", "set_taps", {"regulators": taps})

    await asyncio.gather(*map(person, people))
    await lab.command(channel, "speed", "fast", x="max")
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    taken: list[Command] = await lab.commands.read(channel)
    told = of(entries, "command")
    assert [entry["command_id"] for entry in told] == [command.id for command in taken]
    assert [entry["by"] for entry in told] == [command.by for command in taken]
    assert controls_by_people(entries) == [command.id for command in taken[:-1]]
    for name in ("ada", "bob"):
        own = [entry["command_id"] for entry in told if entry["command_id"].startswith(name)]
        assert own == [f"{name}.{n}" for n in range(50)]
    final = 1.0 if taken[-2].by == people[0] else 1.05
    last = max(entry["tick"] for entry in told if entry["command"] == "set_taps")
    ratio = next(
        entry["taps"]["creg1a"][last - entry["first"]]
        for entry in of(entries, "ticks")
        if entry["first"] <= last < entry["first"] + len(entry["t_s"])
    )
    assert ratio == final


async def test_a_condition_is_met_over_a_recovery(lab: Lab) -> None:
    channel = await lab.create(SCENARIO, speed=SPEED, duration_s=60)
    await lab.until_tick(channel, 20)
    await lab.command(channel, "run_until", "until", t_s=20)
    await lab.until_tick(channel, (await lab.state(channel)).tick + 10)
    await kill_child(lab, channel)
    await lab.command(channel, "speed", "fast", x="max")
    state = await lab.until(channel, lambda state: state.status == "paused")
    assert (state.tick, state.attempt) == (200, 2)
    await kill_child(lab, channel)
    state = await lab.state(channel)
    assert (state.tick, state.status) == (200, "paused")
    await lab.command(channel, "resume", "go")
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert answers(entries) == [("until", "applied"), ("fast", "applied"), ("go", "applied")]
    assert await whole(lab, channel) == await undisturbed(lab, SCENARIO, duration_s=60)


async def test_steps_that_are_left_are_made_over_a_recovery(lab: Lab) -> None:
    channel = await lab.create(SCENARIO, speed=2, duration_s=60)
    await lab.until_tick(channel, 5)
    await lab.command(channel, "pause", "pause")
    paused = await lab.until(channel, lambda state: state.status == "paused")
    await lab.command(channel, "step", "step", ticks=100)
    await lab.until_tick(channel, paused.tick + 30)
    await kill_child(lab, channel)
    assert (await lab.state(channel)).status == "running"
    await lab.command(channel, "speed", "fast", x="max")
    state = await lab.until(channel, lambda state: state.status == "paused")
    assert (state.tick, state.attempt) == (paused.tick + 100, 2)
    await lab.command(channel, "resume", "go")
    await lab.until_over(channel)
    assert await whole(lab, channel) == await undisturbed(lab, SCENARIO, duration_s=60)


async def test_a_session_has_its_speed_after_a_recovery(lab: Lab) -> None:
    """A second a tick at 0.1; a hundredth at 10, with which it began."""
    channel = await lab.create(SCENARIO, duration_s=60, speed=10)
    await lab.until_tick(channel, 20)
    await lab.command(channel, "speed", "slow", x=0.1)
    await lab.until(channel, lambda state: state.answered != "0-0")
    await kill_child(lab, channel)
    at_start = (await lab.state(channel)).tick
    state = await lab.until_tick(channel, at_start + 2)
    stamps = [entry["ts"] for entry in of(await lab.entries(channel), "ticks") if entry["first"] >= at_start]
    assert stamps[1] - stamps[0] > 0.3
    await lab.command(channel, "speed", "fast", x="max")
    state = await lab.until_over(channel)
    assert (state.status, state.attempt) == ("completed", 2)
    assert await whole(lab, channel) == await undisturbed(lab, SCENARIO, duration_s=60)


async def test_a_stop_that_was_answered_is_a_stop_after_a_recovery(mortal: Lab, tmp_path: Path) -> None:
    """The child died between its answer to `stop` and its last words."""
    with worker_process(mortal.settings, tmp_path) as worker:
        channel = await mortal.create(SCENARIO, duration_s=60, speed=SPEED)
        await mortal.until_tick(channel, 30)
        worker.signal(signal.SIGKILL)
        worker.wait()
    await answer_as_its_child(mortal, channel, "stop")
    with worker_process(mortal.settings, tmp_path):
        state = await mortal.until_over(channel)
    assert (state.status, state.reason, state.attempt) == ("stopped", "stopped by ada", 2)
    entries = await mortal.entries(channel)
    assert_contiguous(entries, state.tick)
    assert answers(entries) == [("stop", "applied")]
    assert statuses(entries)[-2:] == ["recovering", "stopped"]
    assert of(entries, "summary")[0]["ticks"] == state.tick


async def answer_as_its_child(lab: Lab, channel: Channel, name: str) -> None:
    """Send a command, and answer it as applied with the newest token, as a child would that dies right after."""
    await lab.redis.delete(channel.lease)  # of a dead worker: it would lapse
    leases = AsyncLeases(lab.redis, owner="child", ttl_s=60)
    token = await leases.acquire(channel)
    # A child outlives its worker by a moment: it must not see the command before it is fenced.
    await lab.command(channel, name, name)
    (command,) = await lab.commands.read(channel)
    state = await lab.state(channel)
    await lab.channels.publish(
        channel,
        token=token,
        expected=state.head + 1,
        entries=[command_entry(command, tick=state.tick)],
        meta={"answered": command.at},
        applied=[orjson.dumps(deed(state.tick, command.command, command.id))],
    )
    await leases.release(channel, token)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("versions", '{"openg2g":"0.0.1"}', "it began with openg2g 0.0.1"),
        ("workload_hash", "00", "it began on other workload"),
        ("digest", "00" * 32, "are not what the log says: digest"),
    ],
)
async def test_what_cannot_be_continued_as_it_began_fails_and_says_why(
    lab: Lab, field: str, value: str, said: str
) -> None:
    channel = await lab.create(SCENARIO, duration_s=60, speed=SPEED)
    await lab.until_tick(channel, 30)
    await lab.command(channel, "pause")
    before = await lab.until(channel, lambda state: state.status == "paused")
    pid = await lab.child_pid(channel)
    await lab.redis.hset(channel.meta, field, value)  # type: ignore[misc]
    os.kill(pid, signal.SIGKILL)
    state = await lab.until_over(channel)
    assert (state.status, state.tick) == ("failed", before.tick)
    assert state.reason is not None
    assert said in state.reason
    entries = await lab.entries(channel)
    assert_contiguous(entries, before.tick)
    assert entries[-1]["reason"] == state.reason
    assert of(entries, "summary") == []


async def test_what_was_laid_down_for_a_fork_is_done_at_its_ticks_over_a_recovery(lab: Lab) -> None:
    script = [
        deed(50, "set_taps", "early", regulators={"creg1a": 1.0}),
        deed(120, "set_batch_size", "late", datacenter="default", batch_size_by_model={"Llama-3.1-8B": 16}),
        deed(150, "set_controller", "own", name="ofo", enabled=False),
        deed(150, "set_controller", "wrong", name="nobody", enabled=False),
        deed(200, "set_taps", "never", regulators={"creg1b": 2.0}),
    ]
    expected = await scripted(lab, script, shared=150, duration_s=60)
    await lab.until_over(expected)
    channel = await scripted(lab, script, shared=150, duration_s=60, speed=SPEED)
    await lab.until_tick(channel, 160)
    await kill_child(lab, channel)
    await lab.command(channel, "speed", "fast", x="max")
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert controls_by_people(entries) == ["early", "late", "own"]
    assert answers(entries) == [("own", "applied"), ("wrong", "rejected"), ("fast", "applied")]
    assert await whole(lab, channel) == await whole(lab, expected)


@pytest.mark.parametrize("kills", [0, 1, 2])
async def test_a_fork_that_begins_paused_does_its_script_once_however_often_it_is_recovered(
    lab: Lab, kills: int
) -> None:
    """What a fork does at its first own tick is in the log long before that tick is."""
    script = [
        deed(50, "shift_replicas", "fewer", datacenter="default", model="Llama-3.1-8B", replica_delta=-5),
        deed(100, "shift_replicas", "fewest", datacenter="default", model="Llama-3.1-8B", replica_delta=-5),
        deed(100, "pause", "wait"),
    ]
    channel = await scripted(lab, script, shared=100, duration_s=20)
    await lab.until(channel, lambda state: state.status == "paused")
    for _ in range(kills):
        await kill_child(lab, channel)
    assert (await lab.state(channel)).tick == 100
    await lab.command(channel, "resume", "go")
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert answers(entries) == [("fewest", "applied"), ("wait", "applied"), ("go", "applied")]
    assert controls_by_people(entries) == ["fewer", "fewest"]
    straight = await scripted(lab, script[:2], shared=100, duration_s=20)
    await lab.until_over(straight)
    assert await whole(lab, channel) == await whole(lab, straight)
    assert len(rows(entries)) == 200
