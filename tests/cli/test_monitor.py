"""`gridcast monitor`: what it asks for, what it draws, and how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gridcast.cli.observer import STRETCHES, Observer
from gridcast.client import Problem, Service
from tests.cli.fake_service import SCHEMA
from tests.cli.started import REAL, REPOSITORY, started
from tests.cli.steered_service import ended, in_a_thread, problem, session
from tests.cli.watched_service import WatchedService
from tests.waiting import until

EVENT = {"tick": 1, "t_s": 0.1, "source": "dc1", "topic": "batch_changed", "data": {"Llama": 64}}
DEED = {"tick": 0, "by": "user:ada", "command": "set_taps", "args": {}}
CONTROL = {"tick": 1, "by": "controller:ofo", "command": "set_batch_size", "args": {}}
"""Told by an event already."""
PAST = {
    "tick": [0, 1],
    "t_s": [0.0, 0.1],
    "v": [[1.0, 0.99], [0.94, 1.02]],
    "events": [EVENT],
    "controls": [DEED, CONTROL],
    "n_ticks_in_range": 2,
    "next_offset": 4,
}


@pytest.fixture
def service() -> Iterator[WatchedService]:
    with in_a_thread(WatchedService(history=PAST)) as fake:
        fake.sessions = [
            session("abc", scenario="ieee13", progress=0.5, speed=10, schema={**SCHEMA, "v_min": 0.95})
        ]
        yield fake


def test_one_picture_of_all_runs_and_workers(service: WatchedService) -> None:
    service.sessions.insert(0, session("done1", status="completed", scenario="ieee34", speed="max"))
    done = service.gridcast("monitor", "--once")
    assert done.exit_code == 0, done.stderr
    heading, first, second, *_ = done.stdout.splitlines()
    assert heading.split()[:4] == ["id", "scenario", "status", "done"]
    assert first.split()[:6] == ["abc", "ieee13", "running", "50%", "0:00:00", "10x"]
    assert "0.2 s" in first, "the lag that the worker tells"
    assert "0.9400 at 671.a (below 0.95)" in first
    assert "█" in first
    assert second.startswith("done1"), "those at work come first"
    assert "1 worker, 1 of 4 slots taken, 3 queued" in done.stdout


def test_of_runs_that_are_over_it_tells_the_lowest_voltage_and_how_long_limits_were_violated(
    service: WatchedService,
) -> None:
    summary = {"metrics": {"worst_vmin": 0.9312, "violation_time_s": 1234.5}}
    schema = {**SCHEMA, "v_min": 0.95}
    service.sessions.append(
        session("done1", status="completed", scenario="ieee34", summary=summary, schema=schema)
    )
    lines = service.gridcast("monitor", "--once").stdout.splitlines()
    heading, running, over, *_ = [" ".join(line.split()) for line in lines]
    assert "violations lowest (pu) now (pu)" in heading
    assert running.count("0.9400 at 671.a (below 0.95)") == 2, "so far, and now"
    assert "1,234.5 s 0.9400 at 671.a" in over
    service.history = problem(410, "ticks 0 to 1 are not there any more")
    lines = service.gridcast("monitor", "--once").stdout.splitlines()
    assert "1,234.5 s 0.9312 (below 0.95) -" in " ".join(lines[2].split()), "by its summary"
    told = json.loads(service.gridcast("monitor", "--once", "--json").stdout)["sessions"]
    assert [found["violation_time_s"] for found in told] == [None, 1234.5]


def test_one_picture_of_one_run_tells_what_happened_in_it(service: WatchedService) -> None:
    done = service.gridcast("monitor", "last", "--once")
    assert done.exit_code == 0, done.stderr
    told = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "session abc Run abc" in told
    assert "50%, tick 2 of 4, 0:00:00 of 0:00:00 simulated" in told
    [voltage] = [line for line in told if line.startswith("lowest voltage")]
    assert voltage.endswith("0.9400 at 671.a (below 0.95) now, 0.9400 at 671.a so far (below 0.95) (pu)")
    assert 'tick 1: dc1 batch_changed {"Llama":64}' in told
    assert told.index("tick 0: user:ada set_taps") < told.index('tick 1: dc1 batch_changed {"Llama":64}')


def test_json_adds_to_the_session_objects(service: WatchedService) -> None:
    told = json.loads(service.gridcast("monitor", "--once", "--json").stdout)
    [found] = told["sessions"]
    assert (found["id"], found["status"], found["lag_s"]) == ("abc", "running", 0.25)
    assert (found["vmin_now_pu"], found["vmin_now_at"], found["vmin_pu"]) == (0.94, "671.a", 0.94)
    assert (told["queue_depth"], [worker["id"] for worker in told["workers"]]) == (3, ["w1"])


def test_without_sessions_or_workers_it_says_what_to_do(service: WatchedService) -> None:
    service.sessions, service.workers = [], []
    done = service.gridcast("monitor", "--once")
    assert "no session yet; `gridcast run SCENARIO`" in done.stdout
    assert "no worker is alive; `gridcast worker` starts one" in done.stdout


def test_narrow_and_ascii_terminals_get_a_picture_too(
    service: WatchedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridcast.cli.terminal.PIPE_WIDTH", 70)
    done = service.gridcast("monitor", "--once")
    assert done.exit_code == 0, done.stderr
    assert "0.9400 at 671.a" in done.stdout
    assert "ieee13" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 70
    service.history = {**PAST, "events": [{**EVENT, "data": {"Llama": "64" * 99}}]}
    told = [line.split("  ")[0] for line in service.gridcast("monitor", "last", "--once").stdout.splitlines()]
    assert {"session", "lowest voltage", "over the run", "viewers"} <= {label.strip() for label in told}


async def test_a_look_asks_only_for_what_is_new(service: WatchedService) -> None:
    async with Service(service.url) as client:
        observer = Observer(client, only=None, most=9, clock=iter(range(100)).__next__)
        await observer.look()
        await observer.look()
        [seen] = (await observer.look()).seen
        assert len(service.asked) == 1, "no tick was done meanwhile"
        assert seen.ticks_per_s == 0
        service.sessions[0]["tick"] = 4
        service.history = {
            **PAST,
            "tick": [2, 3],
            "v": [[1.0, 0.9], [1.0, 0.98]],
            "events": [],
            "controls": [],
        }
        [seen] = (await observer.look()).seen
    assert [query["from"] for query in service.asked] == ["0", "2"]
    assert all(query["fields"] == "v,events,controls" for query in service.asked)
    assert all(query["max_points"] == str(STRETCHES) for query in service.asked)
    assert (seen.ticks_per_s, seen.trace.now, seen.trace.lowest) == (2, (0.98, 1), (0.9, 1))
    assert seen.n_happened == 2


async def test_a_past_that_is_gone_does_not_hide_what_comes(service: WatchedService) -> None:
    service.history = problem(410, "ticks 0 to 1 are not there any more")
    async with Service(service.url) as client:
        observer = Observer(client, only="abc", most=9)
        [seen] = (await observer.look()).seen
        assert seen.trace.now is None
        service.sessions[0]["tick"] = 4
        service.history = {**PAST, "tick": [2, 3]}
        [seen] = (await observer.look()).seen
    assert service.asked[-1]["from"] == "2"
    assert seen.trace.now == (0.94, 0)


async def test_a_service_that_cannot_answer_now_fails_the_look(service: WatchedService) -> None:
    service.history = problem(503, "the broker does not answer")
    async with Service(service.url) as client:
        with pytest.raises(Problem):
            await Observer(client, only=None, most=9).look()


async def test_in_a_pipe_it_prints_lines_until_the_session_is_over(
    service: WatchedService, tmp_path: Path
) -> None:
    env = {"GRIDCAST_URL": service.url}
    arguments = ("monitor", "abc", "--every", "0.1")
    async with started(*arguments, command=REAL, folder=tmp_path, env=env, ready=False) as monitor:
        await until(lambda: monitor.out.count("\n") >= 4, what="two pictures")
        service.sessions = [ended("abc")]
        assert await monitor.ended() == 0, monitor.err
    first, workers, *_ = monitor.out.splitlines()
    assert "abc running 50%, 0:00:00 of 0:00:00 simulated, 10x, lag 0.2 s, 0.9400 at 671.a" in first
    assert "1 worker, 1 of 4 slots taken, 3 queued" in workers
    assert "abc completed" in monitor.out


async def test_a_service_that_goes_away_is_told_and_waited_for(tmp_path: Path) -> None:
    with ExitStack() as serving:
        service = serving.enter_context(in_a_thread(WatchedService(history=PAST)))
        env = {"GRIDCAST_URL": service.url}
        arguments = ("monitor", "--every", "0.1")
        async with started(*arguments, command=REAL, folder=tmp_path, env=env, ready=False) as monitor:
            await until(lambda: monitor.out.count("\n") >= 2, what="a picture")
            serving.close()
            await until(lambda: "trying again" in monitor.err, what="a word about it")


@pytest.mark.parametrize(("key", "code"), [(b"q", 0), (b"\x03", 130)])
async def test_a_key_ends_the_live_view_and_gives_the_terminal_back(
    service: WatchedService, tmp_path: Path, key: bytes, code: int
) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 150, 0, 0))
    before = termios.tcgetattr(theirs)
    process = await asyncio.create_subprocess_exec(
        *REAL,
        "monitor",
        cwd=REPOSITORY,
        env={**os.environ, "TERM": "xterm", "GRIDCAST_URL": service.url, "GRIDCAST_DIR": str(tmp_path)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    shown = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: shown.extend(os.read(ours, 65536)))
    try:
        await until(lambda: b"q ends" in shown, what="the live view")
        assert "0.9400 at 671.a" in shown.decode()
        os.write(ours, key)
        assert await process.wait() == code
        assert b"\x1b[?1049l" in shown, "the other screen was left"
        assert termios.tcgetattr(theirs) == before
    finally:
        loop.remove_reader(ours)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("value", ["0", "x", "3601"])
def test_a_wrong_interval_is_exit_code_2(service: WatchedService, value: str) -> None:
    assert service.gridcast("monitor", "--every", value).exit_code == 2


def test_nobody_there_is_exit_code_3() -> None:
    with in_a_thread(WatchedService()) as gone:
        pass
    arguments: Any = (
        ["ls"],
        ["show", "x"],
        ["watch", "x"],
        ["monitor", "--once"],
        ["monitor"],
        ["export", "x"],
    )
    for command in arguments:
        done = gone.gridcast(*command)
        assert done.exit_code == 3, command
        assert gone.url in done.stderr
