"""`gridcast run` and `gridcast scenarios` against a service: output, exit codes, and what an interruption does."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridcast.cli.exits import CliError
from gridcast.cli.main import app
from gridcast.cli.run import parse_overrides, parse_speed
from tests.cli.fake_service import SUMMARY, FakeService, entries, serving
from tests.cli.started import Started, started
from tests.waiting import until


@pytest.fixture
async def service() -> AsyncIterator[FakeService]:
    async with serving(FakeService()) as fake:
        yield fake


def gridcast(tmp_path: Path, *arguments: str, url: str = "") -> AbstractAsyncContextManager[Started]:
    env = {"GRIDCAST_URL": url} if url else {}
    return started(*arguments, folder=tmp_path / "here", env=env, ready=False)


async def test_json_is_the_summary_entry_alone(service: FakeService, tmp_path: Path) -> None:
    arguments = ("run", "ieee13", "--set", "duration_s=60", "--set", "datacenters.0.name=dc", "--seed", "7")
    async with gridcast(tmp_path, *arguments, "--speed", "20", "--json", url=service.url) as run:
        assert await run.ended() == 0, run.err
        [line] = run.out.splitlines()
        assert SUMMARY.items() <= json.loads(line).items()
    assert service.posted == [
        {
            "scenario": "ieee13",
            "overrides": {"duration_s": 60, "datacenters.0.name": "dc"},
            "seed": 7,
            "speed": 20.0,
        }
    ]


async def test_the_summary_is_a_table_with_units(service: FakeService, tmp_path: Path) -> None:
    async with gridcast(tmp_path, "run", "ieee13", "--url", service.url) as run:
        assert await run.ended() == 0, run.err
        assert "lowest voltage" in run.out
        assert "0.9400" in run.out
        assert f"{service.url}/sessions/abc" in run.err


async def test_a_lost_connection_is_resumed(service: FakeService, tmp_path: Path) -> None:
    service.cuts = [3]
    async with gridcast(tmp_path, "run", "ieee13", "--json", url=service.url) as run:
        assert await run.ended() == 0, run.err
        assert "reconnecting" in run.err
    assert [query["since"] for query in service.queries] == ["0", "3"]


async def test_the_service_of_this_folder_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    async with (
        started("up", "--port", "0", folder=folder) as up,
        started("run", "ieee13", "--json", folder=folder, ready=False) as run,
    ):
        assert await run.ended() == 0, run.err
        assert f"{up.url}/sessions/abc" in run.err


async def test_a_service_that_is_still_starting_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    async with started("up", "--port", "0", folder=folder, ready=False) as up:
        await until(lambda: "starting in" in up.err)
        async with started("run", "ieee13", "--json", folder=folder, ready=False) as run:
            assert await run.ended() == 0, run.err
        assert f"{up.url}/sessions/abc" in run.err


async def test_without_a_service_a_temporary_one_runs_and_ends(tmp_path: Path) -> None:
    async with gridcast(tmp_path, "run", "ieee13", "--json") as run:
        assert await run.ended() == 0, run.err
        assert json.loads(run.out)["type"] == "summary"
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(("status", "code"), [(422, 2), (409, 4), (503, 3), (500, 1)])
async def test_a_refusal_names_the_field_and_has_its_exit_code(
    service: FakeService, tmp_path: Path, status: int, code: int
) -> None:
    errors = [{"loc": ["overrides", "duration_s"], "msg": "must be above 0"}]
    service.refusal = (status, {"title": "refused", "detail": "this does not go", "errors": errors})
    async with gridcast(tmp_path, "run", "ieee13", "--json", url=service.url) as run:
        assert await run.ended() == code
        assert run.out == ""
        assert "this does not go" in run.err
        assert "overrides.duration_s: must be above 0" in run.err


@pytest.mark.parametrize("last", ["failed", "stopped"])
async def test_a_run_that_does_not_complete_has_failed(
    service: FakeService, tmp_path: Path, last: str
) -> None:
    service.log = entries(last=last, reason="tick 4: no convergence")
    async with gridcast(tmp_path, "run", "ieee13", "--json", url=service.url) as run:
        assert await run.ended() == 1
        assert run.out == ""
        assert f"{last}: tick 4: no convergence" in run.err


async def test_nobody_there_is_exit_code_3(tmp_path: Path) -> None:
    async with serving(FakeService()) as service:
        url = service.url
    async with gridcast(tmp_path, "run", "ieee13", "--url", url) as run:
        assert await run.ended() == 3
        assert url in run.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_it_stops_its_session(
    service: FakeService, tmp_path: Path, number: signal.Signals
) -> None:
    service.log, service.hold = service.log[:3], True
    async with gridcast(tmp_path, "run", "ieee13", url=service.url) as run:
        await until(lambda: bool(service.queries), what="the run's connection")
        run.process.send_signal(number)
        assert await run.ended() == 130
    assert [command["command"] for command in service.commands] == ["stop"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "ieee13", "--set", "duration_s"),
        ("run", "ieee13", "--set", "a=1", "--set", "a=2"),
        ("run", "ieee13", "--speed", "fast"),
        ("run", "ieee13", "--seed", "x"),
        ("run",),
        ("run", "ieee13", "--url", "localhost:8000"),
        ("up", "--exit-when-done"),
        ("up", "--port", "70000"),
        ("dance",),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


async def test_scenarios_come_from_the_service(service: FakeService, tmp_path: Path) -> None:
    async with gridcast(tmp_path, "scenarios", "--json", url=service.url) as listing:
        assert await listing.ended() == 0
        assert json.loads(listing.out) == [{"name": "ieee13"}]


def test_values_of_overrides_are_json_where_they_can_be() -> None:
    settings = ["a=1", "b.0.c=true", "d=text", 'e="671"', "f=[1, 2]", "g=", "h=x=y", "i=null"]
    assert parse_overrides(settings) == {
        "a": 1,
        "b.0.c": True,
        "d": "text",
        "e": "671",
        "f": [1, 2],
        "g": "",
        "h": "x=y",
        "i": None,
    }


def test_speed_is_max_or_a_number() -> None:
    assert (parse_speed("max"), parse_speed("2.5")) == ("max", 2.5)
    for text in ("fast", "", "nan", "inf"):
        with pytest.raises(CliError):
            parse_speed(text)
