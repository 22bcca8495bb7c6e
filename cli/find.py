"""Which service a command talks to: `--url`, GRIDCAST_URL, or the `up` of this folder."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from gridcast.client.net import base_url

from . import environment, terminal
from .exits import CliError, Exit
from .folder import Folder
from .keeper import GaveUp
from .log import TailLog
from .network import free_port
from .supervisor import Supervisor, plan

LOOPBACK = "127.0.0.1"
START_S = 60.0
"""A service that is not ready after this time will not be."""
POLL_S = 0.05


def service(url: str | None) -> str | None:
    """The address of the service, or None where nothing names one.

    Raises:
        CliError: what names one is not an address.
    """
    named = url or os.environ.get(environment.URL)
    if named:
        try:
            return base_url(named)
        except ValueError as error:
            raise CliError(Exit.BAD_INPUT, str(error)) from error
    running = Folder(environment.folder(None)).read()
    return running.url if running else None


@asynccontextmanager
async def service_or_temporary(url: str | None) -> AsyncIterator[str]:
    """The address of the service; where nothing names one, of a temporary one that ends with the context.

    Raises:
        CliError: the temporary service does not start.
    """
    found = service(url) or await _one_that_starts()
    if found:
        yield found
        return
    terminal.err().print(
        "no service here; starting one for this run (`gridcast up` keeps one running)", highlight=False
    )
    with tempfile.TemporaryDirectory(prefix="gridcast-") as directory:
        log = TailLog()
        wanted = plan(
            host=LOOPBACK,
            port=free_port(LOOPBACK),
            workers=1,
            slots=None,
            directory=Path(directory),
            external_redis=environment.external_broker(),
        )
        async with Supervisor(wanted, log=log, changed=_nothing) as supervisor:
            try:
                async with asyncio.timeout(START_S):
                    await supervisor.until_ready()
            except (GaveUp, TimeoutError) as error:
                why = str(error) or f"the temporary service was not ready after {START_S:.0f} s"
                bad_input = isinstance(error, GaveUp) and error.exit is Exit.BAD_INPUT
                raise CliError(
                    Exit.BAD_INPUT if bad_input else Exit.UNREACHABLE, "\n".join([*log.lines, why])
                ) from error
            yield wanted.url


async def _one_that_starts() -> str | None:
    """The `up` of this folder once it serves; None if there is none, or it ends without having served."""
    folder = Folder(environment.folder(None))
    deadline = monotonic() + START_S
    while folder.is_held() and monotonic() < deadline:
        if running := folder.read():
            return running.url
        await asyncio.sleep(POLL_S)
    return None


def _nothing(pids: Mapping[str, list[int]]) -> None:
    """A temporary service has no run.json to keep true."""
