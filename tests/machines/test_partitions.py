"""Cables that are pulled and plugged in again: nobody is told, packets just stop."""

from __future__ import annotations

import pytest

from gridcast.broadcaster import Channel
from tests.machines.judging import assert_as_undisturbed, judged, one_at_each
from tests.machines.plant import Plant
from tests.machines.viewer import Viewer, following
from tests.waiting import seen, until
from tests.workers.lab import Lab, alive, statuses

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SPEED = 10.0


async def stop(plant: Plant, session_id: str) -> None:
    await plant.ask("POST", f"/api/sessions/{session_id}/commands", json={"command": "stop"})


async def long_session(plant: Plant) -> str:
    return await plant.create(overrides={"duration_s": 36_000}, speed=SPEED)


async def test_a_worker_that_is_cut_off_loses_its_session_and_can_write_nothing_to_it(
    plant: Plant, lab: Lab
) -> None:
    session_id = await long_session(plant)
    channel = Channel.session(session_id)
    viewers = one_at_each(plant, session_id)
    async with following(*viewers):
        await viewers[0].until_tick(20)
        lost = await lab.child_pid(channel)
        (beat,) = [b for b in await lab.heartbeats() if channel.id in [s["id"] for s in b["sessions"]]]
        machine = plant.by_pid(beat["pid"])
        with plant.network.unplugged(machine.host):
            state = await lab.until(channel, lambda s: s.attempt == 2 and s.status == "running")
            await viewers[0].until_tick(state.tick + 20)
            assert alive(lost), "its child lives on, and thinks that the session is its own"
        await until(lambda: not alive(lost), what="the end of the child that lost its session")
        beats = await seen(
            lab.heartbeats,
            lambda beats: beat["id"] in [b["id"] for b in beats if b["figures"]["leases_lost"]],
        )
        assert channel.id not in [s["id"] for b in beats if b["id"] == beat["id"] for s in b["sessions"]]
        await stop(plant, session_id)
    entries = await judged(lab, session_id, viewers)
    assert statuses(entries) == ["queued", "starting", "running", "recovering", "running", "stopped"]
    await assert_as_undisturbed(plant, session_id)


async def test_viewers_of_an_api_that_is_cut_off_go_on_at_another_one(plant: Plant, lab: Lab) -> None:
    session_id = await long_session(plant)
    doors = [plant.door(api) for api in plant.apis]
    moved, proxied = (Viewer(plant.viewers[0], places, session_id) for places in (doors, plant.doors))
    stayed = Viewer(plant.viewers[1], doors[1:], session_id)
    async with following(moved, proxied, stayed):
        for viewer in (moved, proxied, stayed):
            await viewer.until_tick(10)
        with plant.network.unplugged(plant.apis[0].host):
            await until(lambda: moved.connections == 2, what="a connection to another API")
            state = await lab.state(Channel.session(session_id))
            for viewer in (moved, proxied, stayed):
                await viewer.until_tick(state.tick + 10)
        await stop(plant, session_id)
    await judged(lab, session_id, [moved, proxied, stayed])
    assert stayed.connections == 1
    assert (await lab.state(Channel.session(session_id))).attempt == 1


async def test_a_broker_that_is_cut_off_costs_no_tick(plant: Plant, lab: Lab) -> None:
    session_id = await long_session(plant)
    viewers = one_at_each(plant, session_id)

    async with following(*viewers):
        for viewer in viewers:
            await viewer.until_tick(20)
        with plant.network.unplugged(plant.broker.host):
            await seen(plant.readiness, lambda codes: set(codes) == {503})
        await seen(plant.readiness, lambda codes: set(codes) == {200})
        state = await lab.until(Channel.session(session_id), lambda state: state.status == "running")
        for viewer in viewers:
            await viewer.until_tick(state.tick + 20)
        await stop(plant, session_id)
    await judged(lab, session_id, viewers)
    await assert_as_undisturbed(plant, session_id)
