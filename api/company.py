"""Tells viewers who else watches, where each one looks, and who steers: pushed when it changes, never in the log."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NoReturn

import orjson
import structlog

from gridcast.broadcaster import BrokerUnavailable, Channel, Company, Presence
from gridcast.broadcaster.names import new_id
from gridcast.broadcaster.presence import Glance
from gridcast.broadcaster.wheel import Wheel, Wheels

from .audience import Seat
from .frames import Frame

log = structlog.get_logger(__name__)

COLORS: Final = ("#1f6fb2", "#b3541e", "#2b7a4b", "#8a3ffc", "#a8326e", "#00717f", "#7a5c00", "#5b5b66")
"""Of people: each has a contrast of 4.5 to white."""

REFRESH_S: Final = 5.0
"""How often it is said who is here, for the wheels' sake."""

PAUSE_S: Final = 0.25
AFTER_ERROR_S: Final = 5.0
"""Pause after a round that failed for a reason nobody foresaw: one that always fails must not fill the log."""
NEWS_EVERY_S: Final = 1.0
SEATS_PER_S: Final = 100
"""Beyond so many who listen to one channel news comes less often, so that it costs the same however many there are."""


def listing(company: Company) -> dict[str, Any]:
    """The body of `GET /api/sessions/{id}/viewers`, and of the `viewers` frame but for its `you`."""
    return {
        "count": company.count,
        "viewers": [
            {
                "id": v.id,
                "name": v.name,
                "color": color_of(v.name),
                "since": v.since,
                "tick": company.ticks.get(v.id),
            }
            for v in company.shown
        ],
    }


def color_of(name: str) -> str:
    """The colour in which somebody is shown, everywhere and always the same."""
    return COLORS[zlib.crc32(name.encode()) % len(COLORS)]


def wheel_object(wheel: Wheel) -> dict[str, Any]:
    """As the protocol tells it; who asked first comes first."""
    asked = sorted(wheel.asked.items(), key=lambda item: (item[1], item[0]))
    return {
        "holder": wheel.holder,
        "since": wheel.since,
        "asked": [{"name": name, "ts": round(at, 3)} for name, at in asked],
    }


class News:
    """The `viewers` frames of one company: one for all who are not shown in it, one for each who is."""

    def __init__(self, company: Company, wheel: Wheel | None) -> None:
        said = listing(company)
        self._count = said["count"]
        self._wheel = b"" if wheel is None else b',"wheel":' + orjson.dumps(wheel_object(wheel))
        self._parts = [orjson.dumps(viewer) for viewer in said["viewers"]]
        self._places = {viewer["id"]: i for i, viewer in enumerate(said["viewers"])}
        self._common = self._frame(self._parts)

    def for_viewer(self, viewer_id: str) -> Frame:
        """The frame in which this viewer is marked with `"you": true`."""
        place = self._places.get(viewer_id)
        if place is None:
            return self._common
        parts = list(self._parts)
        parts[place] = parts[place][:-1] + b',"you":true}'
        return self._frame(parts)

    def _frame(self, parts: Iterable[bytes]) -> Frame:
        return Frame(
            b'{"type":"viewers","count":%d,"viewers":[%b]%b}' % (self._count, b",".join(parts), self._wheel)
        )


async def keep_wheels(wheels: Wheels, seats: Iterable[Seat]) -> NoReturn:
    """Say again and again who watches through this process, until cancelled: a holder who does has not let go."""
    while True:
        await asyncio.sleep(min(REFRESH_S, wheels.grace_s / 3))
        present: dict[Channel, set[str]] = defaultdict(set)
        for seat in seats:
            if seat.channel.kind == "session":
                present[seat.channel].add(seat.viewer.name)
        try:
            await wheels.watched(present)
        except BrokerUnavailable:
            log.debug("holders of wheels not seen: the broker is away")


class Herald:
    """Carries playheads to the other processes, and their news to those who listen in this one.

    `wheels`: where somebody else than everybody may steer.
    """

    def __init__(
        self,
        presence: Presence,
        seats: Iterable[Seat],
        *,
        wheels: Wheels | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._presence = presence
        self._wheels = wheels
        self._seats = seats
        self._clock = clock
        self._process = new_id()
        self._seen: dict[Channel, tuple[Glance, Wheel | None]] = {}
        self._told_at: dict[Channel, float] = {}
        self._told: dict[Seat, bytes] = {}

    async def run(self) -> None:
        """Go round until cancelled. Whatever goes wrong in a round, the next one begins anew."""
        while True:
            await asyncio.sleep(PAUSE_S)
            try:
                await self.go_round()
            except BrokerUnavailable:
                log.debug("no news of viewers: the broker is away")
            except Exception:  # the outermost frame of a task that must last as long as the process
                log.exception("a round of news of viewers failed")
                await asyncio.sleep(AFTER_ERROR_S)

    async def go_round(self) -> None:
        """Pass on what moved here, and tell everyone what changed. Raises `BrokerUnavailable`."""
        here: dict[Channel, list[Seat]] = defaultdict(list)
        for seat in self._seats:
            here[seat.channel].append(seat)
        for channel, seats in here.items():
            moved = [seat for seat in seats if seat.playhead.moved]
            if moved:
                ticks = {s.viewer.id: s.playhead.tick for s in seats if s.playhead.tick is not None}
                for seat in moved:
                    seat.playhead.moved = False
                try:
                    await self._presence.place(channel, self._process, ticks)
                except Exception:
                    for seat in moved:
                        seat.playhead.moved = True
                    raise
        listening = {
            channel: [seat for seat in seats if seat.ear is not None]
            for channel, seats in here.items()
            if self._due(channel, seats)
        }
        glances = await self._presence.glances(list(listening)) if listening else []
        wheels: Sequence[Wheel | None] = (
            [None] * len(listening) if self._wheels is None else await self._wheels.states(list(listening))
        )
        for (channel, seats), glance, wheel in zip(listening.items(), glances, wheels, strict=True):
            if self._seen.get(channel) != (glance, wheel) or any(seat not in self._told for seat in seats):
                self._seen[channel] = (glance, wheel)
                self._told_at[channel] = self._clock()
                self._tell(seats, News(await self._presence.company(channel), wheel))
        self._forget(here)

    def _due(self, channel: Channel, seats: list[Seat]) -> bool:
        ears = sum(seat.ear is not None for seat in seats)
        pause_s = max(NEWS_EVERY_S, ears / SEATS_PER_S)
        return ears > 0 and self._clock() - self._told_at.get(channel, float("-inf")) >= pause_s

    def _tell(self, seats: list[Seat], news: News) -> None:
        for seat in seats:
            frame = news.for_viewer(seat.viewer.id)
            if seat.ear is None or self._told.get(seat) == frame.payload:
                continue
            if seat.ear.tell(frame):
                self._told[seat] = frame.payload
            else:
                self._told.pop(seat, None)

    def _forget(self, here: dict[Channel, list[Seat]]) -> None:
        for channel in self._told_at.keys() - here.keys():
            self._told_at.pop(channel, None)
            self._seen.pop(channel, None)
        if len(self._told) > sum(map(len, here.values())):
            seated = {seat for seats in here.values() for seat in seats}
            self._told = {seat: payload for seat, payload in self._told.items() if seat in seated}
