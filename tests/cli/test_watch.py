"""`gridcast watch`: a run followed by a person or a script, and how that ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.started import REAL, started
from tests.cli.steered_service import ended, in_a_thread, log_of, session
from tests.cli.watched_service import WatchedService
from tests.waiting import until

COMMAND = {
    "type": "command",
    "by": "user:ada",
    "command": "set_taps",
    "args": {"regulators": {"r1": 1.05}},
    "status": "applied",
    "tick": 2,
}


@pytest.fixture
def service() -> Iterator[WatchedService]:
    with in_a_thread(WatchedService()) as fake:
        yield fake


def record(service: WatchedService, *entries: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    found = {**ended("abc"), "head": 4, **more}
    service.sessions, service.logs["abc"] = [found], log_of(found, *entries)
    return service.logs["abc"]


def test_every_entry_is_a_line_of_json(service: WatchedService) -> None:
    log = record(service)
    done = service.gridcast("watch", "last", "--jsonl")
    assert done.exit_code == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == log


@pytest.mark.parametrize(
    ("where", "since"), [(["--since", "3"], "3"), (["--live"], "4"), (["--from-start"], "0"), ([], "0")]
)
def test_where_to_begin(service: WatchedService, where: list[str], since: str) -> None:
    log = record(service)
    done = service.gridcast("watch", "abc", "--jsonl", *where)
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(log) - int(since)
    assert [(query["since"], query["epoch"]) for query in service.queries] == [(since, "epoch-abc")]


def test_a_person_is_told_what_happened_and_the_summary(service: WatchedService) -> None:
    rejected = {**COMMAND, "status": "rejected", "error": "no such regulator"}
    record(service, *[COMMAND, rejected])
    done = service.gridcast("watch", "abc")
    assert done.exit_code == 0, done.stderr
    assert 'user:ada set_taps {"regulators":{"r1":1.05}} at tick 2 (0.2 s)' in done.stderr
    assert "rejected: no such regulator" in done.stderr
    assert "completed at tick 4 (0.4 s)" in done.stderr
    assert "lowest voltage" in done.stdout


def test_json_is_the_summary_alone(service: WatchedService) -> None:
    log = record(service)
    done = service.gridcast("watch", "abc", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == log[-2]


def test_the_summary_of_a_run_that_is_over_is_known_also_live(service: WatchedService) -> None:
    record(service)
    service.sessions[0]["head"] = len(service.logs["abc"])
    done = service.gridcast("watch", "abc", "--live")
    assert done.exit_code == 0, done.stderr
    assert "lowest voltage" in done.stdout


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_a_run_that_did_not_complete_is_exit_code_1(service: WatchedService, status: str) -> None:
    record(service, status=status, reason="tick 4: no convergence")
    for form in ([], ["--jsonl"]):
        done = service.gridcast("watch", "abc", *form)
        assert done.exit_code == 1
        assert f"{status}: tick 4: no convergence" in done.stderr


def test_trimmed_entries_are_told(service: WatchedService) -> None:
    log = record(service)
    reset = {"type": "reset", "epoch": "e2", "earliest_offset": 3, "earliest_tick": 0, "reason": "trimmed"}
    service.logs["abc"] = [reset, *log[2:]]
    assert "some entries were trimmed" in service.gridcast("watch", "abc").stderr
    assert json.loads(service.gridcast("watch", "abc", "--jsonl").stdout.splitlines()[0]) == reset


@pytest.mark.parametrize("wrong", [["--live", "--since", "3"], ["--jsonl", "--json"], ["--since", "-1"]])
def test_contradictions_are_exit_code_2(service: WatchedService, wrong: list[str]) -> None:
    assert service.gridcast("watch", "abc", *wrong).exit_code == 2


async def test_ctrl_c_leaves_quietly_and_the_session_runs_on(service: WatchedService, tmp_path: Path) -> None:
    service.sessions = [session("abc", head=0)]
    service.logs["abc"], service.hold = log_of(ended("abc"))[:2], True
    env = {"GRIDCAST_URL": service.url}
    async with started("watch", "abc", "--jsonl", folder=tmp_path, env=env, ready=False) as watch:
        await until(lambda: watch.out.count("\n") == 2, what="two entries")
        watch.process.send_signal(signal.SIGINT)
        assert await watch.ended() == 130
        assert watch.err == ""
    assert service.commands == []


async def test_a_reader_that_has_seen_enough_ends_it_quietly(service: WatchedService, tmp_path: Path) -> None:
    record(service, *[COMMAND] * 5000)
    line = f"{' '.join(REAL)} watch abc --jsonl | head -n 2"
    env = {"GRIDCAST_URL": service.url}
    async with started("-c", line, command=("sh",), folder=tmp_path, env=env, ready=False) as shell:
        assert await shell.ended() == 0
        assert shell.out.count("\n") == 2
        assert shell.err == ""
