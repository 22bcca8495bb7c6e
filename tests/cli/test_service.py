"""The real thing: `gridcast up` with its own API and workers, and a run on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.started import REAL, alive, started

pytestmark = pytest.mark.slow


async def test_a_run_on_a_temporary_service_leaves_its_summary_and_nothing_else(tmp_path: Path) -> None:
    arguments = ("run", "ieee13", "--set", "duration_s=60", "--json")
    async with started(*arguments, folder=tmp_path / "here", command=REAL, ready=False) as run:
        assert await run.ended() == 0, run.err
        summary = json.loads(run.out)
    assert (summary["type"], summary["ticks"]) == ("summary", 600)
    assert 0.9 < summary["metrics"]["worst_vmin"] < summary["metrics"]["worst_vmax"] < 1.1


async def test_a_demo_ends_the_service_when_it_is_done(tmp_path: Path) -> None:
    arguments = ("up", "--port", "0", "--demo", "ieee13", "--exit-when-done", "--json")
    async with started(*arguments, folder=tmp_path / "here", command=REAL) as up:
        pids = {up.run_file["broker_pid"], *up.run_file["api_pids"], *up.run_file["worker_pids"]}
        assert await up.ended() == 0, up.err
        assert not any(map(alive, pids))
        assert json.loads(up.out.splitlines()[1])["ticks"] == 36_000


async def test_a_wrong_override_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    async with started("up", "--port", "0", folder=folder, command=REAL) as up:
        arguments = ("run", "ieee13", "--set", "duration_s=-1", "--url", up.url)
        async with started(*arguments, folder=folder, command=REAL, ready=False) as run:
            assert await run.ended() == 2
            assert "duration_s" in run.err
