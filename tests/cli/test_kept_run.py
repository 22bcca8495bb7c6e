"""What the command line tells of a real run that is over, from its log and its recording: one `up` for all tests."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.cli.started import Gridcast

TICKS = 300


@pytest.fixture(scope="module")
def gridcast(gridcast: Gridcast) -> Gridcast:
    """Runs commands on a service with two finished runs; `last` has another tap."""
    done = gridcast("run", "ieee13", "--set", f"duration_s={TICKS // 10}", "--title", "first", "--json")
    assert done.exit_code == 0, done.stderr
    taps = 'set_taps {"regulators":{"creg1a":1.05}}'
    done = gridcast("fork", "last", "--at", "200", "--set", "title=second", "--command", taps)
    assert done.exit_code == 0, done.stderr
    done = gridcast("watch", "last", "--json")
    assert done.exit_code == 0, done.stderr
    return gridcast


def ids(gridcast: Gridcast) -> dict[str, str]:
    listed = json.loads(gridcast("ls", "--status", "completed", "--scenario", "ieee13", "--json").stdout)
    return {found["title"]: found["id"] for found in listed}


def test_ls_and_show_tell_of_it(gridcast: Gridcast) -> None:
    assert list(ids(gridcast)) == ["second", "first"]
    told = json.loads(gridcast("show", "last", "--json").stdout)
    assert told["parent"] == {"id": ids(gridcast)["first"], "tick": 200}
    assert [(done["tick"], done["command"]) for done in told["commands"]] == [(200, "set_taps")]
    assert gridcast("show", "last").exit_code == 0


def test_watch_tells_every_tick_in_order(gridcast: Gridcast) -> None:
    entries = [json.loads(line) for line in gridcast("watch", "last", "--jsonl").stdout.splitlines()]
    assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
    ticks = [
        entry["first"] + n for entry in entries if entry["type"] == "ticks" for n in range(len(entry["t_s"]))
    ]
    assert ticks == list(range(TICKS))


def test_monitor_knows_the_lowest_voltage_of_the_summary(gridcast: Gridcast) -> None:
    told = json.loads(gridcast("monitor", "last", "--once", "--json").stdout)
    [seen] = told["sessions"]
    assert seen["vmin_pu"] == pytest.approx(seen["summary"]["metrics"]["worst_vmin"], abs=1e-5)
    assert len(told["workers"]) == 1
    drawn = gridcast("monitor", "--once")
    assert f"{seen['vmin_now_pu']:.4f} at {seen['vmin_now_at']}" in drawn.stdout


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_export_has_a_row_for_each_tick(gridcast: Gridcast, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"run.{ending}"
    told = json.loads(gridcast("export", "last", "-o", str(file), "--json").stdout)
    assert told["bytes"] == file.stat().st_size
    ticks: list[Any]
    if ending == "parquet":
        ticks = pq.read_table(file, columns=["tick"])["tick"].to_pylist()
    elif ending == "csv":
        with file.open(newline="") as lines:
            ticks = [int(row["tick"]) for row in csv.DictReader(lines)]
    else:
        ticks = [row["tick"] for line in file.read_text().splitlines() if "tick" in (row := json.loads(line))]
    assert ticks == list(range(TICKS))


def test_compare_tells_what_the_tap_did(gridcast: Gridcast) -> None:
    first, second = ids(gridcast)["first"], ids(gridcast)["second"]
    done = gridcast("compare", first, second)
    assert done.exit_code == 0, done.stderr
    assert "no parameter differs" in done.stdout
    [violation] = [line for line in done.stdout.splitlines() if line.startswith("voltage violation time")]
    assert violation.split()[-1] == "worse"


def test_it_can_be_replayed(gridcast: Gridcast) -> None:
    done = gridcast("replay", "last")
    assert (done.exit_code, done.stdout.split(",")[0]) == (0, f"identical: {TICKS} ticks"), done.stderr
