"""Verify: looks on while a session is run again, as a fork that shares all its ticks: is it the same run?"""

from __future__ import annotations

import time
from typing import Any, Final

import orjson

from gridcast.broadcaster import JobQueue
from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.operation_events import complete, error, progress, progress_of
from gridcast.broadcaster.sessions import Sessions, SessionState
from gridcast.workers.chair import Chair

VERIFY: Final = "verify"

TOLD_S = 1.0
"""How often it is told at most how far the second run is."""


class Verification:
    """Sees the second run of a session to its end. Where both are the same, or nobody wants to know, it is deleted."""

    def __init__(self, chair: Chair, state: AnalysisState, *, sessions: Sessions, queue: JobQueue) -> None:
        self._chair = chair
        self._state = state
        self._sessions = sessions
        self._queue = queue
        record = state.record
        self._replay_id: str = record["replay_id"]
        self._recorded: dict[str, Any] = record["recorded"]
        self._began = state.started or time.time()
        self._told = progress_of(0, self._recorded["ticks"], "queued") | state.told.get("progress", {})
        self._told_at = 0.0

    async def run(self) -> None:
        """Bring the operation to `completed`, `failed` or `cancelled`.

        Raises:
            Fenced, LeaseLost, NoChannel: it is somebody else's now, or was deleted.
        """
        await self._chair.say(meta={"status": "running", "started": repr(self._began), "reason": ""})
        while True:
            if await self._chair.cancelled():
                await self._give_up("cancelled by a person")
                return
            replay = await self._chair.insist(lambda: self._sessions.get(self._replay_id))
            if replay is None:
                await self._fail("the second run was deleted")
                return
            if replay.over:
                await self._judge(replay)
                return
            await self._tell(replay.tick)
            await self._chair.wait()

    async def _tell(self, tick: int) -> None:
        now = time.monotonic()
        step = min(tick, self._recorded["ticks"])
        if step <= self._told["step"] or now - self._told_at < TOLD_S:
            return
        elapsed_s = time.time() - self._began
        eta_s = elapsed_s * (self._recorded["ticks"] - step) / step
        self._told_at = now
        self._told = progress_of(step, self._recorded["ticks"], f"tick {step}", eta_s)
        await self._chair.say([progress(self._state.id, self._told)], meta={"progress": self._told_meta()})

    def _told_meta(self) -> bytes:
        return orjson.dumps(self._told)

    async def _judge(self, replay: SessionState) -> None:
        if replay.status == "failed":
            await self._fail(f"the second run failed: {replay.reason}")
            return
        digest = (replay.summary or {}).get("digest")
        identical = (replay.tick, digest) == (self._recorded["ticks"], self._recorded["digest"])
        if identical:
            await self._delete_replay()
        result = {
            "op": VERIFY,
            "session_id": self._state.record["config"]["session_id"],
            "identical": identical,
            **self._recorded,
            "replay_ticks": replay.tick,
            "replay_digest": digest,
            "replay_id": None if identical else self._replay_id,
            "wall_s": round(time.time() - self._began, 3),
        }
        words = "the same run, to the last bit" if identical else "not the same run"
        steps = self._recorded["ticks"]
        self._told = {**progress_of(steps, steps, words), "pct": 100}
        await self._end("completed", words, complete(self._state.id, result), result=orjson.dumps(result))

    async def _fail(self, why: str) -> None:
        await self._end("failed", why, error(self._state.id, why, "failed"))

    async def _give_up(self, why: str) -> None:
        await self._delete_replay()
        await self._end("cancelled", why, error(self._state.id, why, "cancelled"))

    async def _delete_replay(self) -> None:
        """Its files go when somebody sweeps, as those of any session that was deleted while it ran."""
        replay = await self._chair.insist(lambda: self._sessions.get(self._replay_id))
        if replay is None:
            return
        await self._chair.insist(lambda: self._sessions.delete(self._replay_id))
        await self._chair.insist(lambda: self._queue.remove(self._replay_id, replay.attempt))

    async def _end(self, status: str, words: str, entry: bytes, **meta: bytes) -> None:
        fields = {"status": status, "ended": repr(time.time()), "reason": words}
        await self._chair.last_word(entry, meta={"progress": self._told_meta(), **meta, **fields})
