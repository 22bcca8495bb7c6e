"""A rolling restart: every API and every worker is ended and started again, one after the other, while people watch."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from gridcast.broadcaster import Channel
from tests.machines.judging import assert_as_undisturbed, judged
from tests.machines.plant import Plant
from tests.machines.viewer import Viewer, following
from tests.waiting import seen
from tests.workers.lab import Lab, of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SESSIONS = 3
SPEED = 5.0


async def lives(lab: Lab, pid: int) -> bool:
    """Whether the worker with this process id says that it is alive."""
    return pid in [beat["pid"] for beat in await lab.heartbeats()]


async def test_a_rolling_restart_of_all_loses_and_repeats_no_tick(plant: Plant, lab: Lab) -> None:
    sessions = [
        await plant.create("ieee13", overrides={"duration_s": 36_000}, speed=SPEED) for _ in range(SESSIONS)
    ]
    doors = [plant.door(api) for api in plant.apis]
    viewers = {
        session_id: [
            Viewer(plant.viewers[n], plant.doors, session_id),
            Viewer(plant.viewers[n - 1], doors[n:] + doors[:n], session_id),
        ]
        for n, session_id in enumerate(sessions)
    }
    told: list[str] = []

    async def steer() -> None:
        """One command for each session, after each restart, through whatever door there is."""
        told.append(f"taps-{len(told)}")
        for session_id in sessions:
            ratio = 1 + len(told) / 160
            body = {"command": "set_taps", "id": told[-1], "args": {"regulators": {"creg1a": ratio}}}
            await plant.ask("POST", f"/api/sessions/{session_id}/commands", json=body)

    async with following(*(viewer for watching in viewers.values() for viewer in watching)):
        for watching in viewers.values():
            await watching[0].until_tick(1)
        for api, worker in zip(plant.apis, plant.workers, strict=True):
            for machine in (api, worker):
                await asyncio.to_thread(machine.stop)
                machine.start()
            await asyncio.to_thread(plant.until_serving, api)
            await seen(partial(lives, lab, worker.pid))
            await steer()
        for session_id in sessions:
            done = (await lab.state(Channel.session(session_id))).tick
            await viewers[session_id][0].until_tick(done)
            await plant.ask("POST", f"/api/sessions/{session_id}/commands", json={"command": "stop"})

    for session_id in sessions:
        entries = await judged(lab, session_id, viewers[session_id])
        assert [answer["status"] for answer in of(entries, "command")] == ["applied"] * (len(told) + 1)
        assert [answer["command_id"] for answer in of(entries, "command")][:-1] == told
        state = await lab.state(Channel.session(session_id))
        assert state.status == "stopped"
        await assert_as_undisturbed(plant, session_id)
    assert sum(viewer.connections for watching in viewers.values() for viewer in watching) > 2 * SESSIONS
    attempts = [(await lab.state(Channel.session(session_id))).attempt for session_id in sessions]
    assert max(attempts) > 1, "no session was handed over"
