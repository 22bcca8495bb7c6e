"""What `gridcast monitor` shows, gathered look by look.

A look asks for what is new since the last one, with minima kept; it never takes part in a whole stream, so that many
runs at full speed cost a terminal little.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic

from gridcast.client import JSONObject, Problem, Service

from .sessions import places
from .steer import OVER
from .task_look import TaskSeen, running_tasks
from .trace import Trace

LISTED = 200
"""Newest sessions among which the running ones are looked for."""
STRETCHES = 128
"""In which the past of a run is asked for at first; a later look needs few of them."""
FIELDS = ("v", "events", "controls")
HAPPENED = 8
CONTROLLER = "controller:"
"""Begins the names of those whose deeds are events already."""
UNAVAILABLE = 503


@dataclass(kw_only=True)
class Seen:
    """One session as the last look found it, and what the looks so far have told of its run."""

    session: JSONObject
    lag_s: float | None = None
    ticks_per_s: float | None = None
    trace: Trace = field(default_factory=Trace)
    happened: deque[JSONObject] = field(default_factory=lambda: deque(maxlen=HAPPENED))
    """The newest events and deeds of people, oldest first: `tick`, `what`, `more`."""
    n_happened: int = 0
    labels: list[str] = field(default_factory=list)
    tick_s: float | None = None
    v_min: float | None = None
    _mark: tuple[float, int] | None = None
    _next_tick: int = 0

    @property
    def over(self) -> bool:
        return self.session.get("status") in OVER

    @property
    def tick(self) -> int:
        tick = self.session.get("tick")
        return tick if isinstance(tick, int) else 0

    def label(self, place: int) -> str:
        return self.labels[place] if place < len(self.labels) else "?"

    def update(self, session: JSONObject, lag_s: float | None, now_s: float) -> None:
        """Take over what the service says now."""
        self.session, self.lag_s = session, lag_s
        if self._mark is not None and now_s > self._mark[0] and not self.over:
            self.ticks_per_s = (self.tick - self._mark[1]) / (now_s - self._mark[0])
        else:
            self.ticks_per_s = None
        self._mark = (now_s, self.tick)

    async def advance(self, service: Service) -> None:
        """Take what the run computed since the last look."""
        session_id = str(self.session["id"])
        if self.tick <= self._next_tick:
            return
        if not self.labels:
            self._learn((await service.session(session_id)).get("schema"))
        try:
            answer = await service.history(
                session_id, from_tick=self._next_tick, max_points=STRETCHES, fields=FIELDS
            )
        except Problem as problem:
            if problem.status == UNAVAILABLE:
                raise
            self._next_tick = self.tick  # what is gone is gone: go on with what comes
            return
        ticks = answer.get("tick")
        self.trace.take(ticks, answer.get("v"))
        last = ticks[-1] if isinstance(ticks, list) and ticks else None
        self._next_tick = last + 1 if isinstance(last, int) else self.tick
        self._take_happened(answer)

    def _learn(self, schema: object) -> None:
        if not isinstance(schema, dict):
            return
        self.labels = places(schema)
        tick_s, v_min = schema.get("tick_s"), schema.get("v_min")
        self.tick_s = float(tick_s) if isinstance(tick_s, (int, float)) else None
        self.v_min = float(v_min) if isinstance(v_min, (int, float)) else None

    def _take_happened(self, answer: JSONObject) -> None:
        found: list[JSONObject] = []
        for name, words in (("events", ("source", "topic")), ("controls", ("by", "command"))):
            listed = answer.get(name)
            for item in listed if isinstance(listed, list) else []:
                if isinstance(item, dict) and not str(item.get("by", "")).startswith(CONTROLLER):
                    what = " ".join(str(item.get(word)) for word in words)
                    found.append(
                        {"tick": item["tick"], "what": what, "more": item.get("data") or item.get("args")}
                    )
        left_out = answer.get("events_left_out")
        self.n_happened += len(found) + (left_out if isinstance(left_out, int) else 0)
        self.happened.extend(
            sorted(found, key=lambda item: item["tick"] if isinstance(item["tick"], int) else 0)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What one look found. `waiting`: queued sessions; `hidden`: so many more sessions are listed."""

    seen: list[Seen]
    workers: list[JSONObject]
    queue_depth: int
    hidden: int = 0
    tasks: list[TaskSeen] = field(default_factory=list)


class Observer:
    """Looks at all sessions of a service (the newest `most` of them, those at work first), or at `only` one."""

    def __init__(
        self,
        service: Service,
        *,
        only: str | None,
        most: int,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._service = service
        self._only = only
        self._most = most
        self._clock = clock
        self._seen: dict[str, Seen] = {}

    async def look(self) -> Picture:
        """
        Raises:
            Unreachable: nobody answered; the next look goes on from the last one.
            Problem: the one session was deleted, or the service cannot answer now.
        """
        listed, work, tasks = await asyncio.gather(self._sessions(), self._service.workers(), self._tasks())
        shown = sorted(listed, key=lambda session: session.get("status") in OVER)[: self._most]
        workers = [w for w in _list(work.get("workers")) if isinstance(w, dict)]
        lags = {
            str(running.get("id")): running.get("lag_s")
            for worker in workers
            for running in _list(worker.get("sessions"))
            if isinstance(running, dict)
        }
        now_s = self._clock()
        known, self._seen = self._seen, {}
        for session in shown:
            session_id = str(session.get("id"))
            seen = known.get(session_id) or Seen(session=session)
            lag_s = lags.get(session_id)
            seen.update(session, float(lag_s) if isinstance(lag_s, (int, float)) else None, now_s)
            self._seen[session_id] = seen
        await asyncio.gather(*(seen.advance(self._service) for seen in self._seen.values()))
        depth = work.get("queue_depth")
        return Picture(
            seen=list(self._seen.values()),
            workers=workers,
            queue_depth=depth if isinstance(depth, int) else 0,
            hidden=len(listed) - len(shown),
            tasks=tasks,
        )

    async def _tasks(self) -> list[TaskSeen]:
        return [] if self._only is not None else await running_tasks(self._service)

    async def _sessions(self) -> list[JSONObject]:
        if self._only is not None:
            return [await self._service.session(self._only)]
        found: list[JSONObject] = []
        async with aclosing(self._service.sessions()) as listed:
            async for session in listed:
                found.append(session)
                if len(found) == LISTED:
                    break
        return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
