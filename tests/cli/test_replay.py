"""`gridcast replay`: the same run again, the first tick that differs, and what cannot be replayed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.fake_service import TICKS
from tests.cli.steered_service import ended, in_a_thread, log_of, session
from tests.cli.watched_service import WatchedService, jsonl

ROW = {"tick": 0, "t_s": 0.0, "v.671.a": 1.0, "events": None, "controls": None}
TAPS = {"tick": 1, "by": "user:ada", "command": "set_taps", "args": {"regulators": {"r1": 1.05}}}


@pytest.fixture
def service() -> Iterator[WatchedService]:
    with in_a_thread(WatchedService()) as fake:
        yield fake


def record(service: WatchedService, *ticks: dict[str, Any], **more: Any) -> None:
    """Let `abc` be an ended session with this log."""
    found = ended("abc", **more)
    service.sessions, service.logs["abc"] = [found], log_of(found, *ticks)


def rerun(service: WatchedService, *ticks: dict[str, Any], **more: Any) -> None:
    """What the fork of it will have computed."""
    service.logs["fork1"] = log_of(ended("fork1", **more), *ticks)


def test_an_identical_run_is_exit_code_0_and_its_session_deleted(service: WatchedService) -> None:
    record(service)
    rerun(service)
    done = service.gridcast("replay", "abc")
    assert (done.exit_code, done.stdout) == (0, "identical: 4 ticks, digest abc\n"), done.stderr
    overrides = {"title": "Replay of Run abc", "speed": "max"}
    assert service.forked == [("abc", {"at_tick": 4, "overrides": overrides})]
    assert service.deleted == ["fork1"]


def test_a_session_that_was_stopped_early_is_stopped_again_at_its_tick(service: WatchedService) -> None:
    record(service, TICKS[0], status="stopped", tick=2)
    rerun(service, TICKS[0], status="stopped", tick=2)
    done = service.gridcast("replay", "abc", "--json", "--keep")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["identical"], told["replay"], told["ticks"], told["digest"]) == (True, "fork1", 2, "abc")
    [(_, body)] = service.forked
    assert (body["at_tick"], body["commands"]) == (2, [{"command": "stop"}])
    assert service.deleted == []


def test_a_different_run_is_exit_code_1_and_names_the_first_tick_that_differs(
    service: WatchedService,
) -> None:
    record(service)
    rerun(service, digest="other")
    service.files["abc"] = jsonl([ROW, {**ROW, "tick": 1, "t_s": 0.1, "v.671.a": 0.9900000000000001}])
    service.files["fork1"] = jsonl([ROW, {**ROW, "tick": 1, "t_s": 0.1, "v.671.a": 0.99}])
    done = service.gridcast("replay", "abc")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "different from tick 1 (0.1 s) on",
        "  voltage at 671.a (pu): 0.9900000000000001 recorded, 0.99 replayed",
        "  digests: abc recorded, other replayed",
    ]
    assert service.asked == [{"format": "jsonl"}] * 2
    assert service.deleted == ["fork1"]


def test_json_names_what_differs(service: WatchedService) -> None:
    record(service)
    rerun(service, digest="other")
    service.files["abc"] = jsonl([{**ROW, "controls": [TAPS]}])
    service.files["fork1"] = jsonl([ROW])
    told = json.loads(service.gridcast("replay", "abc", "--json").stdout)
    assert told["identical"] is False
    assert told["first_difference"] == {
        "tick": 0,
        "t_s": 0.0,
        "values": [
            {
                "what": "controls",
                "recorded": [{"command": "set_taps", "args": TAPS["args"]}],
                "replayed": [],
            }
        ],
    }


def test_a_run_that_was_shorter_differs_where_it_ended(service: WatchedService) -> None:
    record(service)
    rerun(service, TICKS[0], tick=2)
    service.files["abc"] = jsonl([ROW, {**ROW, "tick": 1, "t_s": 0.1}])
    service.files["fork1"] = jsonl([ROW])
    done = service.gridcast("replay", "abc")
    assert done.exit_code == 1
    assert "different from tick 1 (0.1 s) on\n  ticks: goes on recorded, ended before replayed" in done.stdout


@pytest.mark.parametrize("status", [410, 503])
def test_a_past_that_cannot_be_had_is_told_and_the_verdict_stands(
    service: WatchedService, status: int
) -> None:
    record(service)
    rerun(service, digest="other")
    service.no_export = status
    done = service.gridcast("replay", "abc")
    assert (done.exit_code, done.stdout.splitlines()[:2]) == (
        1,
        ["different", "  where cannot be told: ticks 0 to 1 are not there any more"],
    )
    assert service.deleted == ["fork1"]


def test_a_difference_that_nothing_kept_shows_is_told_as_such(service: WatchedService) -> None:
    record(service)
    rerun(service, digest="other")
    service.file = jsonl([ROW])
    done = service.gridcast("replay", "abc")
    assert done.exit_code == 1
    assert done.stdout.startswith("different\n  what is kept of both runs is the same")


def test_a_replay_that_fails_is_told_with_its_reason_and_deleted(service: WatchedService) -> None:
    record(service)
    failed = session("fork1", status="failed", tick=2, reason="tick 2: the power flow did not converge")
    service.logs["fork1"] = log_of(failed, TICKS[0])
    done = service.gridcast("replay", "abc")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "failed at tick 2: tick 2: the power flow did not converge" in done.stderr
    assert service.deleted == ["fork1"]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (session("abc"), "abc is running; a completed or stopped session can be replayed; wait for its end"),
        (session("abc", status="failed"), "abc is failed"),
        (session("abc", status="stopped", tick=0, summary=None), "nothing to replay"),
    ],
)
def test_what_has_no_end_to_compare_with_is_refused(
    service: WatchedService, found: dict[str, Any], told: str
) -> None:
    service.sessions = [found]
    done = service.gridcast("replay", "abc")
    assert done.exit_code == 4
    assert told in done.stderr
    assert service.forked == []


def test_the_longest_title_still_makes_one(service: WatchedService) -> None:
    record(service)
    service.sessions[0]["title"] = "x" * 200
    rerun(service)
    assert service.gridcast("replay", "abc").exit_code == 0
    [(_, body)] = service.forked
    assert len(body["overrides"]["title"]) == 200
