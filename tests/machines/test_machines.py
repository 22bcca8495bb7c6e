"""Many machines, one service: whoever watches through whichever of them sees the same."""

from __future__ import annotations

import httpx2
import pytest

from gridcast.broadcaster import Channel
from tests.api.signed import bearer
from tests.machines.judging import judged, one_at_each
from tests.machines.plant import Plant
from tests.machines.viewer import Viewer, following
from tests.workers.lab import Lab, of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DURATION_S = 60
SPEED = 15.0


async def test_viewers_at_different_apis_see_the_same_offsets(plant: Plant, lab: Lab) -> None:
    session_id = await plant.create(overrides={"duration_s": DURATION_S}, speed=SPEED)
    viewers = [*one_at_each(plant, session_id), Viewer(plant.viewers[0], plant.doors, session_id)]
    async with following(*viewers):
        pass
    await judged(lab, session_id, viewers)
    for viewer in viewers:
        assert viewer.connections == 1
        assert viewer.ticks == 10 * DURATION_S


async def test_a_command_given_at_one_api_is_answered_at_all(plant: Plant, lab: Lab) -> None:
    session_id = await plant.create("ieee13", overrides={"duration_s": 3600}, speed=SPEED)
    viewers = one_at_each(plant, session_id)
    async with following(*viewers):
        for number, viewer in enumerate(viewers):
            await viewer.until_tick(10)
            await viewer.say(
                type="command",
                id=f"taps-{number}",
                command="set_taps",
                args={"regulators": {"creg1a": 1 + number / 160}},
            )
        await lab.until(Channel.session(session_id), lambda state: state.tick > 50)
        await viewers[0].say(type="command", id="end", command="stop", args={})
    await judged(lab, session_id, viewers)
    answers = of(await lab.entries(Channel.session(session_id)), "command")
    assert [answer["status"] for answer in answers] == ["applied"] * 4
    assert sorted(answer["command_id"] for answer in answers) == ["end", "taps-0", "taps-1", "taps-2"]


async def test_a_stranger_is_refused_at_every_api(plant: Plant) -> None:
    """Accounts are on where a service listens on more than loopback."""

    session_id = await plant.create(overrides={"duration_s": 1})
    for api in plant.apis:
        url = f"http://{plant.door(api)}/api/sessions/{session_id}"
        answers = [
            await plant.viewers[0].call(httpx2.get, url, headers=headers, trust_env=False)
            for headers in (bearer("ada"), bearer("ben"), {})
        ]
        assert [answer.status_code for answer in answers] == [200, 403, 401]
