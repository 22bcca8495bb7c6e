"""The page in a real browser: pick, run, watch, open a second tab, see the same ticks, steer, seek, fork."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.started import Started
from tests.e2e.driving import drive


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="module")
async def test_all_tabs_of_a_run_see_the_same_ticks(up: Started, screenshots: Path) -> None:
    saw = await drive("live", up.url, screenshots)
    assert saw["troubles"] == [], "the console of the page shows errors"

    first, second, third = saw["entries"]
    assert first == second, "the tabs did not get the same bytes"
    entries = [json.loads(text) for text in first]
    # Who comes after a long run takes what is past from its recording; how long it was depends on the machine.
    assert third, "the late tab got nothing"
    assert set(third) <= set(first), "the late tab got other bytes"
    assert len(set(third)) == len(third), "the late tab got something twice"
    assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
    ticks = [entry for entry in entries if entry["type"] == "ticks"]
    assert [entry["first"] for entry in ticks] == [
        sum(len(before["t_s"]) for before in ticks[:i]) for i in range(len(ticks))
    ]
    assert entries[-1]["status"] == "stopped"
    assert sum(len(entry["t_s"]) for entry in ticks) == entries[-1]["tick"]
    assert all(0 < count < len(entries) for count in saw["together"]), "the run was over too soon"

    commands = [entry for entry in entries if entry["type"] == "command"]
    assert [(entry["by"], entry["command"], entry["status"]) for entry in commands] == [
        ("user:local", "pause", "applied"),
        ("user:local", "set_batch_size", "applied"),
        ("user:local", "shift_replicas", "rejected"),
        ("user:local", "step", "applied"),
        ("user:local", "resume", "applied"),
        ("user:local", "stop", "applied"),
    ]
    assert len({entry["command_id"] for entry in commands}) == len(commands)
    steered = saw["steered"]
    assert steered["refusal"] == commands[2]["error"]
    fork = steered["fork"]
    assert fork["time"] == fork["parentTime"] != steered["before"], "the fork is not where its parent was"
    assert "forked from" in fork["origin"]

    assert saw["sought"]["where"] == "00:01.0 of 1:00:00"
    assert saw["sought"]["seenThere"] == "at 00:01.0"

    one, other, late = saw["shown"]
    assert one["readings"] == other["readings"] == late["readings"]
    assert all(re.fullmatch(r"[01]\.\d{4} \S [01]\.\d{4}", text) for text in one["readings"]), one["readings"]
    assert len(set(one["readings"])) > 3, "the crosshair did not move"
    [summary] = [entry for entry in entries if entry["type"] == "summary"]
    for shown in saw["shown"]:
        assert shown["digest"] == summary["digest"]
        assert shown["time"] == one["time"]
        assert all(share > 0.2 for share in shown["drawn"]), "a chart was not painted"
