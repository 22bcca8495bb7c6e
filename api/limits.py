"""What one user may have and do at once, and all together: asked here, told here in words for people.

Bounds of one user hold where accounts are on: without them there is one user, whom they would protect from nobody. Bounds in
all hold always.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Final

from redis.asyncio import Redis
from starlette.types import Scope

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.admission import Admission
from gridcast.broadcaster.names import ENV_PREFIX
from gridcast.broadcaster.rates import REMEMBERED, WINDOW_S, Rate, Rates
from gridcast.broadcaster.sockets import Sockets
from gridcast.broadcaster.starts import Full, Starts

from .auth.roles import Asker
from .failures import RATE_LIMITED, TOO_MANY, Failure, Fault, invalid
from .pace import Pace

HELD_S: Final = 0.25
"""How long a refusal for a rate is held back: who asks again at once is slowed down, and costs the others little."""

AT_ONCE: Final = 20
FASTER: Final = 2
"""What a window allows is not served all at once: a second's worth is, `AT_ONCE` at least, then `FASTER` times the rate."""

RETRY_S: Final = 10
"""What `Retry-After` says where there are too many: nobody knows when one of them ends."""


def counted_as(asker: Asker, scope: Scope) -> str:
    """In whose name a request is counted: the user's, or the address that whoever is not signed in comes from."""
    if asker.user is not None:
        return f"user:{asker.user.name}"
    client = scope.get("client")
    return f"from:{client[0] if client else 'unknown'}"


class Limits:
    """Lets through or refuses with a `Failure`; `refused` counts refusals by what there was too much of."""

    def __init__(self, settings: Settings, redis: Redis, *, per_user: bool) -> None:
        self._settings = settings
        self._per_user = per_user
        self._requests = Rate(name="requests", per_s=settings.user_requests_per_s)
        self._commands = Rate(name="commands", per_s=settings.user_commands_per_s)
        self._rates = Rates(redis)
        self._admission = Admission(redis)
        self._starts = Starts(redis, settings)
        self.sockets = Sockets(redis)
        self._paces: dict[str, Pace] = {}
        self.refused: Counter[str] = Counter()

    async def request(self, who: str) -> None:
        """Count a request; it waits for its turn among those of the same user, where they come in a flood.

        Raises:
            Failure: there were too many.
        """
        await self._count(self._requests, who)
        per_s = self._requests.per_s
        if self._per_user and per_s:
            if who not in self._paces and len(self._paces) >= REMEMBERED:
                self._paces.pop(next(iter(self._paces)))
            await self._paces.setdefault(who, Pace(FASTER * per_s, max(AT_ONCE, per_s))).spend()

    async def command(self, who: str) -> None:
        """Count a command, also one on a socket.

        Raises:
            Failure: there were too many.
        """
        await self._count(self._commands, who)

    @contextlib.asynccontextmanager
    async def socket(self, who: str) -> AsyncIterator[None]:
        """Count a socket, or an event stream, for as long as the block lasts.

        Raises:
            Failure: there are too many.
        """
        most = self._settings.user_sockets
        if not self._per_user or not most:
            yield
            return
        if not await self.sockets.open(who, most=most):
            raise self._too_many("sockets", "open sockets and event streams", "user_sockets", "close some")
        try:
            yield
        finally:
            await self.sockets.close(who)

    async def new(self, channel: Channel, owner: str) -> None:
        """Count a session, task or operation that is about to be made, or revived.

        A session counts until it was let start, the others until they are over.

        Raises:
            Failure: there are too many.
            BrokerUnavailable
        """
        session = channel.kind == "session"
        what, name, words = (
            ("sessions", "queued_sessions", "sessions that wait for a worker")
            if session
            else ("analyses", "analyses", "tasks and operations that are not over")
        )
        of_user: int = getattr(self._settings, f"user_{name}")
        of_all: int = getattr(self._settings, f"all_{name}")
        verdict = await self._admission.admit(
            channel, owner, of_user=of_user if self._per_user else 0, of_all=of_all
        )
        if verdict == "in":
            return
        if verdict == "user":
            running = self._settings.user_running_sessions
            beside = f"; {running} may run at once ({_env('user_running_sessions')})"
            hint = "stop or delete some, or wait until " + ("some have started" if session else "they end")
            hint += beside if session and running else ""
            raise self._too_many(what, words, f"user_{name}", hint)
        raise self._full(what, words, f"all_{name}")

    async def why_waiting(self, owners: Sequence[str]) -> dict[str, str]:
        """For each of these users, in words, why none of their sessions may start now though a worker may be free; users
        who are not held back are left out.

        Raises:
            BrokerUnavailable
        """
        return {name: _held(full) for name, full in (await self._starts.full(owners)).items()}

    def length(self, *, n_ticks: int, duration_s: float, at: tuple[str, ...]) -> None:
        """Whether a session may run so long; `at` is the field that says so.

        Raises:
            Failure
        """
        settings = self._settings
        for found, most, unit, name in (
            (n_ticks, settings.session_ticks, "ticks", "session_ticks"),
            (duration_s, settings.session_duration_s, "simulated seconds", "session_duration_s"),
        ):
            if found > most:
                text = f"{found:.10g} {unit} are too many here; at most {most} are allowed ({_env(name)})"
                raise invalid([Fault(at, text)])

    async def _count(self, rate: Rate, who: str) -> None:
        wait_s = await self._rates.take(rate, who) if self._per_user else 0.0
        if not wait_s:
            return
        self.refused[rate.name] += 1
        await asyncio.sleep(HELD_S)
        retry_s = max(1, math.ceil(wait_s))
        detail = (
            f"{rate.most} {rate.name} in {WINDOW_S} s are allowed to one user "
            f"({_env(f'user_{rate.name}_per_s')}={rate.per_s}), and there were more; wait {retry_s} s, then go on slower"
        )
        raise Failure(RATE_LIMITED, detail, headers={"Retry-After": str(retry_s)})

    def _too_many(self, what: str, words: str, name: str, hint: str) -> Failure:
        self.refused[what] += 1
        most = getattr(self._settings, name)
        detail = f"one user may have {most} {words} ({_env(name)}), and you have as many; {hint}"
        return Failure(TOO_MANY, detail, headers={"Retry-After": str(RETRY_S)})

    def _full(self, what: str, words: str, name: str) -> Failure:
        self.refused[what] += 1
        most = getattr(self._settings, name)
        detail = (
            f"this service holds {most} {words} ({_env(name)}), and is full; try again when others have ended"
        )
        return Failure(TOO_MANY, detail, headers={"Retry-After": str(RETRY_S)})


def _held(full: Full) -> str:
    if full.owner is None:
        bound = f"As many sessions run as may at once ({full.running}, {_env('all_running_sessions')})"
    else:
        bound = f"{full.owner} has as many sessions running as one user may have at once"
        bound += f" ({full.running}, {_env('user_running_sessions')})"
    return f"{bound}; this one starts when one of them has ended."


def _env(name: str) -> str:
    return f"{ENV_PREFIX}{name.upper()}"
