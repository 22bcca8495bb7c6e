"""`gridcast compare`: what differs between runs, with units, and in words whether that is good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.steered_service import in_a_thread, session
from tests.cli.watched_service import WatchedService

COMPARISON: dict[str, Any] = {
    "sessions": [session("abc", scenario="ieee13", tick=4), session("def", scenario="ieee13-ofo", tick=4)],
    "parameters": [
        {"path": "controllers.0.type", "values": {"abc": None, "def": "ofo"}},
        {"path": "taps", "values": {"abc": [1.0], "def": []}},
    ],
    "summary": {
        "violation_time_s": {"abc": 10.0, "def": 2.5},
        "mean_throughput_tps": {"abc": 9000.0, "def": 8000.0},
        "worst_vmin": {"abc": 0.94, "def": 0.95},
        "worst_vmax": {"abc": 1.0200001, "def": 1.0200002},
        "mean_batch_by_model": {"abc": {"Llama": 128.0}, "def": {"Llama": 64.0, "Qwen": 8.0}},
    },
    "differences": {},
    "series": {"t_s": [0.0, 0.2], "abc": {"v_min": [1.0, 0.94]}, "def": {"v_min": [0.97, None]}},
}


@pytest.fixture
def service() -> Iterator[WatchedService]:
    sessions = [session("abc"), session("def"), session("ghi")]
    with in_a_thread(WatchedService(sessions=sessions, comparison=COMPARISON)) as fake:
        yield fake


def told(service: WatchedService, *names: str) -> list[str]:
    done = service.gridcast("compare", *names)
    assert done.exit_code == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_parameters_that_differ_and_metrics_with_their_differences(service: WatchedService) -> None:
    lines = told(service, "abc", "def")
    assert service.asked == [{"ids": "abc,def", "max_points": "24"}]
    for line in (
        "controllers.0.type - ofo",
        "taps [1.0] []",
        "voltage violation time (s) 10.0 2.5 -7.5 better",
        "mean throughput (as OpenG2G counts) (tokens/s) 9,000 8,000 -1,000 worse",
        "lowest voltage (pu) 0.9400 0.9500 +0.0100",
        "highest voltage (pu) 1.0200 1.0200 same",
        "mean batch: Llama 128.0 64.0 -64.0",
        "mean batch: Qwen - 8.0 -",
    ):
        assert line in lines


def test_the_voltages_of_all_runs_are_drawn_on_one_scale(service: WatchedService) -> None:
    lines = told(service, "abc", "def")
    assert lines[0].endswith("lowest voltage, 0.9400 to 1.0000 pu")
    assert lines[1].endswith("█▁")
    assert lines[2].endswith("▅")


def test_runs_without_summaries_or_differences_are_told_as_such(service: WatchedService) -> None:
    service.comparison = {**COMPARISON, "parameters": [], "summary": {}, "series": {"t_s": []}}
    lines = told(service, "abc", "def")
    assert "no parameter differs" in lines
    assert any(line.startswith("no summaries to compare yet") for line in lines)


def test_ticks_that_a_run_has_lost_are_named_beside_its_voltages(service: WatchedService) -> None:
    service.comparison = {**COMPARISON, "missing": {"def": [[0, 1], [3, 3]]}}
    lines = told(service, "abc", "def")
    assert any(
        line.startswith("def: ticks 0 to 1, 3 to 3 are gone; its voltages here lack them") for line in lines
    )
    assert "violation" in " ".join(lines), "the summaries are there all the same"
    service.comparison = {**COMPARISON, "missing": {"abc": [[n, n] for n in range(0, 12, 2)]}}
    assert any("4 to 4, 6 to 6 and 2 stretches more are gone" in line for line in told(service, "abc", "def"))
    service.comparison = {**COMPARISON, "missing": {}}
    assert not any("are gone" in line for line in told(service, "abc", "def"))


def test_json_is_the_answer_of_the_service(service: WatchedService) -> None:
    done = service.gridcast("compare", "a", "def", "last", "--json")
    assert done.exit_code == 2, "`a` and `last` are one session"
    done = service.gridcast("compare", "d", "last", "--json")
    assert json.loads(done.stdout) == COMPARISON
    assert service.asked == [{"ids": "def,abc"}]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["abc"], "2 to 8 sessions can be compared, not 1"),
        (["abc"] * 9, "2 to 8 sessions can be compared, not 9"),
        (["abc", "last"], "abc is meant more than once"),
        (["abc", "nope"], "no session's id begins with 'nope'"),
    ],
)
def test_what_cannot_be_compared_is_exit_code_2(
    service: WatchedService, names: list[str], message: str
) -> None:
    done = service.gridcast("compare", *names)
    assert done.exit_code == 2
    assert message in done.stderr
    assert service.asked == []


def test_a_refusal_of_the_service_is_told(service: WatchedService) -> None:
    service.comparison = {}
    done = service.gridcast("compare", "abc", "def")
    assert done.exit_code == 2
    assert "cannot be compared" in done.stderr
