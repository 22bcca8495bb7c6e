"""`gridcast tune`, `task` and what `monitor` and `ls` tell of tasks, on one real service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.cli.started import REAL, REPOSITORY, Gridcast
from tests.waiting import PATIENCE_S

STEP = "controllers.0.voltage_dual_step_size"
SHORT = f"""
scenario = "ieee13-ofo"
title = "step sizes"
experiments = 3
overrides = {{ duration_s = 10 }}
[space."{STEP}"]
type = "float"
low = 0.1
high = 5.0
"""
FAILING = """
scenario = "ieee13-ofo"
sampler = "grid"
experiments = 6
parallelism = 1
overrides = { duration_s = 300 }
[space."datacenters.0.base_kw_per_phase"]
type = "categorical"
choices = [90000.0, 500.0, 91000.0, 510.0, 92000.0, 520.0]
"""
LONG = SHORT.replace("duration_s = 10", "duration_s = 3600").replace("experiments = 3", "experiments = 500")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.toml"
    path.write_text(SHORT)
    return path


def task_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_task_is_followed_to_its_best(gridcast: Gridcast, spec: Path) -> None:
    task = task_of(gridcast("tune", str(spec), "--json"))
    assert (task["status"], task["progress"]["done"], task["title"]) == ("completed", 3, "step sizes")
    assert task["best"]["overrides"][STEP] == task["best"]["params"][STEP]


def test_a_detached_task_is_looked_at_later(gridcast: Gridcast, spec: Path) -> None:
    task_id = gridcast("tune", str(spec), "--detach").stdout.strip()
    deadline = time.monotonic() + PATIENCE_S
    while task_of(gridcast("task", task_id, "--json"))["status"] != "completed":
        assert time.monotonic() < deadline
    told = gridcast("task", task_id).stdout
    assert "completed" in told
    assert "3 of 3" in told
    best = gridcast("task", task_id, "--best").stdout.strip()
    assert best.startswith(f"gridcast run ieee13-ofo --set duration_s=10 --set {STEP}=")
    run = gridcast(*best.split()[1:], "--json")
    assert json.loads(run.stdout)["ticks"] == 100
    listed = json.loads(gridcast("ls", "--tasks", "--json").stdout)
    assert task_id in [task["id"] for task in listed]
    assert task_id in gridcast("ls", "--tasks").stdout


def test_an_interrupted_tune_cancels_its_task_and_the_monitor_shows_it_until_then(
    gridcast: Gridcast, kept_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "long.toml"
    path.write_text(LONG)
    following = subprocess.Popen(
        [*REAL, "tune", str(path)],
        cwd=REPOSITORY,
        env={**os.environ, "GRIDCAST_URL": kept_url},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE_S
    while not (tasks := json.loads(gridcast("monitor", "--once", "--json").stdout)["tasks"]):
        assert time.monotonic() < deadline
    [task] = tasks
    assert task["progress"]["total"] == 500
    assert task["id"] in gridcast("monitor", "--once").stdout
    following.send_signal(signal.SIGINT)
    assert following.wait(PATIENCE_S) == 130
    while task_of(gridcast("task", task["id"], "--json"))["status"] != "cancelled":
        assert time.monotonic() < deadline
    assert json.loads(gridcast("monitor", "--once", "--json").stdout)["tasks"] == []


def test_a_tune_goes_on_when_the_api_process_is_killed_and_says_nothing_twice(
    kept_url: str, kept_folder: Path, tmp_path: Path
) -> None:
    # Loads that the feeder cannot carry fail, each with a line.
    (tmp_path / "failing.toml").write_text(FAILING)
    with subprocess.Popen(
        [*REAL, "tune", str(tmp_path / "failing.toml"), "--json"],
        cwd=REPOSITORY,
        env={**os.environ, "GRIDCAST_URL": kept_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tuning:
        assert tuning.stdout is not None
        assert tuning.stderr is not None
        lines = []
        for line in tuning.stderr:
            lines.append(line)
            if "-0: " in line:
                break
        [killed] = json.loads((kept_folder / "run.json").read_text())["api_pids"]
        os.kill(killed, signal.SIGKILL)
        rest, told = tuning.stderr.read(), tuning.stdout.read()
        assert tuning.wait(PATIENCE_S) == 0, rest
    task = json.loads(told)
    assert (task["status"], task["progress"]["done"]) == ("completed", 6)
    said = "".join([*lines, rest])
    failed = [f"{task['id']}-{n}: " for n in range(6) if said.count(f"{task['id']}-{n}: ")]
    assert len(failed) == 3
    assert [said.count(name) for name in failed] == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario = ", "is no TOML"),
        (SHORT.replace("low = 0.1", "low = 9.0"), f"space.{STEP}.low"),
        (SHORT.replace("ieee13-ofo", "ieee14"), "ieee14"),
    ],
)
def test_what_is_wrong_with_a_task_is_said(gridcast: Gridcast, spec: Path, text: str, said: str) -> None:
    spec.write_text(text)
    result = gridcast("tune", str(spec))
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_or_task_that_is_not_there_is_bad_input(gridcast: Gridcast, tmp_path: Path) -> None:
    assert gridcast("tune", str(tmp_path / "none.toml")).exit_code == 2
    assert gridcast("task", "nothing").exit_code == 2


def test_the_example_is_a_task(gridcast: Gridcast) -> None:
    task = task_of(
        gridcast("tune", str(REPOSITORY / "docs" / "examples" / "ieee13-ofo.toml"), "--detach", "--json")
    )
    assert task["status"] == "queued"
