"""One operation's coordinator: has its points simulated, tells each as it comes, and what all come to.

A finished point is a record in the channel's `applied` list, written by the call that tells it, so a coordinator that takes
over finds what is over; what was under way it finds by name among the simulations.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gridcast.broadcaster import BrokerUnavailable, Fenced, LeaseLost, NoChannel
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.operation_events import complete, error, progress, progress_of
from gridcast.broadcaster.simulations import Result, Simulations, key_of
from gridcast.scenarios import ScenarioError
from gridcast.workers.awaited import Awaited
from gridcast.workers.chair import Chair

from .plan import Item, Outcome, Plan

WINDOW = 64
"""Simulations that one operation has in the queue at most: enough for dozens of cores, and others get their turn soon."""

PROGRESS_S = 1.0
"""How often it is told at most that points under way go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Over:
    """A point that is over; `cached`: its simulation was there already, or is another point's too."""

    n: int
    outcome: Outcome
    simulated: bool = True
    cached: bool = False


class OperationCoordinator:
    """Runs one attempt at an operation, to its end or until it is cancelled by its worker (which hands it over)."""

    def __init__(
        self,
        chair: Chair,
        state: AnalysisState,
        plan: Plan,
        *,
        analyses: Analyses,
        simulations: Simulations,
        versions: Mapping[str, str],
    ) -> None:
        self._chair = chair
        self._state = state
        self._id = state.id
        self._plan = plan
        self._analyses = analyses
        self._simulations = simulations
        self._awaited = Awaited(chair, simulations)
        self._versions = versions
        self._began = state.started or time.time()
        self._finished: dict[int, Item] = {}
        self._todo: deque[int] = deque()
        self._waiting: dict[str, list[int]] = defaultdict(list)
        self._simulated = self._cached = 0
        self._fresh = 0
        self._sat_down = self._told_at = time.monotonic()
        told = state.told.get("progress") or {}
        self._pct: float = told.get("pct", 0.0)
        self._words: str = told.get("msg", "queued")

    async def run(self) -> None:
        """Bring the operation to `completed` or `cancelled`.

        Raises:
            Fenced, LeaseLost, NoChannel: it is somebody else's now, or was deleted.
        """
        try:
            await self._run()
        except (NoChannel, Fenced, LeaseLost):
            with contextlib.suppress(BrokerUnavailable):
                if await self._chair.deleted():
                    await self._awaited.give_up()
            raise

    async def _run(self) -> None:
        await self._take_over()
        while True:
            if await self._chair.cancelled():
                await self._awaited.give_up()
                await self._end(
                    "cancelled",
                    "cancelled by a person",
                    error(self._id, "cancelled by a person", "cancelled"),
                )
                return
            await self._fill()
            if not self._todo and not self._waiting:
                await self._complete()
                return
            if self._waiting and not await self._collect():
                await self._tell_going_on()
                await self._chair.wait()

    async def _take_over(self) -> None:
        """Learn what attempts before this one have done."""
        records = await self._chair.insist(lambda: self._analyses.records(self._state.channel))
        for record in records:
            self._finished[record["n"]] = record["item"]
            self._simulated += record["simulated"]
            self._cached += record["cached"]
        self._todo.extend(n for n in range(self._plan.steps) if n not in self._finished)
        words = "started" if self._state.started is None else f"attempt {self._state.attempt} goes on"
        await self._chair.say(
            [self._entry(words)],
            meta={**self._meta(), "status": "running", "started": repr(self._began), "reason": ""},
        )

    # -- asking and collecting

    async def _fill(self) -> None:
        """Ask for simulations while there is room; tell at once what needs none, and what is there already."""
        specs: dict[str, bytes] = {}
        over: list[_Over] = []
        while self._todo and len(self._awaited) + len(specs) + len(over) < WINDOW:
            n = self._todo.popleft()
            try:
                spec = self._plan.spec(n)
            except ScenarioError as refusal:
                outcome = Outcome(status="refused", reason=str(refusal))
                over.append(_Over(n=n, outcome=outcome, simulated=False))
            else:
                key = key_of(spec, self._versions)
                self._waiting[key].append(n)
                specs[key] = spec
            await asyncio.sleep(0)  # a config takes a millisecond, and this worker's sessions are not to wait
        keys = list(specs)
        known = await self._chair.insist(lambda: self._simulations.results(keys))
        for key, result in zip(keys, known, strict=True):
            if result is not None:
                over += self._outcomes(key, result, cached=True)
        await self._awaited.ask({key: specs[key] for key in keys if key in self._waiting})
        await self._tell(over)

    async def _collect(self) -> bool:
        """Tell the points that have come; false if there are none."""
        over: list[_Over] = []
        for key, result in (await self._awaited.come()).items():
            over += self._outcomes(key, result, cached=False)
        await self._tell(over)
        return bool(over)

    def _outcomes(self, key: str, result: Result, *, cached: bool) -> list[_Over]:
        """All that waited for a simulation."""
        outcome = Outcome.of(result)
        points = self._waiting.pop(key, [])
        return [_Over(n=n, outcome=outcome, cached=cached or at > 0) for at, n in enumerate(points)]

    async def _tell(self, over: Sequence[_Over]) -> None:
        entries, records = [], []
        for one in over:
            item = self._plan.item(one.n, one.outcome)
            self._finished[one.n] = item
            self._simulated += one.simulated
            self._cached += one.cached
            self._fresh += one.simulated and not one.cached
            entries.append(self._entry(self._plan.words(one.n, self._finished.keys()), item))
            record = {"n": one.n, "simulated": one.simulated, "cached": one.cached, "item": item}
            records.append(orjson.dumps(record))
        if entries:
            await self._chair.say(entries, meta=self._meta(), applied=records)

    async def _tell_going_on(self) -> None:
        """Say how far it is while the points under way take long."""
        before = self._pct
        if time.monotonic() - self._told_at >= PROGRESS_S and self._progress(self._words)["pct"] > before:
            await self._chair.say([self._entry(self._words)], meta=self._meta())

    # -- ending

    async def _complete(self) -> None:
        items = [self._finished[n] for n in range(self._plan.steps)]
        failed = sum(item["status"] != "done" for item in items)
        result = {
            **self._plan.head,
            **self._plan.result(items),
            "simulations": self._simulated,
            "cached": self._cached,
            "failed": failed,
            "wall_s": round(time.time() - self._began, 3),
        }
        words = f"{len(items)} points" + (f", {failed} of them failed" if failed else "")
        meta = {
            "progress": orjson.dumps({**self._progress(words), "pct": 100}),
            "result": orjson.dumps(result),
        }
        await self._end("completed", words, complete(self._id, result), meta)

    async def _end(
        self, status: str, words: str, entry: bytes, meta: Mapping[str, Any] | None = None
    ) -> None:
        fields = {"status": status, "ended": repr(time.time()), "reason": words}
        await self._chair.last_word(entry, meta={**self._meta(), **(meta or {}), **fields})

    # -- what is said

    def _entry(self, words: str, item: Item | None = None) -> bytes:
        self._words, self._told_at = words, time.monotonic()
        return progress(self._id, self._progress(words), point=item)

    def _progress(self, words: str) -> dict[str, Any]:
        """How far it is; never less than was told before."""
        steps, step = self._plan.steps, len(self._finished)
        under_way = sum(len(points) * self._awaited.share_done(key) for key, points in self._waiting.items())
        told = progress_of(step, steps, words, self._eta_s())
        self._pct = max(self._pct, round(100.0 * (step + under_way) / steps, 2))
        return {**told, "pct": self._pct}

    def _eta_s(self) -> float | None:
        """Seconds until the end, if what is left takes as long as what was computed since this one sat down."""
        if not self._fresh:
            return None
        left = self._plan.steps - len(self._finished)
        return left * (time.monotonic() - self._sat_down) / self._fresh

    def _meta(self) -> dict[str, Any]:
        return {
            "progress": orjson.dumps(self._progress(self._words)),
            "simulations": self._simulated,
            "cached": self._cached,
        }
