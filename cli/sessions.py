"""Starting a session and following it to its end; what is known about it on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from gridcast.client import ClientError, Entry, JSONObject, Service, follow

from .exits import CliError, Exit

STOP_S = 2.0
"""How long an interrupted command tries to stop the session that it has started."""
SUCCESS = "completed"


@dataclass(kw_only=True)
class Course:
    """A session's course so far, folded from its entries."""

    session: JSONObject
    ticks: int = 0
    n_ticks: int = 0
    tick_s: float = 0.0
    lowest: tuple[float, str] | None = None
    """Lowest voltage so far (pu), and where."""
    highest: tuple[float, str] | None = None
    newest: tuple[float, float] | None = None
    """Lowest and highest voltage of the newest tick that has any (pu)."""
    power_w: float | None = None
    """Power of all datacenters in the newest tick in which one was due."""
    status: str = "queued"
    reason: str | None = None
    summary: Entry | None = None
    gaps: int = 0
    _bus_phases: list[str] = field(default_factory=list)

    @classmethod
    def from_now(cls, session: JSONObject) -> Course:
        """The course of a session whose entries so far are not read."""
        course = cls(session=session, ticks=_int(session.get("tick")), n_ticks=_int(session.get("n_ticks")))
        if isinstance(schema := session.get("schema"), dict):
            course.take({"type": "schema", **schema})
        course.status = str(session.get("status"))
        if isinstance(summary := session.get("summary"), dict):
            course.summary = summary
        return course

    def take(self, entry: Entry) -> None:
        """Fold in one entry of the session's log."""
        match entry.get("type"):
            case "schema":
                self.n_ticks = _int(entry.get("n_ticks"))
                self.tick_s = _float(entry.get("tick_s"))
                self._bus_phases = places(entry)
            case "ticks":
                self._take_ticks(entry)
            case "status":
                self.status = str(entry.get("status"))
                self.reason = str(entry["reason"]) if entry.get("reason") else None
            case "summary":
                self.summary = entry
            case "reset":
                self.gaps += 1

    def _take_ticks(self, entry: Entry) -> None:
        times, rows = entry.get("t_s"), entry.get("v")
        if isinstance(times, list):
            self.ticks = _int(entry.get("first")) + len(times)
        power_w = total_power_w(entry)
        self.power_w = self.power_w if power_w is None else power_w
        if not isinstance(rows, list):
            return
        for row in rows:
            values = [v for v in row if isinstance(v, (int, float))] if isinstance(row, list) else []
            if not values:
                continue
            self.newest = low, high = min(values), max(values)
            if self.lowest is None or low < self.lowest[0]:
                self.lowest = (low, self._where(row, low))
            if self.highest is None or high > self.highest[0]:
                self.highest = (high, self._where(row, high))

    def _where(self, row: object, value: float) -> str:
        index = row.index(value) if isinstance(row, list) else -1
        return self._bus_phases[index] if 0 <= index < len(self._bus_phases) else "?"


async def follow_to_end(
    service: Service,
    course: Course,
    *,
    advanced: Callable[[Entry], None],
    notice: Callable[[str], None],
    since: int = 0,
) -> None:
    """Fold the session's entries into `course` until it has finished; `advanced` is called with each.

    Args:
        since: offset of the last entry that is not wanted.

    Raises:
        Unreachable, StreamRefused: as `follow`.
    """
    session = course.session
    entries = follow(
        service.url,
        str(session["id"]),
        since=since,
        epoch=str(session["epoch"]) if session.get("epoch") else None,
        headers=service.headers,
        on_reconnect=lambda reason: notice(f"connection lost ({reason}); reconnecting"),
    )
    async with contextlib.aclosing(entries):
        async for entry in entries:
            course.take(entry)
            advanced(entry)


async def stop(service: Service, session_id: str) -> None:
    """Best effort, for a session whose starter was interrupted: others must not find it running for nobody."""
    with contextlib.suppress(ClientError, TimeoutError):
        async with asyncio.timeout(STOP_S):
            await service.command(session_id, "stop")


def check_success(course: Course) -> None:
    """
    Raises:
        CliError: the session has ended in another way than by completing.
    """
    if course.status != SUCCESS:
        why = f": {course.reason}" if course.reason else ""
        raise CliError(Exit.FAILED, f"the session {course.session.get('id')} {course.status}{why}")


def places(schema: JSONObject) -> list[str]:
    """Labels of the voltages, `671.a`, in the order of the rows of `v`."""
    pairs = schema.get("bus_phases")
    return (
        [".".join(map(str, pair)) for pair in pairs if isinstance(pair, list)]
        if isinstance(pairs, list)
        else []
    )


def total_power_w(ticks: JSONObject) -> float | None:
    """Power of all datacenters in the newest of some ticks in which each was due; None where none was."""
    sites = ticks.get("dc")
    found = []
    for site in sites.values() if isinstance(sites, dict) else ():
        rows = site.get("p_w") if isinstance(site, dict) else None
        for row in reversed(rows) if isinstance(rows, list) else ():
            if isinstance(row, list):
                found.append(sum(value for value in row if isinstance(value, (int, float))))
                break
    return sum(found) if found else None


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
