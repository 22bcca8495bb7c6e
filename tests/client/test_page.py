"""docs/sdk.md does what it shows, from top to bottom, against a real service."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.cli.started import REAL, started
from tests.client.test_package import BLOCKS

WAIT_S = 240
"""Generous: it takes some twenty seconds where nothing else runs."""


@pytest.mark.timeout(WAIT_S + 60)
async def test_the_pieces_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    folder = tmp_path / "gridcast"
    page = tmp_path / "page.py"
    page.write_text("\n".join(BLOCKS).replace('"http://127.0.0.1:8000"', ""))
    environment = {name: value for name, value in os.environ.items() if name != "GRIDCAST_URL"}
    async with started("up", "--port", "0", "--workers", "1", folder=folder, command=REAL) as up:
        reader = await asyncio.create_subprocess_exec(
            sys.executable,
            str(page),
            cwd=tmp_path,
            env={**environment, "GRIDCAST_DIR": str(folder)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(WAIT_S):
                printed, complaints = await reader.communicate()
        finally:
            if reader.returncode is None:
                reader.kill()
                await reader.wait()
        up.process.terminate()
        await up.ended()
    assert complaints.decode() == ""
    assert reader.returncode == 0
    assert b"completed None" in printed  # the stream came to the end of its run
    assert (tmp_path / "run.parquet").is_file()
