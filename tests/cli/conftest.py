"""Fixtures of the command line's tests."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridcast.cli.main import app
from tests.cli.started import REAL, REPOSITORY, Gridcast
from tests.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def kept_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the module's `gridcast up` keeps: its run file, its log, its recordings."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def kept_url(kept_folder: Path) -> Iterator[str]:
    """Address of a real `gridcast up`, one for all tests of a module; nothing of it is left behind."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GRIDCAST_")}
    with (kept_folder / "up.log").open("w") as log:
        up = subprocess.Popen(
            [*REAL, "up", "--port", "0", "--dir", str(kept_folder)],
            cwd=REPOSITORY,
            env=ours,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert up.stdout is not None
        ready = up.stdout.readline()
        assert ready.startswith("ready "), (kept_folder / "up.log").read_text()
        yield ready.removeprefix("ready ").strip()
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def gridcast(kept_url: str) -> Gridcast:
    """Runs commands in this process on the module's service."""
    return lambda *arguments: CliRunner().invoke(app, arguments, env={"GRIDCAST_URL": kept_url})
