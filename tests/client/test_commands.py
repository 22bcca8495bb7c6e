"""Commands of a run: sent once, answered with when they took effect or why not, also where the service goes away."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gridcast.client import AsyncClient, AsyncRun, CommandRejected, Problem
from tests.cli.fake_service import serving
from tests.client.scripted import Scripted


@pytest.fixture
async def service() -> AsyncIterator[Scripted]:
    async with serving(Scripted()) as scripted:
        assert isinstance(scripted, Scripted)
        yield scripted


@pytest.fixture
async def run(service: Scripted) -> AsyncIterator[AsyncRun]:
    async with AsyncClient(service.url) as client:
        yield client.run("abc")


async def test_a_command_is_sent_first_and_then_waited_for(service: Scripted, run: AsyncRun) -> None:
    sent = await run.command("set_controller", name="ofo", enabled=False)
    assert service.commands == [
        {"command": "set_controller", "args": {"name": "ofo", "enabled": False}, "id": sent.id}
    ]
    answer = await sent.wait_applied()
    assert (answer.command_id, answer.status, answer.tick) == (sent.id, "applied", 4)
    assert [asked["id"] for asked in service.commands] == [sent.id, sent.id]


async def test_a_rejected_command_raises_with_the_reason(service: Scripted, run: AsyncRun) -> None:
    service.rejects = "the ratio of creg1a is 2.0; allowed are numbers from 0.9 to 1.1"
    sent = await run.command("set_taps", regulators={"creg1a": 2.0})
    with pytest.raises(CommandRejected, match=r"allowed are numbers from 0\.9 to 1\.1"):
        await sent.wait_applied()
    with pytest.raises(CommandRejected):
        await run.pause()


async def test_a_command_is_sent_again_under_its_id_while_the_service_is_away(
    service: Scripted, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridcast.client.patience.LONGEST_WAIT_S", 0.0)
    service.busy = 2
    await run.command("pause")
    assert len(service.commands) == 3
    assert len({asked["id"] for asked in service.commands}) == 1


async def test_shorthands_send_one_request(service: Scripted, run: AsyncRun) -> None:
    assert (await run.pause()).command == "pause"
    assert (await run.resume()).command == "resume"
    assert (await run.stop()).command == "stop"
    assert (await run.speed(5)).command == "speed"
    assert (await run.speed("max")).status == "applied"
    sent = [(asked["command"], asked.get("args"), asked["wait"]) for asked in service.commands]
    assert sent == [
        ("pause", None, "true"),
        ("resume", None, "true"),
        ("stop", None, "true"),
        ("speed", {"x": 5}, "true"),
        ("speed", {"x": "max"}, "true"),
    ]


async def test_an_id_is_never_taken_for_a_path(service: Scripted) -> None:
    async with AsyncClient(service.url) as client:
        with pytest.raises(Problem) as caught:
            await client.run("../sessions").session()
    assert caught.value.status == 404


async def test_sessions_are_listed_as_they_were_filtered(service: Scripted) -> None:
    async with AsyncClient(service.url) as client:
        found = [session async for session in client.sessions(status="running", scenario="ieee13")]
    assert [(session.id, session.over) for session in found] == [("abc", False)]
    assert service.queries == [{"limit": "200", "status": "running", "scenario": "ieee13"}]
