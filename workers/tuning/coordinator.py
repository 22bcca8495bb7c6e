"""One task's coordinator: asks the study what to try, has it simulated, tells everybody what came of it.

Whatever is decided is published first and told to the study afterwards, so a coordinator that takes over finds all of it:
finished experiments in the channel's `applied` list, those under way in `meta.running`, simulations by their names.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from optuna.storages.journal import BaseJournalBackend

from gridcast.broadcaster import BrokerUnavailable, Fenced, LeaseLost, NoChannel
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.client import broker_errors
from gridcast.broadcaster.names import BASELINE, experiment_id
from gridcast.broadcaster.simulations import Simulations
from gridcast.broadcaster.task_events import Type, event
from gridcast.recordings.feeds import Feeds
from gridcast.scenarios.tuning import TaskSpec
from gridcast.workers.awaited import Awaited
from gridcast.workers.chair import Chair

from .experiment import Experiment
from .feed import Feed
from .mirror import Mirror
from .standing import Standing
from .study import Params, Study

R = TypeVar("R")

PROGRESS_S = 1.0
"""How often the progress of one simulation is told at most."""


class TaskCoordinator:
    """Runs one attempt at a task, to its end or until it is cancelled by its worker (which hands it over)."""

    def __init__(
        self,
        chair: Chair,
        state: AnalysisState,
        *,
        analyses: Analyses,
        simulations: Simulations,
        mirror: Mirror,
        storage: Callable[[], BaseJournalBackend],
        feeds: Feeds | None,
        versions: Mapping[str, str],
    ) -> None:
        self._chair = chair
        self._state = state
        self._analyses = analyses
        self._awaited = Awaited(chair, simulations)
        self._mirror = mirror
        self._storage = storage
        self._study: Study | None = None
        self._feed = Feed(feeds, state.id)
        self._versions = versions
        self._id = state.id
        self._spec = TaskSpec.model_validate(state.record["spec"])
        self._standing = Standing(self._spec)
        self._active: dict[int, Experiment] = {}
        self._began = state.started or time.time()
        self._told_at: dict[str, float] = {}
        self._waiting: list[bytes] = []

    async def run(self) -> None:
        """Bring the task to `completed`, `failed` or `cancelled`.

        Raises:
            Fenced, LeaseLost, NoChannel: the task is somebody else's now, or was deleted.
        """
        try:
            await self._run()
        except (NoChannel, Fenced, LeaseLost):
            with contextlib.suppress(BrokerUnavailable):
                if await self._chair.deleted():
                    await self._clear_away()
            raise

    async def _clear_away(self) -> None:
        """Take back what was asked for, and what was written while it was being deleted."""
        channel = self._state.channel
        await self._awaited.give_up()
        await self._analyses.forget_experiments(channel, self._standing.finished | self._active.keys())
        await self._feed.delete()

    async def _run(self) -> None:
        await self._take_over()
        while True:
            if await self._chair.cancelled():
                await self._give_up("task_cancelled", "cancelled", "cancelled by a person")
                return
            await self._fill()
            if not self._active:
                await self._complete()
                return
            await self._flush()
            if not any(experiment.over for experiment in self._active.values()):
                await self._chair.wait()
            await self._collect()

    # -- beginning

    async def _take_over(self) -> None:
        """Learn what attempts before this one have done, and tell the study what they could not."""
        records = await self._chair.insist(lambda: self._analyses.records(self._state.channel))
        for record in records:
            self._standing.count(record)
        await self._feed.begin(records)
        await self._with_study(lambda study: _tell_all(study, records))
        under_way = self._state.told.get("running") or []
        for told in under_way:
            if told["number"] not in self._standing.finished:
                self._begin(Experiment(**told))
        entries = []
        if self._state.started is None:
            total = self._spec.total
            entries = [self._event("task_started", f"searching {total} parameter sets", total=total)]
        for asked in await self._with_study(lambda study: study.running()):
            if asked.number not in self._active and asked.number not in self._standing.finished:
                entries.append(self._started(self._experiment(asked.number, asked.params)))
        await self._chair.insist(self._mirror.catch_up)
        await self._say(
            entries, meta={**self._meta(), "status": "running", "started": repr(self._began), "reason": ""}
        )
        for experiment in list(self._active.values()):
            await self._ask(experiment)

    def _experiment(self, number: int, params: Params) -> Experiment:
        return Experiment(id=experiment_id(self._id, number), number=number, params=params)

    def _begin(self, experiment: Experiment) -> None:
        experiment.lay_out(self._spec, self._versions)
        self._active[experiment.number] = experiment

    # -- asking

    async def _fill(self) -> None:
        """Start experiments while there is room and reason to."""
        while len(self._active) < self._spec.parallelism and not self._enough:
            if self._spec.baseline and BASELINE not in self._standing.finished | self._active.keys():
                experiment = self._experiment(BASELINE, {})
            else:
                asked = await self._with_study(lambda study: study.ask())
                experiment = self._experiment(asked.number, asked.params)
            await self._say([self._started(experiment)], meta=self._meta())
            await self._ask(experiment)

    def _started(self, experiment: Experiment) -> bytes:
        self._begin(experiment)
        words = "the scenario as it is" if experiment.number == BASELINE else _shown(experiment.params)
        return self._event("experiment_started", words, experiment, params=experiment.params)

    @property
    def _enough(self) -> bool:
        trials = len(self._standing.finished - {BASELINE}) + len(self._active.keys() - {BASELINE})
        return trials >= self._spec.total or self._stop_reason() is not None

    def _stop_reason(self) -> str | None:
        return self._standing.stop_reason(elapsed_s=time.time() - self._began)

    async def _ask(self, experiment: Experiment) -> None:
        """Have the next phases simulated: all at once, or with a pruner one after another."""
        if experiment.error is not None:
            return
        upto = len(experiment.keys) if self._spec.pruner == "none" else len(experiment.results) + 1
        wanted = {experiment.keys[n]: experiment.specs[n] for n in range(experiment.asked, upto)}
        for n in range(experiment.asked, upto):
            self._waiting.append(
                self._event(
                    "benchmark_started",
                    f"phase {n + 1} of {len(experiment.keys)}",
                    experiment,
                    phase=n + 1,
                    phases=len(experiment.keys),
                    pct=0,
                )
            )
        experiment.asked = upto
        await self._awaited.ask(wanted)

    # -- collecting

    async def _collect(self) -> None:
        """Take in what has come, and tell it."""
        results = await self._awaited.come()
        for experiment in list(self._active.values()):
            self._tell_progress(experiment)
            for n in range(experiment.asked):
                if n not in experiment.results and experiment.keys[n] in results:
                    experiment.take(n, results[experiment.keys[n]])
                    self._phase_done(experiment, n)
            if experiment.over:
                await self._finish(experiment)
            elif len(experiment.results) == experiment.asked:
                await self._between_phases(experiment)
        await self._flush()

    def _tell_progress(self, experiment: Experiment) -> None:
        now = time.monotonic()
        for n in range(experiment.asked):
            key = experiment.keys[n]
            pct = 100.0 * self._awaited.share_done(key)
            if n in experiment.results or not pct or now < self._told_at.get(key, 0.0) + PROGRESS_S:
                continue
            self._told_at[key] = now
            self._waiting.append(self._phase_event("benchmark_progress", experiment, n, round(pct, 1)))

    def _phase_done(self, experiment: Experiment, n: int) -> None:
        self._told_at.pop(experiment.keys[n], None)
        if experiment.results[n].done:
            self._waiting.append(self._phase_event("benchmark_completed", experiment, n, 100.0))
        if len(experiment.keys) > 1:
            share = 100.0 * len(experiment.results) / len(experiment.keys)
            self._waiting.append(
                self._event("experiment_progress", f"{share:.0f} %", experiment, pct=round(share, 1))
            )

    def _phase_event(self, kind: Type, experiment: Experiment, n: int, pct: float) -> bytes:
        phases = len(experiment.keys)
        words = f"phase {n + 1} of {phases}: {pct:.0f} %"
        return self._event(kind, words, experiment, phase=n + 1, phases=phases, pct=pct)

    async def _between_phases(self, experiment: Experiment) -> None:
        """With a pruner: go on with the next phase, or give the experiment up."""
        score = self._spec.score(experiment.metrics())
        done = len(experiment.results)
        if experiment.number != BASELINE and math.isfinite(score):
            number = experiment.number
            if await self._with_study(lambda study: study.prune(number, phase=done, score=score)):
                await self._finish(experiment, pruned=True)
                return
        await self._ask(experiment)

    async def _finish(self, experiment: Experiment, *, pruned: bool = False) -> None:
        """Publish what came of an experiment, then tell the study."""
        del self._active[experiment.number]
        record = self._standing.judge(experiment, pruned=pruned)
        self._standing.count(record)
        kind: Type
        match record["status"]:
            case "completed":
                kind, words = "experiment_completed", f"score {record['score']:.6g}"
            case "pruned":
                kind, words = "experiment_pruned", "given up between two phases: others do better"
            case _:
                kind, words = "experiment_failed", record["error"]
        told = self._event(
            kind,
            words,
            experiment,
            status=record["status"],
            params=experiment.params,
            metrics=record["metrics"],
            objective_score=record["score"],
            elapsed_time=record["elapsed_s"],
            **({"error": record["error"]} if record["error"] else {}),
        )
        progress = self._standing.progress(self._spec.total)
        waiting, self._waiting = self._waiting, []
        await self._say(
            [*waiting, told, self._event("task_progress", _progress_words(progress), **progress)],
            meta=self._meta(),
            applied=[orjson.dumps(record)],
        )
        await self._feed.append(record)
        await self._with_study(lambda study: _tell_all(study, [record]))

    # -- ending

    async def _give_up(self, kind: Type, status: str, reason: str) -> None:
        await self._awaited.give_up()
        await self._end(kind, status, reason, **self._standing.outcome(time.time() - self._began))

    async def _complete(self) -> None:
        outcome = self._standing.outcome(time.time() - self._began)
        importances = await self._with_study(lambda study: study.importances())
        front = await self._with_study(lambda study: study.front() if self._spec.multi_objective else [])
        meta = {
            "importances": orjson.dumps(importances),
            "front": orjson.dumps([experiment_id(self._id, number) for number in front]),
        }
        if self._standing.best is None:
            reason = f"no experiment gave a score; the last said: {self._standing.last_error or 'nothing'}"
            await self._end("task_failed", "failed", reason, meta=meta, **outcome)
            return
        why = self._stop_reason()
        words = f"best score {self._standing.best['score']:.6g}" + (f" ({why})" if why else "")
        await self._end("task_completed", "completed", words, meta=meta, **outcome)

    async def _end(
        self, kind: Type, status: str, words: str, *, meta: Mapping[str, Any] | None = None, **data: Any
    ) -> None:
        fields = {
            **self._meta(),
            **(meta or {}),
            "status": status,
            "ended": repr(time.time()),
            "reason": words,
        }
        entry = self._event(kind, words, **data)
        await self._chair.last_word(entry, meta=fields)
        await self._chair.insist(lambda: self._mirror.carry([entry]))

    # -- the study, and what is said

    async def _with_study(self, ask: Callable[[Study], R]) -> R:
        """What the study answers, however long the broker is away; it is opened anew after each absence."""
        return await self._chair.insist(lambda: asyncio.to_thread(self._ask_study, ask))

    def _ask_study(self, ask: Callable[[Study], R]) -> R:
        try:
            with broker_errors():
                if self._study is None:
                    self._study = Study(self._spec, name=self._id, storage=self._storage())
                return ask(self._study)
        except BrokerUnavailable:
            self._study = None
            raise

    async def _say(
        self,
        entries: Sequence[bytes] = (),
        *,
        meta: Mapping[str, Any] | None = None,
        applied: Sequence[bytes] = (),
    ) -> None:
        """Publish on the task's channel, then on those of its experiments."""
        await self._chair.say(entries, meta=meta, applied=applied)
        await self._chair.insist(lambda: self._mirror.carry(entries))

    async def _flush(self) -> None:
        """Say what has gathered."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            await self._say(waiting)

    def _meta(self) -> dict[str, Any]:
        running = [
            {"id": one.id, "number": one.number, "params": one.params, "began": one.began}
            for one in self._active.values()
        ]
        return {"running": orjson.dumps(running), **self._standing.meta(self._spec.total)}

    def _event(self, kind: Type, message: str, experiment: Experiment | None = None, **data: Any) -> bytes:
        return event(
            kind,
            task_id=self._id,
            message=message,
            experiment_id=None if experiment is None else experiment.id,
            **data,
        )


def _tell_all(study: Study, records: Sequence[Mapping[str, Any]]) -> None:
    """Told twice is told once."""
    for record in records:
        if record["number"] == BASELINE:
            continue
        if record["status"] == "completed":
            study.tell(record["number"], scores=record["scores"], broken=record["broken"])
        else:
            study.tell_failed(record["number"], pruned=record["status"] == "pruned")


def _shown(params: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{path.rpartition('.')[2]} {value:.4g}"
        if isinstance(value, float)
        else f"{path.rpartition('.')[2]} {value}"
        for path, value in params.items()
    )


def _progress_words(progress: Mapping[str, Any]) -> str:
    best = progress["best_score"]
    return f"{progress['done']} of {progress['total']}" + ("" if best is None else f", best {best:.6g}")
