"""A viewer with a bad cable gets everything, late; the others do not notice."""

from __future__ import annotations

import pytest

from tests.machines.cable import bad_cable
from tests.machines.judging import judged
from tests.machines.plant import Plant
from tests.machines.viewer import Viewer, following
from tests.workers.lab import Lab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DURATION_S = 60
SPEED = 10.0


async def test_a_slow_network_to_one_viewer_changes_nothing_for_the_others(plant: Plant, lab: Lab) -> None:
    slow, *fast = plant.viewers
    doors = [plant.door(api) for api in plant.apis]
    with bad_cable(plant.network, slow, delay_s=0.05, loss=0.02):
        session_id = await plant.create(overrides={"duration_s": DURATION_S}, speed=SPEED)
        delayed = Viewer(slow, doors[:1], session_id)
        others = [Viewer(host, doors[:1], session_id) for host in fast]
        async with following(delayed, *others):
            pass
    await judged(lab, session_id, [delayed, *others])
    assert [viewer.connections for viewer in others] == [1, 1]
    assert delayed.ticks == 10 * DURATION_S
