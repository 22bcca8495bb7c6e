"""A command that was sent, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from .messages import CommandAnswer, answer_of
from .service import Service
from .steering import steer
from .types import JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncSent:
    """A command that is stored for its run and takes effect once."""

    id: str
    session_id: str
    command: str
    args: Mapping[str, JSON]
    service: Service = field(repr=False)
    give_up_s: float

    async def wait_applied(self, *, timeout_s: float | None = None) -> CommandAnswer:
        """Wait until it took effect; while the run is queued or recovering the command waits, and so does this.

        Raises:
            CommandRejected: the run refused it, and says why; nothing was changed.
            Problem: the run had ended.
            Unreachable: nobody answered for the client's `give_up_s`; the command is stored all the same.
            TimeoutError: it took longer than `timeout_s`; the command is stored all the same.
        """
        async with asyncio.timeout(timeout_s):
            entry = await steer(
                self.service,
                self.session_id,
                self.command,
                self.args,
                command_id=self.id,
                give_up_s=self.give_up_s,
            )
        return answer_of(entry)
