"""`gridcast scenarios`: what can be run."""

from __future__ import annotations

import asyncio
import sys

import orjson
from rich.table import Table
from rich.text import Text

from gridcast.client import JSONObject, Service

from . import find, terminal
from .exits import CliError, Exit


async def scenarios(url: str | None, *, as_json: bool) -> Exit:
    """Print the catalogue of the service, or of this installation where none runs."""
    address = find.service(url)
    if address is None:
        items = await _installed()
    else:
        async with Service(address) as service:
            items = await service.scenarios()
    if as_json:
        terminal.print_json(items)
        return Exit.OK
    table = Table("scenario", "feeder", "what", box=None, pad_edge=False)
    for item in items:
        table.add_row(*(Text(str(item.get(key) or "")) for key in ("name", "feeder", "title")))
    terminal.out().print(table)
    return Exit.OK


async def _installed() -> list[JSONObject]:
    """Asks a process of its own: the command line imports nothing but the client."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gridcast.scenarios",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await child.communicate()
    if child.returncode:
        raise CliError(Exit.FAILED, f"the catalogue cannot be read:\n{errors.decode(errors='replace')}")
    return list(orjson.loads(output))
