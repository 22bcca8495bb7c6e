"""A worker that is killed with a job just taken, and nothing claimed yet: others do it within a lease's time."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from arq.constants import in_progress_key_prefix

from tests.waiting import seen
from tests.workers.lab import WorkerProcess, worker_process
from tests.workers.test_tasks import Tasks, mortal

__all__ = ["mortal"]

DIES = """
import os, signal
from gridcast.workers import main

async def die(self, ctx, *args):
    os.kill(os.getpid(), signal.SIGKILL)

main.SessionWorker.{job} = die
main.main()
"""


async def marks(tasks: Tasks) -> list[bytes]:
    """Of jobs that somebody has in hand, as far as ARQ knows."""
    return [key async for key in tasks.redis.scan_iter(f"{in_progress_key_prefix}*")]


@pytest.mark.parametrize("job", ["_start_simulation", "_coordinate"])
async def test_a_job_of_a_worker_that_was_killed_before_it_claimed_goes_to_another(
    mortal: Tasks, tmp_path: Path, job: str
) -> None:
    channel = await mortal.create(experiments=1)
    dying = WorkerProcess(mortal.settings, tmp_path / "dying.log", program=("-c", DIES.format(job=job)))
    try:
        assert dying.wait() == -signal.SIGKILL
    finally:
        dying.end()
    [mark] = await seen(lambda: marks(mortal))
    # ARQ waits until it lapses; now it never does.
    await mortal.redis.persist(mark)
    with worker_process(mortal.settings, tmp_path):
        # Its patience is for the job, not for the start of a process on a busy machine.
        await seen(mortal.lab.heartbeats)
        await mortal.until_over(channel)
    await mortal.assert_whole(channel, 1)
    assert not await mortal.redis.exists(mark)
