"""Which session a command means: an id, a beginning that only one id has, or `last`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from gridcast.client import JSONObject, Problem, Service

from . import find
from .exits import CliError, Exit

NEWEST = "last"
NOT_FOUND = 404
SHOWN = 5
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@asynccontextmanager
async def service_at(url: str | None) -> AsyncIterator[Service]:
    """The service of this command.

    Raises:
        CliError: nothing names one.
        ClientError: it does not answer.
    """
    address = find.service(url)
    if address is None:
        raise CliError(
            Exit.UNREACHABLE,
            "no service: name one with --url or GRIDCAST_URL, or start `gridcast up` in this folder",
        )
    async with Service(address) as service:
        yield service


@asynccontextmanager
async def service_with(url: str | None, name: str) -> AsyncIterator[tuple[Service, JSONObject]]:
    """The service of this command, and the session object that `name` means there.

    Raises:
        CliError: nothing names a service, or no session is meant by `name`, or more than one.
        ClientError: the service does not answer.
    """
    async with service_at(url) as service:
        yield service, await session(service, name)


async def session(service: Service, name: str) -> JSONObject:
    """The session object that `name` means, with its schema."""
    if name != NEWEST and _ID.fullmatch(name):
        try:
            return await service.session(name)
        except Problem as problem:
            if problem.status != NOT_FOUND:
                raise
    return await service.session(await _one_id(service, name))


async def _one_id(service: Service, name: str) -> str:
    found: list[str] = []
    newest: list[str] = []
    async with aclosing(service.sessions()) as listed:
        async for item in listed:
            session_id = str(item.get("id"))
            if name == NEWEST:
                return session_id
            if len(newest) < SHOWN:
                newest.append(session_id)
            if name and session_id.startswith(name):
                found.append(session_id)
    if len(found) == 1:
        return found[0]
    if found:
        raise CliError(
            Exit.BAD_INPUT,
            f"{name!r} begins {len(found)} ids; write more of the one you mean: {_some(found)}",
        )
    if name == NEWEST:
        raise CliError(Exit.BAD_INPUT, "there is none yet; `gridcast run SCENARIO` starts a session")
    known = f"the newest: {_some(newest)}; `gridcast ls` lists them" if newest else "there is none yet"
    raise CliError(Exit.BAD_INPUT, f"no session's id begins with {name!r}; {known}")


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
