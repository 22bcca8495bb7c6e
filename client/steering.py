"""Sending a command and waiting for its one answer, over any number of lost connections."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Mapping
from time import monotonic

from .errors import Problem, Unreachable
from .patience import LONGEST_WAIT_S, UNAVAILABLE
from .service import Service
from .types import JSON, Entry

GIVE_UP_S = 15.0
"""A service that was silent for so long is not coming back soon; an API process that died is back within seconds."""


def new_command_id() -> str:
    """An id that no other command has."""
    return secrets.token_hex(8)


async def steer(
    service: Service,
    session_id: str,
    command: str,
    args: Mapping[str, JSON] | None = None,
    *,
    command_id: str | None = None,
    give_up_s: float = GIVE_UP_S,
) -> Entry:
    """The `command` entry of an applied command. It takes effect once, however often it has to be sent.

    With the `command_id` of a command that was sent before, this is about that one.

    While the session is queued or recovering the command waits there, and this waits with it, without an end.

    Raises:
        CommandRejected: the session refused it, and says why; nothing was changed.
        Problem: the session has ended (409), or the service refused it; nothing was changed.
        Unreachable: nobody answered for `give_up_s`; the command may have been stored, and then takes effect.
    """
    command_id = command_id or new_command_id()
    lost_since: float | None = None
    while True:
        try:
            return await service.command(session_id, command, args, command_id=command_id, wait=True)
        except Problem as problem:
            if problem.status != UNAVAILABLE:
                raise
            failure: Problem | Unreachable = problem
        except Unreachable as unreachable:
            failure = unreachable
        # A command that waits for long looks like a lost service too: ask whether anybody is there.
        now = monotonic()
        if await _answers(service, session_id):
            lost_since = None
        elif lost_since is None:
            lost_since = now
        elif now - lost_since > give_up_s:
            raise failure
        await asyncio.sleep(random.uniform(0, LONGEST_WAIT_S))


async def _answers(service: Service, session_id: str) -> bool:
    try:
        await service.session(session_id)
    except Unreachable:
        return False
    except Problem as problem:
        if problem.status != UNAVAILABLE:
            raise
        return False
    return True
