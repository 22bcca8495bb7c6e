"""One id leads from a request to the log of the child that carried it out; a worker's counts reach its heartbeat."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import structlog

from gridcast.broadcaster import AsyncLeases, LeaseHeld
from gridcast.broadcaster.audit import Audit
from gridcast.broadcaster.workers import Figures
from tests.waiting import PATIENCE_S, seen
from tests.workers.lab import Lab, WorkerProcess


def lines(log: Path, **wanted: Any) -> list[dict[str, Any]]:
    """Lines of a log that have these fields. Every line is JSON, whoever wrote it."""
    found = [json.loads(line) for line in log.read_text().splitlines()]
    return [line for line in found if all(line.get(name) == value for name, value in wanted.items())]


async def test_request_and_command_ids_stand_in_the_lines_of_worker_and_child(
    lab: Lab, worker: WorkerProcess
) -> None:
    with structlog.contextvars.bound_contextvars(request_id="birth-1"):
        channel = await lab.create(speed=1)
    await lab.until_tick(channel)
    with structlog.contextvars.bound_contextvars(request_id="click-1"):
        await lab.command(channel, "pause", "cmd-1")
    with structlog.contextvars.bound_contextvars(request_id="click-2"):
        await lab.command(channel, "set_taps", "cmd-2", regulators={"no such": 1.0})
    await lab.command(channel, "stop", "cmd-3")
    await lab.until_over(channel)
    [started] = lines(worker.log, event="session_started", session=channel.id)
    assert (started["process"], started["request_id"], started["attempt"]) == ("worker", "birth-1", 1)
    answered = lines(worker.log, event="command_answered", session=channel.id)
    assert [(line["command_id"], line["request_id"], line["status"]) for line in answered] == [
        ("cmd-1", "click-1", "applied"),
        ("cmd-2", "click-2", "rejected"),
        ("cmd-3", "birth-1", "applied"),
    ]
    assert {(line["process"], line["attempt"]) for line in answered} == {("session", 1)}
    assert all(isinstance(line["tick"], int) and line["pid"] != worker.pid for line in answered)


async def test_what_children_counted_is_in_their_workers_heartbeat(lab: Lab, worker: WorkerProcess) -> None:
    async def figures() -> Figures | None:
        beats = await lab.heartbeats()
        return beats[0].get("figures") if beats else None

    before = await seen(figures)
    assert before is not None
    channel = await lab.create()
    done = await lab.until_over(channel)
    after = await seen(figures, lambda now: now is not None and now["ticks"] >= before["ticks"] + done.tick)
    assert after is not None
    assert after["ticks"] == before["ticks"] + done.tick == before["ticks"] + 100
    assert sum(after["queue_wait_s"]["counts"]) == sum(before["queue_wait_s"]["counts"]) + 1
    assert sum(after["publish_s"]["counts"]) > sum(before["publish_s"]["counts"])
    assert after["publish_s"]["sum"] > before["publish_s"]["sum"]


async def test_what_went_wrong_with_children_is_in_their_workers_heartbeat(
    lab: Lab, worker: WorkerProcess
) -> None:
    async def counts() -> tuple[int, int] | None:
        """Children that ended too early, and children that others took over from, since the worker began."""
        beats = await lab.heartbeats()
        figures = beats[0].get("figures") if beats else None
        return None if figures is None else (figures["recoveries"].get("ended", 0), figures["leases_lost"])

    before = await seen(counts)
    assert before is not None
    ended, lost = before
    killed, robbed = [await lab.create(duration_s=3600, speed=1) for _ in range(2)]
    for channel in (killed, robbed):
        await lab.until_tick(channel)
    os.kill(await lab.child_pid(killed), signal.SIGKILL)
    await seen(counts, lambda now: now is not None and now[0] > ended)
    await lab.until(killed, lambda state: state.attempt == 2 and state.status == "running")

    async def rob() -> bool:
        """Whether somebody else has the session now; its child may have been quicker to take its lease again."""
        await lab.redis.delete(robbed.lease)
        try:
            await AsyncLeases(lab.redis, owner="somebody", ttl_s=PATIENCE_S).acquire(robbed)
        except LeaseHeld:
            return False
        return True

    await seen(rob)
    await seen(counts, lambda now: now is not None and now[1] > lost)
    for channel in (killed, robbed):
        await lab.sessions.delete(channel.id)


async def test_what_came_of_a_command_is_audited(lab: Lab, worker: WorkerProcess) -> None:
    channel = await lab.create(speed=1)
    await lab.until_tick(channel)
    with structlog.contextvars.bound_contextvars(request_id="click-3"):
        await lab.command(channel, "pause", "cmd-1")
        await lab.command(channel, "set_taps", "cmd-2", regulators={"no such": 1.0})
    await lab.command(channel, "stop", "cmd-3")
    await lab.until_over(channel)
    audit = Audit(lab.redis, lab.settings)
    page = await audit.page(before=None, limit=9, passes=lambda record: record["target"] == str(channel))
    told = [(r["command_id"], r["command"], r["result"], r["by"], r["request_id"]) for r in page.items[::-1]]
    assert told[:2] == [
        ("cmd-1", "pause", "applied", "user:ada", "click-3"),
        ("cmd-2", "set_taps", "rejected", "user:ada", "click-3"),
    ]
    assert told[2][:4] == ("cmd-3", "stop", "applied", "user:ada")
