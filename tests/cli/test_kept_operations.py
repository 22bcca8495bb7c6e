"""`gridcast characterize`, `heatmap`, `scan` and `verify` on a real service: one `up` for all tests."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.started import REAL, REPOSITORY, Gridcast
from tests.waiting import PATIENCE_S

PNG = b"\x89PNG\r\n\x1a\n"
DURATION = ("--duration", "5")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(gridcast: Gridcast, *arguments: str) -> dict[str, Any]:
    done = gridcast(*arguments, "--json", "--csv", "x.csv", "--png", "x.png")
    assert done.exit_code == 0, done.stderr
    assert Path("x.png").read_bytes().startswith(PNG)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(Path("x.csv").read_text().splitlines()))


def test_a_scenario_is_characterized(gridcast: Gridcast) -> None:
    result = found(gridcast, "characterize", "ieee13", *DURATION, "--points", "3")
    assert [point["scale"] for point in result["pv_curve"]] == [0.0, 1.0, 2.0]
    assert len(rows()) == result["simulations"] == 1 + 3 + 2 * len(result["sensitivity"])
    assert result["hosting_limit"]["limited_by"] in ("undervoltage", "diverged")
    told = gridcast("characterize", "ieee13", *DURATION, "--points", "3")
    assert "Hosting limit:" in told.stdout
    assert f"{result['simulations']} of them known already" in told.stdout


def test_two_numbers_are_swept_and_what_the_scenario_refuses_is_marked(gridcast: Gridcast) -> None:
    axes = ("--x", "source_pu=1:1.05:3", "--y", "datacenters.0.power_factor=0.3:0.95:2")
    result = found(gridcast, "heatmap", "ieee13", *axes, *DURATION, "--metric", "worst_vmin")
    assert (result["x"], result["y"]) == ([1.0, 1.025, 1.05], [0.3, 0.95])
    marked = [row["status"] for row in rows() if not row["worst_vmin [pu]"]]
    assert len(rows()) == 6
    assert len(marked) == len(result["failures"])
    assert None not in result["values"][1]


def test_the_sites_of_a_feeder_are_scanned(gridcast: Gridcast) -> None:
    result = found(gridcast, "scan", "--feeder", "ieee13", "--no-scenarios", *DURATION)
    assert len(result["sites"]) == len(rows()) == sum(result["counts"].values())
    told = gridcast("scan", "--feeder", "ieee13", "--no-scenarios", *DURATION).stdout
    assert all(site["bus"] in told for site in result["sites"])
    assert all(rule in told for rule in result["rules"].values())


def test_a_run_is_verified(gridcast: Gridcast) -> None:
    run = gridcast("run", "ieee13", "--set", "duration_s=10", "--json")
    assert gridcast("verify", "last").stdout.startswith("identical: 100 ticks")
    digest = json.loads(gridcast("verify", "last", "--json").stdout)["digest"]
    assert digest == json.loads(run.stdout)["digest"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("heatmap", "ieee13", "--x", "source_pu=2:1:3", "--y", "v_min=0.9:0.95:2"),
            "--x: x_min must be less",
        ),
        (("heatmap", "ieee13", "--x", "nothing=1:2:3", "--y", "v_min=0.9:0.95:2"), "--x: param_x"),
        (
            ("heatmap", "ieee13", "--x", "source_pu=1:1.05:0", "--y", "v_min=0.9:0.95:2"),
            "--x: x_steps must be",
        ),
        (("characterize", "ieee14"), "SCENARIO: there is no scenario 'ieee14'"),
        (("characterize", "ieee13", "--points", "51"), "--points: pv_points must be at most 50"),
        (("characterize", "ieee13", "--set", "nothing=1"), "--set: nothing"),
        (("scan", "--feeder", "ieee14"), "--feeder: feeders must be one of"),
    ],
)
def test_what_is_not_valid_names_the_option(
    gridcast: Gridcast, arguments: tuple[str, ...], said: str
) -> None:
    done = gridcast(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_what_is_detached_is_cancelled_and_deleted_later(gridcast: Gridcast) -> None:
    operation = gridcast("scan", "--detach", "--duration", "3600").stdout.strip()
    assert operation in gridcast("analyses", "--op", "scan").stdout
    assert gridcast("analysis", operation).stdout.startswith(f"the operation {operation} is ")
    assert gridcast("analysis", operation, "--cancel").exit_code == 0
    assert gridcast("analysis", operation, "--delete").exit_code == 0
    assert gridcast("analysis", operation).exit_code == 2


def test_an_interrupted_command_cancels_what_it_started(gridcast: Gridcast, kept_url: str) -> None:
    following = subprocess.Popen(
        [*REAL, "scan", "--duration", "3600"],
        cwd=REPOSITORY,
        env={**os.environ, "GRIDCAST_URL": kept_url},
        stderr=subprocess.DEVNULL,
    )
    try:
        [operation] = listed(gridcast, "running")
        following.send_signal(signal.SIGINT)
        assert following.wait(PATIENCE_S) == 130
    finally:
        following.kill()
        following.wait(PATIENCE_S)
    assert operation in listed(gridcast, "cancelled", operation)


def listed(gridcast: Gridcast, status: str, known: str = "") -> list[str]:
    """Scans of this status, once there are any, `known` among them."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        told = gridcast("analyses", "--op", "scan", "--status", status, "--json").stdout
        ids = [str(one["id"]) for one in json.loads(told)]
        if ids and (not known or known in ids):
            return ids
        assert time.monotonic() < deadline, f"no scan is {status}"
