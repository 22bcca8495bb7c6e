"""Whether a service may listen where others reach it: asked before anything is started, of the API's own rules."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping

from gridcast.client.net import is_loopback

from .exits import CliError, Exit
from .network import service_url
from .supervisor import api_command


async def check_host(host: str, env: Mapping[str, str]) -> None:
    """Loopback is always allowed, and not asked for: it would take a second of every start.

    Raises:
        CliError: it is refused, with the reason and what to do.
    """
    if is_loopback(service_url(host, 1)) and host not in ("0.0.0.0", "::"):
        return
    child = await asyncio.create_subprocess_exec(
        *api_command(),
        *("--host", host, "--check"),
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, errors = await child.communicate()
    if child.returncode:
        told = errors.decode(errors="replace").strip().removeprefix("error: ")
        raise CliError(Exit.BAD_INPUT, told or "the API's settings are not valid")
