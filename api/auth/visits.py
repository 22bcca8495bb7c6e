"""Requests and sockets that are open now, and the warden who ends those whose right has ended.

A visit is judged when it begins, and again every `CHECK_S` for as long as it lasts: one question to the broker for each
thing that somebody looks at through this process, however many look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NoReturn

import structlog

from gridcast.api.failures import FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, Failure
from gridcast.broadcaster import BrokerUnavailable, Channel
from gridcast.broadcaster.access import Access, AccessBook

from .rights import Need, Who
from .roles import LOCAL, Asker, Role

log = structlog.get_logger(__name__)

CHECK_S: Final = 5.0
"""Between two looks at who may still be here; also how old what new requests are judged by may be."""

REMEMBERED: Final = 4096
"""Channels whose access is remembered."""

_PIECE: Final = 200


class Visit:
    """One request, or one socket, of somebody. `role` is what they are now at what it is about; `counted`,
    in whose name it is counted; `ended`, why it must end."""

    __slots__ = ("_end", "asker", "channels", "counted", "ended", "need", "role")

    def __init__(
        self,
        asker: Asker,
        need: Need,
        channels: Sequence[Channel] = (),
        *,
        role: Role,
        counted: str = "",
    ) -> None:
        self.asker = asker
        self.counted = counted
        self.need = need
        self.channels = tuple(channels)
        self.role = role
        self.ended: Failure | None = None
        self._end: Callable[[Failure], None] | None = None

    def on_end(self, end: Callable[[Failure], None]) -> None:
        """What ends it, called once at most."""
        self._end = end

    def end(self, failure: Failure) -> None:
        if self.ended is None:
            self.ended = failure
            if self._end is not None:
                self._end(failure)


LOCAL_VISIT: Final = Visit(LOCAL, Need(), role=Role.OWNER)
"""Every visit, where accounts are off."""


class Accesses:
    """What the broker says of who may see what, remembered for `CHECK_S`."""

    def __init__(self, book: AccessBook, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._book = book
        self._clock = clock
        self._known: dict[Channel, tuple[float, Access]] = {}

    def remembered(self, channel: Channel) -> Access | None:
        """What is known and not too old."""
        found = self._known.get(channel)
        return None if found is None or self._clock() - found[0] > CHECK_S else found[1]

    def last_known(self, channel: Channel) -> Access | None:
        """The same, however old."""
        found = self._known.get(channel)
        return None if found is None else found[1]

    def forget(self, channel: Channel) -> None:
        self._known.pop(channel, None)

    async def read(self, channels: Sequence[Channel]) -> list[Access | None]:
        """What is true now, for each channel. Raises `BrokerUnavailable`."""
        found: list[Access | None] = []
        for begin in range(0, len(channels), _PIECE):
            found += await self._book.read(channels[begin : begin + _PIECE])
        now = self._clock()
        for channel, access in zip(channels, found, strict=True):
            self._known.pop(channel, None)
            if access is not None:
                self._known[channel] = (now, access)
        while len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
        return found


class Warden:
    """Looks after all visits of this process."""

    def __init__(self, accesses: Accesses, *, clock: Callable[[], float] = time.time) -> None:
        self._accesses = accesses
        self._clock = clock
        self._visits: set[Visit] = set()
        self._hurry = asyncio.Event()

    def __len__(self) -> int:
        return len(self._visits)

    def __iter__(self) -> Iterator[Visit]:
        return iter(self._visits)

    def enter(self, visit: Visit) -> None:
        self._visits.add(visit)

    def leave(self, visit: Visit) -> None:
        self._visits.discard(visit)

    def hurry(self) -> None:
        """Look at once: something was taken back through this process."""
        self._hurry.set()

    async def run(self) -> NoReturn:
        """Look round again and again, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(CHECK_S):
                    await self._hurry.wait()
            except TimeoutError:
                pass
            self._hurry.clear()
            try:
                await self.look_round()
            except Exception:  # the outermost frame of a task that must last as long as the process
                log.exception("a look at who may be here failed")

    async def look_round(self) -> None:
        """End the visits of those who may not be here any more. While the broker is away only tokens end."""
        visits = [visit for visit in self._visits if visit.ended is None]
        channels = list({channel for visit in visits for channel in visit.channels})
        try:
            found = await self._accesses.read(channels)
        except BrokerUnavailable:
            found = [self._accesses.last_known(channel) for channel in channels]
        accesses = dict(zip(channels, found, strict=True))
        now = self._clock()
        for visit in visits:
            role, failure = judge(visit.asker, visit.need, visit.channels, accesses.get, now=now)
            if failure is None:
                visit.role = role
            elif visit.asker.ended_at(now) or all(accesses[channel] for channel in visit.channels):
                visit.end(failure)  # what was deleted ends by itself, and says so


def judge(
    asker: Asker,
    need: Need,
    channels: Sequence[Channel],
    access_of: Callable[[Channel], Access | None],
    *,
    now: float,
) -> tuple[Role, Failure | None]:
    """What somebody is at all of these channels (the least of it), and why that is not enough, if it is not."""
    user = asker.user_at(now)
    ended = asker.ended_at(now)
    if need.who is Who.ADMIN and (user is None or not user.admin):
        return Role.NOBODY, _nobody(ended) if user is None else Failure(FORBIDDEN, "only admins may do this")
    if need.who is Who.USER and user is None:
        return Role.NOBODY, _nobody(ended)
    if need.who is Who.KNOWN and user is None and (ended or asker.share is None):
        return Role.NOBODY, _nobody(ended)
    if need.role is Role.NOBODY:
        # Nothing that exists already: what comes of it is the asker's own.
        return Role.OWNER if user is not None else Role.NOBODY, None
    least = Role.ADMIN if user is not None and user.admin else Role.OWNER
    for channel in channels:
        access = access_of(channel)
        role = asker.role_at(channel, access, now=now)
        if role < need.role:
            return role, _refusal(asker, need, channel, role, now=now, there=access)
        least = min(least, role)
    return least, None


def _nobody(ended: bool) -> Failure:
    detail = (
        "your token has expired; sign in again"
        if ended
        else "sign in first: send a token as `Authorization: Bearer ...`"
    )
    return Failure(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": "Bearer"})


def _refusal(
    asker: Asker, need: Need, channel: Channel, role: Role, *, now: float, there: Access | None
) -> Failure:
    named = f"{channel.kind} {channel.id}"
    if role is not Role.NOBODY:
        needed = "its owner" if need.role is Role.OWNER else "whoever may steer it"
        detail = f"you are a {role.word} of {named}, and this takes {needed}"
        return Failure(FORBIDDEN, detail)
    if asker.user_at(now) is None:
        if asker.share is not None and asker.share.channel == channel:
            return Failure(FORBIDDEN, f"this link to {named} has ended or was withdrawn; ask for a new one")
        return _nobody(asker.ended_at(now))
    if there is None:
        return Failure(NOT_FOUND, f"there is no {named}; it was never created, or it was deleted")
    return Failure(FORBIDDEN, f"{named} is not yours, and was not shared with you")
