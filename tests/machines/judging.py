"""What every test of this folder asks in the end."""

from __future__ import annotations

from collections.abc import Sequence

from gridcast.broadcaster import Channel
from tests.machines.plant import Plant
from tests.machines.viewer import Viewer
from tests.workers.lab import Entry, Lab, assert_contiguous, of


def one_at_each(plant: Plant, session_id: str) -> list[Viewer]:
    """A viewer for each API, each on another host."""
    doors = [plant.door(api) for api in plant.apis]
    return [Viewer(host, [door], session_id) for host, door in zip(plant.viewers, doors, strict=True)]


async def log_of(lab: Lab, session_id: str) -> dict[int, bytes]:
    """Every entry of a session, by offset."""
    log: dict[int, bytes] = {}
    while page := await lab.channels.page(Channel.session(session_id), after=max(log, default=0)):
        log.update({entry.offset: entry.data for entry in page})
    return log


async def judged(lab: Lab, session_id: str, viewers: Sequence[Viewer]) -> list[Entry]:
    """No tick of a session that is over is lost, repeated or out of order, in its log and at any viewer. The log."""
    log = await log_of(lab, session_id)
    for viewer in viewers:
        viewer.judge(log)
    entries = await lab.entries(Channel.session(session_id))
    (summary,) = of(entries, "summary")
    assert_contiguous(entries, summary["ticks"])
    return entries


async def assert_as_undisturbed(plant: Plant, session_id: str) -> None:
    """A run of the same that nobody disturbs has the same digest."""
    operation = await plant.ask("GET", f"/api/sessions/{session_id}/verify")
    assert operation["result"]["identical"], operation["result"]
