"""The commands that steer a session, against a service: what they send, what they print, how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gridcast.cli.main import app
from tests.cli.steered_service import SteeredService, in_a_thread, problem, session


@pytest.fixture
def service() -> Iterator[SteeredService]:
    with in_a_thread(SteeredService()) as fake:
        yield fake


def sent(service: SteeredService) -> dict[str, Any]:
    """The one command that came, without its id."""
    [command] = service.commands
    return {name: value for name, value in command.items() if name != "id"}


@pytest.mark.parametrize(
    ("line", "command", "args"),
    [
        ("pause abc", "pause", None),
        ("resume abc", "resume", None),
        ("stop abc", "stop", None),
        ("step abc 10", "step", {"ticks": 10}),
        ("until abc --t 1200", "run_until", {"t_s": 1200.0}),
        (
            "until abc --bus 671 --phase a --below 0.95",
            "run_until",
            {"bus": "671", "phase": "a", "below": 0.95},
        ),
        ("until abc --bus 671 --above 1.05", "run_until", {"bus": "671", "above": 1.05}),
        ("speed abc 2.5", "speed", {"x": 2.5}),
        ("speed abc max", "speed", {"x": "max"}),
        (
            "set abc batch dc A=8 B=x=16",
            "set_batch_size",
            {"datacenter": "dc", "batch_size_by_model": {"A": 8, "B=x": 16}},
        ),
        (
            "set abc replicas dc A -20",
            "shift_replicas",
            {"datacenter": "dc", "model": "A", "replica_delta": -20},
        ),
        ("set abc taps r1=1.05 r2=0.95", "set_taps", {"regulators": {"r1": 1.05, "r2": 0.95}}),
        (
            "set abc storage bat --kw -200 --kvar 50",
            "set_storage_power",
            {"storage": "bat", "power_kw": -200.0, "reactive_power_kvar": 50.0},
        ),
        (
            "set abc storage bat --kw 1",
            "set_storage_power",
            {"storage": "bat", "power_kw": 1.0, "reactive_power_kvar": 0.0},
        ),
        ("set abc controller ofo off", "set_controller", {"name": "ofo", "enabled": False}),
        ("set abc controller ofo on", "set_controller", {"name": "ofo", "enabled": True}),
    ],
)
def test_a_command_is_sent_and_its_answer_printed(
    service: SteeredService, line: str, command: str, args: dict[str, Any] | None
) -> None:
    done = service.gridcast(*line.split())
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"abc {command}: applied at tick 2 (0.2 s)\n"
    expected: dict[str, Any] = {"session": "abc", "command": command}
    assert sent(service) == (expected if args is None else {**expected, "args": args})


def test_json_is_the_command_entry(service: SteeredService) -> None:
    done = service.gridcast("pause", "abc", "--json")
    assert done.exit_code == 0, done.stderr
    [line] = done.stdout.splitlines()
    assert (json.loads(line)["type"], json.loads(line)["tick"]) == ("command", 2)


@pytest.mark.parametrize(
    ("name", "meant"), [("last", "new1"), ("n", "new1"), ("old", "old9"), ("mid", "mid")]
)
def test_a_session_is_named_by_id_or_beginning_or_as_the_newest(
    service: SteeredService, name: str, meant: str
) -> None:
    service.sessions = [session(each) for each in ("new1", "mid5", "mid", "old9")]
    done = service.gridcast("pause", name)
    assert done.exit_code == 0, done.stderr
    assert sent(service)["session"] == meant


@pytest.mark.parametrize(
    ("names", "name", "told"),
    [
        (["abc", "abd"], "ab", "abc, abd"),
        (["abc"], "x", "the newest: abc"),
        ([], "last", "there is none yet"),
        (["abc"], "", "the newest: abc"),
        (["abc"], "../abc", "the newest: abc"),
    ],
)
def test_a_name_that_means_no_one_session_is_refused(
    service: SteeredService, names: list[str], name: str, told: str
) -> None:
    service.sessions = [session(each) for each in names]
    done = service.gridcast("pause", name)
    assert done.exit_code == 2
    assert told in done.stderr
    assert service.commands == []


@pytest.mark.parametrize(("status", "code"), [(409, 4), (422, 2), (404, 2)])
def test_a_refusal_is_told_with_its_exit_code(service: SteeredService, status: int, code: int) -> None:
    service.rejection = problem(status, "the session is paused already; allowed are resume, step")
    done = service.gridcast("pause", "abc", "--json")
    assert done.exit_code == code
    assert done.stdout == ""
    assert "paused already; allowed are resume, step" in done.stderr


def test_a_lost_answer_is_asked_for_again_under_the_same_id(service: SteeredService) -> None:
    service.outages = 2
    done = service.gridcast("pause", "abc")
    assert done.exit_code == 0, done.stderr
    assert sent(service)["command"] == "pause"
    assert service.outages == 0


def test_who_waits_for_a_queued_session_is_told(service: SteeredService) -> None:
    service.sessions = [session("abc", status="queued")]
    done = service.gridcast("pause", "abc")
    assert done.exit_code == 0, done.stderr
    assert "abc is queued; the command waits" in done.stderr


def test_nobody_there_is_exit_code_3() -> None:
    with in_a_thread(SteeredService()) as gone:
        pass
    done = gone.gridcast("pause", "last")
    assert done.exit_code == 3
    assert gone.url in done.stderr


def test_no_service_at_all_is_exit_code_3(tmp_path: Path) -> None:
    env = {"GRIDCAST_URL": None, "GRIDCAST_DIR": str(tmp_path)}
    done = CliRunner().invoke(app, ["pause", "last"], env=env)
    assert done.exit_code == 3
    assert "gridcast up" in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "pause",
        "step abc",
        "step abc 0",
        "step abc 100001",
        "step abc x",
        "until abc",
        "until abc --t 1 --bus 671 --below 1",
        "until abc --bus 671",
        "until abc --bus 671 --below 1 --above 1",
        "until abc --t 1 --below 1",
        "until abc --t 1 --phase a",
        "until abc --bus 671 --phase d --below 1",
        "until abc --t nan",
        "speed abc",
        "speed abc fast --url http://127.0.0.1:1",
        "speed abc nan --url http://127.0.0.1:1",
        "set",
        "set abc",
        "set abc dance",
        "set abc batch dc",
        "set abc batch dc A --url http://127.0.0.1:1",
        "set abc batch dc A=1.5 --url http://127.0.0.1:1",
        "set abc batch dc A=1 A=2 --url http://127.0.0.1:1",
        "set abc batch dc =1 --url http://127.0.0.1:1",
        "set abc taps r1=inf --url http://127.0.0.1:1",
        "set abc replicas dc A x",
        "set abc replicas dc A 1 --what",
        "set abc storage bat",
        "set abc storage bat --kw inf",
        "set abc controller ofo maybe",
        "fork abc",
        "fork abc --at -1",
        "fork abc --at 1 --set duration_s --url http://127.0.0.1:1",
        "replay",
    ],
)
def test_a_wrong_command_line_is_exit_code_2(line: str) -> None:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr


def test_a_fork_is_started_with_its_settings_and_commands(service: SteeredService) -> None:
    arguments = ("fork", "abc", "--at", "2", "--set", "duration_s=60", "--set", "title=2024")
    commands = ("--command", "pause", "--command", 'set_taps {"regulators": {"r1": 1.05}}')
    done = service.gridcast(*arguments, *commands)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "fork1 forked from abc at tick 2 (0.2 s): http://lab/sessions/fork1\n"
    body = {
        "at_tick": 2,
        "overrides": {"duration_s": 60, "title": "2024"},
        "commands": [{"command": "pause"}, {"command": "set_taps", "args": {"regulators": {"r1": 1.05}}}],
    }
    assert service.forked == [("abc", body)]


def test_json_of_a_fork_is_the_session_object(service: SteeredService) -> None:
    done = service.gridcast("fork", "last", "--at", "0", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == service.fork
    assert service.forked == [("abc", {"at_tick": 0})]


@pytest.mark.parametrize("command", ["set_taps {", "set_taps [1]", "set_taps 1"])
def test_a_command_of_a_fork_that_cannot_be_read_is_refused(service: SteeredService, command: str) -> None:
    done = service.gridcast("fork", "abc", "--at", "2", "--command", command)
    assert done.exit_code == 2
    assert "JSON object" in done.stderr
    assert service.forked == []


@pytest.mark.parametrize(
    ("loc", "msg", "told"),
    [
        (["at_tick"], "allowed are 0 to 2, not 7", "error: --at: allowed are 0 to 2, not 7"),
        (["overrides", "duration_s"], "too short", "error: --set duration_s: too short"),
        (["commands"], "give overrides.duration_s", "error: commands: give --set duration_s"),
        (["commands", 1, "args"], "too large", "error: --command number 2.args: too large"),
    ],
)
def test_a_refused_fork_names_the_option(
    service: SteeredService, loc: list[str | int], msg: str, told: str
) -> None:
    detail = f"{'.'.join(map(str, loc))}: {msg}"
    service.refusal = (422, {"title": "no", "detail": detail, "errors": [{"loc": loc, "msg": msg}]})
    done = service.gridcast("fork", "abc", "--at", "7")
    assert done.exit_code == 2
    assert done.stderr == f"{told}\n"


@pytest.mark.parametrize(("ticks", "told"), [("-5", "greater"), ("0", "greater"), ("100001", "less")])
def test_a_number_of_ticks_out_of_range_is_told_as_such(ticks: str, told: str) -> None:
    result = CliRunner().invoke(app, ["step", "last", ticks])
    assert result.exit_code == 2
    assert f"{told} than or equal to" in result.stderr
