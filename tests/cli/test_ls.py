"""`gridcast ls` and `gridcast show`: what is told of sessions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.cli.fake_service import SUMMARY
from tests.cli.steered_service import in_a_thread, problem, session
from tests.cli.watched_service import WatchedService


@pytest.fixture
def service() -> Iterator[WatchedService]:
    with in_a_thread(WatchedService()) as fake:
        yield fake


def test_each_session_is_one_line_newest_first(service: WatchedService) -> None:
    service.sessions = [
        session("new", scenario="ieee13-ofo", owner="ada", progress=0.5, speed="max", viewers=3),
        session("old", status="queued", queue_position=2, speed=2.5, created=time.time() - 7300),
    ]
    done = service.gridcast("ls")
    assert done.exit_code == 0, done.stderr
    heading, first, second = done.stdout.splitlines()
    assert heading.split() == [
        "id",
        "title",
        "scenario",
        "status",
        "ticks",
        "done",
        "speed",
        "viewers",
        "age",
        "owner",
    ]
    assert first.split() == [
        "new",
        "Run",
        "new",
        "ieee13-ofo",
        "running",
        "2/4",
        "50%",
        "max",
        "3",
        "-",
        "ada",
    ]
    assert "queued (place 2)" in second
    assert second.split()[-4:] == ["2.5x", "0", "2", "h"]


def test_a_pipe_gets_whole_titles(service: WatchedService) -> None:
    service.sessions = [session("abc", title="x" * 200)]
    assert "x" * 200 in service.gridcast("ls").stdout


def test_json_is_one_list_of_session_objects(service: WatchedService) -> None:
    service.sessions = [session("a"), session("b"), session("c")]
    done = service.gridcast("ls", "--json")
    [line] = done.stdout.splitlines()
    assert [found["id"] for found in json.loads(line)] == ["a", "b", "c"]
    service.sessions = []
    assert service.gridcast("ls", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--status", "running"], ["a", "c"]),
        (["--owner", "ada"], ["a"]),
        (["--scenario", "ieee34"], ["c"]),
        (["--scenario", "ieee34", "--owner", "ada"], []),
    ],
)
def test_filters_are_the_services(service: WatchedService, arguments: list[str], ids: list[str]) -> None:
    service.sessions = [
        session("a", owner="ada", scenario="ieee13"),
        session("b", owner="bob", scenario="ieee13", status="paused"),
        session("c", owner="bob", scenario="ieee34"),
    ]
    found = json.loads(service.gridcast("ls", "--json", *arguments).stdout)
    assert [item["id"] for item in found] == ids


@pytest.mark.parametrize(("limit", "more"), [(2, True), (3, False)])
def test_what_the_limit_leaves_out_is_told(service: WatchedService, limit: int, more: bool) -> None:
    service.sessions = [session(name) for name in "abc"]
    done = service.gridcast("ls", "--limit", str(limit))
    assert len(done.stdout.splitlines()) == 1 + limit
    assert ("and older ones" in done.stderr) == more


@pytest.mark.parametrize(("arguments", "told"), [([], "no session yet"), (["--owner", "x"], "these filters")])
def test_an_empty_list_says_why(service: WatchedService, arguments: list[str], told: str) -> None:
    service.sessions = []
    done = service.gridcast("ls", *arguments)
    assert (done.exit_code, done.stdout) == (0, "")
    assert told in done.stderr


def test_text_of_others_is_never_markup(service: WatchedService) -> None:
    service.sessions = [session("abc", title="[red]x[/red]", scenario="[bold]", owner="[/]")]
    done = service.gridcast("ls")
    assert done.exit_code == 0, done.stderr
    assert "[red]x[/red]" in done.stdout
    assert service.gridcast("show", "abc").exit_code == 0


def test_show_tells_state_viewers_commands_parent_and_summary(service: WatchedService) -> None:
    now = time.time()
    service.sessions = [
        session(
            "abc",
            status="stopped",
            reason="stopped by ada",
            scenario="ieee13",
            overrides={"duration_s": 60},
            seed=7,
            attempt=2,
            progress=0.5,
            created=now - 130,
            parent={"id": "mother", "tick": 1},
            summary=SUMMARY,
        )
    ]
    service.watching = [
        {"id": "v1", "name": "ada", "since": now - 5},
        {"id": "v2", "name": "bob", "since": now},
    ]
    service.applied = [
        {"tick": n, "by": "user:ada", "command": "set_taps", "args": {"regulators": {"r1": 1.0}}}
        for n in range(30)
    ]
    done = service.gridcast("show", "last")
    assert done.exit_code == 0, done.stderr
    told = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "status stopped",
        "reason stopped by ada",
        'overrides {"duration_s":60}',
        "seed 7",
        "done 50%: 2 of 4 ticks, 0:00:00 of 0:00:00 simulated",
        "forked from mother at tick 1 (0.1 s)",
        "attempt 2: workers were lost or sent away 1 times",
        'tick 29 (2.9 s) user:ada set_taps {"regulators":{"r1":1.0}}',
    ):
        assert line in told
    assert "2 watching: ada (5 s), bob (0 s)" in told
    assert "the newest 20 of 30 commands (--json has all):" in told
    assert any("lowest voltage" in line for line in told)
    assert any(line.startswith("created") and "(2 min ago)" in line for line in told)


def test_show_json_is_the_session_object_with_viewers_and_commands(service: WatchedService) -> None:
    service.watching = [{"id": "v1", "name": "ada", "since": 1.0}]
    service.applied = [{"tick": 1, "by": "user:ada", "command": "pause", "args": {}}]
    service.history = {"n_ticks_in_range": 2}
    told = json.loads(service.gridcast("show", "abc", "--json").stdout)
    more = {"watching": service.watching, "commands": service.applied, "kept": {"ticks": 2}}
    assert told == {**session("abc"), **more}


def test_show_tells_whether_all_ticks_are_kept(service: WatchedService) -> None:
    service.history = {"n_ticks_in_range": 2}
    assert "all 2 ticks" in service.gridcast("show", "abc").stdout
    service.history = problem(410, "ticks 0 to 1 are not there any more")
    done = service.gridcast("show", "abc")
    assert done.exit_code == 0, done.stderr
    assert "ticks 0 to 1 are not there any more" in done.stdout


def test_show_names_those_who_watch_and_counts_the_others(service: WatchedService) -> None:
    service.sessions = [session("abc", viewers=120)]
    service.watching = [{"id": "v1", "name": "ada", "since": time.time()}]
    assert "120 watching: ada (0 s) and 119 more" in service.gridcast("show", "abc").stdout


def test_a_quiet_session_is_told_as_such(service: WatchedService) -> None:
    done = service.gridcast("show", "abc")
    assert "nobody watches" in done.stdout
    assert "no commands so far" in done.stdout


@pytest.mark.parametrize("command", ["show", "watch", "monitor", "export"])
def test_an_unknown_id_says_what_there_is(service: WatchedService, command: str) -> None:
    done = service.gridcast(command, "nope")
    assert done.exit_code == 2
    assert "the newest: abc; `gridcast ls` lists them" in done.stderr
    service.sessions = []
    assert "`gridcast run SCENARIO` starts a session" in service.gridcast(command, "last").stderr
