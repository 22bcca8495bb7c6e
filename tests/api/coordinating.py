"""A coordinator of the tests: brings tasks along by hand, as far as a test wants."""

from __future__ import annotations

from typing import Any

import orjson

from gridcast.broadcaster import AsyncLeases, Channel, Channels, CommandLog, Settings
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.task_events import Type, as_final, event

STEP = "controllers.0.voltage_dual_step_size"
SPEC: dict[str, Any] = {
    "scenario": "ieee13-ofo",
    "overrides": {"duration_s": 20},
    "space": {STEP: {"type": "float", "low": 0.1, "high": 5.0}},
    "experiments": 4,
}


def record(task_id: str, n: int, score: float | None, *, best: float | None = None) -> dict[str, Any]:
    """The record of experiment `n` (-1: the baseline), as a coordinator writes it."""
    return {
        "iter": n + 2,
        "experiment_id": f"{task_id}-base" if n == -1 else f"{task_id}-{n}",
        "number": n,
        "status": "failed" if score is None else "completed",
        "params": {} if n == -1 else {STEP: n + 0.5},
        "metrics": {"integral_violation_pu_s": score},
        "score": score,
        "scores": [] if score is None else [score],
        "broken": [],
        "error": "it diverged" if score is None else None,
        "phases": 1,
        "elapsed_s": 10.0 - n,
        "simulated_s": 20.0,
        "ts": 100.0 + n,
        "best": best,
    }


class Coordinator:
    """Holds one task's lease and says what it is told to."""

    def __init__(self, settings: Settings, task_id: str) -> None:
        self.channel = Channel("task", task_id)
        self.redis = async_client(settings)
        self.analyses = Analyses(self.redis)
        self.channels = Channels(self.redis)
        self.commands = CommandLog(self.redis)
        self._leases = AsyncLeases(self.redis, owner="test", ttl_s=60)
        self._token = 0

    async def state(self) -> AnalysisState:
        state = await self.analyses.get(self.channel)
        assert state is not None
        return state

    async def take(self) -> None:
        """Become the coordinator; the task runs from now on."""
        self._token = await self._leases.acquire(self.channel)
        await self.say("task_started", status="running", started="6.0")

    async def say(self, kind: Type, *, applied: list[dict[str, Any]] | None = None, **meta: Any) -> None:
        await self.raw([event(kind, task_id=self.channel.id, message=kind)], applied=applied, **meta)

    async def raw(
        self, entries: list[bytes], *, applied: list[dict[str, Any]] | None = None, **meta: Any
    ) -> None:
        await self.channels.publish(
            self.channel,
            token=self._token,
            expected=(await self.state()).head + 1,
            entries=entries,
            meta=meta,
            applied=[orjson.dumps(one) for one in applied or []],
        )

    async def finish(self, n: int, score: float | None, *, best: float | None = None) -> None:
        """One more experiment is over."""
        one = record(self.channel.id, n, score, best=best)
        progress = {
            "done": n + 1,
            "total": 4,
            "pct": 25.0 * (n + 1),
            "best_score": best,
            "best_experiment_id": None,
        }
        meta: dict[str, Any] = {"progress": orjson.dumps(progress), "cost": "20.0", "calls": "1"}
        if score is not None and n >= 0 and score == best:
            meta["best"] = orjson.dumps(one)
        if n == -1:
            meta["baseline"] = orjson.dumps(one)
        await self.say("task_progress", applied=[one], **meta)

    async def end(self, kind: Type = "task_completed", status: str = "completed") -> None:
        newest = await self.redis.xrevrange(self.channel.commands, count=1)
        answered = newest[0][0] if newest else "0-0"
        await self.say(kind, status=status, ended="9.0", reason="done", answered=answered)
        await self._leases.release(self.channel, self._token)

    async def experiment(self, n: int, *kinds: Type) -> Channel:
        """The channel of an experiment with these events, the last of which ends it."""
        ident = f"{self.channel.id}-{n}"
        entries = [event(kind, task_id=self.channel.id, experiment_id=ident, message=kind) for kind in kinds]
        channel = Channel("experiment", ident)
        await self.channels.create(
            channel, meta={"task": self.channel.id}, entries=[*entries[:-1], as_final(entries[-1])]
        )
        return channel
